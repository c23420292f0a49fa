import type { Batch } from "../batch.ts";
import { MAX_REASONS } from "../rows.ts";
import { addRow, checkRowText, isFull, newBatch, parseRow } from "./add-row.ts";
import { explainJson, near } from "./explain-json.ts";
import type { ReadContext, TextChunks } from "./row-reader.ts";

/**
 * One JSON value a line; empty lines are skipped, broken ones are rows that cannot be read. Lines end with \n or \r\n.
 * @throws ToolError `too_large` for very long lines
 */
export function* readNdjson(chunks: TextChunks, context: ReadContext): Iterable<Batch> {
  const skipped = context.options.skipLines ?? 0;
  let batch = newBatch();
  let line = 0;
  let number = 0;
  // Only the first faults are listed, so the rest need no explanation.
  let faults = 0;

  function add(text: string): void {
    line++;
    if (line <= skipped || isBlank(text)) return;
    number++;
    let value: unknown;
    try {
      value = parseRow(text);
    } catch (error) {
      const message = `line ${line} is broken${++faults > MAX_REASONS ? "" : explain(error, text)}`;
      context.bad({ row: number, field: null, rule: "json", message, value: text.slice(0, 200).trim() });
      return;
    }
    addRow(batch, value, number, context);
  }

  // Pieces of a line that has not ended yet; joined once it has.
  let pieces: string[] = [];
  let length = 0;
  for (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", start)) {
      const text = chunk.slice(start, end);
      add(pieces.length === 0 ? text : pieces.join("") + text);
      if (pieces.length > 0) pieces = [];
      length = 0;
      start = end + 1;
      if (isFull(batch)) {
        yield batch;
        batch = newBatch();
      }
    }
    if (start === chunk.length) continue;
    pieces.push(start === 0 ? chunk : chunk.slice(start));
    length += chunk.length - start;
    checkRowText(length, number + 1, "ndjson");
  }
  if (pieces.length > 0) add(pieces.join(""));
  if (batch.rows.length > 0) yield batch;
}

function explain(error: unknown, text: string): string {
  const { problem, at = 0 } = explainJson(error, text);
  return `: ${problem} at column ${at + 1}${near(text, at)}`;
}

function isBlank(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 13 && code !== 9) return false;
  }
  return true;
}
