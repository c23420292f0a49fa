import { isObject, MAX_DEPTH, RowFailure, show } from "../rows.ts";
import { toText } from "../template.ts";

/** A value of the language: null, boolean, number, text, or a list or object. Undefined counts as null. */
export type Value = unknown;

/** Characters of one text, or of the texts in one list, that an expression may make. */
export const MAX_TEXT = 1_000_000;
/** Entries of one list or object, inner ones included, that an expression may make. */
const MAX_ENTRIES = 100_000;

/** Text that an expression made. @throws RowFailure where it is too long */
export function madeText(text: string): string {
  if (text.length > MAX_TEXT) throw tooLong();
  return text;
}

export function tooLong(): RowFailure {
  return new RowFailure("size", `the text made has more than ${MAX_TEXT} characters`);
}

/** A list or object that an expression made. @throws RowFailure where it is too large or nested too deep to be written */
export function madeValue<Made>(value: Made): Made {
  let entries = 0;
  let length = 0;
  const walk = (inner: unknown, depth: number): void => {
    if (typeof inner === "string") length += inner.length;
    else if (typeof inner === "object" && inner !== null) {
      if (depth > MAX_DEPTH)
        throw new RowFailure("size", `the value made is nested more than ${MAX_DEPTH} levels deep`);
      for (const entry of Array.isArray(inner) ? inner : Object.values(inner)) {
        if (++entries > MAX_ENTRIES)
          throw new RowFailure("size", `the value made has more than ${MAX_ENTRIES} entries`);
        walk(entry, depth + 1);
      }
    } else if (typeof inner === "number" && !Number.isFinite(inner)) {
      throw new RowFailure("number", "the value has a number that is not finite");
    }
    if (length > MAX_TEXT) throw tooLong();
  };
  walk(value, 0);
  return value;
}

export function isNull(value: Value): value is null | undefined {
  return value === null || value === undefined;
}

/** A number, null for null. @throws RowFailure for anything else. */
export function toNumber(value: Value, what: string): number | null {
  if (typeof value === "number") return value;
  if (isNull(value)) return null;
  throw new RowFailure("type", `${what} needs numbers, not ${show(value)}; cast the field first or use number()`);
}

/** A whole number out of an argument, `fallback` for null. @throws RowFailure for what is no number */
export function toCount(value: Value, what: string, fallback: number): number {
  return Math.trunc(toNumber(value, what) ?? fallback);
}

/** A result that is a number. @throws RowFailure for NaN and infinity. */
export function finite(value: number, what: string): number {
  if (!Number.isFinite(value)) throw new RowFailure("number", `${what} gives no finite number`);
  return value;
}

/** Whether a value counts as true: everything but null, false, 0 and the empty text. */
export function isTrue(value: Value): boolean {
  return value !== null && value !== undefined && value !== false && value !== 0 && value !== "";
}

/** Whether two values are the same; lists and objects by what is in them, whatever the order of fields. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((entry, index) => equal(entry, b[index]));
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) => Object.hasOwn(b, key) && equal((a as Record<string, Value>)[key], (b as Record<string, Value>)[key]),
  );
}

/** Order of values: numbers, texts by code unit, booleans, the rest by their JSON; null last. */
export function compareValues(a: Value, b: Value): number {
  const rankA = rank(a);
  const rankB = rank(b);
  if (rankA !== rankB) return rankA - rankB;
  const left = rankA === 3 ? toText(a) : (a as string);
  const right = rankA === 3 ? toText(b) : (b as string);
  return left < right ? -1 : left > right ? 1 : 0;
}

function rank(value: Value): number {
  if (isNull(value)) return 4;
  return typeof value === "number" ? 0 : typeof value === "string" ? 1 : typeof value === "boolean" ? 2 : 3;
}

/** The entry of a list by its number, from the end where it is negative, or the own field of an object; null where there is none. */
export function entryOf(value: Value, key: Value): Value {
  if (Array.isArray(value)) {
    const index = toNumber(key, "an index");
    if (index === null || !Number.isInteger(index)) return null;
    return (index < 0 ? value[value.length + index] : value[index]) ?? null;
  }
  if (isObject(value) && typeof key === "string") return Object.hasOwn(value, key) ? (value[key] ?? null) : null;
  return null;
}

/** The name of a value's type, as the language has them. */
export function typeOf(value: Value): "null" | "text" | "number" | "boolean" | "list" | "object" {
  if (isNull(value)) return "null";
  if (Array.isArray(value)) return "list";
  return typeof value === "string" ? "text" : (typeof value as "number" | "boolean" | "object");
}
