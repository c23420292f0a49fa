import { ToolError } from "../errors.ts";
import type { MemoryVersion, NewMemory } from "./store.ts";

/** A memory of a file, still to be checked. */
export interface FileMemory extends NewMemory {
  id?: string | undefined;
  /** Milliseconds since 1970. */
  created?: number | undefined;
  updated?: number | undefined;
  version?: number | undefined;
  origin?: string | undefined;
  superseded_by?: string | undefined;
  history?: MemoryVersion[] | undefined;
}

/** What stands at one place of a file: a memory, or what is wrong there. */
export interface FileEntry {
  /** Such as `line 3`. */
  where: string;
  memory?: FileMemory;
  problem?: string;
}

/**
 * The memories of a file: JSON lines as exports have them, or one JSON array, such as Open-WebUI's list of memories. Times are
 * ISO 8601, or seconds since 1970; what is not known is left out.
 * @throws ToolError `invalid_input` when a text that begins as an array is none
 */
export function readMemoryFile(text: string): FileEntry[] {
  const bare = text.replace(/^\ufeff/, "");
  if (/^\s*\[/.test(bare)) {
    const entries = parse(bare);
    if (!Array.isArray(entries)) {
      throw new ToolError("invalid_input", "The file begins as a JSON array, but it is not valid JSON.");
    }
    return entries.map((entry, index) => toEntry(`entry ${index + 1}`, entry));
  }
  return bare
    .split(/\r?\n/)
    .map((line, index) => ({ line, where: `line ${index + 1}` }))
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, where }) => toEntry(where, parse(line)));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function toEntry(where: string, value: unknown): FileEntry {
  if (value === undefined) return { where, problem: "is not valid JSON" };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { where, problem: "is no object" };
  const { id, content, tags, source, speaker, occurred_at, created_at, updated_at } = value as Record<string, unknown>;
  for (const [name, text] of Object.entries({ id, content, source, speaker, occurred_at })) {
    if (text !== undefined && text !== null && typeof text !== "string")
      return { where, problem: `"${name}" is no text` };
  }
  if (tags != null && !(Array.isArray(tags) && tags.every((tag) => typeof tag === "string"))) {
    return { where, problem: '"tags" is no list of texts' };
  }
  const created = toMilliseconds(created_at);
  const updated = toMilliseconds(updated_at);
  if (created === null || updated === null)
    return { where, problem: "has a time that is neither ISO 8601 nor seconds" };
  const memory = Object.fromEntries(
    Object.entries({ id, content, tags, source, speaker, occurred_at, created, updated }).filter(
      ([, field]) => field !== undefined && field !== null,
    ),
  );
  return { where, memory };
}

/** Milliseconds since 1970; undefined where there is no time, null where it is none. */
function toMilliseconds(time: unknown): number | undefined | null {
  if (time === undefined || time === null) return undefined;
  const milliseconds =
    typeof time === "string" ? Date.parse(time) : typeof time === "number" ? time * 1000 : Number.NaN;
  return Math.abs(milliseconds) <= MAX_TIME ? Math.round(milliseconds) : null;
}

/** The greatest time that a Date can hold. */
const MAX_TIME = 8.64e15;
