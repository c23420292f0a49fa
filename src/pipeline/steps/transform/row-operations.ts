import { ToolError } from "../../../errors.ts";
import { type CompiledExpression, compileExpression, type Expression } from "../../expression/expression.ts";
import type { TextBudget } from "../../expression/functions.ts";
import { truthy } from "../../expression/functions.ts";
import { checkKeys, type Options, optionalFields, readBoolean, readInteger, readString, wrong } from "../../options.ts";
import { eachPaced } from "../../pace.ts";
import { keyOf } from "../../row-key.ts";
import { isObject, type Row, RowFailure, show } from "../../rows.ts";
import { addFailure, type OperationCompiler, perField, readOnError, type Table } from "./operation.ts";

/** `{ op: "compute", field, expression, on_error? }`: sets a field to the value of an expression. */
export const compute: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "field", "expression", "on_error"], where);
  const field = readString(options, "field", where);
  const expression = readExpression(options, where);
  const operation = perField(readOnError(options, where), "compute", [
    { field, value: (row, budget) => expression(row, budget) ?? null },
  ]);
  return { ...operation, paths: expression.paths };
};

/** `{ op: "filter", expression, on_error? }`: keeps the rows for which the expression is true; `null` drops rows that fail. */
export const filter: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "expression", "on_error"], where);
  const expression = readExpression(options, where);
  const onError = readOnError(options, where);
  return {
    failsRun: onError === "fail",
    paths: expression.paths,
    async run(table, context) {
      const kept: Table = { rows: [], numbers: [] };
      await eachPaced(table.rows, context.pace, (row, index) => {
        const number = table.numbers[index] as number;
        let keep = onError === "keep";
        try {
          keep = test(expression, row, context.textBudget);
        } catch (error) {
          if (!(error instanceof RowFailure)) throw error;
          addFailure(context.reasons, number, row, null, "filter", error);
        }
        if (!keep) return;
        kept.rows.push(row);
        kept.numbers.push(number);
      });
      return kept;
    },
  };
};

function test(expression: Expression, row: Row, budget: TextBudget): boolean {
  return truthy(expression(row, budget));
}

/** `{ op: "dedupe", fields? }`: the first of the rows that are equal in these fields, or as a whole. */
export const dedupe: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "fields"], where);
  const fields = optionalFields(options, "fields", where);
  return {
    failsRun: false,
    ...(fields && { fields }),
    async run(table, context) {
      const seen = new Set<string>();
      const kept: Table = { rows: [], numbers: [] };
      await eachPaced(table.rows, context.pace, (row, index) => {
        const budget = context.textBudget;
        const key = fields ? keyOf(row, fields, budget) : keyOf(row, Object.keys(row).sort(), budget, true);
        if (seen.has(key)) return;
        seen.add(key);
        kept.rows.push(row);
        kept.numbers.push(table.numbers[index] as number);
      });
      return kept;
    },
  };
};

/** `{ op: "sort", by, descending? }`: by fields, each a name or `{ field, descending }`; equal rows keep their order. */
export const sort: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "by", "descending"], where);
  const all = readBoolean(options, "descending", where, false);
  const list = Array.isArray(options.by) ? options.by : [options.by];
  if (list.length === 0) throw wrong(where, '"by" must name at least one field.');
  const keys = list.map((entry: unknown) => {
    if (typeof entry === "string") return { field: entry, sign: all ? -1 : 1 };
    if (!isObject(entry)) throw wrong(where, `"by" must be a list of field names, not ${show(options.by)}.`);
    checkKeys(entry, ["field", "descending"], `${where}, "by"`);
    const descending = readBoolean(entry, "descending", `${where}, "by"`, all);
    return { field: readString(entry, "field", `${where}, "by"`), sign: descending ? -1 : 1 };
  });
  return {
    failsRun: false,
    fields: keys.map(({ field }) => field),
    async run(table, context) {
      const order = table.rows.map((_, index) => index);
      order.sort((a, b) => {
        for (const { field, sign } of keys) {
          const result = compare((table.rows[a] as Row)[field], (table.rows[b] as Row)[field], sign);
          if (result !== 0) return result;
        }
        return a - b;
      });
      await context.pace();
      return select(table, order);
    },
  };
};

/** Numbers before texts before booleans before the rest; null and missing come last either way. Texts by code unit. */
function compare(a: unknown, b: unknown, sign: number): number {
  const rankA = rank(a);
  const rankB = rank(b);
  if (rankA === LAST || rankB === LAST) return rankA - rankB;
  if (rankA !== rankB) return (rankA - rankB) * sign;
  const left = rankA === 3 ? JSON.stringify(a) : (a as number);
  const right = rankB === 3 ? JSON.stringify(b) : (b as number);
  return (left < right ? -1 : left > right ? 1 : 0) * sign;
}

const LAST = 4;

function rank(value: unknown): number {
  if (value === null || value === undefined) return LAST;
  return typeof value === "number" ? 0 : typeof value === "string" ? 1 : typeof value === "boolean" ? 2 : 3;
}

function select(table: Table, order: readonly number[]): Table {
  return {
    rows: order.map((index) => table.rows[index] as Row),
    numbers: order.map((index) => table.numbers[index] as number),
  };
}

/** `{ op: "limit", count, offset? }`: that many rows, after the first `offset`. */
export const limit: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "count", "offset"], where);
  const count = readInteger(options, "count", where, { min: 0, max: Number.MAX_SAFE_INTEGER });
  const offset = readInteger(options, "offset", where, { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 });
  return {
    failsRun: false,
    run: async (table) => ({
      rows: table.rows.slice(offset, offset + count),
      numbers: table.numbers.slice(offset, offset + count),
    }),
  };
};

/** The expression of an operation, its error naming the place. */
function readExpression(options: Options, where: string): CompiledExpression {
  const source = readString(options, "expression", where);
  try {
    return compileExpression(source);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new ToolError(error.code, `${where}: ${error.message}`, { hint: error.hint });
  }
}
