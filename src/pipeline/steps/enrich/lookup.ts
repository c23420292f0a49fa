import {
  checkKeys,
  type Options,
  optionalFields,
  optionalString,
  readBoolean,
  readFields,
  wrong,
} from "../../options.ts";
import { counted, isObject, newRow, type Row, show } from "../../rows.ts";
import { readPath } from "../../template.ts";
import { copy } from "./answer-fields.ts";
import { type EnrichBatch, failRow, type RowProblem, type Stage } from "./enrich-stage.ts";
import { keyText, readTable } from "./lookup-table.ts";

/** A compiled lookup. */
export interface Lookup {
  /** The fields that hold the key. */
  fields: readonly string[];
  /** Fields that it may set. */
  sets: readonly string[];
  /** Adds to a row what the table says of its key; gives what is missing where there is neither an entry nor a default. */
  apply(row: Row): RowProblem | undefined;
  /** What a row has for which there is nothing. */
  putNull(row: Row): void;
}

const KEYS = ["field", "table", "table_format", "key", "ignore_case", "trim", "fields", "into", "prefix", "default"];

/**
 * `{ field, table, key?, ignore_case?, trim?, fields?, into?, prefix?, default? }`: `table` is an object by key, a list of objects
 * with `key` (default: `field`) naming theirs, or a text in csv, json or yaml. Several fields make a key together. An entry goes
 * under `into`, or its fields go into the row, with `prefix` before their names.
 * @throws ToolError `invalid_input` for wrong options, such as a key that the table has twice.
 */
export function compileLookup(options: Options, where: string): Lookup {
  checkKeys(options, KEYS, where);
  const keyFields = readFields(options, "field", where);
  const keys = optionalFields(options, "key", where) ?? keyFields;
  if (keys.length !== keyFields.length) {
    throw wrong(where, `"key" must name as many fields as "field", ${keyFields.length}, not ${keys.length}.`);
  }
  const into = optionalString(options, "into", where);
  const prefix = optionalString(options, "prefix", where) ?? "";
  if (into !== undefined && prefix) throw wrong(where, 'give either "into" or "prefix".');
  const how = {
    ignoreCase: readBoolean(options, "ignore_case", where, false),
    trim: readBoolean(options, "trim", where, false),
  };
  const table = readTable(options, keys, how, where);
  const fallback = options.default;
  const fields = optionalFields(options, "fields", where);
  const entries = fallback === undefined ? [...table.values()] : [...table.values(), fallback];
  const scalar = entries.find((entry) => !isObject(entry));
  if (into === undefined && scalar !== undefined) {
    throw wrong(where, `"into" must name the field for entries that are no objects, such as ${show(scalar)}.`);
  }
  if (fields) {
    checkPicked(fields, entries, where);
    for (const [key, entry] of table) if (isObject(entry)) table.set(key, pickFields(entry, fields));
  }
  const missing = fields && isObject(fallback) ? pickFields(fallback, fields) : fallback;
  const sets =
    into === undefined ? namesOf([...table.values(), ...(missing === undefined ? [] : [missing])], prefix) : [into];
  const [only] = keyFields as [string];
  const isOne = keyFields.length === 1;
  return {
    fields: keyFields,
    sets,
    apply(row) {
      const key = isOne
        ? keyText([readPath(row, only)], how)
        : keyText(
            keyFields.map((field) => readPath(row, field)),
            how,
          );
      const found = key === undefined ? undefined : table.get(key);
      const entry = found ?? missing;
      if (entry === undefined) return problemOf(row, keyFields, key);
      if (into !== undefined) row[into] = copy(entry);
      else for (const name of Object.keys(entry as Row)) row[prefix + name] = copy((entry as Row)[name]);
      return undefined;
    },
    putNull(row) {
      for (const name of sets) if (into !== undefined || !Object.hasOwn(row, name)) row[name] = null;
    },
  };
}

/** The lookup as part of a step: rows go through as they come. */
export function lookupStage({ apply, putNull }: Lookup): Stage {
  return async function* (batches, run) {
    const { context, onError, where } = run;
    let found = 0;
    let missing = 0;
    for await (const batch of batches) {
      const out: Required<EnrichBatch> = { rows: [], numbers: [], untouched: [] };
      for (const [index, row] of batch.rows.entries()) {
        const number = batch.numbers[index] as number;
        const untouched = batch.untouched?.[index] ?? false;
        const problem = untouched ? undefined : apply(row);
        if (problem) missing++;
        else if (!untouched) found++;
        if (problem) {
          const stays = failRow(row, number, { ...problem, message: `lookup: ${problem.message}` }, run);
          if (!stays) continue;
          putNull(row);
        }
        out.rows.push(row);
        out.numbers.push(number);
        out.untouched.push(untouched);
      }
      context.record.lookup = { found, missing };
      if (out.rows.length > 0) yield out;
    }
    context.record.lookup = { found, missing };
    if (onError === "fail" && missing > 0) {
      context.fail({ message: `${where}, lookup failed in ${counted(missing, "row")}`, code: "validation_failed" });
    }
  };
}

function problemOf(row: Row, fields: readonly string[], key: string | undefined): RowProblem {
  const values = fields.map((field) => readPath(row, field) ?? null);
  const missing = key === undefined ? fields[values.indexOf(null)] : undefined;
  const value = values.length === 1 ? values[0] : values;
  const message =
    missing !== undefined ? `the row has no ${show(missing)} to look up` : `the table has no entry for ${show(value)}`;
  return { field: missing ?? (fields[0] as string), rule: "lookup", message, value };
}

function namesOf(entries: readonly unknown[], prefix: string): string[] {
  const names = new Set<string>();
  for (const entry of entries) for (const name of Object.keys(entry as Row)) names.add(prefix + name);
  return [...names];
}

function checkPicked(fields: readonly string[], entries: readonly unknown[], where: string): void {
  const objects = entries.filter(isObject);
  if (objects.length === 0) return;
  const missing = fields.find((field) => !objects.some((entry) => Object.hasOwn(entry, field)));
  if (missing === undefined) return;
  const known = Object.keys(objects[0] as Row).join(", ");
  throw wrong(where, `"fields": no entry of the table has ${show(missing)}.`, `Its first entry has ${known}.`);
}

function pickFields(entry: Record<string, unknown>, fields: readonly string[]): Row {
  const picked = newRow();
  for (const field of fields) if (Object.hasOwn(entry, field)) picked[field] = entry[field];
  return picked;
}
