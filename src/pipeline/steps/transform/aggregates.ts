import {
  checkKeys,
  meantName,
  type Options,
  readBoolean,
  readChoice,
  readObject,
  readString,
  wrong,
} from "../../options.ts";
import { keyOfValue } from "../../row-key.ts";
import { RowFailure, show } from "../../rows.ts";
import { ownValue } from "../../spool/own-value.ts";
import { weightOfValue } from "../../spool/row-lines.ts";
import { toText } from "../../template.ts";
import { addKey, createKeySet, type KeySet, sizeOfKeys } from "./key-set.ts";
import { addTo, emptySum, meanOf, type Sum, totalOf } from "./sum.ts";

/** A function of many values. What it has seen of one group is a tally. */
export interface Aggregate<Tally = unknown> {
  create(): Tally;
  /** Takes a value, which is there, see isMissing(); the bytes by which the tally has grown, or why it cannot. Leaves it as it was then. */
  take(tally: Tally, value: unknown): number | RowFailure;
  /** The result, a JSON value; or why there is none. */
  give(tally: Tally): unknown;
  /** Whether it compares texts as texts. */
  orders?: true;
  /** The type of the values it takes, where these are not just any. */
  needs?: "number" | "boolean";
  /** Bytes of an empty tally; a few where it is left out. */
  weight?: number;
}

/** Bytes of an empty set of keys, and of each key in it. */
const SET_WEIGHT = 100;
const KEY_WEIGHT = 64;

/** Characters of a text that values are joined to. */
const MAX_JOINED = 1_000_000;

const NUMBERS = "numbers";
const COMPARABLE = "numbers only or texts only";

/** What helps where values are not of the type that a function needs: the types by field, where they are known. */
export function castHint(types: Readonly<Record<string, string>> = {}): string {
  const fields = Object.entries(types).map(([field, type]) => `${JSON.stringify(field)}: "${type}"`);
  const named = fields.length === 0 ? "" : `, "fields": { ${fields.join(", ")} }`;
  return `Put { "op": "cast"${named} } before it; or set "on_error" to "null" to pass over such values.`;
}

/** The types that aggregates of fields need. */
export function neededTypes(aggregates: readonly FieldAggregate[]): Record<string, string> {
  return Object.fromEntries(
    aggregates.flatMap(({ field, aggregate: { needs } }) => (field === undefined || !needs ? [] : [[field, needs]])),
  );
}

function refuse(fn: string, needed: string, value: unknown): RowFailure {
  return new RowFailure("group", `${fn} needs ${needed}, not ${show(value)}; cast the field first`);
}

function define<Tally>(aggregate: Aggregate<Tally>): Aggregate {
  return aggregate as Aggregate;
}

const count = define<{ n: number }>({
  create: () => ({ n: 0 }),
  take(tally) {
    tally.n++;
    return 0;
  },
  give: ({ n }) => n,
});

const countDistinct = define<{ seen: KeySet }>({
  create: () => ({ seen: createKeySet() }),
  take: ({ seen }, value) => (addKey(seen, keyOfValue(value)) ? KEY_WEIGHT : 0),
  give: ({ seen }) => sizeOfKeys(seen),
  weight: SET_WEIGHT,
});

const sum = define<Sum>({
  needs: "number",
  create: emptySum,
  take(tally, value) {
    if (typeof value !== "number") return refuse("sum", NUMBERS, value);
    addTo(tally, value);
    return 0;
  },
  give: (tally) => finite("sum", totalOf(tally)),
});

const avg = define<{ sum: Sum; n: number }>({
  needs: "number",
  create: () => ({ sum: emptySum(), n: 0 }),
  take(tally, value) {
    if (typeof value !== "number") return refuse("avg", NUMBERS, value);
    addTo(tally.sum, value);
    tally.n++;
    return 0;
  },
  give: ({ sum, n }) => (n === 0 ? null : meanOf(sum, n)),
});

