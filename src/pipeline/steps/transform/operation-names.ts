import { castFields } from "./cast-operation.ts";
import { dedupe, limit, sample, top } from "./choose-operations.ts";
import { compute, filter } from "./compute-operations.ts";
import { collect, group } from "./group-operation.ts";
import { lift } from "./lift-operation.ts";
import type { OperationCompiler } from "./operation.ts";
import { pivot } from "./pivot-operation.ts";
import { explode, unpivot } from "./reshape-operations.ts";
import { running } from "./running-operation.ts";
import { flatten, nest, omit, pick, rename, reorder } from "./shape-operations.ts";
import { sort } from "./sort-operation.ts";
import { extract, join, lowercase, normalize, replace, split, trim, uppercase } from "./text-operations.ts";
import { fill, mapValues, mask, nullify, round, rowNumber, set } from "./value-operations.ts";

/** The operations on single rows by name: they give at most one row for each. */
export const ROW_OPERATIONS: ReadonlyMap<string, OperationCompiler> = new Map([
  ["pick", pick],
  ["omit", omit],
  ["rename", rename],
  ["reorder", reorder],
  ["cast", castFields],
  ["trim", trim],
  ["normalize", normalize],
  ["lowercase", lowercase],
  ["uppercase", uppercase],
  ["replace", replace],
  ["nullify", nullify],
  ["fill", fill],
  ["set", set],
  ["map_values", mapValues],
  ["compute", compute],
  ["filter", filter],
  ["round", round],
  ["split", split],
  ["extract", extract],
  ["join", join],
  ["flatten", flatten],
  ["nest", nest],
  ["lift", lift],
  ["row_number", rowNumber],
  ["mask", mask],
]);

/** The operations that look at all rows together, or make several of one, by name. */
export const SET_OPERATIONS: ReadonlyMap<string, OperationCompiler> = new Map([
  ["dedupe", dedupe],
  ["sort", sort],
  ["limit", limit],
  ["top", top],
  ["sample", sample],
  ["group", group],
  ["collect", collect],
  ["running", running],
  ["pivot", pivot],
  ["unpivot", unpivot],
  ["explode", explode],
]);

/** What other tools call the operations, in small letters without separators. */
export const OTHER_OPERATION_NAMES: Record<string, readonly string[]> = {
  select: ["pick"],
  keep: ["pick", "filter"],
  drop: ["omit"],
  remove: ["omit"],
  exclude: ["omit"],
  delete: ["omit"],
  convert: ["cast"],
  type: ["cast"],
  types: ["cast"],
  astype: ["cast"],
  parse: ["cast"],
  todate: ["cast"],
  todatetime: ["cast"],
  parsedate: ["cast"],
  tonumber: ["cast"],
  tonumeric: ["cast"],
  toint: ["cast"],
  tostring: ["cast"],
  mutate: ["compute"],
  assign: ["compute"],
  derive: ["compute"],
  calculate: ["compute"],
  eval: ["compute"],
  formula: ["compute"],
  addfield: ["compute"],
  addcolumn: ["compute"],
  where: ["filter"],
  query: ["filter"],
  strip: ["trim"],
  lower: ["lowercase"],
  upper: ["uppercase"],
  fillna: ["fill"],
  default: ["fill"],
  defaults: ["fill"],
  replacena: ["fill"],
  map: ["map_values"],
  mapping: ["map_values"],
  recode: ["map_values"],
  concat: ["join"],
  unite: ["join"],
  merge: ["join"],
  separate: ["split"],
  deduplicate: ["dedupe"],
  distinct: ["dedupe"],
  unique: ["dedupe"],
  dropduplicates: ["dedupe"],
  arrange: ["sort"],
  orderby: ["sort"],
  sortby: ["sort"],
  sortvalues: ["sort"],
  orderbydesc: ["sort"],
  head: ["limit"],
  take: ["limit"],
  groupby: ["group"],
  aggregate: ["group"],
  summarize: ["group"],
  summarise: ["group"],
  countby: ["group"],
  unnest: ["explode", "flatten"],
  melt: ["unpivot"],
  gather: ["unpivot"],
  pivotlonger: ["unpivot"],
  unstack: ["pivot"],
  spread: ["pivot"],
  pivotwider: ["pivot"],
  pivottable: ["pivot"],
  crosstab: ["pivot"],
  unwind: ["explode"],
  nest: ["collect"],
  grouplist: ["collect"],
  rank: ["running"],
  window: ["running"],
  cumsum: ["running"],
  rownumber: ["running"],
  lag: ["running"],
  slicemax: ["top"],
  nlargest: ["top"],
  first: ["top", "limit"],
  jsonnormalize: ["flatten"],
  count: ["group"],
  valuecounts: ["group"],
  crossjoin: ["explode"],
  stack: ["unpivot"],
  cummax: ["running"],
  cummin: ["running"],
  shift: ["running"],
  denserank: ["running"],
  unpack: ["flatten", "lift"],
  extractobject: ["lift"],
};

/** How to have what other tools have an operation for, by its name in small letters without separators. */
const ELSEWHERE: Record<string, string> = {
  lookup:
    'Looking up is a step: { "name": "enrich", "lookup": { "field": "country", "source": "exports/countries.csv", "key": "code" } }.',
  enrich: 'Enriching is a step: { "name": "enrich", "lookup": { … } }.',
  api: 'Calling an API is a step: { "name": "enrich", "api": { … } }.',
  llm: 'Asking a model is a step: { "name": "enrich", "llm": { … } }.',
  validate: 'Validating is a step: { "name": "validate", "fields": { … } }.',
  format:
    'Formatting is a step: { "name": "format", "format": "csv" }; dates are written by compute with format_date().',
  jsonata: 'JSONata is an option of the step instead of operations: { "name": "transform", "jsonata": "…" }.',
  dropna:
    'Write { "op": "filter", "expression": "not is_empty(a)" }, or validate with "required": true and "mode": "drop".',
  titlecase: 'Write { "op": "compute", "field": "a", "expression": "title(a)" }.',
  slugify: 'Write { "op": "compute", "field": "a", "expression": "slug(a)" }.',
  substring: 'Write { "op": "compute", "field": "a", "expression": "substring(a, 0, 10)" }.',
  coalesce: 'Write { "op": "compute", "field": "a", "expression": "coalesce(a, b)" }.',
  formatdate: 'Write { "op": "compute", "field": "a", "expression": "format_date(a, "DD.MM.YYYY")" }.',
  union: "Rows come from one input; put them together before.",
};
for (const [name, same] of Object.entries({
  dropnull: "dropna",
  dropnulls: "dropna",
  removenull: "dropna",
  removeempty: "dropna",
  dropempty: "dropna",
  title: "titlecase",
  capitalize: "titlecase",
  propercase: "titlecase",
  initcap: "titlecase",
  substr: "substring",
  vlookup: "lookup",
  check: "validate",
  strftime: "formatdate",
  append: "union",
})) {
  ELSEWHERE[name] = ELSEWHERE[same] as string;
}

/** How to have what other tools have an operation of this name for, where no operation here is like it. */
export function elsewhere(name: string): string | undefined {
  const plain = name.toLowerCase().replace(/[\s_.-]/g, "");
  return Object.hasOwn(ELSEWHERE, plain) ? ELSEWHERE[plain] : undefined;
}
