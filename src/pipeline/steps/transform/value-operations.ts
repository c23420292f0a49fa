import { adding } from "../../column-order.ts";
import {
  optionalFields,
  optionalString,
  readBoolean,
  readChoice,
  readFields,
  readInteger,
  readObject,
  readString,
  wrong,
} from "../../options.ts";
import { isMissing, type Row, show } from "../../rows.ts";
import { toText } from "../../template.ts";
import { roundNumber } from "../../values/numbers.ts";
import { checkRowKeys, type OperationCompiler, perRow } from "./operation.ts";

/**
 * `{ op: "fill", values: { field: value } }`, or `fields` with one `value`: sets fields that are missing, null or empty text; or
 * `{ op: "fill", fields, from: "previous" }`: with what the row before has there, or got.
 */
export const fill: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["values", "fields", "value", "from"], where);
  if (options.values !== undefined && (options.fields !== undefined || options.value !== undefined)) {
    throw wrong(where, '"values" does not go with "fields".');
  }
  if (options.from !== undefined || (options.fields !== undefined && options.value === undefined)) {
    readChoice(options, "from", where, ["previous"]);
    if (options.values !== undefined || options.value !== undefined) {
      throw wrong(where, '"from" needs "fields" and no values.');
    }
    const fields = readFields(options, "fields", where);
    return {
      failsRun: false,
      fields,
      start() {
        const last = fields.map((): unknown => undefined);
        return {
          push(batch) {
            for (const row of batch.rows) {
              for (const [index, field] of fields.entries()) {
                const value = row[field];
                if (!isMissing(value)) last[index] = value;
                else if (last[index] !== undefined) row[field] = last[index];
              }
            }
            return batch;
          },
        };
      },
    };
  }
  const values: [string, unknown][] =
    options.value === undefined
      ? Object.entries(readObject(options.values, `${where}, "values"`))
      : readFields(options, "fields", where).map((field) => [field, options.value]);
  return perRow(
    (row) => {
      for (const [field, value] of values) if (isMissing(row[field])) row[field] = value;
      return undefined;
    },
    adding(values.map(([field]) => field)),
  );
};

/** `{ op: "set", values: { field: value } }`: gives fields the same value in all rows. */
export const set: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["values"], where);
  const values = Object.entries(readObject(options.values, `${where}, "values"`));
  return perRow(
    (row) => {
      for (const [field, value] of values) row[field] = value;
      return undefined;
    },
    adding(values.map(([field]) => field)),
  );
};

/** What files have where there is no value, in small letters. */
const NO_VALUE = ["", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", "?"];

/** `{ op: "nullify", fields?, values? }`: texts that stand for no value become null, whatever their case and the blanks around them. */
export const nullify: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["fields", "values"], where);
  const fields = optionalFields(options, "fields", where);
  const listed = options.values ?? NO_VALUE;
  const texts = Array.isArray(listed) ? listed : [listed];
  if (!texts.every((text) => typeof text === "string")) {
    throw wrong(where, `"values" must be a list of texts, not ${show(options.values)}.`);
  }
  const nulls = new Set(texts.map((text: string) => text.trim().toLowerCase()));
  const longest = Math.max(0, ...texts.map((text: string) => text.length));
  const operation = perRow((row) => {
    for (const field of fields ?? Object.keys(row)) {
      const value = row[field];
      if (typeof value !== "string") continue;
      const text = value.trim();
      if (text.length <= longest && nulls.has(text.toLowerCase())) row[field] = null;
    }
    return undefined;
  });
  return { ...operation, ...(fields && { fields }) };
};

/** `{ op: "map_values", field, values: { from: to }, into?, default?, ignore_case? }`: without a default, other values stay. */
export const mapValues: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["field", "values", "into", "default", "ignore_case"], where);
  const field = readString(options, "field", where);
  const into = optionalString(options, "into", where) ?? field;
  const ignoresCase = readBoolean(options, "ignore_case", where, false);
  const keyOf = (value: unknown): string => (ignoresCase ? toText(value).trim().toLowerCase() : toText(value));
  const pairs = Object.entries(readObject(options.values, `${where}, "values"`));
  const values = new Map(pairs.map(([from, to]) => [keyOf(from), to]));
  const operation = perRow(
    (row) => {
      const value = row[field];
      if (value === undefined) return undefined;
      const key = keyOf(value);
      row[into] = values.has(key) ? values.get(key) : options.default === undefined ? value : options.default;
      return undefined;
    },
    adding([into]),
  );
  return { ...operation, fields: [field] };
};

/** `{ op: "round", fields, digits? }`: numbers to so many decimals, halves away from zero; other values stay. */
export const round: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["fields", "digits"], where);
  const fields = readFields(options, "fields", where);
  const digits = readInteger(options, "digits", where, { min: -15, max: 15, fallback: 0 });
  const operation = perRow((row) => {
    for (const field of fields) {
      const value = row[field];
      if (typeof value === "number") row[field] = roundNumber(value, digits);
    }
    return undefined;
  });
  return { ...operation, fields };
};

/** `{ op: "row_number", into, start?, of? }`: numbers the rows as they come, or `of: "input"` by their place in the input. */
export const rowNumber: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["into", "start", "of"], where);
  const into = readString(options, "into", where);
  const ofInput = readChoice(options, "of", where, ["rows", "input"], "rows") === "input";
  const bounds = { min: -Number.MAX_SAFE_INTEGER / 2, max: Number.MAX_SAFE_INTEGER / 2, fallback: 1 };
  const start = readInteger(options, "start", where, {
    ...bounds,
    min: Math.ceil(bounds.min),
    max: Math.floor(bounds.max),
  });
  return {
    failsRun: false,
    start() {
      let next = start;
      return {
        push(batch) {
          for (const [index, row] of batch.rows.entries()) {
            row[into] = ofInput ? (batch.numbers[index] as number) + start - 1 : next++;
          }
          return batch;
        },
        order: adding([into]),
      };
    },
  };
};

/**
 * `{ op: "mask", fields, keep_start?, keep_end?, with? }`: hides texts and numbers but for so many characters at their start and
 * end; one that has no more than these is hidden as a whole. Null stays null.
 */
export const mask: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["fields", "keep_start", "keep_end", "with"], where);
  const fields = readFields(options, "fields", where);
  const start = readInteger(options, "keep_start", where, { min: 0, max: 1000, fallback: 0 });
  const end = readInteger(options, "keep_end", where, { min: 0, max: 1000, fallback: 0 });
  const sign = options.with ?? "*";
  if (typeof sign !== "string" || sign.length > 100) {
    throw wrong(where, `"with" must be a text of at most 100 characters, not ${show(sign)}.`);
  }
  const hide = (text: string): string => {
    const letters = [...text];
    const keeps = letters.length > start + end;
    const hidden = keeps ? letters.length - start - end : letters.length;
    // One sign for each character; a longer text, such as a word, once.
    const instead = sign.length === 1 ? sign.repeat(hidden) : sign;
    return keeps ? letters.slice(0, start).join("") + instead + letters.slice(letters.length - end).join("") : instead;
  };
  const operation = perRow((row: Row) => {
    for (const field of fields) {
      const value = row[field];
      if (value !== undefined && value !== null && value !== "") row[field] = hide(toText(value));
    }
    return undefined;
  });
  return { ...operation, fields };
};
