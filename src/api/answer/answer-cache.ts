import { createHash } from "node:crypto";
import { deserialize, serialize } from "node:v8";
import { LRUCache } from "lru-cache";
import type { PreparedRequest } from "../api-request.ts";
import type { HttpAnswer } from "../network/exchange.ts";

/** What an answer can be checked with later (RFC 9110, 8.8); empty where there is nothing. */
export interface Validators {
  "if-none-match"?: string;
  "if-modified-since"?: string;
}

/** An answer that was kept; a copy of its own for everybody who asks. */
export interface KeptAnswer<T> {
  answer: T;
  /** Whether it can be given without asking the API. */
  fresh: boolean;
  validators: Validators;
}

export interface NewAnswer {
  api: string;
  path: string;
  ttlMs: number;
  validators: Validators;
}

/** Answers kept for a while in memory, the least recently used given up first. */
export interface AnswerCache {
  get<T>(key: string): KeptAnswer<T> | undefined;
  /** `since`: what `writes` was when the answer was asked for; one that a write overtook is not kept. */
  set(key: string, answer: unknown, about: NewAnswer, since?: number): void;
  delete(key: string): void;
  /** Writes to the API that were taken in so far. */
  writes(api: string): number;
  /** Gives up what the API answered, to whomever, on a path that was written to, on those below it and on those above it. */
  invalidate(api: string, paths: readonly string[]): void;
  readonly size: number;
}

interface Entry {
  /** Serialized, so that no caller can change another's; bytes stay bytes. */
  answer: Buffer;
  api: string;
  path: string;
  freshUntil: number;
  validators: Validators;
}

const MAX_ENTRIES = 500;
const MAX_BYTES = 32 * 1024 * 1024;
/** How long an answer is kept that can be checked with the API. */
const CHECKABLE_MS = 24 * 3_600_000;

export function createAnswerCache(limits = { entries: MAX_ENTRIES, bytes: MAX_BYTES }): AnswerCache {
  const kept = new LRUCache<string, Entry>({
    max: limits.entries,
    maxSize: limits.bytes,
    sizeCalculation: ({ answer, path }, key) => answer.length + 2 * (path.length + key.length),
    ttlAutopurge: false,
  });
  const writes = new Map<string, number>();
  return {
    get size() {
      kept.purgeStale();
      return kept.size;
    },
    get<T>(key: string) {
      const entry = kept.get(key);
      if (!entry) return undefined;
      const { answer, freshUntil, validators } = entry;
      // Bytes are given as a part of what is read.
      return { answer: deserialize(Buffer.from(answer)) as T, fresh: performance.now() < freshUntil, validators };
    },
    set(key, answer, { api, path, ttlMs, validators }, since) {
      if (since !== undefined && since !== (writes.get(api) ?? 0)) return;
      const entry = { answer: serialize(answer), api, path, freshUntil: performance.now() + ttlMs, validators };
      const ttl = Object.keys(validators).length > 0 ? Math.max(CHECKABLE_MS, ttlMs) : ttlMs;
      if (ttl > 0) kept.set(key, entry, { ttl });
    },
    delete(key) {
      kept.delete(key);
    },
    writes: (api) => writes.get(api) ?? 0,
    invalidate(api, paths) {
      writes.set(api, (writes.get(api) ?? 0) + 1);
      for (const [key, entry] of kept.entries()) {
        if (entry.api === api && paths.some((path) => isRelated(path, entry.path))) kept.delete(key);
      }
    },
  };
}

function isRelated(a: string, b: string): boolean {
  const [one, other] = [withSlash(a), withSlash(b)];
  return one.startsWith(other) || other.startsWith(one);
}

function withSlash(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}

/**
 * The key of an answer: whose it is, with whose credentials, what was asked, and every header that was sent, whether or not
 * `Vary` names it. The token itself is not of it, for it is renewed while the credentials stay the same. A digest, so that the
 * cache holds no secret.
 */
export function cacheKey(api: string, user: string, { credentialId, method, url, headers }: PreparedRequest): string {
  const sent = Object.entries(headers)
    .filter(([name]) => name !== "authorization")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([api, user, credentialId, method, url.href, sent]))
    .digest("base64url");
}

/** How an answer may be kept (RFC 9111, 3 and 5.2); undefined where it may not. */
export function keepingOf({ status, headers }: HttpAnswer, ttlMs: number): Omit<NewAnswer, "api" | "path"> | undefined {
  if (![200, 203, 204].includes(status)) return undefined;
  const control = (headers["cache-control"] ?? "").toLowerCase();
  if (/(^|[\s,])no-store([\s,]|$)/.test(control) || /(^|[\s,])\*([\s,]|$)/.test(headers.vary ?? "")) return undefined;
  const { etag, "last-modified": modified } = headers;
  const validators: Validators = {
    ...(etag !== undefined && { "if-none-match": etag }),
    ...(modified !== undefined && { "if-modified-since": modified }),
  };
  // `no-cache` with field names is about those fields only.
  const isChecked = /(^|[\s,])no-cache([\s,]|$)/.test(control);
  return { ttlMs: isChecked ? 0 : ttlMs, validators };
}
