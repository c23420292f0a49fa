import { isDate, isDateTime } from "../../../json-schema/formats.ts";
import { RowFailure, show } from "../../rows.ts";

/** Types that a field can be cast to. */
export const CAST_TYPES = ["string", "number", "integer", "boolean", "date"] as const;
export type CastType = (typeof CAST_TYPES)[number];

const TRUE = new Set(["true", "yes", "y", "on", "1"]);
const FALSE = new Set(["false", "no", "n", "off", "0"]);

/**
 * A value as another type; null and, but for `string`, blank text become null. `date` gives `YYYY-MM-DD`, or an instant in
 * UTC where a time is there; `dateFormat` reads other orders, such as `DD.MM.YYYY HH:mm`. With a decimal sign, numbers
 * may be written with it and with their thousands in groups, `1.234,50`; without one as in JSON.
 * @throws RowFailure where the value does not say such a value.
 */
export function cast(
  value: unknown,
  type: CastType,
  { dateFormat, decimal }: { dateFormat?: DateFormat | undefined; decimal?: DecimalSign | undefined } = {},
): unknown {
  if (value === null || value === undefined) return null;
  if (type === "string") return typeof value === "object" ? JSON.stringify(value) : String(value);
  if (typeof value === "string" && value.trim() === "") return null;
  switch (type) {
    case "number":
      return castNumber(value, "number", decimal);
    case "integer": {
      const number = castNumber(value, "whole number", decimal);
      if (!Number.isSafeInteger(number)) throw cannot(value, "a whole number");
      return number;
    }
    case "boolean":
      return castBoolean(value);
    case "date":
      return castDate(value, dateFormat);
  }
}

function cannot(value: unknown, what: string): RowFailure {
  return new RowFailure("cast", `${show(value)} is not ${what}`);
}

/** Signs before the decimals of a number. */
export const DECIMAL_SIGNS = [".", ","] as const;
export type DecimalSign = (typeof DECIMAL_SIGNS)[number];

/** Numbers whose thousands are in groups: by the other sign, an apostrophe, or one of the blanks that are used for it. */
const GROUPED: Record<DecimalSign, RegExp> = {
  ".": /^[+-]?\d{1,3}(?:([,'’ \u00A0\u2009\u202F])\d{3}(?:\1\d{3})*)(?:\.\d*)?$/,
  ",": /^[+-]?\d{1,3}(?:([.'’ \u00A0\u2009\u202F])\d{3}(?:\1\d{3})*)(?:,\d*)?$/,
};

function castNumber(value: unknown, what: string, decimal: DecimalSign | undefined): number {
  if (typeof value === "number") return value;
  if (typeof value !== "string") throw cannot(value, `a ${what}`);
  const number = readNumber(value.trim(), decimal);
  if (number !== undefined) return number;
  const ways = DECIMAL_SIGNS.flatMap((sign) => {
    const read = sign === decimal ? undefined : readNumber(value.trim(), sign);
    return read === undefined ? [] : [`"decimal": "${sign}" would read it as ${read}`];
  });
  throw cannot(value, [`a ${what}`, ...ways].join("; "));
}

function readNumber(text: string, decimal: DecimalSign | undefined): number | undefined {
  const grouped = decimal !== undefined && GROUPED[decimal].test(text);
  const plain = grouped ? text.replace(decimal === "," ? /[^\d,+-]/g : /[^\d.+-]/g, "") : text;
  if (decimal === "," && plain.includes(".")) return undefined;
  const written = decimal === "," ? plain.replace(",", ".") : plain;
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(written) ? Number(written) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

function castBoolean(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  const word = typeof value === "object" ? "" : String(value).trim().toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  throw cannot(value, "true or false");
}

function castDate(value: unknown, format: DateFormat | undefined): string {
  if (typeof value !== "string") throw cannot(value, "a date");
  const text = value.trim();
  const date = format ? format(text) : readIso(text);
  if (date === undefined) throw cannot(value, format ? "a date in that format" : "a date such as 2026-01-31");
  return date;
}

function readIso(text: string): string | undefined {
  if (isDate(text)) return text;
  // A time without an offset is taken as UTC, whatever the zone of the server.
  const seconds = /T\d{2}:\d{2}(Z|[+-]|$)/i.test(text.replace(" ", "T"))
    ? text.replace(" ", "T").replace(/(T\d{2}:\d{2})/i, "$1:00")
    : text.replace(" ", "T");
  const full = /(Z|[+-]\d{2}:\d{2})$/i.test(seconds.slice(10)) ? seconds : `${seconds}Z`;
  return isDateTime(full) && !full.includes(":60") ? new Date(full.toUpperCase()).toISOString() : undefined;
}

/** Reads text in one date format; undefined where it does not fit. */
export type DateFormat = (text: string) => string | undefined;

const PARTS: Record<string, string> = {
  YYYY: "(?<year>\\d{4})",
  MM: "(?<month>\\d{1,2})",
  DD: "(?<day>\\d{1,2})",
  HH: "(?<hour>\\d{1,2})",
  mm: "(?<minute>\\d{2})",
  ss: "(?<second>\\d{2})",
};

/** A reader for a format of the parts YYYY, MM, DD, HH, mm and ss; undefined where the format lacks a day or repeats a part. */
export function compileDateFormat(format: string): DateFormat | undefined {
  const used: string[] = [];
  const source = format.replace(/YYYY|MM|DD|HH|mm|ss|[^A-Za-z0-9]|[A-Za-z0-9]/g, (piece) => {
    const part = PARTS[piece];
    if (!part) return piece.replace(/[.*+?^${}()|[\]\\/-]/, "\\$&");
    used.push(piece);
    return part;
  });
  const complete = ["YYYY", "MM", "DD"].every((part) => used.includes(part));
  if (!complete || new Set(used).size !== used.length || format.length > 40) return undefined;
  // Built of our own pieces and escaped literals only: no repetition nests.
  const pattern = new RegExp(`^${source}$`);
  return (text) => {
    const parts = text.length > 100 ? undefined : pattern.exec(text)?.groups;
    if (!parts) return undefined;
    const two = (name: string): string => (parts[name] ?? "0").padStart(2, "0");
    const date = `${parts.year}-${two("month")}-${two("day")}`;
    if (parts.hour === undefined) return isDate(date) ? date : undefined;
    return readIso(`${date}T${two("hour")}:${two("minute")}:${two("second")}Z`);
  };
}
