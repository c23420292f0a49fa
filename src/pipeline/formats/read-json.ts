import { ToolError } from "../../errors.ts";
import type { Batch } from "../batch.ts";
import { MAX_DEPTH, MAX_REASONS, show } from "../rows.ts";
import { addRow, checkRowText, isFull, MAX_ROW_TEXT, newBatch, parseRow } from "./add-row.ts";
import { explainJson, near, placeIn } from "./explain-json.ts";
import { BrokenValue, createJsonScanner, type JsonScanner } from "./json-scanner.ts";
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
 * An element that is broken inside is a row that cannot be read. Of repeated names the last counts.
 * @throws ToolError `invalid_input` with line and column for other faults, `too_large` for deep nesting and very long rows
 */
export function* readJson(chunks: TextChunks, context: ReadContext): Iterable<Batch> {
  const scanner = createJsonScanner(chunks);
  const path = context.options.rowPath?.split(".") ?? [];
  try {
    descend(scanner, path);
    if (scanner.peek() === LIST) yield* readList(scanner, context);
    else yield readSingle(scanner, context, path);
    for (const name of path.toReversed()) leave(scanner, name);
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

function* readList(scanner: JsonScanner, context: ReadContext): Iterable<Batch> {
  let batch = newBatch();
  // Only the first faults are listed, so the rest need no explanation.
  let faults = 0;
  scanner.take();
  if (scanner.peek() === LIST_END) {
    scanner.take();
    return;
  }
  for (let number = 1; ; number++) {
    if (scanner.peek() === LIST_END) throw broken(scanner, "a comma stands before the closing bracket");
    const text = takeValue(scanner, `row ${number}`, number);
    try {
      addRow(batch, parseRow(text), number, context);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const message = ++faults > MAX_REASONS ? "the row is broken" : explainElement(error, scanner, text, number);
      context.bad({ row: number, field: null, rule: "json", message, value: text.slice(0, 200) });
    }
    if (isFull(batch)) {
      yield batch;
      batch = newBatch();
    }
    const next = scanner.peek();
    if (next !== COMMA && next !== LIST_END) {
      if (next === END) throw broken(scanner, `the text ends inside the list, after row ${number}`);
      throw broken(scanner, `a comma or ] is missing after row ${number}`);
    }
    scanner.take();
    if (next === LIST_END) break;
  }
  if (batch.rows.length > 0) yield batch;
}

function explainElement(error: unknown, scanner: JsonScanner, text: string, number: number): string {
  const { line, column } = scanner.place(true);
  const { problem, at = 0 } = explainJson(error, text);
  const place = placeIn(text, at, line, column);
  return `row ${number} is broken: ${problem} at line ${place.line}, column ${place.column}${near(text, at)}`;
}

function readSingle(scanner: JsonScanner, context: ReadContext, path: readonly string[]): Batch {
  const batch = newBatch();
  const value = parseWhole(scanner);
  addRow(batch, value, 1, context);
  const lists = Object.entries(batch.rows[0] ?? {}).flatMap(([name, entry]) =>
    Array.isArray(entry) && typeof entry[0] === "object"
      ? [`${show([...path, name].join("."))} (${entry.length})`]
      : [],
  );
  if (lists.length > 0) context.note("row_path", `One object, taken as one row. Lists in it: ${lists.join(", ")}.`);
  return batch;
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

/** Goes into objects to the value of a path. */
function descend(scanner: JsonScanner, path: readonly string[]): void {
  for (const [depth, name] of path.entries()) {
    const where = depth === 0 ? "the text" : show(path.slice(0, depth).join("."));
    if (scanner.peek() !== OBJECT) throw noRows(path, `${where} is no object`);
    scanner.take();
    const names: string[] = [];
    for (;;) {
      if (scanner.peek() === OBJECT_END) {
        const listed = names.slice(0, 20).map((one) => show(one));
        throw noRows(path, `${where} has no ${show(name)}${names.length > 0 ? `, but ${listed.join(", ")}` : ""}`);
      }
      const found = takeName(scanner);
      if (found === name) break;
      names.push(found);
      skipValue(scanner);
      if (scanner.peek() === COMMA) scanner.take();
      else if (scanner.peek() !== OBJECT_END) throw broken(scanner, "a comma or } is missing");
    }
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
      throw new ToolError("too_large", `${row} is nested more than ${MAX_DEPTH} levels deep.`, {
        hint: "Flatten the data before sending it.",
      });
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
