import { adding } from "../../column-order.ts";
import { readPattern } from "../../expression/read-expression.ts";
import type { Regex } from "../../expression/regex.ts";
import { MAX_TEXT, tooLong } from "../../expression/value.ts";
import {
  optionalFields,
  optionalString,
  readBoolean,
  readChoice,
  readFields,
  readString,
  wrong,
} from "../../options.ts";
import { counted, isMissing, type Row, RowFailure, show } from "../../rows.ts";
import { toText } from "../../template.ts";
import { cleanText, withoutAccents } from "../../values/texts.ts";
import {
  addFailure,
  attempt,
  checkRowKeys,
  type Operation,
  type OperationCompiler,
  ordering,
  perField,
  perRow,
  perText,
  readOnError,
  replaced,
} from "./operation.ts";

/** An operation that changes the text of these fields, of all where none are named; other values stay. */
function changingText(fields: readonly string[] | undefined, change: (text: string) => string): Operation {
  if (!fields) {
    return perRow((row) => {
      for (const field in row) {
        const value = row[field];
        if (typeof value !== "string") continue;
        const changed = change(value);
        if (changed !== value) row[field] = changed;
      }
      return undefined;
    });
  }
  const operation = perRow((row) => {
    for (const field of fields) {
      const value = row[field];
      if (typeof value !== "string") continue;
      const changed = change(value);
      if (changed !== value) row[field] = changed;
    }
    return undefined;
  });
  return { ...operation, fields };
}

const textOperation =
  (change: (text: string) => string): OperationCompiler =>
  (options, where) => {
    checkRowKeys(options, ["fields"], where);
    return changingText(optionalFields(options, "fields", where), change);
  };

export const trim = textOperation((text) => {
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(text.length - 1);
  // Most texts have nothing to trim, and looking costs a fifth of asking.
  return first > 32 && first < 128 && last > 32 && last < 128 ? text : text.trim();
});
export const lowercase = textOperation((text) => text.toLowerCase());
export const uppercase = textOperation((text) => text.toUpperCase());

/**
 * `{ op: "normalize", fields?, form?, accents? }`: texts without what nobody sees, see cleanText(); `form: "NFKC"` also makes
 * plain signs of wide, small and joined ones, `accents: "remove"` takes accents off Latin letters.
 */
export const normalize: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["fields", "form", "accents"], where);
  const compatible = readChoice(options, "form", where, ["NFC", "NFKC"], "NFC") === "NFKC";
  const plain = readChoice(options, "accents", where, ["keep", "remove"], "keep") === "remove";
  return changingText(optionalFields(options, "fields", where), (text) => {
    const clean = cleanText(text, compatible);
    return plain ? withoutAccents(clean) : clean;
  });
};

/**
 * `{ op: "replace", fields?, search | pattern, with? }`: every place where a text stands, or an RE2 pattern matches, becomes another
 * text, empty by default; with a pattern, `$1` in it is the first group.
 */
export const replace: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["fields", "search", "pattern", "with", "on_error"], where);
  if ((options.search === undefined) === (options.pattern === undefined)) {
    throw wrong(where, 'needs either "search", a text, or "pattern".');
  }
  const replacement = options.with ?? "";
  if (typeof replacement !== "string") throw wrong(where, `"with" must be a text, not ${show(replacement)}.`);
  const change =
    options.search === undefined
      ? replacingPattern(readPattern(options, "pattern", where), replacement)
      : replacingText(readString(options, "search", where), replacement);
  const fields = optionalFields(options, "fields", where);
  return { ...perText(readOnError(options, where), "replace", fields, change), ...(fields && { fields }) };
};

function replacingPattern(regex: Regex, replacement: string): (text: string) => string {
  return (text) => regex.replace(text, replacement, MAX_TEXT);
}

function replacingText(search: string, replacement: string): (text: string) => string {
  return (text) => {
    if (!text.includes(search)) return text;
    const parts = text.split(search);
    if (text.length + (parts.length - 1) * (replacement.length - search.length) > MAX_TEXT) throw tooLong();
    return parts.join(replacement);
  };
}

/**
 * `{ op: "split", field, separator, into?, trim? }`: a list, of empty text an empty one, or with `into` a list of names one field each; the last takes the
 * rest. `trim` takes blanks off the parts.
 */
