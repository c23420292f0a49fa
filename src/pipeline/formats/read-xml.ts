import { SaxesParser } from "saxes";
import { ToolError } from "../../errors.ts";
import type { Batch } from "../batch.ts";
import { isObject, MAX_DEPTH, newRow, type Row, show } from "../rows.ts";
import { checkRowText, isFull, newBatch } from "./add-row.ts";
import { oneRowNote } from "./nested-lists.ts";
import type { ReadContext, TextChunks } from "./row-reader.ts";
import { decodeName } from "./xml-names.ts";

/** Different children of the root that wait until one is repeated. */
const MAX_HELD = 1000;
/** Names that a message or a note lists. */
const LISTED = 20;

/** An element of a row while it is read. */
interface Open {
  name: string;
  /** Attributes and children; undefined as long as there are none. */
  fields: Row | undefined;
  text: string;
  /** Whether white space around the text counts. */
  preserve: boolean;
}

/**
 * Rows of XML 1.0: the elements at `rowPath` (names from the root on, joined by dots, or the last of them where only elements
 * at one place are called so), or else the children of the root. A root whose children have different names and are not repeated is one row. Attributes are fields `@name`, text beside
 * attributes or children is `#text`, repeated children are a list, names are kept with their prefix. Values are text, without
 * the white space around it unless `xml:space` is `preserve`. A DOCTYPE is skipped: its entities are not known.
 * @throws ToolError `invalid_input` with line and column where the text is not well-formed, `too_large` for deep nesting and very long rows
 */
export function* readXml(chunks: TextChunks, context: ReadContext): Iterable<Batch> {
  const { rowPath } = context.options;
  const parser = new SaxesParser({ xmlns: false });
  const queue: (Row | string)[] = [];
  const rows = rowPath === undefined ? childRows(queue, context) : undefined;
  const names: string[] = [];
  const open: Open[] = [];
  const fieldNames = new Map<string, string>();
  const paths = new Set<string>();
  let root: Open | undefined;
  // Where the elements of `rowPath` are.
  let found: string | undefined;
  // Characters since the last event, and in the row that is read.
  let waiting = 0;
  let length = 0;
  let number = 0;

  const fieldName = (name: string): string => {
    let field = fieldNames.get(name);
    if (field === undefined) {
      field = decodeName(name);
      if (fieldNames.size < 10_000) fieldNames.set(name, field);
    }
    return field;
  };

  function start(name: string, attributes: Record<string, string>, parent: Open | undefined): Open {
    const element: Open = { name, fields: undefined, text: "", preserve: parent?.preserve ?? false };
    for (const attribute in attributes) {
      const value = attributes[attribute] as string;
      if (attribute === "xml:space") element.preserve = value === "preserve";
      else {
        element.fields ??= newRow();
        element.fields[`@${fieldName(attribute)}`] = value;
      }
    }
    return element;
  }

  function isRow(name: string): boolean {
    if (rowPath === undefined) return names.length === 2;
    if (!rowPath.endsWith(name)) return false;
    const path = names.join(".");
    if (path === found) return true;
    if (path !== rowPath && !path.endsWith(`.${rowPath}`)) return false;
    if (found !== undefined) throw ambiguous(rowPath, found, path);
    found = path;
    return true;
  }

  parser.on("opentag", ({ name, attributes }) => {
    waiting = 0;
    names.push(name);
    if (open.length > MAX_DEPTH || names.length > 2 * MAX_DEPTH) throw tooDeep(number + 1);
    if (names.length === 1) root = start(name, attributes, undefined);
    if (open.length > 0 || isRow(name)) {
      if (open.length === 0) length = 0;
      open.push(start(name, attributes, open.at(-1) ?? root));
    } else if (paths.size < LISTED && names.length > 1) paths.add(names.slice(1).join("."));
  });
  parser.on("text", addText);
  parser.on("cdata", addText);
  function addText(text: string): void {
    waiting = 0;
    const inner = open.at(-1) ?? (names.length === 1 ? root : undefined);
    if (inner) inner.text += text;
  }
  for (const event of ["comment", "processinginstruction", "doctype"] as const) {
    parser.on(event, () => {
      waiting = 0;
    });
  }
  parser.on("closetag", () => {
    waiting = 0;
    names.pop();
    const element = open.pop();
    if (!element) {
      if (names.length === 0) rows?.end(root as Open);
      return;
    }
    const parent = open.at(-1);
    const value = contentOf(element);
    if (parent) addField(parent, fieldName(element.name), value);
    else if (rows) rows.add(element.name, fieldName(element.name), value);
    else queue.push(value);
  });
  parser.on("error", (error) => {
    throw broken(error.message);
  });

  let batch = newBatch();
  function* batches(): Iterable<Batch> {
    for (const value of queue) {
      batch.rows.push(rowOf(value));
      batch.numbers.push(++number);
      if (!isFull(batch)) continue;
      yield batch;
      batch = newBatch();
    }
    queue.length = 0;
  }

  for (const chunk of chunks) {
    waiting += chunk.length;
    length += chunk.length;
    parser.write(chunk);
    checkRowText(open.length > 0 ? length : waiting, number + queue.length + 1, "xml");
    yield* batches();
  }
  parser.close();
  yield* batches();
  if (batch.rows.length > 0) yield batch;
  // A root without any element inside is a list of no rows.
  if (rowPath !== undefined && number === 0 && paths.size > 0) throw noRows(rowPath, [...paths]);
}

