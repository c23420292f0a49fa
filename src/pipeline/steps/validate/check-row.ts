import type { CompiledExpression } from "../../expression/expression.ts";
import { type Row, RowFailure } from "../../rows.ts";
import { createFieldsCheck } from "./check-fields.ts";
import type { JsonSchemaCheck } from "./json-schema.ts";
import type { RowTest } from "./row-tests.ts";
import { type ConvertedFields, createSchemaConversion } from "./schema-conversion.ts";
import type { FieldsDefinition } from "./table-schema.ts";
import { createUniqueKeys } from "./unique-keys.ts";
import type { Violation } from "./violation.ts";

/** All that single rows are checked by. */
export interface RowRules extends FieldsDefinition {
  /** Whether text is converted; undefined: where cells are all text. */
  coerce: boolean | undefined;
  forbidOthers: boolean;
  schemaCheck: JsonSchemaCheck | undefined;
  /** Fields that are converted as the schema has them; undefined where none are. */
  converted: ConvertedFields | undefined;
  /** Names without rules that are allowed in any case. */
  allowed: readonly string[];
  tests: readonly RowTest[];
  /** Rows for which this is not true are not checked. */
  when: CompiledExpression | undefined;
  /** Whether rows that fail go away, so that others may have their unique values. */
  leaves: boolean;
  /** Whether rows that fail are given as they came. */
  restores: boolean;
}

/** What is wrong with a row; of many violations some are counted only. */
export interface FailedRow {
  violations: readonly Violation[];
  /** Violations that are not listed. */
  more: number;
}

/** How a row came out. */
export type CheckedRow = "valid" | "unasked" | FailedRow;

/** A check of one row after the other, for one run. It converts values that are of their type. */
export function createRowCheck(rules: RowRules, textCells: boolean): (row: Row, number: number) => CheckedRow {
  const { when, tests, schemaCheck, keys, leaves, restores } = rules;
  const coerce = rules.coerce ?? textCells;
  const fields = rules.rules.length > 0 ? createFieldsCheck(rules.rules, { ...rules, coerce }) : undefined;
  const unique = keys.length > 0 ? createUniqueKeys(keys) : undefined;
  const conversion = rules.converted && createSchemaConversion(rules.converted);
  let found: Violation[] = [];
  return (row, number) => {
    if (when) {
      const asked = ask(when.holds, row);
      if (asked instanceof RowFailure) {
        const message = `cannot be checked: "when" fails: ${asked.message}`;
        return { violations: [{ path: [], rule: "when", message }], more: 0 };
      }
      if (!asked) return "unasked";
    }
    let more = 0;
    fields?.check(row, found);
    conversion?.convert(row);
    for (const test of tests) {
      const result = ask(test.expression.holds, row);
      if (result instanceof RowFailure)
        found.push({ ...test.violation, message: `${test.violation.message}: ${result.message}` });
      else if (!result) found.push(test.violation);
    }
    const wrong = schemaCheck?.(row);
    if (wrong) {
      found.push(...wrong.listed);
      more = wrong.total - wrong.listed.length;
    }
    if (unique) found.push(...unique.find(row, number));
    if (found.length === 0) return "valid";
    if (leaves) unique?.forgetLast();
    if (restores) {
      conversion?.restore(row);
      fields?.restore(row);
    }
    const violations = found;
    found = [];
    return { violations, more };
  };
}

function ask(test: (row: Row) => boolean, row: Row): unknown {
  try {
    return test(row);
  } catch (error) {
    if (error instanceof RowFailure) return error;
    throw error;
  }
}
