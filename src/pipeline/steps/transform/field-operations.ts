import {
  checkKeys,
  type Options,
  optionalFields,
  optionalString,
  readChoice,
  readFields,
  readObject,
  readString,
  wrong,
} from "../../options.ts";
import { isObject, MAX_DEPTH, newRow, type Row, RowFailure, show } from "../../rows.ts";
import { toText } from "../../template.ts";
import { CAST_TYPES, type CastType, cast, compileDateFormat, DECIMAL_SIGNS } from "./cast.ts";
import { type OperationCompiler, perField, perRow, readOnError } from "./operation.ts";

/** `{ op: "pick", fields }`: only these fields, in this order. */
export const pick: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "fields"], where);
  const fields = readFields(options, "fields", where);
  const operation = perRow((row) => {
    const picked = newRow();
    for (const field of fields) if (Object.hasOwn(row, field)) picked[field] = row[field];
    return picked;
  });
  return { ...operation, fields };
};

/** `{ op: "omit", fields }`: all but these fields. */
export const omit: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "fields"], where);
  const fields = new Set(readFields(options, "fields", where));
  const operation = perRow((row) => {
    const kept = newRow();
    for (const field of Object.keys(row)) if (!fields.has(field)) kept[field] = row[field];
    return kept;
  });
  return { ...operation, fields: [...fields] };
};

/** `{ op: "rename", fields: { old: "new" } }`: fields keep their place; one that had the new name before is replaced. */
export const rename: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "fields"], where);
  const names = readTexts(options, "fields", where);
  if (new Set(names.values()).size !== names.size) throw wrong(where, "two fields get the same new name.");
  const operation = perRow((row) => {
    const taken = new Set<string>();
    for (const [from, to] of names) if (Object.hasOwn(row, from)) taken.add(to);
    const renamed = newRow();
    for (const field of Object.keys(row)) {
      const to = names.get(field);
      if (to !== undefined) renamed[to] = row[field];
      else if (!taken.has(field)) renamed[field] = row[field];
    }
    return renamed;
  });
  return { ...operation, fields: [...names.keys()] };
};

/** `{ op: "cast", fields: { field: type }, date_format?, decimal?, on_error? }`: see cast() for what each type takes. */
export const castFields: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "fields", "date_format", "decimal", "on_error"], where);
  const types = [...readTexts(options, "fields", where)];
  for (const [field, type] of types) {
    if (!CAST_TYPES.includes(type as CastType)) {
      throw wrong(where, `the type of ${show(field)} must be one of ${CAST_TYPES.join(", ")}, not ${show(type)}.`);
    }
  }
  const format = optionalString(options, "date_format", where);
  const dateFormat = format === undefined ? undefined : compileDateFormat(format);
  if (format !== undefined && !dateFormat) {
    throw wrong(where, `"date_format" must name YYYY, MM and DD once each (and HH, mm, ss), not ${show(format)}.`);
  }
  const decimal = options.decimal === undefined ? undefined : readChoice(options, "decimal", where, DECIMAL_SIGNS);
  const operation = perField(
    readOnError(options, where),
    "cast",
    types.map(([field, type]) => ({
      field,
      value: (row) =>
        Object.hasOwn(row, field) ? cast(row[field], type as CastType, { dateFormat, decimal }) : undefined,
    })),
  );
  return { ...operation, fields: types.map(([field]) => field) };
};

/** `{ op, fields? }`: changes the text of these fields, of all where none are named; other values stay. */
function textOperation(change: (text: string) => string): OperationCompiler {
  return (options, where) => {
    checkKeys(options, ["op", "fields"], where);
    const fields = optionalFields(options, "fields", where);
    const operation = perRow((row) => {
      for (const field of fields ?? Object.keys(row)) {
        const value = row[field];
        if (typeof value === "string") row[field] = change(value);
      }
      return undefined;
    });
    return { ...operation, ...(fields && { fields }) };
  };
}

export const trim = textOperation((text) => text.trim());
export const lowercase = textOperation((text) => text.toLowerCase());
export const uppercase = textOperation((text) => text.toUpperCase());

/** `{ op: "fill", values: { field: value } }`: sets fields that are missing, null or empty text. */
export const fill: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "values"], where);
  const values = Object.entries(readObject(options.values, `${where}, "values"`));
  return perRow((row) => {
    for (const [field, value] of values) {
      const old = row[field];
      if (old === undefined || old === null || old === "") row[field] = value;
    }
    return undefined;
  });
};

