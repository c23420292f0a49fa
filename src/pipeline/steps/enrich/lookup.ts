import { BATCH_ROWS } from "../../batch.ts";
import {
  checkKeys,
  type Options,
  optionalFields,
  optionalString,
  readBoolean,
  readChoice,
  readFields,
  wrong,
} from "../../options.ts";
import { counted, isObject, newRow, type Row, show } from "../../rows.ts";
import { pathReader, toText } from "../../template.ts";
import { copy } from "./answer-fields.ts";
import { type EnrichBatch, failRow, type RowProblem, type Stage } from "./enrich-stage.ts";
import { createNearKeys, keyText } from "./lookup-key.ts";
import { type ReadTable, readLookupTable } from "./lookup-table.ts";

/** A compiled lookup. */
export interface Lookup {
  /** The fields that hold the key. */
  fields: readonly string[];
  /** Fields that it may set. */
  sets: readonly string[];
  /** Whether rows without an entry leave the run. */
  inner: boolean;
  /** What is to be said whatever the rows are. */
  warnings: readonly string[];
  /** What the table has for a row, or the default; undefined where there is neither. Not empty. */
  find(row: Row): readonly unknown[] | undefined;
  /** What is missing of a row for which nothing was found. */
  problem(row: Row): RowProblem;
  /** Adds an entry to a row. Fields whose value was another before are put into `replaced`. */
  put(row: Row, entry: unknown, replaced: Set<string>): void;
  /** Sets null in a row for which there is nothing, but never in the fields that hold the key. `replaced` as of `put`. */
  putNull(row: Row, replaced: Set<string>): void;
}

const KEYS = [
  ...["field", "table", "table_format", "source", "input_options", "key", "how", "many"],
  ...["ignore_case", "trim", "normalize", "fields", "into", "prefix", "default"],
];

/**
 * `{ field, table | source, key?, how?, many?, ignore_case?, trim?, normalize?, fields?, into?, prefix?, default? }`: the table has
 * entries by `key` (default: `field`), see readLookupTable. Several fields make a key together. An entry goes under `into`, or its
 * `fields` (default: all but the key) go into the row, with `prefix` before their names. `how: "inner"` leaves out rows without
 * an entry; with `many` a row with several entries becomes as many rows.
 * @throws ToolError `invalid_input` for wrong options, such as a key that the table has twice.
 */
export function compileLookup(options: Options, where: string, readTable?: ReadTable): Lookup {
  checkKeys(options, KEYS, where);
  const keyFields = readFields(options, "field", where);
  const keys = optionalFields(options, "key", where) ?? keyFields;
  if (keys.length !== keyFields.length) {
    throw wrong(where, `"key" must name as many fields as "field", ${keyFields.length}, not ${keys.length}.`);
  }
  const into = optionalString(options, "into", where);
  const prefix = optionalString(options, "prefix", where) ?? "";
  if (into !== undefined && prefix) throw wrong(where, 'give either "into" or "prefix".');
  const inner = readChoice(options, "how", where, ["left", "inner"], "left") === "inner";
  const fallback = options.default;
  if (inner && fallback !== undefined) {
    throw wrong(where, '"how": "inner" leaves out the rows that "default" is for.', "Leave out one of the two.");
  }
  const how = {
    ignoreCase: readBoolean(options, "ignore_case", where, false),
    trim: readBoolean(options, "trim", where, false),
    normalize: readBoolean(options, "normalize", where, false),
  };
  const picked = readPicked(options, where);
  const rules = { ...how, keys, picked, many: readBoolean(options, "many", where, false) };
  const { entries: table, warnings } = readLookupTable(options, rules, where, readTable);
  const missing = picked && isObject(fallback) ? pick(fallback, picked) : fallback;

  const sets = new Set<string>();
  for (const entry of allEntries(table, missing)) {
    if (into !== undefined) break;
    if (!isObject(entry)) {
      throw wrong(where, `"into" must name the field for entries that are no objects, such as ${show(entry)}.`);
    }
    for (const name of Object.keys(entry)) sets.add(prefix + name);
  }
  for (const [name] of picked ?? []) if (into === undefined) sets.add(prefix + name);
  if (into !== undefined) sets.add(into);
  const asked = into !== undefined || picked !== undefined;
  const readers = keyFields.map(pathReader);
  const [only] = readers as [(row: Row) => unknown];
  const keyOf = (row: Row): string | undefined =>
    keyText(readers.length === 1 ? [only(row)] : readers.map((read) => read(row)), how);
  const near = createNearKeys(table.keys());
  const fallbacks = missing === undefined ? undefined : [missing];
  return {
    fields: keyFields,
    sets: [...sets],
    inner,
    warnings,
    find(row) {
      const key = keyOf(row);
      return (key === undefined ? undefined : table.get(key)) ?? fallbacks;
    },
    problem(row) {
      const values = readers.map((read) => read(row) ?? null);
      const absent = keyFields[values.indexOf(null)];
      const value = values.length === 1 ? values[0] : values;
      if (absent !== undefined) {
        return { field: absent, rule: "lookup", message: `the row has no ${show(absent)} to look up`, value };
      }
      const other = values.length === 1 ? near(toText(value)) : undefined;
      const advice = other
        ? `; it has ${show(other.key)}, which ${other.by.map((name) => `"${name}": true`).join(" and ")} would match`
        : "";
      const message = `the table has no entry for ${show(value)}${advice}`;
      return { field: keyFields[0] as string, rule: "lookup", message, value };
    },
    put(row, entry, replaced) {
      if (into !== undefined) {
        row[into] = copy(entry);
        return;
      }
      for (const name of Object.keys(entry as Row)) {
        const field = prefix + name;
        const value = (entry as Row)[name];
        if (!asked && isOther(row[field], value)) replaced.add(field);
        row[field] = copy(value);
      }
    },
    putNull(row, replaced) {
      for (const name of sets) {
        if (into === undefined && keyFields.includes(name)) continue;
        if (!asked && isOther(row[name], null)) replaced.add(name);
        row[name] = null;
      }
    },
  };
}

