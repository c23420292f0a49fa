import { createHash } from "node:crypto";
import { ToolError } from "../errors.ts";
import { cleanTag, readKind, tagKey } from "./memory-input.ts";
import { millisecondsOf, readTime } from "./memory-time.ts";
import { type ForgetRequest, type ListRequest, type MemoryFilter, SORT_ORDERS, type SortOrder } from "./store.ts";
import { checkText } from "./text-checks.ts";

/** A filter as stores compare it: texts folded by `tagKey`, times in milliseconds since 1970; absent where nothing was given. */
export interface CheckedFilter {
  tag?: string;
  source?: string;
  speaker?: string;
  kind?: string;
  /** Memories of this time or later, by `timeOf`. */
  after?: number;
  /** Memories earlier than this. */
  before?: number;
}

export interface CheckedList {
  filter: CheckedFilter;
  limit: number;
  offset: number;
  sort: SortOrder;
  superseded: boolean;
  /** Where the page before ended: the sort value and the number of its last memory. */
  cursor: Position | undefined;
}

/** A place in a sorted list. */
export interface Position {
  value: number;
  number: number;
}

const MAX_PAGE = 100;

/** @throws ToolError `invalid_input` */
export function readFilter(filter: MemoryFilter): CheckedFilter {
  const after = readTime("after", filter.after);
  const before = readTime("before", filter.before);
  const tag = given("tag", filter.tag);
  const texts = {
    tag: tag && tagKey(cleanTag(tag)),
    source: folded("source", filter.source),
    speaker: folded("speaker", filter.speaker),
    kind: readKind(filter.kind),
  };
  return {
    ...(Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined)) as CheckedFilter),
    ...(after !== undefined && { after: millisecondsOf(after) }),
    ...(before !== undefined && { before: millisecondsOf(before) }),
  };
}

/** @throws ToolError `invalid_input` */
export function readList(request: ListRequest): CheckedList {
  const wanted = request.sort || "newest";
  const sort = SORT_ORDERS.find((order) => order === wanted);
  if (!sort) throw new ToolError("invalid_input", `"sort" must be one of ${SORT_ORDERS.join(", ")}.`);
  const { limit, offset } = readRange(request);
  const cursor = request.cursor === undefined || request.cursor === "" ? undefined : readCursor(request.cursor, sort);
  return {
    filter: readFilter(request),
    limit,
    offset: cursor ? 0 : offset,
    sort,
    superseded: request.superseded ?? false,
    cursor,
  };
}

/** The filter, or undefined for everything of the user. @throws ToolError `invalid_input` where neither is asked for */
export function readForget(request: ForgetRequest): CheckedFilter | undefined {
  const filter = readFilter(request);
  const empty = Object.keys(filter).length === 0;
  if (request.all && !empty) {
    throw new ToolError("invalid_input", '"all" forgets everything of the user; it goes with no filter.');
  }
  if (!request.all && empty) {
    throw new ToolError("invalid_input", "Memory ID is required", {
      hint: "Give memory_id, or a filter (tag, source, speaker, kind, after, before), or all.",
    });
  }
  return empty ? undefined : filter;
}

/** Limit and offset as they count: within 0–100, and not negative. */
export function readRange(request: { limit?: number | undefined; offset?: number | undefined }, limit = 10): Range {
  const wanted = Math.trunc(request.limit ?? limit);
  const offset = Math.trunc(request.offset ?? 0);
  return { limit: Math.min(Math.max(wanted, 0), MAX_PAGE), offset: Math.max(offset, 0) };
}

export interface Range {
  limit: number;
  offset: number;
}

/** A text that names the place, and the order that it is a place in. */
export function writeCursor(position: Position, sort: SortOrder): string {
  return Buffer.from(JSON.stringify([sort, position.value, position.number])).toString("base64url");
}

function readCursor(cursor: string, sort: SortOrder): Position {
  try {
    const [order, value, number] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as unknown[];
    if (order === sort && Number.isFinite(value) && Number.isSafeInteger(number)) {
      return { value: value as number, number: number as number };
    }
  } catch {
    // No JSON: no cursor of ours.
  }
  throw new ToolError("invalid_input", '"cursor" is none that a list in this order has given.', {
    hint: "Give next_cursor of the page before unchanged, with the same sort; or leave it out to begin anew.",
  });
}

function given(name: string, value: string | undefined): string | undefined {
  if (value === undefined || value.trim() === "") return undefined;
  checkText(name, value);
  return value;
}

function folded(name: string, value: string | undefined): string | undefined {
  const text = given(name, value);
  return text && tagKey(text.slice(0, MAX_TEXT));
}

/** Beyond what any source or speaker has. */
const MAX_TEXT = 1_000;

/** How much `toForget` shows of what would be forgotten: so many memories, and characters of each. */
export const MAX_OLDEST = 3;
export const MAX_SHOWN = 200;

/** SHA-256 in hexadecimal digits. */
export const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");