/** `{ op: "map_values", field, values: { from: to }, into?, default? }`: without a default, other values stay. */
export const mapValues: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "field", "values", "into", "default"], where);
  const field = readString(options, "field", where);
  const into = optionalString(options, "into", where) ?? field;
  const values = new Map(Object.entries(readObject(options.values, `${where}, "values"`)));
  const operation = perRow((row) => {
    if (!Object.hasOwn(row, field)) return undefined;
    const key = toText(row[field]);
    row[into] = values.has(key) ? values.get(key) : options.default === undefined ? row[field] : options.default;
    return undefined;
  });
  return { ...operation, fields: [field] };
};

/** `{ op: "split", field, separator, into? }`: a list, or with `into` a list of names one field each; the last takes the rest. */
export const split: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "field", "separator", "into"], where);
  const field = readString(options, "field", where);
  const separator = readString(options, "separator", where);
  const into = options.into === undefined ? field : options.into;
  const names = Array.isArray(into) ? readFields(options, "into", where) : undefined;
  const name = names ? "" : readString({ into }, "into", where);
  const operation = perRow((row) => {
    const value = row[field];
    if (typeof value !== "string") return undefined;
    const parts = value.split(separator);
    if (!names) {
      row[name] = parts;
      return undefined;
    }
    names.forEach((target, index) => {
      const last = index === names.length - 1;
      row[target] = (last ? parts.slice(index).join(separator) : parts[index]) ?? null;
      if (index >= parts.length) row[target] = null;
    });
    return undefined;
  });
  return { ...operation, fields: [field] };
};

/** `{ op: "join", fields, separator?, into }`: the text of fields, or of the entries of one list; empty values are left out. */
export const join: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "fields", "separator", "into", "on_error"], where);
  const fields = readFields(options, "fields", where);
  const separator = options.separator === undefined ? " " : options.separator;
  if (typeof separator !== "string") throw wrong(where, `"separator" must be a text, not ${show(separator)}.`);
  const into = readString(options, "into", where);
  const operation = perField(readOnError(options, where), "join", [
    {
      field: into,
      value(row, budget) {
        const parts = fields.flatMap((field) => (Array.isArray(row[field]) ? row[field] : [row[field]]) as unknown[]);
        const text = parts
          .map(toText)
          .filter((part) => part !== "")
          .join(separator);
        budget.used += text.length;
        if (budget.used > MAX_JOINED) throw new RowFailure("size", "the texts joined are too long");
        return text;
      },
    },
  ]);
  return { ...operation, fields };
};

/** Characters that the run may make before join stops; as much as expressions may. */
const MAX_JOINED = 64_000_000;

/** `{ op: "flatten", separator?, fields? }`: fields of objects become fields of the row, named `outer.inner`; lists stay. */
export const flatten: OperationCompiler = (options, where) => {
  checkKeys(options, ["op", "separator", "fields"], where);
  const separator = optionalString(options, "separator", where) ?? ".";
  const listed = optionalFields(options, "fields", where);
  const fields = listed && new Set(listed);
  const operation = perRow((row) => {
    const flat = newRow();
    for (const [field, value] of Object.entries(row)) {
      if (!fields || fields.has(field)) flattenInto(flat, field, value, separator, 0);
      else flat[field] = value;
    }
    return flat;
  });
  return { ...operation, ...(listed && { fields: listed }) };
};

function flattenInto(flat: Row, name: string, value: unknown, separator: string, depth: number): void {
  if (!isObject(value) || Object.keys(value).length === 0 || depth > MAX_DEPTH) {
    flat[name] = value;
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    flattenInto(flat, `${name}${separator}${key}`, inner, separator, depth + 1);
  }
}

/** An object of texts under `key`, not empty. */
function readTexts(options: Options, key: string, where: string): Map<string, string> {
  const entries = Object.entries(readObject(options[key], `${where}, "${key}"`));
  const bad = entries.find(([, value]) => typeof value !== "string" || value === "");
  if (entries.length === 0 || bad) {
    throw wrong(
      where,
      `"${key}" must map field names to texts${bad ? `, but ${show(bad[0])} has ${show(bad[1])}` : ""}.`,
    );
  }
  return new Map(entries as [string, string][]);
}
