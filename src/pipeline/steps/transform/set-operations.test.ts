import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Batch } from "../../batch.ts";
import { createReasons, newRow, type Reason, type Row } from "../../rows.ts";
import { createWorkspace } from "../../spool/workspace.ts";
import { dedupe, limit, sample, top } from "./choose-operations.ts";
import { collect, group } from "./group-operation.ts";
import type { OperationCompiler } from "./operation.ts";
import { pivot } from "./pivot-operation.ts";
import { explode, unpivot } from "./reshape-operations.ts";
import { running } from "./running-operation.ts";
import { sort } from "./sort-operation.ts";

const root = mkdtempSync(join(tmpdir(), "operations-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;

interface Done {
  rows: Record<string, unknown>[];
  numbers: number[];
  reasons: readonly Reason[];
}

/** Runs an operation over plain rows in batches of this size. */
function run(compile: OperationCompiler, options: object, data: readonly object[], size = 1000): Done {
  const workspace = createWorkspace(join(root, `${++folders}`), 100_000_000);
  const reasons = createReasons();
  const operation = compile({ op: "x", ...options }, "here").start({ workspace, reasons });
  const made: Batch[] = [];
  for (let from = 0; from < data.length; from += size) {
    const rows = data.slice(from, from + size).map((row) => newRow(row as Row));
    const pushed = operation.push({ rows, numbers: rows.map((_, index) => from + index + 1) });
    if (Symbol.iterator in pushed) made.push(...pushed);
    else made.push(pushed);
  }
  made.push(...(operation.end?.() ?? []));
  workspace.close();
  for (const { rows, numbers } of made) expect(numbers).toHaveLength(rows.length);
  return {
    rows: made.flatMap(({ rows }) => rows.map((row) => ({ ...row }))),
    numbers: made.flatMap(({ numbers }) => numbers),
    reasons: reasons.listed,
  };
}

const people = [
  { team: "b", name: "Ana", points: 3 },
  { team: "a", name: "Ben", points: 5 },
  { team: "b", name: "Cyd", points: null },
  { team: "b", name: "Dan", points: 4 },
];

describe("sort", () => {
  it.each<[string, object, unknown[], unknown[]]>([
    [
      "numbers, texts, booleans, lists, nothing",
      {},
      [null, [2], "b", true, 10, "B", 9, undefined, false, [1]],
      [9, 10, "B", "b", false, true, [1], [2], null, null],
    ],
    ["descending", { descending: true }, [1, null, "a", 2], ["a", 2, 1, null]],
    ["null first", { nulls: "first" }, [2, null, 1], [null, 1, 2]],
    ["null first and descending", { nulls: "first", descending: true }, [2, null, 3], [null, 3, 2]],
    ["texts that are numbers by number", { numeric: true }, ["10", "9", 9.5, "-3", "x"], ["-3", "9", 9.5, "10", "x"]],
    [
      "numbers inside texts by number",
      { numeric: true },
      ["v10.2", "v9.10", "v9.9", "v", "v010.1"],
      ["v", "v9.9", "v9.10", "v010.1", "v10.2"],
    ],
    ["texts whatever their case", { ignore_case: true }, ["b", "A", "a", "B"], ["A", "a", "b", "B"]],
    ["texts by code unit", {}, ["é", "z", "Z", "10", "9"], ["10", "9", "Z", "z", "é"]],
  ])("has %s", (_, options, from, to) => {
    const data = from.map((a) => (a === undefined ? {} : { a }));
    expect(run(sort, { by: "a", ...options }, data).rows.map(({ a }) => a ?? null)).toEqual(to);
  });

  it("takes several fields, each with options of its own", () => {
    const by = [
      { field: "team", descending: true },
      { field: "points", nulls: "first" },
    ];
    expect(run(sort, { by }, people).rows.map(({ name }) => name)).toEqual(["Cyd", "Ana", "Dan", "Ben"]);
  });

  it("keeps the order of equal rows and their numbers", () => {
    expect(run(sort, { by: "team", descending: true }, people, 2).numbers).toEqual([1, 3, 4, 2]);
  });

  it("has an order that does not contradict itself, whatever the values", () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.stringMatching(/^[a0]{0,2}[0-9]{0,3}[b.]?[0-9]{0,2}$/),
      fc.integer({ min: -12, max: 12 }),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 12 }), fc.boolean(), fc.boolean(), (values, numeric, descending) => {
        const options = { by: "a", numeric, descending };
        const once = run(
          sort,
          options,
          values.map((a) => ({ a })),
        ).rows;
        expect(run(sort, options, once).numbers).toEqual(once.map((_, index) => index + 1));
        // Any rotation sorts to rows that are equal step by step, but for what counts as the same.
        const turned = run(
          sort,
          options,
          [...values.slice(3), ...values.slice(0, 3)].map((a) => ({ a })),
        ).rows;
        const together = once.map((row, index) => run(sort, options, [turned[index] as object, row]).numbers);
        const reversed = once.map((row, index) => run(sort, options, [row, turned[index] as object]).numbers);
        expect(together).toEqual(once.map(() => [1, 2]));
        expect(reversed).toEqual(once.map(() => [1, 2]));
      }),
      { numRuns: 200 },
    );
  });
});

