import { describe, expect, it, vi } from "vitest";
import type { ChatRequest, FakeModel } from "../../test/fixtures/fake-provider.ts";
import { fails, isLater, mixtureOn, named, promptOf, QUERY } from "../../test/fixtures/mixture.ts";
import { configured, failure, modelClient, never } from "../../test/fixtures/model-client.ts";
import { createMixtureOfAgents } from "./mixture-of-agents.ts";

describe("a failing agent", () => {
  it("is left out; the trace and a warning say why", async () => {
    const { server, run } = await mixtureOn({ ...named("a", "c"), b: fails });
    const result = await run();
    expect(result).toMatchObject({ answer: "a3", degraded: true });
    const failed = result.trace.filter((entry) => entry.status !== "ok");
    expect(failed).toMatchObject([
      { layer: 1, model: "fake/b", status: "error", tokens: 0, error: expect.stringContaining("Broken") },
      { layer: 2, model: "fake/b", status: "error" },
    ]);
    expect(result.warnings).toEqual([
      "Layer 1 rests on 2 of 3 whole answers.",
      "Layer 2 rests on 2 of 3 whole answers.",
      expect.stringMatching(/^"fake\/b" failed in 2 of 2 calls: .*Broken/),
    ]);
    expect(promptOf(server.chats.find(isLater)!).match(/<proposal-/g)).toHaveLength(2);
  });

  it("is replaced by models that were not drawn where the first layer would be empty", async () => {
    const { run } = await mixtureOn(
      { a: fails, b: fails, c: fails, d: {} },
      { models: ["a", "b", "c", "d"], agentsPerLayer: 1 },
    );
    const result = await run({ seed: 1, numLayers: 1 });
    expect(result.answer).toBe("ok");
    expect(result.degraded).toBe(true);
    expect(result.trace.filter((entry) => entry.layer === 1 && entry.status === "ok")).toHaveLength(1);
  });

  it("in every place of a later layer leaves the layer before", async () => {
    const fault = (request: ChatRequest) =>
      request.messages.at(-1)!.content.startsWith("Synthesize") ? { status: 400, body: "{}" } : undefined;
    const models = Object.fromEntries(["a", "b", "c"].map((name) => [name, { fault, reply: `${name}!` }]));
    const { server, run } = await mixtureOn(models, { numLayers: 3 });
    const result = await run();
    expect(result).toMatchObject({ answer: "a!", degraded: true });
    expect(result.warnings).toContain("No agent of layer 2 answered; the layer before is used.");
    // The third layer and the aggregator work on the first.
    expect(promptOf(server.chats.filter(isLater).at(-1)!)).toContain("\nb!\n");
    expect(promptOf(server.chats.at(-1)!)).toMatch(/Layer 1:/);
    expect(promptOf(server.chats.at(-1)!)).not.toMatch(/Layer 2:/);
  });

  it("in every place is an error with each reason and the trace", async () => {
    const { run } = await mixtureOn({ a: fails, b: { fault: "detail" }, c: { fault: "unauthorized" } });
    const error = await failure(run());
    expect(error).toMatchObject({ code: "upstream_error", retryable: false });
    expect(error.message).toMatch(/^All agents failed\./);
    expect(error.issues!.map((issue) => issue.path).sort()).toEqual(["fake/a", "fake/b", "fake/c"]);
    expect(error.details!.trace).toHaveLength(3);
  });

  it("in every place for the same reason is that error", async () => {
    const busy: FakeModel = { fault: "rate_limited" };
    const { run } = await mixtureOn({ a: busy, b: busy, c: busy });
    const error = await failure(run());
    expect(error).toMatchObject({ code: "rate_limited", retryable: true, retryAfterMs: 120_000 });
    const llm = modelClient({ providers: { gone: configured("http://127.0.0.1:9/v1", { models: ["a"] }) } });
    const options = { models: ["a"], aggregatorModel: "a", numLayers: 1, agentsPerLayer: 1, maxTokens: 9 };
    const mixture = createMixtureOfAgents(llm, { ...options, callTimeout: 0.3, timeout: 2 });
    expect(await failure(mixture.run({ id: "ana" }, { query: QUERY }, { signal: never }))).toMatchObject({
      code: "upstream_unreachable",
      hint: expect.stringContaining("base URL"),
    });
  });
});

