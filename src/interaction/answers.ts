import type { ErrorIssue } from "../errors.ts";
import type { Field, FieldType, Form } from "./form.ts";
import { isObject } from "./form-values.ts";
import { isEmpty, readAnswer, shorten } from "./read-answer.ts";

/** Answers after checking: the values of the right ones by name, and one issue for each wrong one. */
export interface CheckedAnswers {
  data: Record<string, unknown>;
  issues: ErrorIssue[];
}

/** An error names no more answers that belong to no field. */
const MAX_UNKNOWN = 20;

/**
 * Checks answers against their form. Numbers, booleans and choices may come as text ("42", "yes", "a, b"). A field that is
 * not among the answers at all counts as it is in `missing`. One that was left empty is absent from `data`, except that an
 * empty optional text stays "" and no choice of several stays []. Keys that no field has are issues.
 */
export function checkAnswers(form: Form, answers: unknown, missing: Record<string, unknown> = {}): CheckedAnswers {
  const given = isObject(answers) ? answers : {};
  const issues: ErrorIssue[] = [];
  const data: [string, unknown][] = [];
  for (const field of form.fields) {
    const source = Object.hasOwn(given, field.name) ? given : missing;
    const answer = Object.hasOwn(source, field.name) ? source[field.name] : undefined;
    if (isEmpty(answer)) {
      if (field.required) issues.push(issue(field, "is required"));
      else if (typeof answer === "string" && isFreeText(field.type)) data.push([field.name, answer]);
      else if (Array.isArray(answer) && field.type === "multiselect") data.push([field.name, []]);
      continue;
    }
    const reading = readAnswer(field, answer);
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

/** What the form fills in. */
export function defaultsOf(form: Form): Record<string, unknown> {
  const filled = form.fields.filter((field) => field.default !== undefined);
  return Object.fromEntries(filled.map((field) => [field.name, field.default]));
}

/** The right answers as they are given back: a choice whose option was a number is that number. */
export function asGiven(form: Form, data: Record<string, unknown>): Record<string, unknown> {
  const entries = form.fields.flatMap(({ name, options }): [string, unknown][] => {
    if (!Object.hasOwn(data, name)) return [];
    const numbers = new Set(options.filter(({ isNumber }) => isNumber).map(({ value }) => value));
    const given = (answer: unknown) => (numbers.has(answer as string) ? Number(answer) : answer);
    const answer = data[name];
    return [[name, Array.isArray(answer) ? answer.map(given) : given(answer)]];
  });
  return Object.fromEntries(entries);
}

const isFreeText = (type: FieldType): boolean => type === "text" || type === "textarea";
const issue = ({ name, label }: Field, wrong: string): ErrorIssue => ({
  path: name,
  label,
  message: `${label} ${wrong}`,
});
