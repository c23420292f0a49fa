import { type Row, RowFailure, show } from "../rows.ts";
import { toText } from "../template.ts";
import { type Remarks, watchEqual, watchJoin, watchMember, watchOrder, watchTruth } from "./remarks.ts";
import { equal, finite, isTrue, MAX_TEXT, toNumber, tooLong, type Value } from "./value.ts";

/** A compiled expression. @throws RowFailure where the row's values do not fit. */
export type Evaluate = (row: Row) => Value;

/** A part of an expression. What is known of it beforehand makes what is built on it faster. */
export interface Part {
  run: Evaluate;
  /** Set where the value is the same for all rows. */
  constant?: { value: Value };
  /** Set where it is the value of a field. */
  field?: string;
}

export function constantPart(value: Value): Part {
  return { run: () => value, constant: { value } };
}

/** Whether a part counts as true. */
export function truthOf({ run, field }: Part, remarks: Remarks): (row: Row) => boolean {
  if (field === undefined) return (row) => isTrue(run(row));
  const look = watchTruth(field, remarks);
  return (row) => {
    const value = run(row);
    if (typeof value === "string") look(value);
    return isTrue(value);
  };
}

/** `left symbol right`. */
export function binary(symbol: string, left: Part, right: Part, remarks: Remarks): Evaluate {
  if (symbol === "and" || symbol === "&&" || symbol === "or" || symbol === "||") {
    const first = truthOf(left, remarks);
    const second = truthOf(right, remarks);
    return symbol === "and" || symbol === "&&"
      ? (row) => first(row) && second(row)
      : (row) => first(row) || second(row);
  }
  const a = left.run;
  const b = right.run;
  switch (symbol) {
    case "+": {
      const look = left.constant || right.constant ? undefined : watchJoin(remarks);
      return (row) => {
        const x = a(row);
        const y = b(row);
        if (typeof x === "number" && typeof y === "number") {
          const sum = x + y;
          if (sum - sum === 0) return sum;
        }
        look?.(x, y);
        return add(x, y);
      };
    }
    case "-":
      return (row) => {
        const x = a(row);
        const y = b(row);
        if (typeof x === "number" && typeof y === "number") {
          const difference = x - y;
          if (difference - difference === 0) return difference;
        }
        return arithmetic("-", x, y);
      };
    case "*":
      return (row) => {
        const x = a(row);
        const y = b(row);
        if (typeof x === "number" && typeof y === "number") {
          const product = x * y;
          if (product - product === 0) return product;
        }
        return arithmetic("*", x, y);
      };
    default:
      return (row) => arithmetic(symbol, a(row), b(row));
  }
}

function add(left: Value, right: Value): Value {
  if (typeof left !== "string" && typeof right !== "string") return arithmetic("+", left, right);
  const a = toText(left);
  const b = toText(right);
  if (a.length + b.length > MAX_TEXT) throw tooLong();
  return a + b;
}

function arithmetic(symbol: string, left: Value, right: Value): number | null {
  const a = toNumber(left, `"${symbol}"`);
  const b = toNumber(right, `"${symbol}"`);
  if (a === null || b === null) return null;
  if ((symbol === "/" || symbol === "%") && b === 0) throw new RowFailure("number", "division by zero");
  const result =
    symbol === "+" ? a + b : symbol === "-" ? a - b : symbol === "*" ? a * b : symbol === "/" ? a / b : a % b;
  return finite(result, `"${symbol}"`);
}

/** `left symbol right` for the symbols that compare. */
export function comparison(symbol: string, left: Part, right: Part, remarks: Remarks): Evaluate {
  const a = left.run;
  const b = right.run;
  const constant = right.constant?.value;
  // Whichever side is known goes to the right, where there is something to gain.
  if ((symbol === "==" || symbol === "!=") && left.constant && !right.constant)
    return comparison(symbol, right, left, remarks);
  if (symbol === "==" || symbol === "!=") {
    const look = watchEqual(left, right, remarks);
    const wanted = symbol === "==";
    if (isScalar(constant)) {
      const type = typeof constant;
      return (row) => {
        const x = a(row);
        if (typeof x !== type) look(x, constant);
        return (x === constant) === wanted;
      };
    }
    return (row) => {
      const x = a(row) ?? null;
      const y = b(row) ?? null;
      if (typeof x !== typeof y) look(x, y);
      return equal(x, y) === wanted;
    };
  }
  const look = watchOrder(`"${symbol}"`, remarks);
  const ordered = (x: Value, y: Value): boolean => {
    look(x, y);
    return inOrder(symbol, x, y);
  };
  switch (symbol) {
    case "<":
      return (row) => {
        const x = a(row);
        const y = b(row);
        return typeof x === "number" && typeof y === "number" ? x < y : ordered(x, y);
      };
    case "<=":
      return (row) => {
        const x = a(row);
        const y = b(row);
        return typeof x === "number" && typeof y === "number" ? x <= y : ordered(x, y);
      };
    case ">":
      return (row) => {
        const x = a(row);
        const y = b(row);
        return typeof x === "number" && typeof y === "number" ? x > y : ordered(x, y);
      };
    default:
      return (row) => {
        const x = a(row);
        const y = b(row);
        return typeof x === "number" && typeof y === "number" ? x >= y : ordered(x, y);
      };
  }
}

function isScalar(value: Value): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function inOrder(symbol: string, a: Value, b: Value): boolean {
  if (a === null || b === null || a === undefined || b === undefined) return false;
  if (typeof a === "string" && typeof b === "string") {
    return symbol === "<" ? a < b : symbol === "<=" ? a <= b : symbol === ">" ? a > b : a >= b;
  }
  throw new RowFailure(
    "type",
    `"${symbol}" compares two numbers or two texts, not ${show(a)} with ${show(b)}; cast the field first or use number()`,
  );
}

/** `left in right`: whether a list has an entry that is equal; false for null on the right. */
export function membership(left: Part, right: Part, remarks: Remarks): (row: Row) => boolean {
  const a = left.run;
  const b = right.run;
  const list = right.constant?.value;
  if (Array.isArray(list) && list.every((entry) => typeof entry !== "object" || entry === null)) {
    const entries = new Set(list);
    const look = watchMember(left, entries, remarks);
    return (row) => {
      const value = a(row) ?? null;
      if (entries.has(value)) return true;
      look(value);
      return false;
    };
  }
  return (row) => isIn(a(row) ?? null, b(row));
}

function isIn(value: Value, list: Value): boolean {
  if (list === null || list === undefined) return false;
  if (!Array.isArray(list)) {
    throw new RowFailure(
      "type",
      `"in" needs a list on its right side, not ${show(list)}; for parts of a text use contains()`,
    );
  }
  return list.some((entry) => equal(entry ?? null, value));
}
