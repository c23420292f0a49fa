import { ToolError } from "../../errors.ts";
import { show } from "../rows.ts";

/** Formats of a result. */
export const OUTPUT_FORMATS = ["json", "csv", "tsv", "ndjson", "yaml", "xml", "markdown"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** How rows are written. Numbers and dates are written as they are, whatever the format. */
export interface OutputOptions {
  format: OutputFormat;
  /** Fields to write, in this order; undefined: all, in the order in which they first appear. */
  columns: readonly string[] | undefined;
  /** csv: the character between cells. */
  delimiter: string;
  /** csv and tsv: whether the first line names the columns. */
  header: boolean;
  /** csv and tsv: whether text that a spreadsheet would run is made harmless. */
  escapeFormulas: boolean;
  /** csv and tsv: which cells are in quotes: those that need them, or all. */
  quote: "minimal" | "all";
  /** Line ends; undefined: what is usual for the format. */
  lineEnd: "crlf" | "lf" | undefined;
  /** csv and tsv: whether a byte order mark comes first, by which Excel knows UTF-8. */
  bom: boolean;
  /** csv, tsv, markdown and xml: the text for null and for fields that a row has not. */
  nullText: string;
  /** json and xml: blanks for each level; 0: a line for each row. */
  indent: number;
  /** xml: name of the element around all rows, and of the element of a row. */
  root: string;
  rowName: string;
}

/** How rows are written where nothing else is said. */
export function defaultOutput(format: OutputFormat): OutputOptions {
  return {
    format,
    columns: undefined,
    delimiter: ",",
    header: true,
    escapeFormulas: true,
    quote: "minimal",
    lineEnd: undefined,
    bom: false,
    nullText: "",
    indent: 0,
    root: "rows",
    rowName: "row",
  };
}

/** The format of that name; json where none is given. @throws ToolError `invalid_input` for a format that is not known */
export function outputFormatOf(name: string | undefined): OutputFormat {
  const format = OUTPUT_FORMATS.find((known) => known === (name?.toLowerCase() ?? "json"));
  if (format) return format;
  throw new ToolError(
    "invalid_input",
    `"output_format" must be one of ${OUTPUT_FORMATS.join(", ")}, not ${show(name)}.`,
  );
}
