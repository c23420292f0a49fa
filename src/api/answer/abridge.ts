import { isObject } from "../openapi/document.ts";

/** Characters of JSON that a mark of what was left out takes at most. */
const MARK = 48;

/**
 * A JSON value in so many characters of JSON: what is short stays whole, long texts and lists keep their beginning and say
 * how much more there was. Where even names do not fit, a line says what was there.
 */
export function abridge(value: unknown, maxLength: number): unknown {
  if (lengthOf(value) <= maxLength) return value;
  const shorter =
    typeof value === "string"
      ? abridgeText(value, maxLength)
      : Array.isArray(value)
        ? abridgeList(value, maxLength)
        : isObject(value)
          ? abridgeObject(value, maxLength)
          : value;
  return lengthOf(shorter) <= maxLength ? shorter : describe(value);
}

function abridgeText(text: string, maxLength: number): string {
  let kept = text.slice(0, Math.max(0, maxLength - MARK));
  for (let over = lengthOf(kept) + MARK - maxLength; kept !== "" && over > 0; ) {
    kept = kept.slice(0, kept.length - Math.max(1, Math.floor(over / 6)));
    over = lengthOf(kept) + MARK - maxLength;
  }
  if (/[\ud800-\udbff]$/.test(kept)) kept = kept.slice(0, -1);
  return `${kept}… (${text.length - kept.length} more characters)`;
}

function abridgeList(list: readonly unknown[], maxLength: number): unknown[] {
  const kept: unknown[] = [];
  let used = 2 + MARK;
  for (const item of list) {
    used += lengthOf(item) + 1;
    if (used > maxLength) break;
    kept.push(item);
  }
  if (kept.length === 0) kept.push(abridge(list[0], maxLength - MARK - 4));
  const left = list.length - kept.length;
  return left === 0 ? kept : [...kept, `… (${left} more of ${list.length} items)`];
}

/** The short values whole, and what room is left for the long ones, shared evenly. */
function abridgeObject(value: Record<string, unknown>, maxLength: number): Record<string, unknown> {
  const entries = Object.entries(value).map(([name, item]) => ({ name, item, length: lengthOf(item) }));
  let room = maxLength - 2 - MARK;
  const kept: typeof entries = [];
  for (const entry of entries) {
    const least = lengthOf(entry.name) + 2 + Math.min(entry.length, MARK);
    if (least > room) break;
    room -= least;
    kept.push(entry);
  }
  const shares = new Map<string, number>();
  const growing = [...kept].sort((a, b) => a.length - b.length);
  for (const [place, { name, length }] of growing.entries()) {
    const least = Math.min(length, MARK);
    const share = Math.min(length - least, Math.floor(room / (growing.length - place)));
    room -= share;
    shares.set(name, least + share);
  }
  const shorter = kept.map(({ name, item }): [string, unknown] => [name, abridge(item, shares.get(name) as number)]);
  const left = entries.length - kept.length;
  if (left > 0) shorter.push(["…", `${left} more of ${entries.length} names`]);
  return Object.fromEntries(shorter);
}

function describe(value: unknown): string {
  if (typeof value === "string") return `(text of ${value.length} characters)`;
  if (Array.isArray(value)) return `(list of ${value.length} items)`;
  if (isObject(value)) return `(object of ${Object.keys(value).length} names)`;
  return "(a long number)";
}

/** Whether a value has at most so many characters as JSON, as far as that is seen without writing it: most answers are short. */
export function isSurelyShort(value: unknown, maxLength: number): boolean {
  return roomAfter(value, maxLength) >= 0;
}

/** What is left of the room, with the most that each character and number can take. */
function roomAfter(value: unknown, room: number): number {
  if (room < 0) return room;
  if (typeof value === "string") return room - 6 * value.length - 2;
  if (typeof value !== "object" || value === null) return room - 25;
  let left = room - 2;
  if (Array.isArray(value)) {
    for (const item of value) left = roomAfter(item, left - 1);
    return left;
  }
  for (const name in value) left = roomAfter((value as Record<string, unknown>)[name], left - 6 * name.length - 4);
  return left;
}

/** Characters of a value as JSON. */
export function lengthOf(value: unknown): number {
  return (JSON.stringify(value) ?? "null").length;
}
