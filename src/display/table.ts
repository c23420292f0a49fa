import { ToolError } from "../errors.ts";
import type { Column, TablePart } from "./parts.ts";

export const MAX_ROWS = 1_000;
export const MAX_COLUMNS = 50;
/** Names of columns that an error lists. */
const LISTED = 30;

export type Row = Record<string, unknown>;

/** Every key of the rows, in the order in which they first come. */
export function keysOf(rows: readonly Row[]): string[] {
  const keys = new Set<string>();
  for (const row of rows) for (const key of Object.keys(row)) keys.add(key);
  return [...keys];
}

/**
 * The table of the rows. `columns` gives order, choice and titles, each entry a key or `key: title`; without it every key is a
 * column. Columns that are `needed` come last where `columns` leaves them out.
 * @throws ToolError `invalid_input` that names the column or the limit
 */
export function tableOf(rows: readonly Row[], columns: readonly string[] | undefined, needed: string[]): TablePart {
  const keys = keysOf(rows);
  const chosen =
    columns?.map((entry) => columnOf(entry, rows.length === 0 ? undefined : keys)) ??
    keys.map((key) => ({ key, title: key }));
  for (const key of needed) if (!chosen.some((column) => column.key === key)) chosen.push({ key, title: key });
  const twice = chosen.find(({ key }, place) => chosen.findIndex((column) => column.key === key) !== place);
  if (twice) throw wrong("columns", `"columns" names the column "${twice.key}" twice.`);
  if (chosen.length > MAX_COLUMNS) {
    throw wrong(
      columns ? "columns" : "rows",
      `A table has at most ${MAX_COLUMNS} columns, not ${chosen.length}.`,
      "Name those that matter in columns.",
    );
  }
  return {
    type: "table",
    columns: chosen,
    rows: rows.map((row) => chosen.map(({ key }) => (Object.hasOwn(row, key) ? (row[key] ?? null) : null))),
  };
}

/**
 * A key as it stands, even with a colon in it; otherwise the key before the colon and the title after it.
 * @param keys Those that there are; undefined where no row tells
 */
function columnOf(entry: string, keys: readonly string[] | undefined): Column {
  if (keys?.includes(entry)) return { key: entry, title: entry };
  const colon = entry.indexOf(":");
  const key = colon > 0 ? entry.slice(0, colon).trim() : entry;
  if (keys && !keys.includes(key)) throw unknownColumn("columns", key, keys);
  return { key, title: entry.slice(colon + 1).trim() || key };
}

/** The error for a column that no row has. */
export function unknownColumn(parameter: string, key: string, keys: readonly string[]): ToolError {
  const more = keys.length > LISTED ? ` and ${keys.length - LISTED} more` : "";
  const known = keys.slice(0, LISTED).map((each) => JSON.stringify(shortened(each)));
  return wrong(
    parameter,
    `"${parameter}" names the column ${JSON.stringify(shortened(key))}, which no row has.`,
    keys.length === 0 ? "The rows have no columns." : `Columns of the rows: ${known.join(", ")}${more}.`,
  );
}

/** `invalid_input` about one parameter. */
export function wrong(parameter: string, message: string, hint?: string): ToolError {
  return new ToolError("invalid_input", message, { hint, issues: [{ path: parameter, message }] });
}

export function shortened(text: string, length = 80): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
