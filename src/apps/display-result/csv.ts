import { numberOf, textOf } from "../../display/numbers.ts";

/** CSV (RFC 4180). A text that spreadsheets would run as a formula gets an apostrophe before it. */
export function toCsv(titles: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return [titles, ...rows].map((row) => row.map(field).join(",")).join("\r\n");
}

function field(cell: unknown): string {
  const text = textOf(cell);
  const safe = /^[=+\-@\t\r]/.test(text) && numberOf(text) === undefined ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}
