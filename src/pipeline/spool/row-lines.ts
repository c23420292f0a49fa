import { BATCH_ROWS, type Batch } from "../batch.ts";
import { newRow, type Row } from "../rows.ts";
import type { WorkFile } from "./workspace.ts";

/** Characters that are written, and given as one batch, at once; a longer row is written and given by itself. */
const PIECE = 262_144;

/** Writes rows to a file, one a line: its number, a blank, its JSON. */
export interface RowLines {
  add(row: Row, number: number): void;
  /** Writes what is still held back. */
  flush(): void;
}

/** Appends to `file`. Its methods throw what the file's `write` throws. */
export function appendRows(file: WorkFile): RowLines {
  let held = "";
  return {
    add(row, number) {
      held += `${number} ${JSON.stringify(row)}\n`;
      if (held.length >= PIECE) {
        file.write(held);
        held = "";
      }
    },
    flush() {
      if (held) file.write(held);
      held = "";
    },
  };
}

/** The rows that `appendRows` wrote, in order, as they were; each time new ones, in batches of about `piece` characters at most. */
export function* readRows(file: WorkFile, piece = PIECE): Generator<Batch> {
  let rows: Row[] = [];
  let numbers: number[] = [];
  let characters = 0;
  for (const line of readLines(file, piece)) {
    const blank = line.indexOf(" ");
    numbers.push(Number(line.slice(0, blank)));
    rows.push(newRow(JSON.parse(line.slice(blank + 1))));
    characters += line.length;
    if (rows.length >= BATCH_ROWS || characters >= piece) {
      yield { rows, numbers };
      rows = [];
      numbers = [];
      characters = 0;
    }
  }
  if (rows.length > 0) yield { rows, numbers };
}

function* readLines(file: WorkFile, piece: number): Generator<string> {
  let begun: string[] = [];
  for (const chunk of file.read(piece)) {
    let from = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", from)) {
      const rest = chunk.slice(from, end);
      if (begun.length === 0) yield rest;
      else {
        yield begun.join("") + rest;
        begun = [];
      }
      from = end + 1;
    }
    if (from < chunk.length) begun.push(chunk.slice(from));
  }
}

/** About the bytes that a row takes in memory, counted without writing it; values that rows share count for each. */
export function weightOf(row: Row): number {
  let weight = 32;
  for (const field in row) {
    const value = row[field];
    weight += typeof value === "string" ? 24 + value.length : typeof value === "object" ? weightOfValue(value) : 12;
  }
  return weight;
}

/** The same of any value. */
export function weightOfValue(value: unknown): number {
  if (typeof value === "string") return 24 + value.length;
  if (typeof value !== "object" || value === null) return 12;
  let weight = 32;
  if (Array.isArray(value)) for (const entry of value) weight += weightOfValue(entry);
  else for (const key of Object.keys(value)) weight += 16 + weightOfValue((value as Row)[key]);
  return weight;
}
