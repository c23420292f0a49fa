import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { startOpenWebUi } from "../test/fixtures/open-webui.ts";
import type { ChatSocket, Turn } from "../test/fixtures/open-webui-chat.ts";
import { type ScriptedModel, startScriptedModel } from "../test/fixtures/scripted-model.ts";
import { type Figure, median, quantile, round } from "./figure.ts";
import { withFolder } from "./folder.ts";

const RUNS = 100;
/** Chats at once: more would measure how Open-WebUI's database gets along. */
const AT_ONCE = 2;
const LIMIT_MS = 1_000;

interface Run {
  /** Milliseconds from each event of the tool to its arrival in the browser. */
  lags: number[];
  /** Whether the last line, shown and stored, says that the work is done. */
  ended: boolean;
  /** Milliseconds from the Stop button to the end of the request to the model. */
  stopMs?: number;
}

/** The status line in a real Open-WebUI, by the session of the chat's user: none may be missing, late, or look busy for ever. */
export function benchOpenWebUi(): Promise<Figure[]> {
  return withFolder(async (folder) => {
    const model = await startScriptedModel();
    const webUi = await startOpenWebUi({ models: model.url });
    const servers: ChildProcess[] = [];
    try {
      const config = {
        providers: { scripted: { baseUrl: model.url } },
        llm: { modelId: "scripted/scripted" },
        openWebui: { url: webUi.url },
        auth: { mode: "open-webui-session" },
        logLevel: "error",
      };
      const start = async (name: string, more: object = {}) => {
        const { child, url } = await startServer(join(folder, name), { ...config, ...more });
        servers.push(child);
        return { id: name, url };
      };
      await webUi.setToolServers(await start("patient"), await start("hasty", { limits: { callTimeout: 1 } }));
      const tab = await webUi.admin.open();
      const measure = (run: (n: number) => Promise<Run>) => inWaves(RUNS, AT_ONCE, run);
      const figures = [
        ...figuresOf("success", await measure((n) => plain(tab, `CALL memory_add {"content":"Fact ${n} of many"}`))),
        ...figuresOf(
          "error",
          await measure((n) => plain(tab, `CALL memory_update {"memory_id":"none-${n}","content":"x"}`)),
        ),
        ...figuresOf("Stop", await measure((n) => stopped(tab, model, n))),
        ...figuresOf("deadline", await measure((n) => plain(tab, slow(`deadline ${n}`), "hasty"))),
      ];
      tab.close();
      return figures;
    } finally {
      for (const child of servers) child.kill();
      await webUi.stop();
      await model.close();
    }
  });
}

async function plain(tab: ChatSocket, question: string, server = "patient"): Promise<Run> {
  const turn = await tab.ask(question, { tools: [`server:mcp:${server}`] });
  await turn.ended().catch(() => {});
  return watched(turn);
}

async function stopped(tab: ChatSocket, model: ScriptedModel, n: number): Promise<Run> {
  const turn = await tab.ask(slow(`stop ${n}`), { tools: ["server:mcp:patient"] });
  const upstream = () => model.requests.find(({ body, asked }) => !body.tools && asked.includes(`stop ${n} `));
  await until(() => upstream() !== undefined, 20_000);
  // At different moments of the call.
  await new Promise((done) => setTimeout(done, (n * 37) % 500));
  const at = Date.now();
  await turn.stop();
  const run = await watched(turn);
  await until(() => upstream()?.abortedAt !== undefined, 5_000);
  return { ...run, stopMs: (upstream()?.abortedAt ?? Number.POSITIVE_INFINITY) - at };
}

/** Looks at the lines of a turn once the last one is there. */
async function watched(turn: Turn): Promise<Run> {
  const isDone = () => turn.statuses().at(-1)?.data.done === true;
  await until(isDone, 5_000);
  let stored = false;
  await until(async () => {
    stored = (await turn.stored()).statusHistory?.at(-1)?.done === true;
    return stored;
  }, 5_000);
  const lags = turn.statuses().map(({ at, data }) => at - 1000 * Number(data.timestamp));
  return { lags, ended: isDone() && stored };
}

function slow(mark: string): string {
  return `CALL llm_processor ${JSON.stringify({ input: `${mark} SLOW 20`, task: "summarize" })}`;
}

function figuresOf(what: string, runs: Run[]): Figure[] {
  const missing = runs.filter(({ ended, lags }) => !ended || lags.length === 0).length;
  const lags = runs.flatMap((run) => run.lags);
  const late = lags.filter((ms) => ms > LIMIT_MS).length;
  const stops = runs.flatMap(({ stopMs }) => stopMs ?? []);
  const spread = (values: number[]) =>
    `median ${round(median(values))} ms, 99th percentile ${round(quantile(values, 0.99))} ms, most ${round(Math.max(...values))} ms`;
  return [
    {
      what: `${what}: runs whose last line is missing or not done, shown and stored`,
      measured: `${missing} of ${runs.length}`,
      ratio: missing,
      limit: { atMost: 0 },
    },
    {
      what: `${what}: event of the tool to the chat, the latest one against 1 s`,
      measured: `${lags.length} events, ${late} late; ${spread(lags)}`,
      ratio: Math.max(...lags) / LIMIT_MS,
      limit: { atMost: 1 },
    },
    ...(stops.length === 0
      ? []
      : [
          {
            what: `${what}: button to the end of the request to the model, the latest one against 1 s`,
            measured: spread(stops),
            ratio: Math.max(...stops) / LIMIT_MS,
            limit: { atMost: 1 },
          },
        ]),
  ];
}

async function inWaves<T>(runs: number, atOnce: number, run: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let n = 0; n < runs; n += atOnce) {
    results.push(...(await Promise.all(Array.from({ length: Math.min(atOnce, runs - n) }, (_, k) => run(n + k)))));
  }
  return results;
}

async function until(look: () => boolean | Promise<boolean>, ms: number): Promise<void> {
  for (const end = Date.now() + ms; !(await look()) && Date.now() < end; ) {
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** The published bundle over HTTP on a free port. */
async function startServer(folder: string, config: object): Promise<{ child: ChildProcess; url: string }> {
  mkdirSync(folder);
  const file = join(folder, "patchbay.yaml");
  writeFileSync(file, stringify({ dataDir: "data", ...config }));
  const args = [resolve("dist/main.js"), "http", "--port", "0", "--config", file];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const url = () => /http:\/\/\S+:\d+\/mcp/.exec(said)?.[0];
  await until(() => url() !== undefined || child.exitCode !== null, 30_000);
  const found = url();
  if (found) return { child, url: found };
  child.kill();
  throw new Error("The server did not start.");
}
