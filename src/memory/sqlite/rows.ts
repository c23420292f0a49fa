import { crc32 } from "node:zlib";
import type { MemoryRow } from "../memory-row.ts";

/** A user, if there is any memory of theirs, or was. */
export interface UserRow {
  uid: number;
  /** How many memories there are. */
  n: number;
  /** Bytes of UTF-8 of all contents. */
  bytes: number;
  /** The last number given to a memory. */
  last: number;
  /** Running sum of bytes up to that memory, as it was when they were added. */
  running: number;
  /** Memories up to this number are in the index. */
  indexed: number;
  /** Whether some memories have ids that do not end in their numbers. */
  foreignIds: boolean;
}

/** What `toMemory` needs of a memory. */
export const COLUMNS =
  "id, uuid, content, tags, kind, importance, source, speaker, occurred_at, expires, created, updated, version, origin, superseded_by";

const NUMBERS = 2 ** 32;

/** The id of a user's memory 0, which there never is: theirs are the ids above it, up to the next user's. */
export function baseOf(user: Pick<UserRow, "uid">): number {
  return user.uid * NUMBERS;
}

/**
 * What tells whether the same was stored before: a number in the range of the user's ids. Two that differ may have the same
 * (CRC-32), so what is found by it has to be compared.
 */
export function identityOf(uid: number, memory: Pick<MemoryRow, "content" | "source" | "speaker">): number {
  return uid * NUMBERS + crc32(`${memory.content}\0${memory.source ?? ""}\0${memory.speaker ?? ""}`);
}
