import { defaultOutput, OUTPUT_FORMATS, type OutputFormat, type OutputOptions } from "../formats/output-options.ts";
import {
  checkKeys,
  type Options,
  optionalFields,
  readBoolean,
  readChoice,
  readInteger,
  readString,
  wrong,
} from "../options.ts";
import { show } from "../rows.ts";
import type { Batches, Step, StepContext } from "./step.ts";

/** The keys of the options, each with the formats that heed it. */
const KEYS: Record<string, readonly OutputFormat[]> = {
  format: OUTPUT_FORMATS,
  columns: OUTPUT_FORMATS,
  delimiter: ["csv"],
  header: ["csv", "tsv"],
  escape_formulas: ["csv", "tsv"],
  quote: ["csv", "tsv"],
  line_end: ["csv", "tsv", "ndjson", "xml", "markdown"],
  bom: ["csv", "tsv"],
  null_text: ["csv", "tsv", "markdown", "xml"],
  indent: ["json", "xml"],
  root: ["xml"],
  row_name: ["xml"],
};

const LINE_ENDS = ["crlf", "lf"] as const;
/** Characters of a text for null. */
const MAX_NULL_TEXT = 100;
/** Blanks of indentation, as many as JSON.stringify takes. */
const MAX_INDENT = 10;

/**
 * `{ format?, columns?, delimiter?, header?, escape_formulas?, quote?, line_end?, bom?, null_text?, indent?, root?, row_name? }`:
 * says how the result is written, `fallback` being the run's output format. Steps after it still work on the rows.
 * @throws ToolError `invalid_input` for wrong options.
 */
export function compileFormat(options: Options, where: string, fallback: OutputFormat): Pick<Step, "run" | "output"> {
  checkKeys(options, Object.keys(KEYS), where);
  const named = typeof options.format === "string" ? { ...options, format: options.format.toLowerCase() } : options;
  const usual = defaultOutput(readChoice(named, "format", where, OUTPUT_FORMATS, fallback));
  const output: OutputOptions = {
    ...usual,
    columns: readColumns(options, where),
    delimiter: readDelimiter(options, where),
    header: readBoolean(options, "header", where, usual.header),
    escapeFormulas: readBoolean(options, "escape_formulas", where, usual.escapeFormulas),
    quote: readChoice(options, "quote", where, ["minimal", "all"], usual.quote),
    lineEnd: options.line_end === undefined ? undefined : readChoice(options, "line_end", where, LINE_ENDS),
    bom: readBoolean(options, "bom", where, usual.bom),
    nullText: readNullText(options, where),
    indent: readInteger(options, "indent", where, { min: 0, max: MAX_INDENT, fallback: usual.indent }),
    root: readElementName(options, "root", where, usual.root),
    rowName: readElementName(options, "row_name", where, usual.rowName),
  };
  return {
    output,
    run: (rows, context) => passOn(rows, context, output, Object.keys(options)),
  };
}

/** Rows as they are; says which options have no effect. */
async function* passOn(
  rows: Batches,
  context: StepContext,
  { format }: OutputOptions,
  keys: readonly string[],
): Batches {
  context.record.format = format;
  const idle = keys.filter((key) => !KEYS[key]?.includes(format));
  if (idle.length > 0) {
    context.warn(
      `${idle.map((key) => show(key)).join(", ")} ${idle.length === 1 ? "has" : "have"} no effect on ${format}.`,
    );
  }
  yield* rows;
}

function readColumns(options: Options, where: string): string[] | undefined {
  const columns = optionalFields(options, "columns", where);
  const repeated = columns?.find((column, index) => columns.indexOf(column) !== index);
  if (repeated !== undefined) throw wrong(where, `"columns" has ${show(repeated)} twice.`);
  return columns;
}

function readDelimiter(options: Options, where: string): string {
  const delimiter = options.delimiter ?? ",";
  // Letters and digits would be found in nearly every cell; half a surrogate pair is no character.
  if (typeof delimiter !== "string" || !/^[^"\r\n\p{L}\p{N}\p{Cs}]$/u.test(delimiter) || delimiter.length !== 1) {
    throw wrong(
      where,
      `"delimiter" must be one character, not ${show(options.delimiter)}.`,
      'Such as "," or ";" or "|" or a tab; no letter, digit, quote or line end.',
    );
  }
  return delimiter;
}

function readNullText(options: Options, where: string): string {
  const text = options.null_text ?? "";
  if (typeof text !== "string" || text.length > MAX_NULL_TEXT) {
    throw wrong(where, `"null_text" must be a text of at most ${MAX_NULL_TEXT} characters, not ${show(text)}.`);
  }
  return text;
}

function readElementName(options: Options, key: string, where: string, usual: string): string {
  if (options[key] === undefined) return usual;
  const name = readString(options, key, where);
  if (!/^(?!xml)[A-Za-z_][\w.-]{0,99}$/i.test(name)) {
    throw wrong(
      where,
      `"${key}" must be the name of an XML element, not ${show(name)}.`,
      'Letters, digits, "_", "-" and ".", a letter first; not "xml".',
    );
  }
  return name;
}
