import { type Cast, type CastOptions, compileCast } from "../steps/transform/cast.ts";
import { type DecimalSign, readNumber } from "../values/numbers.ts";

/** One way to read all numbers of a column. */
export interface NumberReading {
  /** What a cast needs to be told. */
  options: { decimal?: DecimalSign; currency?: true; percent?: true };
  min: number;
  max: number;
  /** Whether all were whole. */
  whole: boolean;
}

/** Which ways are left to read all values so far as numbers. */
export interface NumberReadings {
  /** Takes a value; `text` is its trimmed text. Whether it is a number by any way that was left before it. */
  see(value: unknown, text: string): boolean;
  /** The ways that are left, the plainest first. */
  left(): readonly NumberReading[];
  /** Whether every value with a point looks as if the point parted thousands, `1.234`, and there is one. */
  pointsMayGroup(): boolean;
  /** The same of commas. */
  commasMayGroup(): boolean;
  /** Whether all are digits as a number without leading zeros would be written, so that equal numbers are equal texts. */
  canonical(): boolean;
  /** A value such as 1.10 that ends in zeros, where other values have less or more digits after the point, as versions do. */
  uneven(): string | undefined;
}

const SIGNS: readonly (DecimalSign | undefined)[] = [undefined, ".", ","];
const EXTRAS: readonly NumberReading["options"][] = [{}, { currency: true }, { percent: true }];

interface Candidate extends NumberReading {
  cast: Cast;
}

/** Readings of no values yet: as JSON writes numbers, with groups of thousands, with a decimal comma; currencies, percents. */
export function createNumberReadings(): NumberReadings {
  let left: Candidate[] = EXTRAS.flatMap((extra) =>
    SIGNS.map((decimal) => {
      const options = { ...(decimal && { decimal }), ...extra };
      const cast = compileCast("number", options as CastOptions);
      return { options, cast, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, whole: true };
    }),
  );
  const point = createGroupTest(".");
  const comma = createGroupTest(",");
  // Of whole numbers that all candidates read the same.
  const plain = { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
  let canonical = true;
  let decimals: number | undefined;
  let differ = false;
  let zeros: string | undefined;
  return {
    uneven: () => (differ ? zeros : undefined),
    left: () =>
      left.map(({ options, whole, min, max }) => ({
        options,
        whole,
        min: Math.min(min, plain.min),
        max: Math.max(max, plain.max),
      })),
    pointsMayGroup: point.mayGroup,
    commasMayGroup: comma.mayGroup,
    canonical: () => canonical,
    see(value, text) {
      if (left.length === 0) return false;
      if (typeof value !== "number" && !isWrittenNumber(text)) {
        left = [];
        return false;
      }
      if (CANONICAL.test(text)) {
        const number = Number(text);
        if (number < plain.min) plain.min = number;
        if (number > plain.max) plain.max = number;
        return true;
      }
      canonical = false;
      const at = text.lastIndexOf(".") + 1;
      if (at > 0 && typeof value === "string") {
        decimals ??= text.length - at;
        differ ||= decimals !== text.length - at;
        if (zeros === undefined && text.endsWith("0") && !text.endsWith(".0")) zeros = text;
      }
      point.see(text);
      comma.see(text);
      const kept = left.filter((candidate) => take(candidate, value, text));
      const any = kept.length > 0;
      left = kept;
      return any;
    },
  };
}

const CANONICAL = /^(0|-?[1-9]\d{0,14})$/;

function take(candidate: Candidate, value: unknown, text: string): boolean {
  const { decimal } = candidate.options;
  const number =
    typeof value === "number"
      ? value
      : decimal === ","
        ? candidate.cast(text)
        : (readNumber(text, decimal) ?? candidate.cast(text));
  if (typeof number !== "number") return false;
  if (number < candidate.min) candidate.min = number;
  if (number > candidate.max) candidate.max = number;
  candidate.whole &&= Number.isSafeInteger(number);
  return true;
}

/**
 * Whether text may stand for an amount at all, not for a name made of digits: it has no leading zeros, as zip codes have, no
 * leading plus, as phone numbers have, no exponent without a point and no letters, as codes have, and not more than 15 digits.
 */
export function isWrittenNumber(text: string): boolean {
  if (CANONICAL.test(text)) return true;
  if (text.length > 40 || !/\d/.test(text) || text.startsWith("+")) return false;
  const digits = text.replace(/[^\d.,]/g, "");
  if (/^0\d/.test(digits) || digits.replace(/\D/g, "").length > 15) return false;
  if (/\d[eE][+-]?\d/.test(text)) return /^-?\d+\.\d+[eE][+-]?\d+$/.test(text);
  return !/\p{L}/u.test(text.replace(CURRENCY_WORD, ""));
}

/** A cast takes any three letters for a currency; here codes such as AB-12 must not become amounts. */
const CURRENCY_WORD =
  /(?<![A-Za-z])(EUR|USD|GBP|CHF|JPY|CNY|SEK|NOK|DKK|PLN|CZK|HUF|RON|CAD|AUD|NZD|INR|BRL|MXN|ZAR|TRY|US|kr|zł|Kč)(?![A-Za-z])/;

/** Looks whether a sign is used as for thousands only. */
function createGroupTest(sign: "." | ","): { see(text: string): void; mayGroup(): boolean } {
  const grouped = sign === "." ? /^[^\d]*[1-9]\d{0,2}(\.\d{3})+[^\d]*$/ : /^[^\d]*[1-9]\d{0,2}(,\d{3})+[^\d]*$/;
  let seen = false;
  let always = true;
  return {
    see(text) {
      if (!text.includes(sign)) return;
      seen = true;
      always &&= grouped.test(text);
    },
    mayGroup: () => seen && always,
  };
}
