import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type FakeProvider, type RecordedRequest, startFakeProvider } from "../test/fixtures/fake-provider.ts";
import { type Figure, median, round } from "./figure.ts";

const LATENCY_MS = 200;
const AT_ONCE = 10;
const RUNS = 15;
const RUNS_FOR_CPU = 60;
const ROUNDS_FOR_CPU = 5;
/** Words of an answer. Each comes in an event of its own. */
const WORDS = 60;

type Who = "ours" | "openai" | "openai-whole";
interface Measured {
  /** Of a run, in ms. */
  cpuMs: number;
  /** Of each run, by its query, in ms. */
  walls: Record<string, number>;
}

/**
 * What a mixture of 2 × 3 agents and an aggregator costs besides its models, against a local server that takes 200 ms before an
 * answer: wall against the critical path, and CPU against the same run on the package openai.
 */
export async function benchMixture(): Promise<Figure[]> {
  return [await critical(1, 1.03), await critical(AT_ONCE, 1.1), ...(await cpu())];
}

/** The critical path of a run is what the server says: the slowest answer of each layer, one after the other. */
async function critical(atOnce: number, atMost: number): Promise<Figure> {
  const provider = await startModels(LATENCY_MS);
  const { walls } = await measure("ours", provider, RUNS * atOnce, atOnce);
  const runs = Object.entries(walls).map(([query, wall]) => ({ wall, critical: criticalPath(provider.chats, query) }));
  await provider.close();
  const ratio = median(runs.map((run) => run.wall / run.critical));
  return {
    what: `mixture of 2 × 3 agents and an aggregator, ${atOnce === 1 ? "alone" : `${atOnce} at once`}: wall against the critical path`,
    measured: `${round(median(runs.map((run) => run.wall)))} ms against ${round(median(runs.map((run) => run.critical)))} ms`,
    ratio,
    limit: { atMost },
  };
}

function criticalPath(requests: readonly RecordedRequest[], query: string): number {
  const slowest = new Map<string, number>();
  for (const { body, ms } of requests) {
    const prompt = body?.messages.at(-1)?.content ?? "";
    if (!prompt.includes(query)) continue;
    const layer = prompt === query ? "first" : prompt.startsWith("Create") ? "last" : "second";
    slowest.set(layer, Math.max(slowest.get(layer) ?? 0, ms));
  }
  if (slowest.size !== 3) throw new Error(`A run has ${slowest.size} layers instead of 3.`);
  return [...slowest.values()].reduce((sum, ms) => sum + ms, 0);
}

async function cpu(): Promise<Figure[]> {
  const provider = await startModels(0);
  const used: Record<Who, number[]> = { ours: [], openai: [], "openai-whole": [] };
  for (let turn = 0; turn < ROUNDS_FOR_CPU; turn++) {
    for (const who of ["ours", "openai", "openai-whole"] as const) {
      used[who].push((await measure(who, provider, RUNS_FOR_CPU, AT_ONCE)).cpuMs);
    }
  }
  await provider.close();
  const ours = median(used.ours);
  const against = (who: Who, what: string, limit?: Figure["limit"]): Figure => ({
    what: `CPU of such a run against the same written with openai 7, ${what}`,
    measured: `${round(ours)} ms against ${round(median(used[who]))} ms`,
    ratio: ours / median(used[who]),
    ...(limit && { limit }),
  });
  return [
    against("openai", "answers streamed by both", { atMost: 0.6 }),
    against("openai-whole", "whose answers come in one piece"),
  ];
}

function startModels(latencyMs: number): Promise<FakeProvider> {
  const reply = Array.from({ length: WORDS }, (_, index) => `word${index}`).join(" ");
  const models = Object.fromEntries(["a", "b", "c"].map((name) => [name, { latencyMs, reply }]));
  return startFakeProvider({ models });
}

async function measure(who: Who, { baseUrl }: FakeProvider, runs: number, atOnce: number): Promise<Measured> {
  const args = ["bench/mixture-run.ts", who, baseUrl, String(runs), String(atOnce)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Measured;
}
