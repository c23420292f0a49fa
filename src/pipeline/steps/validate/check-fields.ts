import { isObject, type Row, RowFailure, show } from "../../rows.ts";
import { readPath } from "../../template.ts";
import type { FieldRule } from "./field-rules.ts";
import { createReader, NOT_OF_TYPE, TYPE_WORDS, type TypeReader } from "./field-types.ts";
import type { Violation } from "./violation.ts";

/** How the fields of all rows are taken. */
export interface FieldsOptions {
  /** Whether text counts as the number, truth value or date that it says, and becomes it; empty text then is no value. */
  coerce: boolean;
  /** Texts that stand for no value. */
  missingValues: ReadonlySet<string>;
  /** Whether fields without rules are wrong. */
  forbidOthers: boolean;
  /** Names without rules that are allowed all the same. */
  allowed: readonly string[];
}

/** Checks the fields of one row after the other. */
export interface FieldsCheck {
  /** Adds what is wrong with the row to `found`, and converts what is of its type. */
  check(row: Row, found: Violation[]): void;
  /** Takes back what was converted in the last row. */
  restore(row: Row): void;
}

/** A check by rules. */
export function createFieldsCheck(rules: readonly FieldRule[], options: FieldsOptions): FieldsCheck {
  const fields = rules.map((rule) => ({
    ...rule,
    dotted: rule.name.includes("."),
    path: [rule.name],
    read: createReader(rule.type, { ...rule.reading, coerce: options.coerce }),
    blank: rule.tests.find(({ rule: key, message }) => /^min/.test(key) && message === NOT_EMPTY),
  }));
  const { coerce, missingValues, forbidOthers, allowed } = options;
  const names = new Set([...rules.map(({ name }) => name), ...allowed]);
  // What was converted in the last row, with what was there before.
  const changed: string[] = [];
  const before: unknown[] = [];

  const change = (row: Row, name: string, old: unknown, value: unknown): void => {
    changed.push(name);
    before.push(old);
    write(row, name, value);
  };

  return {
    check(row, found) {
      changed.length = 0;
      before.length = 0;
      for (const field of fields) {
        const value = field.dotted ? readPath(row, field.name) : row[field.name];
        if (value === undefined || value === null) {
          if (field.required) found.push(violation(row, field, "required", "is required"));
          continue;
        }
        if (typeof value === "string") {
          const missing = missingValues.has(value);
          if (missing || ((coerce || field.required) && isBlank(value))) {
            if (field.required) found.push(violation(row, field, "required", "is required"));
            else if (field.blank && !missing) found.push(violation(row, field, field.blank.rule, NOT_EMPTY));
            else if (coerce && (missing || (field.typed && field.type !== "string")))
              change(row, field.name, value, null);
            continue;
          }
        }
        const read = field.read(value);
        if (read instanceof RowFailure) {
          found.push(violation(row, field, "type", typeMessage(field.type, read, value)));
          continue;
        }
        for (const test of field.tests) {
          if (test.passes(test.ofRead ? read : value, coerce)) continue;
          found.push(violation(row, field, test.rule, test.message));
        }
        // Out of bounds or not: tests of the row as a whole compare it with others.
        if (coerce && field.typed && read !== value) change(row, field.name, value, read);
      }
      if (!forbidOthers) return;
      for (const name in row) {
        if (!names.has(name))
          found.push({ path: [name], rule: "extra_fields", message: "is not allowed: it has no rules" });
      }
    },
    restore(row) {
      for (let index = changed.length - 1; index >= 0; index--) write(row, changed[index] as string, before[index]);
    },
  };
}

const NOT_EMPTY = "must not be empty";

interface CheckedField extends FieldRule {
  path: readonly string[];
  read: TypeReader;
}

function violation(row: Row, field: CheckedField, rule: string, message: string): Violation {
  const nested = field.name.includes(".") && !Object.hasOwn(row, field.name);
  return { path: nested ? field.name.split(".") : field.path, rule, message };
}

/** What the value must be, and what the failure says beyond that the value is not. */
function typeMessage(type: FieldRule["type"], failure: RowFailure, value: unknown): string {
  const said = `must be ${TYPE_WORDS[type]}`;
  if (failure === NOT_OF_TYPE) return said;
  const advice = failure.message.slice(show(value).length).indexOf("; ");
  return advice < 0 ? said : said + failure.message.slice(show(value).length + advice);
}

function isBlank(text: string): boolean {
  return text === "" || (text.charCodeAt(0) <= 32 || text.charCodeAt(0) >= 128 ? text.trim() === "" : false);
}

/** Sets a field by its name, or by a dotted path to what is there. */
function write(row: Row, name: string, value: unknown): void {
  if (!name.includes(".") || Object.hasOwn(row, name)) {
    row[name] = value;
    return;
  }
  const parts = name.split(".");
  const last = parts.pop() as string;
  const parent = readPath(row, parts.join("."));
  if (isObject(parent) || Array.isArray(parent)) (parent as Row)[last] = value;
}
