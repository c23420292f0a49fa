import { RowFailure, show } from "../../rows.ts";
import { toText } from "../../template.ts";
import { DECIMAL_SIGNS, type DecimalSign, losesDigits, readNumber, roundNumber } from "../../values/numbers.ts";
import type { ExpressionFunction } from "../calls.ts";
import { finite, isNull, toCount, toNumber, type Value } from "../value.ts";

const math = (name: string, change: (number: number) => number): ExpressionFunction => ({
  min: 1,
  max: 1,
  run(value) {
    const number = toNumber(value, name);
    return number === null ? null : finite(change(number), `${name}()`) + 0;
  },
});

const mathOfTwo = (name: string, change: (a: number, b: number) => number): ExpressionFunction => ({
  min: 2,
  max: 2,
  run(left, right) {
    const a = toNumber(left, name);
    const b = toNumber(right, name);
    return a === null || b === null ? null : finite(change(a, b), `${name}()`);
  },
});

function parseNumber(value: Value, decimal: Value): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (!isNull(decimal) && !DECIMAL_SIGNS.includes(decimal as DecimalSign)) {
    throw new RowFailure("type", `the decimal sign of number() is "." or ",", not ${show(decimal)}`);
  }
  const text = toText(value).trim();
  if (text === "") return null;
  const number = readNumber(text, (decimal ?? undefined) as DecimalSign | undefined);
  if (number === undefined) throw new RowFailure("type", `${show(value)} is no number`);
  if (losesDigits(text, number)) {
    const exact = `it is beyond ${Number.MAX_SAFE_INTEGER}, so keep it as text`;
    throw new RowFailure("number", `${show(value)} is not a number that can be kept exactly; ${exact}`);
  }
  return number;
}

export const NUMBER_FUNCTIONS: Record<string, ExpressionFunction> = {
  number: { min: 1, max: 2, usage: 'Such as number(price, ",") for 1.234,50.', run: parseNumber },
  round: {
    min: 1,
    max: 2,
    run(value, digits) {
      const number = toNumber(value, "round");
      if (number === null) return null;
      return roundNumber(number, digits === undefined ? 0 : Math.max(-15, Math.min(15, toCount(digits, "round", 0))));
    },
  },
  floor: math("floor", Math.floor),
  ceil: math("ceil", Math.ceil),
  trunc: math("trunc", Math.trunc),
  abs: math("abs", Math.abs),
  sign: math("sign", Math.sign),
  sqrt: math("sqrt", Math.sqrt),
  exp: math("exp", Math.exp),
  pow: mathOfTwo("pow", (a, b) => a ** b),
  /** The remainder, as `%` gives it. */
  mod: mathOfTwo("mod", (a, b) => {
    if (b === 0) throw new RowFailure("number", "division by zero");
    return a % b;
  }),
  /** The natural logarithm, or that to a base. */
  log: {
    min: 1,
    max: 2,
    run(value, base) {
      const number = toNumber(value, "log");
      const of = base === undefined ? undefined : toNumber(base, "log");
      if (number === null || of === null) return null;
      const result =
        of === undefined
          ? Math.log(number)
          : of === 10
            ? Math.log10(number)
            : of === 2
              ? Math.log2(number)
              : Math.log(number) / Math.log(of);
      return finite(result, "log()");
    },
  },
};