export const split: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["field", "separator", "into", "trim"], where);
  const field = readString(options, "field", where);
  const separator = readString(options, "separator", where);
  const trimmed = readBoolean(options, "trim", where, false);
  const names = Array.isArray(options.into) ? readFields(options, "into", where) : undefined;
  const name = names ? "" : (optionalString(options, "into", where) ?? field);
  const own = (part: string): string => (trimmed ? part.trim() : part);
  const operation = perRow(
    (row, warn) => {
      const value = row[field];
      if (typeof value !== "string") return undefined;
      for (const target of names ?? [name]) {
        if (target !== field && !isMissing(row[target])) warn(replaced(target));
      }
      if (!names) {
        row[name] = value === "" ? [] : value.split(separator).map(own);
        return undefined;
      }
      let from = 0;
      for (const [index, target] of names.entries()) {
        const at = index === names.length - 1 ? -1 : value.indexOf(separator, from);
        if (from > value.length) row[target] = null;
        else row[target] = own(at < 0 ? value.slice(from) : value.slice(from, at));
        from = at < 0 ? value.length + 1 : at + separator.length;
      }
      return undefined;
    },
    adding(names ?? [name]),
  );
  return { ...operation, fields: [field] };
};

/** `{ op: "join", fields, separator?, into }`: the text of fields, or of the entries of one list; empty values are left out. */
export const join: OperationCompiler = (options, where) => {
  const other = ["source", "table", "key", "how"].find((key) => options[key] !== undefined);
  if (other !== undefined) {
    throw wrong(
      where,
      `"${other}" is not for this operation, which joins the fields of a row to a text.`,
      'Two tables are joined by a step { "name": "enrich", "lookup": { "source": "folder/file.csv", "field": …, "key": … } }.',
    );
  }
  checkRowKeys(options, ["fields", "separator", "into", "on_error"], where);
  const fields = readFields(options, "fields", where);
  const separator = options.separator === undefined ? " " : options.separator;
  if (typeof separator !== "string") throw wrong(where, `"separator" must be a text, not ${show(separator)}.`);
  const into = readString(options, "into", where);
  const value = (row: Row): string => {
    let text = "";
    const add = (entry: unknown): void => {
      const part = toText(entry);
      if (part === "") return;
      text = text === "" ? part : text + separator + part;
      if (text.length > MAX_TEXT) throw tooLong();
    };
    for (const field of fields) {
      const entry = row[field];
      if (Array.isArray(entry)) for (const inner of entry) add(inner);
      else add(entry);
    }
    return text;
  };
  const operation = perField(readOnError(options, where), "join", [{ field: into, value }]);
  return { ...ordering(operation, adding([into])), fields };
};

const NO_MATCH = "the pattern does not match";

/**
 * `{ op: "extract", field, pattern, into, on_error? }`: what the groups of an RE2 pattern match, one field each; null in all of
 * them where the pattern does not match. With `on_error`, a text that it does not match fails.
 */
export const extract: OperationCompiler = (options, where) => {
  checkRowKeys(options, ["field", "pattern", "into", "on_error"], where);
  const field = readString(options, "field", where);
  const regex = readPattern(options, "pattern", where);
  const into = readFields(options, "into", where);
  if (into.length !== Math.max(1, regex.groupCount)) {
    throw wrong(
      where,
      `"into" has ${counted(into.length, "name")}, but the pattern ${counted(regex.groupCount, "group")}.`,
    );
  }
  const onError = readOnError(options, where);
  const strict = options.on_error !== undefined;
  return {
    failsRun: onError === "fail",
    fields: [field],
    start({ reasons, warn = () => {} }) {
      let texts = 0;
      let matches = 0;
      return {
        push(batch) {
          for (const [index, row] of batch.rows.entries()) {
            const value = row[field];
            if (value === undefined) continue;
            if (!isMissing(value)) texts++;
            for (const name of into) if (name !== field && !isMissing(row[name])) warn(replaced(name));
            let groups = attempt(() => regex.groups(toText(value)), row);
            if (strict && !groups && !isMissing(value)) groups = new RowFailure("extract", NO_MATCH);
            if (groups instanceof RowFailure)
              addFailure(reasons, batch.numbers[index] as number, row, field, "extract", groups);
            if (groups instanceof RowFailure && onError !== "null") continue;
            const found = Array.isArray(groups) ? groups : [];
            if (found.length > 0) matches++;
            for (const [place, name] of into.entries())
              row[name] = found[regex.groupCount === 0 ? 0 : place + 1] ?? null;
          }
          return batch;
        },
        end() {
          if (texts > 0 && matches === 0 && !strict) warn(`the pattern matches in none of the rows.`);
          return [];
        },
        order: adding(into),
      };
    },
  };
};
