import type { SchemaCheck } from "./check-schema.ts";
import { isObject, propertiesOf, resolve, typesOf } from "./structured/fit-schema.ts";

/**
 * Whether values for the parts of an input become the value for the whole by appending their lists: the schema is a list, or an
 * object of lists alone, and empty ones will do.
 */
export function mergesByLists(schema: Record<string, unknown>, check: SchemaCheck): boolean {
  const root = resolve(schema, schema);
  if (!root) return false;
  if (isList(root)) return check([]).length === 0;
  const properties = Object.entries(propertiesOf(root, schema));
  if (properties.length === 0) return false;
  const areLists = properties.every(([, property]) => {
    const wanted = resolve(property, schema);
    return wanted !== undefined && isList(wanted);
  });
  return areLists && check(Object.fromEntries(properties.map(([name]) => [name, []]))).length === 0;
}

function isList(schema: Record<string, unknown>): boolean {
  const types = typesOf(schema);
  return types.length === 1 && types[0] === "array";
}

/**
 * The lists of the parts one after another.
 * @param keepAlike whether an entry that an earlier part has too is another one (a row of a table), or the same once more (a
 * person who is named twice)
 */
export function mergeLists(values: readonly unknown[], keepAlike: boolean): unknown {
  if (values.every(Array.isArray)) return append(values, keepAlike);
  const lists = new Map<string, unknown[][]>();
  for (const value of values) {
    if (!isObject(value)) continue;
    for (const [name, list] of Object.entries(value)) {
      if (Array.isArray(list)) lists.set(name, [...(lists.get(name) ?? []), list]);
    }
  }
  return Object.fromEntries([...lists].map(([name, parts]) => [name, append(parts, keepAlike)]));
}

function append(lists: readonly unknown[][], keepAlike: boolean): unknown[] {
  if (keepAlike) return lists.flat();
  const seen = new Set<string>();
  const all: unknown[] = [];
  for (const list of lists) {
    // Within one part, the model has said itself that there are two.
    const added = list.filter((entry) => !seen.has(JSON.stringify(entry)));
    for (const entry of added) seen.add(JSON.stringify(entry));
    all.push(...added);
  }
  return all;
}
