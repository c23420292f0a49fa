import { FORMATS } from "../../../json-schema/formats.ts";
import { closestName } from "../../closest-name.ts";
import { compileRegex } from "../../expression/regex.ts";
import {
  checkKeys,
  naming,
  type Options,
  readBoolean,
  readChoice,
  readInteger,
  readObject,
  readString,
  wrong,
} from "../../options.ts";
import { counted, isObject, RowFailure, show } from "../../rows.ts";
import { toText } from "../../template.ts";
import { compileDateReader, type DateReader } from "../../values/date-format.ts";
import { DECIMAL_SIGNS } from "../../values/numbers.ts";
import { readTableText } from "../table-text.ts";
import type { CastOptions } from "../transform/cast.ts";
import { createReader, FIELD_TYPES, type FieldType, fieldType, TYPE_WORDS } from "./field-types.ts";

/** A test of a value that is there. */
export interface ValueTest {
  /** The key that asks for it, as it was written. */
  rule: string;
  /** Whether it looks at the value as the type reads it, instead of the text that was written. */
  ofRead: boolean;
  /** `coerce`: whether text counts as the value that it says. */
  passes(value: unknown, coerce: boolean): boolean;
  /** What the value must be, such as `must be at least 0`. */
  message: string;
}

/** The rules of one field. */
export interface FieldRule {
  name: string;
  type: FieldType;
  /** Whether the type was asked for. Where it follows from the bounds, values are compared and stay as they are. */
  typed: boolean;
  required: boolean;
  unique: boolean;
  /** How text is read. */
  reading: CastOptions;
  tests: readonly ValueTest[];
}

/** What says something of a field for people only. */
const REMARKS = ["title", "description", "example"];
const KEYS = [
  ...["type", "required", "unique", "enum", "values", "foreign", "format", "pattern", "min", "max"],
  ...["minimum", "maximum", "min_length", "max_length", "minLength", "maxLength", "date_format", "decimal"],
  ...["currency", "percent"],
  ...["true_values", "false_values", ...REMARKS],
];

/**
 * Reads the rules of a field: an object, or the name of its type.
 * @throws ToolError `invalid_input` that names the key at fault
 */
export function readFieldRule(name: string, written: unknown, where: string): FieldRule {
  const options = typeof written === "string" ? { type: written } : readObject(written, where);
  checkKeys(options, KEYS, where);
  const bounds = (["min", "minimum", "max", "maximum"] as const).filter((key) => options[key] !== undefined);
  const numeric = bounds.some((key) => typeof options[key] === "number");
  const type = options.type === undefined ? (numeric ? "number" : "any") : readType(options.type, where);
  const reading: CastOptions = {
    dateReaders: readDateFormats(options, where),
    decimal: options.decimal === undefined ? undefined : readChoice(options, "decimal", where, DECIMAL_SIGNS),
    currency: readBoolean(options, "currency", where, false),
    percent: readBoolean(options, "percent", where, false),
    trueValues: readTexts(options, "true_values", where),
    falseValues: readTexts(options, "false_values", where),
  };
  const read = readLimit(type, reading, where);
  const tests = [
    ...lengthTests(options, where),
    ...patternTests(options, where),
    ...formatTests(options, where),
    ...listTests(options, type, read, where),
    ...bounds.map((rule) => boundTest(rule, options[rule], read, where)),
  ];
  return {
    name,
    type,
    typed: options.type !== undefined && type !== "any",
    required: readBoolean(options, "required", where, false),
    unique: readBoolean(options, "unique", where, false),
    reading,
    tests,
  };
}

/** One type; `null` beside it, as JSON Schema writes it, says no more than that the field is not required. */
function readType(written: unknown, where: string): FieldType {
  const names = [written].flat().filter((name) => name !== "null");
  const type = names.length === 1 && typeof names[0] === "string" ? fieldType(names[0]) : undefined;
  if (type) return type;
  const close = typeof names[0] === "string" ? closestName(names[0], FIELD_TYPES) : undefined;
  const meant = close === undefined ? "" : `Did you mean ${show(close)}? `;
  throw wrong(where, `${show(written)} is no type.`, `${meant}Types: ${FIELD_TYPES.join(", ")}.`);
}

