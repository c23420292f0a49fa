import type { JsonObject } from "../operation.ts";
import { type ApiDocument, isObject } from "./document.ts";

const MAX_DEPTH = 100;
/** Characters that a description in a shown schema may have: the longest with which the whole is not too large. */
const DESCRIPTION_LENGTHS = [300, 80, 0];
/** Characters of definitions that a description of an operation may hold. */
const MAX_SHOWN = 24_000;

export interface BundleOptions {
  /** `request` lets go of what only answers have (`readOnly`), `response` of what only requests have (`writeOnly`). */
  direction: "request" | "response";
  /**
   * For a model to read: descriptions of this many characters are kept, and definitions beyond a limit are left out.
   * Undefined: to be checked with.
   */
  shown?: number;
}

/**
 * A schema of a document as JSON Schema 2020-12 that stands alone: what it refers to is in `$defs`, each once, so that cycles
 * stay references; OpenAPI 3.0's own keywords are translated; what only decorates is dropped.
 */
export function bundleSchema(document: ApiDocument, schema: unknown, options: BundleOptions): JsonObject {
  const names = new Map<string, string>();
  const used = new Set<string>();
  const refer = (ref: string): string => {
    let name = names.get(ref);
    if (name === undefined) {
      const base = nameOf(ref);
      name = base;
      for (let count = 2; used.has(name); count++) name = `${base}_${count}`;
      used.add(name);
      names.set(ref, name);
    }
    return `#/$defs/${name}`;
  };
  const root = convert(document.resolve(schema), { document, options, refer }, 0);
  const defs: JsonObject = {};
  let size = 0;
  // Grows while it is walked: each definition may refer to further ones.
  for (const [ref, name] of names) {
    const target = document.lookUp(ref);
    let definition: unknown = target === undefined ? { description: "The document does not define this." } : {};
    if (target !== undefined && !(options.shown !== undefined && size > MAX_SHOWN)) {
      definition = convert(target, { document, options, refer }, 0);
      size += JSON.stringify(definition)?.length ?? 0;
    } else if (target !== undefined) {
      definition = { description: "Left out here, for the schema is large." };
    }
    defs[name] = definition;
  }
  if (!isObject(root)) return {};
  return names.size > 0 ? { ...root, $defs: defs } : root;
}

/** A schema for a model to read, with descriptions as long as its size allows. */
export function showSchema(document: ApiDocument, schema: unknown): JsonObject {
  let shown: JsonObject = {};
  for (const length of DESCRIPTION_LENGTHS) {
    shown = bundleSchema(document, schema, { direction: "request", shown: length });
    if (JSON.stringify(shown).length <= MAX_SHOWN) break;
  }
  return shown;
}

interface Conversion {
  document: ApiDocument;
  options: BundleOptions;
  refer(ref: string): string;
}

const SCHEMA_KEYS = new Set([
  "items",
  "additionalProperties",
  "unevaluatedItems",
  "unevaluatedProperties",
  "not",
  "if",
  "then",
  "else",
  "contains",
  "propertyNames",
]);
const SCHEMA_LISTS = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
const SCHEMA_MAPS = new Set(["properties", "patternProperties", "dependentSchemas"]);
const DROPPED = new Set([
  "$id",
  "$schema",
  "$anchor",
  "$dynamicAnchor",
  "$dynamicRef",
  "$comment",
  "$defs",
  "definitions",
  "discriminator",
  "xml",
  "externalDocs",
  "examples",
  "nullable",
  "readOnly",
  "writeOnly",
  "collectionFormat",
]);
const TYPES = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);

