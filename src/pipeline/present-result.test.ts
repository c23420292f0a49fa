import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { noServices, recordStatus, user } from "../../test/fixtures/pipelines.ts";
import { createPipelines } from "./pipelines.ts";
import { createResultStore } from "./results/create-result-store.ts";
import type { RunRequest } from "./run-request.ts";

const folder = mkdtempSync(join(tmpdir(), "patchbay-test-"));
const limits = { timeoutMs: 60_000, maxHeapMb: 256, maxInlineLength: 20_000, maxDiskBytes: 2 ** 30 };
const pipelines = createPipelines(
  { definitions: {}, folders: {}, ...limits },
  noServices,
  // Not enough for any report.
  createResultStore({ folder, keepHours: 1, maxUserBytes: 10 }),
);
afterAll(async () => {
  await pipelines.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

it("gives the result of a run whose report cannot be kept, with a warning", async () => {
  const context = { signal: new AbortController().signal, status: recordStatus() };
  const result = await pipelines.run(user, { data: [{ a: 1 }], report: true }, context);
  expect(result).toMatchObject({ final_data: [{ a: 1 }], complete: true, report: expect.stringContaining("# ") });
  expect(result.warnings).toEqual([expect.stringMatching(/^The report is not kept: /)]);
});

describe("with room for results", () => {
  const own = createPipelines(
    { definitions: {}, folders: {}, ...limits, maxInlineLength: 3000 },
    noServices,
    createResultStore({ folder: join(folder, "more"), keepHours: 1, maxUserBytes: 1_000_000 }),
  );
  afterAll(() => own.close());
  const run = (request: RunRequest) =>
    own.run(user, request, { signal: new AbortController().signal, status: recordStatus() });

  it("keeps also a short quarantine, as the source of the run that mends it", async () => {
    const steps = [{ name: "validate", fields: { n: "number" }, mode: "quarantine" }];
    const { quarantine, run_id } = await run({ data: [{ n: 1 }, { n: "x" }], steps });
    expect(quarantine).toMatchObject({ complete: true, rows: 1, data: [{ row: 2, data: { n: "x" } }] });
    expect(quarantine?.resource?.uri).toBe(`pipeline://runs/${run_id}/quarantine`);
    expect((await run({ source: `pipeline://runs/${run_id}/quarantine` })).final_data).toMatchObject([{ row: 2 }]);
    const tried = await run({ data: [{ n: "x" }], steps, dryRun: true });
    expect(tried.quarantine).not.toHaveProperty("resource");
  });

  it("reads a kept csv as it was before its texts were made harmless", async () => {
    const data = Array.from({ length: 300 }, (_, n) => ({ tel: `+49 30 ${n}`, note: "- item" }));
    const { resource, warnings } = await run({ data, outputFormat: "csv" });
    expect(warnings).toEqual([expect.stringMatching(/^600 cells /)]);
    const operations = [{ op: "filter", expression: "starts_with(tel, '+49') and note == '- item'" }];
    expect(await run({ source: resource?.uri, steps: [{ name: "transform", operations }] })).toMatchObject({
      rows: 300,
    });
  });

  it("lists fewer reasons where those of all steps are long, and says how often each came", async () => {
    const data = Array.from({ length: 400 }, (_, n) => ({ a: `text ${n}`, b: `other ${n}` }));
    const operations = [{ op: "cast", fields: { a: "number" }, on_error: "keep" }];
    const one = await run({
      data,
      steps: [
        { name: "transform", operations },
        { name: "transform", operations: [] },
      ],
    });
    expect(one.steps[0]?.issues).toHaveLength(100);
    const steps = Array(5).fill({ name: "transform", operations });
    const { steps: records } = await run({ data, steps });
    expect(JSON.stringify(records).length).toBeLessThan(25_000);
    expect(records[4]).toMatchObject({
      issues_total: 400,
      top_reasons: [{ field: "a", rule: "cast", count: 400, row: 1 }],
    });
    expect([records[4]?.issues].flat().length).toBeGreaterThanOrEqual(10);
  });
});
