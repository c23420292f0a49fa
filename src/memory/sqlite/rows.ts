import { randomUUID } from "node:crypto";
import type { Memory } from "../store.ts";

/** A user, if there is any memory of theirs, or was. */
export interface UserRow {
  uid: number;
  /** How many memories there are. */
  n: number;
  /** The last number given to a memory. */
  last: number;
  /** Memories up to this number are in the index. */
  indexed: number;
  /** Whether some memories have ids that do not end in their numbers. */
  foreignIds: boolean;
}

/** A memory as the tables have it. Times are milliseconds since 1970. */
export interface MemoryRow {
  id: number;
  uuid: string;
  content: string;
  terms: string;
  tags: string;
  source: string | null;
  speaker: string | null;
  occurred_at: string | null;
  created: number;
  updated: number;
}

/** What `toMemory` needs of a memory. */
export const COLUMNS = "id, uuid, content, tags, source, speaker, occurred_at, created, updated";

const NUMBERS = 2 ** 32;

/** The id of a user's memory 0, which there never is: theirs are the ids above it, up to the next user's. */
export function baseOf(user: Pick<UserRow, "uid">): number {
  return user.uid * NUMBERS;
}

export function toMemory(row: Omit<MemoryRow, "terms">): Memory {
  return {
    id: row.uuid,
    content: row.content,
    tags: JSON.parse(row.tags) as string[],
    created_at: new Date(row.created).toISOString(),
    updated_at: new Date(row.updated).toISOString(),
    ...(row.source !== null && { source: row.source }),
    ...(row.speaker !== null && { speaker: row.speaker }),
    ...(row.occurred_at !== null && { occurred_at: row.occurred_at }),
  };
}

/**
 * A UUID of version 7 (RFC 9562, section 5.7: time, random bits and a counter) that ends in the memory's number, so that the
 * memory is found without an index of ids, which every new memory would have to be written to.
 */
export function newUuid(time: number, number: number): string {
  const now = time.toString(16).padStart(12, "0");
  const random = randomUUID();
  const counter = number.toString(16).padStart(8, "0");
  return `${now.slice(0, 8)}-${now.slice(8)}-7${random.slice(15, 28)}${counter}`;
}

/** The number that a UUID ends in. */
export function numberOf(uuid: string): number {
  return Number.parseInt(uuid.slice(-8), 16);
}
