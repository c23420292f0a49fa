import { ToolError } from "../../errors.ts";
import type { Pace } from "../pace.ts";
import { checkColumns, counted, createReasons, MAX_ROWS, newRow, type Row, show, toIssues } from "../rows.ts";

const CHUNK = 65_536;

/**
 * CSV (RFC 4180) or TSV with a header line: every cell is text. Quoted cells may hold delimiters and line ends; any line end
 * is taken; empty lines are skipped.
 * @throws ToolError `invalid_input` for a broken quote (with its line), an empty or repeated column name, and rows whose number
 * of cells differs from the header's (listed by row).
 */
export async function parseDelimited(text: string, delimiter: string, format: string, pace: Pace): Promise<Row[]> {
  const { parse } = await import("csv-parse");
  const parser = parse({
    delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: ["\r\n", "\n", "\r"],
  });
  const rows: Row[] = [];
  const reasons = createReasons();
  let header: string[] | undefined;
  let failure: Error | undefined;
  let count = 0;

  parser.on("error", (error) => {
    failure = error;
  });
  parser.on("data", (cells: string[]) => {
    if (!header) {
      header = cells;
      return;
    }
    count++;
    if (count > MAX_ROWS || failure) return;
    if (cells.length !== header.length) {
      const message = `row ${count} has ${cells.length} cells, the header has ${header.length}`;
      reasons.add({ row: count, field: null, rule: "columns", message, value: cells.join(delimiter) });
      return;
    }
    const row = newRow();
    for (let index = 0; index < header.length; index++) row[header[index] as string] = cells[index];
    rows.push(row);
  });
  // Listeners above run as the text goes in; between the chunks other work gets its turn.
  const ended = new Promise<void>((resolve) => parser.once("close", resolve).once("end", resolve));
  for (let start = 0; start < text.length && !failure; start += CHUNK) {
    await new Promise<void>((resolve) => parser.write(text.slice(start, start + CHUNK), () => resolve()));
    if (header) checkHeader(header, format);
    await pace();
  }
  if (!failure) parser.end();
  await ended;

  if (failure) throw broken(failure, delimiter, format);
  checkHeader(header ?? [], format);
  if (count > MAX_ROWS) {
    throw new ToolError("too_large", `The ${format} input has ${count} rows; at most ${MAX_ROWS} are taken.`, {
      hint: "Split the input into several calls.",
    });
  }
  const first = reasons.listed[0];
  if (first) {
    throw new ToolError(
      "invalid_input",
      `The ${format} input has ${counted(reasons.total, "ragged row")}: ${first.message}.`,
      {
        issues: toIssues(reasons.listed),
        hint: `Cells are separated by ${DELIMITER_NAMES[delimiter]} here. Every row needs as many as the header; put a cell that contains one in quotes.`,
      },
    );
  }
  return rows;
}

function checkHeader(header: readonly string[], format: string): void {
  checkColumns(header.length, format);
  const seen = new Set<string>();
  header.forEach((name, index) => {
    if (name.trim() === "")
      throw new ToolError("invalid_input", `Column ${index + 1} of the ${format} header has no name.`);
    if (seen.has(name)) {
      throw new ToolError("invalid_input", `The ${format} header has the column ${show(name)} twice.`, {
        hint: "Give every column a name of its own.",
      });
    }
    seen.add(name);
  });
}

const DELIMITER_NAMES: Record<string, string> = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes" };

/** The parser's faults in plain words, each with its own way out. */
function broken(error: Error, delimiter: string, format: string): ToolError {
  const { code, lines } = error as { code?: string; lines?: number };
  const place = lines === undefined ? "" : ` at line ${lines}`;
  const fault = (problem: string, hint?: string): ToolError =>
    new ToolError("invalid_input", `The ${format} input is broken${place}: ${problem}.`, { hint });
  switch (code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return fault(
        "the text ends inside a quoted cell",
        'A cell that begins with a quote must end with one; write a quote inside it as "".',
      );
    case "INVALID_OPENING_QUOTE":
      return fault(
        "a quote stands inside a cell that does not begin with one",
        'Put the whole cell in quotes and write the quote inside it as "": x"y becomes "x""y".',
      );
    case "CSV_INVALID_CLOSING_QUOTE":
      return fault(
        "text follows the closing quote of a cell",
        `After a quoted cell comes the end of the line or the delimiter (${DELIMITER_NAMES[delimiter]} here); write a quote inside a cell as "".`,
      );
    default:
      return fault(error.message.replace(/ at line \d+.*$/s, "").replace(/, value is .*$/s, ""));
  }
}

export interface DelimitedOptions {
  delimiter: string;
  header: boolean;
  escapeFormulas: boolean;
}

/**
 * Writes lines of cells as CSV with CRLF line ends (RFC 4180). With `escapeFormulas`, text that a spreadsheet would run
 * (beginning with = + - @ tab or CR, and no plain number) gets a leading apostrophe.
 */
export function writeDelimitedLine(cells: readonly unknown[], options: DelimitedOptions): string {
  const written = cells.map((cell) => writeCell(cell, options));
  // A lone empty cell would be an empty line, which readers skip.
  return `${written.length === 1 && written[0] === "" ? '""' : written.join(options.delimiter)}\r\n`;
}

function writeCell(cell: unknown, options: DelimitedOptions): string {
  if (cell === null || cell === undefined) return "";
  let text = typeof cell === "object" ? JSON.stringify(cell) : String(cell);
  if (options.escapeFormulas && typeof cell === "string" && /^[=+\-@\t\r]/.test(text) && !isPlainNumber(text)) {
    text = `'${text}`;
  }
  const quote = text.includes('"') || text.includes(options.delimiter) || /[\r\n]|^\s|\s$|^\uFEFF/.test(text);
  return quote ? `"${text.replaceAll('"', '""')}"` : text;
}

function isPlainNumber(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
}
