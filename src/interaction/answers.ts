import type { ErrorIssue } from "../errors.ts";
import { type Field, type FieldType, type Form, isObject } from "./form.ts";

/** Answers after checking: the values of the right ones by name, and one issue for each wrong one. */
export interface CheckedAnswers {
  data: Record<string, unknown>;
  issues: ErrorIssue[];
}

/** Longest answer in characters, by type. */
export const MAX_LENGTH = { text: 2_000, textarea: 20_000, email: 320, url: 2_048 } as const;

/** An error names no more answers that belong to no field. */
const MAX_UNKNOWN = 20;

const TRUE_WORDS = ["true", "yes", "y", "on", "1"];
const FALSE_WORDS = ["false", "no", "n", "off", "0"];

/** The value of an answer, or what is wrong with it, worded to follow the field's label. */
type Reading = { value: unknown } | { wrong: string };

/**
 * Checks answers against their form. Numbers and booleans may come as text ("42", "yes"). A field that was left empty is
 * absent from `data`, except that an empty optional text stays "". Keys that no field has are issues.
 */
export function checkAnswers(form: Form, answers: unknown): CheckedAnswers {
  const given = isObject(answers) ? answers : {};
  const issues: ErrorIssue[] = [];
  const data: [string, unknown][] = [];
  for (const field of form.fields) {
    const answer = Object.hasOwn(given, field.name) ? given[field.name] : undefined;
    if (isEmpty(answer)) {
      if (field.required) issues.push(issue(field, "is required"));
      else if (typeof answer === "string" && isFreeText(field.type)) data.push([field.name, answer]);
      continue;
    }
    const reading = READERS[field.type](answer, field);
    if ("wrong" in reading) issues.push(issue(field, reading.wrong));
    else data.push([field.name, reading.value]);
  }
  const names = new Set(form.fields.map((field) => field.name));
  const fields = shorten([...names].join(", "), 300);
  const unknown = Object.keys(given).filter((key) => !names.has(key));
  for (const key of unknown.slice(0, MAX_UNKNOWN)) {
    const shown = shorten(key);
    issues.push({ path: shown, message: `"${shown}" is not a field of this form (${fields})` });
  }
  const more = unknown.length - MAX_UNKNOWN;
  if (more > 0) issues.push({ path: "answers", message: `${more} more are no fields of this form either` });
  return { data: Object.fromEntries(data), issues };
}

const READERS: Record<FieldType, (answer: unknown, field: Field) => Reading> = {
  text: (answer) => readText(answer, MAX_LENGTH.text),
  textarea: (answer) => readText(answer, MAX_LENGTH.textarea),
  email: (answer) => matching(answer, MAX_LENGTH.email, isEmail, "must be an e-mail address such as ana@example.com"),
  url: (answer) => matching(answer, MAX_LENGTH.url, isWebUrl, "must be a full URL such as https://example.com"),
  date: (answer) => matching(answer, 10, isDate, "must be a date as YYYY-MM-DD"),
  datetime: (answer) => matching(answer, 40, isDateTime, "must be a date and time such as 2026-01-31T09:30:00Z"),
  number(answer) {
    const value = toNumber(answer);
    return value === undefined ? { wrong: `must be a number${got(answer)}` } : { value };
  },
  integer(answer) {
    const value = toNumber(answer);
    return Number.isSafeInteger(value) ? { value } : { wrong: `must be a whole number${got(answer)}` };
  },
  boolean(answer) {
    if (typeof answer === "boolean") return { value: answer };
    const word = typeof answer === "string" ? answer.trim().toLowerCase() : "";
    if (TRUE_WORDS.includes(word)) return { value: true };
    if (FALSE_WORDS.includes(word)) return { value: false };
    return { wrong: `must be true or false${got(answer)}` };
  },
  select(answer, field) {
    const given = typeof answer === "number" ? String(answer) : answer;
    const found =
      typeof given === "string" &&
      (field.options.find((option) => option.value === given) ??
        field.options.find((option) => option.label === given) ??
        onlyOne(field.options.filter((option) => sameWord(option.value, given) || sameWord(option.label, given))));
    if (found) return { value: found.value };
    const allowed = shorten(field.options.map((option) => option.value).join(", "), 300);
    return { wrong: `must be one of: ${allowed}${got(answer)}` };
  },
};

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
  if (typeof answer !== "string" || answer.length > 400) return undefined;
  const text = answer.trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

const isFreeText = (type: FieldType): boolean => type === "text" || type === "textarea";
const isEmpty = (answer: unknown): boolean =>
  answer === undefined || answer === null || (typeof answer === "string" && answer.trim() === "");
const sameWord = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();
const onlyOne = <T>(found: T[]): T | undefined => (found.length === 1 ? found[0] : undefined);

function issue(field: Field, wrong: string): ErrorIssue {
  return { path: field.name, label: field.label, message: `${field.label} ${wrong}` };
}

function got(answer: unknown): string {
  return ` (got ${shorten(JSON.stringify(answer) ?? "nothing")})`;
}

function shorten(text: string, max = 60): string {
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}

function codePoints(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}
