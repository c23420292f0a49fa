import { checkKeys, optionalFields, readFields, readObject, readString, wrong } from "../../options.ts";
import { isMissing, newRow, type Reasons, type Row, RowFailure, show } from "../../rows.ts";
import { ownValue } from "../../spool/own-value.ts";
import { weightOf } from "../../spool/row-lines.ts";
import { castHint, type FieldAggregate, neededTypes, readAggregate } from "./aggregates.ts";
import { createGrouping, type GroupRules } from "./grouping.ts";
import { addFailure, type OperationCompiler, readOnError } from "./operation.ts";
import { inBatches, nothing } from "./set-operation.ts";

/** The fields that rows of a group have in common, as its first row has them. */
export interface GroupStart {
  row: Row;
  number: number;
}

/** A row of the fields `by`, and the bytes it takes. */
export function beginGroup(by: readonly string[], row: Row, number: number): { group: GroupStart; weight: number } {
  const made = newRow();
  for (const field of by) made[field] = ownValue(row[field] ?? null);
  return { group: { row: made, number }, weight: weightOf(made) };
}

interface Group extends GroupStart {
  tallies: unknown[];
}

/**
 * `{ op: "group", by?, aggregates: { name: { fn, field?, … } }, on_error? }`: one row a group, in the order in which groups
 * first appear; without `by`, one row in all. `count` counts rows, or with a field those that have a value; the others pass
 * over rows without one, see isMissing(). A value that an aggregate cannot take is recorded; with `on_error: null` and `keep` it is passed over. So is a result beyond
 * the range of numbers, which is null then.
 */
export const group: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "by", "aggregates", "on_error"], where);
  const by = optionalFields(options, "by", where) ?? [];
  const place = `${where}, "aggregates"`;
  const aggregates = Object.entries(readObject(options.aggregates, place)).map(([into, value]) => ({
    into,
    ...readAggregate(value, `${place}, "${into}"`),
  }));
  const twice = aggregates.find(({ into }) => by.includes(into));
  if (twice) throw wrong(place, `${show(twice.into)} is also a field of "by".`, "Give the aggregate another name.");
  const fields = [...by, ...aggregates.flatMap(({ field }) => (field === undefined ? [] : [field]))];
  const tallyWeight = aggregates.reduce((sum, { aggregate }) => sum + 64 + (aggregate.weight ?? 0), 0);
  const types = neededTypes(aggregates);
  const create = () => aggregates.map(({ aggregate }) => aggregate.create());
  return {
    failsRun: readOnError(options, where) === "fail",
    ...(Object.keys(types).length > 0 && { hint: castHint(types) }),
    fields,
    orders: aggregates.flatMap(({ field, aggregate }) => (field !== undefined && aggregate.orders ? [field] : [])),
    start({ workspace, reasons }) {
      const rules: GroupRules<Group> = {
        by,
        fields,
        begin(row, number) {
          const { group: start, weight } = beginGroup(by, row, number);
          return { group: { ...start, tallies: create() }, weight: weight + tallyWeight };
        },
        take({ tallies }, row, number) {
          let grown = 0;
          for (let index = 0; index < aggregates.length; index++) {
            grown += takeField(aggregates[index] as FieldAggregate, tallies[index], row, number, reasons);
          }
          return grown;
        },
      };
      const grouping = createGrouping(rules, workspace);
      let empty = true;
      const give = (row: Row, number: number, tallies: unknown[]): Row => {
        for (const [index, { into, aggregate }] of aggregates.entries()) {
          const given = aggregate.give(tallies[index]);
          row[into] = given instanceof RowFailure ? null : given;
          if (given instanceof RowFailure) addFailure(reasons, number, row, into, "group", given);
        }
        return row;
      };
      function* results(): Generator<readonly [Row, number]> {
        if (empty && by.length === 0) yield [give(newRow(), 0, create()), 0];
        for (const { row, number, tallies } of grouping.groups()) yield [give(row, number, tallies), number];
      }
      return {
        push(batch) {
          empty &&= batch.rows.length === 0;
          grouping.add(batch);
          return nothing();
        },
        end: () => inBatches(results()),
        order: () => [...by, ...aggregates.map(({ into }) => into)],
      };
    },
  };
};

/** Takes the value of a row into a tally, or records why it cannot; the bytes by which the tally has grown. */
export function takeField(
  { field, aggregate }: FieldAggregate,
  tally: unknown,
  row: Row,
  number: number,
  reasons: Reasons,
): number {
  const value = field === undefined ? true : row[field];
  if (isMissing(value)) return 0;
  const taken = aggregate.take(tally, value);
  if (!(taken instanceof RowFailure)) return taken;
  addFailure(reasons, number, row, field ?? null, "group", taken);
  return 0;
}

/** `{ op: "collect", by?, into, fields? }`: one row a group, with its rows, or these fields of them, as a list in `into`. */
export const collect: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "by", "into", "fields"], where);
  const by = optionalFields(options, "by", where) ?? [];
  const into = readString(options, "into", where);
  if (by.includes(into)) throw wrong(where, `"into" is also a field of "by".`, "Set it to another field.");
  const wanted = options.fields === undefined ? undefined : readFields(options, "fields", where);
  const grouped = new Set(by);
  const read = [...by, ...(wanted ?? [])];
  return {
    failsRun: false,
    fields: read,
    start({ workspace }) {
      const rules: GroupRules<GroupStart & { list: Row[] }> = {
        by,
        fields: wanted && read,
        begin(row, number) {
          const { group: start, weight } = beginGroup(by, row, number);
          return { group: { ...start, list: [] }, weight };
        },
        take({ list }, row) {
          const entry = newRow();
          for (const field of wanted ?? Object.keys(row)) {
            if ((wanted || !grouped.has(field)) && Object.hasOwn(row, field)) entry[field] = ownValue(row[field]);
          }
          list.push(entry);
          return weightOf(entry);
        },
      };
      const grouping = createGrouping(rules, workspace);
      function* results(): Generator<readonly [Row, number]> {
        for (const { row, number, list } of grouping.groups()) {
          row[into] = list;
          yield [row, number];
        }
      }
      return {
        push(batch) {
          grouping.add(batch);
          return nothing();
        },
        end: () => inBatches(results()),
        order: () => [...by, into],
      };
    },
  };
};
