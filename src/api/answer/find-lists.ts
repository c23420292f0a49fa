import { isObject } from "../openapi/document.ts";

/** A list in a JSON value, and the names that lead to it; none: the value itself is the list. */
export interface FoundList {
  path: readonly string[];
  list: readonly unknown[];
}

const MAX_DEPTH = 5;
/** Objects with more names are tables of their own, not what wraps a list. */
const MAX_NAMES = 1000;

/** The lists of a value that are not inside another list, in the order in which they stand. */
export function findLists(value: unknown): FoundList[] {
  const found: FoundList[] = [];
  const look = (at: unknown, path: readonly string[]): void => {
    if (Array.isArray(at)) found.push({ path, list: at });
    else if (isObject(at) && path.length < MAX_DEPTH) {
      for (const name of Object.keys(at).slice(0, MAX_NAMES)) {
        if (typeof at[name] === "object") look(at[name], [...path, name]);
      }
    }
  };
  look(value, []);
  return found;
}

/** What stands at the path; undefined where nothing does. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (!isObject(current) || !Object.hasOwn(current, name)) return undefined;
    current = current[name];
  }
  return current;
}

/** The value with another one at the path, which is there; nothing else is changed or copied deeply. */
export function replacedAt(value: unknown, path: readonly string[], replacement: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return replacement;
  const entries = Object.entries(value as object);
  return Object.fromEntries(
    entries.map(([key, item]) => [key, key === name ? replacedAt(item, rest, replacement) : item]),
  );
}

/** Nothing but the value, where the path has it. */
export function nestedAt(path: readonly string[], value: unknown): unknown {
  return path.reduceRight<unknown>((inner, name) => Object.fromEntries([[name, inner]]), value);
}
