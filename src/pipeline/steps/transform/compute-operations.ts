import { adding } from "../../column-order.ts";
import type { CompiledExpression } from "../../expression/expression.ts";
import { optionalExpression, readExpression } from "../../expression/read-expression.ts";
import { readObject, readString, wrong } from "../../options.ts";
import { RowFailure } from "../../rows.ts";
import { addFailure, checkRowKeys, type OperationCompiler, ordering, perField, readOnError } from "./operation.ts";

/**
 * `{ op: "compute", field, expression, on_error? }`: sets a field to the value of an expression; or
 * `{ op: "compute", fields: { field: expression } }`: one after the other, each sees those before it.
 */
export const compute: OperationCompiler = (options, where, parameters) => {
  checkRowKeys(options, ["field", "expression", "fields", "on_error"], where);
  const single = options.field !== undefined || options.expression !== undefined;
  if (single === (options.fields !== undefined)) {
    throw wrong(
      where,
      'needs either "field" and "expression", or "fields".',
      'Such as "fields": { "total": "price * qty" }.',
    );
  }
  const written = single
    ? { [readString(options, "field", where)]: options.expression }
    : readObject(options.fields, `${where}, "fields"`);
  if (Object.keys(written).length === 0) throw wrong(where, '"fields" must name at least one field.');
  const set = new Set<string>();
  const paths: string[] = [];
  const expressions: CompiledExpression[] = [];
  const fields = Object.keys(written).map((field) => {
    const expression = single
      ? readExpression(options, "expression", where, parameters)
      : readExpression(written, field, `${where}, "fields"`, parameters);
    paths.push(...expression.paths.filter((path) => !set.has(path) && !set.has(path.split(".")[0] as string)));
    set.add(field);
    expressions.push(expression);
    return { field, value: expression };
  });
  const operation = ordering(perField(readOnError(options, where), "compute", fields), adding(Object.keys(written)));
  return { ...operation, paths, expressions };
};

/** `{ op: "filter", expression, on_error? }`: keeps the rows for which the expression is true; `null` drops rows that fail. */
export const filter: OperationCompiler = (options, where, parameters) => {
  checkRowKeys(options, ["expression", "on_error"], where);
  const expression = readExpression(options, "expression", where, parameters);
  const when = optionalExpression(options, "when", where, parameters);
  const onError = readOnError(options, where);
  return {
    failsRun: onError === "fail",
    takesWhen: true,
    paths: [...expression.paths, ...(when?.paths ?? [])],
    expressions: when ? [expression, when] : [expression],
    start: ({ reasons }) => ({
      push(batch) {
        const { rows, numbers } = batch;
        let kept = 0;
        for (let index = 0; index < rows.length; index++) {
          const row = rows[index] as (typeof rows)[number];
          const number = numbers[index] as number;
          let keep = onError === "keep";
          try {
            keep = (when !== undefined && !when.holds(row)) || expression.holds(row);
          } catch (error) {
            if (!(error instanceof RowFailure)) throw error;
            addFailure(reasons, number, row, null, "filter", error);
          }
          if (!keep) continue;
          rows[kept] = row;
          numbers[kept++] = number;
        }
        rows.length = kept;
        numbers.length = kept;
        return batch;
      },
    }),
  };
};
