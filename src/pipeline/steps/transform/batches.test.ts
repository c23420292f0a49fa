import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runStep, type StepRun } from "../../../../test/fixtures/run-step.ts";
import { compileTransform } from "./transform.ts";

const operation = fc.constantFrom<object>(
  { op: "trim" },
  { op: "normalize", fields: ["b"], when: "a > 0" },
  { op: "cast", fields: { a: "number" }, on_error: "null" },
  { op: "cast", fields: ["a", "b"], type: "integer", on_error: "keep" },
  { op: "compute", field: "c", expression: "a + 1", on_error: "null" },
  { op: "compute", fields: { c: "coalesce(b, 'x') + a", d: "length(c)" }, on_error: "keep" },
  { op: "filter", expression: "a != 2", on_error: "keep" },
  { op: "filter", expression: "b == 'x'", when: "is_null(a)" },
  { op: "fill", fields: ["b"], from: "previous" },
  { op: "fill", values: { a: 0 }, when: "b != null" },
  { op: "row_number", into: "n" },
  { op: "rename", fields: { b: "a.b" } },
  { op: "nest", on_error: "keep" },
  { op: "flatten", separator: "." },
  { op: "omit", fields: "c" },
  { op: "rename", case: "upper" },
  { op: "limit", count: 4, offset: 1 },
  { op: "dedupe", fields: ["a"] },
);
const cell = fc.constantFrom<unknown>(1, 2, "1", " 2", "x", "", null, -1.5, true);
const row = fc.record({ a: cell, b: cell }, { requiredKeys: [] });

/** What the run says, without the order in which operations took turns; of one that failed, why. */
function comparable({ reasons, failure, ...run }: StepRun): unknown {
  if (failure) return failure;
  return { ...run, top: [], reasons: reasons.map((reason) => JSON.stringify(reason)).sort() };
}

it("gives the same rows, numbers, reasons and warnings however the rows are batched", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { maxLength: 6 }),
      fc.array(row, { maxLength: 12 }),
      async (operations, data) => {
        const step = compileTransform({ operations }, "Step 1 (transform)");
        const [one, three, all] = await Promise.all(
          [1, 3, 100].map((size) => runStep(step, structuredClone(data), { size })),
        );
        expect(comparable(one as StepRun)).toEqual(comparable(all as StepRun));
        expect(comparable(three as StepRun)).toEqual(comparable(all as StepRun));
      },
    ),
    { numRuns: 500 },
  );
});

describe("the reasons of several operations", () => {
  const data = Array.from({ length: 40 }, (_, index) => ({ a: index === 35 ? "x" : "1", b: "y" }));
  const castA = { op: "cast", fields: { a: "integer" } };
  const castB = { op: "cast", fields: { b: "integer" }, on_error: "null" };
  const attempt = (operations: unknown[], size: number) =>
    runStep(compileTransform({ operations }, "Step 1 (transform)"), structuredClone(data), { size });

  it.each([1, 7, 1000])(
    "are those of the one that ended the run, then those of the ones before it, in batches of %i",
    async (size) => {
      const { failure, reasons } = await attempt([castA, { ...castB, on_error: "fail" }], size);
      expect(failure?.message).toBe("Step 1 (transform), operation 1 (cast) failed in 1 row");
      expect(reasons.map(({ row, field }) => [row, field])).toEqual([[36, "a"]]);
      const later = await attempt([castB, castA], size);
      expect(later.failure?.message).toBe("Step 1 (transform), operation 2 (cast) failed in 1 row");
      expect(later.reasons.map(({ row, field }) => `${row} ${field}`).slice(0, 3)).toEqual(["36 a", "1 b", "2 b"]);
      expect([later.reasons.length, later.total]).toEqual([41, 41]);
    },
  );

  it.each([1, 7, 1000])("are in the order of operations where none ended it, in batches of %i", async (size) => {
    const { reasons, total } = await attempt([{ ...castA, on_error: "keep" }, castB], size);
    expect(reasons.map(({ row, field }) => `${row} ${field}`).slice(0, 2)).toEqual(["36 a", "1 b"]);
    expect(total).toBe(41);
  });
});

it("a failed row of the input counts once, whatever became of it", async () => {
  const data = [{ l: ["x", "y", 3] }, { l: [1] }, { l: ["z", 2] }];
  const operations = [
    { op: "explode", field: "l" },
    { op: "sort", by: "l" },
    { op: "cast", fields: { l: "integer" } },
  ];
  const { failure, total } = await runStep(compileTransform({ operations }, "here"), data);
  expect(failure?.message).toBe("here, operation 3 (cast) failed in 2 rows of the input");
  expect(total).toBe(3);
});

it("a sum beyond the range of numbers ends the run with what helps", async () => {
  const operations = [{ op: "group", aggregates: { s: { fn: "sum", field: "v" } } }];
  const { failure, reasons } = await runStep(compileTransform({ operations }, "here"), [{ v: 1e308 }, { v: 1e308 }]);
  expect(failure?.hint).toMatch(/^Divide the values first/);
  expect(reasons).toMatchObject([{ row: 1, field: "s", rule: "group" }]);
});
