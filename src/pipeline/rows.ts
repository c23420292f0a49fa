import { type ErrorIssue, ToolError } from "../errors.ts";

/** One record of the data: field names to JSON values. Made by `newRow` only. */
export type Row = Record<string, unknown>;

/** Columns of a table: csv, tsv and markdown. */
export const MAX_COLUMNS = 10_000;
/** Nesting of a value inside a row. */
export const MAX_DEPTH = 64;
/** Reasons that are listed; all are counted. */
export const MAX_REASONS = 100;
/** Whole numbers up to which all are told apart. */
const MAX_EXACT = Number.MAX_SAFE_INTEGER;

// Rows inherit from an empty object without a prototype: names such as `__proto__` and `constructor` are then plain fields,
// and unlike `Object.create(null)` V8 keeps such objects fast.
function EmptyRow() {}
EmptyRow.prototype = Object.create(null);
const RowConstructor = EmptyRow as unknown as new () => Row;

/** A new row with the fields of `source`. */
export function newRow(source?: Record<string, unknown>): Row {
  const row = new RowConstructor();
  if (source) for (const key of Object.keys(source)) row[key] = source[key];
  return row;
}

/** Whether a value is an object with fields: neither null nor a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether there is no value: null, no such field, or an empty text, which is what an empty cell of csv is. */
export function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

/** Why a row failed. `row` counts from 1 in the input. */
export interface Reason {
  row: number;
  field: string | null;
  rule: string;
  message: string;
  value?: unknown;
  /** Where in the row, for the JSON pointer; the field where it is left out. */
  path?: readonly string[];
}

/** Thrown for one row by operations and expressions; the step makes a reason of it, so it never leaves the room. */
export class RowFailure extends Error {
  readonly rule: string;
  constructor(rule: string, message: string) {
    // Nobody reads its stack, and taking one for each of a million rows takes longer than all else.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.rule = rule;
  }
}

/** Collects reasons: the first 100 are kept, all are counted. */
export interface Reasons {
  readonly listed: readonly Reason[];
  readonly total: number;
  add(reason: Reason): void;
  /** Counts reasons that are not listed. */
  count(more: number): void;
  /** Lists the first of these, all of which were added, instead. */
  relist(reasons: readonly Reason[]): void;
}

/** How often rows failed for one rule of one field, and the first that did. */
export interface TopReason {
  field: string | null;
  rule: string;
  count: number;
  row: number;
  message: string;
}

/** Reasons that are told apart in the counts; data may name any number of fields. */
const MAX_KINDS = 1000;
const MAX_TOP = 10;

export interface CountedReasons extends Reasons {
  /** The commonest reasons, counted over all that were added. */
  top(): TopReason[];
}

/** An empty collector of reasons. */
export function createReasons(): CountedReasons {
  const listed: Reason[] = [];
  const kinds = new Map<string | null, Map<string, TopReason>>();
  let kindCount = 0;
  let total = 0;
  const countKind = ({ field, rule, row, message }: Reason): void => {
    let rules = kinds.get(field);
    const known = rules?.get(rule);
    if (known) known.count++;
    else if (kindCount < MAX_KINDS) {
      kindCount++;
      if (!rules) {
        rules = new Map();
        kinds.set(field, rules);
      }
      rules.set(rule, { field: cutName(field), rule, count: 1, row, message: cutText(message, MAX_MESSAGE) });
    }
  };
  return {
    listed,
    get total() {
      return total;
    },
    count(more) {
      total += more;
    },
    top: () =>
      [...kinds.values()]
        .flatMap((rules) => [...rules.values()])
        .sort((a, b) => b.count - a.count || a.row - b.row)
        .slice(0, MAX_TOP),
    relist(reasons) {
      listed.splice(0, listed.length, ...reasons.slice(0, MAX_REASONS).map(cut));
    },
    add(reason) {
      total++;
      countKind(reason);
      if (listed.length < MAX_REASONS) listed.push(cut(reason));
    },
  };
}

/** Characters of a name of data in a reason, and of a message. */
const MAX_NAME = 200;
const MAX_MESSAGE = 600;
/** Names on the way to a value that a reason keeps. */
const MAX_PATH = 20;

/** A reason whose parts are as long as somebody reads: names of data can have megabytes, too. */
function cut(reason: Reason): Reason {
  const { field, message, value, path } = reason;
  return {
    ...reason,
    field: cutName(field),
    message: cutText(message, MAX_MESSAGE),
    value: shorten(value),
    ...(path && { path: path.slice(0, MAX_PATH).map((name) => cutText(name, MAX_NAME)) }),
  };
}

