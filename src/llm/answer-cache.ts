import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { AdapterReply, AdapterRequest } from "./model-adapter.ts";

/** Answers to identical calls, of each user apart. */
export interface AnswerCache {
  /** Names everything that an answer depends on: who asks, whom (`provider`), and what. */
  keyOf(user: string, provider: string, request: AdapterRequest): string;
  get(key: string): AdapterReply | undefined;
  set(key: string, reply: AdapterReply): void;
}

/** @param options `ttl` in seconds, `maxBytes` of all answers and keys */
export function createAnswerCache({ ttl, maxBytes }: { ttl: number; maxBytes: number }): AnswerCache {
  const answers = new LRUCache<string, AdapterReply>({
    ttl: ttl * 1000,
    maxSize: maxBytes,
    sizeCalculation: ({ text }, key) => Buffer.byteLength(text) + key.length + 200,
  });
  return {
    keyOf,
    get: (key) => answers.get(key),
    set: (key, reply) => void answers.set(key, reply),
  };
}

function keyOf(user: string, provider: string, request: AdapterRequest): string {
  const { stream: _how, neededTokens: _size, ...asked } = request;
  return createHash("sha256")
    .update(JSON.stringify([user, provider, asked]))
    .digest("base64");
}
