import { arranged, type Order } from "../column-order.ts";
import { checkColumns, newRow, type Row } from "../rows.ts";
import type { OutputOptions } from "./output-options.ts";
import type { RowWriter, TextSink } from "./row-writer.ts";

/** How a format writes lines of cells. */
export interface TableLines {
  /** The lines before the first row, with their ends; empty where there are none. */
  header(columns: readonly string[]): string;
  /** Records that the header has; a record is a line, but for line ends in quotes. */
  headerRecords: number;
  /** The line of a row, with its end. */
  row(row: Row, columns: readonly string[]): string;
  /** Whether cells in quotes may hold line ends. */
  quotes: boolean;
  /** A line without its end, of so many columns, with as many empty cells added as `missing` says. */
  pad(line: string, columns: number, missing: number): string;
  lineEnd: string;
}

/**
 * Writes rows as a table whose columns are the chosen ones, or those of all rows in the order in which they first appear,
 * where some are named by whole numbers in this `order`; a table without rows has all of that. Later rows may bring new ones: lines are written with the columns known so far, and at the end the shorter ones are padded.
 */
export function createTableWriter(
  options: OutputOptions,
  lines: TableLines,
  sink: TextSink,
  order: () => Order,
): RowWriter {
  const chosen = options.columns;
  const columns: string[] = [...(chosen ?? [])];
  const known = new Set(columns);
  // From which row on lines have how many columns.
  const widths: { row: number; columns: number }[] = [];
  let written = 0;
  // Rows without any field before the first column is known.
  let blank = 0;

  // The columns as rows have them.
  const learnt: string[] = [];

  function learn(rows: readonly Row[]): void {
    const before = learnt.length;
    for (const row of rows) {
      let place = 0;
      for (const name in row) {
        // Rows mostly have the same fields in the same order.
        if (learnt[place++] === name || known.has(name)) continue;
        known.add(name);
        learnt.push(name);
      }
    }
    if (learnt.length === before) return;
    checkColumns(learnt.length, options.format);
    columns.push(...arranged(learnt.slice(before), order()));
  }

  function begin(): void {
    const header = lines.header(columns);
    if (header !== "") sink.write(header);
  }

  function writeBlank(): void {
    const row = newRow();
    for (; blank > 0; blank--) sink.write(lines.row(row, columns));
  }

  return {
    write(rows) {
      if (!chosen) learn(rows);
      if (columns.length === 0) {
        blank += rows.length;
        return;
      }
      if (widths.at(-1)?.columns !== columns.length) {
        if (widths.length === 0) begin();
        widths.push({ row: written, columns: columns.length });
        written += blank;
        writeBlank();
      }
      for (const row of rows) sink.write(lines.row(row, columns));
      written += rows.length;
    },
    end() {
      if (widths.length === 0 && columns.length === 0 && blank === 0) {
        const usual = order().names;
        checkColumns(usual.length, options.format);
        columns.push(...usual);
      }
      if (widths.length === 0 && columns.length > 0) begin();
      if (widths.length > 1) sink.rewrite((chunks) => widen(chunks, lines, columns, widths));
    },
  };
}

/** A written table with the header of all columns and every row as wide. */
function* widen(
  chunks: Iterable<string>,
  lines: TableLines,
  columns: readonly string[],
  widths: readonly { row: number; columns: number }[],
): Iterable<string> {
  const header = lines.header(columns);
  if (header !== "") yield header;
  let at = -lines.headerRecords;
  let epoch = 0;
  for (const record of records(chunks, lines)) {
    const row = at++;
    if (row < 0) continue;
    while (row >= (widths[epoch + 1]?.row ?? Infinity)) epoch++;
    const width = (widths[epoch] as { columns: number }).columns;
    const missing = columns.length - width;
    if (missing === 0) yield record;
    else yield `${lines.pad(record.slice(0, -lines.lineEnd.length), width, missing)}${lines.lineEnd}`;
  }
}

/** The records of a written table, each with its line end. */
function* records(chunks: Iterable<string>, { quotes }: TableLines): Iterable<string> {
  let rest = "";
  let quoted = false;
  for (const chunk of chunks) {
    const text = rest + chunk;
    let start = 0;
    for (let at = rest.length; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) quoted = quotes && !quoted;
      else if (code === LINE_FEED && !quoted) {
        yield text.slice(start, at + 1);
        start = at + 1;
      }
    }
    rest = text.slice(start);
  }
}

const QUOTE = 34;
const LINE_FEED = 10;
