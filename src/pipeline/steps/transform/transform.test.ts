import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runStep } from "../../../../test/fixtures/run-step.ts";
import { createWorkspace } from "../../spool/workspace.ts";
import { compileTransform } from "./transform.ts";

const folder = mkdtempSync(join(tmpdir(), "transform-"));
const workspace = createWorkspace(folder, 10_000_000);
afterAll(() => {
  workspace.close();
  rmSync(folder, { recursive: true });
});

const attempt = (operations: unknown[], data: unknown[], parameters: Record<string, unknown> = {}) =>
  runStep(compileTransform({ operations }, "Step 1 (transform)", parameters), data, { workspace });

async function transform(operations: unknown[], data: unknown[]): Promise<unknown> {
  const { rows, failure } = await attempt(operations, data);
  expect(failure).toBeUndefined();
  return rows;
}

describe("transform", () => {
  it.each<[string, unknown, unknown[], unknown[]]>([
    ["pick", { op: "pick", fields: ["b", "a", "x"] }, [{ a: 1, b: 2, c: 3 }], [{ b: 2, a: 1 }]],
    ["omit", { op: "omit", fields: "b" }, [{ a: 1, b: 2 }], [{ a: 1 }]],
    ["rename", { op: "rename", fields: { a: "b", b: "a" } }, [{ a: 1, b: 2, c: 3 }], [{ b: 1, a: 2, c: 3 }]],
    [
      "rename over a field",
      { op: "rename", fields: { a: "c" } },
      [{ a: 1, b: 2, c: 3 }, { c: 4 }],
      [{ c: 1, b: 2 }, { c: 4 }],
    ],
    ["trim", { op: "trim" }, [{ a: " x ", b: " y ", c: 1 }], [{ a: "x", b: "y", c: 1 }]],
    ["lowercase", { op: "lowercase", fields: ["a"] }, [{ a: "ÄX", b: "Y" }], [{ a: "äx", b: "Y" }]],
    ["uppercase", { op: "uppercase", fields: ["a", "z"] }, [{ a: "x" }], [{ a: "X" }]],
    [
      "fill",
      { op: "fill", values: { a: 0, b: [] } },
      [{ a: null }, { a: "" }, { a: 1, b: 2 }],
      [
        { a: 0, b: [] },
        { a: 0, b: [] },
        { a: 1, b: 2 },
      ],
    ],
    [
      "map_values",
      { op: "map_values", field: "a", values: { x: 1, 2: "two" } },
      [{ a: "x" }, { a: 2 }, { a: "y" }, {}],
      [{ a: 1 }, { a: "two" }, { a: "y" }, {}],
    ],
    [
      "map_values with a default",
      { op: "map_values", field: "a", into: "b", values: { x: 1 }, default: null },
      [{ a: "x" }, { a: "constructor" }],
      [
        { a: "x", b: 1 },
        { a: "constructor", b: null },
      ],
    ],
    ["compute", { op: "compute", field: "c", expression: "a + b" }, [{ a: 1, b: 2 }], [{ a: 1, b: 2, c: 3 }]],
    ["filter", { op: "filter", expression: "a > 1" }, [{ a: 1 }, { a: 2 }, {}], [{ a: 2 }]],
    [
      "split to a list",
      { op: "split", field: "a", separator: "," },
      [{ a: "x,y" }, { a: 1 }],
      [{ a: ["x", "y"] }, { a: 1 }],
    ],
    [
      "split to fields",
      { op: "split", field: "a", separator: " ", into: ["b", "c"] },
      [{ a: "x y z" }, { a: "x" }],
      [
        { a: "x y z", b: "x", c: "y z" },
        { a: "x", b: "x", c: null },
      ],
    ],
    [
      "join",
      { op: "join", fields: ["a", "b", "c"], separator: "-", into: "d" },
      [{ a: "x", b: null, c: [1, 2] }],
      [{ a: "x", b: null, c: [1, 2], d: "x-1-2" }],
    ],
    [
      "dedupe",
      { op: "dedupe" },
      [{ a: 1, b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: 1 }, { a: "1" }, { a: 1 }],
      [{ a: 1, b: { c: 1, d: 2 } }, { a: "1" }, { a: 1 }],
    ],
    [
      "dedupe by fields",
      { op: "dedupe", fields: ["a"] },
      [{ a: 1, b: 1 }, { a: 1, b: 2 }, {}, { a: null }],
      [{ a: 1, b: 1 }, {}],
    ],
    [
      "sort",
      { op: "sort", by: "a" },
      [{ a: "b" }, { a: 10 }, { a: null }, { a: 9 }, { a: "B" }, {}],
      [{ a: 9 }, { a: 10 }, { a: "B" }, { a: "b" }, { a: null }, {}],
    ],
    ["limit", { op: "limit", count: 1, offset: 1 }, [{ a: 1 }, { a: 2 }, { a: 3 }], [{ a: 2 }]],
    [
      "flatten",
      { op: "flatten" },
      [{ a: { b: { c: 1 }, d: [{ e: 1 }] }, f: {} }],
      [{ "a.b.c": 1, "a.d": [{ e: 1 }], f: {} }],
    ],
    [
      "group",
      {
        op: "group",
        by: ["k"],
        aggregates: {
          n: "count",
          with: { fn: "count", field: "v" },
          sum: { fn: "sum", field: "v" },
          avg: { fn: "avg", field: "v" },
          min: { fn: "min", field: "v" },
          max: { fn: "max", field: "v" },
          first: { fn: "first", field: "v" },
          last: { fn: "last", field: "v" },
        },
      },
      [{ k: "a", v: 3 }, { k: "b", v: null }, { k: "a", v: 1 }, { k: "a" }],
      [
        { k: "a", n: 3, with: 2, sum: 4, avg: 2, min: 1, max: 3, first: 3, last: 1 },
        { k: "b", n: 1, with: 0, sum: 0, avg: null, min: null, max: null, first: null, last: null },
      ],
    ],
    ["group of all", { op: "group", aggregates: { n: "count" } }, [], [{ n: 0 }]],
  ])("%s", async (_, operation, data, rows) => {
    expect(await transform([operation], data)).toEqual(rows);
  });

  it.each<[string, unknown[], unknown[]]>([
    ["string", [1, true, null, { a: 1 }, "x"], ["1", "true", null, '{"a":1}', "x"]],
    ["number", ["1.50", " -2 ", "1e3", "", null, 7], [1.5, -2, 1000, null, null, 7]],
    ["integer", ["12", 3, "4.0", " "], [12, 3, 4, null]],
    ["boolean", ["Yes", "0", 1, "off", true, ""], [true, false, true, false, true, null]],
    [
      "date",
      ["2026-01-31", "2026-01-31T10:00", "2026-01-31 10:00:05+02:00", ""],
      ["2026-01-31", "2026-01-31", "2026-01-31", null],
    ],
    [
      "datetime",
      ["2026-01-31", "2026-01-31T10:00", "2026-01-31 10:00:05+02:00", ""],
      ["2026-01-31T00:00:00.000Z", "2026-01-31T10:00:00.000Z", "2026-01-31T08:00:05.000Z", null],
    ],
  ])("casts to %s", async (type, from, to) => {
    const data = from.map((a) => ({ a }));
    expect(await transform([{ op: "cast", fields: { a: type } }], data)).toEqual(to.map((a) => ({ a })));
  });

  it.each<[string, string, unknown[], unknown[]]>([
    [
      "number",
      ",",
      ["1.234,50", "-3,00", "1234,5", "1.234.567", "12 345,6", "1\u202f234", "1'234,5", ",5", "7", 8.5],
      [1234.5, -3, 1234.5, 1234567, 12345.6, 1234, 1234.5, 0.5, 7, 8.5],
    ],
    ["number", ".", ["1,234.50", "1,234,567", "1234.5", "1e3"], [1234.5, 1234567, 1234.5, 1000]],
    ["integer", ",", ["1.234", "12,0"], [1234, 12]],
  ])("casts to %s with the decimal sign %j", async (type, decimal, from, to) => {
    const operation = { op: "cast", fields: { a: type }, decimal };
    expect(
      await transform(
        [operation],
        from.map((a) => ({ a })),
      ),
    ).toEqual(to.map((a) => ({ a })));
  });

  it.each<[string | undefined, string, string]>([
    [",", "1.5", '"1.5" is not a number; "decimal": "." would read it as 1.5'],
    [",", "1.23,4", '"1.23,4" is not a number'],
    [",", "1.234 567", '"1.234 567" is not a number'],
    [".", "1,50", '"1,50" is not a number; "decimal": "," would read it as 1.5'],
    [undefined, "1.234,50", '"1.234,50" is not a number; "decimal": "," would read it as 1234.5'],
    [undefined, "1,234.50", '"1,234.50" is not a number; "decimal": "." would read it as 1234.5'],
    [
      undefined,
      "1,234",
      '"1,234" is not a number; "decimal": "." would read it as 1234; "decimal": "," would read it as 1.234',
    ],
    [undefined, "x", '"x" is not a number'],
  ])("with the decimal sign %j, %j is no number", async (decimal, a, message) => {
    const operation = { op: "cast", fields: { a: "number" }, ...(decimal !== undefined && { decimal }) };
    expect((await attempt([operation], [{ a }])).reasons).toMatchObject([{ message: `"a": ${message}` }]);
  });

  it("casts dates of other formats", async () => {
    const operation = { op: "cast", fields: { a: "datetime" }, date_format: "DD.MM.YYYY HH:mm" };
    expect(await transform([operation], [{ a: "1.2.2026 09:30" }])).toEqual([{ a: "2026-02-01T09:30:00.000Z" }]);
    const american = { op: "cast", fields: { a: "date" }, date_format: "MM/DD/YYYY" };
    expect(await transform([american], [{ a: "12/31/2026" }])).toEqual([{ a: "2026-12-31" }]);
    expect((await attempt([american], [{ a: "31/12/2026" }])).failure).toBeDefined();
  });

  it.each([
    ["number", "1,5"],
    ["number", "0x10"],
    ["number", "Infinity"],
    ["integer", "1.5"],
    ["boolean", "maybe"],
    ["date", "2026-02-30"],
    ["date", "31.1.2026"],
  ])("fails to cast to %s: %j", async (type, a) => {
    const outcome = await attempt([{ op: "cast", fields: { a: type } }], [{ a: null }, { a }]);
    expect(outcome.failure?.message).toBe("Step 1 (transform), operation 1 (cast) failed in 1 row");
    expect(outcome.reasons).toMatchObject([{ row: 2, field: "a", rule: "cast", value: a }]);
  });

  it("goes on after failed values when told so, and records them", async () => {
    const data = [{ a: "1" }, { a: "x" }];
    for (const [policy, second] of [
      ["null", null],
      ["keep", "x"],
    ] as const) {
      const outcome = await attempt([{ op: "cast", fields: { a: "number" }, on_error: policy }], data);
      expect(outcome.failure).toBeUndefined();
      expect(outcome.rows).toEqual([{ a: 1 }, { a: second }]);
      expect(outcome.total).toBe(1);
    }
  });

  it("names failed rows by their number in the step's input, whatever came before", async () => {
    const operations = [
      { op: "filter", expression: "keep" },
      { op: "sort", by: "a", descending: true },
      { op: "compute", field: "b", expression: "a * 2" },
    ];
    const outcome = await attempt(operations, [{ keep: false }, { keep: true, a: 1 }, { keep: true, a: "x" }]);
    expect(outcome.reasons).toMatchObject([{ row: 3, field: "b", rule: "compute" }]);
  });

  it("fails to add up what is no number", async () => {
    const operation = { op: "group", by: "k", aggregates: { sum: { fn: "sum", field: "v" } } };
    const outcome = await attempt([operation], [{ k: 1, v: "3" }]);
    expect(outcome.reasons).toMatchObject([
      { row: 1, field: "v", message: expect.stringContaining("cast the field first") },
    ]);
  });

  it("says how many rows an operation left or made", async () => {
    const operations = [
      { op: "trim" },
      { op: "filter", expression: "a > 1" },
      { op: "explode", field: "l" },
      { op: "group", by: "a", aggregates: { n: "count" } },
    ];
    const { record, rows, numbers } = await attempt(operations, [
      { a: 1, l: [1] },
      { a: 2, l: [1, 2] },
      { a: 2, l: [3] },
    ]);
    expect(record).toEqual({
      operations: 4,
      operation_rows: [
        { operation: 2, op: "filter", rows_in: 3, rows_out: 2 },
        { operation: 3, op: "explode", rows_in: 2, rows_out: 3 },
        { operation: 4, op: "group", rows_in: 3, rows_out: 1 },
      ],
    });
    expect({ rows, numbers }).toEqual({ rows: [{ a: 2, n: 3 }], numbers: [2] });
  });

  it("takes what an operation keeps to the end through those after it", async () => {
    const operations = [
      { op: "sort", by: "a" },
      { op: "compute", field: "b", expression: "a * 10" },
      { op: "limit", count: 3 },
      { op: "row_number", into: "n" },
    ];
    const data = [5, 3, 4, 1, 2].map((a) => ({ a }));
    expect(await transform(operations, data)).toEqual([1, 2, 3].map((a) => ({ a, b: a * 10, n: a })));
  });

  it("ends the run at the first operation that failed, and counts all its rows", async () => {
    const operations = [
      { op: "cast", fields: { a: "number", b: "number" } },
      { op: "compute", field: "c", expression: "a / b" },
    ];
    const data = [
      { a: "1", b: "1" },
      { a: "1", b: "0" },
      { a: "x", b: "y" },
      { a: "z", b: "1" },
      { a: "1", b: "0" },
    ];
    const { failure, reasons, total } = await attempt(operations, data);
    expect(failure).toEqual({
      message: "Step 1 (transform), operation 1 (cast) failed in 2 rows",
      hint: 'Set "on_error" of the operation to "null" or "keep" to go on, or filter such rows out first.',
    });
    expect(reasons.map(({ row, field, rule }) => `${row} ${field} ${rule}`)).toEqual([
      "3 a cast",
      "3 b cast",
      "4 a cast",
    ]);
    expect(total).toBe(4);
  });

  it('changes with "when" only the rows for which it holds', async () => {
    const when = 'country == "DE"';
    const data = [
      { country: "DE", a: "x" },
      { country: "FR", a: "x" },
      { country: null, a: "x" },
      { country: "DE", a: "y" },
    ];
    const germans = async (operation: object) => (await transform([{ when, ...operation }], data)) as { a: unknown }[];
    expect((await germans({ op: "uppercase", fields: "a" })).map(({ a }) => a)).toEqual(["X", "x", "x", "Y"]);
    expect((await germans({ op: "compute", field: "a", expression: "a + 1" })).map(({ a }) => a)).toEqual([
      "x1",
      "x",
      "x",
      "y1",
    ]);
    expect((await germans({ op: "rename", fields: { a: "b" } })).map(Object.keys)).toEqual([
      ["country", "b"],
      ["country", "a"],
      ["country", "a"],
      ["country", "b"],
    ]);
    expect((await germans({ op: "filter", expression: "a == 'y'" })).map(({ a }) => a)).toEqual(["x", "x", "y"]);
    expect(await attempt([{ op: "trim", when: "contry == 1" }], data)).toMatchObject({
      warnings: ['operation 1 (trim): no row has a field "contry". Did you mean "country"? Fields: country, a.'],
    });
    expect(await attempt([{ op: "trim", when: "a > 1" }], data)).toMatchObject({
      failure: {
        message: "Step 1 (transform), operation 1 (trim) failed in 4 rows",
        hint: expect.stringContaining('"when"'),
      },
      reasons: [{ row: 1, field: null, rule: "when" }, {}, {}, {}],
    });
  });

  it("has the values of parameters in its expressions", async () => {
    const operations = [
      { op: "filter", expression: "a >= $least" },
      { op: "compute", fields: { b: "a * $factor", c: "b + 1" }, when: "a != $least" },
    ];
    const { rows } = await attempt(operations, [{ a: 1 }, { a: 2 }, { a: 3 }], { least: 2, factor: 10 });
    expect(rows).toEqual([{ a: 2 }, { a: 3, b: 30, c: 31 }]);
  });

  it("goes on after a pattern that is too large for a text as on_error says", async () => {
    const expression = 'extract(a, "((x|xx|xxx){1,30}){1,30}y", 1)';
    const operation = { op: "compute", field: "b", expression, on_error: "null" };
    const { rows, reasons } = await attempt([operation], [{ a: "x".repeat(200_000) }, { a: "xxy" }]);
    expect(rows).toMatchObject([{ b: null }, { b: "xx" }]);
    expect(reasons).toMatchObject([
      { row: 1, rule: "compute", message: expect.stringContaining("is too large for a text of") },
    ]);
  });
});
