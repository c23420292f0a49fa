import { createHash, type Hash } from "node:crypto";
import { closeSync, readSync } from "node:fs";
import { ToolError } from "../../errors.ts";
import { BATCH_ROWS, type Batch } from "../batch.ts";
import { type FileIdentity, openSame } from "../files/same-file.ts";
import { readerOf } from "../formats/read-rows.ts";
import type { ReadContext, TextChunks } from "../formats/row-reader.ts";
import { withoutApostrophe } from "../formats/write-delimited.ts";
import { type DecodedBytes, decodeBytes } from "../input/decode-bytes.ts";
import { detectFormat, INPUT_FORMATS, type InputFormat } from "../input/detect-format.ts";
import { refuseInvalid } from "../input/refuse-invalid.ts";
import { showInvalid } from "../input/text-decoders.ts";
import { createReasons, describeLarge, newRow, type Row, shorten, show, toIssues, toRow } from "../rows.ts";
import type { EngineOrder, InputRecord } from "./engine-order.ts";
import { badRows, guessedEncoding, ignoredOptions, noData, skippedRows, withoutRows } from "./input-remarks.ts";

const FILE_BYTES = 262_144;
const TEXT_LENGTH = 65_536;
/** Formats whose values are all text. */
const TEXT_ONLY: readonly string[] = ["csv", "tsv", "xml", "markdown"];

/** The input of a run while it is read. */
export interface ReadInput {
  format: string;
  /** Whether all values are text. */
  textCells: boolean;
  /** The rows, once. @throws ToolError `invalid_input` where the text as a whole cannot be read */
  batches: Iterable<Batch>;
  /** Share that has been read, from 0 to 1. */
  share(): number;
  rows(): number;
  /** Rows in all, where that is known before they are read. */
  total: number | undefined;
  /** Whether rows could not be read and the run is to end for it. Final once all was read. */
  failed(): boolean;
  /** The error of that. */
  error(): ToolError;
  record(): InputRecord;
  /** Names of a table's columns; of other formats, and before any row, none. */
  header(): readonly string[];
  /** What is probably not meant, or may be wrong. */
  warnings(): string[];
  /** The beginning of a text or a file; all of it where `complete`. */
  original(): { text: string; complete: boolean };
  /** SHA-256 of what was read. */
  digest(): string;
}

/**
 * Opens the input of a run. Nothing but its beginning is read before the rows are.
 * @throws ToolError `invalid_input` for a format or encoding that is not known, and an empty input
 */
