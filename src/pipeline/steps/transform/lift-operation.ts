import { optionalString, readChoice, readString } from "../../options.ts";
import { isObject, newRow, RowFailure, show } from "../../rows.ts";
import { addFailure, checkRowKeys, type OperationCompiler } from "./operation.ts";

/**
 * `{ op: "lift", field, number?, on_error? }`: the object in a field becomes the row. With `number`, reasons name the row from here
 * on by the number in that field, as rows of a quarantine have it. A field that is no object fails; with `on_error: "keep"` the
 * row stays.
 */
export const lift: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["field", "number", "on_error"], where);
  const field = readString(options, "field", where);
  const number = optionalString(options, "number", where);
  const keeps = readChoice(options, "on_error", where, ["fail", "keep"], "fail") === "keep";
  return {
    failsRun: !keeps,
    fields: number === undefined ? [field] : [field, number],
    hint: 'Filter such rows out first, or set "on_error" to "keep".',
    start: ({ reasons }) => {
      let lifted = false;
      return {
        push(batch) {
          const { rows, numbers } = batch;
          for (const [index, row] of rows.entries()) {
            const inner = row[field];
            if (isObject(inner)) {
              const place = number === undefined ? undefined : row[number];
              rows[index] = newRow(inner);
              lifted = true;
              if (Number.isSafeInteger(place) && (place as number) > 0) numbers[index] = place as number;
            } else {
              const problem = inner === undefined ? "is missing" : `${show(inner)} is no object`;
              addFailure(reasons, numbers[index] as number, row, field, "lift", new RowFailure("lift", problem));
            }
          }
          return batch;
        },
        // What objects have in them is in their own order.
        order: (names) => (lifted ? [] : names),
      };
    },
  };
};
