import { checkKeys, type Options, optionalFields, readChoice, readObject, readString } from "../../options.ts";
import { eachPaced } from "../../pace.ts";
import { keyOf } from "../../row-key.ts";
import { newRow, type Reasons, type Row, RowFailure, show } from "../../rows.ts";
import { addFailure, type OperationCompiler, readOnError, type Table } from "./operation.ts";

const AGGREGATES = ["count", "sum", "min", "max", "avg", "first", "last"] as const;
type AggregateName = (typeof AGGREGATES)[number];

interface Aggregate {
  into: string;
  name: AggregateName;
  field: string | undefined;
}

/** What an aggregate has seen of one group. */
interface Tally {
  count: number;
  sum: number;
  best: unknown;
}

interface Group {
  first: Row;
  number: number;
  tallies: Tally[];
}

/**
 * `{ op: "group", by?, aggregates: { name: { fn, field? } } }`: one row a group, in the order in which groups first appear;
 * without `by`, one row in all. `count` counts rows, or with a field those that have a value; the others pass over null.
 * `sum` and `avg` need numbers, `min` and `max` numbers or texts; with `on_error: null` other values are passed over too.
 */
export const group: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "by", "aggregates", "on_error"], where);
  const by = optionalFields(options, "by", where) ?? [];
  const aggregates = readAggregates(options, where);
  const onError = readOnError(options, where);
  return {
    failsRun: onError === "fail",
    fields: [...by, ...aggregates.flatMap(({ field }) => (field === undefined ? [] : [field]))],
    async run(table, context) {
      const groups = new Map<string, Group>();
      await eachPaced(table.rows, context.pace, (row, index) => {
        const key = keyOf(row, by, context.textBudget);
        const number = table.numbers[index] as number;
        let found = groups.get(key);
        if (!found) {
          found = { first: row, number, tallies: aggregates.map(() => ({ count: 0, sum: 0, best: null })) };
          groups.set(key, found);
        }
        for (const [place, aggregate] of aggregates.entries()) {
          take(aggregate, found.tallies[place] as Tally, row, number, context.reasons);
        }
      });
      if (by.length === 0 && groups.size === 0) {
        groups.set("", {
          first: newRow(),
          number: 0,
          tallies: aggregates.map(() => ({ count: 0, sum: 0, best: null })),
        });
      }
      const result: Table = { rows: [], numbers: [] };
      for (const { first, number, tallies } of groups.values()) {
        const row = newRow();
        for (const field of by) row[field] = first[field] ?? null;
        for (const [place, aggregate] of aggregates.entries())
          row[aggregate.into] = give(aggregate, tallies[place] as Tally);
        result.rows.push(row);
        result.numbers.push(number);
      }
      return result;
    },
  };
};

function readAggregates(options: Options, where: string): Aggregate[] {
  const place = `${where}, "aggregates"`;
  return Object.entries(readObject(options.aggregates, place)).map(([into, value]) => {
    const here = `${place}, "${into}"`;
    const aggregate = readObject(typeof value === "string" ? { fn: value } : value, here);
    checkKeys(aggregate, ["fn", "field"], here);
    const name = readChoice(aggregate, "fn", here, AGGREGATES);
    const field = name === "count" && aggregate.field === undefined ? undefined : readString(aggregate, "field", here);
    return { into, name, field };
  });
}

function take({ name, field }: Aggregate, tally: Tally, row: Row, number: number, reasons: Reasons): void {
  const value = field === undefined ? true : row[field];
  if (value === null || value === undefined) return;
  const comparable = typeof value === "number" || typeof value === "string";
  const needsNumber = name === "sum" || name === "avg";
  const mixed = (name === "min" || name === "max") && tally.best !== null && typeof tally.best !== typeof value;
  if ((needsNumber && typeof value !== "number") || ((name === "min" || name === "max") && (!comparable || mixed))) {
    const what = needsNumber ? "numbers" : "numbers only or texts only";
    const failure = new RowFailure("group", `${name} needs ${what}, not ${show(value)}; cast the field first`);
    addFailure(reasons, number, row, field ?? null, "group", failure);
    return;
  }
  tally.count++;
  if (needsNumber) tally.sum += value as number;
  else if (tally.count === 1 || name === "last") tally.best = value;
  else if (name === "min" && (value as number) < (tally.best as number)) tally.best = value;
  else if (name === "max" && (value as number) > (tally.best as number)) tally.best = value;
}

function give({ name }: Aggregate, tally: Tally): unknown {
  if (name === "count") return tally.count;
  if (name === "sum") return Number.isFinite(tally.sum) ? tally.sum : null;
  if (name !== "avg") return tally.best;
  const average = tally.sum / tally.count;
  return Number.isFinite(average) ? average : null;
}
