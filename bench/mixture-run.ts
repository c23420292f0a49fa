import OpenAI from "openai";
import { createModelClient } from "../src/llm/model-client.ts";
import { createMixtureOfAgents } from "../src/moa/mixture-of-agents.ts";
import { aggregationMessages, finalMessages, queryMessages } from "../src/moa/prompts.ts";

/**
 * `node bench/mixture-run.ts ours|openai|openai-whole BASE_URL RUNS AT_ONCE`: mixtures of 2 × 3 agents and an aggregator, by our
 * code, or by hand on the package openai, its answers streamed or in one piece. Prints the CPU time of a run in ms, client side
 * only, and how long each run took by its query.
 */
const [who, baseUrl = "", runs = "", atOnce = ""] = process.argv.slice(2);
const MODELS = ["a", "b", "c"];
const LAYERS = 2;
const MAX_TOKENS = 1000;
const WARM_UP = 20;

type Answer = (query: string, seed: number) => Promise<string>;

const { answer, close } = who === "ours" ? ours() : byHand(who === "openai");
await Promise.all(Array.from({ length: WARM_UP }, (_, seed) => answer("Warm up.", seed)));
const walls: Record<string, number> = {};
const before = process.cpuUsage();
for (let run = 0; run < Number(runs); run += Number(atOnce)) {
  await Promise.all(
    Array.from({ length: Number(atOnce) }, async (_, index) => {
      const query = `Which is better, ${run + index}?`;
      const startedAt = performance.now();
      const text = await answer(query, run + index);
      walls[query] = performance.now() - startedAt;
      if (text === "") throw new Error("There is no answer.");
    }),
  );
}
const { user, system } = process.cpuUsage(before);
await close();
console.log(JSON.stringify({ cpuMs: (user + system) / 1000 / Number(runs), walls }));

function ours(): { answer: Answer; close(): Promise<void> } {
  const client = createModelClient(
    {
      providers: { fake: { kind: "openai-compatible", baseUrl, models: MODELS, concurrency: 64 } },
      modelId: "fake/a",
      fallbackModels: [],
      maxTokens: MAX_TOKENS,
      timeout: 60,
    },
    {},
  );
  const mixture = createMixtureOfAgents(client, {
    models: MODELS.map((model) => `fake/${model}`),
    aggregatorModel: "fake/a",
    strategy: "mixed",
    numLayers: LAYERS,
    agentsPerLayer: MODELS.length,
    maxTokens: MAX_TOKENS,
    callTimeout: 60,
    timeout: 240,
  });
  return {
    close: () => client.close(),
    async answer(query, seed) {
      const signal = new AbortController().signal;
      return (await mixture.run({ id: "bench" }, { query, seed }, { signal })).answer;
    },
  };
}

function byHand(stream: boolean): { answer: Answer; close(): Promise<void> } {
  const openai = new OpenAI({ baseURL: baseUrl, apiKey: "none" });
  async function ask(model: string, messages: OpenAI.ChatCompletionMessageParam[]): Promise<string> {
    const request = { model, messages, max_tokens: MAX_TOKENS };
    if (!stream) return (await openai.chat.completions.create(request)).choices[0]?.message.content ?? "";
    const answered = await openai.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    for await (const chunk of answered) text += chunk.choices[0]?.delta.content ?? "";
    return text;
  }
  return {
    close: async () => {},
    async answer(query) {
      const nonce = "0123456789abcdef";
      const layers: string[][] = [];
      for (let layer = 0; layer < LAYERS; layer++) {
        const last = layers.at(-1);
        const messages = last ? aggregationMessages(query, last, nonce) : queryMessages(query);
        layers.push(await Promise.all(MODELS.map((model) => ask(model, messages))));
      }
      return ask("a", finalMessages(query, layers, nonce));
    },
  };
}
