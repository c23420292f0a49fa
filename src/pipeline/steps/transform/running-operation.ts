import { adding } from "../../column-order.ts";
import { checkKeys, optionalFields, readChoice, readString, wrong } from "../../options.ts";
import { keyOf, keyOfValue } from "../../row-key.ts";
import { isMissing, newRow, RowFailure, show } from "../../rows.ts";
import { createDigestSet } from "../../spool/digest-set.ts";
import { ownValue } from "../../spool/own-value.ts";
import { castHint, tooLarge } from "./aggregates.ts";
import { addFailure, type OperationCompiler, readOnError } from "./operation.ts";
import { readSortKeys } from "./sort-key.ts";
import { addTo, emptySum, type Sum, totalOf } from "./sum.ts";

/** Groups that are followed at once; each keeps a value. */
const MAX_GROUPS = 1_000_000;

/** What a row gets of the rows of its group up to it. */
interface Running<State = unknown> {
  begin(): State;
  /** Goes on to a row with this value, which may be missing. */
  next(state: State, value: unknown): unknown;
}

function define<State>(running: Running<State>): Running {
  return running as Running;
}

interface Ranking extends Ascent {
  rows: number;
  rank: number;
  key: string;
}

/**
 * Places from 1, equal ones for rows with the same value as the one before; `step` is the next place. Rows that are sorted
 * neither up nor down would get wrong places, so they fail.
 */
function ranking(fn: string, step: (state: { rows: number; rank: number }) => number): Running {
  return define<Ranking>({
    begin: () => ({ rows: 0, rank: 0, key: "", value: null, ways: undefined }),
    next(state, value) {
      const key = keyOfValue(value);
      state.rows++;
      if (key === state.key) return state.rank;
      const before = state.value;
      if (!isMissing(value) && !goesOn(state, value)) {
        return new RowFailure("running", `${fn} needs sorted rows, but ${show(value)} comes after ${show(before)}`);
      }
      state.rank = step(state);
      state.key = key;
      return state.rank;
    },
  });
}

/** How values went so far: for each order in which a sort may have brought them, 1 up, -1 down, 0 not known, null neither. */
interface Ascent {
  value: unknown;
  ways: (number | null)[] | undefined;
}

const ORDERS = [false, true].flatMap((numeric) =>
  [false, true].flatMap((ignore_case) => readSortKeys({ by: "value", numeric, ignore_case }, "by", "").keys),
);

/** Goes on to the next value, unless it is out of every order. */
function goesOn(state: Ascent, value: unknown): boolean {
  const { value: before, ways } = state;
  if (before !== null) {
    const first = newRow({ value: before });
    const second = newRow({ value });
    const next = ORDERS.map((order, index) => {
      const known = ways === undefined ? 0 : (ways[index] as number | null);
      const way = known === null ? 0 : -Math.sign(order.compare(order.valueOf(first), order.valueOf(second)));
      if (known === null || (known !== 0 && way !== 0 && way !== known)) return null;
      return way === 0 ? known : way;
    });
    if (next.every((way) => way === null)) return false;
    state.ways = next;
  }
  state.value = ownValue(value);
  return true;
}

function extreme(fn: string, sign: number): Running {
  return define<{ value: unknown }>({
    begin: () => ({ value: null }),
    next(state, value) {
      if (isMissing(value)) return state.value;
      const kept = state.value as number | null;
      if ((typeof value !== "number" && typeof value !== "string") || (kept !== null && typeof kept !== typeof value)) {
        return new RowFailure(
          "running",
          `${fn} needs numbers only or texts only, not ${show(value)}; cast the field first`,
        );
      }
      if (kept === null || (sign > 0 ? (value as number) > kept : (value as number) < kept))
        state.value = ownValue(value);
      return state.value;
    },
  });
}

const FUNCTIONS: Record<string, Running> = {
  row_number: define<{ rows: number }>({ begin: () => ({ rows: 0 }), next: (state) => ++state.rows }),
  rank: ranking("rank", ({ rows }) => rows),
  dense_rank: ranking("dense_rank", ({ rank }) => rank + 1),
  sum: define<Sum>({
    begin: emptySum,
    next(state, value) {
      const given = !isMissing(value);
      if (given && typeof value !== "number") {
        return new RowFailure("running", `sum needs numbers, not ${show(value)}; cast the field first`);
      }
      if (given) addTo(state, value as number);
      const total = totalOf(state);
      return Number.isFinite(total) ? total : tooLarge("sum");
    },
  }),
  min: extreme("min", -1),
  max: extreme("max", 1),
  previous: define<{ value: unknown }>({
    begin: () => ({ value: null }),
    next(state, value) {
      const before = state.value;
      state.value = ownValue(value);
      return before;
    },
  }),
};

/**
 * `{ op: "running", fn, field?, by?, into, on_error? }`: sets `into` of each row to what `fn` makes of the rows of its group up
 * to it, in their order: `row_number`, or of a field `sum`, `min`, `max`, `previous` (the value of the row before), `rank` and
 * `dense_rank` (of sorted rows; those with the same value share their place). `sum`, `min` and `max` pass over null and empty text.
 */
export const running: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "fn", "field", "by", "into", "on_error"], where);
  const fn = readChoice(options, "fn", where, Object.keys(FUNCTIONS));
  const { begin, next } = FUNCTIONS[fn] as Running;
  if (fn === "row_number" && options.field !== undefined) throw wrong(where, 'row_number has no "field".');
  const field = fn === "row_number" ? undefined : readString(options, "field", where);
  const into = readString(options, "into", where);
  const by = optionalFields(options, "by", where) ?? [];
  const onError = readOnError(options, where);
  return {
    failsRun: onError === "fail",
    hint:
      fn === "rank" || fn === "dense_rank"
        ? sortHint(field, by)
        : castHint(field === undefined ? {} : { [field]: "number" }),
    fields: [...by, ...(field === undefined ? [] : [field])],
    orders: field !== undefined && (fn === "min" || fn === "max") ? [field] : [],
    start({ reasons }) {
      const groups = createDigestSet(MAX_GROUPS);
      const states: unknown[] = [];
      return {
        push(batch) {
          for (const [index, row] of batch.rows.entries()) {
            const place = groups.placeOf(keyOf(row, by));
            if (place === states.length) states.push(begin());
            const made = next(states[place], field === undefined ? null : (row[field] ?? null));
            if (!(made instanceof RowFailure)) row[into] = made;
            else {
              addFailure(reasons, batch.numbers[index] as number, row, field ?? null, "running", made);
              if (onError === "null") row[into] = null;
            }
          }
          return batch;
        },
        order: adding([into]),
      };
    },
  };
};

function sortHint(field: string | undefined, by: readonly string[]): string {
  const order = [...by, field].map((name) => JSON.stringify(name)).join(", ");
  return `Put { "op": "sort", "by": [${order}] } before it, with "descending": true where the largest value is to be first.`;
}
