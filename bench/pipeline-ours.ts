import { copyFileSync, readdirSync } from "node:fs";
import module from "node:module";
import { basename, dirname, join } from "node:path";
import { treeCpuMs } from "../test/fixtures/process-tree.ts";
import { STEPS } from "./pipeline-orders.ts";

/** The steps of the bench as a run of a pipeline, from a file to a kept result: `node pipeline-ours.mjs <input> <output> <turns> <folder>`. */

// As the program does.
module.enableCompileCache();
const { createPipelines } = await import("../src/pipeline/pipelines.ts");
const { createResultStore } = await import("../src/pipeline/results/create-result-store.ts");

const [input = "", output = "", turns = "1", folder = ""] = process.argv.slice(2);
const nobody = () => Promise.reject(new Error("The bench has no services."));
const pipelines = createPipelines(
  {
    definitions: {},
    folders: { in: dirname(input) },
    timeoutMs: 300_000,
    maxHeapMb: 512,
    maxInlineLength: 20_000,
    maxDiskBytes: 4 * 2 ** 30,
  },
  { searchMemory: nobody, callApi: nobody, processInput: nobody, readResource: nobody },
  createResultStore({ folder, keepHours: 1, maxUserBytes: 2 ** 30 }),
);
const status = { progress: () => {}, success: () => {}, error: () => {}, emit: () => {} };
const cpuMs = () => treeCpuMs(process.pid);
const run = () =>
  pipelines.run(
    { id: "bench" },
    { source: `in/${basename(input)}`, inputFormat: "csv", outputFormat: "csv", steps: STEPS },
    { signal: new AbortController().signal, status },
  );
const result = await run();
const first = { cpuMs: cpuMs(), wallMs: performance.now() };
const laterCpuMs: number[] = [];
for (let turn = 1; turn < Number(turns); turn++) {
  const before = cpuMs();
  await run();
  laterCpuMs.push(cpuMs() - before);
}
console.log(JSON.stringify({ ...first, laterCpuMs }));
const results = join(folder, "results");
for (const kept of readdirSync(results, { recursive: true, encoding: "utf8" })) {
  if (kept.includes(`${result.run_id}.data.`)) copyFileSync(join(results, kept), output);
}
await pipelines.close();
