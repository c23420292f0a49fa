import {
  type Options,
  optionalObject,
  optionalString,
  readBoolean,
  readChoice,
  readFields,
  readObject,
  wrong,
} from "../../options.ts";
import { isObject, show } from "../../rows.ts";
import { compileDateReader, type DateReader } from "../../values/date-format.ts";
import { DECIMAL_SIGNS } from "../../values/numbers.ts";
import { createTimeZone, type TimeZone } from "../../values/time-zone.ts";
import { CAST_TYPES, type CastOptions, type CastType, compileCast } from "./cast.ts";
import { checkRowKeys, type OperationCompiler, perField, readOnError } from "./operation.ts";

/** What other tools call the types. */
const OTHER_TYPES: ReadonlyMap<string, CastType> = new Map([
  ["text", "string"],
  ["str", "string"],
  ["varchar", "string"],
  ["float", "number"],
  ["double", "number"],
  ["decimal", "number"],
  ["numeric", "number"],
  ["int", "integer"],
  ["bigint", "integer"],
  ["int64", "integer"],
  ["bool", "boolean"],
  ["timestamp", "datetime"],
  ["date-time", "datetime"],
]);

const KEYS = [
  "fields",
  "type",
  "formats",
  "date_format",
  "timezone",
  "decimal",
  "currency",
  "percent",
  "true_values",
  "false_values",
  "null_values",
  "on_error",
];

/**
 * `{ op: "cast", fields: { field: type }, on_error? }`, or `fields` as a list with one `type`; with `date_format` (one or a list, tried in order) for all dates and
 * `formats: { field: format }` for single ones, `timezone` of times without an offset, `decimal`, `currency`, `percent`, `true_values`, `false_values`, `null_values`.
 */
export const castFields: OperationCompiler = (options, where) => {
  checkRowKeys(options, KEYS, where);
  const types = readTypes(options, where);
  if (types.length === 0)
    throw wrong(where, '"fields" must map field names to types.', 'Such as { "amount": "number" }.');
  if (options.formats !== undefined && !isObject(options.formats)) {
    const hint = 'Such as "formats": { "ordered": "DD.MM.YYYY" }; "date_format" is for all dates.';
    throw wrong(where, `"formats" must be an object with a format for each field, not ${show(options.formats)}.`, hint);
  }
  const formats = optionalObject(options, "formats", where) ?? {};
  const stray = Object.keys(formats).find((field) => !types.some(([name, type]) => name === field && isDateType(type)));
  if (stray !== undefined) {
    throw wrong(`${where}, "formats"`, `${show(stray)} is no field that "fields" casts to date or datetime.`);
  }
  const common: CastOptions = {
    dateReaders: readFormats(options, "date_format", where),
    timeZone: readTimeZone(options, types, where),
    decimal: options.decimal === undefined ? undefined : readChoice(options, "decimal", where, DECIMAL_SIGNS),
    currency: readBoolean(options, "currency", where, false),
    percent: readBoolean(options, "percent", where, false),
    trueValues: readTexts(options, "true_values", where),
    falseValues: readTexts(options, "false_values", where),
    nullValues: readTexts(options, "null_values", where),
  };
  const fields = types.map(([field, type]) => {
    const dateReaders = readFormats(formats, field, `${where}, "formats"`) ?? common.dateReaders;
    const cast = compileCast(readType(type, field, where), { ...common, dateReaders });
    return {
      field,
      value(row: Record<string, unknown>) {
        const value = row[field];
        return value === undefined ? undefined : cast(value);
      },
    };
  });
  return { ...perField(readOnError(options, where), "cast", fields), fields: types.map(([field]) => field) };
};

function readTypes(options: Options, where: string): [string, unknown][] {
  const { fields, type } = options;
  if (type === undefined) return Object.entries(readObject(fields, `${where}, "fields"`));
  if (isObject(fields)) throw wrong(where, '"type" goes with a list of fields; here each field has its own type.');
  return readFields(options, "fields", where).map((field) => [field, type]);
}

function isDateType(type: unknown): boolean {
  return type === "date" || isInstant(type);
}

function isInstant(type: unknown): boolean {
  return type === "datetime" || OTHER_TYPES.get(String(type).toLowerCase()) === "datetime";
}

function readTimeZone(options: Options, types: [string, unknown][], where: string): TimeZone | undefined {
  const name = optionalString(options, "timezone", where);
  if (name === undefined) return undefined;
  const zone = createTimeZone(name);
  if (!zone) throw wrong(where, `"timezone" must be a time zone, not ${show(name)}.`, "Such as Europe/Berlin or UTC.");
  if (types.some(([, type]) => isInstant(type))) return zone;
  throw wrong(where, '"timezone" is for datetime; a date is the day as it is written.');
}

function readType(type: unknown, field: string, where: string): CastType {
  const name = typeof type === "string" ? type.toLowerCase() : "";
  const known = CAST_TYPES.find((one) => one === name) ?? OTHER_TYPES.get(name);
  if (known) return known;
  throw wrong(where, `the type of ${show(field)} must be one of ${CAST_TYPES.join(", ")}, not ${show(type)}.`);
}

function readFormats(options: Options, key: string, where: string): DateReader[] | undefined {
  if (!Object.hasOwn(options, key) || options[key] === undefined) return undefined;
  const list = Array.isArray(options[key]) ? options[key] : [options[key]];
  if (list.length === 0 || list.length > 20)
    throw wrong(where, `"${key}" must be a date format or a list of up to 20.`);
  return list.map((format: unknown) => {
    const reader = typeof format === "string" && format !== "" ? compileDateReader(format) : undefined;
    if (reader) return reader;
    throw wrong(
      where,
      `"${key}" must name YYYY, MM and DD once each (and HH, mm, ss), not ${show(format)}.`,
      'Also YY, M, MMM (Jan), MMMM (January), D, ddd, H, hh or h with A (AM, PM), SSS, Z (offset), X (seconds since 1970), "ISO", and [text].',
    );
  });
}

function readTexts(options: Options, key: string, where: string): string[] | undefined {
  if (options[key] === undefined) return undefined;
  const list: unknown[] = Array.isArray(options[key]) ? options[key] : [options[key]];
  if (!list.every((entry) => ["string", "number", "boolean"].includes(typeof entry))) {
    throw wrong(where, `"${key}" must be a list of texts, not ${show(options[key])}.`);
  }
  return list.map(String);
}
