import { describe, expect, it } from "vitest";
import { newWorkspace, run } from "../../../../test/fixtures/run-operation.ts";
import { createReasons, newRow, type Row } from "../../rows.ts";
import { dedupe, limit, sample, top } from "./choose-operations.ts";
import { collect, group } from "./group-operation.ts";
import type { OperationCompiler } from "./operation.ts";
import { pivot } from "./pivot-operation.ts";
import { explode, unpivot } from "./reshape-operations.ts";
import { running } from "./running-operation.ts";
import { sort } from "./sort-operation.ts";

describe("empty text, as empty cells of csv are", () => {
  const data = [
    { g: "a", v: "1" },
    { g: "a", v: "" },
    { g: "b", v: "" },
  ];

  it("is no value to an aggregate", () => {
    const aggregates = Object.fromEntries(
      ["count", "count_distinct", "min", "sum", "list", "first"].map((fn) => [fn, { fn, field: "v" }]),
    );
    const { rows, reasons } = run(group, { by: "g", aggregates, on_error: "null" }, data, 2);
    expect(rows).toEqual([
      { g: "a", count: 1, count_distinct: 1, min: "1", sum: 0, list: ["1"], first: "1" },
      { g: "b", count: 0, count_distinct: 0, min: null, sum: 0, list: [], first: null },
    ]);
    expect(reasons.map(({ value }) => value)).toEqual(["1"]);
  });

  it("is none to a pivot, an unpivot with drop_null and a running sum either", () => {
    const cells = [
      { g: "a", n: "x", v: "1" },
      { g: "a", n: "x", v: "" },
      { g: "b", n: "x", v: "" },
    ];
    expect(run(pivot, { index: "g", column: "n", value: "v" }, cells).rows).toEqual([
      { g: "a", x: "1" },
      { g: "b", x: null },
    ]);
    expect(run(unpivot, { fields: ["v"], drop_null: true }, data).rows).toEqual([{ g: "a", name: "v", value: "1" }]);
    expect(run(running, { fn: "sum", field: "v", into: "s" }, [{ v: 1 }, { v: "" }, { v: 2 }]).rows).toMatchObject([
      { s: 1 },
      { s: 1 },
      { s: 3 },
    ]);
  });
});

describe("fields with the names that objects inherit", () => {
  const row = JSON.parse('{"__proto__":"k","constructor":[1,2],"toString":3}') as object;

  it.each<[string, OperationCompiler, object, unknown]>([
    ["sort", sort, { by: "__proto__" }, row],
    ["dedupe", dedupe, { fields: ["__proto__"] }, row],
    [
      "group",
      group,
      { by: "__proto__", aggregates: { hasOwnProperty: { fn: "sum", field: "toString" } } },
      JSON.parse('{"__proto__":"k","hasOwnProperty":3}'),
    ],
    [
      "collect",
      collect,
      { by: "toString", into: "__proto__", fields: "constructor" },
      JSON.parse('{"toString":3,"__proto__":[{"constructor":[1,2]}]}'),
    ],
    ["pivot", pivot, { index: "toString", column: "__proto__", value: "constructor" }, { toString: 3, k: [1, 2] }],
    [
      "unpivot",
      unpivot,
      { fields: "__proto__", name: "constructor" },
      { constructor: "__proto__", toString: 3, value: "k" },
    ],
    ["running", running, { fn: "row_number", by: "constructor", into: "valueOf" }, { ...row, valueOf: 1 }],
  ])("are plain ones for %s", (_, compile, options, expected) => {
    expect(JSON.stringify(run(compile, options, [row]).rows)).toBe(JSON.stringify([expected]));
  });
});

