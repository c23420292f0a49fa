import type { ChatEvent } from "./chat-event.ts";
import { chatMessageOf } from "./chat-message.ts";
import { createMessageQueue, type MessageQueue, type PostOutcome, type ShownCall } from "./message-queue.ts";
import { createPoster } from "./post-event.ts";
import type { ChatMessage, StatusLines } from "./status-line.ts";

export interface StatusLinesOptions {
  /** URL of Open-WebUI, from the configuration. */
  url: string;
  /** Is told why an event could not be shown, without anything of the user. */
  onFailure?: ((reason: string) => void) | undefined;
  /** Milliseconds that one post may take. Default 15,000: a busy Open-WebUI needs more than five seconds. */
  postMs?: number | undefined;
  /** Default `MAX_MESSAGES`. */
  maxMessages?: number | undefined;
}

/**
 * Messages with something to be shown or under way at the same time, some kilobytes each where Open-WebUI hangs. Events of
 * further ones are left out: those that are shown as busy must still be shown to have ended.
 */
const MAX_MESSAGES = 1_000;
/** Milliseconds in which one failure is told once. */
const FAILURE_MS = 60_000;

/**
 * Shows the events of calls in Open-WebUI's chats: as the status line of the message that makes the call and, where they are
 * notifications, as toasts. Everything is posted in the background by the session of the chat's user, which is kept for as long
 * as something of the message is to be shown.
 */
export function createStatusLines(options: StatusLinesOptions): StatusLines {
  const { url, onFailure, postMs = 15_000, maxMessages = MAX_MESSAGES } = options;
  const poster = createPoster(url, postMs);
  const queues = new Map<string, MessageQueue>();
  const toldAt = new Map<string, number>();
  let closed = false;

  async function post(message: ChatMessage, event: ChatEvent): Promise<PostOutcome> {
    const { outcome, reason } = await poster.post(message, event);
    if (reason !== undefined && !closed && Date.now() - (toldAt.get(reason) ?? Number.NEGATIVE_INFINITY) > FAILURE_MS) {
      toldAt.set(reason, Date.now());
      onFailure?.(reason);
    }
    return outcome;
  }

  function queueOf(message: ChatMessage): MessageQueue | undefined {
    // By the session too: what one user's is refused says nothing of another's.
    const key = `${message.chatId} ${message.messageId} ${message.token}`;
    const known = queues.get(key);
    if (known || queues.size >= maxMessages) return known;
    const made = createMessageQueue({
      post: (event) => post(message, event),
      onIdle: () => {
        queues.delete(key);
      },
    });
    queues.set(key, made);
    return made;
  }

  return {
    messageOf: chatMessageOf,
    sinkOf(message) {
      const call: ShownCall = {};
      return (event) => queueOf(message)?.show(call, event);
    },
    async close(ms) {
      const posting = [...queues.values()].map(({ running }) => running);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms);
      });
      await Promise.race([Promise.all(posting), late]);
      clearTimeout(timer);
      closed = true;
      await poster.close();
    },
  };
}
