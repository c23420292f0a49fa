import type { InputOptions } from "../formats/row-reader.ts";
import { checkKeys, type Options, optionalString, readChoice, readInteger, wrong } from "../options.ts";
import { MAX_DEPTH, show } from "../rows.ts";

const KEYS = [
  "encoding",
  "delimiter",
  "header",
  "skip_lines",
  "row_path",
  "skip_footer",
  "comment",
  "quote",
  "null_values",
  "on_bad_row",
];

/** What a row that cannot be read does: `stop` ends the run once all were read, `skip` leaves it out. */
export type OnBadRow = "stop" | "skip";

/** How the input is read, checked. */
export interface ReadingOptions {
  inputOptions: InputOptions;
  onBadRow: OnBadRow;
}

/**
 * Checks `{ encoding?, delimiter?, header?, skip_lines?, skip_footer?, comment?, quote?, row_path?, null_values?, on_bad_row? }`;
 * what is undefined is found out, or left to the format. `on_bad_row: "pad"` mends what it can and ends the run for the rest.
 * @throws ToolError `invalid_input` that names the key
 */
export function readInputOptions(options: Options, where = "input_options"): ReadingOptions {
  checkKeys(options, KEYS, where);
  const onBadRow = readChoice<OnBadRow | "pad">(options, "on_bad_row", where, ["stop", "skip", "pad"], "stop");
  const quote = readChoice<"auto" | "none">(options, "quote", where, ["auto", "none"], "auto");
  return {
    inputOptions: {
      encoding: optionalString(options, "encoding", where),
      delimiter: readDelimiter(options, where),
      header: readHeader(options, where),
      skipLines: readCount(options, "skip_lines", where, 1_000_000),
      skipFooter: readCount(options, "skip_footer", where, 1000),
      comment: readComment(options, where),
      quotes: quote === "none" ? false : undefined,
      pad: onBadRow === "pad" ? true : undefined,
      rowPath: readPath(options, where),
      nullValues: readNullValues(options, where),
    },
    onBadRow: onBadRow === "pad" ? "stop" : onBadRow,
  };
}

function readCount(options: Options, key: string, where: string, max: number): number | undefined {
  return options[key] === undefined ? undefined : readInteger(options, key, where, { min: 0, max });
}

function readPath(options: Options, where: string): string | undefined {
  const path = optionalString(options, "row_path", where);
  if (path === undefined || path.split(".").length <= MAX_DEPTH) return path;
  throw wrong(where, `"row_path" has more than ${MAX_DEPTH} names.`);
}

function readComment(options: Options, where: string): string | undefined {
  const { comment } = options;
  if (comment === undefined) return undefined;
  if (typeof comment === "string" && /^[^"\s]{1,10}$/.test(comment)) return comment;
  throw wrong(
    where,
    `"comment" must be what lines begin with that are left out, not ${show(comment)}.`,
    'Such as "#".',
  );
}

/** Names of delimiters that callers write out. */
const DELIMITERS: Record<string, string> = {
  tab: "\t",
  "\\t": "\t",
  comma: ",",
  semicolon: ";",
  pipe: "|",
  space: " ",
};

function readDelimiter(options: Options, where: string): string | undefined {
  const { delimiter } = options;
  if (delimiter === undefined || delimiter === "auto") return undefined;
  const sign =
    typeof delimiter === "string" && Object.hasOwn(DELIMITERS, delimiter) ? DELIMITERS[delimiter] : delimiter;
  if (typeof sign === "string" && /^[^"\r\n]$/u.test(sign)) return sign;
  throw wrong(where, `"delimiter" must be one character, not ${show(delimiter)}.`, 'Such as ";" or "tab".');
}

function readHeader(options: Options, where: string): InputOptions["header"] {
  const { header } = options;
  if (header === undefined || typeof header === "boolean" || header === "repair") return header;
  const isNames = Array.isArray(header) && header.length > 0 && header.every((name) => typeof name === "string");
  if (isNames) return header as string[];
  throw wrong(where, `"header" must be true, false, "repair" or a list of the columns' names, not ${show(header)}.`);
}

function readNullValues(options: Options, where: string): string[] | undefined {
  const { null_values: values } = options;
  if (values === undefined) return undefined;
  const list = typeof values === "string" ? [values] : values;
  if (Array.isArray(list) && list.every((value) => typeof value === "string")) return list as string[];
  throw wrong(where, `"null_values" must be a list of texts, not ${show(values)}.`, 'Such as ["", "NA", "n/a"].');
}
