import type { JsonObject } from "../operation.ts";
import { isObject } from "./document.ts";

/** Keywords that fail where what they hold, or what stands beside them, allows more. */
const STRICTER = new Set(["not", "if", "then", "else", "maxContains", "unevaluatedProperties", "unevaluatedItems"]);
/** Keywords whose names are not keywords. */
const NAMED = new Set(["properties", "patternProperties", "dependentSchemas", "$defs"]);
const VALUES = new Set(["enum", "const", "default", "examples", "dependentRequired"]);

/**
 * A JSON Schema (2020-12) without what fails where the schemas that it refers to allow more than they should, so that any of
 * them may be replaced by one that allows anything: of `oneOf`, one has to fit, but more may.
 */
export function relaxSchema(schema: JsonObject | boolean): JsonObject | boolean {
  if (!isObject(schema)) return schema;
  const relaxed: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) {
    if (STRICTER.has(key)) continue;
    if (VALUES.has(key)) relaxed[key] = value;
    else if (key === "oneOf") relaxed.anyOf ??= relaxPart(value);
    else if (NAMED.has(key) && isObject(value)) {
      relaxed[key] = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, relaxPart(part)]));
    } else relaxed[key] = relaxPart(value);
  }
  return relaxed;
}

function relaxPart(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(relaxPart);
  return isObject(part) ? relaxSchema(part) : part;
}