function cutName(field: string | null): string | null {
  return field === null ? null : cutText(field, MAX_NAME);
}

function cutText(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

/** The reasons as the issues of an error or a step's record: each has a JSON pointer as its `path`. */
export function toIssues(reasons: readonly Reason[]): ErrorIssue[] {
  return reasons.map((reason) => ({ ...reason, path: pointer(reason) }));
}

function pointer({ row, field, path }: Reason): string {
  const parts = [...(row > 0 ? [String(row - 1)] : []), ...(path ?? (field === null ? [] : [field]))];
  return parts.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** A value as a message may show it: long text cut, lists and objects as the start of their JSON. */
export function shorten(value: unknown, length = 80): unknown {
  if (typeof value === "string") return value.length <= length ? value : `${value.slice(0, length)}…`;
  if (typeof value !== "object" || value === null) return value;
  const json = JSON.stringify(value);
  return json.length <= length ? value : `${json.slice(0, length)}…`;
}

/** @throws ToolError `too_large` for a table with more columns than are taken. */
export function checkColumns(count: number, format: string): void {
  if (count <= MAX_COLUMNS) return;
  throw new ToolError("too_large", `The ${format} table has more than ${MAX_COLUMNS} columns.`, {
    hint: "Send or ask for json instead, or pick fewer fields.",
  });
}

/** A number with its noun. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A value in the words of a message: its JSON, shortened. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const short = shorten(value);
  return typeof short === "string" ? JSON.stringify(short) : JSON.stringify(short);
}

/**
 * A parsed value as a row; one that is no object becomes `{ value: … }`. `onLarge` as of `findFault`.
 * @throws ToolError `too_large` beyond the limit of nesting, `invalid_input` for what JSON cannot hold (NaN, Infinity)
 */
export function toRow(value: unknown, number: number, onLarge?: (field: string | null) => void): Row {
  const fault = findFault(value, 0, null, onLarge);
  if (!fault) return asRow(value);
  const message = `${describeFault(fault, number)}.`;
  if (fault.rule === "depth") {
    throw new ToolError("too_large", message, { hint: "Flatten the data before sending it." });
  }
  const { field, value: wrong } = fault;
  const reason = { row: number, field, rule: "number", message: `${wrong} is no JSON number`, value: String(wrong) };
  throw new ToolError("invalid_input", message, { hint: "Use null for a missing number.", issues: toIssues([reason]) });
}

/** A value in which `findFault` found nothing as a row. */
export function asRow(value: unknown): Row {
  return isObject(value) ? newRow(value) : newRow({ value });
}

/** Why a parsed value is no row: a number that JSON cannot hold, or nesting beyond the limit. */
export type ValueFault = { rule: "number"; field: string | null; value: number } | { rule: "depth"; field: null };

/**
 * The first fault of a value, if any; the limit of nesting also ends the walk of a value that contains itself. `onLarge` is
 * called for whole numbers beyond those that are all told apart, with the field of the row that they are in.
 */
export function findFault(
  value: unknown,
  depth = 0,
  field: string | null = null,
  onLarge?: (field: string | null) => void,
): ValueFault | undefined {
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return { rule: "number", field, value };
    // From 1e21 on numbers are written with an exponent, by whoever means no single digits.
    if ((value > MAX_EXACT || value < -MAX_EXACT) && Number.isInteger(value) && Math.abs(value) < 1e21) {
      onLarge?.(field);
    }
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > MAX_DEPTH) return { rule: "depth", field: null };
  if (Array.isArray(value)) {
    for (const entry of value) {
      const fault = findFault(entry, depth + 1, field, onLarge);
      if (fault) return fault;
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    const fault = findFault((value as Row)[key], depth + 1, field ?? key, onLarge);
    if (fault) return fault;
  }
  return undefined;
}

/** What `onLarge` of `findFault` tells, as a sentence. */
export function describeLarge(field: string | null, row: number): string {
  const where = field === null ? "" : `, field ${show(field)}`;
  return `Row ${row}${where}: whole numbers beyond ${MAX_EXACT} lose digits. Have them as text in the input.`;
}

/** A fault in words, without a full stop. */
export function describeFault(fault: ValueFault, row: number): string {
  if (fault.rule === "depth") return `Row ${row} is nested more than ${MAX_DEPTH} levels deep`;
  const { field, value } = fault;
  return `Row ${row}${field === null ? "" : `, field "${shorten(field)}"`}: ${value} is no JSON number`;
}
