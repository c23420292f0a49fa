import { type ErrorIssue, ToolError } from "../errors.ts";
import type { FileEntry, FileMemory, MemoryFormat } from "./files/file-entry.ts";
import { readMemoryFile } from "./files/memory-file.ts";
import type { ReadImport } from "./import-outcome.ts";
import { memoryNotFound } from "./memory-errors.ts";
import { millisecondsOf, readTime } from "./memory-time.ts";
import {
  DEFAULT_KEEP_VERSIONS,
  type MemoryChanges,
  type MemoryLimits,
  type MemoryVersion,
  type NewMemory,
} from "./store.ts";
import { checkLength, checkText, lengthBeyond } from "./text-checks.ts";

/** What every store takes, decided once. */

const MAX_TAGS = 20;
const MAX_TAG_LENGTH = 50;
/** UTF-16 units of a tag as given; normalising a long run of marks takes time that grows with its square. */
const MAX_GIVEN_TAG_LENGTH = 1_000;
const MAX_SOURCE_LENGTH = 200;
const MAX_SPEAKER_LENGTH = 100;
const MAX_KIND_LENGTH = 50;
const MAX_KEY_LENGTH = 200;
const MAX_AT_ONCE = 100;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What a memory says besides content and tags, checked; undefined where it says nothing. */
export interface CheckedDetails {
  /** Folded by `tagKey`. */
  kind: string | undefined;
  importance: number | undefined;
  source: string | undefined;
  speaker: string | undefined;
  occurred_at: string | undefined;
  /** Milliseconds since 1970. */
  expires: number | undefined;
}

/** A new memory, checked: texts within their limits, tags clean, empty optional texts left out. */
export interface CheckedMemory extends CheckedDetails {
  content: string;
  tags: string[];
  /** Id of the older memory whose place it takes. */
  supersedes: string | undefined;
}

/** A memory of a file, checked. What the file does not say is undefined. */
export interface CheckedImport extends CheckedMemory {
  where: string;
  id: string | undefined;
  /** Milliseconds since 1970. */
  created: number | undefined;
  updated: number | undefined;
  version: number | undefined;
  origin: string | undefined;
  superseded_by: string | undefined;
  history: MemoryVersion[];
}

/** What is to change, checked; absent where it stays. `expires: undefined` takes the time of expiry away. */
export type CheckedChanges = Partial<CheckedDetails> & { content?: string; tags?: string[] };

/** @throws ToolError `invalid_input` */
export function readNewMemory(input: NewMemory, limits: MemoryLimits): CheckedMemory {
  const memory = readMemory(input, limits);
  if (memory.expires !== undefined && memory.expires <= Date.now()) throw alreadyExpired(input.expires_at ?? "");
  return memory;
}

/** @throws ToolError `invalid_input` with an issue for each that is wrong */
export function readNewMemories(inputs: readonly NewMemory[], limits: MemoryLimits): CheckedMemory[] {
  if (inputs.length === 0) throw new ToolError("invalid_input", "Memory content is required");
  if (inputs.length === 1) return [readNewMemory(inputs[0] as NewMemory, limits)];
  if (inputs.length > MAX_AT_ONCE) {
    throw new ToolError(
      "invalid_input",
      `${inputs.length} memories are too many at once; the limit is ${MAX_AT_ONCE}.`,
      {
        hint: "Nothing was stored. Add them in several calls.",
      },
    );
  }
  const { checked, issues } = checkEach(inputs, (input) => readNewMemory(input, limits));
  if (issues.length > 0) {
    throw new ToolError("invalid_input", `${issues.length} of ${inputs.length} memories cannot be stored.`, {
      hint: "Nothing was stored. Correct them and call again.",
      issues,
    });
  }
  return checked;
}

/** @throws ToolError `invalid_input` when there is nothing to change, or a change is wrong */
export function readChanges(changes: MemoryChanges, limits: MemoryLimits): CheckedChanges | { restore: number } {
  const { content, tags, kind, importance, source, speaker, occurred_at, expires_at } = changes;
  const restore = changes.restore_version;
  // Bridges and models send "" for what they leave out.
  const given = Object.fromEntries(
    Object.entries({ content, kind, importance, source, speaker, occurred_at, expires_at }).filter(
      ([name, value]) => value !== undefined && (name === "content" ? value !== "" : String(value).trim() !== ""),
    ),
  ) as MemoryChanges;
  const count = Object.keys(given).length + (tags === undefined ? 0 : 1);
  if (restore !== undefined) {
    if (count > 0) {
      throw new ToolError(
        "invalid_input",
        '"restore_version" takes all of the memory back; it goes with no other change.',
      );
    }
    return { restore };
  }
  if (count === 0) {
    throw new ToolError("invalid_input", "There is nothing to change.", { hint: "Give content, tags, or both." });
  }
  const checked: CheckedChanges = {};
  if (given.content !== undefined) checked.content = readContent(given.content, limits);
  if (tags !== undefined) checked.tags = readTags(tags);
  if (given.kind !== undefined) checked.kind = readKind(given.kind);
  if (given.importance !== undefined) checked.importance = readImportance(given.importance);
  if (given.source !== undefined) checked.source = readOptional("source", given.source, MAX_SOURCE_LENGTH);
  if (given.speaker !== undefined) checked.speaker = readOptional("speaker", given.speaker, MAX_SPEAKER_LENGTH);
  if (given.occurred_at !== undefined) checked.occurred_at = readTime("occurred_at", given.occurred_at);
  if (given.expires_at !== undefined) {
    checked.expires = given.expires_at.trim().toLowerCase() === "never" ? undefined : readExpiry(given.expires_at);
    if (checked.expires !== undefined && checked.expires <= Date.now()) throw alreadyExpired(given.expires_at);
  }
  return checked;
}

