import { quoted, segmentsOf, shortened } from "./show-text.ts";

/** The arguments of a call, a line each, for a human who has to consent to it. */
export interface ShownArguments {
  lines: string[];
  /** What is left out of them, in words; empty where all is shown. */
  omitted: string[];
}

/** Characters of all arguments together that a form can show well, and those that it can show at all. */
const GOAL = 2_000;
const LIMIT = 6_000;
/** Characters of the shortest piece of a long text. */
const SHORTEST = 16;
/** Characters of a property's name that are shown in any case. */
const MIN_NAME = 64;
/** Pieces of a text that are shortened each by itself. */
const MAX_SEGMENTS = 100;
const MAX_DEPTH = 50;

interface Size {
  /** Characters of a text before it is shortened. */
  text: number;
  /** Items of a list before the others are left out. */
  items: number;
  /** Characters of everything, after which properties are left out. */
  room: number;
}

/**
 * Shows plain JSON so that nothing can hide in it: where it is long, texts are shortened in the middle and lists at the end, each as
 * little as it can be, while the name of every property is shown as long as that is possible at all. What cannot be seen
 * otherwise, such as marks that turn the direction of writing, is written as `\u202E`.
 */
export function showArguments(args: Readonly<Record<string, unknown>>): ShownArguments {
  const whole = render(args, { text: GOAL, items: GOAL, room: GOAL });
  if (whole.omitted.length === 0 && lengthOf(whole) <= GOAL) return whole;
  return best(args, GOAL) ?? best(args, LIMIT) ?? render(args, { text: SHORTEST, items: 1, room: LIMIT });
}

/** The arguments shortened as little as possible so that they fit and no name is hidden; undefined where they cannot. */
function best(args: Readonly<Record<string, unknown>>, room: number): ShownArguments | undefined {
  let found: ShownArguments | undefined;
  let [low, high] = [SHORTEST, room];
  while (low <= high) {
    const text = Math.floor((low + high) / 2);
    const shown = render(args, { text, items: Math.ceil(text / 4), room });
    const fits = shown.hidden === 0 && lengthOf(shown) <= room;
    if (fits) found = shown;
    if (fits) low = text + 1;
    else high = text - 1;
  }
  return found;
}

function lengthOf({ lines }: ShownArguments): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}

function render(args: Readonly<Record<string, unknown>>, size: Size): ShownArguments & { hidden: number } {
  const left = { texts: 0, items: 0, names: 0 };
  let used = 0;

  function put(text: string): string {
    used += text.length + 1;
    return text;
  }

  function piece(text: string, length: number, remark = ""): string {
    const cut = shortened(text, length, remark);
    if (cut !== undefined) left.texts++;
    return cut ?? quoted(text);
  }

  function text(value: string): string {
    if (value.length <= size.text) return put(`"${quoted(value)}"`);
    const { segments, names } = segmentsOf(value);
    const pieces =
      segments.length <= MAX_SEGMENTS
        ? segments.map((segment) => piece(segment, size.text))
        : [piece(value, size.text, listed(names))];
    return put(`"${pieces.join("")}"`);
  }

  function name(text: string): string {
    return put(`"${piece(text, Math.max(size.text, MIN_NAME))}"`);
  }

  /** The names of properties that are left out with their values. */
  function listed(names: ReadonlySet<string>): string {
    const shown: string[] = [];
    for (const each of names) {
      if (used > size.room) break;
      shown.push(name(each));
    }
    left.names += names.size - shown.length;
    const others = names.size > shown.length ? [`${names.size - shown.length} other names`] : [];
    return shown.length + others.length > 0 ? ` with ${[...shown, ...others].join(", ")}` : "";
  }

  function list(values: readonly unknown[], depth: number): string {
    const shown: string[] = [];
    for (const value of values) {
      if (shown.length >= size.items || used > size.room || depth > MAX_DEPTH) break;
      shown.push(json(value, depth));
    }
    const rest = values.slice(shown.length);
    left.items += rest.length;
    if (rest.length > 0) shown.push(put(`… ${rest.length} more${listed(namesIn(rest))}`));
    return `[${shown.join(",")}]`;
  }

  function object(entries: readonly [name: string, value: unknown][], depth: number): string {
    const shown: string[] = [];
    for (const [key, value] of entries) {
      if (used > size.room || depth > MAX_DEPTH) break;
      shown.push(`${name(key)}:${json(value, depth)}`);
    }
    const rest = entries.slice(shown.length);
    if (rest.length > 0) {
      const names = rest.length + countNames(rest.map(([, value]) => value));
      left.names += names;
      shown.push(`… ${names} more properties`);
    }
    return `{${shown.join(",")}}`;
  }

  function json(value: unknown, depth: number): string {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) return list(value, depth + 1);
    if (typeof value !== "object" || value === null) return put(JSON.stringify(value) ?? "null");
    return object(
      Object.entries(value).filter(([, item]) => item !== undefined),
      depth + 1,
    );
  }

  // The short ones first, so that no long one takes their room.
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  const sizes = new Map(given.map(([name, value]) => [name, JSON.stringify(value).length]));
  const byLength = given.map(([name]) => name).sort((a, b) => sizes.get(a)! - sizes.get(b)!);
  const shown = new Map(byLength.map((name) => [name, json(args[name], 0)]));
  const lines = given.map(([name]) => `${/^[\w.-]+$/.test(name) ? name : `"${quoted(name)}"`}: ${shown.get(name)}`);
  return { lines, omitted: inWords(left), hidden: left.names };
}

function inWords({ texts, items, names }: { texts: number; items: number; names: number }): string[] {
  const count = (n: number, one: string, many: string, what: string) =>
    n === 0 ? [] : [n === 1 ? `1 ${one} is ${what}` : `${n} ${many} are ${what}`];
  return [
    ...count(texts, "long text", "long texts", "shortened"),
    ...count(items, "item of a list", "items of lists", "left out"),
    ...count(names, "property", "properties", "left out"),
  ];
}

/** Every object in the values, however deep. */
function* objectsIn(values: readonly unknown[]): Generator<object> {
  const waiting = [...values];
  // Grows while it is read.
  for (const value of waiting) {
    if (typeof value !== "object" || value === null) continue;
    if (!Array.isArray(value)) yield value;
    for (const item of Object.values(value)) waiting.push(item);
  }
}

function namesIn(values: readonly unknown[]): Set<string> {
  const names = new Set<string>();
  for (const object of objectsIn(values)) for (const name of Object.keys(object)) names.add(name);
  return names;
}

function countNames(values: readonly unknown[]): number {
  let count = 0;
  for (const object of objectsIn(values)) count += Object.keys(object).length;
  return count;
}