describe("limit", () => {
  it("gives so many rows after an offset, whatever the batches", () => {
    const data = Array.from({ length: 20 }, (_, a) => ({ a }));
    fc.assert(
      fc.property(fc.nat(25), fc.nat(25), fc.integer({ min: 1, max: 25 }), (count, offset, size) => {
        const { rows, numbers } = run(limit, { count, offset }, data, size);
        expect(rows).toEqual(data.slice(offset, offset + count));
        expect(numbers).toEqual(rows.map(({ a }) => (a as number) + 1));
      }),
    );
  });
});

describe("dedupe", () => {
  it("gives the first or the last of equal rows where it stands, whatever the batches", () => {
    const row = fc.record({ a: fc.constantFrom(1, "1", null, { x: 1, y: 2 }, { y: 2, x: 1 }), b: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(row), fc.boolean(), fc.integer({ min: 1, max: 10 }), (data, whole, size) => {
        const key = ({ a, b }: { a: unknown; b: number }) =>
          JSON.stringify([typeof a === "object" && a !== null ? "object" : a, whole ? b : 0]);
        const fields = whole ? {} : { fields: "a" };
        const first = data.flatMap((one, index) =>
          data.findIndex((other) => key(other) === key(one)) === index ? [index + 1] : [],
        );
        const last = data.flatMap((one, index) =>
          data.findLastIndex((other) => key(other) === key(one)) === index ? [index + 1] : [],
        );
        expect(run(dedupe, fields, data, size).numbers).toEqual(first);
        expect(run(dedupe, { ...fields, keep: "last" }, data, size).numbers).toEqual(last);
      }),
    );
  });
});

describe("top", () => {
  it.each<[string, object, number[]]>([
    ["the first rows", { count: 2 }, [1, 2]],
    ["the first rows of each group", { count: 2, by: "team" }, [1, 2, 3]],
    ["the largest of each group", { count: 1, by: "team", sort_by: "points" }, [2, 4]],
    ["the smallest of each group", { count: 1, by: "team", sort_by: "points", descending: false }, [1, 2]],
  ])("gives %s", (_, options, numbers) => {
    expect(run(top, options, people, 1).numbers).toEqual(numbers);
  });
});

