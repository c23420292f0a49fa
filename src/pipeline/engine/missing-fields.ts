import { closestName } from "../closest-name.ts";
import { newRow, type Row, show } from "../rows.ts";
import { readPath } from "../template.ts";

/** Fields that an operation, an expression or a template reads. */
export interface FieldReads {
  /** By their exact name. */
  fields?: readonly string[];
  /** By name or by a dotted path into objects and lists. */
  paths?: readonly string[];
}

/** Rows whose names are looked through for the list and the close match of a message. */
const SAMPLED_ROWS = 200;
/** Names that a message lists, and those that are compared. */
const LISTED = 20;
const COMPARED = 500;

/** Looks in passing which fields are read but in none of the rows. */
export interface FieldWatch {
  /** Rows before they are changed. */
  see(rows: readonly Row[]): void;
  /** What none of the rows had, with what to say of it; nothing where there were no rows. */
  missing(words?: readonly string[]): { name: string; problem: string; help: string }[];
}

/** A watch over the rows of one run. It costs nothing once all fields were found. */
export function watchFields({ fields = [], paths = [] }: FieldReads): FieldWatch {
  const waitingFields = new Set(fields);
  const waitingPaths = new Set(paths);
  const sampled: Row[] = [];
  let seen = false;
  return {
    see(rows) {
      seen ||= rows.length > 0;
      if (waitingFields.size + waitingPaths.size === 0) return;
      for (const row of rows) {
        for (const field of waitingFields) if (Object.hasOwn(row, field)) waitingFields.delete(field);
        for (const path of waitingPaths) if (mayHave(row, path)) waitingPaths.delete(path);
        if (waitingFields.size + waitingPaths.size === 0) return;
      }
      // Copied, for rows are changed later.
      for (const row of rows.slice(0, SAMPLED_ROWS - sampled.length)) sampled.push(newRow(row));
    },
    missing(words) {
      if (!seen) return [];
      return [...waitingFields, ...waitingPaths].map((name) => ({ name, ...describeMissing(name, sampled, words) }));
    },
  };
}

/** Whether a row has the path, or cannot tell: null on the way may be an object, and a list any length, in other data. */
function mayHave(row: Row, path: string): boolean {
  if (readPath(row, path) !== undefined) return true;
  const parts = path.split(".");
  let value: unknown = row;
  for (const [index, part] of parts.entries()) {
    if (index > 0 && value === null) return true;
    if (Array.isArray(value) && /^\d+$/.test(part)) return true;
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return false;
    value = (value as Row)[part];
  }
  return true;
}

/**
 * What to say of a field that no row has, in two parts: the fault, and the names that there are with the closest one.
 * `words` are names that are no fields but could have been meant, such as `true`.
 */
function describeMissing(
  name: string,
  rows: readonly Row[],
  words: readonly string[] = [],
): { problem: string; help: string } {
  const known = namesBeside(name, rows);
  if (known.includes(name)) {
    const outer = JSON.stringify(name.slice(0, name.indexOf(".")));
    const ways = `{ "op": "flatten" }, or { "op": "lift", "field": ${outer} }`;
    return { problem: `no row has a field ${show(name)}.`, help: `It is inside ${outer}: put ${ways}, before it.` };
  }
  const close = closestName(name, [...known, ...words]);
  const listed = known.slice(0, LISTED).map(showName).join(", ");
  const more = known.length > LISTED ? `, … (${known.length} in all)` : "";
  const names = known.length === 0 ? "The rows have no fields." : `Fields: ${listed}${more}.`;
  return {
    problem: `no row has a field ${show(name)}.`,
    help: `${close === undefined ? "" : `Did you mean ${show(close)}? `}${names}`,
  };
}

/** The fields of the rows, or for a dotted path those inside the object that its beginning leads to. */
function namesBeside(path: string, rows: readonly Row[]): string[] {
  const top = new Set<string>();
  const inner = new Set<string>();
  const parent = path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : undefined;
  for (const row of rows.slice(0, SAMPLED_ROWS)) {
    for (const name of Object.keys(row)) if (top.size < COMPARED) top.add(name);
    const object = parent === undefined ? undefined : readPath(row, parent);
    if (typeof object !== "object" || object === null || Array.isArray(object)) continue;
    for (const name of Object.keys(object)) if (inner.size < COMPARED) inner.add(`${parent}.${name}`);
  }
  return [...(inner.size > 0 ? inner : top)];
}

function showName(name: string): string {
  return /^[\p{L}\p{N}_$.-]{1,80}$/u.test(name) ? name : show(name);
}