it.each<[OperationCompiler, object, RegExp]>([
  [sort, { by: [] }, /at least one field/],
  [sort, { by: 5 }, /"by" must be a list of field names, not 5/],
  [sort, { by: "a", nulls: "middle" }, /"nulls" must be one of first, last/],
  [sort, { by: [{ field: "a", desc: true }] }, /"by": unknown key "desc"/],
  [limit, { count: -1 }, /whole number from 0/],
  [dedupe, { keep: "none" }, /"keep" must be one of first, last/],
  [top, { count: 0 }, /whole number from 1/],
  [top, { count: 1, descending: true }, /"descending" needs "sort_by"/],
  [sample, {}, /needs either "count" or "fraction"/],
  [sample, { fraction: 2 }, /from 0 to 1, not 2/],
  [group, { aggregates: { n: { fn: "middle", field: "a" } } }, /"n": "fn" must be one of count, count_distinct, sum/],
  [group, { aggregates: { n: { fn: "average", field: "a" } } }, /"n": unknown function "average"/],
  [group, { aggregates: { n: "sum" } }, /"field" must be a text/],
  [group, { by: "n", aggregates: { n: "count" } }, /"n" is also a field of "by"/],
  [group, { aggregates: { n: { fn: "count", field: "a", distinct: true } } }, /count has no "distinct"/],
  [collect, { by: "a", into: "a" }, /"into" is also a field of "by"/],
  [pivot, { index: "a", column: "a", value: "b" }, /cannot be a field of "index"/],
  [pivot, { column: "a", value: "b", aggregate: "average" }, /"aggregate" must be one of count/],
  [unpivot, {}, /needs "fields" or "index"/],
  [unpivot, { index: "name" }, /"name" is a field of "index"/],
  [explode, { field: "a", position: "a" }, /"position" must be a field of its own/],
  [running, { fn: "row_number", field: "a", into: "b" }, /row_number has no "field"/],
])("%o refuses %j", (compile, options, message) => {
  expect(() => compile({ op: "x", ...options }, "here")).toThrow(message);
});

it("says how all rows are taken together", () => {
  expect(() => group({ op: "group", by: [], aggregates: { n: "count" } }, "here")).toThrow(
    expect.objectContaining({ hint: 'Leave "by" out to take all rows together.' }),
  );
});

it.each<[OperationCompiler, object, object, string[]]>([
  [unpivot, { fields: ["a"] }, { a: 1, name: "x", value: 2 }, ["name", "value"]],
  [unpivot, { fields: ["a", "value"], name: "what" }, { a: 1, value: 2, name: 3 }, []],
  [explode, { field: "a", into: "b", position: "c" }, { a: [1, 2], b: 5, c: 6 }, ["b", "c"]],
  [explode, { field: "a" }, { a: [1, 2] }, []],
])("%o with %j warns of fields of %j that it replaces", (compile, options, row, fields) => {
  const told = new Set<string>();
  const operation = compile({ op: "x", ...options }, "here");
  const warn = (text: string) => void told.add(text);
  const workspace = newWorkspace(1000);
  const made = operation
    .start({ workspace, reasons: createReasons(), warn })
    .push({ rows: [newRow(row as Row)], numbers: [1] });
  if (Symbol.iterator in made) expect([...made]).not.toEqual([]);
  workspace.close();
  expect([...told]).toEqual(fields.map((field) => expect.stringContaining(`the field "${field}" was there already`)));
});

it("a pivot and a running sum tell of sums beyond the range of numbers", () => {
  const data = [1e308, 1e308, -1e308].map((v) => ({ c: "x", v }));
  const pivoted = run(pivot, { column: "c", value: "v", aggregate: "sum", fill: 0 }, data.slice(0, 2));
  expect(pivoted).toMatchObject({ rows: [{ x: null }], reasons: [{ row: 1, field: "x", rule: "pivot" }] });
  const ran = run(running, { fn: "sum", field: "v", into: "s", on_error: "null" }, data);
  expect(ran.rows.map(({ s }) => s)).toEqual([1e308, null, 1e308]);
  expect(ran.reasons).toMatchObject([{ row: 2, field: "v", rule: "running", value: 1e308 }]);
});

it.each<[OperationCompiler, object, string]>([
  [
    group,
    { aggregates: { s: { fn: "sum", field: "a" }, t: { fn: "any", field: "b" } } },
    '"fields": { "a": "number", "b": "boolean" }',
  ],
  [pivot, { column: "c", value: "v", aggregate: "avg" }, '"fields": { "v": "number" }'],
  [pivot, { column: "c", value: "v" }, 'Set "aggregate"'],
  [running, { fn: "rank", field: "v", by: "g", into: "r" }, '"op": "sort", "by": ["g", "v"]'],
  [running, { fn: "sum", field: "v", into: "r" }, '"fields": { "v": "number" }'],
])("%o with %j says what helps where rows fail", (compile, options, hint) => {
  expect(compile({ op: "x", ...options }, "here").hint).toContain(hint);
});
