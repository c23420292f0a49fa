import { hash } from "node:crypto";
import { isObject, type Row } from "./rows.ts";

/** Keys longer than this are kept as their hash. */
const MAX_KEY = 200;

/** A text that is equal for rows with equal values in the fields; null and missing are equal. At most 200 characters long. */
export function keyOf(row: Row, fields: readonly string[]): string {
  let key = "";
  for (const field of fields) key += partOf(row[field]);
  return shortKey(key);
}

/** The same for a row as a whole, whatever the order of its fields; null and missing differ. */
export function keyOfRow(row: Row): string {
  let key = "";
  for (const field of Object.keys(row).sort()) key += partOf(field) + partOf(row[field]);
  return shortKey(key);
}

/** The same for one value, whatever the order of keys inside. */
export function keyOfValue(value: unknown): string {
  return shortKey(partOf(value));
}

/** Tells its type and where it ends, so that parts after each other are equal only if each is. */
function partOf(value: unknown): string {
  if (typeof value === "string") return `s${value.length}:${value}`;
  if (typeof value === "number") return `n${value};`;
  if (value === null || value === undefined) return "z";
  if (typeof value === "boolean") return value ? "t" : "f";
  return `o${JSON.stringify(sorted(value))}`;
}

/** A key as it is, a long one as its SHA-256. */
export function shortKey(key: string): string {
  if (key.length <= MAX_KEY) return key;
  // UTF-8 has no lone surrogates: all would become the same character.
  return hash("sha256", key.isWellFormed() ? key : JSON.stringify(key), "base64");
}

/** The value with sorted keys, so that equal values have equal JSON. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return {
    entries: Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  };
}
