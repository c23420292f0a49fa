import { describe, expect, it } from "vitest";
import { runStep } from "../../../../test/fixtures/run-step.ts";
import { compileTransform } from "./transform.ts";

const attempt = (operations: unknown[], ...data: unknown[]) =>
  runStep(compileTransform({ operations }, "Step 1 (transform)"), data);

describe("an operation that overwrites a field", () => {
  it.each<[object, object, object, string]>([
    [{ op: "rename", fields: { a: "b" } }, { a: 1, b: 2 }, { b: 1 }, "b"],
    [{ op: "flatten" }, { "a.b": 1, a: { b: 2 } }, { "a.b": 2 }, "a.b"],
    [{ op: "flatten", fields: ["a"] }, { a: { b: 2 }, "a.b": 1 }, { "a.b": 1 }, "a.b"],
    [{ op: "nest", fields: ["a"], into: "b" }, { a: 1, b: 2 }, { b: { a: 1 } }, "b"],
    [{ op: "split", field: "a", separator: " ", into: ["a", "b"] }, { a: "x y", b: 2 }, { a: "x", b: "y" }, "b"],
    [{ op: "split", field: "a", separator: " ", into: "b" }, { a: "x", b: 2 }, { a: "x", b: ["x"] }, "b"],
    [{ op: "extract", field: "a", pattern: "(.)", into: ["b"] }, { a: "x", b: 2 }, { a: "x", b: "x" }, "b"],
  ])("tells of it: %j", async (operation, row, made, field) => {
    const { rows, warnings } = await attempt([operation], row, row, row);
    expect(rows[2]).toEqual(made);
    expect(warnings).toEqual([
      `operation 1 (${(operation as { op: string }).op}): the field "${field}" was there already, and what it had is replaced: rename or omit it first if that is not meant.`,
    ]);
  });

  it.each<[object, object]>([
    [
      { op: "rename", fields: { a: "b", b: "a" } },
      { a: 1, b: 2 },
    ],
    [
      { op: "rename", fields: { a: "c" } },
      { a: 1, b: 2 },
    ],
    [{ op: "flatten" }, { a: { b: 2 }, b: 1 }],
    [
      { op: "nest", fields: ["a", "b"], into: "b" },
      { a: 1, b: 2 },
    ],
    [
      { op: "split", field: "a", separator: " ", into: ["a", "b"] },
      { a: "x y", b: null },
    ],
    [{ op: "extract", field: "a", pattern: "(.)", into: ["a"] }, { a: "x" }],
    [{ op: "compute", field: "a", expression: "1" }, { a: "x" }],
    [{ op: "set", values: { a: 1 } }, { a: "x" }],
  ])("says nothing where it is meant: %j", async (operation, row) => {
    expect((await attempt([operation], row)).warnings).toEqual([]);
  });
});

describe("extract", () => {
  const extract = { op: "extract", field: "a", pattern: "([0-9]+)", into: ["n"] };

  it("gives null where the pattern does not match, and tells where it never does", async () => {
    const some = await attempt([extract], { a: "x1" }, { a: "y" }, { a: "" }, {});
    expect(some.rows).toEqual([{ a: "x1", n: "1" }, { a: "y", n: null }, { a: "", n: null }, {}]);
    expect([some.warnings, some.total]).toEqual([[], 0]);
    const none = await attempt([{ ...extract, when: "b" }], { a: "x", b: 1 }, { a: null, b: 1 }, { a: "1" });
    expect(none.warnings).toEqual(["operation 1 (extract): the pattern matches in none of the rows."]);
  });

  it("fails for what does not match once it is told what to do then", async () => {
    const data = [{ a: "x", n: 5 }, { a: "7" }, { a: null }];
    const nulls = await attempt([{ ...extract, on_error: "null" }], ...data);
    expect(nulls.rows).toEqual([
      { a: "x", n: null },
      { a: "7", n: "7" },
      { a: null, n: null },
    ]);
    expect(nulls.reasons).toMatchObject([{ row: 1, field: "a", message: '"a": the pattern does not match' }]);
    expect((await attempt([{ ...extract, on_error: "keep" }], ...data)).rows[0]).toEqual({ a: "x", n: 5 });
    expect((await attempt([{ ...extract, on_error: "fail" }], ...data)).failure).toBeDefined();
  });
});

describe("lift", () => {
  const data = [
    { row: 7, reasons: [], data: { id: 1, data: 2 } },
    { row: 9, reasons: [], data: { id: "x" } },
  ];

  it("makes the object in a field the row", async () => {
    const { rows, numbers } = await attempt([{ op: "lift", field: "data" }], ...data);
    expect(rows).toEqual([{ id: 1, data: 2 }, { id: "x" }]);
    expect(numbers).toEqual([1, 2]);
  });

  it("names rows by the number that they had, also where only some are lifted", async () => {
    const lift = { op: "lift", field: "data", number: "row" };
    const cast = { op: "cast", fields: { id: "integer" }, on_error: "null" };
    const { numbers, reasons } = await attempt([lift, cast], ...data);
    expect(numbers).toEqual([7, 9]);
    expect(reasons).toMatchObject([{ row: 9, field: "id" }]);
    expect((await attempt([{ ...lift, when: "row == 9" }], ...data)).numbers).toEqual([1, 9]);
  });

  it("fails for what is no object", async () => {
    const rows = [{ a: { b: 1 } }, { a: [1] }, {}];
    const { failure, reasons } = await attempt([{ op: "lift", field: "a" }], ...rows);
    expect(failure?.hint).toBe('Filter such rows out first, or set "on_error" to "keep".');
    expect(reasons.map(({ message }) => message)).toEqual(['"a": [1] is no object', '"a": is missing']);
    const kept = await attempt([{ op: "lift", field: "a", on_error: "keep" }], ...rows);
    expect(kept.rows).toEqual([{ b: 1 }, { a: [1] }, {}]);
    expect(kept.total).toBe(2);
  });
});
