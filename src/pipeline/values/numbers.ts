/** Signs before the decimals of a number. */
export const DECIMAL_SIGNS = [".", ","] as const;
export type DecimalSign = (typeof DECIMAL_SIGNS)[number];

/** Numbers whose thousands are in groups: by the other sign, an apostrophe, or one of the blanks that are used for it. */
const GROUPED: Record<DecimalSign, RegExp> = {
  ".": /^[+-]?\d{1,3}(?:([,'’ \u00A0\u2009\u202F])\d{3}(?:\1\d{3})*)(?:\.\d*)?$/,
  ",": /^[+-]?\d{1,3}(?:([.'’ \u00A0\u2009\u202F])\d{3}(?:\1\d{3})*)(?:,\d*)?$/,
};
/** Characters of a text that can be a number. */
const MAX_LENGTH = 400;

/**
 * The number that a trimmed text says, undefined where it says none: decimal, with an exponent where wanted, finite. With a
 * decimal sign it may be written with that sign and with its thousands in groups, `1.234,50`; without one as in JSON.
 */
export function readNumber(text: string, decimal: DecimalSign | undefined): number | undefined {
  if (decimal === undefined) return readPlain(text);
  if (text.length > MAX_LENGTH) return undefined;
  const grouped = GROUPED[decimal].test(text);
  const plain = grouped ? text.replace(decimal === "," ? /[^\d,+-]/g : /[^\d.+-]/g, "") : text;
  if (decimal === ".") return readPlain(plain);
  return plain.includes(".") ? undefined : readPlain(plain.replace(",", "."));
}

function readPlain(text: string): number | undefined {
  // `Number` reads what JSON and people write, and besides it only what is blank, infinite, or begins with 0x, 0o or 0b.
  const number = Number(text);
  if (number - number !== 0 || text === "") return undefined;
  return text.charCodeAt(0) === 48 && RADIX.has(text.charCodeAt(1)) ? undefined : number;
}

/**
 * Whether a whole number that was read of a text is another than the one written there: beyond 2^53 a double cannot hold all
 * digits.
 */
export function losesDigits(text: string, number: number): boolean {
  if (text.length < 16 || Math.abs(number) <= Number.MAX_SAFE_INTEGER) return false;
  return significantDigits(text) !== significantDigits(String(number));
}

function significantDigits(text: string): string {
  return text
    .replace(/[eE][+-]?\d+$/, "")
    .replace(/\D/g, "")
    .replace(/^0+|0+$/g, "");
}

const RADIX = new Set([..."xXoObB"].map((letter) => letter.charCodeAt(0)));

const POWERS = Array.from({ length: 16 }, (_, digits) => 10 ** digits);

/**
 * A number rounded to so many decimals, halves away from zero as they are written: 1.005 becomes 1.01. Negative digits round
 * to tens, hundreds and so on.
 */
export function roundNumber(value: number, digits: number): number {
  const size = Math.abs(value);
  const power = POWERS[digits];
  if (power !== undefined) {
    const scaled = size * power;
    const fraction = scaled - Math.floor(scaled);
    // Far enough from a half, what multiplying loses cannot change the result, and dividing whole numbers loses nothing.
    if (scaled < 1e14 && Math.abs(fraction - 0.5) > scaled * 1e-14) {
      const rounded = Math.round(scaled) / power;
      return value < 0 && rounded !== 0 ? -rounded : rounded;
    }
  }
  const rounded = shift(Math.round(shift(size, digits)), -digits);
  if (!Number.isFinite(rounded)) return value;
  return value < 0 && rounded !== 0 ? -rounded : rounded;
}

/** A number times a power of ten, by way of its decimal text so that nothing is lost. */
function shift(value: number, digits: number): number {
  const [mantissa, exponent = "0"] = String(value).split("e") as [string, string?];
  return Number(`${mantissa}e${Number(exponent) + digits}`);
}