/** The sample standard deviation, by Welford's method; null of fewer than two numbers. */
const std = define<{ n: number; mean: number; squares: number }>({
  needs: "number",
  create: () => ({ n: 0, mean: 0, squares: 0 }),
  take(tally, value) {
    if (typeof value !== "number") return refuse("std", NUMBERS, value);
    const before = value - tally.mean;
    tally.mean += before / ++tally.n;
    tally.squares += before * (value - tally.mean);
    return 0;
  },
  give: ({ n, squares }) => (n < 2 ? null : finite("std", Math.sqrt(squares / (n - 1)))),
});

/** Of an even count the mean of the two in the middle. */
const median = define<number[]>({
  needs: "number",
  create: () => [],
  take(tally, value) {
    if (typeof value !== "number") return refuse("median", NUMBERS, value);
    tally.push(value);
    return 10;
  },
  give(tally) {
    if (tally.length === 0) return null;
    const sorted = Float64Array.from(tally).sort();
    const middle = sorted.length >> 1;
    const upper = sorted[middle] as number;
    return sorted.length % 2 === 1 ? upper : (sorted[middle - 1] as number) / 2 + upper / 2;
  },
});

function finite(fn: string, value: number): number | RowFailure {
  return Number.isFinite(value) ? value : tooLarge(fn);
}

/** Why there is no result where it is beyond the range of numbers. */
export function tooLarge(fn: string): RowFailure {
  return new RowFailure("group", `${fn} is beyond ${TOO_LARGE}; divide the values first`);
}

/** In the messages of failures for which casting is no cure. */
export const TOO_LARGE = "the largest number there is (about 1.8e308)";

/** One value that is kept; null where there is none. */
interface Kept {
  value: unknown;
}

/** `sign` 1 keeps the largest, -1 the smallest. */
function extreme(fn: string, sign: number): Aggregate {
  return define<Kept>({
    needs: "number",
    create: () => ({ value: null }),
    take(tally, value) {
      const kept = tally.value as number | null;
      const comparable = typeof value === "number" || typeof value === "string";
      if (!comparable || (kept !== null && typeof kept !== typeof value)) return refuse(fn, COMPARABLE, value);
      const better = kept === null || (sign > 0 ? (value as number) > kept : (value as number) < kept);
      return better ? keep(tally, value) : 0;
    },
    give: ({ value }) => value,
    orders: true,
  });
}

const first = define<Kept>({
  create: () => ({ value: null }),
  take: (tally, value) => (tally.value === null ? keep(tally, value) : 0),
  give: ({ value }) => value,
});

const last = define<Kept>({
  create: () => ({ value: null }),
  take: keep,
  give: ({ value }) => value,
});

function keep(tally: Kept, value: unknown): number {
  const before = tally.value === null ? 0 : weightOfValue(tally.value);
  tally.value = ownValue(value);
  return weightOfValue(value) - before;
}

/** `any` where `wanted` is true: whether one is true. `all` where it is false: whether none is false. */
function truth(fn: string, wanted: boolean): Aggregate {
  return define<Kept>({
    needs: "boolean",
    create: () => ({ value: null }),
    take(tally, value) {
      if (typeof value !== "boolean") return refuse(fn, "true or false", value);
      if (tally.value !== wanted) tally.value = value;
      return 0;
    },
    give: ({ value }) => value,
  });
}

/** Values in order, where `distinct` each only once. */
function list(distinct: boolean): Aggregate {
  return define<{ values: unknown[]; seen: KeySet | undefined }>({
    create: () => ({ values: [], seen: distinct ? createKeySet() : undefined }),
    take({ values, seen }, value) {
      if (seen && !addKey(seen, keyOfValue(value))) return 0;
      values.push(ownValue(value));
      return weightOfValue(value) + (seen ? KEY_WEIGHT : 0);
    },
    give: ({ values }) => values,
    ...(distinct && { weight: SET_WEIGHT }),
  });
}

