import type { ErrorIssue } from "../../errors.ts";
import { readStructure, roundedNumbers } from "../exact-json.ts";
import { escapePointer } from "../json-schema.ts";
import { isObject } from "../openapi/document.ts";
import type { JsonObject } from "../operation.ts";
import { scalarText } from "../scalar-text.ts";
import { quoted } from "../shorten.ts";
import { wrongFormat } from "./loose-formats.ts";
import { declaredNames, type UndeclaredNames } from "./undeclared-names.ts";

const MAX_DEPTH = 40;

interface Root {
  defs: JsonObject;
  /** Whether numbers and booleans become texts where only a text is wanted: they do where all is text in the end. */
  asTexts: boolean;
  issues: ErrorIssue[];
  undeclared: UndeclaredNames[];
}

export interface FittedValue {
  /** For the schema to be checked with: the same as is sent, with numbers in the place of `bigint`s. */
  checked: unknown;
  /** To be sent. Whole numbers that a JavaScript number cannot hold are `bigint`. */
  sent: unknown;
  /** Texts that are clearly not of their format, which schemas do not tell: to them formats are hints. */
  issues: ErrorIssue[];
  undeclared: UndeclaredNames[];
}

/**
 * A value as its schema (JSON Schema with `$defs`, as `bundleSchema` gives it) wants it, where what models write otherwise has
 * one meaning only: texts as numbers and booleans, the reverse where nothing but a text is taken (with `asTexts` wherever a text
 * is taken), a single value for a list, a list of one for a single value, JSON text for an object or a list, another case in an enum. All else stays as it is, to be found wrong.
 * The value given is not changed.
 */
export function fitValue(value: unknown, schema: JsonObject, { asTexts }: { asTexts: boolean }): FittedValue {
  const defs = isObject(schema.$defs) ? schema.$defs : {};
  const root: Root = { defs, asTexts, issues: [], undeclared: [] };
  const { issues, undeclared } = root;
  const sent = adapt(value, schema, root, "");
  return { sent, checked: roundedNumbers(sent), issues, undeclared };
}

/** Whether a single value is as a simple schema wants it, as most are. */
function isFitting(value: unknown, schema: unknown): boolean {
  if (typeof value === "object" || !isObject(schema)) return false;
  const { type, $ref, allOf, anyOf, oneOf, const: only, format } = schema;
  const isSimple = ($ref ?? allOf ?? anyOf ?? oneOf ?? only ?? format) === undefined;
  if (Array.isArray(schema.enum)) return isSimple && schema.enum.includes(value);
  return isSimple && typeof type === "string" && isOfType(value, type);
}

function adapt(value: unknown, schema: unknown, root: Root, at: string, depth = 0): unknown {
  if (isFitting(value, schema)) return value;
  if (value === null || value === undefined || depth > MAX_DEPTH) return value;
  const parts = partsOf(schema, root, value);
  const types = typesOf(parts, root);
  const typed = types && !types.some((type) => isOfType(value, type)) ? convert(value, types, parts, root) : value;
  const chosen = enumOf(parts);
  if (chosen && !chosen.includes(typed)) {
    const same = chosen.filter((allowed) => normalized(allowed) === normalized(typed));
    if (same.length === 1 && typeof typed !== "object") return same[0];
  }
  if (typeof typed === "string") noteFormat(typed, parts, root, at);
  if (Array.isArray(typed)) return fitItems(typed, parts, root, at, depth);
  return isObject(typed) ? fitMembers(typed, parts, root, at, depth) : typed;
}

function noteFormat(text: string, parts: readonly JsonObject[], root: Root, at: string): void {
  const [like] = parts.flatMap(({ format }) => wrongFormat(format, text) ?? []);
  if (like === undefined) return;
  const shown = quoted(text, 60);
  root.issues.push({ path: at === "" ? "/" : at, message: `must be ${like}, not ${shown}` });
}

