import type { Row } from "../rows.ts";
import { weightOfValue } from "./row-lines.ts";

/**
 * The value with texts of its own: V8 keeps a part of a larger text as a view on it, so that a few values that are kept for long
 * would keep all of the input.
 */
export function ownValue(value: unknown): unknown {
  if (typeof value === "string") return value.length <= SHORT ? value : JSON.parse(JSON.stringify(value));
  return typeof value === "object" && value !== null ? JSON.parse(JSON.stringify(value)) : value;
}

/** Texts that are never views. */
const SHORT = 12;

/** Gives a row that is kept texts of its own; about the bytes that it takes in memory. */
export function ownRow(row: Row): number {
  let weight = 32;
  for (const field in row) {
    const value = row[field];
    weight += weightOfValue(value);
    if (typeof value === "string" ? value.length > SHORT : typeof value === "object") row[field] = ownValue(value);
  }
  return weight;
}
