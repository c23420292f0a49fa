import { checkKeys, type Options, readBoolean, readChoice, readString, wrong } from "../../options.ts";
import { isObject, type Row, show } from "../../rows.ts";
import type { SortKey } from "../../spool/sort-rows.ts";
import { isDigit } from "../../values/dates.ts";

/** The options of a sort besides `by`, each also of one of its fields. */
export const SORT_OPTIONS = ["descending", "nulls", "numeric", "ignore_case"] as const;

interface FieldOrder {
  field: string;
  descending: boolean;
  nullsFirst: boolean;
  numeric: boolean;
  ignoreCase: boolean;
}

/** What rows are sorted by, under `key`: names or `{ field, descending?, nulls?, numeric?, ignore_case? }`. */
export function readSortKeys(
  options: Options,
  key: string,
  where: string,
): {
  fields: string[];
  keys: SortKey[];
  /** Fields whose texts are compared as texts. */
  texts: string[];
} {
  const all = readOrder(options, where, { descending: false, nulls: "last", numeric: false, ignore_case: false });
  const list = Array.isArray(options[key]) ? options[key] : [options[key]];
  if (list.length === 0) throw wrong(where, `"${key}" must name at least one field.`);
  const orders = list.map((entry: unknown): FieldOrder => {
    if (typeof entry === "string") return { field: entry, ...all };
    if (!isObject(entry)) throw wrong(where, `"${key}" must be a list of field names, not ${show(options[key])}.`);
    const here = `${where}, "${key}"`;
    checkKeys(entry, ["field", ...SORT_OPTIONS], here);
    const nulls = all.nullsFirst ? "first" : "last";
    const given = { descending: all.descending, nulls, numeric: all.numeric, ignore_case: all.ignoreCase };
    return { field: readString(entry, "field", here), ...readOrder(entry, here, given) };
  });
  const texts = orders.flatMap(({ field, numeric }) => (numeric ? [] : [field]));
  return { fields: orders.map(({ field }) => field), keys: orders.map(sortKey), texts };
}

function readOrder(
  options: Options,
  where: string,
  fallback: { descending: boolean; nulls: string; numeric: boolean; ignore_case: boolean },
): Omit<FieldOrder, "field"> {
  return {
    descending: readBoolean(options, "descending", where, fallback.descending),
    nullsFirst: readChoice(options, "nulls", where, ["first", "last"], fallback.nulls as "first" | "last") === "first",
    numeric: readBoolean(options, "numeric", where, fallback.numeric),
    ignoreCase: readBoolean(options, "ignore_case", where, fallback.ignore_case),
  };
}

/** The JSON of a list or object, which is compared as text but comes after all other values. */
class Json {
  readonly text: string;
  constructor(value: object) {
    this.text = JSON.stringify(value);
  }
}

/**
 * Numbers before texts before booleans before lists and objects, the other way round if descending; null and missing come last,
 * or first, either way. Texts are compared by code unit; if `numeric`, those that are numbers as numbers, and numbers inside
 * others by their size.
 */
function sortKey({ field, descending, nullsFirst, numeric, ignoreCase }: FieldOrder): SortKey {
  const sign = descending ? -1 : 1;
  const nullSign = nullsFirst ? -1 : 1;
  const compareTexts = numeric ? compareNatural : comparePlain;
  return {
    valueOf(row: Row) {
      const value = row[field];
      if (typeof value === "string") {
        if (numeric && PLAIN_NUMBER.test(value)) return Number(value);
        return ignoreCase ? value.toLowerCase() : value;
      }
      return typeof value === "object" && value !== null ? new Json(value) : value;
    },
    compare(a, b) {
      if (typeof a === "number" && typeof b === "number") return a < b ? -sign : a > b ? sign : 0;
      if (typeof a === "string" && typeof b === "string") return compareTexts(a, b) * sign;
      const rankA = rank(a);
      const rankB = rank(b);
      if (rankA === NONE || rankB === NONE) return rankA === rankB ? 0 : rankA === NONE ? nullSign : -nullSign;
      if (rankA !== rankB) return (rankA - rankB) * sign;
      return a instanceof Json ? comparePlain(a.text, (b as Json).text) * sign : (Number(a) - Number(b)) * sign;
    },
  };
}

const NONE = 4;

function rank(value: unknown): number {
  if (value === null || value === undefined) return NONE;
  return typeof value === "number" ? 0 : typeof value === "string" ? 1 : typeof value === "boolean" ? 2 : 3;
}

const PLAIN_NUMBER = /^ *[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)? *$/;

function comparePlain(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Runs of digits as numbers of any length, all else by code unit; what differs by leading zeros only is equal. */
function compareNatural(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (isDigit(a, i) && isDigit(b, j)) {
      while (a[i] === "0") i++;
      while (b[j] === "0") j++;
      const endA = endOfDigits(a, i);
      const endB = endOfDigits(b, j);
      const result = endA - i - (endB - j) || comparePlain(a.slice(i, endA), b.slice(j, endB));
      if (result !== 0) return Math.sign(result);
      i = endA;
      j = endB;
    } else {
      const result = a.charCodeAt(i) - b.charCodeAt(j);
      if (result !== 0) return Math.sign(result);
      i++;
      j++;
    }
  }
  return Math.sign(a.length - i - (b.length - j));
}

function endOfDigits(text: string, from: number): number {
  let end = from;
  while (isDigit(text, end)) end++;
  return end;
}
