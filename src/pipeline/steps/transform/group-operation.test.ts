import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { people, run } from "../../../../test/fixtures/run-operation.ts";
import { collect, group } from "./group-operation.ts";

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
