import { ToolError } from "../../errors.ts";
import type { Batch } from "../batch.ts";
import { MAX_DEPTH, MAX_REASONS, show } from "../rows.ts";
import { addRow, checkRowText, isFull, MAX_ROW_TEXT, newBatch, parseRow } from "./add-row.ts";
import { explainJson, near, placeIn } from "./explain-json.ts";
import { BrokenValue, createJsonScanner, type JsonScanner } from "./json-scanner.ts";
import { oneRowNote } from "./nested-lists.ts";
import type { ReadContext, TextChunks } from "./row-reader.ts";

const LIST = 91;
const LIST_END = 93;
const OBJECT = 123;
const OBJECT_END = 125;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const END = -1;

/**
 * Rows of a JSON text (RFC 8259): the elements of the list, or of the list at `rowPath`; a value that is no list is one row.
 * Where the path meets a list, such as one of pages, it goes on in each of its elements.
 * An element that is broken inside is a row that cannot be read. Of repeated names the last counts.
 * @throws ToolError `invalid_input` with line and column for other faults, `too_large` for deep nesting and very long rows
 */
export function* readJson(chunks: TextChunks, context: ReadContext): Iterable<Batch> {
  const scanner = createJsonScanner(chunks);
  const path = context.options.rowPath?.split(".") ?? [];
  try {
    const reading: Reading = { scanner, context, path, batch: newBatch(), row: 0, faults: 0 };
    yield* readAt(reading, 0, "the text");
    if (reading.batch.rows.length > 0) yield reading.batch;
    if (scanner.peek() !== END) {
      const lines = [OBJECT, LIST].includes(scanner.peek());
      throw broken(scanner, "text follows after the end", lines ? LINES_HINT : undefined);
    }
  } finally {
    scanner.close();
  }
}

const FORMAT_HINT = 'Set "input_format" if the text is csv, tsv, ndjson, yaml, xml or a markdown table.';
const LINES_HINT = 'Set "input_format" to "ndjson" if every line is a value of its own.';

interface Reading {
  scanner: JsonScanner;
  context: ReadContext;
  path: readonly string[];
  /** Rows that were not given out yet. */
  batch: Batch;
  /** Rows so far. */
  row: number;
  /** Broken ones. Only the first are listed, so the rest need no explanation. */
  faults: number;
}

/** The rows of the value that comes, to which the first `depth` names of the path led; `where` is its place, for messages. */
function* readAt(reading: Reading, depth: number, where: string, entry = ""): Iterable<Batch> {
  const { scanner, path } = reading;
  const isList = scanner.peek() === LIST;
  if (depth === path.length) {
    if (isList) yield* readList(reading);
    else readSingle(reading);
  } else if (isList) {
    yield* readPages(reading, depth);
  } else {
    enter(scanner, path, depth, where);
    yield* readAt(reading, depth + 1, `${show(path.slice(0, depth + 1).join("."))}${entry && ` of ${entry}`}`, entry);
    leave(scanner, path[depth] as string);
  }
}

/** The rows in each element of a list. */
function* readPages(reading: Reading, depth: number): Iterable<Batch> {
  const { scanner } = reading;
  scanner.take();
  if (scanner.peek() === LIST_END) {
    scanner.take();
    return;
  }
  for (let number = 1; ; number++) {
    const entry = `entry ${number}`;
    if (scanner.peek() === LIST) throw noRows(reading.path, `${entry} is no object`);
    yield* readAt(reading, depth, entry, entry);
    const next = scanner.peek();
    if (next !== COMMA && next !== LIST_END) throw broken(scanner, `a comma or ] is missing after ${entry}`);
    scanner.take();
    if (next === LIST_END) return;
  }
}

function* readList(reading: Reading): Iterable<Batch> {
  const { scanner, context } = reading;
  scanner.take();
  if (scanner.peek() === LIST_END) {
    scanner.take();
    return;
  }
  for (;;) {
    const number = ++reading.row;
    if (scanner.peek() === LIST_END) throw broken(scanner, "a comma stands before the closing bracket");
    const text = takeValue(scanner, `row ${number}`, number);
    try {
      addRow(reading.batch, parseRow(text), number, context);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const message =
        ++reading.faults > MAX_REASONS ? "the row is broken" : explainElement(error, scanner, text, number);
      context.bad({ row: number, field: null, rule: "json", message, value: text.slice(0, 200) });
    }
    if (isFull(reading.batch)) {
      yield reading.batch;
      reading.batch = newBatch();
    }
    const next = scanner.peek();
    if (next !== COMMA && next !== LIST_END) {
      if (next === END) throw broken(scanner, `the text ends inside the list, after row ${number}`);
      throw broken(scanner, `a comma or ] is missing after row ${number}`);
    }
    scanner.take();
    if (next === LIST_END) return;
  }
}

function explainElement(error: unknown, scanner: JsonScanner, text: string, number: number): string {
  const { line, column } = scanner.place(true);
  const { problem, at = 0 } = explainJson(error, text);
  const place = placeIn(text, at, line, column);
  return `row ${number} is broken: ${problem} at line ${place.line}, column ${place.column}${near(text, at)}`;
}

