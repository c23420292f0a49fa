import { keyOfValue } from "../../row-key.ts";
import { isMissing, type Row, show } from "../../rows.ts";
import { createDigestSet } from "../../spool/digest-set.ts";
import { readPath } from "../../template.ts";
import type { Violation } from "./violation.ts";

/** Fields whose values together must not repeat. */
export interface UniqueKey {
  fields: readonly string[];
  /** Name of the rule in reasons. */
  rule: string;
}

/** Looks at the rows of a run one after the other. */
export interface UniqueKeys {
  /** What repeats in this row. */
  find(row: Row, number: number): Violation[];
  /** Forgets the keys of the last row, which does not stay among the others. */
  forgetLast(): void;
}

/**
 * Tells rows that repeat a key, keeping about 36 bytes for each key. Rows in which all fields of a key are empty have none.
 * Numbers and texts are different: 1 is not "1".
 */
export function createUniqueKeys(keys: readonly UniqueKey[]): UniqueKeys {
  // Of each key the row that has it, by the key's place; 0 where that row was forgotten.
  const known = keys.map((key) => ({ ...key, digests: createDigestSet(), rows: [] as number[], last: -1 }));
  return {
    find(row, number) {
      const found: Violation[] = [];
      for (const key of known) {
        key.last = -1;
        const text = keyText(row, key.fields);
        if (text === undefined) continue;
        const place = key.digests.placeOf(text);
        const earlier = key.rows[place];
        if (earlier) {
          found.push(repeated(key, row, earlier));
          continue;
        }
        key.rows[place] = number;
        key.last = place;
      }
      return found;
    },
    forgetLast() {
      for (const key of known) if (key.last >= 0) key.rows[key.last] = 0;
    },
  };
}

function keyText(row: Row, fields: readonly string[]): string | undefined {
  if (fields.length === 1) {
    const value = readPath(row, fields[0] as string);
    return isMissing(value) ? undefined : keyOfValue(value);
  }
  const values = fields.map((field) => readPath(row, field));
  return values.every(isMissing) ? undefined : keyOfValue(values);
}

function repeated({ fields, rule }: UniqueKey, row: Row, earlier: number): Violation {
  const [field] = fields;
  if (fields.length === 1 && field !== undefined) {
    const path = Object.hasOwn(row, field) ? [field] : field.split(".");
    return { path, rule, message: `must be unique, but row ${earlier} has it too` };
  }
  const value = fields.map((name) => readPath(row, name) ?? null);
  const names = fields.map((name) => show(name)).join(" and ");
  return {
    path: [],
    field: fields.join(", "),
    rule,
    value,
    message: `(${names} together) must be unique, but row ${earlier} has the same`,
  };
}
