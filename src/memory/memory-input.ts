import { type ErrorIssue, ToolError } from "../errors.ts";
import { type FileMemory, readMemoryFile } from "./memory-file.ts";
import type { ListRequest, MemoryChanges, MemoryLimits, NewMemory } from "./store.ts";

/**
 * What every store takes, decided once. Text may be any Unicode string without NUL, which PostgreSQL refuses, and without
 * lone surrogates, which no UTF-8 can hold; it is stored and given back exactly. Lengths count code points.
 */

const MAX_TAGS = 20;
const MAX_TAG_LENGTH = 50;
/** UTF-16 units of a tag as given; normalising a long run of marks takes time that grows with its square. */
const MAX_GIVEN_TAG_LENGTH = 1_000;
const MAX_SOURCE_LENGTH = 200;
const MAX_SPEAKER_LENGTH = 100;
const MAX_PAGE = 100;
const MAX_ISSUES = 100;
const ISO_TIME = /^\d{4}-\d{2}(?:-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?)?$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A new memory, checked: texts within their limits, tags clean, empty optional texts left out. */
export interface CheckedMemory {
  content: string;
  tags: string[];
  source: string | undefined;
  speaker: string | undefined;
  occurred_at: string | undefined;
}

export type CheckedImport = CheckedMemory & Pick<FileMemory, "id" | "created" | "updated">;

/** @throws ToolError `invalid_input` */
export function readNewMemory(input: NewMemory, limits: MemoryLimits): CheckedMemory {
  return {
    content: readContent(input.content, limits),
    tags: readTags(input.tags ?? []),
    source: readOptional("source", input.source, MAX_SOURCE_LENGTH),
    speaker: readOptional("speaker", input.speaker, MAX_SPEAKER_LENGTH),
    occurred_at: readTime(input.occurred_at),
  };
}

/** @throws ToolError `invalid_input` when there is nothing to change, or a change is wrong */
export function readChanges(changes: MemoryChanges, limits: MemoryLimits): { content?: string; tags?: string[] } {
  // Bridges and models send "" for what they leave out.
  const content = changes.content === "" ? undefined : changes.content;
  if (content === undefined && changes.tags === undefined) {
    throw new ToolError("invalid_input", "There is nothing to change.", { hint: "Give content, tags, or both." });
  }
  return {
    ...(content !== undefined && { content: readContent(content, limits) }),
    ...(changes.tags !== undefined && { tags: readTags(changes.tags) }),
  };
}

/** The memories of a file, see `readMemoryFile`. @throws ToolError `invalid_input` with an issue for each that is wrong */
export function readImport(text: string, limits: MemoryLimits): CheckedImport[] {
  const entries = readMemoryFile(text);
  const issues: ErrorIssue[] = [];
  const checked: CheckedImport[] = [];
  for (const { where, memory, problem } of entries) {
    try {
      if (!memory) throw new ToolError("invalid_input", problem ?? "is no memory");
      const { created, updated } = memory;
      const id = memory.id === undefined ? undefined : readId(memory.id);
      checked.push({ ...readNewMemory(memory, limits), id, created, updated });
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      const message = error.code === "not_found" ? `"id" is no UUID` : error.message;
      issues.push({ path: where, message });
    }
  }
  if (issues.length > 0) {
    throw new ToolError("invalid_input", `${issues.length} of ${entries.length} memories cannot be imported.`, {
      hint: "Nothing was imported. Correct them, or take them out, and import again.",
      issues: issues.slice(0, MAX_ISSUES),
    });
  }
  return checked;
}

/** The id in lower case. @throws ToolError `invalid_input`, or `not_found` for what cannot be an id */
export function readId(id: string): string {
  if (id.trim() === "") throw new ToolError("invalid_input", "Memory ID is required");
  if (!UUID.test(id.trim())) throw memoryNotFound();
  return id.trim().toLowerCase();
}

/** @throws ToolError `invalid_input` when it is empty or outside the text domain */
export function readQuery(query: string): string {
  if (query.trim() === "") throw new ToolError("invalid_input", "Search query is required");
  checkText("query", query);
  return query;
}

/** Limit and offset as they count: within 0–100, and not negative. */
export function readRange(request: ListRequest): { limit: number; offset: number } {
  const limit = Math.trunc(request.limit ?? 10);
  const offset = Math.trunc(request.offset ?? 0);
  return { limit: Math.min(Math.max(limit, 0), MAX_PAGE), offset: Math.max(offset, 0) };
}