describe("sample", () => {
  const data = Array.from({ length: 500 }, (_, a) => ({ a }));

  it("gives exactly so many rows in order, the same for the same seed", () => {
    fc.assert(
      fc.property(fc.nat(600), fc.nat(), (count, seed) => {
        const { numbers } = run(sample, { count, seed }, data, 77);
        expect(numbers).toHaveLength(Math.min(count, 500));
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        expect(run(sample, { count, seed }, data, 500).numbers).toEqual(numbers);
      }),
      { numRuns: 30 },
    );
  });

  it("gives each row as often as any other", () => {
    const counts = new Array(20).fill(0);
    for (let seed = 0; seed < 2000; seed++) {
      for (const number of run(sample, { count: 5, seed }, data.slice(0, 20)).numbers) counts[number - 1]++;
    }
    // 500 expected of each, with a standard deviation of about 19.
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(100);
  });

  it("gives a share of the rows", () => {
    const { numbers } = run(sample, { fraction: 0.3 }, data, 10);
    expect(numbers.length).toBeGreaterThan(110);
    expect(numbers.length).toBeLessThan(190);
    expect(run(sample, { fraction: 0.3 }, data).numbers).toEqual(numbers);
    expect(run(sample, { fraction: 0.3, seed: 1 }, data).numbers).not.toEqual(numbers);
    expect(run(sample, { fraction: 1 }, data).numbers).toHaveLength(500);
    expect(run(sample, { fraction: 0 }, data).numbers).toHaveLength(0);
  });
});

