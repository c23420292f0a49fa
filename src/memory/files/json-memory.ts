import { ToolError } from "../../errors.ts";
import type { MemoryVersion } from "../store.ts";
import { checkText } from "../text-checks.ts";
import type { FileEntry, FileMemory } from "./file-entry.ts";

/** JSON values of files to memories: the types are checked here, contents and limits by the store. */

export type JsonObject = Record<string, unknown>;

const TEXTS = ["content", "kind", "source", "speaker", "occurred_at", "expires_at"] as const;
/** The end of the last year that four digits can write. */
const MAX_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
/** The beginning of the year 0. */
const MIN_TIME = Date.parse("0000-01-01T00:00:00Z");
/** Numbers from here on are milliseconds: as seconds they were beyond the year 5100. */
const FIRST_MILLISECONDS = 1e11;
const ISO = /^\d{4}-\d\d/;
const HAS_OFFSET = /(?:[Zz]|[+-]\d\d(?::?\d\d)?)$/;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value, or undefined where the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** An entry of what `read` gives; what it throws as `Problem` is what is wrong there. */
export function entryOf(where: string, read: () => FileMemory): FileEntry {
  try {
    return { where, memory: read() };
  } catch (error) {
    if (error instanceof Problem || error instanceof ToolError) return { where, problem: error.message };
    // What JSON.stringify throws, which recurses where JSON.parse does not.
    if (error instanceof RangeError) return { where, problem: "is nested too deeply" };
    throw error;
  }
}

/** What is wrong at a place of a file, in words. */
export class Problem extends Error {}

/** A memory with the names that ours have in JSON. Fields that it does not know, and null, count as absent. */
export function toMemory(value: unknown): FileMemory {
  if (typeof value === "string") return { content: value };
  if (value === undefined) throw new Problem("is not valid JSON");
  if (!isObject(value)) throw new Problem("is no object");
  return present({
    id: textOf(value, "id"),
    ...detailsIn(value),
    created: timeOf(value.created_at),
    updated: timeOf(value.updated_at),
    version: versionOf(value.version),
    origin: textOf(value, "origin"),
    superseded_by: textOf(value, "superseded_by"),
    history: historyOf(value.history),
  });
}

/** @throws Problem when it is there and no text */
export function textOf(value: JsonObject, name: string): string | undefined {
  const text = value[name];
  if (text === undefined || text === null) return undefined;
  if (typeof text !== "string") throw new Problem(`"${name}" is no text`);
  return text;
}

/** @throws Problem when it is there and no list of texts */
export function textsOf(value: JsonObject, name: string): string[] | undefined {
  const texts = value[name];
  if (texts === undefined || texts === null) return undefined;
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === "string")) {
    throw new Problem(`"${name}" is no list of texts`);
  }
  return texts as string[];
}

/**
 * Milliseconds since 1970 of a time as files have it: ISO 8601, in UTC where it names no offset; or seconds, or milliseconds,
 * since 1970. @throws Problem when it is none
 */
export function timeOf(time: unknown): number | undefined {
  if (time === undefined || time === null) return undefined;
  const milliseconds = typeof time === "string" ? parseTime(time.trim()) : numericTime(time);
  if (!(milliseconds >= MIN_TIME && milliseconds <= MAX_TIME))
    throw new Problem("has a time that is neither ISO 8601 nor seconds");
  return Math.round(milliseconds);
}

/** Without what is undefined. */
export function present(memory: FileMemory): FileMemory {
  return Object.fromEntries(Object.entries(memory).filter(([, field]) => field !== undefined));
}

function parseTime(time: string): number {
  if (!ISO.test(time)) return Number.NaN;
  if (time.length <= 10 || HAS_OFFSET.test(time.slice(10))) return Date.parse(time);
  return Date.parse(`${time}Z`);
}

function numericTime(time: unknown): number {
  if (typeof time !== "number") return Number.NaN;
  return Math.abs(time) < FIRST_MILLISECONDS ? time * 1000 : time;
}

function detailsIn(value: JsonObject): FileMemory {
  const texts = Object.fromEntries(TEXTS.map((name) => [name, textOf(value, name)]));
  const importance = value.importance ?? undefined;
  if (importance !== undefined && typeof importance !== "number") throw new Problem('"importance" is no number');
  return { ...texts, tags: textsOf(value, "tags"), importance };
}

function versionOf(version: unknown): number | undefined {
  if (version === undefined || version === null) return undefined;
  if (!Number.isInteger(version) || (version as number) < 1 || (version as number) >= 2 ** 31) {
    throw new Problem('"version" is no whole number from 1');
  }
  return version as number;
}

function historyOf(history: unknown): MemoryVersion[] | undefined {
  if (history === undefined || history === null) return undefined;
  if (!Array.isArray(history)) throw new Problem('"history" is no list');
  return history.map((version: unknown, index) => {
    try {
      return toVersion(version);
    } catch (error) {
      if (!(error instanceof Problem || error instanceof ToolError)) throw error;
      throw new Problem(`"history" ${index + 1}: ${error.message}`);
    }
  });
}

function toVersion(value: unknown): MemoryVersion {
  if (!isObject(value)) throw new Problem("is no object");
  const { content, tags = [], ...details } = detailsIn(value);
  const number = versionOf(value.version);
  if (number === undefined || content === undefined) throw new Problem('"version" or "content" is missing');
  const origin = textOf(value, "origin") ?? "unknown";
  for (const text of [content, origin, ...tags, ...Object.values(details)]) {
    if (typeof text === "string") checkText("history", text);
  }
  const updated = timeOf(value.updated_at);
  const replaced = timeOf(value.replaced_at) ?? updated;
  if (updated === undefined || replaced === undefined) throw new Problem('"updated_at" is missing');
  return {
    version: number,
    content,
    tags: [...tags],
    ...(present(details) as Omit<MemoryVersion, "version" | "content" | "tags" | "origin">),
    origin,
    updated_at: new Date(updated).toISOString(),
    replaced_at: new Date(replaced).toISOString(),
  };
}