/** A tag to filter by, folded like `tagKey`; undefined where none was given. */
export function readTagFilter(tag: string | undefined): string | undefined {
  if (tag === undefined || tag.trim() === "") return undefined;
  checkText("tag", tag);
  return tagKey(cleanTag(tag));
}

/** What tags are compared by: case does not count. */
export function tagKey(tag: string): string {
  return tag.normalize("NFKC").toLowerCase();
}

export function memoryNotFound(): ToolError {
  return new ToolError("not_found", "Memory not found", {
    hint: "Take the id from the results of memory_list or memory_search.",
  });
}

export function limitReached(limit: number, stored: number, more = 1): ToolError {
  const asked = more === 1 ? "" : `, and ${more} more were to be added`;
  return new ToolError("limit_reached", `Memory limit reached: ${stored} of ${limit} memories are stored${asked}.`, {
    hint: "Delete or update memories first, or raise memory.maxMemories in the configuration.",
    statusLine: `Maximum number of memories (${limit}) reached`,
  });
}

function readContent(content: string | undefined, limits: MemoryLimits): string {
  if (content === undefined || content.trim() === "") {
    throw new ToolError("invalid_input", "Memory content is required");
  }
  checkText("content", content);
  const length = lengthBeyond(content, limits.maxMemoryLength);
  if (length !== undefined) {
    throw new ToolError(
      "invalid_input",
      `Memory too long: it has ${length} characters, the limit is ${limits.maxMemoryLength}.`,
      {
        hint: "Shorten it, or split it into several memories.",
        statusLine: `Memory exceeds maximum length of ${limits.maxMemoryLength} characters`,
      },
    );
  }
  return content;
}

function readTags(tags: readonly string[]): string[] {
  const clean = new Map<string, string>();
  for (const given of tags) {
    checkText("tags", given);
    const tag = cleanTag(given);
    if (tag === "") continue;
    checkLength("A tag", tag, MAX_TAG_LENGTH);
    const key = tagKey(tag);
    if (!clean.has(key)) clean.set(key, tag);
  }
  if (clean.size > MAX_TAGS) {
    throw new ToolError("invalid_input", `"tags" has ${clean.size} tags; a memory can have at most ${MAX_TAGS}.`);
  }
  return [...clean.values()];
}

function cleanTag(tag: string): string {
  const bare = tag.trim().replace(/\s+/g, " ");
  if (bare.length > MAX_GIVEN_TAG_LENGTH) checkLength("A tag", bare, MAX_TAG_LENGTH);
  return bare.normalize("NFC");
}

function readOptional(name: string, value: string | undefined, limit: number): string | undefined {
  if (value === undefined || value.trim() === "") return undefined;
  checkText(name, value);
  checkLength(`"${name}"`, value, limit);
  return value;
}

function readTime(value: string | undefined): string | undefined {
  const time = value?.trim();
  if (time === undefined || time === "") return undefined;
  if (!ISO_TIME.test(time) || Number.isNaN(Date.parse(time)) || !dayExists(time)) {
    throw new ToolError(
      "invalid_input",
      `"occurred_at" must be an ISO 8601 date or time, not ${JSON.stringify(time.slice(0, 40))}.`,
      { hint: "Write 2026-03-01, or 2026-03-01T14:30:00Z." },
    );
  }
  return time;
}

/** Whether the day is in the calendar: Date.parse takes the 30th of February for a day of March. */
function dayExists(time: string): boolean {
  const [year, month, day] = time.slice(0, 10).split("-").map(Number) as [number, number, number?];
  return day === undefined || day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function checkText(name: string, text: string): void {
  const problem = text.includes("\u0000") ? "a NUL character" : text.isWellFormed() ? undefined : "a lone surrogate";
  if (problem === undefined) return;
  throw new ToolError("invalid_input", `"${name}" contains ${problem}, which text must not contain.`, {
    hint: "Send the text without it.",
  });
}

function checkLength(what: string, text: string, limit: number): void {
  const length = lengthBeyond(text, limit);
  if (length === undefined) return;
  throw new ToolError("invalid_input", `${what} has ${length} characters; the limit is ${limit}.`);
}

/** The number of code points where it exceeds the limit. Code units, which are cheap to count, are never fewer. */
function lengthBeyond(text: string, limit: number): number | undefined {
  if (text.length <= limit) return undefined;
  let length = 0;
  for (const _ of text) length++;
  return length > limit ? length : undefined;
}
