import { adding } from "../../column-order.ts";
import { checkKeys, optionalFields, optionalString, readBoolean, readString, wrong } from "../../options.ts";
import { isMissing, newRow, type Row } from "../../rows.ts";
import { type OperationCompiler, replaced, type Warn } from "./operation.ts";
import { spreading } from "./set-operation.ts";

/**
 * `{ op: "unpivot", fields? | index?, name?, value?, drop_null? }`: one row for each of these fields, or for all but those of
 * `index`, with its name in `name` ("name") and its value in `value` ("value"), after the fields that stay. Fields that a row
 * does not have are null in it, or with `index` have no row; with `drop_null` neither have null and empty text.
 */
export const unpivot: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "fields", "index", "name", "value", "drop_null"], where);
  const fields = optionalFields(options, "fields", where);
  const index = optionalFields(options, "index", where);
  if (!fields && !index) {
    throw wrong(
      where,
      'needs "fields" or "index".',
      "fields become rows; index are those that stay, all others become rows.",
    );
  }
  const name = optionalString(options, "name", where) ?? "name";
  const value = optionalString(options, "value", where) ?? "value";
  if (name === value) throw wrong(where, '"name" and "value" must be different fields.');
  const clash = [name, value].find((made) => index?.includes(made));
  if (clash !== undefined)
    throw wrong(where, `"${clash}" is a field of "index".`, 'Set "name" and "value" to other fields.');
  const dropNull = readBoolean(options, "drop_null", where, false);
  const turned = fields && new Set(fields);
  const staying = index && new Set(index);

  function* each(row: Row, warn: Warn): Generator<Row> {
    const stay = index ?? Object.keys(row).filter((field) => !turned?.has(field));
    for (const field of fields ?? Object.keys(row)) {
      if (staying?.has(field)) continue;
      const content = row[field] ?? null;
      if (dropNull && isMissing(content)) continue;
      const made = newRow();
      for (const kept of stay) if (Object.hasOwn(row, kept)) made[kept] = row[kept];
      if (made[name] !== undefined) warn(replaced(name));
      if (made[value] !== undefined) warn(replaced(value));
      made[name] = field;
      made[value] = content;
      yield made;
    }
  }
  return {
    failsRun: false,
    fields: [...(fields ?? []), ...(index ?? [])],
    start: ({ warn = () => {} }) => ({
      ...spreading((row) => each(row, warn)),
      order: (names) => adding([name, value])(index ?? names.filter((field) => !turned?.has(field))),
    }),
  };
};

/**
 * `{ op: "explode", field, into?, position?, keep_empty? }`: one row for each entry of a list, which `into` (the field itself)
 * then has, and `position` its place from 0. A single value is as a list of one. A row whose list is empty, null or missing has
 * null in both, or with `keep_empty: false` leaves.
 */
export const explode: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "field", "into", "position", "keep_empty"], where);
  const field = readString(options, "field", where);
  const into = optionalString(options, "into", where) ?? field;
  const position = optionalString(options, "position", where);
  if (position === into) throw wrong(where, '"position" must be a field of its own.');
  const keepEmpty = readBoolean(options, "keep_empty", where, true);

  function* each(row: Row, warn: Warn): Generator<Row> {
    for (const set of [into, position]) {
      if (set !== undefined && set !== field && row[set] !== undefined) warn(replaced(set));
    }
    const list = row[field];
    const entries = Array.isArray(list) ? (list as unknown[]) : list === null || list === undefined ? [] : [list];
    if (entries.length === 0 && !keepEmpty) return;
    for (let place = 0; place < Math.max(entries.length, 1); place++) {
      const made = newRow(row);
      made[into] = entries[place] ?? null;
      if (position !== undefined) made[position] = entries.length === 0 ? null : place;
      yield made;
    }
  }
  return {
    failsRun: false,
    fields: [field],
    start: ({ warn = () => {} }) => ({
      ...spreading((row) => each(row, warn)),
      order: adding(position === undefined ? [into] : [into, position]),
    }),
  };
};
