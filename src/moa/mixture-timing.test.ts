import { describe, expect, it, vi } from "vitest";
import type { FakeModel } from "../../test/fixtures/fake-provider.ts";
import { isFinal, isLater, mixtureOn, named, QUERY } from "../../test/fixtures/mixture.ts";
import { configured, failure, messages, modelClient, never, provider } from "../../test/fixtures/model-client.ts";
import { createMixtureOfAgents } from "./mixture-of-agents.ts";

const LONG = Array.from({ length: 120 }, (_, index) => `word${index}`).join(" ");
const firstAfter = (latencyMs: number): FakeModel => ({ latencyMs: (call) => (call === 1 ? latencyMs : 5) });

describe("a layer", () => {
  it("waits for as many answers as moa.quorum says, and then three seconds", async () => {
    const models = { a: {}, b: firstAfter(3600), c: firstAfter(3600) };
    const { run, runs } = await mixtureOn(models, { quorum: 1, numLayers: 1 });
    const result = await run();
    expect(result.trace.map(({ status }) => status).sort()).toEqual(["cancelled", "cancelled", "ok", "ok"]);
    expect(result.degraded).toBe(true);
    const record = runs.get("ana", result.run_id)!;
    expect(record.layers).toEqual([
      { layer: 1, asked: 3, answered: 1, quorum_ms: expect.any(Number), cut_ms: expect.any(Number) },
    ]);
    const { quorum_ms, cut_ms } = record.layers[0]!;
    expect(cut_ms! - quorum_ms!).toBeGreaterThanOrEqual(2990);
    expect(cut_ms! - quorum_ms!).toBeLessThan(4000);
    expect(runs.picture("ana", result.run_id)).toMatch(/>cut at [34]\./);
  }, 10_000);

  it("waits for all where the quorum is all, and longer where moa.grace says so", async () => {
    const all = await mixtureOn({ a: {}, b: {}, c: firstAfter(3300) }, { quorum: 3, numLayers: 1 });
    const patient = await mixtureOn(
      { a: firstAfter(900), b: firstAfter(900), c: firstAfter(4100) },
      { grace: 5, numLayers: 1 },
    );
    for (const result of await Promise.all([all.run(), patient.run()]))
      expect(result).toMatchObject({ degraded: false, warnings: [] });
  }, 10_000);

  it("gives each model 1.25 times what it usually takes", async () => {
    const c: FakeModel = { latencyMs: (call) => (call <= 5 ? 3000 : call === 6 ? 3500 : 5) };
    const { llm, run } = await mixtureOn({ a: {}, b: {}, c }, { numLayers: 1, hedging: false }, { concurrency: 6 });
    const ask = () => llm.complete({ messages, model: "fake/c", timeoutMs: 9000 }, { signal: never });
    await Promise.all(Array.from({ length: 5 }, ask));
    expect(await run()).toMatchObject({ degraded: false, warnings: [] });
  }, 15_000);

  it("has a turn each, and the aggregator too, whatever hangs", async () => {
    const hangs: FakeModel = { fault: "hang" };
    const { run } = await mixtureOn({ a: {}, b: hangs, c: hangs }, { numLayers: 4, timeout: 2, callTimeout: 60 });
    const startedAt = performance.now();
    const { trace, degraded } = await run();
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(degraded).toBe(true);
    const answered = trace.filter(({ status }) => status === "ok").map(({ layer }) => layer);
    expect(answered).toEqual([1, 2, 3, 4, 5]);
  });
});

describe("a late call", () => {
  it("is made a second time at the first fallback, also of another provider, and what it had said is kept", async () => {
    const slow = await provider({
      models: { a: { reply: LONG, fault: (_request, call) => (call > 6 ? "silent_mid_stream" : undefined) } },
    });
    const quick = await provider({ models: { x: { reply: "From x." } } });
    const llm = modelClient({ providers: { slow: configured(slow.baseUrl), quick: configured(quick.baseUrl) } });
    const models = [{ model: "slow/a", fallbacks: ["quick/x"] }];
    const options = { models, aggregatorModel: "quick/x", numLayers: 1, agentsPerLayer: 1, maxTokens: 300 };
    const mixture = createMixtureOfAgents(llm, { ...options, callTimeout: 10, timeout: 20 });
    const run = () => mixture.run({ id: "ana" }, { query: QUERY, seed: 1, output: "trace" }, { signal: never });
    for (let warm = 0; warm < 6; warm++) await run();
    const result = await run();
    expect(result).toMatchObject({ answer: "From x.", degraded: false, warnings: [] });
    expect(result.trace).toMatchObject([
      { model: "slow/a", status: "cancelled", error: "The other one of the pair was faster." },
      { model: "quick/x", status: "ok", hedge: true, stands_in_for: "slow/a", text: "From x." },
      { role: "aggregator" },
    ]);
    expect(result.trace[0]!.text).toMatch(/^word0 word1 .*word59$/);
    expect(result.trace[0]!.completion_tokens).toBeGreaterThan(40);
    expect(result.usage.total_tokens).toBe(result.trace.reduce((sum, { tokens }) => sum + tokens, 0));
  });
});

describe("a caller who goes", () => {
  const hangsAt = (isPhase: typeof isFinal): FakeModel => ({
    fault: (body) => (isPhase({ body } as Parameters<typeof isFinal>[0]) ? "hang" : undefined),
  });
  it.each([
    ["the first layer", (request: Parameters<typeof isFinal>[0]) => !isLater(request) && !isFinal(request), 3],
    ["a later layer", isLater, 6],
    ["the aggregation", isFinal, 7],
  ])(
    "in %s closes every connection at once, and nothing is sent after that",
    { retry: 2 },
    async (_phase, isPhase, chats) => {
      const model = hangsAt(isPhase);
      const { server, run } = await mixtureOn({ a: model, b: model, c: model });
      const stop = new AbortController();
      const running = failure(run({}, stop.signal));
      await vi.waitFor(() => expect(server.chats).toHaveLength(chats));
      stop.abort();
      const stoppedAt = performance.now();
      expect((await running).code).toBe("aborted");
      const isOpen = () => server.chats.some((chat) => chat.ms === 0);
      while (isOpen() && performance.now() - stoppedAt < 1000) await new Promise((resolve) => setTimeout(resolve, 2));
      expect(performance.now() - stoppedAt).toBeLessThan(50);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(server.chats).toHaveLength(chats);
    },
  );

  it("while models are looked for, or before that, gets no call made", { retry: 2 }, async () => {
    const server = await provider({ models: named("a"), listFault: "hang" });
    const llm = modelClient({ providers: { fake: configured(server.baseUrl) } });
    const options = { models: ["a"], aggregatorModel: "a", numLayers: 1, agentsPerLayer: 1, maxTokens: 100 };
    const mixture = createMixtureOfAgents(llm, { ...options, callTimeout: 5, timeout: 20 });
    const stop = new AbortController();
    const ask = () => failure(mixture.run({ id: "ana" }, { query: QUERY }, { signal: stop.signal }));
    const running = ask();
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    const stoppedAt = performance.now();
    stop.abort();
    expect((await running).code).toBe("aborted");
    expect(performance.now() - stoppedAt).toBeLessThan(50);
    expect((await ask()).code).toBe("aborted");
    expect(server.chats).toHaveLength(0);
  });
});
