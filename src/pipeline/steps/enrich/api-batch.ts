import { ToolError } from "../../../errors.ts";
import { type Options, optionalString, wrong } from "../../options.ts";
import { counted, isObject, newRow, type Row, show } from "../../rows.ts";
import { fillTemplates, readPath, templateFields, toText } from "../../template.ts";
import type { ApiRequest } from "../step.ts";
import { readAnswer, selectPart } from "./answer-fields.ts";
import { callApi } from "./call-api.ts";
import { type Answered, type CallPlan, readBatch } from "./call-plan.ts";

const MAX_BATCH = 1000;
/** What templates call the list of the batch's rows. */
const ROWS = "rows";

interface ApiParts {
  base: ApiRequest;
  templates: Record<string, unknown>;
  select: string | undefined;
  where: string;
}

/** What one row gives to a batch. */
interface Item {
  /** Of the fields that templates name, in their order. */
  values: unknown[];
  /** In the list `rows`. */
  row?: unknown;
  key?: string;
}

/**
 * `batch: { size, row?, separator?, key?, match? }`: one call for so many rows. In its templates `{{field}}` is the list of the
 * rows' values (with `separator` their text), `{{rows}}` the list of the rows, each as the template `row` makes it. The answer, or
 * its part `select`, is a list with an entry for each row in their order; with `key`, a field of the rows, each entry is for the
 * rows whose value its `match` (a path in the entry; default: as `key`) equals, or the answer is an object by key.
 * @throws ToolError `invalid_input` for wrong options.
 */
export function compileApiBatch(
  options: Options,
  { base, templates, select, where }: ApiParts,
): Pick<CallPlan, "paths" | "size" | "item" | "send"> | undefined {
  const batch = readBatch(options, ["row", "separator", "key", "match"], where, MAX_BATCH);
  if (!batch) return undefined;
  const { size, more } = batch;
  const key = optionalString(more, "key", batch.where);
  const match = optionalString(more, "match", batch.where) ?? key;
  if (more.match !== undefined && key === undefined)
    throw wrong(batch.where, '"match" needs "key", a field of the rows.');
  const { separator } = more;
  if (separator !== undefined && typeof separator !== "string") {
    throw wrong(batch.where, `"separator" must be a text, not ${show(separator)}.`);
  }
  const named = templateFields(templates);
  const takesRows = named.some((path) => path === ROWS || path.startsWith(`${ROWS}.`));
  const listed = named.filter((path) => path !== ROWS && !path.startsWith(`${ROWS}.`));
  if (named.length === 0) {
    throw wrong(where, "the request names no field of the rows.", 'Such as { "ids": "{{id}}" }, or a body "{{rows}}".');
  }
  if (more.row !== undefined && !takesRows)
    throw wrong(batch.where, '"row" needs "{{rows}}" somewhere in the request.');

  const rowPaths = takesRows && more.row !== undefined ? templateFields(more.row) : [];
  return {
    paths: [...new Set([...listed, ...rowPaths, ...(key === undefined ? [] : [key])])],
    size,
    item(row): Item {
      const value = key === undefined ? undefined : readPath(row, key);
      return {
        values: listed.map((path) => readPath(row, path) ?? null),
        ...(takesRows && { row: more.row === undefined ? row : fillTemplates(more.row, row) }),
        ...(value !== undefined && value !== null && { key: toText(value) }),
      };
    },
    async send(given, caller) {
      const items = given as readonly Item[];
      const known = items.filter((item) => key === undefined || item.key !== undefined);
      const noKey: Answered = {
        error: new ToolError("invalid_input", `the row has no ${show(key)} to match the answer by`),
      };
      if (known.length === 0) return items.map(() => noKey);
      const answer = await callApi({ ...base, ...fill(known) }, caller);
      const part = selectPart(answer, select, caller.seen);
      const answers = key === undefined ? byPosition(part, known.length) : byKey(part, known, match as string);
      let next = 0;
      return items.map((item) => (key === undefined || item.key !== undefined ? (answers[next++] as Answered) : noKey));
    },
  };

  function fill(items: readonly Item[]): object {
    const lists: Row = newRow();
    if (takesRows) lists[ROWS] = items.map((item) => item.row);
    for (const [index, path] of listed.entries()) {
      const values = items.map((item) => item.values[index]);
      lists[path] = separator === undefined ? values : values.map(toText).join(separator as string);
    }
    return fillTemplates(templates, lists) as object;
  }
}

function byPosition(list: unknown, count: number): Answered[] {
  if (!Array.isArray(list)) throw noList(list);
  if (list.length !== count) {
    throw new ToolError("invalid_response", `the answer has ${list.length} entries for ${counted(count, "row")}`, {
      hint: 'Give "key" in "batch", so that entries are matched by a field.',
    });
  }
  return list.map((value) => ({ value }));
}

function byKey(part: unknown, items: readonly Item[], match: string): Answered[] {
  const found = new Map<string, unknown[]>();
  const add = (key: unknown, value: unknown): void => {
    if (key === undefined || key === null) return;
    const same = found.get(toText(key));
    if (same) same.push(value);
    else found.set(toText(key), [value]);
  };
  if (Array.isArray(part)) for (const entry of part) add(readAnswer(entry, match), entry);
  else if (isObject(part)) for (const [key, value] of Object.entries(part)) add(key, value);
  // An object of which nothing fits has its entries somewhere inside.
  if (!Array.isArray(part) && !items.some(({ key }) => found.has(key as string))) throw noList(part);
  return items.map(({ key }): Answered => {
    const entries = found.get(key as string) ?? [];
    if (entries.length === 1) return { value: entries[0] };
    return {
      error:
        entries.length === 0
          ? new ToolError("not_found", `the answer has no entry for ${show(key)}`)
          : new ToolError("invalid_response", `the answer has ${entries.length} entries for ${show(key)}`),
    };
  });
}

function noList(value: unknown): ToolError {
  return new ToolError("invalid_response", `the answer has no list of entries, but ${show(value)}`, {
    hint: 'Say with "select" where in the answer the list is.',
  });
}
