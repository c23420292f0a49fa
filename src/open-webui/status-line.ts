import type { StatusSink } from "../status/status-event.ts";

/** What of a request from Open-WebUI tells which message of which chat it is for. */
export interface ChatMessage {
  chatId: string;
  messageId: string;
  /** The session of the chat's user. Never logged or kept beyond the call. */
  token: string;
}

/** Shows events in the chats of the configured Open-WebUI. */
export interface StatusLines {
  /** The message that a request is for; undefined where it names none, or passes on no session. */
  messageOf(headers: Headers, passedToken: string | undefined): ChatMessage | undefined;
  /** Where the events of a call for this message go. It never waits, and never throws. */
  sinkOf(message: ChatMessage): StatusSink;
  /** Waits for what is still to be shown, at most `ms`. */
  close(ms: number): Promise<void>;
}
