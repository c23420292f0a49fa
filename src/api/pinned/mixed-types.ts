import { parseExactJson } from "../exact-json.ts";
import { type ApiDocument, isObject } from "../openapi/document.ts";
import { scalarText } from "../scalar-text.ts";

const MIXED = "Also possible, as JSON text:";
const TOLD = new RegExp(`${MIXED} ([a-z]+(?:, [a-z]+)*)\\.`);
const MAX_DEPTH = 6;
/** Formats of texts that are no number, `true` or `false`. */
const FORMATS = new Set(["date", "date-time", "uuid", "email", "uri", "ipv4", "ipv6"]);

/**
 * What is told of an argument that is a text and may be of other types too: those of which the JSON text cannot be meant as the
 * text that it is. These are lists and objects, and single values where the schema takes no text that looks like one.
 */
export function tellMixed(document: ApiDocument, schema: unknown, others: readonly string[]): string | undefined {
  const scalars = takesLookalikes(document, schema, others, 0) ? [] : others;
  const told = others.filter((type) => type === "array" || type === "object" || scalars.includes(type));
  return told.length === 0 ? undefined : `${MIXED} ${told.join(", ")}.`;
}

/** A text as `tellMixed` says what it means: the value of its JSON, where that has one of the types that are told. */
export function readMixed(text: string, description: string): unknown {
  const told = TOLD.exec(description)?.[1]?.split(", ") ?? [];
  if (told.length === 0) return text;
  try {
    const value = parseExactJson(text);
    return told.some((type) => isOfType(value, type)) ? value : text;
  } catch {
    return text;
  }
}

/** Whether the schema takes a text that is the JSON of a number or a flag. */
function takesLookalikes(document: ApiDocument, schema: unknown, others: readonly string[], depth: number): boolean {
  if (!isObject(schema)) return schema !== false;
  if (depth > MAX_DEPTH) return true;
  const node = document.resolve(schema);
  const fixed = Array.isArray(node.enum) ? node.enum : node.const === undefined ? undefined : [node.const];
  if (fixed) return fixed.some((value) => typeof value === "string" && isLookalike(value, others));
  if (node.type !== undefined && ![node.type].flat().includes("string")) return false;
  if (FORMATS.has(scalarText(node.format))) return false;
  const takes = (part: unknown) => takesLookalikes(document, part, others, depth + 1);
  for (const alternatives of [node.oneOf, node.anyOf]) {
    if (Array.isArray(alternatives) && !alternatives.some(takes)) return false;
  }
  return !Array.isArray(node.allOf) || node.allOf.every(takes);
}

function isLookalike(text: string, types: readonly string[]): boolean {
  try {
    const value = parseExactJson(text);
    return types.some((type) => isOfType(value, type));
  } catch {
    return false;
  }
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  if (type === "boolean") return typeof value === "boolean";
  if (typeof value === "bigint" || Number.isInteger(value)) return type === "integer" || type === "number";
  return type === "number" && typeof value === "number";
}
