import type { Batch } from "../batch.ts";
import { counted, newRow, type Row } from "../rows.ts";
import { createDigestSet, type DigestSet } from "../spool/digest-set.ts";
import { nameInCase } from "../steps/transform/name-case.ts";
import { type Allowance, type Column, createColumn, MAX_DISTINCT } from "./column.ts";
import { type Decision, decide, gatherEvidence } from "./decide.ts";
import { type ColumnRules, rulesOf } from "./rules.ts";

/** Columns that are looked at. */
const MAX_COLUMNS = 500;
/** Different values and digests that all columns together may keep. */
const MAX_KEPT = 200_000;
const MAX_DIGESTS = 2_000_000;
/** Rows among which equal ones are looked for. */
const MAX_COMPARED = 1_000_000;

/** Names of columns whose values may be keys. */
const KEY_NAME =
  /(^|[\s_.-])(id|uuid|guid|key|nr|no|num|number|code|sku|isbn|ean|e?-?mail)$|[a-z](Id|ID|Key|Nr|No|Number)$|^e-?mail/i;

/** Learns from rows in passing. */
export interface Suggestion {
  see(batch: Batch): void;
  /** What was learnt: rules for the data, and steps after which the same data keep them. */
  result(): Record<string, unknown>;
}

/**
 * Suggests rules for data, and steps that make the data keep them: columns with what they hold, a JSON Schema, the same as
 * shorthand, and steps. It keeps bounded memory. What can be read in two ways, such as 01/02/2026, is never guessed: it stays
 * text with a remark.
 */
export function createSuggestion(): Suggestion {
  const columns = new Map<string, Column>();
  const allowance: Allowance = { distinct: MAX_KEPT, digests: MAX_DIGESTS };
  const seen: DigestSet = createDigestSet(MAX_COMPARED);
  let rows = 0;
  let duplicates = 0;
  let left = 0;

  function see(row: Row): void {
    const isNew = seen.size >= MAX_COMPARED || seen.add(keyOf(row));
    if (!isNew) duplicates++;
    let present = 0;
    for (const name of Object.keys(row)) {
      let column = columns.get(name);
      if (!column) {
        if (columns.size >= MAX_COLUMNS) {
          left++;
          continue;
        }
        column = createColumn(name, KEY_NAME.test(name), allowance);
        // It was missing from all rows before.
        column.empty = rows;
        columns.set(name, column);
      }
      column.see(row[name], isNew);
      present++;
    }
    if (present < columns.size) {
      for (const column of columns.values()) if (!Object.hasOwn(row, column.name)) column.empty++;
    }
    rows++;
  }

  return {
    see(batch) {
      for (const row of batch.rows) see(row);
    },
    result: () => resultOf([...columns.values()], { rows, duplicates, moreColumns: left > 0 }),
  };
}

/** Equal for rows whose texts differ by blanks around them only. */
function keyOf(row: Row): string {
  let key = "";
  for (const name of Object.keys(row)) {
    const value = row[name];
    const text = typeof value === "string" ? value.trim() : undefined;
    // With the lengths in it, no two rows are written the same.
    key += `${name.length}:${name}${text === undefined ? JSON.stringify(value) : `${text.length}"${text}`},`;
  }
  return key;
}

interface Totals {
  rows: number;
  duplicates: number;
  moreColumns: boolean;
}

interface Suggested extends ColumnRules {
  column: Column;
  decision: Decision;
  /** The name that the column has after the steps. */
  name: string;
}

function resultOf(columns: readonly Column[], totals: Totals): Record<string, unknown> {
  const evidence = gatherEvidence(columns);
  const names = trimmedNames(columns);
  const suggested = columns.map((column): Suggested => {
    const decision = decide(column, evidence);
    const name = names.get(column.name) ?? column.name;
    return { column, decision, name, ...rulesOf(column, decision, totals.rows) };
  });
  const fields = newRow();
  const properties = newRow();
  for (const { name, rules, property } of suggested) {
    fields[name] = rules;
    properties[name] = property;
  }
  const required = suggested.filter(({ rules }) => rules.required).map(({ name }) => name);
  const operations = operationsFor(suggested, totals);
  return {
    rows: totals.rows,
    ...(totals.duplicates > 0 && { duplicate_rows: totals.duplicates }),
    columns: suggested.map((one) => describe(one, totals.rows)),
    fields,
    schema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties,
      ...(required.length > 0 && { required }),
    },
    steps: [...(operations.length > 0 ? [{ name: "transform", operations }] : []), { name: "validate", fields }],
    remarks: remarksOn(columns, names, totals),
  };
}

