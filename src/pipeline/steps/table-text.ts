import { type ErrorCode, ToolError } from "../../errors.ts";
import { readerOf } from "../formats/read-rows.ts";
import { type Options, readChoice, readString, wrong } from "../options.ts";
import { isObject, type Row, show } from "../rows.ts";

/** Formats of a table that is a text. */
const TABLE_FORMATS = ["csv", "tsv", "json", "ndjson", "yaml"] as const;

/**
 * The `table` of a step's options that is a text, in `table_format` (default: json where it begins like that, else csv): rows, or
 * an object by key, which is one in json or yaml without any of the fields `keys`.
 * @throws ToolError `invalid_input`, also for a text without rows, such as the name of a file
 */
export function readTableText(options: Options, keys: readonly string[], where: string): Row | Row[] {
  const text = readString(options, "table", where);
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
  if (only === undefined) throw noRows(text, format, where);
  const isByKey = (format === "json" || format === "yaml") && rows.length === 1 && isObject(only);
  return isByKey && !keys.some((key) => Object.hasOwn(only, key)) ? only : rows;
}

function noRows(text: string, format: string, where: string): ToolError {
  const trimmed = text.trim();
  const isSource = /^[a-z]+:\/\/\S+$/i.test(trimmed) || /^[^\r\n,;]+\.\w{2,8}$/.test(trimmed);
  return wrong(
    where,
    `the "table" ${show(trimmed)} has no rows: it is read as text in ${format}.`,
    isSource
      ? `The lookup of enrich reads a file of a folder or a kept result: write "source": ${show(trimmed)} instead of "table".`
      : "Write its first line with the names of the columns, and a line for each entry.",
  );
}
