import { RowFailure, show } from "../rows.ts";
import { toText } from "../template.ts";
import type { Regex, RegexWork } from "./regex.ts";

/** Characters of one text that an expression may make. */
const MAX_TEXT = 1_000_000;
/** Characters that all expressions of one run may make together. */
export const MAX_TOTAL_TEXT = 64_000_000;

/** Counts the text that expressions make and the work of their matches, so that a small definition cannot fill the memory. */
export interface TextBudget extends RegexWork {
  used: number;
}

/** A value of the language: null, boolean, number, text, or a list or object out of a row. */
export type Value = unknown;

/** A function of the language. `regexArgument` is the place of a pattern, which must be a literal and arrives compiled. */
export interface ExpressionFunction {
  min: number;
  max: number;
  regexArgument?: number;
  /** Whether fields that no row has may be among its arguments: it is there to deal with what is missing. */
  takesMissing?: true;
  call(args: Value[], budget: TextBudget): Value;
}

/** Text that an expression made, after its size was checked and counted. */
export function madeText(text: string, budget: TextBudget): string {
  spend(text.length, budget);
  return text;
}

function spend(length: number, budget: TextBudget): void {
  if (length > MAX_TEXT) throw new RowFailure("size", `the text made has more than ${MAX_TEXT} characters`);
  budget.used += length;
  if (budget.used > MAX_TOTAL_TEXT) {
    throw new RowFailure("size", `the expressions of this run have made more than ${MAX_TOTAL_TEXT} characters`);
  }
}

/** A number, null for null. @throws RowFailure for anything else. */
export function toNumber(value: Value, what: string): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== "number") {
    throw new RowFailure("type", `${what} needs numbers, not ${show(value)}; cast the field first or use number()`);
  }
  return value;
}

/** A result that is a number. @throws RowFailure for NaN and infinity. */
export function finite(value: number, what: string): number {
  if (!Number.isFinite(value)) throw new RowFailure("number", `${what} gives no finite number`);
  return value;
}

/** Whether a value counts as true: everything but null, false, 0 and the empty text. */
export function truthy(value: Value): boolean {
  return value !== null && value !== undefined && value !== false && value !== 0 && value !== "";
}

const text = (change: (text: string) => string): ExpressionFunction => ({
  min: 1,
  max: 1,
  call: ([value], budget) => (isNull(value) ? null : madeText(change(toText(value)), budget)),
});

const math = (name: string, change: (number: number) => number): ExpressionFunction => ({
  min: 1,
  max: 1,
  call: ([value]) => {
    const number = toNumber(value, name);
    return number === null ? null : change(number);
  },
});

const compareText = (test: (text: string, part: string) => boolean): ExpressionFunction => ({
  min: 2,
  max: 2,
  call: ([value, part]) => !isNull(value) && test(toText(value), toText(part)),
});

const extreme = (name: string, better: (a: number, b: number) => boolean): ExpressionFunction => ({
  min: 1,
  max: 20,
  call: (args) => {
    let best: number | null = null;
    for (const value of args) {
      const number = toNumber(value, name);
      if (number !== null && (best === null || better(number, best))) best = number;
    }
    return best;
  },
});

function isNull(value: Value): boolean {
  return value === null || value === undefined;
}

function round(value: number, digits: number): number {
  // By way of the decimal text, so that 1.005 becomes 1.01 as a reader expects.
  const scaled = Math.round(Number(`${Math.abs(value)}e${digits}`));
  const rounded = Number(`${scaled}e${-digits}`) * Math.sign(value);
  return Number.isFinite(rounded) ? rounded + 0 : value;
}

function replaceAll(value: string, search: string, replacement: string, budget: TextBudget): string {
  if (search === "") return value;
  const parts = value.split(search);
  spend(value.length + (parts.length - 1) * (replacement.length - search.length), budget);
  return parts.join(replacement);
}

function parseNumber(value: Value): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  const trimmed = toText(value).trim();
  if (trimmed === "") return null;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) {
    throw new RowFailure("type", `${show(value)} is no number`);
  }
  return finite(Number(trimmed), "number()");
}

/** The functions of the language by name. */
export const FUNCTIONS: ReadonlyMap<string, ExpressionFunction> = new Map<string, ExpressionFunction>([
  ["lower", text((value) => value.toLowerCase())],
  ["upper", text((value) => value.toUpperCase())],
  ["trim", text((value) => value.trim())],
  ["text", { min: 1, max: 1, call: ([value], budget) => madeText(toText(value), budget) }],
  ["concat", { min: 1, max: 50, call: (args, budget) => madeText(args.map(toText).join(""), budget) }],
  [
    "length",
    {
      min: 1,
      max: 1,
      call: ([value]) => (isNull(value) ? 0 : Array.isArray(value) ? value.length : toText(value).length),
    },
  ],
  [
    "substring",
    {
      min: 2,
      max: 3,
      call: ([value, start, count], budget) => {
        if (isNull(value)) return null;
        const from = Math.max(0, toNumber(start, "substring") ?? 0);
        const size = count === undefined ? undefined : Math.max(0, toNumber(count, "substring") ?? 0);
        return madeText(toText(value).slice(from, size === undefined ? undefined : from + size), budget);
      },
    },
  ],
  [
    "replace",
    {
      min: 3,
      max: 3,
      call: ([value, search, replacement], budget) =>
        isNull(value) ? null : replaceAll(toText(value), toText(search), toText(replacement), budget),
    },
  ],
  ["contains", compareText((value, part) => value.includes(part))],
  ["starts_with", compareText((value, part) => value.startsWith(part))],
  ["ends_with", compareText((value, part) => value.endsWith(part))],
  [
    "matches",
    {
      min: 2,
      max: 2,
      regexArgument: 1,
      call: ([value, regex], budget) => !isNull(value) && (regex as Regex).test(toText(value), budget),
    },
  ],
  [
    "extract",
    {
      min: 2,
      max: 3,
      regexArgument: 1,
      call: ([value, regex, group], budget) =>
        isNull(value)
          ? null
          : (regex as Regex).extract(toText(value), Math.trunc(toNumber(group, "extract") ?? 0), budget),
    },
  ],
  [
    "coalesce",
    {
      min: 1,
      max: 20,
      takesMissing: true,
      call: (args) => args.find((value) => !isNull(value) && value !== "") ?? null,
    },
  ],
  ["is_null", { min: 1, max: 1, takesMissing: true, call: ([value]) => isNull(value) }],
  ["one_of", { min: 2, max: 100, call: ([value, ...choices]) => choices.includes(value ?? null) }],
  ["number", { min: 1, max: 1, call: ([value]) => parseNumber(value ?? null) }],
  ["abs", math("abs", Math.abs)],
  ["floor", math("floor", Math.floor)],
  ["ceil", math("ceil", Math.ceil)],
  [
    "round",
    {
      min: 1,
      max: 2,
      call: ([value, digits]) => {
        const number = toNumber(value, "round");
        const places = Math.max(0, Math.min(15, Math.trunc(toNumber(digits, "round") ?? 0)));
        return number === null ? null : round(number, places);
      },
    },
  ],
  ["min", extreme("min", (a, b) => a < b)],
  ["max", extreme("max", (a, b) => a > b)],
]);
