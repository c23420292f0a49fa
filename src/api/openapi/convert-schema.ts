import type { JsonObject } from "../operation.ts";
import { type ApiDocument, isObject } from "./document.ts";
import { type FoundSchema, isScope, type SchemaFinder, type Scopes } from "./find-schema.ts";
import {
  asPattern,
  DECORATIONS,
  isTrue,
  namesIn,
  PLAIN_KEYWORDS,
  readEnum,
  readTypes,
  SUBTYPES,
} from "./schema-keywords.ts";

const MAX_DEPTH = 100;
/** Nodes of one definition: what YAML's aliases multiply comes to an end. */
const MAX_NODES = 100_000;

/** What a schema is wanted for. */
export interface SchemaPurpose {
  /** `request` lets go of what only answers have (`readOnly`), `response` of what only requests have (`writeOnly`). */
  direction: "request" | "response";
  /** For people and models to read: descriptions, defaults and examples are kept, and a request lacks what is `readOnly`. */
  shown: boolean;
}

export interface Conversion extends SchemaPurpose {
  document: ApiDocument;
  finder: SchemaFinder;
  /** The reference to the definition that will hold what was found; `named` is how the document names it. */
  refer(found: FoundSchema | undefined, named: string): string;
}

interface Place {
  scopes: Scopes;
  depth: number;
  /** Fields that this direction does not have, declared by a schema that this one is combined with. */
  hidden: ReadonlySet<string>;
}

const SUBSCHEMAS = new Set([
  "additionalProperties",
  "unevaluatedItems",
  "unevaluatedProperties",
  "not",
  "if",
  "then",
  "else",
  "contains",
  "propertyNames",
  "contentSchema",
]);
const LISTS = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
const MAPS = new Set(["properties", "patternProperties", "dependentSchemas"]);
const COMBINING = ["$ref", "allOf", "anyOf", "oneOf", "not", "const", "if"];
const NOTHING_HIDDEN: ReadonlySet<string> = new Set();

/**
 * A schema of an OpenAPI document as one of JSON Schema 2020-12. The result always satisfies its meta-schema: what is
 * otherwise in OpenAPI 3.0, Swagger 2 and older drafts is translated, what is wrong or unknown is left out.
 */
