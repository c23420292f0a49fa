import { isObject } from "../../rows.ts";

/**
 * Whether a schema is beyond doubt a valid one of JSON Schema 2020-12, because it has nothing but the common keywords with values
 * that they take. False says nothing: the schema of schemas tells, which takes 60 ms to compile.
 */
export function isPlainSchema(schema: unknown, depth = 0): boolean {
  if (typeof schema === "boolean") return true;
  if (!isObject(schema) || depth > MAX_DEPTH) return false;
  for (const key of Object.keys(schema)) {
    const takes = Object.hasOwn(KEYWORDS, key) ? KEYWORDS[key] : undefined;
    if (!takes?.(schema[key], depth)) return false;
  }
  return true;
}

/**
 * Whether a plain schema describes an object of plain values: each keyword can then be broken once at most, so that finding all
 * that is wrong takes no longer than finding the first.
 */
export function isFlat(schema: Record<string, unknown>): boolean {
  const { properties = {}, ...others } = schema;
  return hasOnly(others, OF_OBJECTS) && isObject(properties) && Object.values(properties).every(isOfPlainValue);
}

function isOfPlainValue(schema: unknown): boolean {
  return isObject(schema) && hasOnly(schema, OF_PLAIN_VALUES);
}

function hasOnly(schema: Record<string, unknown>, keywords: readonly string[]): boolean {
  return Object.keys(schema).every((key) => keywords.includes(key));
}

const WORDS = ["title", "description", "default", "examples"];
const OF_OBJECTS = [...WORDS, "type", "required", "minProperties", "maxProperties"];
const OF_PLAIN_VALUES = [
  ...WORDS,
  ...["type", "enum", "const", "pattern", "format", "minLength", "maxLength"],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
];

const MAX_DEPTH = 50;
const TYPES: readonly unknown[] = ["array", "boolean", "integer", "null", "number", "object", "string"];

type Takes = (value: unknown, depth: number) => boolean;

const anything: Takes = () => true;
const text: Takes = (value) => typeof value === "string";
const flag: Takes = (value) => typeof value === "boolean";
const number: Takes = (value) => typeof value === "number" && Number.isFinite(value);
const count: Takes = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const list: Takes = (value) => Array.isArray(value);
const names: Takes = (value) =>
  Array.isArray(value) && value.every((name) => typeof name === "string") && new Set(value).size === value.length;
const type: Takes = (value) =>
  Array.isArray(value)
    ? value.length > 0 && names(value, 0) && value.every((name) => TYPES.includes(name))
    : TYPES.includes(value);
const schema: Takes = (value, depth) => isPlainSchema(value, depth + 1);
const schemas: Takes = (value, depth) =>
  Array.isArray(value) && value.length > 0 && value.every((item) => isPlainSchema(item, depth + 1));
const schemasByName: Takes = (value, depth) =>
  isObject(value) && Object.keys(value).every((name) => isPlainSchema(value[name], depth + 1));

const KEYWORDS: Record<string, Takes> = {
  type,
  enum: list,
  const: anything,
  properties: schemasByName,
  required: names,
  additionalProperties: schema,
  propertyNames: schema,
  minProperties: count,
  maxProperties: count,
  items: schema,
  prefixItems: schemas,
  contains: schema,
  minItems: count,
  maxItems: count,
  uniqueItems: flag,
  minLength: count,
  maxLength: count,
  pattern: text,
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  allOf: schemas,
  anyOf: schemas,
  oneOf: schemas,
  not: schema,
  if: schema,
  // biome-ignore lint/suspicious/noThenProperty: a keyword
  then: schema,
  else: schema,
  title: text,
  description: text,
  default: anything,
  examples: list,
};
