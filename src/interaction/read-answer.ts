import { matchesPattern } from "./field-pattern.ts";
import type { Field, FieldType, Option } from "./form.ts";
import { howToWrite, readNumber } from "./read-number.ts";
import { SAFE_SECRET } from "./secrets.ts";

/** Longest answer in characters, by type. */
export const MAX_LENGTH = { text: 2_000, textarea: 20_000, email: 320, url: 2_048, password: 4_096 } as const;

/** The value of an answer, or what is wrong with it, worded to follow the field's label. */
export type Reading = { value: string | number | boolean | string[] } | { wrong: string };

const SHORT_SECRET =
  "The model could find a shorter one out by trying; if yours is shorter, tell the model to ask with min 4 in this field";
const TRUE_WORDS = ["true", "yes", "y", "on", "1"];
const FALSE_WORDS = ["false", "no", "n", "off", "0"];

/**
 * The value of an answer that is not empty, as the field's type and bounds have it. Numbers and booleans may come as text
 * ("42", "yes"), choices by their label, several choices as one text ("a, b"). What is wrong never shows a secret.
 */
export function readAnswer(field: Field, answer: unknown): Reading {
  const reading = READERS[field.type](answer, field);
  if ("wrong" in reading) return reading;
  const wrong = outOfBounds(field, reading.value) ?? offPattern(field, reading.value);
  if (wrong === undefined) return reading;
  // Keyboards add blanks that nobody sees: where only they are wrong, they do not count.
  const trimmed =
    field.pattern !== undefined && typeof reading.value === "string" ? reading.value.trim() : reading.value;
  if (trimmed === reading.value || (outOfBounds(field, trimmed) ?? offPattern(field, trimmed)) !== undefined)
    return { wrong };
  return { value: trimmed };
}

/** Whether there is no answer: none, a blank text, or no choice. */
export function isEmpty(answer: unknown): boolean {
  if (Array.isArray(answer)) return answer.length === 0;
  return answer === undefined || answer === null || (typeof answer === "string" && answer.trim() === "");
}

/** Milliseconds of a date and time such as 2026-01-31T09:30; without an offset it counts as UTC. NaN where it is none. */
export function instantOf(value: string): number {
  const text = value.trim().replace(" ", "T").toUpperCase();
  return Date.parse(/(Z|[+-]\d{2}:\d{2})$/.test(text) ? text : `${text}${text.includes("T") ? "Z" : ""}`);
}

const READERS: Record<FieldType, (answer: unknown, field: Field) => Reading> = {
  text: (answer) => readText(answer, MAX_LENGTH.text),
  textarea: (answer) => readText(answer, MAX_LENGTH.textarea),
  password: (answer) =>
    typeof answer === "string" ? readText(answer, MAX_LENGTH.password) : { wrong: "must be a text" },
  email: (answer) => matching(answer, MAX_LENGTH.email, isEmail, "must be an e-mail address such as ana@example.com"),
  url: (answer) => matching(answer, MAX_LENGTH.url, isWebUrl, "must be a full URL such as https://example.com"),
  date: (answer) => matching(answer, 10, isDate, "must be a date as YYYY-MM-DD"),
  datetime(answer) {
    const reading = matching(answer, 40, isDateTime, "must be a date and time such as 2026-01-31T09:30:00Z");
    // One way of writing for who reads it (RFC 3339 allows small letters and a blank as well).
    return "wrong" in reading ? reading : { value: String(reading.value).replace(" ", "T").toUpperCase() };
  },
  number(answer, { default: filled }) {
    // What the form has filled in is clear, though a person who wrote it could have meant something else.
    const isFilled = typeof filled === "number" && typeof answer === "string" && answer.trim() === String(filled);
    const value = isFilled ? filled : toNumber(answer);
    return value === undefined ? { wrong: `must be a number${howToWrite(answer, false)}${got(answer)}` } : { value };
  },
  integer(answer) {
    const value = toNumber(answer);
    return value !== undefined && Number.isSafeInteger(value)
      ? { value }
      : { wrong: `must be a whole number${howToWrite(answer, true)}${got(answer)}` };
  },
  boolean(answer) {
    if (typeof answer === "boolean") return { value: answer };
    const word = typeof answer === "string" ? answer.trim().toLowerCase() : "";
    if (TRUE_WORDS.includes(word)) return { value: true };
    if (FALSE_WORDS.includes(word)) return { value: false };
    return { wrong: `must be true or false${got(answer)}` };
  },
  select(answer, { options }) {
    const found = findOption(options, answer);
    if (found) return { value: found.value };
    return { wrong: `must be one of: ${allowed(options)}${got(answer)}` };
  },
  multiselect(answer, { options }) {
    const given = Array.isArray(answer) ? answer : splitChoices(answer, options);
    const values = new Set<string>();
    for (const one of given) {
      const found = findOption(options, one);
      if (!found) return { wrong: `must be some of: ${allowed(options)}${got(one)}` };
      values.add(found.value);
    }
    return { value: [...values] };
  },
};

function findOption(options: readonly Option[], answer: unknown): Option | undefined {
  const given = typeof answer === "number" ? String(answer) : answer;
  if (typeof given !== "string") return undefined;
  return (
    options.find((option) => option.value === given) ??
    options.find((option) => option.label === given) ??
    onlyOne(options.filter((option) => sameWord(option.value, given) || sameWord(option.label, given)))
  );
}