describe("group", () => {
  it.each<[unknown, unknown[], unknown]>([
    ["count", [1, null, "x"], 3],
    [{ fn: "count", field: "v" }, [1, null, "x"], 2],
    [{ fn: "count_distinct", field: "v" }, [1, "1", null, 1, { a: 1, b: 2 }, { b: 2, a: 1 }], 3],
    [{ fn: "sum", field: "v" }, [3, null, 1], 4],
    [{ fn: "sum", field: "v" }, [], 0],
    [{ fn: "sum", field: "v" }, [1e16, 1, 1, -1e16], 2],
    [{ fn: "sum", field: "v" }, new Array(10).fill(0.1), 1],
    [{ fn: "sum", field: "v" }, [1e308, 1e308, 1, -1e308, -1e308], 1],
    [{ fn: "sum", field: "v" }, [-1e308, -1e308, 1e308, 1e292], -1e308 + 1e292],
    [{ fn: "avg", field: "v" }, [1, 2, null], 1.5],
    [{ fn: "mean", field: "v" }, [], null],
    [{ fn: "mean", field: "v" }, [1.5e308, 1.7e308, 1.3e308], 1.5e308],
    [{ fn: "mean", field: "v" }, [1.5e308, 1.5e308, -1.5e308, 0, -1.5e308], 0],
    [{ fn: "median", field: "v" }, [5, 1, null, 3], 3],
    [{ fn: "median", field: "v" }, [10, 9, 1, 2], 5.5],
    [{ fn: "median", field: "v" }, [1.7e308, 1.7e308], 1.7e308],
    [{ fn: "median", field: "v" }, [], null],
    [{ fn: "std", field: "v" }, [2, 4, 4, 4, 5, 5, 7, 9], Math.sqrt(32 / 7)],
    [{ fn: "std", field: "v" }, [1e9 + 1, 1e9 + 2, 1e9 + 3], 1],
    [{ fn: "std", field: "v" }, [1], null],
    [{ fn: "min", field: "v" }, [2, null, 10], 2],
    [{ fn: "max", field: "v" }, ["10", "9"], "9"],
    [{ fn: "first", field: "v" }, [null, 2, 3], 2],
    [{ fn: "last", field: "v" }, [2, [3], null], [3]],
    [{ fn: "any", field: "v" }, [false, null, true], true],
    [{ fn: "any", field: "v" }, [false], false],
    [{ fn: "all", field: "v" }, [true, null, false, true], false],
    [{ fn: "all", field: "v" }, [null], null],
    [{ fn: "list", field: "v" }, [1, null, { a: 1 }, 1], [1, { a: 1 }, 1]],
    [{ fn: "list", field: "v", distinct: true }, [1, "1", 1], [1, "1"]],
    [{ fn: "join", field: "v" }, ["a", 1, null, "a"], "a, 1, a"],
    [{ fn: "join", field: "v", separator: "", distinct: true }, ["a", "b", "a"], "ab"],
    [{ fn: "join", field: "v" }, [], null],
  ])("%j of %j is %j", (aggregate, values, result) => {
    const data = values.map((v) => ({ v }));
    expect(run(group, { aggregates: { x: aggregate } }, data, 2)).toMatchObject({ rows: [{ x: result }], reasons: [] });
  });

  it("has no sum beyond the range of numbers, and tells of it", () => {
    const data = [
      { k: 1, v: 1e308 },
      { k: 2, v: 3 },
      { k: 1, v: 1e308 },
    ];
    const aggregates = { s: { fn: "sum", field: "v" }, d: { fn: "std", field: "v" }, m: { fn: "avg", field: "v" } };
    const { rows, reasons } = run(group, { by: "k", aggregates, on_error: "null" }, data, 2);
    expect(rows).toEqual([
      { k: 1, s: null, d: 0, m: 1e308 },
      { k: 2, s: 3, d: null, m: 3 },
    ]);
    const message = expect.stringMatching(/"s": sum is beyond the largest number there is/);
    expect(reasons).toEqual([{ row: 1, field: "s", rule: "group", message, value: null }]);
    const far = run(group, { aggregates: { d: aggregates.d } }, [{ v: -1.7e308 }, { v: 1.7e308 }]);
    expect(far.reasons).toMatchObject([{ field: "d", rule: "group" }]);
  });

  it("has groups in the order in which they appear, null and missing as one, with the number of their first row", () => {
    const data = [{ k: "b" }, { k: null }, {}, { k: "a" }, { k: "b" }];
    const { rows, numbers } = run(group, { by: "k", aggregates: { n: "count" } }, data, 2);
    expect(rows).toEqual([
      { k: "b", n: 2 },
      { k: null, n: 2 },
      { k: "a", n: 1 },
    ]);
    expect(numbers).toEqual([1, 2, 4]);
  });

  it("is one row for no rows without `by`, and none with it", () => {
    expect(run(group, { aggregates: { n: "count" } }, []).rows).toEqual([{ n: 0 }]);
    expect(run(group, { by: "k", aggregates: { n: "count" } }, []).rows).toEqual([]);
  });

  it.each<[object, unknown, string]>([
    [{ fn: "sum" }, "3", 'sum needs numbers, not "3"; cast the field first'],
    [{ fn: "median" }, true, "median needs numbers, not true; cast the field first"],
    [{ fn: "min" }, "x", 'min needs numbers only or texts only, not "x"; cast the field first'],
    [{ fn: "any" }, 1, "any needs true or false, not 1; cast the field first"],
  ])("passes over a value that %j cannot take, and records it", (aggregate, value, message) => {
    const options = { aggregates: { x: { ...aggregate, field: "v" } }, on_error: "null" };
    const start = "any" in aggregate || (aggregate as { fn: string }).fn === "any" ? true : 1;
    const done = run(group, options, [{ v: start }, { v: value }]);
    expect(done.reasons).toEqual([{ row: 2, field: "v", rule: "group", message: `"v": ${message}`, value }]);
    expect(done.rows).toEqual([{ x: start }]);
  });

  it("gives what plain code gives, whatever the batches", () => {
    const row = fc.record({
      k: fc.constantFrom("a", "b", 1, null),
      v: fc.option(fc.integer({ min: -1000, max: 1000 })),
    });
    const aggregates = Object.fromEntries(
      ["sum", "min", "max", "list", "count", "median", "count_distinct"].map((fn) => [fn, { fn, field: "v" }]),
    );
    fc.assert(
      fc.property(fc.array(row), fc.integer({ min: 1, max: 30 }), (data, size) => {
        const expected = [...Map.groupBy(data, ({ k }) => k)].map(([k, rows]) => {
          const list = rows.flatMap(({ v }) => (v === null ? [] : [v]));
          const sorted = list.toSorted((a, b) => a - b);
          const half = sorted.length / 2;
          return {
            k,
            sum: list.reduce((sum, v) => sum + v, 0),
            min: sorted[0] ?? null,
            max: sorted.at(-1) ?? null,
            list,
            count: list.length,
            median:
              half === 0 ? null : ((sorted[Math.ceil(half) - 1] as number) + (sorted[Math.floor(half)] as number)) / 2,
            count_distinct: new Set(list).size,
          };
        });
        expect(run(group, { by: "k", aggregates }, data, size).rows).toEqual(expected);
      }),
    );
  });

  it("does not depend on the order of rows, but for first, last, list and join", () => {
    const row = fc.record({ v: fc.integer({ min: -50, max: 50 }).map((n) => n / 8) });
    const aggregates = Object.fromEntries(
      ["sum", "avg", "min", "max", "count", "median"].map((fn) => [fn, { fn, field: "v" }]),
    );
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), (data) => {
        expect(run(group, { aggregates }, data.toReversed()).rows).toEqual(run(group, { aggregates }, data).rows);
      }),
    );
  });
});

