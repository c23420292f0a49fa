import { describe, expect, it } from "vitest";
import { failure, run } from "../../../test/fixtures/pipelines.ts";

describe("a field that no row has", () => {
  const filter = { name: "transform", operations: [{ op: "filter", expression: "idd > 0" }] };
  const warning = 'operation 1 (filter): no row has a field "idd". Did you mean "id"? Fields: id.';

  it("makes its step partial, and the run says so too", async () => {
    const result = await run({ data: [{ id: 1 }], steps: ["validate", filter, "format"] });
    expect(result).toMatchObject({ final_data: [], warnings: [`Step 2 (transform), ${warning}`] });
    expect(result.steps).toMatchObject([{ status: "success" }, { status: "partial", warnings: [warning] }, {}]);
    expect(await run({ data: [], steps: [filter] })).not.toHaveProperty("warnings");
  });

  it("is told where a later step ends the run because of it", async () => {
    const validate = { name: "validate", schema: { type: "array", minItems: 1 } };
    expect(await failure(run({ data: [{ id: 1 }], steps: [filter, validate] }))).toMatchObject({
      message: "Validation failed",
      details: { warnings: [`Step 1 (transform), ${warning}`] },
    });
  });

  it("is told of the columns of the result, wherever the format step stands", async () => {
    const steps = [
      { name: "format", format: "csv", columns: ["id", "duoble"] },
      { name: "transform", operations: [{ op: "compute", field: "double", expression: "id * 2" }] },
    ];
    expect(await run({ data: [{ id: 1 }], steps })).toMatchObject({
      final_data: "id,duoble\r\n1,\r\n",
      warnings: ['Step 1 (format), columns: no row has a field "duoble". Did you mean "double"? Fields: id, double.'],
      steps: [{ name: "format", status: "partial" }, { status: "success" }],
    });
  });

  it("is told of a template in a dry run, which calls nothing", async () => {
    const steps = [{ name: "enrich", llm: { into: "x", input_template: "{{idd}}" } }];
    expect(await run({ data: [{ id: 1 }], steps, dryRun: true })).toMatchObject({
      warnings: ['Step 1 (enrich), llm: no row has a field "idd". Did you mean "id"? Fields: id.'],
    });
    expect(await failure(run({ data: [{ id: 1 }], steps }))).toMatchObject({
      code: "invalid_input",
      message: 'Step 1 (enrich), llm: no row has a field "idd".',
    });
  });

  it("is listed for some of many operations", async () => {
    const operations = Array.from({ length: 100 }, (_, n) => ({ op: "sort", by: `missing${n}` }));
    const { warnings, steps } = await run({ data: [{ id: 1 }], steps: [{ name: "transform", operations }] });
    expect(steps[0]?.warnings).toHaveLength(21);
    expect(steps[0]?.warnings?.at(-1)).toBe("… and 80 warnings more");
    expect(warnings).toHaveLength(21);
    expect(warnings?.at(-1)).toMatch(/see the warnings of each step/);
  });
});
