import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { run } from "../../../../test/fixtures/run-operation.ts";
import { pivot } from "./pivot-operation.ts";
import { explode, unpivot } from "./reshape-operations.ts";

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