describe("collect", () => {
  it("puts the rows of a group into a list", () => {
    expect(run(collect, { by: "team", into: "people" }, people, 2)).toMatchObject({
      rows: [
        {
          team: "b",
          people: [
            { name: "Ana", points: 3 },
            { name: "Cyd", points: null },
            { name: "Dan", points: 4 },
          ],
        },
        { team: "a", people: [{ name: "Ben", points: 5 }] },
      ],
      numbers: [1, 2],
    });
    expect(run(collect, { by: "team", into: "people", fields: ["name"] }, people).rows[1]).toEqual({
      team: "a",
      people: [{ name: "Ben" }],
    });
  });
});

describe("pivot", () => {
  const sales = [
    { shop: "N", month: 1, sum: 10 },
    { shop: "N", month: 2, sum: 20 },
    { shop: "S", month: 2, sum: 5 },
  ];

  it("makes columns of the values of a field", () => {
    const { rows } = run(pivot, { index: "shop", column: "month", value: "sum", prefix: "m" }, sales, 1);
    expect(rows).toEqual([
      { shop: "N", m1: 10, m2: 20 },
      { shop: "S", m1: null, m2: 5 },
    ]);
    expect(rows.map((row) => Object.keys(row))).toEqual([
      ["shop", "m1", "m2"],
      ["shop", "m1", "m2"],
    ]);
  });

  it("adds up, and fills what has no value", () => {
    const options = { index: "shop", column: "month", value: "sum", aggregate: "sum", fill: 0 };
    expect(run(pivot, options, [...sales, { shop: "S", month: 2, sum: 1 }]).rows).toEqual([
      { shop: "N", 1: 10, 2: 20 },
      { shop: "S", 1: 0, 2: 6 },
    ]);
  });

  it("counts rows without a field to count", () => {
    expect(run(pivot, { column: "shop", aggregate: "count" }, sales).rows).toEqual([{ N: 2, S: 1 }]);
  });

  it("fails for a second value of a cell, and for rows that name no column", () => {
    const data = [...sales, { shop: "S", month: 2, sum: 1 }, { shop: "S", month: "", sum: 1 }];
    const { rows, reasons } = run(pivot, { index: "shop", column: "month", value: "sum", on_error: "null" }, data);
    expect(reasons).toMatchObject([
      {
        row: 4,
        field: "sum",
        rule: "pivot",
        message: expect.stringContaining('already 5 in this cell; say by "aggregate"'),
      },
      { row: 5, field: "month", rule: "pivot", message: expect.stringContaining("no value to name a column by") },
    ]);
    expect(rows[1]).toEqual({ shop: "S", 1: null, 2: 5 });
  });

  it("refuses columns without end, and one that hides a field of the index", () => {
    const many = Array.from({ length: 2001 }, (_, month) => ({ month, sum: 1 }));
    expect(() => run(pivot, { column: "month", value: "sum" }, many)).toThrow(/"month" has more than 2000 different/);
    const hiding = { index: "shop", column: "month", value: "sum" };
    expect(() => run(pivot, hiding, [{ shop: 1, month: "shop", sum: 1 }])).toThrow(/name of a field of "index"/);
  });

  it("gives what plain code gives, and unpivot the values back", () => {
    const row = fc.record({
      i: fc.constantFrom("x", "y", "z"),
      c: fc.constantFrom("__proto__", "b", "c"),
      v: fc.nat(9),
    });
    fc.assert(
      fc.property(fc.array(row), fc.integer({ min: 1, max: 9 }), (data, size) => {
        const { rows } = run(pivot, { index: "i", column: "c", value: "v", aggregate: "list" }, data, size);
        const columns = [...new Set(data.map(({ c }) => c))];
        for (const [place, i] of [...new Set(data.map((one) => one.i))].entries()) {
          const cells = columns.map((c) => data.filter((one) => one.i === i && one.c === c).map(({ v }) => v));
          expect(Object.keys(rows[place] as object)).toEqual(["i", ...columns]);
          expect(Object.values(rows[place] as object)).toEqual([
            i,
            ...cells.map((list) => (list.length > 0 ? list : null)),
          ]);
        }
        const back = run(unpivot, { index: "i", name: "c", value: "v", drop_null: true }, rows, size);
        const entries = run(explode, { field: "v" }, back.rows, size).rows;
        const plain = (list: object[]) => list.map((one) => JSON.stringify(one)).sort();
        expect(plain(entries)).toEqual(plain(data.map(({ i, c, v }) => ({ i, c, v }))));
      }),
    );
  });
});

