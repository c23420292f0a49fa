import { isDate } from "../../../json-schema/formats.ts";
import { isObject, RowFailure } from "../../rows.ts";
import { cast, type DateFormat, type DecimalSign } from "../transform/cast.ts";

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

export interface ReadingOptions {
  /** Whether text is taken for the number, truth value or date that a cast would make of it. */
  coerce: boolean;
  dateFormat?: DateFormat | undefined;
  decimal?: DecimalSign | undefined;
  trueValues?: readonly string[] | undefined;
  falseValues?: readonly string[] | undefined;
}

/** A value as its type has it; a RowFailure where it is of another type. Gets neither null nor missing values. */
export type TypeReader = (value: unknown) => unknown;

/** Where the value is of another type and there is nothing more to say. */
export const NOT_OF_TYPE = new RowFailure("type", "");

/**
 * A reader for a type. Dates are text in any case: whether text is converted or not, they are read in the format given, else as
 * ISO 8601 with or without an offset, and given as a cast gives them.
 */
export function createReader(type: FieldType, options: ReadingOptions): TypeReader {
  const { coerce } = options;
  const pointed = options.decimal !== ",";
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
      return coerce
        ? (value) =>
            typeof value === "number"
              ? value
              : isPlainNumber(value, pointed)
                ? Number(value)
                : tryCast(value, "number", options)
        : (value) => (typeof value === "number" ? value : NOT_OF_TYPE);
    case "integer":
    case "year": {
      const least = type === "year" ? 0 : Number.NEGATIVE_INFINITY;
      const most = type === "year" ? 9999 : Number.POSITIVE_INFINITY;
      return (value) => {
        if (typeof value !== "number" && !coerce) return NOT_OF_TYPE;
        const read =
          typeof value === "number"
            ? value
            : isPlainNumber(value, pointed)
              ? Number(value)
              : tryCast(value, "integer", options);
        if (typeof read !== "number") return read;
        // Text beyond what is exact would become another number.
        const whole = typeof value === "number" ? Number.isInteger(read) : Number.isSafeInteger(read);
        return whole && read >= least && read <= most ? read : NOT_OF_TYPE;
      };
    }
    case "boolean":
      return booleanReader(options);
    case "date":
      return dateReader(options, (text) => text.length === 10);
    case "datetime":
      return dateReader(options, (text) => text.length > 10);
    case "time":
      return (value) => (typeof value === "string" && TIME.test(value) ? value : NOT_OF_TYPE);
  }
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?$/;

function booleanReader(options: ReadingOptions): TypeReader {
  const { trueValues, falseValues, coerce } = options;
  const yes = new Set(trueValues);
  const no = new Set(falseValues);
  const own = yes.size + no.size > 0;
  return (value) => {
    if (typeof value === "boolean") return value;
    if (own && typeof value === "string") return yes.has(value) ? true : no.has(value) ? false : NOT_OF_TYPE;
    return coerce ? tryCast(value, "boolean", options) : NOT_OF_TYPE;
  };
}

function dateReader(options: ReadingOptions, fits: (text: string) => boolean): TypeReader {
  const plain = options.dateFormat === undefined;
  return (value) => {
    if (typeof value !== "string") return NOT_OF_TYPE;
    const read = plain && value.length === 10 && isDate(value) ? value : tryCast(value, "date", options);
    return typeof read !== "string" || fits(read) ? read : NOT_OF_TYPE;
  };
}

function tryCast(
  value: unknown,
  type: "number" | "integer" | "boolean" | "date",
  { dateFormat, decimal }: ReadingOptions,
): unknown {
  try {
    return cast(value, type, { dateFormat, decimal });
  } catch (error) {
    if (error instanceof RowFailure) return error;
    throw error;
  }
}

/** Whether text is digits with at most a minus before and a point between them, where one is meant; all else is left to the cast. */
function isPlainNumber(value: unknown, pointed: boolean): value is string {
  if (typeof value !== "string" || value.length > 15) return false;
  let digits = 0;
  let point = false;
  for (let index = value.charCodeAt(0) === MINUS ? 1 : 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code >= ZERO && code <= NINE) digits++;
    else if (code === POINT && pointed && !point && digits > 0 && index < value.length - 1) point = true;
    else return false;
  }
  return digits > 0;
}

const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
