import { escapePointer } from "../json-schema.ts";
import type { JsonObject } from "../operation.ts";
import { scalarText } from "../scalar-text.ts";
import { shorten } from "../shorten.ts";
import { isObject } from "./document.ts";
import { namesIn } from "./schema-keywords.ts";

/** How much of schemas is shown. */
export interface Detail {
  /** Characters of a description, of the whole and its uppermost properties. */
  text: number;
  /** The same of what is further below. */
  deep: number;
  /** Levels of properties below the uppermost that are written out; what is deeper is only named. */
  depth: number;
  /** Properties of an object, alternatives and values of an enum; required properties are always shown. */
  width: number;
}

/** From everything to as little as the largest schemas need. */
export const DETAILS: readonly Detail[] = [
  { text: 300, deep: 300, depth: 30, width: 500 },
  { text: 120, deep: 120, depth: 30, width: 500 },
  { text: 120, deep: 60, depth: 4, width: 200 },
  { text: 120, deep: 60, depth: 3, width: 150 },
  { text: 120, deep: 60, depth: 2, width: 100 },
  { text: 100, deep: 0, depth: 2, width: 100 },
  { text: 100, deep: 60, depth: 1, width: 100 },
  { text: 100, deep: 0, depth: 1, width: 100 },
  { text: 80, deep: 0, depth: 0, width: 150 },
  { text: 40, deep: 0, depth: 0, width: 60 },
  { text: 0, deep: 0, depth: 0, width: 30 },
  { text: 0, deep: 0, depth: 0, width: 10 },
];

/** Characters of a default or an example. */
const MAX_VALUE = 200;
/** Characters of the values of an enum, for each of the detail's `width`. */
const ENUM_VALUE = 20;
/** Characters of a pattern, a constant and the like. */
const MAX_KEYWORD = 1000;
/** Characters of the names of what is left out. */
const MAX_NAMES = 600;

export interface ShownSchemas {
  /** The schema of a place of the call, such as `/body`. */
  show(schema: unknown, at: string): JsonObject;
  /** Whether what was shown so far refers to definitions. */
  refers(): boolean;
  /** What the shown schemas refer to. */
  definitions(): JsonObject;
  /** Whether `left_out` stands somewhere: the place that the schema is of, to be asked for. */
  leftOut(): boolean;
}

type Definitions = Readonly<Record<string, JsonObject | boolean>>;

/**
 * Writes converted schemas (`createBundle`, shown) for a model to read, as compactly as the detail asks for. Ends soon after
 * `limit` characters, with less than everything: the result is too large then.
 */