/** The texts of values in order, where `distinct` each only once. */
function join(separator: string, distinct: boolean): Aggregate {
  return define<{ text: string | null; seen: KeySet | undefined }>({
    create: () => ({ text: null, seen: distinct ? createKeySet() : undefined }),
    take(tally, value) {
      const text = ownValue(toText(value)) as string;
      const length = (tally.text === null ? 0 : tally.text.length + separator.length) + text.length;
      if (length > MAX_JOINED) return new RowFailure("size", `the text joined is longer than ${MAX_JOINED} characters`);
      if (tally.seen && !addKey(tally.seen, text)) return 0;
      tally.text = tally.text === null ? text : tally.text + separator + text;
      return text.length * 2 + 40;
    },
    give: ({ text }) => text,
    ...(distinct && { weight: SET_WEIGHT }),
  });
}

/** The aggregates that need no further options, by name. */
const SIMPLE: Record<string, Aggregate> = {
  count,
  count_distinct: countDistinct,
  sum,
  avg,
  mean: avg,
  min: extreme("min", -1),
  max: extreme("max", 1),
  median,
  std,
  first,
  last,
  any: truth("any", true),
  all: truth("all", false),
};

export const AGGREGATE_NAMES = [...Object.keys(SIMPLE), "list", "join"] as const;

/** What other tools call the functions. */
const OTHER_AGGREGATES: Record<string, readonly string[]> = {
  average: ["avg"],
  nunique: ["count_distinct"],
  distinct: ["count_distinct"],
  countunique: ["count_distinct"],
  ndistinct: ["count_distinct"],
  n: ["count"],
  size: ["count"],
  total: ["sum"],
  minimum: ["min"],
  maximum: ["max"],
  stddev: ["std"],
  sd: ["std"],
  concat: ["join"],
  stringagg: ["join"],
  groupconcat: ["join"],
  arrayagg: ["list"],
  collect: ["list"],
};

function meantAggregate(fn: unknown): string | undefined {
  return typeof fn === "string" ? meantName(fn, AGGREGATE_NAMES, OTHER_AGGREGATES) : undefined;
}

/** An aggregate of a field; without one, of the rows themselves. */
export interface FieldAggregate {
  field: string | undefined;
  aggregate: Aggregate;
}

/** `{ fn, field?, separator?, distinct? }` or the name of a function alone; `count` alone counts rows. */
export function readAggregate(value: unknown, where: string): FieldAggregate {
  const options = readObject(typeof value === "string" ? { fn: value } : value, where);
  checkKeys(options, ["fn", "field", "separator", "distinct"], where);
  const meant = AGGREGATE_NAMES.includes(options.fn as string) ? undefined : meantAggregate(options.fn);
  if (meant !== undefined) {
    throw wrong(
      where,
      `unknown function ${show(options.fn)}.`,
      `Did you mean ${meant}? "fn" is one of ${AGGREGATE_NAMES.join(", ")}.`,
    );
  }
  const fn = readChoice(options, "fn", where, AGGREGATE_NAMES);
  const aggregate = readFunction(fn, options, where);
  const field = fn === "count" && options.field === undefined ? undefined : readString(options, "field", where);
  return { field, aggregate };
}

/** The function `fn` with its own options. */
export function readFunction(fn: string, options: Options, where: string): Aggregate {
  const allowed = fn === "join" ? ["separator", "distinct"] : fn === "list" ? ["distinct"] : [];
  const foreign = ["separator", "distinct"].find((key) => options[key] !== undefined && !allowed.includes(key));
  if (foreign) {
    const hint =
      foreign === "distinct" && fn === "count" ? 'Use "count_distinct".' : `"${foreign}" is of list and join.`;
    throw wrong(where, `${fn} has no "${foreign}".`, hint);
  }
  if (fn !== "join" && fn !== "list") return SIMPLE[fn] as Aggregate;
  const distinct = readBoolean(options, "distinct", where, false);
  if (fn === "list") return list(distinct);
  const separator = options.separator ?? ", ";
  if (typeof separator !== "string") throw wrong(where, `"separator" must be a text, not ${show(separator)}.`);
  return join(separator, distinct);
}
