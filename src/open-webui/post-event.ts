import type { ChatEvent } from "./chat-event.ts";
import type { PostOutcome } from "./message-queue.ts";
import type { ChatMessage } from "./status-line.ts";

export interface Poster {
  /** Posts one event. Never throws; `reason` says what went wrong, without anything of the user. */
  post(message: ChatMessage, event: ChatEvent): Promise<{ outcome: PostOutcome; reason?: string }>;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

/** Connections at once; the posts of further messages wait. */
const CONNECTIONS = 32;
/** Statuses after which another try may go well. */
const PASSING = [408, 425, 429];

/**
 * Posts to `POST /api/v1/chats/{chat}/messages/{message}/event` of Open-WebUI (since 0.5). Redirects are not followed, so that
 * the session reaches the configured server only.
 */
export function createPoster(url: string, postMs: number): Poster {
  const load = async () => {
    const { Agent, request } = await import("undici");
    return { request, agent: new Agent({ connections: CONNECTIONS, connect: { timeout: postMs } }) };
  };
  // At once: the first event would wait for it.
  const loaded = load();

  return {
    async post({ chatId, messageId, token }, event) {
      const path = `${url}/api/v1/chats/${encodeURIComponent(chatId)}/messages/${encodeURIComponent(messageId)}/event`;
      try {
        const { request, agent } = await loaded;
        const response = await request(path, {
          method: "POST",
          dispatcher: agent,
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify(event),
          signal: AbortSignal.timeout(postMs),
        });
        await response.body.dump();
        const { statusCode } = response;
        if (statusCode < 300) return { outcome: "taken" };
        const outcome = statusCode >= 500 || PASSING.includes(statusCode) ? "failed" : "refused";
        return { outcome, reason: `Open-WebUI answered a status event with HTTP ${statusCode}` };
      } catch (error) {
        const { code, name } = error as NodeJS.ErrnoException;
        return { outcome: "failed", reason: `Open-WebUI could not be reached for a status event (${code ?? name})` };
      }
    },
    async close() {
      await (await loaded).agent.destroy();
    },
  };
}
