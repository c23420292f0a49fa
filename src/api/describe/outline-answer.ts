import { isObject } from "../openapi/document.ts";
import type { JsonObject } from "../operation.ts";
import { shorten } from "../shorten.ts";

/** Characters of an outline. */
const MAX_OUTLINE = 700;
const DEPTHS = [3, 2, 1];
const MAX_HOPS = 20;

/**
 * The fields of an answer in a short form that is close to JSON, such as `{total: integer, items: [{id: integer, owner: {…}}]}`:
 * as many levels as there is room for. Empty where the schema says nothing.
 */
export function outlineAnswer({ $defs = {}, ...schema }: JsonObject): string {
  let outline = "";
  for (const depth of DEPTHS) {
    outline = write(schema, depth, $defs as Record<string, unknown>);
    if (outline.length <= MAX_OUTLINE) break;
  }
  if (outline === "any") return "";
  return shorten(outline, MAX_OUTLINE);
}

function write(schema: unknown, depth: number, definitions: Record<string, unknown>): string {
  const parts = partsOf(schema, definitions);
  const properties = new Map<string, unknown>();
  for (const part of parts) {
    if (!isObject(part.properties)) continue;
    for (const [name, value] of Object.entries(part.properties)) if (!properties.has(name)) properties.set(name, value);
  }
  if (properties.size > 0) {
    if (depth <= 0) return "{…}";
    const fields = [...properties].map(([name, value]) => `${nameOf(name)}: ${write(value, depth - 1, definitions)}`);
    return `{${fields.join(", ")}}`;
  }
  const list = parts.find((part) => part.items !== undefined || part.type === "array");
  if (list) return `[${list.items === undefined ? "" : write(list.items, depth, definitions)}]`;
  const map = parts.find((part) => isObject(part.additionalProperties));
  if (map) return depth <= 0 ? "{…}" : `{*: ${write(map.additionalProperties, depth - 1, definitions)}}`;
  const types = new Set(parts.flatMap(({ type }) => (Array.isArray(type) ? type : [type])));
  types.delete(undefined);
  if (types.size > 1) types.delete("null");
  const [type] = types;
  if (typeof type !== "string") return "any";
  return type === "object" ? "{}" : type;
}

/** The schema itself and what it is made of; of alternatives all, for an answer may be any of them. */
function partsOf(schema: unknown, definitions: Record<string, unknown>): JsonObject[] {
  const found = new Set<JsonObject>();
  const left = [schema];
  for (let hop = 0; left.length > 0 && hop < MAX_HOPS; hop++) {
    const next = left.shift();
    if (!isObject(next) || found.has(next)) continue;
    found.add(next);
    if (typeof next.$ref === "string") left.push(definitions[next.$ref.slice("#/$defs/".length)]);
    for (const key of ["allOf", "anyOf", "oneOf"]) if (Array.isArray(next[key])) left.push(...next[key]);
  }
  return [...found];
}

/** Names that JMESPath takes without quotes stay without. */
function nameOf(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
}
