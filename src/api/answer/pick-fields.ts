import { isObject } from "../openapi/document.ts";

/** The wanted parts by name; none: the whole value. */
interface Wanted {
  parts: Map<string, Wanted>;
  whole: boolean;
  found: boolean;
}

const MAX_SHOWN_NAMES = 20;

/**
 * Only the named parts of a value, each where it was: objects keep the order of their names, lists their items. A path is a
 * row of names with dots between, such as `items.id`, or a JSON Pointer (RFC 6901), such as `/items/a.b`, for names that hold
 * dots; lists are walked through and take no name of their own (`items[].id` and `items.*.id` mean the same). A part that an
 * item lacks is left out of it; one that is nowhere is a warning with the names that there are.
 */
export function pickFields(value: unknown, paths: readonly string[]): { value: unknown; warnings: string[] } {
  const root: Wanted = { parts: new Map(), whole: false, found: true };
  const all: string[][] = [];
  for (const path of paths) {
    const names = namesOf(path);
    let wanted = root;
    for (const name of names) {
      let part = wanted.parts.get(name);
      if (!part) {
        part = { parts: new Map(), whole: false, found: false };
        wanted.parts.set(name, part);
      }
      wanted = part;
    }
    wanted.whole = true;
    all.push(names);
  }
  const picked = pick(value, root);
  const warnings: string[] = [];
  for (const names of all) {
    const warning = missing(value, root, names);
    if (warning !== undefined && !warnings.includes(warning)) warnings.push(warning);
  }
  return { value: picked, warnings };
}

function namesOf(path: string): string[] {
  if (path.startsWith("/")) {
    return path
      .slice(1)
      .split("/")
      .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  }
  return path
    .replace(/^\$\.?/, "")
    .replace(/\[\*?\]/g, "")
    .split(".")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "*");
}

function pick(value: unknown, wanted: Wanted): unknown {
  if (wanted.whole) return value;
  if (Array.isArray(value)) return value.map((item) => pick(item, wanted));
  if (!isObject(value)) return value === undefined ? undefined : null;
  const kept: [string, unknown][] = [];
  for (const name of Object.keys(value)) {
    const part = wanted.parts.get(name);
    if (!part) continue;
    part.found = true;
    const item = value[name];
    // What has no parts has none of those that were asked for.
    if (!part.whole && typeof item !== "object") continue;
    kept.push([name, pick(item, part)]);
  }
  return Object.fromEntries(kept);
}

/** A warning where the path leads to nothing although there is something that has names. */
function missing(value: unknown, root: Wanted, names: readonly string[]): string | undefined {
  let wanted = root;
  for (const [place, name] of names.entries()) {
    const part = wanted.parts.get(name) as Wanted;
    if (!part.found) {
      const before = names.slice(0, place);
      const there = new Set<string>();
      collectNames(value, before, there);
      if (there.size === 0) {
        if (isEmpty(value, before)) return undefined;
        return `There is no field ${JSON.stringify(names.join("."))}: ${before.length === 0 ? "the answer" : JSON.stringify(before.join("."))} is no object with names.`;
      }
      const shown = [...there].slice(0, MAX_SHOWN_NAMES).map((each) => each.slice(0, 60));
      const where = before.length === 0 ? "There are" : `In ${JSON.stringify(before.join("."))} there are`;
      const more = there.size > shown.length ? ", …" : "";
      return `There is no field ${JSON.stringify(names.join("."))}. ${where}: ${shown.join(", ")}${more}.`;
    }
    // Asked for as a whole, too.
    if (part.whole) return undefined;
    wanted = part;
  }
  return undefined;
}

/** The names of the objects that the path leads to, of some items of each list. */
function collectNames(value: unknown, path: readonly string[], into: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value.slice(0, 10)) collectNames(item, path, into);
  } else if (isObject(value)) {
    const [name, ...rest] = path;
    if (name !== undefined) {
      if (Object.hasOwn(value, name)) collectNames(value[name], rest, into);
    } else for (const each of Object.keys(value).slice(0, MAX_SHOWN_NAMES + 1)) into.add(each);
  }
}

/** Whether there is nothing there that could have names: an empty list, null, an empty object. */
function isEmpty(value: unknown, path: readonly string[]): boolean {
  if (value === null || value === undefined) return true;
  if (Array.isArray(value)) return value.every((item) => isEmpty(item, path));
  if (!isObject(value)) return false;
  const [name, ...rest] = path;
  return name === undefined ? Object.keys(value).length === 0 : isEmpty(value[name], rest);
}
