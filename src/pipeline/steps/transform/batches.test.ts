import fc from "fast-check";
import { expect, it } from "vitest";
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
