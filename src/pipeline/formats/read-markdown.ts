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
 * too few or too many cells, which a page would show filled up or cut, is a bad row.
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
  let batch: Batch = { rows: [], numbers: [] };

  for (const text of textLines(chunks, "markdown")) {
    line++;
    if (names === undefined || make === undefined) {
      if (above !== undefined && isHeader(above, text)) {
        const found = tableCells(above);
        const dashed = tableCells(text).length;
        if (found.length === dashed) {
          checkHeader(found, "markdown");
          names = found;
          make = rowMaker(found);
        } else
          almost = `Line ${line} has ${counted(dashed, "cell")} of dashes, the names above it are ${found.length}.`;
      }
      above = text;
      continue;
    }
    if (text.trim() === "" || isOtherBlock(text)) break;
    number++;
    const cells: (string | null)[] = tableCells(text);
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
  // For a result that has no rows either.
  if (number === 0) context.note("columns", names);
  if (batch.rows.length > 0) yield batch;
}

function isHeader(above: string, text: string): boolean {
  return (above.includes("|") || text.includes("|")) && above.trim() !== "" && isRuler(text);
}

function isOtherBlock(text: string): boolean {
  return !text.trimStart().startsWith("|") && OTHER_BLOCK.test(text);
}