/** New names for columns whose names have blanks around them, where that makes no two the same. */
function trimmedNames(columns: readonly Column[]): Map<string, string> {
  const taken = new Set(columns.map(({ name }) => name));
  const names = new Map<string, string>();
  for (const { name } of columns) {
    const plain = name.trim();
    if (plain === "" || taken.has(plain)) continue;
    taken.add(plain);
    names.set(name, plain);
  }
  return names;
}

function describe({ column, decision, rules }: Suggested, rows: number): Record<string, unknown> {
  const { distinct, missingWords, maybeMissingWords } = column;
  const words = Object.fromEntries([...missingWords, ...maybeMissingWords].slice(0, 20));
  const remarks = [...decision.remarks, ...(decision.type === "string" ? spellings(column) : []), ...keyRemark(column)];
  return {
    name: column.name,
    type: decision.type,
    types: Object.fromEntries(column.kinds),
    empty: column.empty,
    ...(Object.keys(words).length > 0 && { words_for_missing: words }),
    distinct: distinct === undefined ? `${MAX_DISTINCT}+` : distinct.size,
    ...(rows > 1 && column.unique !== undefined && { unique: column.unique }),
    ...(decision.min !== undefined && { min: decision.min, max: decision.max }),
    ...(decision.type === "string" &&
      column.maxLength > 0 && { min_length: column.minLength, max_length: column.maxLength }),
    ...(rules.format !== undefined && { format: rules.format }),
    ...(decision.dateFormats && { date_format: decision.dateFormats }),
    examples: column.examples,
    ...(remarks.length > 0 && { remarks }),
  };
}

/** Said of what is named like a key of the rows themselves, not of others that they refer to. */
function keyRemark({ name, repeated }: Column): string[] {
  if (repeated === undefined || !/^(id|uuid|guid|key|isbn|sku|e-?mail)$/i.test(name.trim())) return [];
  return [`going by its name it is a key, but ${JSON.stringify(repeated)} comes more than once`];
}

/** Values that differ by case only. */
function spellings({ distinct }: Column): string[] {
  if (distinct === undefined || distinct.size > 200) return [];
  const known = new Map<string, string>();
  for (const text of distinct.keys()) {
    const small = text.toLowerCase();
    const other = known.get(small);
    if (other !== undefined)
      return [`it has ${JSON.stringify(other)} and ${JSON.stringify(text)}: lowercase or uppercase it, or map_values`];
    known.set(small, text);
  }
  return [];
}

function operationsFor(suggested: readonly Suggested[], { duplicates }: Totals): Record<string, unknown>[] {
  const operations: Record<string, unknown>[] = [];
  const renamed = suggested.filter(({ column, name }) => column.name !== name);
  if (renamed.length > 0) {
    const fields = newRow(Object.fromEntries(renamed.map(({ column, name }) => [column.name, name])));
    operations.push({ op: "rename", fields });
  }
  if (suggested.some(({ column }) => column.untrimmed)) operations.push({ op: "trim" });
  // Fields that are read the same way are cast together.
  const casts = new Map<string, Record<string, unknown>>();
  for (const { name, decision, nulls } of suggested) {
    if (!decision.cast && nulls.length === 0) continue;
    const { type = decision.type, ...options } = decision.cast ?? {};
    const all = { ...options, ...(nulls.length > 0 && { null_values: [...new Set(nulls)].sort() }) };
    const key = JSON.stringify(all);
    const cast = casts.get(key) ?? { op: "cast", fields: newRow(), ...all };
    (cast.fields as Row)[name] = type;
    casts.set(key, cast);
  }
  operations.push(...casts.values());
  if (duplicates > 0) operations.push({ op: "dedupe" });
  return operations;
}

function remarksOn(
  columns: readonly Column[],
  trimmed: ReadonlyMap<string, string>,
  { duplicates, moreColumns }: Totals,
): string[] {
  const renames = columns.flatMap(({ name }) => {
    const plain = trimmed.get(name) ?? name;
    const snake = nameInCase(plain, "snake");
    return snake !== plain && snake !== "" ? [`${JSON.stringify(plain)}: ${JSON.stringify(snake)}`] : [];
  });
  const more = renames.length > 20 ? ", …" : "";
  return [
    ...(duplicates > 0
      ? [`${counted(duplicates, "row")} ${duplicates === 1 ? "repeats" : "repeat"} an earlier one`]
      : []),
    ...(trimmed.size > 0 ? [`${counted(trimmed.size, "name")} had blanks around, which the steps take off`] : []),
    ...(renames.length > 0
      ? [
          `a transform step at the end with { "op": "rename", "case": "snake" } would name them { ${renames.slice(0, 20).join(", ")}${more} }`,
        ]
      : []),
    ...(moreColumns ? [`only the first ${MAX_COLUMNS} columns were looked at`] : []),
  ];
}
