import { ToolError } from "../errors.ts";
import { closestName } from "./closest-name.ts";
import { isObject, show } from "./rows.ts";

/**
 * Readers for the options of steps and operations. Each throws ToolError `invalid_input` with a message that begins with the
 * place (`where`), names the key, and says what is allowed.
 */
export type Options = Record<string, unknown>;

/** The error of a wrong definition. */
export function wrong(where: string, message: string, hint?: string): ToolError {
  return new ToolError("invalid_input", `${where}: ${message}`, { hint });
}

/** What other tools call the keys. */
const OTHER_KEYS: Record<string, readonly string[]> = {
  columns: ["fields"],
  column: ["field", "fields"],
  field: ["fields"],
  fields: ["field", "columns"],
  mapping: ["fields", "values"],
  map: ["values", "fields"],
  expr: ["expression"],
  formula: ["expression"],
  value: ["expression", "values"],
  condition: ["expression", "when"],
  where: ["expression", "when"],
  if: ["when"],
  as: ["into", "field"],
  to: ["into", "field"],
  target: ["into", "field"],
  output: ["into", "field"],
  type: ["format", "how", "fields"],
  types: ["fields"],
  n: ["count"],
  size: ["count"],
  number: ["count"],
  sep: ["separator", "delimiter"],
  delimiter: ["separator"],
  order: ["descending"],
  desc: ["descending"],
  ascending: ["descending"],
  keys: ["by", "key", "fields"],
  lefton: ["field"],
  righton: ["key"],
  using: ["field", "by"],
  file: ["source"],
  from: ["source"],
  right: ["source", "table"],
  jointype: ["how"],
  on: ["field", "fields", "by"],
  key: ["field"],
  groupby: ["by"],
  aggregations: ["aggregates"],
  agg: ["aggregates"],
  prompt: ["input_template", "task"],
  rules: ["schema"],
  onfail: ["mode", "on_error"],
  onerror: ["on_error", "mode"],
  ops: ["operations"],
};

/** The name that a wrong one probably means: misspelt, or what other tools call it. */
export function meantName(
  name: string,
  known: readonly string[],
  others: Record<string, readonly string[]> = {},
): string | undefined {
  const plain = name.toLowerCase().replace(/[\s_.-]/g, "");
  const renamed = Object.hasOwn(others, plain) ? others[plain]?.find((other) => known.includes(other)) : undefined;
  return closestName(name, known) ?? renamed;
}

/** What `make` gives; its errors name the place. */
export function naming<Value>(where: string, make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    if (error instanceof ToolError) throw new ToolError(error.code, `${where}: ${error.message}`, { hint: error.hint });
    throw error;
  }
}

/** Refuses keys that are not known here. */
export function checkKeys(options: Options, allowed: readonly string[], where: string): void {
  const unknown = Object.keys(options).find((key) => !allowed.includes(key));
  if (unknown === undefined) return;
  const meant = meantName(
    unknown,
    allowed.filter((key) => options[key] === undefined),
    OTHER_KEYS,
  );
  const known = `Keys allowed there: ${allowed.join(", ")}.`;
  throw wrong(
    where,
    `unknown key ${show(unknown)}.`,
    meant === undefined ? known : `Did you mean ${show(meant)}? ${known}`,
  );
}

/** A value that has to be an object. */
export function readObject(value: unknown, where: string): Options {
  if (!isObject(value)) throw wrong(where, `must be an object, not ${show(value)}.`);
  return value;
}

/** An object under `key`, undefined where it is left out. */
export function optionalObject(options: Options, key: string, where: string): Options | undefined {
  return options[key] === undefined ? undefined : readObject(options[key], `${where}, "${key}"`);
}

/** A text that has to be there and not be empty. */
export function readString(options: Options, key: string, where: string): string {
  const value = options[key];
  if (typeof value !== "string" || value === "") throw wrong(where, `"${key}" must be a text, not ${show(value)}.`);
  return value;
}

/** A text, undefined where it is left out. */
export function optionalString(options: Options, key: string, where: string): string | undefined {
  return options[key] === undefined ? undefined : readString(options, key, where);
}

/** True or false, `fallback` where it is left out. */
export function readBoolean(options: Options, key: string, where: string, fallback: boolean): boolean {
  const value = options[key] ?? fallback;
  if (typeof value !== "boolean") throw wrong(where, `"${key}" must be true or false, not ${show(value)}.`);
  return value;
}

/** A whole number within bounds, `fallback` where it is left out. */
export function readInteger(
  options: Options,
  key: string,
  where: string,
  bounds: { min: number; max: number; fallback?: number },
): number {
  const value = options[key] ?? bounds.fallback;
  if (typeof value !== "number" || !Number.isInteger(value) || value < bounds.min || value > bounds.max) {
    throw wrong(
      where,
      `"${key}" must be a whole number from ${bounds.min} to ${bounds.max}, not ${show(options[key])}.`,
    );
  }
  return value;
}

/** One of the allowed words, `fallback` where it is left out. */
export function readChoice<Word extends string>(
  options: Options,
  key: string,
  where: string,
  allowed: readonly Word[],
  fallback?: Word,
): Word {
  const value = options[key] ?? fallback;
  if (!allowed.includes(value as Word)) {
    throw wrong(where, `"${key}" must be one of ${allowed.join(", ")}, not ${show(options[key])}.`);
  }
  return value as Word;
}

/** Field names: a list, or one name as a plain text. Not empty. */
export function readFields(options: Options, key: string, where: string): string[] {
  const value = typeof options[key] === "string" ? [options[key]] : options[key];
  if (!Array.isArray(value) || value.length === 0 || !value.every((field) => typeof field === "string")) {
    const hint = key === "by" ? 'Leave "by" out to take all rows together.' : undefined;
    throw wrong(where, `"${key}" must be a list of field names, not ${show(options[key])}.`, hint);
  }
  return value as string[];
}

/** Field names, undefined where they are left out. */
export function optionalFields(options: Options, key: string, where: string): string[] | undefined {
  return options[key] === undefined ? undefined : readFields(options, key, where);
}

/** What to do with a row that fails. */
export const ON_ERROR = ["fail", "null", "keep"] as const;
export type OnError = (typeof ON_ERROR)[number];
