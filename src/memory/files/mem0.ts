import { createHash } from "node:crypto";
import type { StoredMemory } from "../store.ts";
import { detailsOf, type FileMemory } from "./file-entry.ts";
import { isObject, type JsonObject, Problem, present, textOf, textsOf, timeOf } from "./json-memory.ts";

/**
 * A memory as mem0 gives it in `get_all()` and in the answers of its API (mem0ai/mem0, mem0/configs/base.py, MemoryItem):
 * `{id, memory, hash, metadata, categories, created_at, updated_at, user_id, agent_id, run_id, actor_id, expiration_date}`.
 */

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Metadata that becomes tags, besides `categories`. */
const TAG_NAMES = ["tags", "category", "categories", "topic"];

export function isMem0(value: unknown): value is JsonObject {
  return isObject(value) && value.memory !== undefined && value.content === undefined;
}

/**
 * Categories become tags, `run_id` the source and `actor_id` the speaker, unless the metadata has fields with our names, as our
 * exports do. Other metadata is left out. @throws Problem
 */
export function readMem0(value: JsonObject): FileMemory {
  const id = textOf(value, "id");
  const metadata = value.metadata ?? {};
  if (!isObject(metadata)) throw new Problem('"metadata" is no object');
  const importance = metadata.importance;
  const known = (name: string) => (typeof metadata[name] === "string" ? (metadata[name] as string) : undefined);
  return present({
    // Some of mem0's vector stores number their memories.
    id: id !== undefined && UUID.test(id) ? id : undefined,
    content: textOf(value, "memory"),
    tags: [...(textsOf(value, "categories") ?? []), ...TAG_NAMES.flatMap((name) => tagsIn(metadata[name]))],
    kind: known("kind") ?? known("type"),
    importance: typeof importance === "number" && importance >= 0 && importance <= 1 ? importance : undefined,
    source: known("source") ?? textOf(value, "run_id"),
    speaker: known("speaker") ?? textOf(value, "actor_id"),
    occurred_at: known("occurred_at"),
    expires_at: known("expires_at") ?? textOf(value, "expiration_date"),
    created: timeOf(value.created_at),
    updated: timeOf(value.updated_at),
  });
}

export function toMem0(memory: StoredMemory, user: string): JsonObject {
  return {
    id: memory.id,
    memory: memory.content,
    hash: createHash("md5").update(memory.content).digest("hex"),
    metadata: detailsOf(memory),
    categories: memory.tags,
    created_at: memory.created_at,
    updated_at: memory.updated_at,
    user_id: user,
  };
}

function tagsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((tag) => typeof tag === "string") : [];
}