export function convertSchema(found: FoundSchema, conversion: Conversion): JsonObject | boolean {
  const { document, direction, shown, finder } = conversion;
  const withSiblings = !/^(2|3\.0)/.test(document.version);
  const hiding = direction === "request" ? "readOnly" : "writeOnly";
  let nodes = 0;
  return convert(found.node, { scopes: found.scopes, depth: 0, hidden: NOTHING_HIDDEN });

  function convert(given: unknown, place: Place): JsonObject | boolean {
    if (typeof given === "boolean") return given;
    if (!isObject(given) || place.depth > MAX_DEPTH || ++nodes > MAX_NODES) return {};
    const node = schemaWithin(given);
    const scopes = isScope(node) ? [...place.scopes, node] : place.scopes;
    const referred = references(node, scopes);
    const nulls = isTrue(node.nullable) || isTrue(node["x-nullable"]);
    if (referred && !withSiblings) {
      // OpenAPI 3.0 ignores what stands beside a $ref, but its authors do not write it to be ignored.
      const beside = Object.fromEntries(Object.entries(node).filter(([key]) => DECORATIONS.has(key)));
      const target: JsonObject = nulls ? { anyOf: [referred, { type: "null" }] } : referred;
      return { ...target, ...decorations(beside) };
    }
    const result = { ...referred, ...keywords(node, { ...place, scopes }) };
    return nulls ? nullable(result) : result;
  }

  function references(node: JsonObject, scopes: Scopes): JsonObject | undefined {
    if (typeof node.$ref === "string") {
      const target = finder.find(node.$ref, scopes);
      const $ref = conversion.refer(target, node.$ref);
      return { $ref };
    }
    if (typeof node.$dynamicRef !== "string") return undefined;
    const target = finder.findDynamic(node.$dynamicRef);
    return target && { $ref: conversion.refer(target, node.$dynamicRef) };
  }

  function keywords(node: JsonObject, { scopes, depth, hidden: inherited }: Place): JsonObject {
    const result: JsonObject = {};
    const hidden = node.allOf || node.required ? new Set([...inherited, ...hiddenIn(node, scopes, 0)]) : inherited;
    const sub = (value: unknown) => convert(value, { scopes, depth: depth + 1, hidden: NOTHING_HIDDEN });
    const types = readTypes(node.type);
    for (const [key, value] of Object.entries(node)) {
      const plain = PLAIN_KEYWORDS.get(key);
      if (plain) set(key, plain(value));
      else if (SUBSCHEMAS.has(key)) setSubschema(key, value);
      else if (LISTS.has(key)) setList(key, value);
      else if (MAPS.has(key)) setMap(key, value);
      else if (key === "items") setItems(value);
      else if (key === "dependencies") setDependencies(value);
      else if (key === "required") {
        const required = namesIn(value).filter((name) => !hidden.has(name));
        if (required.length > 0) result.required = required;
      } else if (key === "enum") set(key, readEnum(value, types));
      else if (key === "type") {
        if (types.length > 0) result.type = types.length > 1 ? types : types[0];
        else if (value === "file") result.format = "binary";
      } else if (key === "exclusiveMinimum" || key === "exclusiveMaximum") setExclusive(key, value);
    }
    if (isTrue(node.exclusiveMinimum)) delete result.minimum;
    if (isTrue(node.exclusiveMaximum)) delete result.maximum;
    moveEnumToItems(result);
    if (!shown && isExtended(node)) result.$comment = SUBTYPES;
    return Object.assign(result, decorations(node));

    function set(key: string, value: unknown): void {
      if (value !== undefined) result[key] = value;
    }
    function setSubschema(key: string, value: unknown): void {
      const closed = value === false || value === "false";
      // An answer with a field more is nothing to complain of.
      if (closed && direction === "response" && !shown && /^(additional|unevaluated)/.test(key)) return;
      if (value === "true" || value === "false") result[key] = !closed;
      else if (isSchema(value)) result[key] = sub(value);
    }
    function setList(key: string, value: unknown): void {
      const list = (Array.isArray(value) ? value : [value]).filter(isSchema);
      if (list.length === 0) return;
      const member = (item: unknown) => convert(item, { scopes, depth: depth + 1, hidden });
      // Alternatives of answers overlap more often than their authors know.
      const name = key === "oneOf" && direction === "response" && !shown ? "anyOf" : key;
      const converted = list.map(key === "prefixItems" ? sub : member);
      if (result[name] === undefined) result[name] = converted;
      else result.allOf = [...((result.allOf as unknown[] | undefined) ?? []), { [name]: converted }];
    }
    function setMap(key: string, value: unknown): void {
      if (!isObject(value)) return;
      const entries = Object.entries(value).flatMap(([name, schema]): [string, unknown][] => {
        const known = key === "patternProperties" ? asPattern(name) : name;
        if (known === undefined || !isSchema(schema)) return [];
        if (shown && direction === "request" && isHidden(schema, scopes)) return [];
        return [[known, sub(schema)]];
      });
      result[key] = Object.fromEntries(entries);
    }
    /** A list of schemas is what `prefixItems` was before 2020-12, and `additionalItems` the `items` of it. */
    function setItems(value: unknown): void {
      if (isSchema(value)) result.items = sub(value);
      else if (Array.isArray(value) && value.some(isSchema)) {
        result.prefixItems ??= value.map(sub);
        if (isSchema(node.additionalItems)) result.items = sub(node.additionalItems);
      }
    }
    function setDependencies(value: unknown): void {
      if (!isObject(value)) return;
      for (const [name, needed] of Object.entries(value)) {
        const key = Array.isArray(needed) ? "dependentRequired" : "dependentSchemas";
        if (!Array.isArray(needed) && !isSchema(needed)) continue;
        const entry = { [name]: Array.isArray(needed) ? namesIn(needed) : sub(needed) };
        result[key] = { ...entry, ...(result[key] as object | undefined) };
      }
    }
    /** Up to OpenAPI 3.0 `exclusiveMinimum: true` changes what `minimum` means; since then it is the bound itself. */
    function setExclusive(key: "exclusiveMinimum" | "exclusiveMaximum", value: unknown): void {
      const bound = key === "exclusiveMinimum" ? node.minimum : node.maximum;
      set(key, PLAIN_KEYWORDS.get("minimum")?.(isTrue(value) ? bound : value));
    }
  }

  function decorations(node: JsonObject): JsonObject {
    const result: JsonObject = {};
    if (!shown) return result;
    for (const [key, read] of DECORATIONS) {
      const value = Object.hasOwn(node, key) ? read(node[key]) : undefined;
      if (value !== undefined) result[key] = value;
    }
    const example = DECORATIONS.get("default")?.(node.example ?? node["x-example"]);
    if (example !== undefined && result.examples === undefined) result.examples = [example];
    return result;
  }

  /** The fields among a schema's own and those of what it combines that this direction does not have. */
  function hiddenIn(node: JsonObject, scopes: Scopes, level: number): string[] {
    if (level > 8) return [];
    const own = isObject(node.properties) ? Object.entries(node.properties) : [];
    const parts = Array.isArray(node.allOf) ? node.allOf.filter(isObject) : [];
    const target = level > 0 && typeof node.$ref === "string" ? finder.find(node.$ref, scopes) : undefined;
    return [
      ...own.filter(([, schema]) => isHidden(schema, scopes)).map(([name]) => name),
      ...parts.flatMap((part) => hiddenIn(part, scopes, level + 1)),
      ...(target && isObject(target.node) ? hiddenIn(target.node, target.scopes, level + 1) : []),
    ];
  }

  function isHidden(schema: unknown, scopes: Scopes): boolean {
    let at: FoundSchema | undefined = { node: schema, scopes };
    for (let hop = 0; hop < 8 && at && isObject(at.node); hop++) {
      if (isTrue(at.node[hiding])) return true;
      at = typeof at.node.$ref === "string" ? finder.find(at.node.$ref, at.scopes) : undefined;
    }
    return false;
  }
}

