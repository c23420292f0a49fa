import type { Memory, MemoryVersion, NewMemory, StoredMemory } from "../store.ts";

/** The formats that memories are exported and imported in. */
export const MEMORY_FORMATS = ["ndjson", "markdown", "json", "open-webui", "mem0", "server-memory"] as const;
export type MemoryFormat = (typeof MEMORY_FORMATS)[number];

/** A memory of a file, still to be checked against the limits. What the file does not say is absent. */
export interface FileMemory extends Omit<NewMemory, "supersedes"> {
  id?: string | undefined;
  /** Milliseconds since 1970. */
  created?: number | undefined;
  updated?: number | undefined;
  /** A whole number from 1. */
  version?: number | undefined;
  origin?: string | undefined;
  superseded_by?: string | undefined;
  /** Earlier versions, oldest first: their types and texts are checked, their lengths are not. */
  history?: readonly MemoryVersion[] | undefined;
}

/** What stands at one place of a file: a memory, or what is wrong there. */
export interface FileEntry {
  /** Such as `line 3`. */
  where: string;
  memory?: FileMemory;
  problem?: string;
}

/** The place of what is wrong with the whole file, and of the checksum of all memories in it. */
export const END_OF_FILE = "end of file";
const CHECKSUM = ', "export"';

export function checksumAt(where: string): string {
  return where + CHECKSUM;
}

/** Whether the place is that of a memory, right or wrong. */
export function isMemoryPlace(where: string): boolean {
  return where !== END_OF_FILE && !where.endsWith(CHECKSUM);
}

/** A format's two sides. `read` never throws for what a file may hold; it gives entries with problems. */
export interface FileFormat {
  read(text: string): FileEntry[];
  /** The pieces of a file, in order. `user` is the id of whose memories they are. */
  write(memories: AsyncIterable<StoredMemory>, user: string): AsyncGenerator<string>;
}

/** What a memory says besides its content, tags and times, in the order that files have it. */
export const DETAIL_NAMES = ["kind", "importance", "source", "speaker", "occurred_at", "expires_at"] as const;

/** The details that a memory has. */
export function detailsOf(memory: Memory): Record<string, string | number> {
  return Object.fromEntries(
    DETAIL_NAMES.flatMap((name) => (memory[name] === undefined ? [] : [[name, memory[name] as string | number]])),
  );
}
