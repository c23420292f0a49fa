import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { noServices, recordStatus, user } from "../../test/fixtures/pipelines.ts";
import { createPipelines } from "./pipelines.ts";
import { createResultStore } from "./results/create-result-store.ts";

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
