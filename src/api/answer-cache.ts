import { createHash } from "node:crypto";

/** Answers kept for a while, the least recently used given up first. Texts, so that no caller can change another's. */
export interface AnswerCache {
  get(key: string): string | undefined;
  set(key: string, text: string, ttlMs: number): void;
  readonly size: number;
}

const MAX_ENTRIES = 500;
const MAX_BYTES = 32 * 1024 * 1024;

export function createAnswerCache(limits = { entries: MAX_ENTRIES, bytes: MAX_BYTES }): AnswerCache {
  const kept = new Map<string, { text: string; bytes: number; expiresAt: number }>();
  let total = 0;
  const drop = (key: string) => {
    total -= kept.get(key)?.bytes ?? 0;
    kept.delete(key);
  };
  return {
    get size() {
      return kept.size;
    },
    get(key) {
      const entry = kept.get(key);
      if (!entry) return undefined;
      if (entry.expiresAt <= performance.now()) {
        drop(key);
        return undefined;
      }
      kept.delete(key);
      kept.set(key, entry);
      return entry.text;
    },
    set(key, text, ttlMs) {
      drop(key);
      // Two bytes a character is what V8 takes at most.
      const bytes = 2 * (text.length + key.length);
      if (bytes > limits.bytes) return;
      kept.set(key, { text, bytes, expiresAt: performance.now() + ttlMs });
      total += bytes;
      while (kept.size > limits.entries || total > limits.bytes) drop(kept.keys().next().value as string);
    },
  };
}

/**
 * The key of an answer: whose it is, what was asked, and everything that was sent, credentials included, so that no user and
 * no credential is given what another one was answered. A digest, so that the cache holds no secret.
 */
export function cacheKey(
  api: string,
  user: string,
  method: string,
  url: URL,
  headers: Readonly<Record<string, string>>,
): string {
  const sent = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([api, user, method, url.href, sent]))
    .digest("base64url");
}