/** The memories of a file, those that are right and what is wrong with the others. See `readMemoryFile`. */
export function readImport(text: string, limits: MemoryLimits, format?: MemoryFormat): ReadImport<CheckedImport> {
  const entries = readMemoryFile(text, format);
  return {
    ...checkEach(entries, (entry) => readFileMemory(entry, limits)),
    places: entries.map(({ where }) => where),
  };
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

/** Undefined where none was given. @throws ToolError `invalid_input` */
export function readIdempotencyKey(key: string | undefined): string | undefined {
  return readOptional("idempotency_key", key, MAX_KEY_LENGTH);
}

/** What tags are compared by: case does not count. */
export function tagKey(tag: string): string {
  return tag.normalize("NFKC").toLowerCase();
}

/** Folded; undefined where none was given. @throws ToolError `invalid_input` */
export function readKind(kind: string | undefined): string | undefined {
  const text = readOptional("kind", kind?.trim(), MAX_KIND_LENGTH);
  return text && tagKey(text);
}

/** Without the blanks around it, and one blank for each run of them within. @throws ToolError `invalid_input` when far too long */
export function cleanTag(tag: string): string {
  const bare = tag.trim().replace(/\s+/g, " ");
  if (bare.length > MAX_GIVEN_TAG_LENGTH) checkLength("A tag", bare, MAX_TAG_LENGTH);
  return bare.normalize("NFC");
}

function readMemory(input: NewMemory, limits: MemoryLimits): CheckedMemory {
  return {
    content: readContent(input.content, limits),
    tags: readTags(input.tags ?? []),
    kind: readKind(input.kind),
    importance: readImportance(input.importance),
    source: readOptional("source", input.source, MAX_SOURCE_LENGTH),
    speaker: readOptional("speaker", input.speaker, MAX_SPEAKER_LENGTH),
    occurred_at: readTime("occurred_at", input.occurred_at),
    expires: readExpiry(input.expires_at),
    supersedes: input.supersedes === undefined || input.supersedes.trim() === "" ? undefined : readId(input.supersedes),
  };
}

function readFileMemory({ where, memory, problem }: FileEntry, limits: MemoryLimits): CheckedImport {
  if (!memory) throw new ToolError("invalid_input", problem ?? "is no memory");
  const { created, updated, version, superseded_by, history = [] }: FileMemory = memory;
  return {
    ...readMemory(memory, limits),
    where,
    id: readFileId("id", memory.id),
    created,
    updated,
    version,
    origin: readOptional("origin", memory.origin, MAX_KIND_LENGTH),
    superseded_by: readFileId("superseded_by", superseded_by),
    history: readHistory(history, version ?? 1, limits),
  };
}

/** The earlier versions that are kept of a memory, each checked as a memory is, the last of each number. */
function readHistory(history: readonly MemoryVersion[], version: number, limits: MemoryLimits): MemoryVersion[] {
  const earlier = new Map<number, MemoryVersion>();
  for (const each of history) {
    if (each.version >= version) continue;
    const { content, tags, kind } = readMemory(each, limits);
    earlier.set(each.version, { ...each, content, tags, ...(kind !== undefined && { kind }) });
  }
  const kept = [...earlier.values()].sort((a, b) => a.version - b.version);
  const keep = limits.keepVersions ?? DEFAULT_KEEP_VERSIONS;
  return keep === 0 ? [] : kept.slice(-keep);
}

function readFileId(name: string, id: string | undefined): string | undefined {
  if (id === undefined) return undefined;
  if (!UUID.test(id.trim())) throw new ToolError("invalid_input", `"${name}" is no UUID`);
  return id.trim().toLowerCase();
}

/** Checks each and keeps what is wrong with those that are refused, by their places. */
function checkEach<From, To>(
  inputs: readonly From[],
  check: (input: From) => To,
): { checked: To[]; issues: ErrorIssue[] } {
  const checked: To[] = [];
  const issues: ErrorIssue[] = [];
  inputs.forEach((input, index) => {
    try {
      checked.push(check(input));
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      const where = (input as { where?: string }).where ?? `memories/${index}`;
      issues.push({ path: where, message: error.message });
    }
  });
  return { checked, issues };
}

function alreadyExpired(time: string): ToolError {
  return new ToolError(
    "invalid_input",
    `"expires_at" must be in the future, not ${JSON.stringify(time.slice(0, 40))}.`,
    {
      hint: 'Leave it out for a memory that does not expire; "never" takes it away from one that does.',
    },
  );
}

function readImportance(importance: number | undefined): number | undefined {
  if (importance === undefined) return undefined;
  if (!(importance >= 0 && importance <= 1)) {
    throw new ToolError("invalid_input", `"importance" must be from 0 to 1, not ${importance}.`);
  }
  return importance;
}

function readExpiry(time: string | undefined): number | undefined {
  const given = readTime("expires_at", time);
  return given === undefined ? undefined : millisecondsOf(given);
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

function readOptional(name: string, value: string | undefined, limit: number): string | undefined {
  if (value === undefined || value.trim() === "") return undefined;
  checkText(name, value);
  checkLength(`"${name}"`, value, limit);
  return value;
}
