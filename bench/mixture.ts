import { startFakeProvider } from "../test/fixtures/fake-provider.ts";
import { type Figure, median, round } from "./figure.ts";
import { withFolder } from "./folder.ts";
import { PATCHBAY, startPeer } from "./stdio-peer.ts";

const LATENCY_MS = 200;
const LAYERS = 2;
const ROUNDS = 15;

/** A mixture of 2 × 3 agents and an aggregator against a local server that takes 200 ms for every answer, over stdio. */
export async function benchMixture(): Promise<Figure[]> {
  const models = ["a", "b", "c"];
  const provider = await startFakeProvider({
    models: Object.fromEntries(models.map((model) => [model, { latencyMs: LATENCY_MS, reply: `Answer of ${model}.` }])),
  });
  return withFolder(async (folder) => {
    const peer = await startPeer([...PATCHBAY, "--data-dir", folder], {
      PATCHBAY_PROVIDERS: JSON.stringify({ fake: { baseUrl: provider.baseUrl, models } }),
      PATCHBAY_MOA_MODELS: models.join(","),
      PATCHBAY_MOA_AGGREGATOR_MODEL: "a",
    });
    const walls: number[] = [];
    const criticals: number[] = [];
    await peer.callTool("mixture_of_agents", { query: "Warm up." });
    for (let run = 0; run < ROUNDS; run++) {
      const startedAt = performance.now();
      await peer.callTool("mixture_of_agents", { query: `Which is better, ${run}?`, num_layers: LAYERS });
      walls.push(performance.now() - startedAt);
      criticals.push(await serialCalls(provider.baseUrl, LAYERS + 1));
    }
    await peer.close();
    await provider.close();
    const [wall, critical] = [median(walls), median(criticals)];
    return [
      {
        what: "mixture of 2 × 3 agents and an aggregator at 200 ms an answer, wall against the critical path",
        measured: `${round(wall)} ms against ${round(critical)} ms`,
        ratio: wall / critical,
        limit: { atMost: 1.05 },
      },
    ];
  });
}

/** The critical path: that many answers of the same server, one after the other. */
async function serialCalls(baseUrl: string, count: number): Promise<number> {
  const startedAt = performance.now();
  for (let call = 0; call < count; call++) {
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ model: "a", messages: [{ role: "user", content: "Which is better?" }] }),
    });
    await response.text();
  }
  return performance.now() - startedAt;
}