/** Whether a value would be lost for another one. */
function isOther(before: unknown, after: unknown): boolean {
  return before !== undefined && before !== null && before !== "" && before !== after;
}

function* allEntries(table: Map<string, unknown[]>, missing: unknown): Iterable<unknown> {
  for (const entries of table.values()) yield* entries;
  if (missing !== undefined) yield missing;
}

/** The lookup as part of a step: rows go through as they come. */
export function lookupStage(lookup: Lookup): Stage {
  return async function* (batches, run) {
    const { context, onError, where } = run;
    const replaced = new Set<string>();
    let found = 0;
    let missing = 0;
    for (const warning of lookup.warnings) context.warn(`lookup: ${warning}`);
    for await (const batch of batches) {
      let out = emptyBatch();
      for (const [index, row] of batch.rows.entries()) {
        const number = batch.numbers[index] as number;
        const untouched = batch.untouched?.[index] ?? false;
        const entries = untouched ? undefined : lookup.find(row);
        if (entries) {
          found++;
          for (let at = 0; at < entries.length; at++) {
            // The last entry takes the row itself.
            const own = at === entries.length - 1 ? row : copyRow(row);
            lookup.put(own, entries[at], replaced);
            add(out, own, number, false);
            if (out.rows.length < BATCH_ROWS) continue;
            yield out;
            out = emptyBatch();
          }
          continue;
        }
        if (!untouched) {
          missing++;
          if (lookup.inner) continue;
          const problem = lookup.problem(row);
          if (!failRow(row, number, { ...problem, message: `lookup: ${problem.message}` }, run)) continue;
          lookup.putNull(row, replaced);
        }
        add(out, row, number, untouched);
      }
      context.record.lookup = { found, missing };
      if (out.rows.length > 0) yield out;
    }
    context.record.lookup = { found, missing };
    if (replaced.size > 0) {
      const names = [...replaced].slice(0, 10).map(show).join(", ");
      context.warn(
        `lookup: ${names} of the table took the place of what rows had there. "prefix" or "into" keeps both; "fields" names what is to be taken.`,
      );
    }
    if (onError === "fail" && missing > 0 && !lookup.inner) {
      context.fail({ message: `${where}, lookup failed in ${counted(missing, "row")}`, code: "validation_failed" });
    }
  };
}

const emptyBatch = (): Required<EnrichBatch> => ({ rows: [], numbers: [], untouched: [] });

function add(batch: Required<EnrichBatch>, row: Row, number: number, untouched: boolean): void {
  batch.rows.push(row);
  batch.numbers.push(number);
  batch.untouched.push(untouched);
}

/** A row that shares nothing with the other, for later steps may change both. */
function copyRow(row: Row): Row {
  const made = newRow();
  for (const name of Object.keys(row)) made[name] = copy(row[name]);
  return made;
}

/** `fields`: names, or `{ field: "name in the table" }`. */
function readPicked(options: Options, where: string): [into: string, from: string][] | undefined {
  const { fields } = options;
  if (!isObject(fields)) return optionalFields(options, "fields", where)?.map((name) => [name, name]);
  const pairs = Object.entries(fields);
  if (pairs.length > 0 && pairs.every((pair): pair is [string, string] => typeof pair[1] === "string")) return pairs;
  throw wrong(where, `"fields" must be a list of names, or an object such as { "land": "name" }, not ${show(fields)}.`);
}

function pick(entry: Record<string, unknown>, picked: readonly (readonly [string, string])[]): Row {
  const made = newRow();
  for (const [into, from] of picked) {
    const name = Object.hasOwn(entry, into) ? into : from;
    if (Object.hasOwn(entry, name)) made[into] = entry[name];
  }
  return made;
}