/** The choices in a text such as `a, b` or `["a","b"]`; an option may have commas itself. */
function splitChoices(answer: unknown, options: readonly Option[]): unknown[] {
  if (typeof answer !== "string" || answer.length > 20_000) return [answer];
  if (answer.trimStart().startsWith("[")) {
    try {
      const list: unknown = JSON.parse(answer);
      if (Array.isArray(list)) return list;
    } catch {
      // A text that only begins like a list.
    }
  }
  const parts = answer.split(/[,;\n]/);
  if (parts.length > 500) return [answer];
  const separators = [...answer.matchAll(/[,;\n]/g)].map(([separator]) => separator);
  const choices: string[] = [];
  for (let start = 0; start < parts.length; ) {
    let end = start + 1;
    let taken = parts[start] as string;
    let longer = taken;
    // The longest text from here on that is an option: no option has more separators than its length.
    for (let next = start + 1; next < parts.length && longer.length <= 500; next += 1) {
      longer += `${separators[next - 1]}${parts[next]}`;
      if (findOption(options, longer.trim())) [taken, end] = [longer, next + 1];
    }
    if (taken.trim() !== "") choices.push(taken.trim());
    start = end;
  }
  return choices;
}

function outOfBounds(field: Field, value: string | number | boolean | string[]): string | undefined {
  const { min, max, type } = field;
  if (min === undefined && max === undefined) return undefined;
  if (type === "number" || type === "integer") {
    if (min !== undefined && (value as number) < Number(min)) return `must be at least ${min} (got ${value})`;
    if (max !== undefined && (value as number) > Number(max)) return `must be at most ${max} (got ${value})`;
    return undefined;
  }
  if (type === "date" || type === "datetime") {
    const instant = instantOf(value as string);
    if (min !== undefined && instant < instantOf(String(min))) return `must not be before ${min} (got ${value})`;
    if (max !== undefined && instant > instantOf(String(max))) return `must not be after ${max} (got ${value})`;
    return undefined;
  }
  if (Array.isArray(value)) {
    if (min !== undefined && value.length < Number(min))
      return `needs at least ${inWords(Number(min), "choice")} (got ${value.length})`;
    if (max !== undefined && value.length > Number(max))
      return `takes at most ${inWords(Number(max), "choice")} (got ${value.length})`;
    return undefined;
  }
  const length = codePoints(String(value));
  if (min !== undefined && length < Number(min)) {
    const wrong = `has ${inWords(length, "character")}; at least ${min}`;
    return type === "password" && min === SAFE_SECRET ? `${wrong}. ${SHORT_SECRET}` : wrong;
  }
  if (max !== undefined && length > Number(max)) return `has ${inWords(length, "character")}; at most ${max}`;
  return undefined;
}

function offPattern({ pattern, patternMessage }: Field, value: string | number | boolean | string[]) {
  if (pattern === undefined || typeof value !== "string" || matchesPattern(pattern, value)) return undefined;
  return patternMessage === undefined ? `must match ${shorten(pattern, 200)}` : `is not right: ${patternMessage}`;
}

function readText(answer: unknown, maxLength: number): Reading {
  if (typeof answer !== "string") return { wrong: `must be a text${got(answer)}` };
  const length = codePoints(answer);
  return length > maxLength ? { wrong: `has ${length} characters; at most ${maxLength}` } : { value: answer };
}

function matching(answer: unknown, maxLength: number, test: (value: string) => boolean, wrong: string): Reading {
  if (typeof answer !== "string") return { wrong: `${wrong}${got(answer)}` };
  const value = answer.trim();
  return value.length <= maxLength && test(value) ? { value } : { wrong: `${wrong}${got(answer)}` };
}

/** Runs on at most 320 characters, so that backtracking stays small. */
const isEmail = (value: string): boolean => /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(value);

function isWebUrl(value: string): boolean {
  return /^https?:\/\/[^\s]+$/i.test(value) && URL.canParse(value);
}

function isDate(value: string): boolean {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value);
  if (!parts) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  if (month < 1 || month > 12 || day < 1) return false;
  const date = new Date(0);
  date.setUTCFullYear(year, month, 0);
  return day <= date.getUTCDate();
}

/** ISO 8601 with or without seconds and offset: forms for local time send none. */
function isDateTime(value: string): boolean {
  const parts = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?([Zz]|[+-]\d{2}:\d{2})?$/.exec(value);
  if (!parts || !isDate(parts[1] as string)) return false;
  const offset = /^[+-](\d{2}):(\d{2})$/.exec(parts[5] ?? "");
  return (
    Number(parts[2]) < 24 &&
    Number(parts[3]) < 60 &&
    Number(parts[4] ?? 0) < 60 &&
    (!offset || (Number(offset[1]) < 24 && Number(offset[2]) < 60))
  );
}

function toNumber(answer: unknown): number | undefined {
  if (typeof answer === "number") return Number.isFinite(answer) ? answer : undefined;
  return typeof answer === "string" ? readNumber(answer) : undefined;
}

const onlyOne = <T>(found: readonly T[]): T | undefined => (found.length === 1 ? found[0] : undefined);
const sameWord = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();
const inWords = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** The choices as the human has seen them; in quotes where a comma of their own could be taken for one between them. */
function allowed(options: readonly Option[]): string {
  const quotes = options.some(({ label }) => /[,;"]|^\s|\s$/.test(label));
  return shorten(options.map(({ label }) => (quotes ? JSON.stringify(label) : label)).join(", "), 300);
}

/** The answer, short enough for a message. */
function got(answer: unknown): string {
  return ` (got ${shorten(JSON.stringify(answer) ?? "nothing")})`;
}

/** The text, cut where it is longer. */
export function shorten(text: string, max = 60): string {
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}

function codePoints(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}
