import { ToolError } from "../../errors.ts";
import { eachPaced, type Pace } from "../pace.ts";
import { checkColumns, newRow, type Row } from "../rows.ts";
import { writeDelimitedLine } from "./delimited.ts";
import { writeMarkdownLine } from "./markdown.ts";
import { writeYamlEntry } from "./yaml.ts";

/** Formats of a result. */
export const OUTPUT_FORMATS = ["json", "csv", "ndjson", "yaml", "markdown"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Characters of a result. */
const MAX_OUTPUT = 33_554_432;

export interface OutputOptions {
  format: OutputFormat;
  /** Fields to write, in this order; undefined: all, in the order in which they first appear. */
  columns: readonly string[] | undefined;
  /** csv only. */
  delimiter: string;
  /** csv only: whether the first line names the columns. */
  header: boolean;
  /** csv only: whether text that a spreadsheet would run is made harmless. */
  escapeFormulas: boolean;
}

/**
 * The rows in the format: the rows themselves for json, text for all others.
 * @throws ToolError `too_large` where the result would be too long to send.
 */
export async function writeOutput(rows: readonly Row[], options: OutputOptions, pace: Pace): Promise<Row[] | string> {
  const parts: string[] = [];
  let length = 0;
  const write = (text: string): void => {
    length += text.length;
    if (length > MAX_OUTPUT) {
      throw new ToolError("too_large", `The result has more than ${MAX_OUTPUT} characters as ${options.format}.`, {
        hint: "Filter, limit or pick before the end of the pipeline.",
      });
    }
    parts.push(text);
  };
  const { format } = options;
  const chosen = options.columns && format !== "csv" && format !== "markdown" ? pick(rows, options.columns) : rows;
  switch (format) {
    case "json":
      // Measured by what it will be sent as.
      await eachPaced(chosen, pace, (row) => {
        length += JSON.stringify(row).length + 1;
        write("");
      });
      return [...chosen];
    case "ndjson":
      await eachPaced(chosen, pace, (row) => write(`${JSON.stringify(row)}\n`));
      break;
    case "yaml":
      if (chosen.length === 0) write("[]\n");
      await eachPaced(chosen, pace, (row) => write(writeYamlEntry(row)));
      break;
    case "csv": {
      const columns = await columnsOf(rows, options, pace);
      if (columns.length === 0) break;
      if (options.header) write(writeDelimitedLine(columns, options));
      await eachPaced(rows, pace, (row) => write(writeDelimitedLine(cells(row, columns), options)));
      break;
    }
    case "markdown": {
      const columns = await columnsOf(rows, options, pace);
      if (columns.length === 0) break;
      write(writeMarkdownLine(columns));
      write(`| ${columns.map(() => "---").join(" | ")} |\n`);
      await eachPaced(rows, pace, (row) => write(writeMarkdownLine(cells(row, columns))));
    }
  }
  return parts.join("");
}

function pick(rows: readonly Row[], columns: readonly string[]): Row[] {
  return rows.map((row) => {
    const picked = newRow();
    for (const column of columns) if (Object.hasOwn(row, column)) picked[column] = row[column];
    return picked;
  });
}

function cells(row: Row, columns: readonly string[]): unknown[] {
  return columns.map((column) => (Object.hasOwn(row, column) ? row[column] : undefined));
}

async function columnsOf(rows: readonly Row[], options: OutputOptions, pace: Pace): Promise<readonly string[]> {
  if (options.columns) return options.columns;
  const columns = new Set<string>();
  await eachPaced(rows, pace, (row) => {
    for (const key of Object.keys(row)) columns.add(key);
    checkColumns(columns.size, options.format);
  });
  return [...columns];
}
