import { ToolError } from "../../errors.ts";
import { BATCH_ROWS, type Batch } from "../batch.ts";
import { counted, MAX_COLUMNS, shorten } from "../rows.ts";
import { createRecords, type DelimitedRecords, delimiterName } from "./delimited-records.ts";
import { detectDelimiter } from "./detect-delimiter.ts";
import { type FoundTable, findTable } from "./find-table.ts";
import { rowMaker } from "./row-maker.ts";
import type { ReadContext, RowReader, TextChunks } from "./row-reader.ts";
import { skipFooter } from "./skip-footer.ts";
import { skipLines } from "./skip-lines.ts";
import { checkGivenHeader, checkHeader, numberedHeader, repairedHeader } from "./table-header.ts";

/** Characters that the delimiter is found out from. */
const SAMPLE = 65_536;
/** Characters of the rows of a batch, beyond which it is not filled up to its number of rows; a cell counts as some more. */
const BATCH_TEXT = 1_048_576;
const CELL_TEXT = 8;
/** Characters of a row's text that a reason quotes. */
const QUOTED_TEXT = 80;

/**
 * CSV (RFC 4180, with what real files have beside): every cell is text, or null where it is one of `nullValues`. Quoted cells
 * may hold delimiters and line ends; any line end is taken; empty lines are no rows. The delimiter is found out where it is not
 * given; a first line `sep=;` names it, as Excel writes and reads it. Lines above the table are left out where it is clear where
 * it begins. Ragged rows and those with a stray quote are bad rows.
 * @throws ToolError `invalid_input` for a quote that swallows lines, or an empty or repeated column name; `too_large` beyond
 * the limits of columns and of a row's length
 */
export const readCsv: RowReader = (chunks, context) => readDelimited(chunks, context, "csv");

/** Like `readCsv`, with tabs between cells unless another delimiter is given. */
export const readTsv: RowReader = (chunks, context) => readDelimited(chunks, context, "tsv");

function readDelimited(chunks: TextChunks, context: ReadContext, format: "csv" | "tsv"): Iterable<Batch> {
  const { skipFooter: count = 0 } = context.options;
  const read = (inner: ReadContext): Iterable<Batch> => readTable(chunks, inner, format);
  return count === 0 ? read(context) : skipFooter(read, count, context);
}

function* readTable(chunks: TextChunks, context: ReadContext, format: "csv" | "tsv"): Iterable<Batch> {
  const { header = true, nullValues = [], skipLines: skipped = 0, pad = false, quotes, comment } = context.options;
  checkGivenHeader(header);
  const start = startOf(skipLines(chunks, skipped), context, format);
  context.note("delimiter", start.delimiter);
  const records = createRecords(start.delimiter, format, { firstLine: skipped + start.lines + 1, quotes, comment });
  const nulls = new Set(nullValues);
  const named = header === true || header === "repair";
  const cells = records.cells as (string | null)[];
  let names: readonly string[] | undefined = typeof header === "object" ? header : undefined;
  let make = names && rowMaker(names);
  if (names) context.header?.(names);
  let number = 0;
  let size = 0;
  let padded = 0;
  let batch: Batch = { rows: [], numbers: [] };

  for (const chunk of withEnd(start.chunks)) {
    if (chunk === undefined) records.finish();
    else records.feed(chunk);
    while (records.next()) {
      if (make === undefined || names === undefined) {
        const first = headerOf(records, start.delimiter, format, context);
        names = first;
        make = rowMaker(first);
        context.header?.(first);
        if (named) continue;
      }
      if (records.count !== names.length || records.fault) {
        if (isBlank(records)) continue;
        if (!pad || !padCells(records, names.length)) {
          number++;
          reportBad(records, number, names, header, delimiterName(start.delimiter), context);
          continue;
        }
        padded++;
      }
      number++;
      if (nulls.size > 0)
        for (let at = 0; at < names.length; at++) if (nulls.has(cells[at] as string)) cells[at] = null;
      batch.rows.push(make(cells));
      batch.numbers.push(number);
      size += records.length + CELL_TEXT * names.length;
      if (batch.rows.length === BATCH_ROWS || size > BATCH_TEXT) {
        yield batch;
        batch = { rows: [], numbers: [] };
        size = 0;
      }
    }
  }
  if (padded > 0) context.note("padded_rows", padded);
  if (batch.rows.length > 0) yield batch;
}

/** Gives a record as many cells as there are columns; false where that would lose some that are filled, or quotes are broken. */
function padCells({ cells, count, fault }: DelimitedRecords, columns: number): boolean {
  if (fault || count > MAX_COLUMNS) return false;
  for (let at = columns; at < count; at++) if (cells[at] !== "") return false;
  (cells as (string | null)[]).fill(null, count, columns);
  return true;
}

