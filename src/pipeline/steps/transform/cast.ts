import { RowFailure, show } from "../../rows.ts";
import type { DateReader } from "../../values/date-format.ts";
import { readDay, readIso, writeDay, writeMoment } from "../../values/dates.ts";
import { DECIMAL_SIGNS, type DecimalSign, losesDigits, readNumber } from "../../values/numbers.ts";

import type { TimeZone } from "../../values/time-zone.ts";

/** Types that a field can be cast to. */
export const CAST_TYPES = ["string", "number", "integer", "boolean", "date", "datetime"] as const;
export type CastType = (typeof CAST_TYPES)[number];

const TRUE = ["true", "yes", "y", "on", "1"];
const FALSE = ["false", "no", "n", "off", "0"];

export interface CastOptions {
  /** Read in this order, instead of ISO 8601. */
  dateReaders?: readonly DateReader[] | undefined;
  /** Where times without an offset were written; UTC where it is left out. */
  timeZone?: TimeZone | undefined;
  decimal?: DecimalSign | undefined;
  /** Whether numbers may have a sign or code of a currency, and parentheses for what is negative. */
  currency?: boolean;
  /** Whether numbers may end in a percent sign, and are then divided by 100. */
  percent?: boolean;
  /** Words for booleans in any case, instead of true, yes, y, on, 1 and their opposites. */
  trueValues?: readonly string[] | undefined;
  falseValues?: readonly string[] | undefined;
  /** Texts that stand for null, in any case. */
  nullValues?: readonly string[] | undefined;
}

/** Gives a value as another type, or the failure that says why it cannot. */
export type Cast = (value: unknown) => unknown;

/**
 * Casts to a type; null and, but for `string`, blank text become null. `date` gives the day as it
 * is written, whatever the time and offset after it, `datetime` an instant in UTC. With a decimal sign numbers may be written with it and with their thousands
 * in groups, `1.234,50`; without one as in JSON.
 */
export function compileCast(type: CastType, options: CastOptions = {}): Cast {
  const castTo = compileType(type, options);
  const nulls = new Set(options.nullValues?.map((text) => text.trim().toLowerCase()));
  if (nulls.size === 0) {
    return (value) => {
      if (typeof value !== "string") return value === null || value === undefined ? null : castTo(value, "");
      const text = value.trim();
      return text === "" && type !== "string" ? null : castTo(value, text);
    };
  }
  return (value) => {
    if (value === null || value === undefined) return null;
    if (typeof value !== "string") return castTo(value, "");
    const text = value.trim();
    if (nulls.has(text.toLowerCase())) return null;
    return text === "" && type !== "string" ? null : castTo(value, text);
  };
}

/** Takes a value that is there; `text` is its trimmed text where it is one. */
type TypedCast = (value: unknown, text: string) => unknown;

function compileType(type: CastType, options: CastOptions): TypedCast {
  switch (type) {
    case "string":
      return (value) =>
        typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value);
    case "number":
      return compileNumber("number", options);
    case "integer": {
      const read = compileNumber("whole number", options);
      return (value, text) => {
        const number = read(value, text);
        if (typeof number !== "number" || Number.isSafeInteger(number)) return number;
        return cannot(value, `a whole number${Number.isInteger(number) ? TOO_LARGE : ""}`);
      };
    }
    case "boolean":
      return compileBoolean(options);
    default:
      return compileDate(type === "datetime", options);
  }
}

const TOO_LARGE = "; it is beyond 9007199254740991, so keep it as a string";

function cannot(value: unknown, what: string): RowFailure {
  return new RowFailure("cast", `${show(value)} is not ${what}`);
}

function compileNumber(what: string, { decimal, currency, percent }: CastOptions): TypedCast {
  const read = (text: string, sign: DecimalSign | undefined): number | undefined => {
    let plain = text;
    const divided = percent === true && plain.endsWith("%");
    if (divided) plain = plain.slice(0, -1).trimEnd();
    if (currency) plain = withoutCurrency(plain);
    const number = readNumber(plain, sign);
    return divided && number !== undefined ? Number(`${number}e-2`) || number / 100 : number;
  };
  const special = decimal !== undefined || currency || percent;
  return (value, text) => {
    if (typeof value === "number") return value;
    if (typeof value !== "string") return cannot(value, `a ${what}`);
    const number = special ? read(text, decimal) : readNumber(text, undefined);
    if (number !== undefined) {
      return losesDigits(text, number) ? cannot(value, `a ${what} that can be kept exactly${TOO_LARGE}`) : number;
    }
    const ways = DECIMAL_SIGNS.flatMap((sign) => {
      const other = sign === decimal ? undefined : read(text, sign);
      return other === undefined ? [] : [`"decimal": "${sign}" would read it as ${other}`];
    });
    if (!currency && /^[-+(]?\p{Sc}|\p{Sc}$/u.test(text))
      ways.push('"currency": true reads amounts with their currency');
    if (!percent && text.endsWith("%")) ways.push('"percent": true reads it as a hundredth');
    return cannot(value, [`a ${what}`, ...ways].join("; "));
  };
}

const CURRENCY = /^([+-]?)\s*(?:\p{Sc}|[A-Z]{2,3}\p{Sc}?|kr\.?|zł|Kč)\s*(?=[+\-\d.,])/u;
const CURRENCY_AFTER = /(?<=[\d.,])\s*(?:\p{Sc}|[A-Z]{3}|kr\.?|zł|Kč)$/u;

/** An amount without its currency before or after it; in parentheses it is negative, as accounts have it. */
function withoutCurrency(text: string): string {
  if (text.length > 60) return text;
  const negative = text.startsWith("(") && text.endsWith(")");
  const inner = (negative ? text.slice(1, -1) : text).trim();
  const amount = inner.replace(CURRENCY, "$1").replace(CURRENCY_AFTER, "").trim();
  return negative ? (/^[+-]/.test(amount) ? text : `-${amount}`) : amount;
}

function compileBoolean({ trueValues, falseValues }: CastOptions): TypedCast {
  const words = new Map<string, boolean>();
  for (const word of falseValues ?? FALSE) words.set(word.trim().toLowerCase(), false);
  for (const word of trueValues ?? TRUE) words.set(word.trim().toLowerCase(), true);
  const listed = trueValues || falseValues ? `one of ${[...words.keys()].map(show).join(", ")}` : "true or false";
  return (value, text) => {
    if (typeof value === "boolean") return value;
    const word = typeof value === "string" ? text.toLowerCase() : typeof value === "number" ? String(value) : "";
    return words.get(word) ?? cannot(value, listed);
  };
}

function compileDate(timed: boolean, { dateReaders: readers = [readIso], timeZone }: CastOptions): TypedCast {
  const expected = readers[0] === readIso && readers.length === 1 ? "a date such as 2026-01-31" : undefined;
  // Most often the text is what would be written.
  const plain = expected !== undefined && !timed;
  const what = expected ?? (readers.length > 1 ? "a date in one of these formats" : "a date in that format");
  return (value, text) => {
    if (typeof value !== "string" && (typeof value !== "number" || expected !== undefined)) return cannot(value, what);
    if (plain && text.length === 10 && readDay(text) !== undefined) return text;
    const written = typeof value === "number" ? String(value) : text;
    for (const read of readers) {
      const moment = read(written);
      if (!moment) continue;
      if (!timed) return writeDay(moment);
      const ms = timeZone && moment.offset === undefined ? timeZone.toUtc(moment.ms) : moment.ms;
      return ms === undefined ? cannot(value, what) : writeMoment({ ms, timed });
    }
    return cannot(value, what);
  };
}