function readDateFormats(options: Options, where: string): DateReader[] | undefined {
  const written = options.date_format;
  if (written === undefined) return undefined;
  const list: unknown[] = [written].flat();
  if (list.length === 0) throw wrong(where, '"date_format" must be a date format or a list of them.');
  return list.map((format) => {
    const reader = typeof format === "string" ? compileDateReader(format) : undefined;
    if (reader) return reader;
    throw wrong(where, `${show(format)} is no date format.`, "Such as DD.MM.YYYY, MM/DD/YYYY or YYYY-MM-DD HH:mm:ss.");
  });
}

function readTexts(options: Options, key: string, where: string): string[] | undefined {
  const list = options[key];
  if (list === undefined) return undefined;
  if (Array.isArray(list) && list.every((entry) => typeof entry === "string")) return list;
  throw wrong(where, `"${key}" must be a list of texts, not ${show(list)}.`);
}

/** Reads values of the definition as the type reads those of the rows, text included. */
function readLimit(type: FieldType, reading: CastOptions, where: string): (key: string, value: unknown) => unknown {
  const read = createReader(type, { ...reading, coerce: true });
  // Dates of a definition may be written as ISO 8601 whatever the format of the data.
  const readIso = createReader(type, { coerce: true });
  return (key, value) => {
    if (value === null || type === "any") return value;
    let result = read(value);
    if (result instanceof RowFailure) result = readIso(value);
    if (!(result instanceof RowFailure)) return result;
    throw wrong(where, `"${key}": ${show(value)} is not ${TYPE_WORDS[type]}.`);
  };
}

function lengthTests(options: Options, where: string): ValueTest[] {
  const bounds = { min: 0, max: Number.MAX_SAFE_INTEGER };
  return ["min_length", "minLength", "max_length", "maxLength"].flatMap((rule) => {
    if (options[rule] === undefined) return [];
    const limit = readInteger(options, rule, where, bounds);
    const least = rule.startsWith("min");
    const message = least
      ? limit === 1
        ? "must not be empty"
        : `must have at least ${counted(limit, "character")}`
      : `must have at most ${counted(limit, "character")}`;
    const passes = (value: unknown): boolean => {
      const length = lengthOf(value, limit);
      return least ? length >= limit : length <= limit;
    };
    return [{ rule, ofRead: false, passes, message }];
  });
}

/** Entries of a list, or characters of text: code points, counted only where it matters. */
function lengthOf(value: unknown, limit: number): number {
  if (Array.isArray(value)) return value.length;
  const text = typeof value === "string" ? value : toText(value);
  return text.length < limit || text.length > 2 * limit ? text.length : [...text].length;
}

function patternTests(options: Options, where: string): ValueTest[] {
  if (options.pattern === undefined) return [];
  const pattern = readString(options, "pattern", where);
  const regex = naming(where, () => compileRegex(pattern));
  const passes = (value: unknown): boolean => {
    try {
      return regex.test(typeof value === "string" ? value : toText(value));
    } catch (error) {
      // Text that is too long for the pattern.
      if (error instanceof RowFailure) return false;
      throw error;
    }
  };
  return [{ rule: "pattern", ofRead: false, passes, message: `must match the pattern ${show(pattern)}` }];
}

function formatTests(options: Options, where: string): ValueTest[] {
  if (options.format === undefined) return [];
  const format = readString(options, "format", where);
  const check = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (!check) {
    const names = Object.keys(FORMATS);
    const close = closestName(format, names);
    const meant = close === undefined ? "" : `Did you mean ${show(close)}? `;
    throw wrong(
      where,
      `${show(format)} is no format.`,
      `${meant}Formats: ${names.join(", ")}. For dates there is date_format.`,
    );
  }
  const passes = (value: unknown): boolean => typeof value === "string" && check(value);
  const article = /^[aeiou]/.test(format) && !format.startsWith("u") ? "an" : "a";
  return [{ rule: "format", ofRead: false, passes, message: `must be ${article} ${format}` }];
}