/** The delimiter, and the text after a line that does nothing but name it. */
function startOf(
  chunks: TextChunks,
  context: ReadContext,
  format: "csv" | "tsv",
): { delimiter: string; lines: number; chunks: TextChunks } {
  const { comment } = context.options;
  const given = context.options.delimiter ?? (format === "tsv" ? "\t" : undefined);
  if (given !== undefined) checkDelimiter(given);
  const source = chunks[Symbol.iterator]();
  let sample = "";
  let next = source.next();
  for (; !next.done; next = source.next()) {
    sample += next.value;
    if (sample.length >= SAMPLE) break;
  }
  const named = format === "csv" ? /^sep=([^\r\n"])(?:\r\n|\n|\r(?=.))/i.exec(sample) : null;
  const text = named ? sample.slice(named[0].length) : sample;
  const complete = next.done === true;
  const known = given ?? named?.[1];
  const delimiter = known ?? detectDelimiter(withoutComments(text, comment), complete);
  const lines = named ? 1 : 0;
  const rest = after(text, complete ? undefined : source);
  const found = tableIn(text, context, { delimiter, given: known !== undefined, complete, comment });
  if (!found) return { delimiter, lines, chunks: rest };
  const above = lines + found.lines;
  const options = `"skip_lines": ${above}, "delimiter": ${JSON.stringify(found.delimiter)}`;
  if (!found.sure) {
    context.note("table_start", `If the table begins at line ${above + 1}, set ${options} in "input_options"`);
    return { delimiter, lines, chunks: rest };
  }
  context.note("skip_lines", above);
  const what = `${counted(above, "line")} above the table ${above === 1 ? "was" : "were"} left out`;
  const begins = JSON.stringify(shorten(text.trimStart().split(/[\r\n]/, 1)[0]));
  context.note("above_table", `${what}, from ${begins} on. Set ${options} in "input_options" to say so.`, true);
  return { delimiter: found.delimiter, lines: above, chunks: skipLines(rest, found.lines) };
}

/** A table below other lines, where it is not told how many. */
function tableIn(
  text: string,
  { options }: ReadContext,
  reading: { delimiter: string; given: boolean; complete: boolean; comment: string | undefined },
): FoundTable | undefined {
  if (options.skipLines !== undefined || options.quotes === false || typeof options.header === "object")
    return undefined;
  const found = findTable(text, reading.delimiter, reading);
  return found && options.header === false ? { ...found, sure: false } : found;
}

function withoutComments(text: string, comment: string | undefined): string {
  if (comment === undefined) return text;
  return text
    .split(/(?<=\n|\r(?!\n))/)
    .filter((line) => !line.startsWith(comment))
    .join("");
}

function* after(text: string, source: Iterator<string> | undefined): TextChunks {
  yield text;
  for (let next = source?.next(); next && !next.done; next = source?.next()) yield next.value;
}

function checkDelimiter(delimiter: string): void {
  if (delimiter.length === 1 && !/["\r\n]/.test(delimiter)) return;
  throw new ToolError(
    "invalid_input",
    `The delimiter ${JSON.stringify(shorten(delimiter))} cannot stand between cells.`,
    {
      hint: 'It is one character, and neither a quote nor a line end: "," ";" "|" or "\\t", for example.',
    },
  );
}

/** The chunks, and `undefined` after them. */
function* withEnd(chunks: TextChunks): Iterable<string | undefined> {
  yield* chunks;
  yield undefined;
}

/** The names of the columns: the cells of the first record, or as many numbered ones. */
function headerOf(
  records: DelimitedRecords,
  delimiter: string,
  format: string,
  { options: { header = true }, note }: ReadContext,
): string[] {
  const named = header !== false;
  const cells = named ? records.cells.slice(0, records.count) : numberedHeader(records.count);
  if (named && records.fault) {
    const { problem, help } = records.fault;
    throw new ToolError("invalid_input", `The ${format} input is broken at line ${records.line()}: ${problem}.`, {
      hint: `In the header: ${help}.`,
    });
  }
  const names = header === "repair" ? repairedHeader(cells) : cells;
  const changed = names.filter((name, index) => name !== cells[index]);
  if (changed.length > 0) note("named_columns", changed);
  checkHeader(names, format, { lastLine: records.lastLine(), delimiter });
  return names;
}

/** Whether a record is nothing but blanks, which is an empty line to whoever looks at it. */
function isBlank({ count, cells }: DelimitedRecords): boolean {
  return count === 1 && (cells[0] as string).trim() === "";
}

function reportBad(
  records: DelimitedRecords,
  row: number,
  names: readonly string[],
  header: ReadContext["options"]["header"],
  delimiter: string,
  context: ReadContext,
): void {
  const { fault, count } = records;
  const value = records.raw(QUOTED_TEXT + 1);
  if (fault) {
    const message = `row ${row} is broken at line ${records.line()}: ${fault.problem}; ${fault.help}`;
    context.bad({ row, field: names[fault.cell] ?? null, rule: "quotes", message, value });
    return;
  }
  const columns =
    header === true || header === "repair"
      ? `the header has ${names.length}`
      : header === false
        ? `the first row has ${names.length}`
        : `${counted(names.length, "name")} ${names.length === 1 ? "is" : "are"} given`;
  const message = `row ${row} has ${counted(count, "cell")}, ${columns} (line ${records.line()}, cells separated by ${delimiter})`;
  const title =
    header !== false && names.length === 1 ? "; if the first line is a title, leave it out with skip_lines" : "";
  context.bad({ row, field: null, rule: "columns", message: message + title, value });
}
