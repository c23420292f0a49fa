import { isObject } from "../openapi/document.ts";
import type { JsonObject } from "../operation.ts";

type Definitions = Readonly<Record<string, unknown>>;

/** The schema of a part of a value, or what stands where the way ends. */
export type FoundPart = { schema: JsonObject } | { known: string[] };

const MAX_ALTERNATIVES = 50;

/**
 * The schema of the part of a value that a JSON pointer means, such as `/items/0/price`: through references, alternatives and
 * what is combined. Where several alternatives have such a part, any of theirs.
 */
export function findPart(schema: unknown, segments: readonly string[], definitions: Definitions): FoundPart {
  let at: unknown[] = [schema];
  for (const segment of segments) {
    const here = at.flatMap((each) => allOfThem(each, definitions));
    const next = [...new Set(here.flatMap((each) => step(each, segment)))].slice(0, MAX_ALTERNATIVES);
    if (next.length === 0) {
      const names = here.flatMap((each) => Object.keys(isObject(each.properties) ? each.properties : {}));
      const lists = here.some((each) => each.items !== undefined || each.prefixItems !== undefined);
      return { known: [...new Set(names), ...(lists ? ["0"] : [])] };
    }
    at = next;
  }
  const [only, ...others] = at;
  if (others.length > 0) return { schema: { anyOf: at } };
  const followed = follow(only, definitions);
  return { schema: isObject(followed) ? followed : {} };
}

/** The schema itself and all that it is made of. */
function allOfThem(schema: unknown, definitions: Definitions): JsonObject[] {
  const found = new Set<JsonObject>();
  const left = [schema];
  while (left.length > 0) {
    const next = left.pop();
    if (!isObject(next) || found.has(next)) continue;
    found.add(next);
    if (typeof next.$ref === "string") left.push(definitions[next.$ref.slice("#/$defs/".length)]);
    left.push(next.then, next.else, next.if);
    for (const key of ["oneOf", "anyOf", "allOf"]) if (Array.isArray(next[key])) left.push(...next[key].toReversed());
  }
  return [...found];
}

function step(schema: JsonObject, segment: string): unknown[] {
  const { properties, additionalProperties, prefixItems, items, patternProperties } = schema;
  if (isObject(properties) && Object.hasOwn(properties, segment)) return [properties[segment]];
  if (/^(\d+|\*|-)$/.test(segment) && (items !== undefined || Array.isArray(prefixItems))) {
    const listed = Array.isArray(prefixItems) ? prefixItems[Number(segment)] : undefined;
    return [listed ?? items].filter(isObject);
  }
  const patterns = isObject(patternProperties) ? Object.values(patternProperties) : [];
  return [...patterns, additionalProperties].filter(isObject).slice(0, 1);
}

function follow(schema: unknown, definitions: Definitions): unknown {
  let at = schema;
  for (let hop = 0; hop < 10 && isObject(at) && typeof at.$ref === "string"; hop++) {
    const { $ref, ...beside } = at;
    const target = definitions[($ref as string).slice("#/$defs/".length)];
    if (!isObject(target)) return target;
    at = { ...target, ...beside };
  }
  return at;
}