function listTests(
  options: Options,
  type: FieldType,
  read: (key: string, value: unknown) => unknown,
  where: string,
): ValueTest[] {
  const tests = ["enum", "values"].flatMap((rule): ValueTest[] => {
    const list = options[rule];
    if (list === undefined) return [];
    if (!Array.isArray(list) || list.length === 0)
      throw wrong(where, `"${rule}" must be a list of values, not ${show(list)}.`);
    const other = list.find((entry) => typeof entry === "object" && entry !== null);
    if (other !== undefined)
      throw wrong(where, `"${rule}" must have texts, numbers or truth values, not ${show(other)}.`);
    const values = new Set(list.map((entry) => read(rule, entry)));
    // Without a type, text is compared with numbers as they are written.
    const written = type === "any" ? new Set(list.map(String)) : values;
    const passes: ValueTest["passes"] = (value, coerce) =>
      values.has(value) || (coerce && typeof value === "string" && written.has(value));
    return [{ rule, ofRead: true, passes, message: `must be one of ${listed(list)}` }];
  });
  if (options.foreign === undefined) return tests;
  const keys = readForeign(readObject(options.foreign, `${where}, "foreign"`), `${where}, "foreign"`);
  const passes = (value: unknown): boolean => keys.has(toText(value));
  return [
    ...tests,
    { rule: "foreign", ofRead: true, passes, message: `must be one of the ${keys.size} keys of the table` },
  ];
}

function listed(list: readonly unknown[]): string {
  const shown = list.slice(0, 10).map(show).join(", ");
  return list.length > 10 ? `${shown}, … (${list.length} in all)` : shown;
}

/**
 * `{ table, key?, table_format? }`: keys of an object, values of a list, or what its objects have as `key`; a text is a table in
 * csv or another format, of which `key` names the column. Compared as text.
 */
function readForeign(options: Options, where: string): Set<string> {
  checkKeys(options, ["table", "key", "table_format"], where);
  const isText = typeof options.table === "string";
  const keys = typeof options.key === "string" ? [options.key] : [];
  const table = isText ? readTableText(options, keys, where) : options.table;
  if (isObject(table)) {
    if (options.key !== undefined) throw wrong(where, '"key" is for a table that is a list of objects.');
    return new Set(Object.keys(table));
  }
  if (!Array.isArray(table)) throw wrong(where, `"table" must be a list or an object, not ${show(table)}.`);
  if (options.key === undefined) {
    const other = table.find((entry) => typeof entry === "object");
    if (other !== undefined) throw wrong(where, '"key" must say which field of the table has the keys.');
    return new Set(table.map(toText));
  }
  const key = readString(options, "key", where);
  return new Set(
    table.map((entry: unknown, index) => {
      const value = isObject(entry) && Object.hasOwn(entry, key) ? entry[key] : undefined;
      if (value === undefined) throw wrong(where, `entry ${index + 1} of the table has no field ${show(key)}.`);
      return toText(value);
    }),
  );
}

function boundTest(
  rule: string,
  written: unknown,
  read: (key: string, value: unknown) => unknown,
  where: string,
): ValueTest {
  const limit = read(rule, written);
  if (typeof limit !== "number" && typeof limit !== "string") {
    throw wrong(where, `"${rule}" must be a number, or a date in text, not ${show(written)}.`);
  }
  const least = rule.startsWith("min");
  // Dates are compared as the type gives them: text in ISO 8601, whose order is that of time.
  const passes = (value: unknown): boolean =>
    typeof value === typeof limit && (least ? (value as typeof limit) >= limit : (value as typeof limit) <= limit);
  return {
    rule,
    ofRead: true,
    passes,
    message: `must be at ${least ? "least" : "most"} ${typeof limit === "number" ? limit : show(limit)}`,
  };
}
