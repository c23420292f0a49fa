import { checkKeys, optionalFields, readChoice, readString, wrong } from "../../options.ts";
import { keyOf, keyOfValue } from "../../row-key.ts";
import { RowFailure, show } from "../../rows.ts";
import { createDigestSet } from "../../spool/digest-set.ts";
import { ownValue } from "../../spool/own-value.ts";
import { addFailure, type OperationCompiler, readOnError } from "./operation.ts";
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

/** Places from 1, equal ones for rows with the same value as the one before; `step` is the next place. */
function ranking(step: (state: { rows: number; rank: number }) => number): Running {
  return define<{ rows: number; rank: number; key: string }>({
    begin: () => ({ rows: 0, rank: 0, key: "" }),
    next(state, value) {
      const key = keyOfValue(value);
      state.rows++;
      if (key !== state.key) state.rank = step(state);
      state.key = key;
      return state.rank;
    },
  });
}

function extreme(fn: string, sign: number): Running {
  return define<{ value: unknown }>({
    begin: () => ({ value: null }),
    next(state, value) {
      if (value === null) return state.value;
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
  rank: ranking(({ rows }) => rows),
  dense_rank: ranking(({ rank }) => rank + 1),
  sum: define<Sum>({
    begin: emptySum,
    next(state, value) {
      if (value !== null && typeof value !== "number") {
        return new RowFailure("running", `sum needs numbers, not ${show(value)}; cast the field first`);
      }
      if (value !== null) addTo(state, value);
      const total = totalOf(state);
      return Number.isFinite(total) ? total : null;
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
 * `dense_rank` (rows with the same value as the one before share their place). `sum`, `min` and `max` pass over null.
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
    fields: [...by, ...(field === undefined ? [] : [field])],
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
      };
    },
  };
};