describe("a hanging agent", () => {
  it("is left behind once most have answered", async () => {
    const { server, run } = await mixtureOn(
      { ...named("a", "c"), b: { fault: "hang" } },
      { numLayers: 1, callTimeout: 15 },
    );
    const result = await run();
    expect(result).toMatchObject({ answer: "a2", degraded: true });
    const hanging = result.trace.find((entry) => entry.model === "fake/b")!;
    expect(hanging).toMatchObject({ status: "cancelled", error: "Left behind: most agents had answered." });
    expect(hanging.ms).toBeLessThan(10_000);
    expect(result.warnings).toEqual([
      "Layer 1 rests on 2 of 3 whole answers; it did not wait for the rest (moa.quorum, moa.grace).",
      '"fake/b" was too slow in 1 of 1 call: Left behind: most agents had answered.',
    ]);
    await vi.waitFor(() => expect(server.chats.find((chat) => chat.body!.model === "b")!.abandoned).toBe(true));
  });

  it("is given up at its own limit, with a drip that never ends too", async () => {
    const { run } = await mixtureOn(
      { ...named("a"), b: { fault: "drip" }, c: { fault: "hang_after_headers" } },
      { callTimeout: 0.3 },
    );
    const result = await run({ numLayers: 1 });
    expect(result.answer).toBe("a2");
    const late = result.trace.filter((entry) => entry.status !== "ok");
    expect(late.map((entry) => entry.status)).toEqual(["timeout", "timeout"]);
    expect(late.every((entry) => /within 0\.3 s\.$/.test(entry.error!))).toBe(true);
  });

  it("in every place is an error within the limit", async () => {
    const hangs: FakeModel = { fault: "hang" };
    const { run } = await mixtureOn({ a: hangs, b: hangs, c: hangs }, { callTimeout: 0.2 });
    expect(await failure(run())).toMatchObject({ code: "deadline_exceeded", retryable: true });
  });

  it("has its whole limit from when its provider has a place for it", async () => {
    const slow = (name: string) => ({ reply: name, latencyMs: 300 });
    const { run } = await mixtureOn(
      { a: slow("a"), b: slow("b"), c: slow("c") },
      { numLayers: 1, callTimeout: 0.5 },
      { concurrency: 1 },
    );
    expect(await run()).toMatchObject({ degraded: false, warnings: [] });
  });

  it("leaves time for the aggregator", async () => {
    const fault = (request: ChatRequest) =>
      request.messages.at(-1)!.content.startsWith("Synthesize") ? ("hang" as const) : undefined;
    const models = Object.fromEntries(["a", "b", "c"].map((name) => [name, { fault, reply: `${name}!` }]));
    const { run } = await mixtureOn(models, { callTimeout: 60, timeout: 1.2 });
    expect(await run()).toMatchObject({ answer: "a!", degraded: true });
  });
});

describe("an aggregator that is down", () => {
  const onlyFinal = (fault: "hang" | "detail") => (request: ChatRequest) =>
    request.messages.at(-1)!.content.startsWith("Create a comprehensive") ? fault : undefined;

  it("is replaced by a model that has answered", async () => {
    const { run } = await mixtureOn({ ...named("a", "b", "c"), boss: fails }, { aggregatorModel: "boss" });
    const result = await run();
    expect(result.degraded).toBe(true);
    expect(result.answer).toMatch(/^[abc]3$/);
    expect(result.trace.slice(-2)).toMatchObject([
      { layer: 3, role: "aggregator", agent: 1, model: "fake/boss", status: "error" },
      { layer: 3, role: "aggregator", agent: 2, status: "ok" },
    ]);
    expect(result.warnings[0]).toMatch(/^The aggregator "fake\/boss" failed: .*Broken/);
  });

  it.each(["hang", "detail"] as const)(
    "with all others (%s) leaves the fullest proposal of the last layer",
    async (fault) => {
      const models = Object.fromEntries(
        ["short", "a longer one", "mid"].map((reply, index) => ["abc"[index]!, { reply, fault: onlyFinal(fault) }]),
      );
      const { run } = await mixtureOn(models, { callTimeout: 0.3 });
      const result = await run();
      expect(result).toMatchObject({ answer: "a longer one", degraded: true });
      expect(result.trace.filter((entry) => entry.role === "aggregator")).toHaveLength(3);
      expect(result.warnings.at(-1)).toBe(
        "No aggregator answered; the answer is the fullest proposal of the last layer.",
      );
    },
  );

  it("does not take more than the run's limit", async () => {
    const models = Object.fromEntries(["a", "b", "c"].map((name) => [name, { fault: onlyFinal("hang") }]));
    const { run } = await mixtureOn(models, { callTimeout: 60, timeout: 1 });
    const startedAt = performance.now();
    expect(await run({ numLayers: 1 })).toMatchObject({ answer: "ok", degraded: true });
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});
