import { refusePattern } from "./field-pattern.ts";
import type { Field, FieldType } from "./form.ts";
import { blank, invalid, quote, text } from "./form-values.ts";
import { instantOf, isEmpty, MAX_LENGTH, readAnswer } from "./read-answer.ts";
import { MIN_SECRET, SAFE_SECRET } from "./secrets.ts";

type Bounded = "length" | "number" | "time" | "count";

/** What `min` and `max` of a type are about; none: it has no bounds. */
const BOUNDED: Partial<Record<FieldType, Bounded>> = {
  text: "length",
  textarea: "length",
  email: "length",
  url: "length",
  password: "length",
  number: "number",
  integer: "number",
  date: "time",
  datetime: "time",
  multiselect: "count",
};

/**
 * The field with what bounds its answers and what it is filled in with, as a caller gives them: `min`, `max`, `pattern`,
 * `pattern_message` and `default`. @throws ToolError `invalid_input` where no answer could be right, or the default is not
 */
export function readBounds(plain: Field, given: Record<string, unknown>, at: string): Field {
  const kind = BOUNDED[plain.type];
  const [least, max] = [readBound(plain, kind, given.min, `${at}.min`), readBound(plain, kind, given.max, `${at}.max`)];
  const min = plain.type === "password" ? leastSecret(least, max, given.pattern) : least;
  if (min !== undefined && max !== undefined && order(min) > order(max)) {
    throw invalid(`${at}.min ${quote(min)} is greater than max ${quote(max)}.`);
  }
  const pattern = readPattern(plain.type, kind, given.pattern, `${at}.pattern`);
  const patternMessage = text(given.pattern_message, `${at}.pattern_message`, "");
  if (patternMessage !== "" && pattern === undefined) throw invalid(`${at}.pattern_message needs a pattern.`);
  const bounded: Field = {
    ...plain,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(pattern !== undefined && { pattern }),
    ...(patternMessage !== "" && { patternMessage }),
  };
  return isEmpty(given.default) ? bounded : { ...bounded, default: readDefault(bounded, given.default, at) };
}

/** A field that wants something short, such as a PIN, says so by a `min` or `max` below what is safe, or by its pattern. */
function leastSecret(least: unknown, max: unknown, pattern: unknown): number {
  const isShort = (bound: unknown) => bound !== undefined && Number(bound) < SAFE_SECRET;
  const given = least === undefined || Number(least) < MIN_SECRET ? undefined : Number(least);
  return given ?? (isShort(max) || !blank(pattern) ? MIN_SECRET : SAFE_SECRET);
}

function readBound({ type, options }: Field, kind: Bounded | undefined, given: unknown, at: string) {
  if (blank(given)) return undefined;
  if (kind === undefined) throw invalid(`${at} means nothing for the type ${type}.`);
  if (kind === "time") {
    const reading = readAnswer({ name: at, label: at, type, placeholder: "", required: true, options: [] }, given);
    if ("wrong" in reading) throw invalid(`${at} ${reading.wrong}.`);
    return reading.value as string;
  }
  const value = typeof given === "string" ? Number(given.trim() || Number.NaN) : given;
  if (typeof value !== "number" || !Number.isFinite(value))
    throw invalid(`${at} must be a number (got ${quote(given)}).`);
  if (kind === "number") return value;
  const most = kind === "count" ? options.length : MAX_LENGTH[type as keyof typeof MAX_LENGTH];
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw invalid(`${at} must be a whole number from 0 to ${most} for a ${type} (got ${quote(given)}).`);
  }
  return value;
}

function readPattern(type: FieldType, kind: Bounded | undefined, given: unknown, at: string): string | undefined {
  if (blank(given)) return undefined;
  if (kind !== "length") throw invalid(`${at} means nothing for the type ${type}.`);
  if (typeof given !== "string") throw invalid(`${at} must be a text.`);
  const refusal = refusePattern(given);
  if (refusal !== undefined) throw invalid(`${at} ${quote(given)} cannot be used: ${refusal}.`);
  return given;
}

function readDefault(field: Field, given: unknown, at: string): NonNullable<Field["default"]> {
  if (field.type === "password") {
    throw invalid(`${at}.default is not allowed: a secret must come from the user.`, "Leave default out.");
  }
  const isText = BOUNDED[field.type] === "length";
  const reading = readAnswer(field, isText && typeof given === "number" ? String(given) : given);
  if ("wrong" in reading) throw invalid(`${at}.default is not an answer that the field takes: it ${reading.wrong}.`);
  return reading.value;
}

const order = (bound: number | string): number => (typeof bound === "number" ? bound : instantOf(bound));
