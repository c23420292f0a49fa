import { setImmediate as nextTurn } from "node:timers/promises";

/** Milliseconds after which other work gets its turn. */
const TURN_MS = 10;
/** Values and characters of a part that is written in one go. */
const PART_VALUES = 2000;
const PART_TEXT = 65_536;

/** What JSON.stringify gives for a value that came from JSON; between parts of a large one other work gets its turn. */
export async function writeJson(value: unknown): Promise<string> {
  const written: string[] = [];
  let since = performance.now();
  for (const part of partsOf(value)) {
    written.push(part);
    if (performance.now() - since < TURN_MS) continue;
    await nextTurn();
    since = performance.now();
  }
  return written.join("");
}

function* partsOf(value: unknown): Iterable<string> {
  if (typeof value !== "object" || value === null || isSmall(value)) {
    yield JSON.stringify(value);
    return;
  }
  const list = Array.isArray(value);
  let before = list ? "[" : "{";
  for (const [name, entry] of list ? value.entries() : Object.entries(value)) {
    yield list ? before : `${before}${JSON.stringify(name)}:`;
    yield* partsOf(entry);
    before = ",";
  }
  yield list ? "]" : "}";
}

function isSmall(value: object): boolean {
  let values = PART_VALUES;
  let text = PART_TEXT;
  const count = (part: unknown): boolean => {
    if (--values < 0) return false;
    if (typeof part === "string") text -= part.length;
    if (text < 0) return false;
    if (typeof part !== "object" || part === null) return true;
    if (Array.isArray(part)) return part.every(count);
    for (const name of Object.keys(part)) {
      text -= name.length;
      if (!count((part as Record<string, unknown>)[name])) return false;
    }
    return true;
  };
  return count(value);
}