function readSingle(reading: Reading): void {
  const { scanner, context, path, batch } = reading;
  addRow(batch, parseWhole(scanner), ++reading.row, context);
  const row = batch.rows.at(-1);
  const note = row && oneRowNote(row, "One object", path);
  if (note !== undefined) context.note("row_path", note, true);
}

function parseWhole(scanner: JsonScanner): unknown {
  const text = takeValue(scanner, "the value", 1);
  try {
    return JSON.parse(text);
  } catch (error) {
    const { line, column } = scanner.place(true);
    const { problem, at = 0 } = explainJson(error, text);
    const place = placeIn(text, at, line, column);
    // A word is cut where the next value could begin; what follows says more.
    const rest = text.slice(at) + (text.startsWith("{") ? "" : scanner.near().replace(/^, near "(.*)"$/s, "$1"));
    throw brokenAt(problem, place, near(rest, 0));
  }
}

/** Goes into an object to the value of a name of the path. */
function enter(scanner: JsonScanner, path: readonly string[], depth: number, where: string): void {
  const name = path[depth] as string;
  if (scanner.peek() !== OBJECT) throw noRows(path, `${where} is no object`);
  scanner.take();
  const names: string[] = [];
  for (;;) {
    if (scanner.peek() === OBJECT_END) {
      const listed = names.slice(0, 20).map((one) => show(one));
      throw noRows(path, `${where} has no ${show(name)}${names.length > 0 ? `, but ${listed.join(", ")}` : ""}`);
    }
    const found = takeName(scanner);
    if (found === name) return;
    names.push(found);
    skipValue(scanner);
    if (scanner.peek() === COMMA) scanner.take();
    else if (scanner.peek() !== OBJECT_END) throw broken(scanner, "a comma or } is missing");
  }
}

/** Goes through what is left of an object after its member `name`. */
function leave(scanner: JsonScanner, name: string): void {
  for (;;) {
    const next = scanner.peek();
    if (next !== COMMA && next !== OBJECT_END) throw broken(scanner, "a comma or } is missing");
    scanner.take();
    if (next === OBJECT_END) return;
    if (takeName(scanner) === name) throw broken(scanner, `the name ${show(name)}, which has the rows, is there twice`);
    skipValue(scanner);
  }
}

function takeName(scanner: JsonScanner): string {
  if (scanner.peek() !== QUOTE) throw broken(scanner, "a name in double quotes is missing");
  const name = JSON.parse(takeValue(scanner, "a name", 0)) as string;
  if (scanner.peek() !== COLON) throw broken(scanner, "a colon is missing");
  scanner.take();
  return name;
}

/** Takes a value beside the rows; one that is very long is not looked into. */
function skipValue(scanner: JsonScanner): void {
  const text = takeValue(scanner, "a value", 0, true);
  if (text === undefined) return;
  try {
    JSON.parse(text);
  } catch (error) {
    const { line, column } = scanner.place(true);
    const { problem, at = 0 } = explainJson(error, text);
    throw brokenAt(problem, placeIn(text, at, line, column), near(text, at));
  }
}

/** The text of the next value. */
function takeValue(scanner: JsonScanner, what: string, number: number): string;
function takeValue(scanner: JsonScanner, what: string, number: number, mayDrop: boolean): string | undefined;
function takeValue(scanner: JsonScanner, what: string, number: number, mayDrop = false): string | undefined {
  if (scanner.peek() === END) throw broken(scanner, "the text ends where a value is missing");
  try {
    return scanner.value(mayDrop);
  } catch (error) {
    if (!(error instanceof BrokenValue)) throw error;
    if (error.kind === "length") checkRowText(MAX_ROW_TEXT + 1, Math.max(1, number), "json");
    if (error.kind === "depth") {
      const row = number > 0 ? `Row ${number}` : "A value beside the rows";
      throw tooDeep(row);
    }
    const { line, column } = scanner.place(true);
    const { problem, at } = explainJson(parserError(error.text), error.text);
    const place = placeIn(error.text, at ?? error.text.length, line, column);
    const ends = at === undefined || at >= error.text.length;
    throw brokenAt(ends ? `the text ends inside ${what}` : problem, place, near(error.text, at ?? error.text.length));
  }
}

function parserError(text: string): unknown {
  try {
    JSON.parse(text);
  } catch (error) {
    return error;
  }
  return undefined;
}

function tooDeep(what: string): ToolError {
  return new ToolError("too_large", `${what} is nested more than ${MAX_DEPTH} levels deep.`, {
    hint: "Flatten the data before sending it.",
  });
}

function noRows(path: readonly string[], problem: string): ToolError {
  return new ToolError("invalid_input", `The json input has no rows at ${show(path.join("."))}: ${problem}.`, {
    hint: '"row_path" names the members that lead to the list of rows, joined by dots.',
  });
}

function broken(scanner: JsonScanner, problem: string, hint?: string): ToolError {
  return brokenAt(problem, scanner.place(), scanner.near(), hint);
}

function brokenAt(
  problem: string,
  { line, column }: { line: number; column: number },
  nearText: string,
  hint = FORMAT_HINT,
): ToolError {
  return new ToolError(
    "invalid_input",
    `The json input is broken: ${problem} at line ${line}, column ${column}${nearText}.`,
    { hint },
  );
}
