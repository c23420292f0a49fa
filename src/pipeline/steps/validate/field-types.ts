import { isObject, RowFailure } from "../../rows.ts";
import { readDay, readIso, writeMoment } from "../../values/dates.ts";
import { type CastOptions, compileCast } from "../transform/cast.ts";

/** Types that a field may have. */
export const FIELD_TYPES = [
  "string",
  "integer",
  "number",
  "boolean",
  "date",
  "datetime",
  "time",
  "year",
  "object",
  "array",
  "any",
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/** What other tools call the types. */
const OTHER_NAMES: Record<string, FieldType> = {
  text: "string",
  str: "string",
  int: "integer",
  float: "number",
  double: "number",
  decimal: "number",
  bool: "boolean",
  "date-time": "datetime",
  timestamp: "datetime",
  list: "array",
};

/** The type of that name, or of the name that other tools give it; undefined for no type. */
export function fieldType(name: string): FieldType | undefined {
  const known = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : name;
  return FIELD_TYPES.find((type) => type === known);
}

/** What a value must be, for messages. */
export const TYPE_WORDS: Record<FieldType, string> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  date: "a date such as 2026-01-31",
  datetime: "a date and time such as 2026-01-31T10:00:00Z",
  time: "a time such as 10:00:00",
  year: "a year such as 2026",
  object: "an object",
  array: "a list",
  any: "a value",
};

export interface ReadingOptions extends CastOptions {
  /** Whether text is taken for the number, truth value or date that a cast would make of it. */
  coerce: boolean;
}

/** A value as its type has it; a RowFailure where it is of another type. Gets neither null nor missing values. */
export type TypeReader = (value: unknown) => unknown;

/** Where the value is of another type and there is nothing more to say. */
export const NOT_OF_TYPE = new RowFailure("type", "");

/**
 * A reader for a type. Dates are text in any case: whether text is converted or not, they are read in the formats given, else
 * as ISO 8601, and given as a cast gives them.
 */
export function createReader(type: FieldType, options: ReadingOptions): TypeReader {
  const { coerce } = options;
  switch (type) {
    case "any":
      return (value) => value;
    case "string":
      return (value) =>
        typeof value === "string" ? value : coerce && typeof value !== "object" ? String(value) : NOT_OF_TYPE;
    case "object":
      return (value) => (isObject(value) ? value : NOT_OF_TYPE);
    case "array":
      return (value) => (Array.isArray(value) ? value : NOT_OF_TYPE);
    case "number":
      return numberReader(options);
    case "integer":
    case "year":
      return wholeReader(type, options);
    case "boolean": {
      const cast = compileCast("boolean", options);
      // Words of its own are what the data are written with.
      const reads = coerce || options.trueValues !== undefined || options.falseValues !== undefined;
      return (value) =>
        typeof value === "boolean" ? value : reads && typeof value !== "object" ? cast(value) : NOT_OF_TYPE;
    }
    case "date":
      return dateReader(options.dateReaders);
    case "datetime": {
      const cast = compileCast("datetime", options);
      return (value) => (typeof value === "object" ? NOT_OF_TYPE : cast(value));
    }
    case "time":
      return (value) => (typeof value === "string" && TIME.test(value) ? value : NOT_OF_TYPE);
  }
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?$/;

/** Reads dates without a time of day: one with a time is no date, where a cast would leave the time out. */
function dateReader(formats: CastOptions["dateReaders"]): TypeReader {
  const readers = formats ?? [readIso];
  return (value) => {
    if (typeof value !== "string" && (typeof value !== "number" || !formats)) return NOT_OF_TYPE;
    const text = typeof value === "number" ? String(value) : value.trim();
    if (!formats && text.length === 10 && readDay(text) !== undefined) return text;
    if (text === "") return null;
    for (const read of readers) {
      const moment = read(text);
      if (moment) return moment.timed ? NOT_OF_TYPE : writeMoment(moment);
    }
    return NOT_OF_TYPE;
  };
}

function numberReader(options: ReadingOptions): TypeReader {
  if (!options.coerce) return (value) => (typeof value === "number" ? value : NOT_OF_TYPE);
  const cast = compileCast("number", options);
  const readPlain = options.decimal === "," ? () => Number.NaN : plainNumber;
  return (value) => {
    if (typeof value === "number") return value;
    if (typeof value !== "string") return NOT_OF_TYPE;
    const number = readPlain(value);
    return Number.isFinite(number) ? number : cast(value);
  };
}

function wholeReader(type: "integer" | "year", options: ReadingOptions): TypeReader {
  const { coerce } = options;
  const cast = compileCast("integer", options);
  const readPlain = options.decimal === "," ? () => Number.NaN : plainNumber;
  const fits =
    type === "year"
      ? (number: number) => Number.isInteger(number) && number >= 0 && number <= 9999
      : (number: number) => Number.isInteger(number);
  return (value) => {
    if (typeof value === "number") return fits(value) ? value : NOT_OF_TYPE;
    if (typeof value !== "string" || !coerce) return NOT_OF_TYPE;
    const number = readPlain(value);
    const read = Number.isInteger(number) ? number : cast(value);
    return typeof read !== "number" || fits(read) ? read : NOT_OF_TYPE;
  };
}

/** Digits that every number has room for. */
const EXACT_DIGITS = 15;

/** The number of a short text that begins with a digit from 1 to 9, the commonest case; NaN leaves a text to the cast. */
function plainNumber(text: string): number {
  const code = text.charCodeAt(0);
  return code >= 49 && code <= 57 && text.length <= EXACT_DIGITS ? Number(text) : Number.NaN;
}
