import { parseExactJson } from "../exact-json.ts";
import { isJsonType } from "../media-types.ts";
import { type ApiDocument, isObject } from "../openapi/document.ts";
import type { JsonObject } from "../operation.ts";
import { isFileObject } from "../request/file-value.ts";
import { type Flattened, flatten } from "./flatten-schema.ts";
import { readMixed, tellMixed } from "./mixed-types.ts";

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
  /** Schemas that are written out, counted down by whoever shares it: no more are worth a model's while. */
  budget?: { left: number };
}

const MAX_CHOICES = 40;
const MAX_NAMES = 30;
/** Characters of names or choices that are told of one schema. */
const MAX_NAMED = 1200;
/** Characters of a pattern that is told. */
const MAX_PATTERN = 60;
export const MAX_SCHEMAS = 500;
const COUNTS = ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"];
/** Names that clash with members of the models that Python bridges make of an object, and names that not every client takes. */
const CLASHING =
  /^(_.*|model_.*|copy|dict|json|construct|schema|schema_json|validate|parse_(obj|raw|file)|from_orm|update_forward_refs|self)$/;

/** Whether a property can have this name everywhere. */
export function isPortableName(name: string): boolean {
  return /^[A-Za-z0-9_]{1,64}$/.test(name) && !CLASHING.test(name);
}

/** The one type that carries most: a text can hold the JSON of anything else. */
const PREFERRED: readonly PortableType[] = ["string", "array", "number", "integer", "boolean", "object"];

const ANY = "Any JSON value, as JSON text.";
const FILE = 'A file: a text, a data: URL, api://answers/{id}, or as JSON text {"base64": "…", "filename": "…"}.';

/**
 * A value as the document means it, where it came as its JSON text: for lists and objects, which models write that way, and
 * for what `portableSchema` says so of.
 */
export function readValue(value: unknown, schema: PortableSchema | undefined): unknown {
  if (!schema) return value;
  const { type, description = "" } = schema;
  if (typeof value !== "string") return readParts(value, schema);
  if (description.includes(FILE)) return readFile(value);
  const isHolder = type === "array" || type === "object";
  if (!isHolder && !description.includes(ANY)) return readMixed(value, description);
  try {
    return readParts(parseExactJson(value), schema);
  } catch {
    return value;
  }
}

/** A file as an object where it came as the text of one; any other JSON text is what the file holds. */
function readFile(text: string): unknown {
  if (!/^\s*\{/.test(text)) return text;
  try {
    const value: unknown = JSON.parse(text);
    return isFileObject(value) ? value : text;
  } catch {
    return text;
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
  const { text, budget = { left: MAX_SCHEMAS } } = options;
  budget.left -= 1;
  const depth = budget.left < 0 || (isObject(schema) && seen.has(String(schema.$ref))) ? 0 : options.depth;
  const isFile = describesFile(flat);
  const isAny = flat.types.length === 0 && !isFile;
  const type = PREFERRED.find((each) => flat.types.includes(each)) ?? "string";
  const others = flat.types.filter((each) => each !== type && !(type === "number" && each === "integer"));
  const notes: string[] = [];
  const result: PortableSchema = { type };
  if (isAny) notes.push(ANY);
  const mixed = others.length > 0 && type === "string" ? tellMixed(document, schema, others) : undefined;
  if (mixed !== undefined) {
    notes.push(mixed);
    if (others.includes("object")) nameMembers(document, flat, notes);
  }
  if (type === "object") Object.assign(result, objectParts(document, flat, { depth, text, budget }, next, notes));
  else if (type === "array") {
    result.items =
      depth > 0
        ? portableSchema(document, flat.items, { depth: depth - 1, text, budget }, next)
        : { type: itemType(document, flat.items), ...(text > 0 && { description: "An entry." }) };
  } else {
    setChoices(result, flat, notes);
    const format = flat.node.format;
    if (isFile) notes.push(FILE);
    else if (typeof format === "string" && format.length <= 20 && type === "string") notes.push(`Format: ${format}.`);
    // Not every bridge passes a pattern on, and they read it in dialects of their own.
    const { pattern } = flat.node;
    const isTold = type === "string" && !flat.choices && typeof pattern === "string" && pattern.length <= MAX_PATTERN;
    if (isTold && !/[\r\n]/.test(pattern)) notes.push(`Pattern: ${pattern}`);
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
  const description = [beginningOf(flat.description, text), ...notes].filter((part) => part !== "").join(" ");
  return description === "" ? result : { ...result, description };
}

/** Whether it is the bytes of a file: by `format: binary` (OpenAPI 3.0), or a content type without an encoding (3.1). */
function describesFile({ types, node }: Flattened): boolean {
  if (types.some((type) => type !== "string")) return false;
  const { format, contentMediaType, contentEncoding } = node;
  if (format === "binary") return true;
  return typeof contentMediaType === "string" && contentEncoding === undefined && !isJsonType(contentMediaType);
}

function objectParts(
  document: ApiDocument,
  flat: Flattened,
  options: PortableOptions,
  seen: ReadonlySet<string>,
  notes: string[],
): JsonObject {
  const properties = membersOf(document, flat);
  const names = properties.map(([name]) => name);
  if (names.length === 0) return {};
  if (options.depth <= 0 || names.length > MAX_NAMES * 2 || !names.every(isPortableName)) {
    nameMembers(document, flat, notes);
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

function membersOf(document: ApiDocument, flat: Flattened): [string, unknown][] {
  return [...flat.properties].filter(([, property]) => !isHidden(document, property));
}

/** Names the members of an object that is not written out, those that it must have first. */
function nameMembers(document: ApiDocument, flat: Flattened, notes: string[]): void {
  const names = membersOf(document, flat).map(([name]) => name);
  if (names.length === 0) return;
  const required = names.filter((name) => flat.required.has(name));
  const shown = worthTelling([...required, ...names.filter((name) => !flat.required.has(name))], MAX_NAMES);
  const needed = required.filter((name) => shown.includes(name));
  const told = `${shown.join(", ")}${shown.length < names.length ? ", …" : ""}`;
  notes.push(`An object with ${told}${needed.length === 0 ? "" : `; required: ${needed.join(", ")}`}.`);
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
  const shown = worthTelling(choices.filter((choice) => typeof choice !== "object").map(String), MAX_CHOICES);
  const isAll = shown.length === choices.length;
  if (isAll && fitting.length === choices.length) result.enum = choices;
  if (shown.length > 0) notes.push(`One of: ${shown.join(", ")}${isAll ? "" : ", …"}.`);
}

/** The first of these texts, as many as are worth their length. */
export function worthTelling(texts: readonly string[], most: number): string[] {
  let room = MAX_NAMED;
  return texts.slice(0, most).filter((text) => {
    room -= text.length + 2;
    return room >= 0;
  });
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

/** The beginning of a text, at the end of a sentence where there is one. */
export function beginningOf(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, Math.max(0, length)).toWellFormed();
  const sentence = /^.*[.!?](?=\s)/s.exec(`${cut} `)?.[0] ?? "";
  if (sentence.length >= length / 2) return sentence;
  return length === 0 ? "" : `${cut.replace(/\s\S*$/, "")}…`;
}
