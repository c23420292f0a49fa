import { ToolError } from "../../errors.ts";
import type { InputOptions } from "../formats/row-reader.ts";
import type { DecodedBytes } from "../input/decode-bytes.ts";
import { counted, type Reasons, show, toIssues } from "../rows.ts";
import type { EngineOrder } from "./engine-order.ts";

/** Bad rows at the end that may be a footer. */
const MAX_FOOTER = 10;

/** What is known of an input with bad rows. */
export interface BadInput {
  format: string;
  /** Rows that could be read. */
  good: number;
  reasons: Reasons;
  /** Where the table may begin, as a clause. */
  start: string | undefined;
  /** Whether short rows were filled up already. */
  padded: boolean;
}

/** The error of rows that could not be read, whose hint is what makes the input readable. */
export function badRows(input: BadInput): ToolError {
  const { format, start, reasons } = input;
  const { total, listed } = reasons;
  const what = format === "ndjson" ? "broken line" : "unreadable row";
  const hint = badRowsHint(input);
  return new ToolError(
    "invalid_input",
    `The ${format} input has ${counted(total, what)}: ${listed[0]?.message ?? ""}.`,
    { issues: toIssues(listed), hint: start === undefined ? hint : `${start}. Else: ${hint}` },
  );
}

function badRowsHint({ format, good, reasons: { total, listed }, padded }: BadInput): string {
  const pad = padded || !TABLES.includes(format) ? "" : '"pad" fills short rows up with null, ';
  const mend = `set "on_bad_row" of "input_options": ${pad}"skip" leaves such rows out`;
  if (good > total && total <= MAX_FOOTER && DELIMITED.includes(format) && listed.every(({ row }) => row > good)) {
    return `They are the last rows: "skip_footer": ${total} of "input_options" leaves them out. Or ${mend}.`;
  }
  if (listed.some(({ rule }) => rule === "quotes")) {
    return `Correct them, set "quote": "none" of "input_options" where quotes are signs like others, or ${mend}.`;
  }
  return `Correct them, or ${mend}.`;
}

/** The warning that rows were left out. */
export function skippedRows(good: number, { total, listed }: Reasons): string {
  const were = total === 1 ? "was" : "were";
  return `${total} of ${counted(good + total, "row")} could not be read and ${were} skipped: ${listed[0]?.message ?? ""}.`;
}

/** Characters that names of columns seldom have, or three words and more. */
const NO_NAME = /[{}[\]<>]|[.!?]$|\S\s+\S+\s+\S/;

/** The error of a text that a caller gave without its format, if one line is all it has and looks like anything but a name. */
export function noData(header: readonly string[]): ToolError | undefined {
  const [line] = header;
  if (header.length !== 1 || line === undefined || !NO_NAME.test(line.trim())) return undefined;
  const json = /^\s*[[{]/.test(line) ? ' "input_format": "json" tells what is wrong with it as JSON.' : "";
  return new ToolError("invalid_input", `The text is no data in a format that is known: ${show(line.trim())}.`, {
    hint: `Give rows as objects in "data", or in "text" a table with its header, JSON or the like.${json} "input_format": "csv" takes it for the name of a column.`,
  });
}

/** A warning where a table has names of columns and no rows. */
export function withoutRows(format: string, header: readonly string[]): string {
  const names = header.slice(0, MAX_NAMES).map(show).join(", ");
  const more = header.length > MAX_NAMES ? ", …" : "";
  const what = header.length === 1 ? "the name of a column" : "the names of columns";
  return `The ${format} input has no rows, only ${what}: ${names}${more}.`;
}

const MAX_NAMES = 10;

/** A warning where the encoding may be another one, for any bytes are text in those of one byte a letter. */
export function guessedEncoding({ encoding, guessed }: Pick<DecodedBytes, "encoding" | "guessed">): string[] {
  if (!guessed || !/^(windows-|iso-8859-|koi8-|ibm866|macintosh|x-mac-)/.test(encoding)) return [];
  return [
    `The encoding ${encoding} is a guess from the bytes. If letters look wrong, set "encoding" of "input_options", such as windows-1250 (Central Europe), windows-1252 (Western) or utf-8.`,
  ];
}

const TABLES: readonly string[] = ["csv", "tsv", "markdown"];
const DELIMITED: readonly string[] = ["csv", "tsv"];
const DOCUMENTS: readonly string[] = ["json", "yaml", "xml"];

/** What each option has an effect on. */
const EFFECTS: readonly [keyof InputOptions, string, readonly string[]][] = [
  ["delimiter", "delimiter", DELIMITED],
  ["header", "header", DELIMITED],
  ["skipLines", "skip_lines", [...DELIMITED, "ndjson"]],
  ["skipFooter", "skip_footer", DELIMITED],
  ["comment", "comment", DELIMITED],
  ["quotes", "quote", DELIMITED],
  ["nullValues", "null_values", TABLES],
  ["pad", "on_bad_row: pad", TABLES],
  ["rowPath", "row_path", DOCUMENTS],
];

/** Warnings of options that change nothing for this input. */
export function ignoredOptions({ input, inputOptions }: EngineOrder, format: string): string[] {
  if (input.kind === "rows") {
    const given = [...EFFECTS, ["encoding", "encoding"] as const].flatMap(([key, name]) =>
      inputOptions[key] === undefined ? [] : [name],
    );
    return given.length === 0
      ? []
      : [`input_options: ${given.join(", ")} of no effect, for "data" holds rows already.`];
  }
  const ignored = EFFECTS.filter(
    ([key, , formats]) => inputOptions[key] !== undefined && !formats.includes(format),
  ).map(([, name, formats]) => `input_options: ${name} has no effect on ${format}, but on ${formats.join(", ")}.`);
  return input.kind === "text" && inputOptions.encoding !== undefined
    ? [...ignored, "input_options: encoding has no effect on a text, which is decoded already."]
    : ignored;
}
