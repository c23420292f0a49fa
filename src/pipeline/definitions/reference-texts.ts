import { AGGREGATE_NAMES } from "../steps/transform/aggregates.ts";
import { CAST_TYPES } from "../steps/transform/cast.ts";

/** How each operation of transform is written, and after a dash what is not plain from that. */
export const OPERATION_TEXTS: Readonly<Record<string, string>> = {
  pick: '{ op: "pick", fields: ["a", "b"] } — only these, in this order',
  omit: '{ op: "omit", fields: ["a"] }',
  rename:
    '{ op: "rename", fields?: { old: "new" }, case? } — case: snake, camel, pascal, kebab, lower, upper, for all names',
  reorder: '{ op: "reorder", fields, at?: "start" | "end" }',
  cast: `{ op: "cast", fields: { a: "number", b: "date" }, date_format?, formats?: { a: "DD.MM.YYYY" }, timezone?, decimal?, currency?, percent?, true_values?, false_values?, null_values?, on_error? } — ${CAST_TYPES.join(", ")}; date is the day as written, datetime an instant (UTC, or timezone "Europe/Berlin" where no offset is written); date_format of YYYY MM DD HH mm ss, or a list of such; decimal "," for 1.234,50`,
  trim: '{ op: "trim", fields? } — all text where no fields are named',
  normalize:
    '{ op: "normalize", fields?, form?, accents?: "remove" } — runs of blanks of any kind become one, none at the ends, no unseen characters, é in one sign (NFC); quotes and dashes stay',
  lowercase: '{ op: "lowercase", fields? }',
  uppercase: '{ op: "uppercase", fields? }',
  replace: '{ op: "replace", fields?, search | pattern, with? } — pattern is RE2, $1 in with its first group',
  nullify: '{ op: "nullify", fields?, values? } — texts such as N/A become null',
  fill: '{ op: "fill", values: { a: 0 } } — where missing, null or empty; or { op: "fill", fields, from: "previous" }',
  set: '{ op: "set", values: { a: 1 } } — in all rows',
  map_values: '{ op: "map_values", field, values: { from: "to" }, into?, default?, ignore_case? }',
  compute: '{ op: "compute", field, expression, on_error? } — or fields: { a: "expression", b: "expression" }',
  filter: '{ op: "filter", expression, on_error? } — keeps the rows for which it is true',
  round: '{ op: "round", fields, digits? }',
  split:
    '{ op: "split", field, separator, into?, trim? } — a list; with names in into one field each, the last takes the rest',
  extract:
    '{ op: "extract", field, pattern, into, on_error? } — the groups of an RE2 pattern, one field each; null without a match, a failure where on_error is set',
  join: '{ op: "join", fields, separator?, into }',
  flatten: '{ op: "flatten", separator?, fields? } — objects to fields outer.inner',
  nest: '{ op: "nest", fields, into } — or without into: fields outer.inner to objects',
  lift: '{ op: "lift", field, number?, on_error? } — the object in the field becomes the row; of a quarantine { op: "lift", field: "data", number: "row" }',
  row_number: '{ op: "row_number", into, start?, of?: "input" }',
  mask: '{ op: "mask", fields, keep_start?, keep_end?, with? }',
  dedupe: '{ op: "dedupe", fields?, keep?: "first" | "last" }',
  sort: '{ op: "sort", by: ["a", { field: "b", descending: true }], descending?, nulls?, numeric?, ignore_case? }',
  limit: '{ op: "limit", count, offset? }',
  top: '{ op: "top", count, by?, sort_by?, descending? } — of each group the first, or with sort_by those with the largest values',
  sample: '{ op: "sample", count | fraction, seed? }',
  group: `{ op: "group", by: ["a"], aggregates: { total: { fn: "sum", field: "b" }, rows: "count" }, on_error? } — one row in all without by; fn: ${AGGREGATE_NAMES.join(", ")}`,
  collect: '{ op: "collect", by?, into, fields? } — the rows of each group as a list',
  running:
    '{ op: "running", fn, field?, by?, into } — in the order of the rows; fn: row_number, sum, min, max, previous, and of rows sorted by field rank, dense_rank',
  pivot:
    '{ op: "pivot", index?, column, value, aggregate?, prefix?, fill?, on_error? } — a column for each value of the field column; aggregate as fn of group, for several values of a cell',
  unpivot:
    '{ op: "unpivot", fields | index, name?, value?, drop_null? } — a row for each of the fields, or for all but index',
  explode:
    '{ op: "explode", field, into?, position?, keep_empty?: false } — a row for each entry of a list; without entries one row with null, or none',
};

/** The functions of expressions; none is told that the language does not have. */
export const FUNCTION_GROUPS: readonly { title: string; functions: readonly string[] }[] = [
  {
    title: "text (counted in characters, an emoji is one)",
    functions: [
      ...[
        "lower(t)",
        "upper(t)",
        "title(t)",
        "trim(t)",
        "normalize(t, form?)",
        "slug(t)",
        "text(x)",
        "concat(a, b, …)",
      ],
      ...["length(x)", "substring(t, start, count?)", "left(t, n)", "right(t, n)", "pad_start(t, n, with?)"],
      ...["pad_end(t, n, with?)", "replace(t, search, with)", 'replace_regex(t, "pattern", with)', "index_of(t, part)"],
      ...['extract(t, "pattern", group?)', "json(x)", "parse_json(t)", "hash(t)"],
    ],
  },
  {
    title: "tests",
    functions: [
      ...[
        "contains(x, part)",
        "starts_with(t, part)",
        "ends_with(t, part)",
        'matches(t, "pattern")',
        "one_of(x, a, b, …)",
      ],
      ...["is_null(x)", "is_empty(x)", "type(x)"],
    ],
  },
  {
    title: "choice",
    functions: ["if(test, a, b)", "coalesce(a, b, …)", "try(x, otherwise?)", "min(a, b, …)", "max(a, b, …)"],
  },
  {
    title: "numbers",
    functions: [
      ...[
        "number(x, decimal?)",
        "round(n, digits?)",
        "floor(n)",
        "ceil(n)",
        "trunc(n)",
        "abs(n)",
        "sign(n)",
        "sqrt(n)",
      ],
      ...["pow(a, b)", "mod(a, b)", "log(n, base?)", "exp(n)"],
    ],
  },
  {
    title: "dates",
    functions: [
      ...["year(d)", "quarter(d)", "month(d)", "week(d)", "day(d)", "weekday(d)", "hour(d)", "minute(d)", "second(d)"],
      ...[
        'date_add(d, n, "days")',
        'date_diff(from, to, "days")',
        'date_trunc(d, "month")',
        'format_date(d, "DD.MM.YYYY")',
      ],
      ...['parse_date(t, "DD.MM.YYYY")', "to_unix(d)", "from_unix(n)"],
    ],
  },
  {
    title: "lists",
    functions: [
      ...[
        "count(l)",
        "sum(l)",
        "avg(l)",
        "first(l)",
        "last(l)",
        "sort(l)",
        "reverse(l)",
        "unique(l)",
        'pluck(l, "field")',
      ],
      ...['split(t, ",")', "join(l, separator?)", "slice(l, from, to?)"],
    ],
  },
];