export function readInput(order: EngineOrder, keepOriginal: number): ReadInput {
  const hash = createHash("sha256");
  const findings: Record<string, unknown> = {};
  const warned = new Set<string>();
  const reasons = createReasons();
  const progress = { done: 0, total: 1, rows: 0 };
  const start = { text: "", complete: true };

  const note: ReadContext["note"] = (key, value, warn = false) => {
    if (warned.has(key)) return;
    findings[key] = value;
    if (warn) warned.add(key);
  };

  let header: readonly string[] = [];
  const { format, batches, bytes } = open();
  const ignored = ignoredOptions(order, format);
  const counted = countRows(order.inputEscaped ? unescaped(batches) : batches, progress, () => {
    const told = order.input.kind !== "text" || (order.inputFormat ?? "auto").toLowerCase() !== "auto";
    const error = told || reasons.total > 0 ? undefined : noData(header);
    if (error) throw error;
  });
  const isHeaderOnly = () => progress.rows === 0 && reasons.total === 0 && header.length > 0;

  function open(): { format: string; batches: Iterable<Batch>; bytes?: DecodedBytes | undefined } {
    const { input } = order;
    if (input.kind === "rows") {
      if (order.inputFormat !== undefined && !["json", "auto"].includes(order.inputFormat.toLowerCase())) {
        throw new ToolError(
          "invalid_input",
          `"data" holds rows already; ${show(order.inputFormat)} input belongs in "text".`,
        );
      }
      progress.total = Math.max(1, input.rows);
      start.complete = input.lists.reduce((length, list) => length + list.length, 0) <= keepOriginal;
      return { format: "json", batches: readLists(input.lists, hash, progress, note) };
    }
    const decoded = decode(order, hash, progress);
    const chunks = peek(keepStart(decoded.chunks, start, keepOriginal));
    const format = formatOf(order, chunks.first);
    if (!/\S/.test(chunks.first) && chunks.only()) {
      throw new ToolError("invalid_input", `The ${format} input is empty.`, {
        hint: 'Give rows in "data" or text in "text".',
      });
    }
    const bytes = "encoding" in decoded ? decoded : undefined;
    const reader = bytes ? refuseInvalid(readerOf(format), bytes) : readerOf(format);
    const batches = reader(chunks.all(), {
      options: order.inputOptions,
      bad: (reason) => reasons.add(reason),
      note,
      header(names) {
        header = order.inputEscaped ? names.map(withoutApostrophe) : names;
      },
    });
    return { format, batches, bytes };
  }

  return {
    format,
    textCells: TEXT_ONLY.includes(format),
    batches: counted,
    share: () => Math.min(1, progress.done / progress.total),
    rows: () => progress.rows,
    total: order.input.kind === "rows" ? order.input.rows : undefined,
    failed: () => order.onBadRow === "stop" && reasons.total > 0,
    error: () =>
      badRows({
        format,
        good: progress.rows,
        reasons,
        start: findings.table_start as string | undefined,
        padded: order.inputOptions.pad === true,
      }),
    record: () => ({
      format,
      rows: progress.rows,
      ...(bytes && { encoding: bytes.encoding }),
      ...findings,
      ...(progress.rows === 0 && header.length > 0 && { columns: shownColumns(header) }),
      ...(reasons.total > 0 && { issues_total: reasons.total, issues: toIssues(reasons.listed) }),
    }),
    warnings: () => [
      ...ignored,
      ...[...warned].map((key) => String(findings[key])),
      ...(bytes ? guessedEncoding(bytes) : []),
      ...(isHeaderOnly() ? [withoutRows(format, header)] : []),
      ...(order.onBadRow === "skip" && reasons.total > 0 ? [skippedRows(progress.rows, reasons)] : []),
    ],
    header: () => header,
    original: () => (bytes?.invalidAt === undefined ? start : { ...start, text: showInvalid(start.text) }),
    digest: () => hash.copy().digest("hex"),
  };
}

/** Columns that the record lists, and characters of a name: a header can have megabytes. */
const MAX_COLUMNS_SHOWN = 100;
const MAX_NAME_SHOWN = 200;

function shownColumns(names: readonly string[]): unknown[] {
  return names.slice(0, MAX_COLUMNS_SHOWN).map((name) => shorten(name, MAX_NAME_SHOWN));
}

interface Progress {
  done: number;
  total: number;
  rows: number;
}

/** Rows of a table that was written for spreadsheets, as they were before. */
function* unescaped(batches: Iterable<Batch>): Iterable<Batch> {
  for (const { rows, numbers } of batches) {
    yield { rows: rows.map(unescapedRow), numbers };
  }
}

function unescapedRow(row: Row): Row {
  const made = newRow();
  for (const field of Object.keys(row)) {
    const value = row[field];
    made[withoutApostrophe(field)] = typeof value === "string" ? withoutApostrophe(value) : value;
  }
  return made;
}

/** Counts the rows; `none` is called at the end where there were none. */
function* countRows(batches: Iterable<Batch>, progress: Progress, none: () => void): Iterable<Batch> {
  for (const batch of batches) {
    progress.rows += batch.rows.length;
    yield batch;
  }
  if (progress.rows === 0) none();
}

function formatOf({ inputFormat, inputName }: EngineOrder, start: string): InputFormat {
  const wanted = inputFormat?.toLowerCase() ?? "auto";
  if (wanted === "auto") return detectFormat(inputName, start);
  const known = INPUT_FORMATS.find((format) => format === wanted);
  if (known) return known;
  throw new ToolError(
    "invalid_input",
    `"input_format" must be one of auto, ${INPUT_FORMATS.join(", ")}, not ${show(inputFormat)}.`,
  );
}