function convert(node: unknown, context: Conversion, depth: number): unknown {
  if (typeof node === "boolean") return node;
  if (!isObject(node) || depth > MAX_DEPTH) return {};
  if (typeof node.$ref === "string") {
    const target = { $ref: context.refer(node.$ref) };
    return { ...target, ...describedBy(node, context) };
  }
  const result: JsonObject = {};
  const sub = (value: unknown) => convert(value, context, depth + 1);
  for (const [key, value] of Object.entries(node)) {
    if (DROPPED.has(key) || key.startsWith("x-")) continue;
    if (SCHEMA_KEYS.has(key)) result[key] = sub(value);
    else if (SCHEMA_LISTS.has(key)) {
      if (Array.isArray(value) && value.length > 0) result[key] = value.map(sub);
    } else if (SCHEMA_MAPS.has(key)) {
      if (isObject(value)) result[key] = mapped(value, sub);
    } else if (key === "type") setType(result, value);
    else if (key === "required") setRequired(result, node, context);
    else if (key === "exclusiveMinimum" || key === "exclusiveMaximum") setExclusive(result, node, key);
    else if (key === "description") Object.assign(result, describedBy(node, context));
    else if (key === "title" || key === "example" || key === "default" || key === "deprecated") {
      if (context.options.shown !== undefined && typeof value !== "object" && key !== "title") result[key] = value;
    } else result[key] = value;
  }
  if (result.exclusiveMinimum !== undefined && node.exclusiveMinimum === true) delete result.minimum;
  if (result.exclusiveMaximum !== undefined && node.exclusiveMaximum === true) delete result.maximum;
  return node.nullable === true ? nullable(result) : result;
}

function mapped(value: JsonObject, sub: (value: unknown) => unknown): JsonObject {
  const result: JsonObject = {};
  for (const [name, schema] of Object.entries(value)) {
    Object.defineProperty(result, name, { value: sub(schema), enumerable: true, configurable: true, writable: true });
  }
  return result;
}

/** Types that JSON Schema does not have, such as Swagger's `file`, mean nothing to it. */
function setType(result: JsonObject, value: unknown): void {
  const known = (Array.isArray(value) ? value : [value]).filter((type) => TYPES.has(type as string));
  if (known.length > 0) result.type = Array.isArray(value) ? known : known[0];
}

function setRequired(result: JsonObject, node: JsonObject, { document, options }: Conversion): void {
  if (!Array.isArray(node.required)) return;
  const hidden = options.direction === "request" ? "readOnly" : "writeOnly";
  const properties = isObject(node.properties) ? node.properties : {};
  const required = node.required.filter(
    (name) =>
      typeof name === "string" &&
      !(Object.hasOwn(properties, name) && document.resolve(properties[name])[hidden] === true),
  );
  if (required.length > 0) result.required = [...new Set(required)];
}

/** In OpenAPI 3.0 `exclusiveMinimum: true` changes what `minimum` means; since 2020-12 it is the bound itself. */
function setExclusive(result: JsonObject, node: JsonObject, key: "exclusiveMinimum" | "exclusiveMaximum"): void {
  const bound = key === "exclusiveMinimum" ? node.minimum : node.maximum;
  if (typeof node[key] === "number") result[key] = node[key];
  else if (node[key] === true && typeof bound === "number") result[key] = bound;
}

function nullable(schema: JsonObject): JsonObject {
  if (Array.isArray(schema.enum) && !schema.enum.includes(null)) schema.enum = [...schema.enum, null];
  if (typeof schema.type === "string") return { ...schema, type: [schema.type, "null"] };
  if (Array.isArray(schema.type)) return { ...schema, type: [...new Set([...schema.type, "null"])] };
  if (schema.allOf || schema.anyOf || schema.oneOf) return { anyOf: [schema, { type: "null" }] };
  return schema;
}

function nameOf(ref: string): string {
  const parts = ref.split("/").slice(1);
  const named = parts.length > 3 ? parts.slice(2) : parts.slice(-1);
  return named.join(".").replace(/[^A-Za-z0-9_.-]+/g, "_") || "schema";
}

function describedBy(node: JsonObject, { options: { shown = 0 } }: Conversion): { description?: string } {
  if (shown === 0 || typeof node.description !== "string") return {};
  const line = node.description.replace(/\s+/g, " ").trim();
  if (line === "") return {};
  return { description: line.length > shown ? `${line.slice(0, shown)}…` : line };
}