export function createSchemaDisplay(known: Definitions, detail: Detail, limit: number): ShownSchemas {
  const shown = new Map<string, { at: string; depth: number }>();
  let size = 0;
  let cut = false;

  function write(schema: unknown, at: string, depth: number): unknown {
    if (!isObject(schema)) return schema;
    size += 10;
    if (size > limit) return {};
    if (typeof schema.$ref === "string") {
      const name = schema.$ref.slice("#/$defs/".length);
      if (!shown.has(name)) {
        if (depth > detail.depth && isLarge(known[name]))
          return stub({ ...(known[name] as JsonObject), ...schema }, at);
        shown.set(name, { at, depth });
      }
    } else if (depth > detail.depth && isLarge(schema)) return stub(schema, at);

    const result: JsonObject = {};
    const sub = (value: unknown) => write(value, at, depth);
    for (const [key, value] of Object.entries(schema)) {
      if (key === "properties" && isObject(value)) writeProperties(value, namesIn(schema.required));
      else if (key === "items") result.items = write(value, `${at}/0`, depth);
      else if (key === "prefixItems" && Array.isArray(value))
        result[key] = value.map((item, index) => write(item, `${at}/${index}`, depth));
      else if (key === "allOf" && Array.isArray(value)) {
        const parts = value.map(sub).filter((part) => !isObject(part) || Object.keys(part).length > 0);
        if (parts.length > 0) result[key] = parts;
      } else if ((key === "anyOf" || key === "oneOf") && Array.isArray(value)) {
        result[key] = value.slice(0, detail.width).map(sub);
        if (value.length > detail.width) leaveOut(`${value.length - detail.width} alternatives`);
      } else if (key === "patternProperties" || key === "dependentSchemas") {
        if (isObject(value))
          result[key] = Object.fromEntries(Object.entries(value).map(([name, item]) => [name, sub(item)]));
      } else if (key === "additionalProperties" || key === "unevaluatedProperties") {
        // True is what it is without.
        if (value !== true) result[key] = write(value, `${at}/*`, depth + 1);
      } else if (key === "enum" && Array.isArray(value)) {
        if (value.length <= detail.width && isWithin(value, Math.max(MAX_VALUE, detail.width * ENUM_VALUE)))
          add(key, value);
        else {
          const some = value.slice(0, 3).filter((choice) => isWithin(choice, MAX_VALUE));
          if (some.length > 0) add("examples", some);
          leaveOut(`${value.length} allowed values`);
        }
      } else if (isObject(value) && key !== "default" && key !== "const" && key !== "dependentRequired") {
        result[key] = sub(value);
      } else if (!SILENT.has(key) && !DECORATING.has(key)) {
        if (key === "required" || isWithin(value, MAX_KEYWORD)) add(key, value);
        else leaveOut(`a long ${key}`);
      }
    }
    return Object.assign(result, decorations(schema, at, depth));

    function writeProperties(properties: JsonObject, required: readonly string[]): void {
      const names = Object.keys(properties);
      let room = detail.width - names.filter((name) => required.includes(name)).length;
      const kept = names.filter((name) => required.includes(name) || room-- > 0);
      result.properties = Object.fromEntries(
        kept.map((name) => {
          size += name.length;
          return [name, write(properties[name], `${at}/${escapePointer(name)}`, depth + 1)];
        }),
      );
      if (kept.length < names.length) {
        const others = names.filter((name) => !kept.includes(name));
        leaveOut(`${others.length} properties: ${shorten(others.join(", "), MAX_NAMES)}`);
      }
    }
    function add(key: string, value: unknown): void {
      size += JSON.stringify(value)?.length ?? 0;
      result[key] = value;
    }
    function leaveOut(what: string): void {
      cut = true;
      result.left_out = [result.left_out ?? at, what].join("; ");
    }
  }

  function decorations(schema: JsonObject, at: string, depth: number): JsonObject {
    const length = depth > 1 ? detail.deep : detail.text;
    const { description, title, deprecated, default: fallback, examples } = schema;
    const result: JsonObject = {};
    const text = typeof description === "string" ? oneLine(description, length) : "";
    const heading = typeof title === "string" && text === "" && !isName(title, at) ? oneLine(title, length) : "";
    size += text.length + heading.length;
    if (text !== "") result.description = text;
    if (heading !== "") result.title = heading;
    if (deprecated === true) result.deprecated = true;
    if (fallback !== undefined && isWithin(fallback, MAX_VALUE)) result.default = fallback;
    const example = Array.isArray(examples) ? examples[0] : undefined;
    const says =
      example !== undefined && example !== fallback && schema.enum === undefined && isWithin(example, MAX_VALUE);
    if (says && length >= 100) result.examples = [example];
    return result;
  }

  function stub(schema: JsonObject, at: string): JsonObject {
    cut = true;
    const { type, description } = schema;
    const text = typeof description === "string" ? oneLine(description, Math.min(detail.text, 80)) : "";
    size += text.length + at.length;
    return { ...(type !== undefined && { type }), ...(text !== "" && { description: text }), left_out: at };
  }

  return {
    show: (schema, at) => write(schema, at, 0) as JsonObject,
    refers: () => shown.size > 0,
    definitions() {
      const result: [string, unknown][] = [];
      // Grows while it is walked.
      for (const [name, { at, depth }] of shown) result.push([name, write(known[name], at, depth)]);
      return Object.fromEntries(result);
    },
    leftOut: () => cut,
  };
}

/** Keywords that say nothing to somebody who gives a value. */
const SILENT = new Set(["readOnly", "writeOnly", "contentEncoding"]);
const DECORATING = new Set(["description", "title", "deprecated", "default", "examples"]);
const LARGE = [
  "properties",
  "items",
  "prefixItems",
  "allOf",
  "anyOf",
  "oneOf",
  "additionalProperties",
  "patternProperties",
];

/** Whether a schema is worth leaving out. */
function isLarge(schema: unknown): boolean {
  if (!isObject(schema)) return false;
  if (LARGE.some((key) => isObject(schema[key]) || Array.isArray(schema[key]))) {
    return JSON.stringify(schema).length > MAX_VALUE;
  }
  return false;
}

/** Whether a title only repeats the name of the property. */
function isName(title: string, at: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  return plain(title) === plain(at.slice(at.lastIndexOf("/") + 1));
}

/** Whether a value has about so many characters as JSON, at most. Ends where it has more, for it may refer to itself over and over. */
function isWithin(value: unknown, limit: number): boolean {
  return roomAfter(value, limit) >= 0;
}

function roomAfter(value: unknown, room: number): number {
  if (room < 0) return room;
  if (typeof value !== "object" || value === null) return room - scalarText(value).length;
  let left = room - 2;
  for (const [name, item] of Object.entries(value)) {
    if (left < 0) break;
    left = roomAfter(item, left - (Array.isArray(value) ? 1 : name.length + 4));
  }
  return left;
}

function oneLine(text: string, limit: number): string {
  return limit === 0 ? "" : shorten(plainText(text, limit).replace(/\s+/g, " ").trim(), limit);
}

/** The beginning of a text in Markdown or HTML without what only leads elsewhere: tags, and addresses of links. */
export function plainText(text: string, limit: number): string {
  return text
    .slice(0, limit * 4)
    .replace(/<\/?[a-z][^<>]*>/gi, " ")
    .replace(/!?\[([^[\]]*)\]\([^()\s]*\)/g, "$1");
}
