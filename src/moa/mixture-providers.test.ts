import { describe, expect, it, vi } from "vitest";
import { modelsOf, named, QUERY } from "../../test/fixtures/mixture.ts";
import { configured, modelClient, never, provider } from "../../test/fixtures/model-client.ts";
import { createMixtureOfAgents, type MixtureOptions } from "./mixture-of-agents.ts";

const OPTIONS: MixtureOptions = {
  models: ["a", "b"],
  aggregatorModel: "a",
  numLayers: 1,
  agentsPerLayer: 2,
  maxTokens: 100,
  callTimeout: 5,
  timeout: 20,
};

describe("a provider whose list of models never comes", () => {
  async function withSilent(options: Partial<MixtureOptions>) {
    const good = await provider({ models: named("a", "b") });
    const silent = await provider({ models: named("x"), listFault: "hang" });
    const providers = { silent: configured(silent.baseUrl), good: configured(good.baseUrl) };
    const mixture = createMixtureOfAgents(modelClient({ providers }), { ...OPTIONS, ...options });
    return { good, silent, run: () => mixture.run({ id: "ana" }, { query: QUERY, seed: 1 }, { signal: never }) };
  }

  it("does not keep a run from answering in time with the models that are known", async () => {
    const { run } = await withSilent({ timeout: 1.2 });
    const startedAt = performance.now();
    const result = await run();
    expect(performance.now() - startedAt).toBeLessThan(1200);
    expect(result).toMatchObject({ answer: expect.stringMatching(/^a/), degraded: false });
  });

  it("holds up nobody who names the other providers' models in full", async () => {
    const { run } = await withSilent({ models: ["good/a", "good/b"], aggregatorModel: "good/a" });
    const startedAt = performance.now();
    expect((await run()).degraded).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it("is asked for its models all the same, by their names", async () => {
    const { silent, run } = await withSilent({ models: ["silent/x", "a"], timeout: 3 });
    const result = await run();
    expect(modelsOf(silent.chats)).toEqual(["x"]);
    expect(result).toMatchObject({ degraded: false, warnings: [] });
  });
});

describe("a server that computes all of its calls itself", () => {
  it("is given the calls of a model one after the other, so that it loads each model once", async () => {
    const slow = { latencyMs: 20 };
    const server = await provider({ models: { a: slow, b: slow, c: slow } });
    const llm = modelClient({ providers: { fake: configured(server.baseUrl, { concurrency: 1 }) } });
    const models = ["a", "b", "c", "a", "b", "c"];
    const mixture = createMixtureOfAgents(llm, { ...OPTIONS, models, agentsPerLayer: 6 });
    await mixture.run({ id: "ana" }, { query: QUERY, seed: 1 }, { signal: never });
    const asked = modelsOf(server.chats.slice(0, 6));
    expect(asked.filter((model, index) => model !== asked[index - 1])).toHaveLength(3);
    expect(server.mostUnderWay).toBe(1);
  });

  it.each([
    ["openai-compatible", 2],
    ["ollama", 1],
  ] as const)(
    "of kind %s answers a late call with %i requests",
    async (kind, requests) => {
      const latencyMs = (call: number) => (call === 7 ? 2500 : 5);

      const server = await provider({ protocol: kind, models: { a: { latencyMs } } });
      const llm = modelClient({ providers: { fake: { ...configured(server.baseUrl), kind } } });
      const mixture = createMixtureOfAgents(llm, { ...OPTIONS, models: ["a"], agentsPerLayer: 1 });
      const run = () => mixture.run({ id: "ana" }, { query: QUERY, seed: 1 }, { signal: never });
      for (let warm = 0; warm < 3; warm++) await run();
      const before = server.chats.length;
      const result = await run();
      expect(result.degraded).toBe(false);
      await vi.waitFor(() => expect(server.chats.length - before).toBe(requests + 1));
    },
    15_000,
  );
});