function normalized(value: unknown): string {
  return scalarText(value).trim().toLowerCase();
}

/**
 * The schemas that all hold for the value: a schema, what it refers to, its `allOf`, and the only alternative that can be meant;
 * without a value no alternatives, so that this ends.
 */
function partsOf(schema: unknown, root: Root, value?: unknown, found: JsonObject[] = []): JsonObject[] {
  if (!isObject(schema) || found.includes(schema) || found.length > MAX_DEPTH) return found;
  found.push(schema);
  if (typeof schema.$ref === "string") partsOf(lookUp(schema.$ref, root), root, value, found);
  for (const part of Array.isArray(schema.allOf) ? schema.allOf : []) partsOf(part, root, value, found);
  for (const key of ["anyOf", "oneOf"] as const) {
    const branches = schema[key];
    if (!Array.isArray(branches) || value === undefined) continue;
    const meant = branches.filter((branch) => couldBe(branch, root, value));
    if (meant.length === 1) partsOf(meant[0], root, value, found);
  }
  return found;
}

/** Whether a value has the type of an alternative and the fixed values by which alternatives are told apart. */
function couldBe(branch: unknown, root: Root, value: unknown): boolean {
  const parts = partsOf(branch, root);
  const types = typesOf(parts, root);
  if (types && !types.some((type) => isOfType(value, type))) return false;
  if (!isObject(value)) return true;
  return parts.every((part) =>
    Object.entries(isObject(part.properties) ? part.properties : {}).every(([name, property]) => {
      const allowed = enumOf(partsOf(property, root));
      return !allowed || !Object.hasOwn(value, name) || allowed.includes(value[name]);
    }),
  );
}

/** The types that the schemas leave open together; undefined where that is any. */
function typesOf(parts: readonly JsonObject[], root: Root, depth = 0): string[] | undefined {
  let left: string[] | undefined;
  for (const part of parts) {
    let types: string[] | undefined;
    if (part.type !== undefined) types = [part.type].flat().map(String);
    else if (Array.isArray(part.enum)) types = [...new Set(part.enum.map(typeName))];
    else if (isObject(part.properties)) types = ["object"];
    else types = typesOfBranches(part, root, depth);
    if (types) left = left ? left.filter((type) => types.includes(type)) : types;
  }
  return left && left.length > 0 ? left : undefined;
}

function typesOfBranches(part: JsonObject, root: Root, depth: number): string[] | undefined {
  const branches = part.anyOf ?? part.oneOf;
  if (!Array.isArray(branches) || branches.length === 0 || depth > 2) return undefined;
  const all = branches.map((branch) => typesOf(partsOf(branch, root), root, depth + 1));
  return all.every((types) => types !== undefined) ? [...new Set(all.flat() as string[])] : undefined;
}

function enumOf(parts: readonly JsonObject[]): unknown[] | undefined {
  const part = parts.find((each) => Array.isArray(each.enum) || each.const !== undefined);
  return part && (Array.isArray(part.enum) ? part.enum : [part.const]);
}

function convert(value: unknown, types: readonly string[], parts: readonly JsonObject[], root: Root): unknown {
  const has = (type: string) => types.includes(type);
  if (typeof value === "string") {
    const text = value.trim();
    if (has("integer") || has("number")) {
      const whole = /^-?(?:0|[1-9]\d*)$/.test(text);
      if (whole && !Number.isSafeInteger(Number(text)) && text.length < 400) return BigInt(text);
      if (whole) return Number(text);
      const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
      if (Number.isFinite(number) && (has("number") || Number.isInteger(number))) return number;
    }
    if (has("boolean") && /^(?:true|false)$/i.test(text)) return text.toLowerCase() === "true";
    if (has("null") && text === "null" && !has("string")) return null;
    const parsed = readStructure(text);
    if (parsed !== text && types.some((type) => isOfType(parsed, type))) return parsed;
  }
  const scalar = ["string", "number", "bigint", "boolean"].includes(typeof value);
  if (has("string") && scalar && (root.asTexts || isOnlyText(value, types))) return String(value);
  if (Array.isArray(value)) {
    if (value.length !== 1 || Array.isArray(value[0])) return value;
    const fits = (item: unknown) => types.some((type) => isOfType(item, type));
    const only = fits(value[0]) ? value[0] : convert(value[0], types, parts, root);
    return fits(only) ? only : value;
  }
  // One of them, or a list of one: both may be meant.
  if (has("array") && has("string") && scalar) return value;
  if (has("array")) return typeof value === "string" ? splitOrWrap(value, parts, root) : [value];
  return value;
}

