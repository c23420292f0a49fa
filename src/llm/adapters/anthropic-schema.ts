import { isObject } from "./read-failure.ts";

type Schema = Record<string, unknown>;

/** Keywords that Anthropic refuses a whole request for. Answers are checked against the caller's own schema afterwards. */
const REFUSED = new Set([
  "$schema",
  "$id",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "pattern",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
]);
const OF_NAMES = new Set(["properties", "$defs", "definitions"]);
const OF_SCHEMAS = new Set(["items", "anyOf", "allOf", "oneOf"]);

/**
 * The part of a schema that Anthropic can enforce: every object closed, limits of numbers, lengths and counts left out
 * (https://platform.claude.com/docs/en/build-with-claude/structured-outputs, JSON Schema limitations).
 */
export function enforceable(schema: Schema): Schema {
  const result: Schema = {};
  for (const [key, value] of Object.entries(schema)) {
    if (REFUSED.has(key) || key === "additionalProperties" || (key === "minItems" && Number(value) > 1)) continue;
    if (OF_NAMES.has(key) && isObject(value)) {
      result[key] = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, within(part)]));
    } else result[key] = OF_SCHEMAS.has(key) ? within(value) : value;
  }
  if (schema.type === "object" || schema.properties !== undefined) result.additionalProperties = false;
  return result;
}

function within(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(within);
  return isObject(part) ? enforceable(part) : part;
}
