import type { Column } from "./column.ts";
import type { Decision } from "./decide.ts";

/** Values of a column that may be all there are. */
const MAX_VALUES = 12;
const MAX_VALUE_LENGTH = 40;
/** Rows that it takes to tell what a column has in all rows, and how often each of few values must come on average. */
const FEW_ROWS = 20;
const REPEATED = 5;
/** Rows in which keys are looked for. */
const KEY_ROWS = 5;

const AMOUNTS = /amount|price|cost|qty|quantity|count|total|age|weight|betrag|preis|menge|anzahl|alter/i;

/** Rules of a column, as the shorthand has them, and the texts that become null. */
export interface ColumnRules {
  rules: Record<string, unknown>;
  property: Record<string, unknown>;
  /** Texts that its cast takes for null. */
  nulls: string[];
}

/** Rules that all values of a column keep once the suggested steps have changed them. */
export function rulesOf(column: Column, { type, min, mixed }: Decision, rowsSeen: number): ColumnRules {
  const typed = !["string", "any", "object", "array"].includes(type);
  const maybe = typed ? [...column.maybeMissingWords.keys()] : [];
  const nulls =
    type === "any" || type === "object" || type === "array" ? [] : [...column.missingWords.keys(), ...maybe];
  const required = column.empty === 0 && maybe.length === 0 && rowsSeen > 0;
  const rules: Record<string, unknown> = {};
  if (type !== "any") rules.type = type;
  if (required) rules.required = true;
  if (column.unique === true && required && rowsSeen >= KEY_ROWS && keepsKeys(column, type)) rules.unique = true;
  if (type === "string" && !mixed) Object.assign(rules, textRules(column, rowsSeen - column.empty));
  if ((type === "integer" || type === "number") && typeof min === "number" && min >= 0 && AMOUNTS.test(column.name))
    rules.min = 0;
  // A cast to another type makes it null as well.
  if (column.blank > 0 && type === "string") nulls.push("");
  return { rules, property: toProperty(rules, type, required), nulls };
}

/** Whether equal values of the type are equal texts, so that no two become the same by a cast. */
function keepsKeys(column: Column, type: Decision["type"]): boolean {
  return type === "string" || (type === "integer" && column.numbers.canonical());
}

/** Rules for text, told from so many values. */
function textRules(column: Column, count: number): Record<string, unknown> {
  const [format] = column.formats;
  if (column.kinds.size === 0) return {};
  if (format !== undefined) return { format };
  const { distinct, shape } = column;
  const values = distinct === undefined ? [] : [...distinct.keys()];
  const few =
    values.length > 0 && values.length <= MAX_VALUES && count >= FEW_ROWS && count >= values.length * REPEATED;
  if (few && values.every((value) => value.length <= MAX_VALUE_LENGTH)) return { enum: values.sort() };
  // Words of the same length are no codes.
  if (shape !== undefined && /[9]|^A+$/.test(shape) && (distinct === undefined || distinct.size >= KEY_ROWS)) {
    return { pattern: patternOf(shape) };
  }
  return {};
}

/** `AA-999` as `^[A-Z]{2}-[0-9]{3}$`. */
function patternOf(shape: string): string {
  const parts = shape.replace(/9+|A+|a+|[^9Aa]/g, (part) => {
    const set =
      part[0] === "9" ? "[0-9]" : part[0] === "A" ? "[A-Z]" : part[0] === "a" ? "[a-z]" : part.replace(/[.]/, "\\.");
    return /[9Aa]/.test(part) && part.length > 1 ? `${set}{${part.length}}` : set;
  });
  return `^${parts}$`;
}

/** The same rules as a property of a JSON Schema; what it cannot say is left out. */
function toProperty(
  rules: Record<string, unknown>,
  type: Decision["type"],
  required: boolean,
): Record<string, unknown> {
  if (type === "any") return {};
  const json = type === "date" || type === "datetime" ? "string" : type;
  const format = type === "date" ? "date" : type === "datetime" ? "date-time" : rules.format;
  return {
    type: required ? json : [json, "null"],
    ...(format !== undefined && { format }),
    ...(Array.isArray(rules.enum) && { enum: required ? rules.enum : [...rules.enum, null] }),
    ...(rules.pattern !== undefined && { pattern: rules.pattern }),
    ...(rules.min !== undefined && { minimum: rules.min }),
    ...(required && json === "string" && rules.enum === undefined && format === undefined && { minLength: 1 }),
  };
}
