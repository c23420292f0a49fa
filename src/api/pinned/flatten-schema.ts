import { type ApiDocument, isObject } from "../openapi/document.ts";
import type { JsonObject } from "../operation.ts";

const MAX_ALTERNATIVES = 40;
/** Schemas that one may consist of; parts that name parts twice would otherwise double with every level. */
const MAX_PARTS = 1000;

/** A schema with what it refers to and combines put together: properties, required names, type, alternatives. */
export interface Flattened {
  /** Without `null`; empty: anything. */
  types: string[];
  properties: Map<string, unknown>;
  required: Set<string>;
  items: unknown;
  choices: unknown[] | undefined;
  description: string;
  /** Further keywords of the schema itself. */
  node: JsonObject;
  /** Whether it leaves things out that the document says. */
  lossy: boolean;
}

/**
 * Follows `$ref` and merges `allOf`; of `oneOf` and `anyOf` everything that any of them allows is kept.
 */
export function flatten(document: ApiDocument, schema: unknown): Flattened {
  return flattenWithin(document, schema, new Set(), { left: MAX_PARTS });
}

/** @param seen References that are being followed, so that circles end. */
function flattenWithin(
  document: ApiDocument,
  schema: unknown,
  seen: ReadonlySet<string>,
  parts: { left: number },
): Flattened {
  const result: Flattened = {
    types: [],
    properties: new Map(),
    required: new Set(),
    items: undefined,
    choices: undefined,
    description: "",
    node: {},
    lossy: false,
  };
  parts.left -= 1;
  if (!isObject(schema) || parts.left < 0) return result;
  if (typeof schema.$ref === "string") {
    if (seen.has(schema.$ref)) return { ...result, lossy: true };
    const target = flattenWithin(document, document.lookUp(schema.$ref), new Set([...seen, schema.$ref]), parts);
    return { ...target, description: textOf(schema.description) || target.description };
  }
  result.node = schema;
  result.description = textOf(schema.description) || textOf(schema.title);
  result.types = typesOf(schema);
  result.items = schema.items;
  if (Array.isArray(schema.enum)) result.choices = schema.enum.filter((value) => value !== null);
  else if (schema.const !== undefined && schema.const !== null) result.choices = [schema.const];
  for (const [name, property] of Object.entries(isObject(schema.properties) ? schema.properties : {})) {
    result.properties.set(name, property);
  }
  for (const name of Array.isArray(schema.required) ? schema.required : []) {
    if (typeof name === "string") result.required.add(name);
  }
  for (const part of Array.isArray(schema.allOf) ? schema.allOf : []) {
    const other = flattenWithin(document, part, seen, parts);
    if (result.types.length === 0) result.types = other.types;
    mergeInto(result, other);
    for (const name of other.required) result.required.add(name);
    result.choices ??= other.choices;
    result.description ||= other.description;
    result.node = { ...other.node, ...result.node };
  }
  const alternatives = [schema.oneOf, schema.anyOf].flatMap((list) => (Array.isArray(list) ? list : []));
  const variants = alternatives
    .slice(0, MAX_ALTERNATIVES)
    .map((variant) => flattenWithin(document, variant, seen, parts))
    .filter((variant) => !(variant.types.length === 0 && isNull(variant.node)));
  if (variants.length > 0) mergeVariants(result, variants);
  return result;
}

function mergeInto(result: Flattened, other: Flattened): void {
  for (const [name, property] of other.properties)
    if (!result.properties.has(name)) result.properties.set(name, property);
  result.items ??= other.items;
  result.lossy ||= other.lossy;
}

function mergeVariants(result: Flattened, variants: readonly Flattened[]): void {
  const [only] = variants;
  for (const variant of variants) mergeInto(result, variant);
  if (only && variants.length === 1) {
    if (result.types.length === 0) result.types = only.types;
    for (const name of only.required) result.required.add(name);
    result.choices ??= only.choices;
    result.description ||= only.description;
    result.node = { ...only.node, ...result.node };
    return;
  }
  // Alternatives that only tell which properties go together add no types and choices.
  const anything = variants.some(
    ({ types, properties, required }) => types.length === 0 && properties.size + required.size === 0,
  );
  if (result.types.length === 0) result.types = anything ? [] : [...new Set(variants.flatMap(({ types }) => types))];
  result.lossy = true;
  const told = new Set(variants.map(({ description }) => description).filter((text) => text !== ""));
  if (told.size === 1) result.description ||= [...told].join("");
  const objects = variants.filter(
    ({ types, properties }) => types.length === 0 || properties.size > 0 || types.includes("object"),
  );
  // Where only one of them is an object, objects need what it needs.
  if (objects.length === 1) for (const name of objects[0]?.required ?? []) result.required.add(name);
  if (!result.choices && variants.every(({ choices }) => choices !== undefined)) {
    result.choices = [...new Set(variants.flatMap(({ choices = [] }) => choices))];
  }
}

function isNull(node: JsonObject): boolean {
  return node.type === "null" || (Array.isArray(node.enum) && node.enum.every((value) => value === null));
}

const TYPES = ["string", "number", "integer", "boolean", "array", "object"];

function typesOf(schema: JsonObject): string[] {
  const named = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((type) =>
    TYPES.includes(type as string),
  );
  if (named.length > 0) return named as string[];
  if (schema.type === "file") return ["string"];
  if (isObject(schema.properties) || isObject(schema.additionalProperties)) return ["object"];
  if (schema.items !== undefined) return ["array"];
  const values = Array.isArray(schema.enum) ? schema.enum : schema.const === undefined ? [] : [schema.const];
  return [
    ...new Set(
      values
        .filter((value) => value !== null)
        .map((value) => (Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value)),
    ),
  ].filter((type) => TYPES.includes(type));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? plainText(value) : "";
}

/** A text of a document in one line, without tags and without the addresses of links. */
export function plainText(text: string): string {
  return text
    .slice(0, 4000)
    .replace(/<\/?[A-Za-z][^<>]*>/g, " ")
    .replace(/\[([^[\]]*)\]\([^()\s]*\)/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
}
