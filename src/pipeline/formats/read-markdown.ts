import { ToolError } from "../../errors.ts";
import { BATCH_ROWS, type Batch } from "../batch.ts";
import { counted } from "../rows.ts";
import { isRuler, tableCells } from "./markdown-cells.ts";
import { rowMaker } from "./row-maker.ts";
import type { ReadContext, TextChunks } from "./row-reader.ts";
import { checkHeader } from "./table-header.ts";
import { textLines } from "./text-lines.ts";

/** Characters of the rows of a batch, beyond which it is not filled up to its number of rows. */
const BATCH_TEXT = 1_048_576;
/** Characters of a row's text that a reason quotes. */
const QUOTED_TEXT = 80;

/** What ends a table beside an empty line: the beginning of another block. */
const OTHER_BLOCK = /^ {0,3}(#{1,6}(\s|$)|>|```|~~~|[-*+] |1[.)] |(\*\s*){3,}$|(_\s*){3,}$|(-\s*){3,}$|<[a-z!?/])/i;

/**
 * The first table of a Markdown text (GitHub Flavored Markdown, 4.10): a line of names, a line of dashes with as many cells, a
 * line for each row up to an empty one or another block. Cells are text, or null where they are one of `nullValues`. A row with
 * too few cells is filled up with empty ones, as a page shows it (with null where rows are padded); one with more cells that are
 * filled, which a page would cut, and one without any pipe are bad rows. Tells of further tables.
 * @throws ToolError `invalid_input` where there is no table, or a column is unnamed or repeated
 */
export function* readMarkdown(chunks: TextChunks, context: ReadContext): Iterable<Batch> {
  const nulls = new Set(context.options.nullValues);
  let above: string | undefined;
  let almost: string | undefined;
  let names: string[] | undefined;
  let make: ReturnType<typeof rowMaker> | undefined;
  let line = 0;
  let number = 0;
  let size = 0;
  let padded = 0;
  let ended = false;
  let further = 0;
  let batch: Batch = { rows: [], numbers: [] };

  for (const text of textLines(chunks, "markdown")) {
    line++;
    if (ended) {
      if (above !== undefined && isHeader(above, text) && tableCells(above).length === tableCells(text).length)
        further++;
      above = text;
      continue;
    }
    if (names === undefined || make === undefined) {
      if (above !== undefined && isHeader(above, text)) {
        const found = tableCells(above);
        const dashed = tableCells(text).length;
        if (found.length === dashed) {
          checkHeader(found, "markdown");
          names = found;
          make = rowMaker(found);
          context.header?.(found);
        } else
          almost = `Line ${line} has ${counted(dashed, "cell")} of dashes, the names above it are ${found.length}.`;
      }
      above = text;
      continue;
    }
    if (text.trim() === "" || isOtherBlock(text)) {
      ended = true;
      above = undefined;
      continue;
    }
    number++;
    const cells: (string | null)[] = tableCells(text);
    if (cells.length !== names.length && fitCells(cells, names.length, text, context.options.pad ? null : "")) padded++;
    if (cells.length !== names.length) {
      const message = `row ${number} has ${counted(cells.length, "cell")}, the header has ${names.length} (line ${line})`;
      context.bad({ row: number, field: null, rule: "columns", message, value: text.slice(0, QUOTED_TEXT + 1) });
      continue;
    }
    if (nulls.size > 0) for (let at = 0; at < cells.length; at++) if (nulls.has(cells[at] as string)) cells[at] = null;
    batch.rows.push(make(cells));
    batch.numbers.push(number);
    size += text.length;
    if (batch.rows.length === BATCH_ROWS || size > BATCH_TEXT) {
      yield batch;
      batch = { rows: [], numbers: [] };
      size = 0;
    }
  }
  if (names === undefined) {
    throw new ToolError("invalid_input", "The markdown input holds no table.", {
      hint: almost ?? "A table is a line of names, a line of dashes such as |---|---|, and a line for each row.",
    });
  }
  if (padded > 0) context.note("padded_rows", padded);
  if (further > 0) {
    const more = further === 1 ? "a further table that was" : `${further} further tables that were`;
    context.note("further_tables", `The text has ${more} not read; only the first one was.`, true);
  }
  if (batch.rows.length > 0) yield batch;
}

/** Makes a row as wide as the table; false where that would lose cells that are filled, or there is no pipe in it. */
function fitCells(cells: (string | null)[], width: number, text: string, filling: string | null): boolean {
  if (!text.includes("|") || cells.slice(width).some((cell) => cell !== "")) return false;
  while (cells.length < width) cells.push(filling);
  cells.length = width;
  return true;
}

function isHeader(above: string, text: string): boolean {
  return (above.includes("|") || text.includes("|")) && above.trim() !== "" && isRuler(text);
}

function isOtherBlock(text: string): boolean {
  return !text.trimStart().startsWith("|") && OTHER_BLOCK.test(text);
}
