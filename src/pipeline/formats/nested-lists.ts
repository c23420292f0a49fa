import { isObject, type Row, show } from "../rows.ts";

/** Levels that are looked into, and lists that are named. */
const LEVELS = 4;
const LISTED = 10;

/**
 * The lists of objects inside a row, which may be the rows that are meant, each as a path and its length:
 * `"data.items" (25)`.
 */
function nestedLists(row: Row): string[] {
  const lists: string[] = [];
  const look = (object: Record<string, unknown>, path: readonly string[]): void => {
    for (const name of Object.keys(object)) {
      if (lists.length === LISTED) return;
      const value = object[name];
      const inner = [...path, name];
      if (Array.isArray(value) && isObject(value[0])) lists.push(`${show(inner.join("."))} (${value.length})`);
      else if (isObject(value) && inner.length < LEVELS) look(value, inner);
    }
  };
  look(row, []);
  return lists;
}

/** What is to be said of an input that was taken as one row, where there are lists in it. */
export function oneRowNote(row: Row, what: string, path: readonly string[] = []): string | undefined {
  const lists = nestedLists(row);
  if (lists.length === 0) return undefined;
  const below = path.length === 0 ? "" : ` (below ${show(path.join("."))})`;
  return `${what} was taken as one row. Lists in it${below}, which "row_path" of "input_options" would take as rows: ${lists.join(", ")}.`;
}
