import {
  checkKeys,
  type Options,
  optionalFields,
  optionalString,
  readObject,
  readString,
  wrong,
} from "../../options.ts";
import { isObject, newRow, type Row, show } from "../../rows.ts";
import { toText } from "../../template.ts";

/** A compiled lookup. */
export interface Lookup {
  /** The field that holds the key. */
  field: string;
  /** Fields that it may set. */
  sets: readonly string[];
  /** Adds to a row what the table says of its key; gives what is missing where there is neither an entry nor a default. */
  apply(row: Row): { field: string; value: unknown; message: string } | undefined;
}

/**
 * `{ field, table, key?, fields?, into?, prefix?, default? }`: `table` is an object by key, or a list of objects with `key`
 * (default: `field`) naming theirs. An entry goes under `into`, or its fields go into the row, with `prefix` before their names.
 * @throws ToolError `invalid_input` for wrong options, such as a key that the list has twice.
 */
export function compileLookup(options: Options, where: string): Lookup {
  checkKeys(options, ["field", "table", "key", "fields", "into", "prefix", "default"], where);
  const field = readString(options, "field", where);
  const into = optionalString(options, "into", where);
  const prefix = optionalString(options, "prefix", where) ?? "";
  if (into !== undefined && prefix) throw wrong(where, 'give either "into" or "prefix".');
  const fields = optionalFields(options, "fields", where);
  const table = readTable(options, field, where);
  const fallback = options.default;
  const entries = fallback === undefined ? [...table.values()] : [...table.values(), fallback];
  const scalar = entries.find((entry) => !isObject(entry));
  if (into === undefined && scalar !== undefined) {
    throw wrong(where, `"into" must name the field for entries that are no objects, such as ${show(scalar)}.`);
  }
  const names = into === undefined ? entries.flatMap((entry) => Object.keys(entry as Row)) : [];
  const sets = into === undefined ? [...new Set(names)].map((name) => prefix + name) : [into];
  const apply: Lookup["apply"] = (row) => {
    const key = row[field];
    const found = key === null || key === undefined ? undefined : table.get(toText(key));
    const entry = found ?? fallback;
    if (entry === undefined) {
      if (into !== undefined) row[into] = null;
      const missing = key === undefined || key === null;
      const message = missing ? `the row has no ${show(field)} to look up` : `the table has no entry for ${show(key)}`;
      return { field, value: key ?? null, message };
    }
    const chosen = fields && isObject(entry) ? pickFields(entry, fields) : entry;
    if (into !== undefined) row[into] = chosen;
    else for (const [name, value] of Object.entries(chosen as Row)) row[prefix + name] = value;
    return undefined;
  };
  return { field, sets, apply };
}

function pickFields(entry: Record<string, unknown>, fields: readonly string[]): Row {
  const picked = newRow();
  for (const field of fields) if (Object.hasOwn(entry, field)) picked[field] = entry[field];
  return picked;
}

function readTable(options: Options, field: string, where: string): Map<string, unknown> {
  if (!Array.isArray(options.table)) {
    return new Map(Object.entries(readObject(options.table, `${where}, "table"`)));
  }
  const key = optionalString(options, "key", where) ?? field;
  const table = new Map<string, unknown>();
  options.table.forEach((entry: unknown, index) => {
    const place = `${where}, "table", entry ${index + 1}`;
    const { [key]: value, ...rest } = readObject(entry, place);
    if (value === undefined || value === null) throw wrong(place, `has no ${show(key)}.`);
    if (table.has(toText(value))) throw wrong(place, `${show(key)} ${show(value)} is there twice.`);
    table.set(toText(value), rest);
  });
  return table;
}
