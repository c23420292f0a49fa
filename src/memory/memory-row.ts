import { randomUUID } from "node:crypto";
import { type CheckedImport, type CheckedMemory, tagKey } from "./memory-input.ts";
import type { Memory } from "./store.ts";

/** A memory as the tables have it. Times are milliseconds since 1970. */
export interface MemoryRow {
  id: number;
  uuid: string;
  content: string;
  terms: string;
  tags: string;
  kind: string | null;
  importance: number | null;
  source: string | null;
  speaker: string | null;
  occurred_at: string | null;
  expires: number | null;
  created: number;
  updated: number;
  version: number;
  origin: string;
  superseded_by: string | null;
}

export function toMemory(row: Omit<MemoryRow, "terms">): Memory {
  return {
    id: row.uuid,
    content: row.content,
    tags: JSON.parse(row.tags) as string[],
    ...(row.kind !== null && { kind: row.kind }),
    ...(row.importance !== null && { importance: row.importance }),
    ...(row.source !== null && { source: row.source }),
    ...(row.speaker !== null && { speaker: row.speaker }),
    ...(row.occurred_at !== null && { occurred_at: row.occurred_at }),
    ...(row.expires !== null && { expires_at: new Date(row.expires).toISOString() }),
    created_at: new Date(row.created).toISOString(),
    updated_at: new Date(row.updated).toISOString(),
    version: row.version,
    origin: row.origin,
    ...(row.superseded_by !== null && { superseded_by: row.superseded_by }),
  };
}

/**
 * A UUID of version 7 (RFC 9562, section 5.7: time, random bits and a counter) that ends in the memory's number, so that the
 * memory is found without an index of ids, which every new memory would have to be written to.
 */
function newUuid(time: number, number: number): string {
  const now = time.toString(16).padStart(12, "0");
  const random = randomUUID();
  const counter = number.toString(16).padStart(8, "0");
  return `${now.slice(0, 8)}-${now.slice(8)}-7${random.slice(15, 28)}${counter}`;
}

/** The number that a UUID ends in. */
export function numberOf(uuid: string): number {
  return Number.parseInt(uuid.slice(-8), 16);
}

/** The row of a new memory; `number` is the one that its id ends in, unless a file has given it one. */
export function newMemoryRow(
  id: number,
  number: number,
  memory: CheckedMemory & Partial<CheckedImport>,
  terms: string,
  origin: string,
): MemoryRow {
  const now = Date.now();
  const created = memory.created ?? now;
  return {
    id,
    uuid: memory.id ?? newUuid(now, number),
    content: memory.content,
    terms,
    tags: JSON.stringify(memory.tags),
    kind: memory.kind ?? null,
    importance: memory.importance ?? null,
    source: memory.source ?? null,
    speaker: memory.speaker ?? null,
    occurred_at: memory.occurred_at ?? null,
    expires: memory.expires ?? null,
    created,
    updated: memory.updated ?? created,
    version: memory.version ?? 1,
    origin,
    superseded_by: memory.superseded_by ?? null,
  };
}

/** The row with what is new in what was said again: tags and details. Said again without an expiry, it is said for good. */
export function saidAnew(row: MemoryRow, memory: CheckedMemory): MemoryRow {
  const known = JSON.parse(row.tags) as string[];
  const keys = new Set(known.map(tagKey));
  const missing = memory.tags.filter((tag) => !keys.has(tagKey(tag)));
  return {
    ...row,
    tags: missing.length === 0 ? row.tags : JSON.stringify([...known, ...missing]),
    kind: memory.kind ?? row.kind,
    importance: memory.importance ?? row.importance,
    occurred_at: memory.occurred_at ?? row.occurred_at,
    expires: memory.expires ?? null,
  };
}
