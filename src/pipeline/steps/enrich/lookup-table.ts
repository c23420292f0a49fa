import { type ErrorCode, ToolError } from "../../../errors.ts";
import { readerOf } from "../../formats/read-rows.ts";
import { meantName, type Options, readChoice, readObject, wrong } from "../../options.ts";
import { isObject, type Row, show } from "../../rows.ts";
import { toText } from "../../template.ts";

/** Formats of a table that is a text. */
const TABLE_FORMATS = ["csv", "tsv", "json", "ndjson", "yaml"] as const;

/** How keys are compared. */
export interface KeyOptions {
  ignoreCase: boolean;
  trim: boolean;
}

/** One text for the values of a key; undefined where one of them is missing. */
export function keyText(values: readonly unknown[], options: KeyOptions): string | undefined {
  if (values.length === 1) return partText(values[0], options);
  let key = "";
  for (const value of values) {
    const part = partText(value, options);
    if (part === undefined) return undefined;
    // The length keeps ["a", "bc"] and ["ab", "c"] apart.
    key += `${part.length}:${part}`;
  }
  return key;
}

function partText(value: unknown, { ignoreCase, trim }: KeyOptions): string | undefined {
  if (value === null || value === undefined) return undefined;
  let text = toText(value);
  if (trim) text = text.trim();
  return ignoreCase ? text.toLowerCase() : text;
}

/**
 * The entries of `table` by key: an object by key, a list of objects whose fields `keys` are theirs, or a text in a format of
 * tables (`table_format`; default: json where it begins like that, else csv).
 * @throws ToolError `invalid_input`, also for a key that is there twice.
 */
export function readTable(
  options: Options,
  keys: readonly string[],
  how: KeyOptions,
  where: string,
): Map<string, unknown> {
  const place = `${where}, "table"`;
  const given = typeof options.table === "string" ? parseTable(options, options.table, keys, where) : options.table;
  if (options.table_format !== undefined && typeof options.table !== "string") {
    throw wrong(where, '"table_format" is for a table that is a text.');
  }
  const table = new Map<string, unknown>();
  const add = (values: readonly unknown[], entry: unknown, at: string): void => {
    const key = keyText(values, how) as string;
    if (table.has(key)) {
      const shown = values.length === 1 ? show(values[0]) : show(values);
      throw wrong(at, `${keys.map(show).join(", ")} ${shown} is there twice.`);
    }
    table.set(key, entry);
  };
  if (!Array.isArray(given)) {
    const byKey = readObject(given, place);
    if (keys.length > 1) throw wrong(place, `must be a list of objects with ${keys.map(show).join(" and ")}.`);
    for (const [key, entry] of Object.entries(byKey)) add([key], entry, place);
    return table;
  }
  given.forEach((value: unknown, index) => {
    const at = `${place}, entry ${index + 1}`;
    const entry = readObject(value, at);
    const values = keys.map((key) => (Object.hasOwn(entry, key) ? entry[key] : undefined));
    const missing = keys.find((_, part) => values[part] === undefined || values[part] === null);
    if (missing !== undefined) {
      const meant = meantName(missing, Object.keys(entry));
      throw wrong(at, `has no ${show(missing)}.`, meant === undefined ? undefined : `Did you mean ${show(meant)}?`);
    }
    add(values, Object.fromEntries(Object.entries(entry).filter(([name]) => !keys.includes(name))), at);
  });
  return table;
}

/** A table that is a text: rows, or an object by key. */
function parseTable(options: Options, text: string, keys: readonly string[], where: string): unknown {
  const looksLikeJson = /^\s*[[{]/.test(text);
  const format = readChoice(options, "table_format", where, TABLE_FORMATS, looksLikeJson ? "json" : "csv");
  const rows: Row[] = [];
  const read = readerOf(format);
  try {
    const context = {
      options: {},
      note() {},
      bad({ row, message }: { row: number; message: string }): void {
        throw wrong(where, `"table": row ${row} of the ${format} text cannot be read: ${message}.`);
      },
    };
    for (const batch of read([text], context)) rows.push(...batch.rows);
  } catch (error) {
    if (!(error instanceof ToolError) || error.message.startsWith(where)) throw error;
    const code: ErrorCode = error.code;
    throw new ToolError(code, `${where}, "table": ${error.message}`, { hint: error.hint });
  }
  const [only] = rows;
  const isByKey = (format === "json" || format === "yaml") && rows.length === 1 && isObject(only);
  return isByKey && !keys.some((key) => Object.hasOwn(only as Row, key)) ? only : rows;
}