/** Whether a value can only mean the text that JSON has for it. Of numbers with an exponent, there are several. */
function isOnlyText(value: unknown, types: readonly string[]): boolean {
  if (!types.every((type) => type === "string" || type === "null")) return false;
  return !(typeof value === "number" && /e/i.test(String(value)));
}

/** `1,2,3` is a list where no item can hold a comma: where items are numbers, or of an enum. */
function splitOrWrap(text: string, parts: readonly JsonObject[], root: Root): unknown[] {
  const items = parts.find((part) => part.items !== undefined)?.items;
  const itemParts = partsOf(items, root);
  const types = typesOf(itemParts, root);
  const allowed = enumOf(itemParts)?.map(normalized);
  const pieces = text.split(",").map((piece) => piece.trim());
  const splits =
    pieces.length > 1 &&
    (types?.every((type) => type === "integer" || type === "number" || type === "boolean") ||
      (allowed !== undefined && pieces.every((piece) => allowed.includes(piece.toLowerCase()))));
  return splits ? pieces : [text];
}

function fitItems(
  items: readonly unknown[],
  parts: readonly JsonObject[],
  root: Root,
  at: string,
  depth: number,
): unknown {
  const schema = parts.find((part) => isObject(part.items))?.items;
  const first = parts.find((part) => Array.isArray(part.prefixItems))?.prefixItems as unknown[] | undefined;
  if (!schema && !first) return items;
  const fitted = items.map((item, index) => adapt(item, first?.[index] ?? schema, root, `${at}/${index}`, depth + 1));
  return fitted.some((item, index) => item !== items[index]) ? fitted : items;
}

function fitMembers(value: JsonObject, parts: readonly JsonObject[], root: Root, at: string, depth: number): unknown {
  let changed = false;
  const strange: string[] = [];
  const entries = Object.entries(value).map(([name, member]) => {
    const part = parts.find(({ properties }) => isObject(properties) && Object.hasOwn(properties, name));
    const schema = part
      ? (part.properties as JsonObject)[name]
      : parts.find(({ additionalProperties }) => isObject(additionalProperties))?.additionalProperties;
    if (schema === undefined && !part) strange.push(name);
    const fitted =
      schema === undefined ? member : adapt(member, schema, root, `${at}/${escapePointer(name)}`, depth + 1);
    changed ||= fitted !== member;
    return [name, fitted] as const;
  });
  if (strange.length > 0) {
    const { names, open } = declaredNames(parts[0], (ref) => lookUp(ref, root));
    const undeclared = strange.filter((name) => !names.has(name));
    const missing = [...names].filter((name) => !Object.hasOwn(value, name));
    if (undeclared.length > 0 && names.size > 0) root.undeclared.push({ at, names: undeclared, missing, open });
  }
  // Not by assignment: a member may be called __proto__.
  return changed ? Object.fromEntries(entries) : value;
}

function lookUp(ref: string, root: Root): unknown {
  const name = /^#\/\$defs\/(.+)$/.exec(ref)?.[1];
  return name !== undefined && Object.hasOwn(root.defs, name) ? root.defs[name] : undefined;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) || typeof value === "bigint" ? "integer" : typeof value;
}

function isOfType(value: unknown, type: string): boolean {
  const name = typeName(value);
  return name === type || (name === "integer" && type === "number");
}
