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

const attempt = (operation: unknown, ...data: unknown[]) =>
  runStep(compileTransform({ operations: [operation] }, "Step 1 (transform)"), data, { workspace });
const of = (...values: unknown[]) => values.map((a) => ({ a, g: 1 }));

describe("numbers that are text", () => {
  it.each<[object]>([
    [{ op: "sort", by: "a" }],
    [{ op: "sort", by: ["g", { field: "a", descending: true }] }],
    [{ op: "top", count: 1, sort_by: "a" }],
    [{ op: "group", by: "g", aggregates: { m: { fn: "max", field: "a" } } }],
    [{ op: "running", fn: "min", field: "a", into: "m" }],
  ])("are told of where they are put in order as texts: %j", async (operation) => {
    const { warnings } = await attempt(operation, ...of("7", "", "10", null, "9"));
    expect(warnings).toEqual([
      `operation 1 (${(operation as { op: string }).op}): the numbers of "a" are text, so that "10" comes before "7": cast them to number first.`,
    ]);
  });

  it.each<[object, unknown[]]>([
    [{ op: "sort", by: "a" }, [7, 10]],
    [{ op: "sort", by: "a" }, ["7", "10", "x"]],
    [{ op: "sort", by: "a" }, ["20260131", "20260201", "20260101"]],
    [{ op: "sort", by: "a" }, ["9"]],
    [{ op: "sort", by: "a", numeric: true }, ["9", "10"]],
    [{ op: "sort", by: { field: "a", numeric: true } }, ["9", "10"]],
    [{ op: "group", by: "a", aggregates: { m: { fn: "count", field: "a" } } }, ["9", "10"]],
    [{ op: "top", count: 1, by: "a" }, ["9", "10"]],
  ])("are not told of where it makes no difference: %j of %j", async (operation, values) => {
    expect((await attempt(operation, ...of(...values))).warnings).toEqual([]);
  });

  it("are told of where an expression compares them", async () => {
    const filter = { op: "filter", expression: "a == 10", when: "b == true" };
    expect((await attempt(filter, { a: "10", b: "true" }, { a: "9", b: true })).warnings).toEqual([
      'operation 1 (filter): the text "9" is never equal to the number 10: cast "a" to number first.',
      'operation 1 (filter): the text "true" is never equal to the boolean true: cast "b" to boolean first.',
    ]);
    const compute = { op: "compute", fields: { c: "a + a", d: "a > '9'" }, when: "b" };
    expect((await attempt(compute, { a: "10", b: "no" })).warnings).toEqual([
      'operation 1 (compute): "+" joins the texts "10" and "10" to "1010": cast the fields to number first, or write concat() if it is meant.',
      'operation 1 (compute): ">" compares "10" and "9" as texts, sign by sign: cast the fields to number first.',
      'operation 1 (compute): the text "no" of "b" counts as true: cast "b" to boolean first.',
    ]);
  });

  it.each<[object]>([
    [{ op: "filter", expression: "a > 5" }],
    [{ op: "compute", field: "b", expression: "a * 2" }],
    [{ op: "compute", field: "b", expression: "round(a)" }],
    [{ op: "trim", when: "a < 3" }],
    [{ op: "group", aggregates: { s: { fn: "sum", field: "a" } } }],
  ])("are to be cast, where an operation fails for them: %j", async (operation) => {
    const { failure } = await attempt(operation, { a: "7" });
    expect(failure?.hint).toMatch(/cast/);
    expect(failure?.hint).not.toMatch(/"keep"/);
  });

  it("are not to be cast where something else is wrong", async () => {
    const { failure } = await attempt({ op: "compute", field: "b", expression: "a / 0" }, { a: 7 });
    expect(failure?.hint).toMatch(/"on_error" of the operation to "null" or "keep"/);
  });
});
