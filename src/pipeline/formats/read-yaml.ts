import { ToolError } from "../../errors.ts";
import { BATCH_ROWS, type Batch } from "../batch.ts";
import { isObject, show } from "../rows.ts";
import { addRow, checkRowText, isFull, newBatch } from "./add-row.ts";
import { oneRowNote } from "./nested-lists.ts";
import { BrokenYaml, type OddScalars, parseYaml } from "./parse-yaml.ts";
import type { ReadContext, TextChunks } from "./row-reader.ts";

/** Characters of a document that has to be held as a whole. */
const MAX_DOCUMENT = 8_388_608;
/** Characters of list entries that are parsed at once. */
const ENTRIES_TEXT = 262_144;

/** What of the text has not been parsed yet. */
interface Pending {
  lines: string[];
  length: number;
  /** Line of the text at which it begins, from 1. */
  line: number;
  /** `list`: entries of a list at the left margin, each parsed by itself; `whole`: anything else; undefined: nothing of it came yet. */
  kind: "list" | "whole" | undefined;
  /** Places in `lines` where entries begin. */
  entries: number[];
  /** Whether there may be anchors, so that entries cannot be parsed apart. */
  anchors: boolean;
}

/**
 * Rows of YAML 1.2 (with `<<` of 1.1): the entries of each document that is a list, or of the list at `rowPath` (in each entry of
 * a list that the path meets); other documents are one row each. Lists at the left margin without anchors are read entry by entry, so that a broken entry is a row that
 * cannot be read; of several documents a broken one is, too. Tags make nothing but data. Digits with a zero or a plus sign first
 * stay text unless they are tagged: postal codes, numbers of telephones and articles.
 * @throws ToolError `invalid_input` with the line for other faults, `too_large` for long documents and rows, and for aliases that multiply
 */
export function* readYaml(chunks: TextChunks, context: ReadContext): Iterable<Batch> {
  const path = context.options.rowPath?.split(".") ?? [];
  let batch = newBatch();
  let number = 0;
  let documents = 1;
  let pending = begin(1);
  const scalars: OddScalars = {};

  function add(value: unknown): void {
    addRow(batch, value, ++number, context);
    tellOdd(value, number, scalars, context);
  }

  function addBad(message: string, rule: string, text: string): void {
    number++;
    context.bad({
      row: number,
      field: null,
      rule,
      message: `row ${number} ${message}`,
      value: text.slice(0, 200).trim(),
    });
  }

  function addDocument(value: unknown, text: string): void {
    const rows = path.length === 0 ? value : valueAt(value, path);
    if (rows === undefined) {
      const where = show(path.join("."));
      if (documents > 1) addBad(`(document ${documents}) has no rows at ${where}`, "yaml", text);
      else throw noRows(value, where);
    } else if (Array.isArray(rows)) for (const row of rows) add(row);
    else if (rows !== null || path.length > 0) {
      add(rows);
      const note = isObject(rows) ? oneRowNote(rows, "One document", path) : undefined;
      if (note !== undefined) context.note("row_path", note, true);
    }
  }

  /** Parses what is pending. `more` tells whether other documents follow. */
  function parse(more: boolean): void {
    const { kind, lines, line, entries, anchors } = pending;
    if (kind === undefined) return;
    const text = lines.join("");
    try {
      const values = parseYaml(text, anchors, scalars);
      const list = kind === "list" ? values.flat(1) : [];
      if (kind === "list" && list.length === entries.length) for (const value of list) add(value);
      else for (const value of values) addDocument(value, text);
    } catch (error) {
      if (!(error instanceof BrokenYaml)) throw error;
      if (kind === "list" && !anchors) addEntries(lines, entries, line);
      else if (more || documents > 1) addBad(`(document ${documents}) ${error.tell(line)}`, error.rule, text);
      else throw error.asToolError(line);
    }
  }

  /** Adds entries one by one, because one of them is broken. */
  function addEntries(lines: readonly string[], entries: readonly number[], line: number): void {
    for (const [index, start] of entries.entries()) {
      const text = lines.slice(start, entries[index + 1]).join("");
      try {
        add((parseYaml(text, false, scalars)[0] as unknown[])[0]);
      } catch (error) {
        if (!(error instanceof BrokenYaml)) throw error;
        addBad(error.tell(line + start), error.rule, text);
      }
    }
  }

  /** What of the rows fills batches; the rest stays. */
  function* fullBatches(): Iterable<Batch> {
    if (!isFull(batch)) return;
    const { rows, numbers } = batch;
    let from = 0;
    for (; from + BATCH_ROWS <= rows.length; from += BATCH_ROWS) {
      yield { rows: rows.slice(from, from + BATCH_ROWS), numbers: numbers.slice(from, from + BATCH_ROWS) };
    }
    batch = { rows: rows.slice(from), numbers: numbers.slice(from) };
  }

  let line = 0;
  for (const text of linesOf(chunks)) {
    line++;
    const marker = isMark(text, "---");
    if (marker && pending.kind !== undefined) {
      parse(true);
      pending = begin(line);
      documents++;
    }
    if (pending.kind === undefined && !marker) pending.kind = path.length > 0 ? wholeIfAny(text) : kindOf(text);
    else if (marker && text.length > 4 && !isEmptyLine(text.slice(3))) pending.kind = "whole";
    if (pending.kind === "list" && isMark(text, "-")) {
      if (!pending.anchors && (pending.entries.length >= BATCH_ROWS || pending.length >= ENTRIES_TEXT)) {
        parse(true);
        pending = { ...begin(line), kind: "list" };
      }
      pending.entries.push(pending.lines.length);
    }
    pending.anchors ||= mayHaveAnchor(text);
    pending.lines.push(text);
    pending.length += text.length;
    if (pending.kind !== "list" || pending.anchors) checkDocument(pending.length);
    else checkRowText(pending.length - ENTRIES_TEXT, number + 1, "yaml");
    yield* fullBatches();
  }
  parse(false);
  yield* fullBatches();
  if (batch.rows.length > 0) yield batch;
}