/** Tells rows among the children of the root: all, unless they are the different fields of one row. */
function childRows(
  queue: (Row | string)[],
  context: ReadContext,
): { add(name: string, field: string, value: Row | string): void; end(root: Open): void } {
  let held: { field: string; value: Row | string }[] | undefined = [];
  const counts = new Map<string, number>();

  function release(): void {
    for (const { value } of held ?? []) queue.push(value);
    held = undefined;
  }

  return {
    add(name, field, value) {
      const count = counts.get(name);
      if (count !== undefined || counts.size < MAX_HELD) counts.set(name, (count ?? 0) + 1);
      if (!held) {
        queue.push(value);
        return;
      }
      held.push({ field, value });
      if (name === "row" || count !== undefined || held.length > MAX_HELD) release();
    },
    end(root) {
      const first = held?.[0];
      if (held && first && (held.length > 1 || (typeof first.value === "string" && first.value !== ""))) {
        for (const { field, value } of held) addField(root, field, value);
        const row = contentOf(root);
        queue.push(row);
        held = undefined;
        const note = isObject(row) ? oneRowNote(row, "The root") : undefined;
        if (note !== undefined) context.note("row_path", note, true);
      } else if (held && !first && trim(root.text) !== "") queue.push(contentOf(root));
      else if (counts.size > 1) {
        const listed = [...counts].slice(0, LISTED).map(([name, count]) => `${name} (${count})`);
        context.note("row_path", `All children of the root were taken as rows: ${listed.join(", ")}.`, true);
      }
      release();
    },
  };
}

function addField(element: Open, field: string, value: Row | string): void {
  element.fields ??= newRow();
  const { fields } = element;
  const before = fields[field];
  // Values are texts and objects, so a list is one of repeated elements.
  if (before === undefined) fields[field] = value;
  else if (Array.isArray(before)) before.push(value);
  else fields[field] = [before, value];
}

function contentOf({ fields, text, preserve }: Open): Row | string {
  const kept = preserve && (fields === undefined || trim(text) !== "" || !hasChildren(fields)) ? text : trim(text);
  if (!fields) return kept;
  if (kept !== "") fields["#text"] = kept;
  return fields;
}

function hasChildren(fields: Row): boolean {
  return Object.keys(fields).some((name) => !name.startsWith("@"));
}

function rowOf(value: Row | string): Row {
  if (isObject(value)) return value;
  return value === "" ? newRow() : newRow({ "#text": value });
}

/** A text without the white space of XML around it (section 2.3). */
function trim(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return from === 0 && to === text.length ? text : text.slice(from, to);
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 9 || code === 13;
}

/** The parser's error, `line:column: what`. */
function broken(message: string): ToolError {
  const [, line, column, what = message] = /^(?:.*?:)?(\d+):(\d+): (.*)$/s.exec(message) ?? [];
  const place = line === undefined ? "" : ` at line ${line}, column ${column}`;
  return new ToolError("invalid_input", `The xml input is broken${place}: ${what.replace(/\.$/, "").slice(0, 200)}.`, {
    hint: /entit/.test(what)
      ? "Known are &amp; &lt; &gt; &quot; &apos; and numbers such as &#160;; entities of a DOCTYPE are not taken."
      : undefined,
  });
}

function tooDeep(row: number): ToolError {
  return new ToolError("too_large", `Row ${row} of the xml input is nested more than ${MAX_DEPTH} levels deep.`, {
    hint: 'Flatten the data before sending it, or set "row_path" to elements further inside.',
  });
}

function ambiguous(path: string, one: string, other: string): ToolError {
  return new ToolError("invalid_input", `The xml input has elements ${show(path)} in several places.`, {
    hint: `"row_path" must be the whole path of one, such as ${show(one)} or ${show(other)}.`,
  });
}

function noRows(path: string, seen: readonly string[]): ToolError {
  return new ToolError("invalid_input", `The xml input has no elements at ${show(path)}.`, {
    hint: `"row_path" names the elements that lead to the rows, joined by dots. There are: ${seen.join(", ")}.`,
  });
}