/** Whether a schema is told apart from those that extend it, which it does not list. */
function isExtended(node: JsonObject): boolean {
  return (
    (isObject(node.discriminator) || typeof node.discriminator === "string") &&
    isObject(node.properties) &&
    node.oneOf === undefined &&
    node.anyOf === undefined
  );
}

function isSchema(value: unknown): boolean {
  return isObject(value) || typeof value === "boolean";
}

/** References may lead to parameters, headers, media types and answers: the schema is in them. */
function schemaWithin(node: JsonObject): JsonObject {
  if (node.type !== undefined || node.properties !== undefined || node.$ref !== undefined) return node;
  if (isObject(node.schema)) return node.schema;
  if (!isObject(node.content)) return node;
  const [media] = Object.values(node.content);
  return isObject(media) && isObject(media.schema) ? media.schema : node;
}

/** Lists whose `enum` stands beside `items` instead of inside. */
function moveEnumToItems(schema: JsonObject): void {
  const { enum: values, items, type } = schema;
  if (type !== "array" || !Array.isArray(values) || values.some(Array.isArray)) return;
  delete schema.enum;
  if (isObject(items) && items.enum === undefined && items.$ref === undefined) {
    const cast = readEnum(values, readTypes(items.type));
    schema.items = { ...items, ...(cast && { enum: cast }) };
  }
}

function nullable(schema: JsonObject): JsonObject {
  if (COMBINING.some((key) => schema[key] !== undefined)) return { anyOf: [schema, { type: "null" }] };
  const result = { ...schema };
  if (Array.isArray(result.enum) && !result.enum.includes(null)) result.enum = [...result.enum, null];
  const types = readTypes(result.type);
  if (types.length > 0) result.type = [...new Set([...types, "null"])];
  return result;
}
