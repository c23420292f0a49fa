import { once } from "node:events";
import { createWriteStream, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./fixtures/cleanup.ts";
import { roadOf } from "./fixtures/clients.ts";
import { type ProbedServer, startProbedServer } from "./fixtures/probed-server.ts";
import { processTree } from "./fixtures/process-tree.ts";
import { serverCommand, startProcess } from "./fixtures/spawn.ts";

/** Milliseconds in which a run has to stop, with what a busy machine needs to tell. */
const STOP_MS = 100 + 400;

let probed: ProbedServer;
beforeAll(async () => {
  probed = await startProbedServer({ timeout: 60 });
  await writeRows(join(probed.folder, "rows.csv"), 300_000);
});

async function writeRows(file: string, rows: number): Promise<void> {
  const output = createWriteStream(file);
  output.write("id,group,text\n");
  for (let row = 0; row < rows; row += 1000) {
    const lines = Array.from({ length: 1000 }, (_, n) => `${row + n},${(row + n) % 9973},some text of row ${row + n}`);
    output.write(`${lines.join("\n")}\n`);
  }
  output.end();
  await once(output, "finish");
}

/** Longer than any machine takes for it before it is cancelled. */
const sorting = {
  source: "in/rows.csv",
  output_format: "csv",
  steps: Array.from({ length: 10 }, (_, n) => ({
    name: "transform",
    operations: [{ op: "sort", by: n % 2 === 0 ? "text" : "group" }],
  })),
};
const endless = {
  data: [{ a: 1 }],
  steps: [{ name: "transform", jsonata: "($f := function($x) { $f($x + 1) }; $f(1))" }],
};
const computing = {
  source: "in/rows.csv",
  steps: [
    {
      name: "transform",
      operations: Array.from({ length: 100 }, () => ({ op: "compute", field: "x", expression: "upper(text)" })),
    },
  ],
};

/** What the process burns while nothing asks anything of it. */
async function isIdle(): Promise<boolean> {
  const before = probed.cpuMs();
  await sleep(200);
  return probed.cpuMs() - before < 100;
}

describe.each([
  ["a sort on disk", sorting],
  ["an expression of JSONata without end", endless],
  ["a long way through a file", computing],
])("%s that is cancelled", (_what, args) => {
  it.each([
    ["by notifications/cancelled", "the 2025 era over HTTP, in a session"],
    ["by the end of its request", "2026-07-28 over HTTP"],
  ])("%s stops, and leaves no thread, no process, no file and no result", async (_how, road) => {
    const client = await roadOf(road).connect({ http: probed.server, command: { command: "", args: [], env: {} } });
    await expect.poll(isIdle, { timeout: 10_000 }).toBe(true);
    const keptBefore = probed.kept();
    const cancel = new AbortController();
    const call = client.call("run_pipeline", args, { signal: cancel.signal }).catch(() => "cancelled");
    await sleep(700);
    // It is under way.
    const cpu = probed.cpuMs();
    await sleep(100);
    expect(probed.cpuMs()).toBeGreaterThan(cpu);
    const helpers = probed.helpers();
    const cancelledAt = performance.now();
    cancel.abort();
    await expect
      .poll(() => probed.helpers() < helpers && probed.work().length === 0, { interval: 5, timeout: 5000 })
      .toBe(true);
    expect(performance.now() - cancelledAt).toBeLessThan(STOP_MS);
    expect(await call).toBe("cancelled");
    expect(await isIdle()).toBe(true);
    expect(probed.kept()).toEqual(keptBefore);
    expect(await client.call("run_pipeline", { data: [{ a: 1 }], steps: [] })).toMatchObject({ isError: false });
    await client.close();
  });
});

it("a run that is repeated after it was cancelled gives what it would have given", async () => {
  const args = {
    ...sorting,
    steps: [
      {
        name: "transform",
        operations: [
          { op: "sort", by: "text" },
          { op: "limit", count: 20_000 },
        ],
      },
    ],
  };
  const cancel = new AbortController();
  const call = probed.client.call("run_pipeline", args, { signal: cancel.signal }).catch(() => "cancelled");
  await sleep(500);
  cancel.abort();
  expect(await call).toBe("cancelled");
  const [first, second] = [
    await probed.client.call("run_pipeline", args),
    await probed.client.call("run_pipeline", args),
  ];
  expect(first).toMatchObject({ isError: false, json: { rows: 20_000, complete: false } });
  expect(second.json.run_id).toBe(first.json.run_id);
  expect(second.json.resource).toEqual(first.json.resource);
  const { uri } = first.json.resource as { uri: string };
  const limited = await probed.client.call("run_pipeline", {
    source: uri,
    steps: [
      {
        name: "transform",
        operations: [
          { op: "limit", count: 1 },
          { op: "pick", fields: ["text"] },
        ],
      },
    ],
  });
  expect(limited.json.final_data).toEqual([{ text: "some text of row 0" }]);
});

describe("a server over stdio that ends during a run", () => {
  async function startRun() {
    const base = temporaryFolder();
    mkdirSync(join(base, "in"));
    await writeRows(join(base, "in", "rows.csv"), 300_000);
    const work = join(base, "data", "pipeline-runs", "work");
    const command = serverCommand({
      config: { dataDir: join(base, "data"), pipelineRuns: { folders: { in: join(base, "in") } } },
    });
    const server = startProcess(command);
    const send = (message: object) =>
      server.process.stdin?.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
    const clientInfo = { name: "test", version: "0" };
    send({ id: 1, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo } });
    send({ method: "notifications/initialized" });
    send({
      id: 2,
      method: "tools/call",
      params: { name: "run_pipeline", arguments: { ...sorting, steps: [...sorting.steps, ...endless.steps] } },
    });
    const entries = () => {
      try {
        return readdirSync(work);
      } catch {
        return [];
      }
    };
    await expect.poll(entries, { timeout: 15_000, interval: 10 }).toHaveLength(1);
    return { base, command, server, entries };
  }

  it("because its client has gone removes what the run had on disk", async () => {
    const { base, server, entries } = await startRun();
    const closed = once(server.process, "close");
    server.process.stdin?.end();
    await closed;
    expect(entries()).toEqual([]);
    expect(readdirSync(join(base, "data", "pipeline-runs"))).toEqual(["work"]);
  });

  it("by force leaves nothing that the next server does not remove", async () => {
    const { command, server, entries } = await startRun();
    const started = processTree(server.process.pid as number).slice(1);
    const closed = once(server.process, "exit");
    server.process.kill("SIGKILL");
    await closed;
    await expect.poll(() => started.filter((pid) => existsSync(`/proc/${pid}`)), { timeout: 5000 }).toEqual([]);
    expect(entries()).toHaveLength(1);
    const next = startProcess(command);
    const call = {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "run_pipeline", arguments: { data: [{ a: 1 }], steps: [] } },
    };
    const clientInfo = { name: "test", version: "0" };
    const start = {
      jsonrpc: "2.0",
      id: 0,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo },
    };
    next.process.stdin?.write(`${JSON.stringify(start)}\n${JSON.stringify(call)}\n`);
    await expect.poll(entries, { timeout: 15_000 }).toEqual([]);
  });
});
