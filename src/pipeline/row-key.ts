import { createHash } from "node:crypto";
import { ToolError } from "../errors.ts";
import { MAX_TOTAL_TEXT, type TextBudget } from "./expression/functions.ts";
import { isObject, type Row } from "./rows.ts";

/** Keys longer than this are kept as their hash. */
const MAX_KEY = 200;
/** Making and hashing a key costs far less than keeping text, so this many characters count as one of the budget. */
const KEY_CHARACTERS = 8;

/**
 * Equal for rows with equal values in the fields, whatever the order of keys inside; at most 200 characters long.
 * @throws ToolError `too_large` where the keys of the run take more text than its budget has.
 */
export function keyOf(row: Row, fields: readonly string[], budget: TextBudget, withNames = false): string {
  let length = 0;
  for (const field of fields) length += field.length + sizeOf(row[field]);
  spendKey(length, budget);
  return shortKey(
    JSON.stringify(fields.map((field) => (withNames ? [field, sorted(row[field])] : (sorted(row[field]) ?? null)))),
  );
}

/** Counts a long key before it is made. @throws ToolError `too_large` beyond the run's budget. */
export function spendKey(length: number, budget: TextBudget): void {
  if (length <= MAX_KEY) return;
  budget.used += length / KEY_CHARACTERS;
  if (budget.used > MAX_TOTAL_TEXT) {
    throw new ToolError("too_large", "The rows are too large to compare.", {
      hint: "Filter or limit the rows first, or name fields with short values.",
    });
  }
}

/** A key as it is, a long one as its SHA-256. */
export function shortKey(key: string): string {
  return key.length <= MAX_KEY ? key : createHash("sha256").update(key).digest("base64");
}

/** About the characters of a value's JSON, counted without making it; rows may share large values. */
export function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 4;
  let size = 2;
  if (Array.isArray(value)) for (const entry of value) size += 1 + sizeOf(entry);
  else for (const key of Object.keys(value)) size += key.length + 4 + sizeOf((value as Row)[key]);
  return size;
}

/** The value with sorted keys, so that equal values have equal JSON. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return {
    entries: Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  };
}
