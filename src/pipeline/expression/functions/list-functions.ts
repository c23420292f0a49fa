import { isObject, RowFailure, show } from "../../rows.ts";
import { toText } from "../../template.ts";
import type { ExpressionFunction } from "../calls.ts";
import {
  compareValues,
  finite,
  isNull,
  MAX_TEXT,
  madeValue,
  toCount,
  toNumber,
  tooLong,
  type Value,
} from "../value.ts";

/** A list, null for null. @throws RowFailure for anything else */
function toList(value: Value, name: string): Value[] | null {
  if (isNull(value)) return null;
  if (Array.isArray(value)) return value;
  throw new RowFailure("type", `${name} needs a list, not ${show(value)}`);
}

const ofList = (name: string, change: (list: Value[]) => Value): ExpressionFunction => ({
  min: 1,
  max: 1,
  run(value) {
    const list = toList(value, name);
    return list === null ? null : change(list);
  },
});

/** Adds up the numbers among values and the entries of lists; null is passed over. */
function addUp(values: readonly Value[], name: string): { sum: number; count: number } {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    for (const entry of Array.isArray(value) ? value : [value]) {
      const number = toNumber(entry, name);
      if (number === null) continue;
      sum += number;
      count++;
    }
  }
  return { sum: finite(sum, `${name}()`), count };
}

function unique(list: Value[]): Value[] {
  const seen = new Set<Value>();
  return list.filter((entry) => {
    const key = typeof entry === "object" && entry !== null ? `\0${toText(entry)}` : entry;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

export const LIST_FUNCTIONS: Record<string, ExpressionFunction> = {
  /** Entries that are not null. */
  count: { min: 1, max: 1, run: (value) => toList(value, "count")?.filter((entry) => !isNull(entry)).length ?? 0 },
  sum: { min: 1, max: 20, runAll: (values) => addUp(values, "sum").sum },
  avg: {
    min: 1,
    max: 20,
    runAll(values) {
      const { sum, count } = addUp(values, "avg");
      return count === 0 ? null : sum / count;
    },
  },
  first: ofList("first", (list) => list[0] ?? null),
  last: ofList("last", (list) => list.at(-1) ?? null),
  sort: ofList("sort", (list) => list.toSorted(compareValues)),
  reverse: ofList("reverse", (list) => list.toReversed()),
  unique: ofList("unique", unique),
  /** Of each object in a list the same field. */
  pluck: {
    min: 2,
    max: 2,
    usage: 'Such as sum(pluck(items, "price")).',
    run(value, field) {
      const name = toText(field);
      return (
        toList(value, "pluck")?.map((entry) => (isObject(entry) && Object.hasOwn(entry, name) ? entry[name] : null)) ??
        null
      );
    },
  },
  split: {
    min: 2,
    max: 2,
    usage: 'Such as split(tags, ",").',
    run(value, separator) {
      if (isNull(value)) return null;
      const text = toText(value);
      const between = toText(separator);
      return madeValue(text === "" ? [] : between === "" ? [...text] : text.split(between));
    },
  },
  join: {
    min: 1,
    max: 2,
    usage: 'Such as join(tags, ", ").',
    run(value, separator) {
      const list = toList(value, "join");
      if (list === null) return null;
      const between = separator === undefined ? ", " : toText(separator);
      const texts = list.map(toText).filter((text) => text !== "");
      const length = texts.reduce((sum, text) => sum + text.length + between.length, 0);
      if (length - between.length > MAX_TEXT) throw tooLong();
      return texts.join(between);
    },
  },
  /** A list of the part from one number up to another, counted from 0. */
  slice: {
    min: 2,
    max: 3,
    run(value, from, to) {
      const list = toList(value, "slice");
      const end = to === undefined ? undefined : toCount(to, "slice", 0);
      return list === null ? null : list.slice(toCount(from, "slice", 0), end);
    },
  },
};
