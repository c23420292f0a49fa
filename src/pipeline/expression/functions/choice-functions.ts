import { RowFailure } from "../../rows.ts";
import type { ExpressionFunction } from "../calls.ts";
import { compareValues, equal, isNull, isTrue, typeOf, type Value } from "../value.ts";

/** The least or greatest of numbers or of texts, entries of lists among them; null where there is none. */
const extreme = (name: string, sign: number): ExpressionFunction => ({
  min: 1,
  max: 20,
  runAll(values) {
    let best: Value = null;
    for (const value of values) {
      for (const entry of Array.isArray(value) ? value : [value]) {
        if (isNull(entry)) continue;
        const type = typeOf(entry);
        if ((type !== "number" && type !== "text") || (best !== null && typeOf(best) !== type)) {
          throw new RowFailure(
            "type",
            `${name} needs numbers only or texts only; cast the fields first or use number()`,
          );
        }
        if (best === null || compareValues(entry, best) * sign > 0) best = entry;
      }
    }
    return best;
  },
});

function isEmpty(value: Value): boolean {
  if (isNull(value)) return true;
  if (typeof value === "string") return value.trim() === "";
  return typeof value === "object" && Object.keys(value).length === 0;
}

export const CHOICE_FUNCTIONS: Record<string, ExpressionFunction> = {
  /** Conditions with their values in turn, then what holds otherwise; only the one that is chosen is evaluated. */
  if: {
    min: 2,
    max: 51,
    usage: 'Such as if(amount > 100, "big", "small").',
    runLazily(args, row) {
      let index = 0;
      for (; index + 1 < args.length; index += 2) {
        if (isTrue(args[index]?.(row))) return args[index + 1]?.(row);
      }
      return args[index]?.(row) ?? null;
    },
  },
  coalesce: {
    min: 1,
    max: 20,
    takesMissing: true,
    runLazily(args, row) {
      for (const argument of args) {
        const value = argument(row);
        if (!isNull(value) && value !== "") return value;
      }
      return null;
    },
  },
  /** A value, or another one where it cannot be had. */
  try: {
    min: 1,
    max: 2,
    runLazily([value, otherwise], row) {
      try {
        return value?.(row);
      } catch (error) {
        if (!(error instanceof RowFailure)) throw error;
        return otherwise ? otherwise(row) : null;
      }
    },
  },
  is_null: { min: 1, max: 1, takesMissing: true, run: isNull },
  /** Null, blank text, a list or object without entries. */
  is_empty: { min: 1, max: 1, takesMissing: true, run: isEmpty },
  type: { min: 1, max: 1, takesMissing: true, run: typeOf },
  one_of: {
    min: 2,
    max: 100,
    runAll: ([value, ...choices]) => choices.some((choice) => equal(choice ?? null, value ?? null)),
  },
  min: extreme("min", -1),
  max: extreme("max", 1),
};