/** Rows of JSON lists, in batches. */
function* readLists(
  lists: readonly string[],
  hash: Hash,
  progress: Progress,
  note: ReadContext["note"],
): Iterable<Batch> {
  let number = 0;
  for (const list of lists) {
    hash.update(list);
    const values = JSON.parse(list) as unknown[];
    for (let from = 0; from < values.length; from += BATCH_ROWS) {
      const batch: Batch = { rows: [], numbers: [] };
      for (const value of values.slice(from, from + BATCH_ROWS)) {
        number++;
        batch.rows.push(toRow(value, number, (field) => note("large_numbers", describeLarge(field, number), true)));
        batch.numbers.push(number);
      }
      progress.done = number;
      yield batch;
    }
  }
}

function decode(order: EngineOrder, hash: Hash, progress: Progress): DecodedBytes | { chunks: TextChunks } {
  const { input, inputOptions } = order;
  if (input.kind === "text") {
    progress.total = Math.max(1, input.text.length);
    return { chunks: cutText(input.text, hash, progress) };
  }
  if (input.kind === "rows") throw new TypeError("Rows are not text.");
  const bytes = input.kind === "bytes" ? cutBytes(input.bytes, hash, progress) : readFile(input, hash, progress);
  return decodeBytes(bytes, { encoding: inputOptions.encoding });
}

function* cutText(text: string, hash: Hash, progress: Progress): TextChunks {
  const from = text.startsWith("\uFEFF") ? 1 : 0;
  for (let at = from; at < text.length; ) {
    let end = Math.min(text.length, at + TEXT_LENGTH);
    const last = text.charCodeAt(end - 1);
    // Not between the halves of a character.
    if (last >= 0xd800 && last < 0xdc00 && end < text.length) end++;
    const chunk = text.slice(at, end);
    hash.update(chunk);
    at = end;
    progress.done = at;
    yield chunk;
  }
}

function* cutBytes(bytes: Uint8Array, hash: Hash, progress: Progress): Iterable<Uint8Array> {
  progress.total = Math.max(1, bytes.length);
  for (let at = 0; at < bytes.length; at += FILE_BYTES) {
    const chunk = bytes.subarray(at, at + FILE_BYTES);
    hash.update(chunk);
    progress.done = at + chunk.length;
    yield chunk;
  }
}

function* readFile(file: FileIdentity, hash: Hash, progress: Progress): Iterable<Uint8Array> {
  progress.total = Math.max(1, file.size);
  const fd = openSame(file);
  try {
    for (let at = 0; at < file.size; ) {
      // A new one for each piece, for whoever takes it may keep it.
      const buffer = Buffer.allocUnsafe(FILE_BYTES);
      const length = readSync(fd, buffer, 0, Math.min(FILE_BYTES, file.size - at), at);
      if (length === 0) {
        throw new ToolError("invalid_input", "The source became shorter while it was read.", {
          hint: "Run the pipeline again when nobody writes the file.",
          retryable: true,
        });
      }
      at += length;
      const chunk = buffer.subarray(0, length);
      hash.update(chunk);
      progress.done = at;
      yield chunk;
    }
  } finally {
    closeSync(fd);
  }
}

/** Passes text on and keeps its beginning. */
function* keepStart(chunks: TextChunks, start: { text: string; complete: boolean }, length: number): TextChunks {
  for (const chunk of chunks) {
    if (start.complete) {
      const room = length - start.text.length;
      start.complete = chunk.length <= room;
      start.text += chunk.slice(0, room);
    }
    yield chunk;
  }
}

/** Text whose first piece, at least that has something in it, is looked at before all of it is read. */
function peek(chunks: TextChunks): { first: string; only(): boolean; all(): TextChunks } {
  const iterator = chunks[Symbol.iterator]();
  let first = "";
  let ended = false;
  while (!/\S/.test(first) && !ended) {
    const next = iterator.next();
    ended = next.done === true;
    if (!next.done) first += next.value;
  }
  return {
    first,
    only: () => ended,
    *all() {
      yield first;
      try {
        for (let next = iterator.next(); !next.done; next = iterator.next()) yield next.value;
      } finally {
        iterator.return?.();
      }
    },
  };
}
