import { type ApiDocument, isObject } from "./openapi/document.ts";
import type { JsonObject } from "./operation.ts";

/** What a schema may hold that every bridge and model provider takes: one plain type, no unions, no references. */
export interface PortableSchema extends JsonObject {
  type: PortableType;
  description?: string;
}

export type PortableType = "string" | "number" | "integer" | "boolean" | "array" | "object";

export interface PortableOptions {
  /** Levels of objects and lists that are written out; deeper ones are only named. */
  depth: number;
  /** Characters of a description. */
  text: number;
}

const MAX_ALTERNATIVES = 40;
const MAX_CHOICES = 40;
const MAX_NAMES = 30;
const COUNTS = ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"];
/** Names that clash with members of the models that Python bridges make of an object, and names that not every client takes. */
const CLASHING =
  /^(_.*|model_.*|copy|dict|json|construct|schema|schema_json|validate|parse_(obj|raw|file)|from_orm|update_forward_refs|self)$/;

/** Whether a property can have this name everywhere. */
export function isPortableName(name: string): boolean {
  return /^[A-Za-z0-9_]{1,64}$/.test(name) && !CLASHING.test(name);
}

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
 * @param seen References that are being followed, so that circles end.
 */
export function flatten(document: ApiDocument, schema: unknown, seen: ReadonlySet<string> = new Set()): Flattened {
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
  if (!isObject(schema)) return result;
  if (typeof schema.$ref === "string") {
    if (seen.has(schema.$ref)) return { ...result, lossy: true };
    const target = flatten(document, document.lookUp(schema.$ref), new Set([...seen, schema.$ref]));
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
    const other = flatten(document, part, seen);
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
    .map((variant) => flatten(document, variant, seen))
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

/** The one type that carries most: a text can hold the JSON of anything else. */
const PREFERRED: readonly PortableType[] = ["string", "array", "number", "integer", "boolean", "object"];

const ANY = "Any JSON value, as JSON text.";
const MIXED = "Also possible, as JSON text:";

/**
 * A value as the document means it, where it came as its JSON text: for lists and objects, which models write that way, and
 * for what `portableSchema` says so of.
 */
export function readValue(value: unknown, schema: PortableSchema | undefined): unknown {
  if (!schema) return value;
  const { type, description = "" } = schema;
  if (typeof value !== "string") return readParts(value, schema);
  const isHolder = type === "array" || type === "object";
  const wanted = isHolder || description.includes(ANY) || (description.includes(MIXED) && /^\s*[[{]/.test(value));
  if (!wanted) return value;
  try {
    return readParts(JSON.parse(value), schema);
  } catch {
    return value;
  }
}

function readParts(value: unknown, { items, properties }: PortableSchema): unknown {
  if (Array.isArray(value))
    return isObject(items) ? value.map((item) => readValue(item, items as PortableSchema)) : value;
  if (!isObject(value) || !isObject(properties)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      name,
      Object.hasOwn(properties, name) ? readValue(part, properties[name] as PortableSchema) : part,
    ]),
  );
}

/**
 * A schema without anything that bridges lose or break on. It tells a model what to write, not all that is possible: the
 * document itself stays what arguments are checked by.
 */
export function portableSchema(
  document: ApiDocument,
  schema: unknown,
  options: PortableOptions,
  seen: ReadonlySet<string> = new Set(),
): PortableSchema {
  const flat = flatten(document, schema);
  const next = seenBelow(document, schema, seen);
  // A circle ends where it comes back: there the object is only named.
  const depth = isObject(schema) && seen.has(String(schema.$ref)) ? 0 : options.depth;
  const { text } = options;
  const isAny = flat.types.length === 0;
  const type = PREFERRED.find((each) => flat.types.includes(each)) ?? "string";
  const others = flat.types.filter((each) => each !== type && !(type === "number" && each === "integer"));
  const notes: string[] = [];
  const result: PortableSchema = { type };
  if (isAny) notes.push(ANY);
  if (others.length > 0 && type === "string") notes.push(`${MIXED} ${others.join(", ")}.`);
  if (type === "object") Object.assign(result, objectParts(document, flat, { depth, text }, next, notes));
  else if (type === "array") {
    result.items =
      depth > 0
        ? portableSchema(document, flat.items, { depth: depth - 1, text }, next)
        : { type: itemType(document, flat.items), ...(text > 0 && { description: "An entry." }) };
  } else {
    setChoices(result, flat, notes);
    const format = flat.node.format;
    if (typeof format === "string" && format.length <= 20 && type === "string") {
      notes.push(format === "binary" ? "A file: its text, or a data: URL." : `Format: ${format}.`);
    }
  }
  for (const key of COUNTS) {
    const value = flat.node[key];
    if (typeof value === "number" && Number.isFinite(value) && Math.abs(value) < 1e9 && fits(key, type))
      result[key] = value;
  }
  const fallback = flat.node.default;
  if (fallback !== undefined && fallback !== null && typeof fallback !== "object" && String(fallback).length <= 40) {
    notes.push(`Default: ${String(fallback)}.`);
  }
  const description = [shorten(flat.description, text), ...notes].filter((part) => part !== "").join(" ");
  return description === "" ? result : { ...result, description };
}

function objectParts(
  document: ApiDocument,
  flat: Flattened,
  options: PortableOptions,
  seen: ReadonlySet<string>,
  notes: string[],
): JsonObject {
  const properties = [...flat.properties].filter(([, property]) => !isHidden(document, property));
  const names = properties.map(([name]) => name);
  if (names.length === 0) return {};
  if (options.depth <= 0 || names.length > MAX_NAMES * 2 || !names.every(isPortableName)) {
    const shown = names.slice(0, MAX_NAMES).join(", ");
    notes.push(`An object with ${shown}${names.length > MAX_NAMES ? ", …" : ""}.`);
    return {};
  }
  const required = names.filter((name) => flat.required.has(name));
  return {
    properties: Object.fromEntries(
      properties.map(([name, property]) => {
        const made = portableSchema(document, property, { ...options, depth: options.depth - 1 }, seen);
        return [name, made.description === undefined ? { ...made, description: wordsOf(name) } : made];
      }),
    ),
    ...(required.length > 0 && { required }),
  };
}

/** Whether only answers have the property. */
export function isHidden(document: ApiDocument, property: unknown): boolean {
  return isObject(property) && (property.readOnly === true || document.resolve(property).readOnly === true);
}

function itemType(document: ApiDocument, items: unknown): PortableType {
  const { types } = flatten(document, items);
  return (
    PREFERRED.find((each) => each !== "array" && types.includes(each)) ?? (types.includes("array") ? "array" : "string")
  );
}

/** The references that lead to the schema, so that one that leads back to it ends there. */
function seenBelow(document: ApiDocument, schema: unknown, seen: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set(seen);
  let at = schema;
  while (isObject(at) && typeof at.$ref === "string" && !found.has(at.$ref)) {
    found.add(at.$ref);
    at = document.lookUp(at.$ref);
  }
  return found;
}

function setChoices(result: PortableSchema, { choices }: Flattened, notes: string[]): void {
  if (!choices || choices.length === 0) return;
  const fitting = choices.filter((choice) =>
    result.type === "string"
      ? typeof choice === "string"
      : typeof choice === (result.type === "boolean" ? "boolean" : "number"),
  );
  const all = fitting.length === choices.length && choices.length <= MAX_CHOICES;
  if (all) result.enum = choices;
  const shown = choices.slice(0, MAX_CHOICES).map(String).join(", ");
  notes.push(`One of: ${shown}${choices.length > MAX_CHOICES ? ", …" : ""}.`);
}

function fits(key: string, type: PortableType): boolean {
  if (key.endsWith("Length")) return type === "string";
  if (key.endsWith("Items")) return type === "array";
  return type === "number" || type === "integer";
}

/** `createdAt` as `Created at`: where the document says nothing, its name says something. */
export function wordsOf(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/[^A-Za-z0-9]+/g, " ")
    .trim()
    .toLowerCase();
  return words === "" ? `Value of ${name}.` : `${words[0]!.toUpperCase()}${words.slice(1)}.`;
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

/** The beginning of a text, at the end of a sentence where there is one. */
export function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, Math.max(0, length)).toWellFormed();
  const sentence = /^.*[.!?](?=\s)/s.exec(`${cut} `)?.[0] ?? "";
  if (sentence.length >= length / 2) return sentence;
  return length === 0 ? "" : `${cut.replace(/\s\S*$/, "")}…`;
}
