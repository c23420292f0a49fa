import { type MemoryRow, toMemory } from "./memory-row.ts";
import type { MemoryVersion } from "./store.ts";

/** Earlier versions of memories as every store keeps them: a JSON object of the columns that a change replaces. */

/** Columns that a change replaces. Times are milliseconds since 1970. */
export type Replaced = Omit<MemoryRow, "id" | "uuid" | "terms" | "created" | "superseded_by">;

/** What is kept of a row that is being replaced. */
export function replacedColumns({ id, uuid, terms, created, superseded_by, ...data }: MemoryRow): Replaced {
  return data;
}

/** `replaced` is when it was replaced, in milliseconds since 1970. */
export function toVersion(data: Replaced, replaced: number): MemoryVersion {
  const row = { ...data, id: 0, uuid: "", created: 0, superseded_by: null };
  const { id: _id, created_at: _created, ...memory } = toMemory(row);
  return { ...memory, replaced_at: new Date(replaced).toISOString() };
}

/** The reverse, of a version that a file has. */
export function fromVersion(version: MemoryVersion): { data: Replaced; replaced: number } {
  const { expires_at, updated_at, replaced_at, tags, ...rest } = version;
  const data: Replaced = {
    kind: null,
    importance: null,
    source: null,
    speaker: null,
    occurred_at: null,
    ...rest,
    tags: JSON.stringify(tags),
    expires: expires_at === undefined ? null : Date.parse(expires_at),
    updated: Date.parse(updated_at),
  };
  return { data, replaced: Date.parse(replaced_at) };
}