describe("unpivot", () => {
  const wide = [
    { id: 1, a: 5, b: null },
    { id: 2, a: 7 },
  ];

  it.each<[object, unknown[]]>([
    [
      { fields: ["a", "b"] },
      [
        { id: 1, name: "a", value: 5 },
        { id: 1, name: "b", value: null },
        { id: 2, name: "a", value: 7 },
        { id: 2, name: "b", value: null },
      ],
    ],
    [
      { index: "id", name: "key", value: "n", drop_null: true },
      [
        { id: 1, key: "a", n: 5 },
        { id: 2, key: "a", n: 7 },
      ],
    ],
    [
      { index: "id", fields: "b" },
      [
        { id: 1, name: "b", value: null },
        { id: 2, name: "b", value: null },
      ],
    ],
  ])("%j makes rows of columns", (options, rows) => {
    expect(run(unpivot, options, wide, 1).rows).toEqual(rows);
  });

  it("gives many rows of one in small batches", () => {
    const row = Object.fromEntries(Array.from({ length: 3500 }, (_, index) => [`c${index}`, index]));
    const workspace = createWorkspace(join(root, "none"), 0);
    const operation = unpivot({ fields: Object.keys(row) }, "here").start({ workspace, reasons: createReasons() });
    const batches = [...(operation.push({ rows: [newRow(row)], numbers: [7] }) as Iterable<Batch>)];
    expect(batches.map(({ rows }) => rows.length)).toEqual([1000, 1000, 1000, 500]);
    expect(new Set(batches.flatMap(({ numbers }) => numbers))).toEqual(new Set([7]));
  });
});

