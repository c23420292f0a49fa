/** Whether an answer is right, and what of it was taken for the answer. */
export interface Grade {
  right: boolean;
  extracted: string;
}

/**
 * Compares an answer with the expected ones, any of which will do. What is taken of the answer: the last `\boxed{…}`, else what
 * stands after the last `Answer:` (or `the answer is`), else the last line. What is expected decides how it is compared:
 * - one capital letter: the letter of a choice, as `B`, `(b)`, `B. Paris` or `option B`;
 * - a number: by its value, thousands separated by `,`, `'`, `_` or a space, as a fraction or with an exponent; units only where
 *   both have one, without conversion. Of several numbers in a sentence the last one counts, after `Answer:` the first;
 * - a text: without case, quotes, punctuation at its ends and a leading article; what stands after `is`, `are`, `was`, `=` or `:`
 *   counts too.
 */
export function grade(text: string, expected: readonly string[]): Grade {
  const { extracted, labelled } = finalAnswer(text);
  const right = expected.some((one) => {
    const wanted = one.trim();
    const letter = /^\(?([A-Z])[).]?\)?$/.exec(wanted)?.[1];
    if (letter !== undefined) return choiceOf(extracted) === letter;
    const number = numberIn(wanted, "whole");
    if (number) return sameNumber(number, numberIn(extracted, labelled ? "first" : "last"));
    return textsOf(extracted).includes(normal(wanted));
  });
  return { right, extracted };
}

const LABEL =
  /^(?:so,?\s+|thus,?\s+|therefore,?\s+)?(?:the\s+|my\s+)?(?:final\s+|correct\s+|right\s+)?answer\s*(?:is\b\s*:?|:|=)\s*(.*)$/i;

function finalAnswer(text: string): { extracted: string; labelled: boolean } {
  const boxed = [...text.matchAll(/\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}/g)].at(-1)?.[1];
  if (boxed !== undefined) return { extracted: plain(boxed), labelled: true };
  const lines = text
    .split(/\r?\n/)
    .map(plain)
    .filter((line) => line !== "");
  for (const [index, line] of [...lines.entries()].reverse()) {
    const found = LABEL.exec(line)?.[1];
    // The answer may stand on a line of its own below.
    const extracted = found === "" ? lines[index + 1] : found;
    if (extracted !== undefined) return { extracted, labelled: true };
  }
  return { extracted: lines.at(-1) ?? "", labelled: false };
}

/** A line without marks of Markdown and TeX. */
function plain(line: string): string {
  return line
    .normalize("NFKC")
    .replace(/\*+|__|`|\\[()[\]]|\\[,;!]|\\text(?=\{)/g, "")
    .replace(/\\([%$])/g, "$1")
    .replace(/^\s*(?:#+|>|[-•])\s+/, "")
    .replace(/\$([^$]+)\$/g, "$1")
    .trim();
}

function choiceOf(text: string): string | undefined {
  const first = /^(?:option\s+|choice\s+)?\(?([a-z])(?:[).:,]|\s*$|\s+[-–—])/i.exec(text)?.[1];
  const later = [...text.matchAll(/\b(?:is|option|choice)\s*:?\s*\(?([A-Z])(?=[).:,;]|\s*$)/g)].at(-1)?.[1];
  return (first ?? later)?.toUpperCase();
}

interface Measured {
  value: number;
  unit: string | undefined;
}

const DIGITS = String.raw`\d{1,3}(?:[,'_\u00a0\u202f ]\d{3})+(?![\d])(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+`;
const NUMBER = String.raw`(?<![\w.])([-+−]?)\s*([$€£¥]?)\s*([-−]?)(${DIGITS})(?:e([-+]?\d{1,3}))?(?:\s*\/\s*(${DIGITS}))?`;
const UNIT = String.raw`\s*(%|[$€£¥]|[°µμΩ\p{L}][\p{L}\d²³°/·^*-]*)?`;
const WHOLE = new RegExp(`^${NUMBER}${UNIT}[.!]?$`, "iu");
const ANYWHERE = new RegExp(NUMBER + UNIT, "giu");

/** Ways to write the same unit. Others are compared as they are written, without case. */
const UNITS: Record<string, string> = {};
for (const names of [
  "% percent pct",
  "$ dollar dollars usd",
  "€ euro euros eur",
  "£ pound pounds gbp",
  "¥ yen jpy",
  "m meter meters metre metres",
  "km kilometer kilometers kilometre kilometres",
  "cm centimeter centimeters centimetre centimetres",
  "mm millimeter millimeters millimetre millimetres",
  "g gram grams",
  "kg kilogram kilograms",
  "l liter liters litre litres",
  "s sec second seconds",
  "min minute minutes",
  "h hr hrs hour hours",
  "d day days",
  "° degree degrees",
]) {
  const [unit = "", ...others] = names.split(" ");
  for (const name of [unit, ...others]) UNITS[name] = unit;
}

/** The number that a text is, or the first or last one in it. */
function numberIn(text: string, which: "whole" | "first" | "last"): Measured | undefined {
  const whole = WHOLE.exec(text.trim());
  if (whole || which === "whole") return whole ? measured(whole, true) : undefined;
  const result = text.slice(text.lastIndexOf("=") + 1);
  const found = [...result.matchAll(ANYWHERE)].at(which === "first" ? 0 : -1);
  return found && measured(found, false);
}

function measured(match: RegExpExecArray, isWhole: boolean): Measured | undefined {
  const [, sign, currency, innerSign, digits = "", exponent = "0", divisor] = match;
  const word = currency || match[7];
  const read = (text: string) => Number(text.replace(/[,'_\u00a0\u202f ]/g, ""));
  const size = (read(digits) * 10 ** Number(exponent)) / (divisor === undefined ? 1 : read(divisor));
  const known = word === undefined ? undefined : UNITS[word.toLowerCase()];
  const negative = /[-−]/.test(`${sign}${innerSign}`);
  return { value: negative ? -size : size, unit: known ?? (isWhole ? word?.toLowerCase() : undefined) };
}

function sameNumber(wanted: Measured, found: Measured | undefined): boolean {
  if (!found || (wanted.unit !== undefined && found.unit !== undefined && wanted.unit !== found.unit)) return false;
  return Math.abs(wanted.value - found.value) <= 1e-12 * Math.abs(wanted.value);
}

/** What a text may be meant to say: all of it, or what it says that something is. */
function textsOf(text: string): string[] {
  const said = [...text.matchAll(/\b(?:is|are|was|were)\b|[=:→]/gi)].at(-1);
  const texts = [text, said ? text.slice(said.index + said[0].length) : ""];
  return [...texts, ...texts.map((one) => one.replace(/\([^()]*\)[.!]?\s*$/, ""))]
    .map(normal)
    .filter((one) => one !== "");
}

function normal(text: string): string {
  const bare = text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/["“”„«»]/g, "")
    .replace(/[’‘]/g, "'")
    .replace(/\s+/g, " ");
  return bare
    .trim()
    .replace(/^[\s.,;:!?'()[\]{}]+|[\s.,;:!?'()[\]{}]+$/gu, "")
    .replace(/^(?:the|an|a)\s+(?=\S)/, "");
}
