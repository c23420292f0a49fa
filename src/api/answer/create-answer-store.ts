import { randomUUID } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { AnswerStore, KeptAnswer } from "./answer-store.ts";

export interface AnswerStoreLimits {
  /** Answers of each user. */
  maxAnswers?: number;
  /** Bytes of each user's answers together. */
  maxUserBytes?: number;
  /** Bytes of all answers together. */
  maxBytes?: number;
  /** Milliseconds for which an answer is kept after it was last read. */
  ttlMs?: number;
}

/**
 * Keeps answers in memory, until the process ends at the latest. A user's own answers push out only that user's, the one that
 * was not read for longest first, until all together are too large.
 */
export function createAnswerStore({
  maxAnswers = 20,
  maxUserBytes = 24 * 2 ** 20,
  maxBytes = 64 * 2 ** 20,
  ttlMs = 30 * 60_000,
}: AnswerStoreLimits = {}): AnswerStore {
  interface Own {
    /** The one that was not read for longest first. */
    ids: Set<string>;
    bytes: number;
  }
  const users = new Map<string, Own>();
  const listeners = new Map<string, Set<(id: string) => void>>();
  const tell = (user: string, id: string) => {
    for (const listener of listeners.get(user) ?? []) listener(id);
  };
  const kept = new LRUCache<string, { user: string; answer: KeptAnswer }>({
    maxSize: maxBytes,
    sizeCalculation: ({ answer }) => Math.max(1, answer.size),
    ttl: ttlMs,
    updateAgeOnGet: true,
    disposeAfter({ user, answer }) {
      const own = users.get(user);
      if (!own) return;
      own.ids.delete(answer.id);
      own.bytes -= answer.size;
      if (own.ids.size === 0) users.delete(user);
      tell(user, answer.id);
    },
  });

  return {
    keep(user, given) {
      const answer: KeptAnswer = {
        ...given,
        id: randomUUID(),
        created_at: new Date().toISOString(),
        size: sizeOf(given.content),
      };
      if (answer.size > Math.min(maxUserBytes, maxBytes)) return undefined;
      kept.purgeStale();
      const own = users.get(user) ?? { ids: new Set<string>(), bytes: 0 };
      for (const oldest of [...own.ids]) {
        if (own.ids.size < maxAnswers && own.bytes + answer.size <= maxUserBytes) break;
        kept.delete(oldest);
      }
      // The last one that was given up took the entry with it.
      users.set(user, own);
      own.ids.add(answer.id);
      own.bytes += answer.size;
      kept.set(answer.id, { user, answer });
      tell(user, answer.id);
      return answer.id;
    },
    get(user, id) {
      const own = users.get(user);
      if (!own?.ids.has(id)) return undefined;
      const found = kept.get(id);
      if (!found) return undefined;
      own.ids.delete(id);
      own.ids.add(id);
      return found.answer;
    },
    list(user) {
      kept.purgeStale();
      const own = [...(users.get(user)?.ids ?? [])].flatMap((id) => kept.peek(id)?.answer ?? []);
      return own.reverse().sort((a, b) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : 0));
    },
    onChange(user, listener) {
      // An entry of its own for each registration, whichever function it calls.
      const call = (id: string) => listener(id);
      const own = listeners.get(user) ?? new Set();
      listeners.set(user, own.add(call));
      return () => {
        own.delete(call);
        if (own.size === 0 && listeners.get(user) === own) listeners.delete(user);
      };
    },
  };
}

function sizeOf(content: KeptAnswer["content"]): number {
  if (content.kind === "binary") return content.bytes.byteLength;
  return Buffer.byteLength(content.kind === "text" ? content.text : JSON.stringify(content.value));
}
