import { abridge, isSurelyShort, lengthOf } from "./abridge.ts";
import { type FoundList, findLists, nestedAt, replacedAt } from "./find-lists.ts";

/** A part of an answer that is too long to be given at once. */
export interface Part {
  data: unknown;
  unit: "items" | "characters";
  /** Units before this part. */
  from: number;
  /** Units in it. */
  given: number;
  /** Units of the whole. */
  total: number;
  /** Where the next part begins; undefined: this is the last one. */
  next: number | undefined;
  /** Whether texts or lists in it are shortened: it is one thing that has no parts to give. */
  abridged: boolean;
  /** Names that lead to the list of which items are given. */
  path: readonly string[];
}

/**
 * What of a JSON value can be given in a number of characters, always as valid JSON: whole items of the list that makes it
 * long, from the given one on. The first part has what else there is, further ones the list alone, in its place. An item that
 * alone is too long is shortened, and so is the value where no list makes it long. Undefined: all of it fits.
 */
export function fitJson(value: unknown, maxLength: number, from = 0): Part | undefined {
  if (from === 0 && isSurelyShort(value, maxLength)) return undefined;
  const length = lengthOf(value);
  if (from === 0 && length <= maxLength) return undefined;
  const parted = partedList(value, maxLength);
  if (!parted) {
    const data = abridge(value, maxLength);
    const given = lengthOf(data);
    return { data, unit: "characters", from: 0, given, total: length, next: undefined, abridged: true, path: [] };
  }
  const { path, list, around } = parted;
  const room = maxLength - (from === 0 ? around : lengthOf(nestedAt(path, []))) - 2;
  const items: unknown[] = [];
  for (let used = -1; from + items.length < list.length; ) {
    const item = list[from + items.length];
    used += lengthOf(item) + 1;
    if (used > room) break;
    items.push(item);
  }
  const abridged = items.length === 0 && from < list.length;
  if (abridged) items.push(abridge(list[from], room));
  const end = from + items.length;
  return {
    data: from === 0 ? replacedAt(value, path, items) : nestedAt(path, items),
    unit: "items",
    from,
    given: items.length,
    total: list.length,
    next: end < list.length ? end : undefined,
    abridged,
    path,
  };
}

/** The list of which a long value is given the items, and the characters of what is around it; undefined where no list makes it long. */
export function partedList(value: unknown, maxLength: number): (FoundList & { around: number }) | undefined {
  const longest = longestList(value);
  if (!longest) return undefined;
  const around = lengthOf(replacedAt(value, longest.path, [])) - 2;
  return around > maxLength / 2 ? undefined : { ...longest, around };
}

function longestList(value: unknown): FoundList | undefined {
  const lists = findLists(value).filter(({ list }) => list.length > 0);
  // Writing them out takes long where they are: what there is one of needs no comparison.
  if (lists.length < 2) return lists[0];
  const sized = lists.map((found) => ({ found, length: lengthOf(found.list) }));
  return sized.reduce((best, each) => (best.length >= each.length ? best : each)).found;
}

/** Likewise of a text: whole lines where they are short enough, never half a character. The limit is for it as JSON. */
export function fitText(text: string, maxLength: number, from = 0): Part | undefined {
  if (from === 0 && lengthOf(text) <= maxLength) return undefined;
  let data = text.slice(from, from + maxLength - 2);
  for (let over = lengthOf(data) - maxLength; over > 0; over = lengthOf(data) - maxLength) {
    // Of what is escaped, the more characters go.
    data = data.slice(0, data.length - Math.max(1, Math.floor(over / 6)));
  }
  if (from + data.length < text.length) {
    const lineEnd = data.lastIndexOf("\n") + 1;
    const wordEnd = data.lastIndexOf(" ") + 1;
    const end = lineEnd > data.length / 4 ? lineEnd : wordEnd > data.length / 2 ? wordEnd : data.length;
    data = data.slice(0, end);
    const last = data.charCodeAt(data.length - 1);
    if (last >= 0xd800 && last <= 0xdbff && data.length > 1) data = data.slice(0, -1);
  }
  const end = from + data.length;
  return {
    data,
    unit: "characters",
    from,
    given: data.length,
    total: text.length,
    next: end < text.length ? end : undefined,
    abridged: false,
    path: [],
  };
}
