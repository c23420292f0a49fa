import type { ToolError } from "../../../errors.ts";
import { readInputOptions } from "../../definitions/input-options.ts";
import type { InputOptions } from "../../formats/row-reader.ts";
import { meantName, type Options, optionalString, readObject, wrong } from "../../options.ts";
import { counted, isObject, newRow, type Row, show } from "../../rows.ts";
import { readTableText } from "../table-text.ts";
import { type KeyOptions, keyText } from "./lookup-key.ts";

/** How a table is read that comes from a source. */
export interface TableReading {
  format: string | undefined;
  inputOptions: InputOptions;
  onBadRow: "stop" | "skip";
}

/**
 * Gives the rows of a source that was opened for the run, one by one with their numbers, and then the warnings of its reader.
 * @throws ToolError `invalid_input`, `too_large` for more than a lookup holds
 */
export type ReadTable = (source: string, reading: TableReading, take: (row: Row, number: number) => void) => string[];

/** What the entries of a table are like. */
export interface TableRules extends KeyOptions {
  keys: readonly string[];
  /** Whether a key may have several entries. */
  many: boolean;
  /** Fields that are taken of an entry, each under a name in the row; all but the key where it is left out. */
  picked: readonly (readonly [into: string, from: string])[] | undefined;
}

export interface LookupTable {
  /** By key. */
  entries: Map<string, unknown[]>;
  /** What is probably not meant. */
  warnings: string[];
}

/**
 * The entries of `table` by key: an object by key, a list of objects whose fields `keys` are theirs, or a text in a format of
 * tables (`table_format`; default: json where it begins like that, else csv). Or the rows of `source`, read as a run reads its
 * input; without `readTable` there are none, for the options are only checked.
 * @throws ToolError `invalid_input`, also for a key that is there twice where only one may be.
 */
export function readLookupTable(
  options: Options,
  rules: TableRules,
  where: string,
  readTable: ReadTable | undefined,
): LookupTable {
  const { table, source } = options;
  const build = createBuilder(rules);
  if (source !== undefined) {
    if (table !== undefined) throw wrong(where, 'give either "table" or "source".');
    return fromSource(options, { rules, build, where, readTable });
  }
  if (options.input_options !== undefined) throw wrong(where, '"input_options" is for a "source".');
  if (options.table_format !== undefined && typeof table !== "string") {
    throw wrong(where, '"table_format" is for a table that is a text.');
  }
  if (table === undefined) {
    throw wrong(
      where,
      '"table" or "source" must say where to look.',
      'A table is { "DE": { "name": "Germany" } }, a list of objects, or text in csv; a source is a file such as "exports/countries.csv".',
    );
  }
  const place = `${where}, "table"`;
  const given = typeof table === "string" ? readTableText(options, rules.keys, where) : table;
  if (Array.isArray(given)) {
    given.forEach((value: unknown, index) => {
      const at = `${place}, entry ${index + 1}`;
      build.add(readObject(value, at), at);
    });
  } else {
    const byKey = readObject(given, place);
    if (rules.keys.length > 1)
      throw wrong(place, `must be a list of objects with ${rules.keys.map(show).join(" and ")}.`);
    for (const [key, entry] of Object.entries(byKey)) build.addByKey(key, entry, place);
  }
  build.checkPicked(where);
  return { entries: build.entries, warnings: [] };
}

interface SourceTable {
  rules: TableRules;
  build: ReturnType<typeof createBuilder>;
  where: string;
  readTable: ReadTable | undefined;
}

function fromSource(options: Options, { rules, build, where, readTable }: SourceTable): LookupTable {
  const source = options.source;
  if (typeof source !== "string" || source === "") {
    throw wrong(where, `"source" must be a text, not ${show(source)}.`, 'Such as "exports/countries.csv".');
  }
  const optionsPlace = `${where}, "input_options"`;
  const reading: TableReading = {
    format: optionalString(options, "table_format", where),
    ...readInputOptions(readObject(options.input_options ?? {}, optionsPlace), optionsPlace),
  };
  if (!readTable) return { entries: build.entries, warnings: [] };
  const place = `Table ${show(source)} of ${where}`;
  let rows = 0;
  let keyless = 0;
  const warnings = readTable(source, reading, (row, number) => {
    rows++;
    const at = `${place}, row ${number}`;
    if (rules.keys.every((key) => isThere(row[key]))) build.add(row, at);
    else {
      // A column that is not there at all is a mistake; a cell without a value matches nothing, as in a join.
      const missing = rules.keys.find((key) => row[key] === undefined);
      if (missing !== undefined && rows === 1) throw noKey(row, missing, at);
      keyless++;
    }
  });
  if (rows === 0) warnings.push(`the table ${show(source)} has no rows`);
  else build.checkPicked(place);
  if (keyless > 0) {
    const names = rules.keys.map(show).join(" or ");
    warnings.push(`the table ${show(source)} has ${counted(keyless, "row")} without ${names}, which no row matches`);
  }
  return { entries: build.entries, warnings };
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

/** Puts entries under their keys. */
function createBuilder(rules: TableRules): {
  entries: Map<string, unknown[]>;
  add(entry: Record<string, unknown>, at: string): void;
  addByKey(key: string, entry: unknown, at: string): void;
  /** @throws ToolError `invalid_input` for a picked field that no entry had */
  checkPicked(at: string): void;
} {
  const { keys, many, picked } = rules;
  const entries = new Map<string, unknown[]>();
  const found = new Set<string>();
  let first: string | undefined;
  const shape = (entry: Record<string, unknown>, without: readonly string[]): Row => {
    first ??= Object.keys(entry).slice(0, 20).map(show).join(", ");
    const made = newRow();
    if (picked) {
      for (const [into, from] of picked) {
        if (!Object.hasOwn(entry, from)) continue;
        found.add(from);
        made[into] = entry[from];
      }
    } else for (const name of Object.keys(entry)) if (!without.includes(name)) made[name] = entry[name];
    return made;
  };
  const put = (values: readonly unknown[], entry: unknown, at: string): void => {
    const key = keyText(values, rules) as string;
    const there = entries.get(key);
    if (!there) entries.set(key, [entry]);
    else if (many) there.push(entry);
    else {
      throw wrong(
        at,
        `${keys.map(show).join(", ")} ${show(values.length === 1 ? values[0] : values)} is there twice.`,
        '"many": true gives a row for each of them.',
      );
    }
  };
  return {
    entries,
    add(entry, at) {
      const values = keys.map((key) => (Object.hasOwn(entry, key) ? entry[key] : undefined));
      const missing = keys.find((_, part) => values[part] === undefined || values[part] === null);
      if (missing !== undefined) throw noKey(entry, missing, at);
      put(values, shape(entry, keys), at);
    },
    addByKey: (key, entry, at) => put([key], isObject(entry) ? shape(entry, []) : entry, at),
    checkPicked(at) {
      const missing = picked?.find(([, from]) => !found.has(from))?.[1];
      if (missing === undefined || first === undefined) return;
      throw wrong(at, `"fields": no entry of the table has ${show(missing)}.`, `Its first entry has ${first}.`);
    },
  };
}

function noKey(entry: Record<string, unknown>, missing: string, at: string): ToolError {
  const names = Object.keys(entry);
  const meant = meantName(missing, names);
  const known = `Its fields: ${names.slice(0, 20).map(show).join(", ")}. "key" says which of them is compared with "field".`;
  return wrong(at, `has no ${show(missing)}.`, meant === undefined ? known : `Did you mean ${show(meant)}? ${known}`);
}