describe("explode", () => {
  const data = [{ id: 1, tags: ["x", "y"] }, { id: 2, tags: [] }, { id: 3, tags: "z" }, { id: 4 }];

  it("gives a row for each entry", () => {
    const { rows, numbers } = run(explode, { field: "tags", position: "at" }, data);
    expect(rows).toEqual([
      { id: 1, tags: "x", at: 0 },
      { id: 1, tags: "y", at: 1 },
      { id: 2, tags: null, at: null },
      { id: 3, tags: "z", at: 0 },
      { id: 4, tags: null, at: null },
    ]);
    expect(numbers).toEqual([1, 1, 2, 3, 4]);
  });

  it("leaves out rows without an entry when told so, and keeps the list beside its entries", () => {
    const { rows } = run(explode, { field: "tags", into: "tag", keep_empty: false }, data);
    expect(rows).toEqual([
      { id: 1, tags: ["x", "y"], tag: "x" },
      { id: 1, tags: ["x", "y"], tag: "y" },
      { id: 3, tags: "z", tag: "z" },
    ]);
  });
});

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

describe("running", () => {
  it.each<[string, object, unknown[], unknown[]]>([
    ["row_number", {}, ["a", "b"], [1, 2]],
    ["sum", { field: "v" }, [1, null, 2.5], [1, 1, 3.5]],
    ["min", { field: "v" }, [null, 3, 1, 2], [null, 3, 1, 1]],
    ["max", { field: "v" }, ["a", "c", "b"], ["a", "c", "c"]],
    ["previous", { field: "v" }, [1, null, 2], [null, 1, null]],
    ["rank", { field: "v" }, [5, 5, 3, 3, 1], [1, 1, 3, 3, 5]],
    ["dense_rank", { field: "v" }, [null, null, 3, 3, 1], [1, 1, 2, 2, 3]],
    ["rank", { field: "v" }, ["a2", "a10", "B", "c"], [1, 2, 3, 4]],
    ["rank", { field: "v" }, ["1.9", "1.10", "1.10", "-2"], [1, 2, 2, 4]],
  ])("%s follows the rows in order", (fn, options, values, made) => {
    const data = values.map((v) => ({ v }));
    expect(run(running, { fn, into: "x", ...options }, data, 2).rows.map(({ x }) => x)).toEqual(made);
  });

  it.each([
    [[5, 1, 5], { row: 3, value: 5, message: '"v": rank needs sorted rows, but 5 comes after 1' }],
    [[1, 2, 2, 1], { row: 4, value: 1 }],
    [["2026-01-02", "2026-03-01", "2026-02-01"], { row: 3 }],
  ])("gives no place to rows that are out of order: %j", (values, reason) => {
    const rows = values.map((v) => ({ v, x: "before" }));
    const { reasons, rows: made } = run(running, { fn: "rank", field: "v", into: "x", on_error: "null" }, rows, 2);
    expect(reasons).toMatchObject([reason]);
    expect(made[reason.row - 1]).toMatchObject({ x: null });
  });

  it("ranks each group by itself", () => {
    const rows = [
      { g: 1, v: 3 },
      { g: 2, v: 9 },
      { g: 1, v: 4 },
      { g: 2, v: 1 },
    ];
    const made = run(running, { fn: "rank", field: "v", by: "g", into: "x" }, rows, 2).rows;
    expect(made.map(({ x }) => x)).toEqual([1, 1, 2, 2]);
  });

  it("begins anew in each group", () => {
    const { rows } = run(running, { fn: "sum", field: "points", by: "team", into: "total" }, people, 3);
    expect(rows.map(({ total }) => total)).toEqual([3, 5, 3, 7]);
  });

  it("records a value that it cannot take, and goes on", () => {
    const options = { fn: "sum", field: "v", into: "x", on_error: "null" };
    const { rows, reasons } = run(running, options, [{ v: 1 }, { v: "2" }, { v: 3 }]);
    expect(rows.map(({ x }) => x)).toEqual([1, null, 4]);
    expect(reasons).toMatchObject([{ row: 2, field: "v", rule: "running", value: "2" }]);
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
  const workspace = createWorkspace(join(root, `${++folders}`), 1000);
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