/** Tells of the first scalars that look like codes, with the row and field they are in. */
function tellOdd(value: unknown, row: number, scalars: OddScalars, context: ReadContext): void {
  const { code, shortened } = scalars;
  if (code !== undefined && code !== TOLD) {
    const where = placeOf(value, code, row);
    if (where !== undefined) {
      scalars.code = TOLD;
      const why = "a number would lose what it begins with";
      context.note("codes", `${where}: ${code} is taken as text, for ${why}. Cast such fields to have numbers.`, true);
    }
  }
  if (shortened === undefined || shortened === TOLD) return;
  const where = placeOf(value, Number(shortened), row);
  if (where === undefined) return;
  scalars.shortened = TOLD;
  context.note(
    "shortened_numbers",
    `${where}: ${shortened} is read as the number ${Number(shortened)}. In quotes it is text.`,
  );
}

const TOLD = "";

/** The row, and the field in which a value is; undefined where it is not. */
function placeOf(value: unknown, wanted: unknown, row: number): string | undefined {
  if (!isObject(value)) return holds(value, wanted) ? `Row ${row}` : undefined;
  const field = Object.keys(value).find((name) => name === wanted || holds(value[name], wanted));
  return field === undefined ? undefined : `Row ${row}, field ${show(field)}`;
}

function holds(value: unknown, wanted: unknown): boolean {
  if (typeof value !== "object" || value === null) return value === wanted;
  return Object.entries(value).some(([name, inner]) => name === wanted || holds(inner, wanted));
}

function begin(line: number): Pending {
  return { lines: [], length: 0, line, kind: undefined, entries: [], anchors: false };
}

/** Lines with their ends. */
function* linesOf(chunks: TextChunks): Iterable<string> {
  let pieces: string[] = [];
  let length = 0;
  for (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", start)) {
      const text = chunk.slice(start, end + 1);
      yield pieces.length === 0 ? text : pieces.join("") + text;
      pieces = [];
      length = 0;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    pieces.push(chunk.slice(start));
    length += chunk.length - start;
    checkDocument(length);
  }
  if (pieces.length > 0) yield pieces.join("");
}

/** Whether a line at the left margin begins with the sign, and nothing or a blank follows. */
function isMark(line: string, sign: string): boolean {
  if (!line.startsWith(sign)) return false;
  const code = line.charCodeAt(sign.length);
  return Number.isNaN(code) || code === 32 || code === 10 || code === 13 || code === 9;
}

function isEmptyLine(line: string): boolean {
  return /^[ \t]*(?:#.*)?\r?\n?$/.test(line);
}

function kindOf(line: string): Pending["kind"] {
  return isMark(line, "-") ? "list" : wholeIfAny(line);
}

function wholeIfAny(line: string): Pending["kind"] {
  return isEmptyLine(line) || line.startsWith("%") || isMark(line, "...") ? undefined : "whole";
}

/** Whether an anchor or alias may be in the line; text that only looks like one costs no more than memory. */
function mayHaveAnchor(line: string): boolean {
  if (!line.includes("&") && !line.includes("*")) return line.startsWith("%");
  return /(?:^[ \t]*|[-:?[{,][ \t]*)(?:!\S*[ \t]+)?[&*][^\s&*]/.test(line);
}

function checkDocument(length: number): void {
  if (length <= MAX_DOCUMENT) return;
  throw new ToolError("too_large", `A document of the yaml input has more than ${MAX_DOCUMENT} characters.`, {
    hint: "Longer ones are taken as a list whose dashes stand at the left margin, without anchors; or send json or ndjson.",
  });
}

/** The value at a path, in which a list stands for the values in each of its entries; undefined where one has none. */
function valueAt(value: unknown, path: readonly string[]): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (Array.isArray(value)) {
    const pages = value.map((page) => (isObject(page) ? valueAt(page, path) : undefined));
    return pages.includes(undefined) ? undefined : pages.flat(1);
  }
  return isObject(value) && Object.hasOwn(value, name) ? valueAt(value[name], rest) : undefined;
}

function noRows(value: unknown, where: string): ToolError {
  const names = isObject(value)
    ? Object.keys(value)
        .slice(0, 20)
        .map((name) => show(name))
        .join(", ")
    : "";
  return new ToolError("invalid_input", `The yaml input has no rows at ${where}.`, {
    hint: `"row_path" names the keys that lead to the list of rows, joined by dots.${names && ` Keys there: ${names}.`}`,
  });
}
