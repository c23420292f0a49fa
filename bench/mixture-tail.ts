import FakeTimers from "@sinonjs/fake-timers";
import type { Account } from "../src/llm/account.ts";
import { createLatencyRecord } from "../src/llm/latency.ts";
import type { ModelClient } from "../src/llm/model-client.ts";
import { createMixtureOfAgents, type MixtureOptions } from "../src/moa/mixture-of-agents.ts";
import { seededRandom } from "../src/moa/random.ts";
import { type Figure, quantile, round } from "./figure.ts";

const RUNS = 5000;
/** Runs before it, in which the client learns how long its models take. */
const WARM_UP = 50;
// So that waiting for all takes 20 s at p50, 61 at p90 and 150 at p99, and waiting for two of three 13 at p50 and 20.5 at p90.
const MEDIAN_MS = 4000;
const SIGMA = 0.5;
const TAIL = { share: 0.05, fromMs: 10_000, alpha: 1.55 };
const HANG = { share: 0.01, ms: 120_000 };

const OPTIONS: MixtureOptions = {
  models: ["sim/a", "sim/b", "sim/c"],
  aggregatorModel: "sim/a",
  strategy: "mixed",
  numLayers: 2,
  agentsPerLayer: 3,
  maxTokens: 1000,
  callTimeout: 60,
  timeout: 240,
};

/** What every peer does: wait for all, for as long as it takes. */
const WAIT_FOR_ALL: MixtureOptions = { ...OPTIONS, quorum: 3, hedging: false, callTimeout: 1000, timeout: 10_000 };

interface Tail {
  seconds: number[];
  calls: number;
  degraded: number;
}

/**
 * How long mixtures of 2 × 3 agents and an aggregator take where calls have a tail: the real code of a run on a virtual clock, with
 * models that only take their time (lognormal, 5 % of a Pareto tail, 1 % that hang for 120 s), beside a run that waits for all.
 */
export async function benchMixtureTail(): Promise<Figure[]> {
  const waits = await simulate(WAIT_FOR_ALL);
  const ours = await simulate(OPTIONS);
  const at = (share: number, atMost: number): Figure => {
    const [mine, theirs] = [quantile(ours.seconds, share), quantile(waits.seconds, share)];
    return {
      what: `mixture with a tail, simulated: p${share * 100} against waiting for all`,
      measured: `${round(mine)} s against ${round(theirs)} s`,
      ratio: mine / theirs,
      limit: { atMost },
    };
  };
  return [
    at(0.9, 0.4),
    at(0.99, 0.25),
    {
      what: "calls of such a mixture against waiting for all",
      measured: `${round(ours.calls / RUNS)} against ${round(waits.calls / RUNS)}; ${round((100 * ours.degraded) / RUNS)} % of the runs rest on less`,
      ratio: ours.calls / waits.calls,
      limit: { atMost: 1.12 },
    },
  ];
}

async function simulate(options: MixtureOptions): Promise<Tail> {
  const flush = setImmediate;
  const clock = FakeTimers.install({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
  try {
    const counted = { calls: 0 };
    const mixture = createMixtureOfAgents(simulatedClient(seededRandom(7), counted), options);
    const tail: Tail = { seconds: [], calls: 0, degraded: 0 };
    for (let index = 0; index < WARM_UP + RUNS; index++) {
      if (index === WARM_UP) counted.calls = 0;
      const startedAt = performance.now();
      let done = false;
      const run = mixture
        .run({ id: "bench" }, { query: "Which?", seed: index }, { signal: new AbortController().signal })
        .finally(() => {
          done = true;
        });
      // Everything that follows from a timer has happened before the next one fires.
      await new Promise((resolve) => flush(resolve));
      while (!done) {
        clock.next();
        await new Promise((resolve) => flush(resolve));
      }
      const { degraded } = await run;
      if (index < WARM_UP) continue;
      tail.seconds.push((performance.now() - startedAt) / 1000);
      if (degraded) tail.degraded += 1;
    }
    return { ...tail, calls: counted.calls };
  } finally {
    clock.uninstall();
  }
}

/** A client whose models do nothing but take their time. */
function simulatedClient(random: () => number, counted: { calls: number }): ModelClient {
  const latencies = createLatencyRecord();
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  const account: Account = {
    user: "bench",
    usage: { ...usage, cost_usd: null },
    hold: async () => ({ mostUsd: undefined, settle: () => undefined }),
  };
  const client: Partial<ModelClient> = {
    account: () => account,
    resolve: async (name) => ({ name }) as Awaited<ReturnType<ModelClient["resolve"]>>,
    latency: (model, share) => latencies.quantile(model, share),
    isFree: () => true,
    contextOf: () => undefined,
    tokens: { estimate: (text) => text.length / 4, most: (text) => text.length, learn() {} },
    complete({ model = "" }, { signal, onProgress }) {
      counted.calls += 1;
      const ms = sampleMs(random);
      onProgress?.({ type: "attempt", model });
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          latencies.note(model, ms);
          resolve({
            text: `An answer of ${model}.`,
            model,
            usage,
            finish_reason: "stop",
            ms,
            attempts: 1,
            candidate: 0,
            warnings: [],
          });
        }, ms);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          reject(signal.reason);
        });
      });
    },
  };
  return client as ModelClient;
}

function sampleMs(random: () => number): number {
  const kind = random();
  if (kind < HANG.share) return HANG.ms;
  if (kind < HANG.share + TAIL.share) return TAIL.fromMs * (1 - random()) ** (-1 / TAIL.alpha);
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return MEDIAN_MS * Math.exp(SIGMA * normal);
}
