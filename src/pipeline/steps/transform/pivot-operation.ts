import { ToolError } from "../../../errors.ts";
import { checkKeys, optionalFields, optionalString, readChoice, readString, wrong } from "../../options.ts";
import { isMissing, type Row, RowFailure, show } from "../../rows.ts";
import { toText } from "../../template.ts";
import { AGGREGATE_NAMES, type Aggregate, castHint, neededTypes, readFunction } from "./aggregates.ts";
import { beginGroup, type GroupStart } from "./group-operation.ts";
import { createGrouping, type GroupRules } from "./grouping.ts";
import { addFailure, type OperationCompiler, readOnError } from "./operation.ts";
import { inBatches, nothing } from "./set-operation.ts";

/** Columns that a pivot makes at most. */
const MAX_PIVOT_COLUMNS = 2000;
/** Bytes of a cell in memory. */
const CELL_WEIGHT = 120;

/** Where a row fails for nothing but its column. */
const NAMELESS =
  'Fill "column" first, filter out rows without a value in it, or set "on_error" to "null" to pass over them.';
const HINT =
  'Set "aggregate" for several values of a cell, such as "sum", "first" or "list", and filter out rows without a value in "column".';

/** Takes one value a cell. */
const ONLY: Aggregate<{ value: unknown }> = {
  create: () => ({ value: null }),
  take(tally, value) {
    if (tally.value !== null) {
      return new RowFailure(
        "pivot",
        `there is already ${show(tally.value)} in this cell; say by "aggregate" what to do`,
      );
    }
    tally.value = value;
    return 0;
  },
  give: ({ value }) => value,
};

/**
 * `{ op: "pivot", index?, column, value, aggregate?, prefix?, fill?, on_error? }`: one row for each combination of the fields
 * of `index`, in the order in which these first appear, with a column for each value of the field `column`, in that order too,
 * named by `prefix` and its text. Its cells are the aggregate of the field `value`; without one, a second value for a cell
 * fails. Cells without a value are `fill`, null unless it is set. Rows without a value in `column` fail.
 */
export const pivot: OperationCompiler = (options, where) => {
  checkKeys(
    options,
    ["op", "index", "column", "value", "aggregate", "separator", "distinct", "prefix", "fill", "on_error"],
    where,
  );
  const index = optionalFields(options, "index", where) ?? [];
  const column = readString(options, "column", where);
  const fn = options.aggregate === undefined ? undefined : readChoice(options, "aggregate", where, AGGREGATE_NAMES);
  const value = fn === "count" && options.value === undefined ? undefined : readString(options, "value", where);
  const aggregate = fn === undefined ? (ONLY as Aggregate) : readFunction(fn, options, where);
  const prefix = optionalString(options, "prefix", where) ?? "";
  const fill = options.fill ?? null;
  const clash = [column, value].find((field) => field !== undefined && index.includes(field));
  if (clash !== undefined) throw wrong(where, `${show(clash)} cannot be a field of "index" as well.`);
  const types = neededTypes([{ field: value, aggregate }]);
  const fields = [...index, column, ...(value === undefined ? [] : [value])];
  return {
    failsRun: readOnError(options, where) === "fail",
    hint: fn === undefined ? HINT : Object.keys(types).length > 0 ? castHint(types) : NAMELESS,
    orders: value !== undefined && aggregate.orders ? [value] : [],
    fields,
    start({ workspace, reasons }) {
      const columns = new Map<string, number>();
      const placeOf = (name: string): number => {
        let place = columns.get(name);
        if (place === undefined) {
          place = columns.size;
          if (place >= MAX_PIVOT_COLUMNS) {
            throw new ToolError(
              "too_large",
              `${where}: ${show(column)} has more than ${MAX_PIVOT_COLUMNS} different values.`,
              {
                hint: "Group by it instead, or map its values to fewer ones first.",
              },
            );
          }
          if (index.includes(name)) {
            throw new ToolError(
              "invalid_input",
              `${where}: the column ${show(name)} has the name of a field of "index".`,
              {
                hint: 'Set "prefix" to a text for the names of columns.',
              },
            );
          }
          columns.set(name, place);
        }
        return place;
      };
      const rules: GroupRules<GroupStart & { cells: Map<number, unknown> }> = {
        by: index,
        fields,
        begin(row, number) {
          const { group, weight } = beginGroup(index, row, number);
          return { group: { ...group, cells: new Map() }, weight };
        },
        take({ cells }, row, number) {
          const name = toText(row[column]);
          if (name === "") {
            addFailure(reasons, number, row, column, "pivot", new RowFailure("pivot", "no value to name a column by"));
            return 0;
          }
          const place = placeOf(prefix + name);
          let tally = cells.get(place);
          let grown = 0;
          if (tally === undefined) {
            tally = aggregate.create();
            cells.set(place, tally);
            grown = CELL_WEIGHT + (aggregate.weight ?? 0);
          }
          const content = value === undefined ? true : row[value];
          if (isMissing(content)) return grown;
          const taken = aggregate.take(tally, content);
          if (!(taken instanceof RowFailure)) return grown + taken;
          addFailure(reasons, number, row, value ?? column, "pivot", taken);
          return grown;
        },
      };
      const grouping = createGrouping(rules, workspace);
      function* results(): Generator<readonly [Row, number]> {
        const names = [...columns.keys()];
        for (const { row, number, cells } of grouping.groups()) {
          for (const [place, name] of names.entries()) {
            const tally = cells.get(place);
            const given = tally === undefined ? null : aggregate.give(tally);
            if (given instanceof RowFailure) {
              row[name] = null;
              addFailure(reasons, number, row, name, "pivot", given);
            } else row[name] = given ?? fill;
          }
          yield [row, number];
        }
      }
      return {
        push(batch) {
          // Before any row is given: all rows have all columns, also where groups have to wait.
          for (const row of batch.rows) {
            const name = toText(row[column]);
            if (name !== "") placeOf(prefix + name);
          }
          grouping.add(batch);
          return nothing();
        },
        end: () => inBatches(results()),
        order: () => [...index, ...columns.keys()],
      };
    },
  };
};
