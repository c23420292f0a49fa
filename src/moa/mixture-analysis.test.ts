import { describe, expect, it, vi } from "vitest";
import type { ChatRequest, FakeModel } from "../../test/fixtures/fake-provider.ts";
import { fails, isFinal, mixtureOn, named, promptOf } from "../../test/fixtures/mixture.ts";
import { failure } from "../../test/fixtures/model-client.ts";

const ANALYSIS = {
  consensus: ["It is scattering."],
  contradictions: ["A says blue, B says violet."],
  unique_points: ["C names the ozone."],
  blind_spots: ["The eye."],
  confidence: 0.7,
};
const isAnalysis = (request: { body: ChatRequest | undefined }) => promptOf(request).includes("Proposal A");
const asks = (request: ChatRequest) => isAnalysis({ body: request });
/** Answers as an agent with a text, as the analyst with an analysis. */
const analyst = (more: FakeModel = {}): FakeModel => ({
  reply: (request) => (asks(request) ? JSON.stringify(ANALYSIS) : "Blue."),
  ...more,
});
const analysed = { output: "answer_with_analysis" } as const;

describe("an answer with analysis", () => {
  it("says what the proposals have in common and where they differ, and how many give the same short answer", async () => {
    const models = { a: analyst(), b: { reply: "**blue**" }, c: { reply: "Violet." } };
    const { server, run, runs, events } = await mixtureOn(models, { numLayers: 1 });
    const result = await run(analysed);
    expect(result).toMatchObject({ answer: "Blue.", degraded: false, warnings: [] });
    expect(result.analysis).toEqual({ ...ANALYSIS, agreement: 2 / 3 });
    expect(result.trace.map(({ role }) => role)).toEqual(["agent", "agent", "agent", "analyst", "aggregator"]);
    expect(result.trace[3]).toMatchObject({ layer: 2, model: "fake/a", status: "ok", tokens: expect.any(Number) });
    expect(result.usage.total_tokens).toBe(result.trace.reduce((sum, { tokens }) => sum + tokens, 0));
    expect(runs.picture("ana", result.run_id)).toContain(">analyst</text>");
    expect(runs.get("ana", result.run_id)!.analysis).toEqual(result.analysis);
    const told = events.flatMap((event) => ("call" in event && event.call.role === "analyst" ? [event.type] : []));
    expect(told).toEqual(["call_started", "call_ended"]);
    // Both are shown the proposals between the same lines.
    const nonces = server.chats.slice(3).map((chat) => /<proposal-(\w+)>/.exec(promptOf(chat))?.[1]);
    expect(nonces).toEqual([nonces[0], nonces[0]]);
    expect(nonces[0]).toMatch(/^[0-9a-f]{16}$/);
  });

  it("counts nothing where proposals are long", async () => {
    const long = { reply: "It is scattered by the air, much more than red light is. ".repeat(5) };
    const { run } = await mixtureOn({ a: analyst(), b: long, c: long }, { numLayers: 1 });
    expect((await run(analysed)).analysis).toEqual(ANALYSIS);
  });

  it("is made while the answer is", { retry: 2 }, async () => {
    const slow: FakeModel = analyst({ latencyMs: (call) => (call > 1 ? 400 : 0) });
    const { server, run } = await mixtureOn({ a: slow, b: {}, c: {} }, { numLayers: 1 });
    const startedAt = performance.now();
    expect((await run(analysed)).analysis).toMatchObject(ANALYSIS);
    expect(performance.now() - startedAt).toBeLessThan(750);
    expect(server.chats.slice(3).map(({ underWay }) => underWay)).toEqual([1, 2]);
  });

  it("leaves the only place of a provider to the aggregator first", async () => {
    const models = { a: analyst({ latencyMs: 30 }), b: {}, c: {} };
    const { server, run } = await mixtureOn(models, { numLayers: 1 }, { concurrency: 1 });
    expect((await run(analysed)).analysis).toMatchObject(ANALYSIS);
    expect(server.chats.slice(3).map(isFinal)).toEqual([true, false]);
  });

  it("is waited for only a moment once the answer is there, which is no failure", async () => {
    const hangs = analyst({ fault: (request) => (asks(request) ? "hang" : undefined) });
    const { server, run } = await mixtureOn({ a: hangs, b: {}, c: {} }, { numLayers: 1, timeout: 1.2 });
    const startedAt = performance.now();
    const result = await run(analysed);
    expect(performance.now() - startedAt).toBeLessThan(1200);
    expect(result).toMatchObject({ answer: "Blue.", degraded: false });
    expect(result.analysis).toBeUndefined();
    expect(result.warnings).toEqual([expect.stringMatching(/^There is no analysis: /)]);
    expect(result.trace.find(({ role }) => role === "analyst")!.status).toMatch(/^(cancelled|timeout)$/);
    await vi.waitFor(() => expect(server.chats.find(isAnalysis)!.abandoned).toBe(true));
  });

  it("is waited for two seconds, however much time the run has", async () => {
    const hangs = analyst({ fault: (request) => (asks(request) ? "hang" : undefined) });
    const { run } = await mixtureOn({ a: hangs, b: {}, c: {} }, { numLayers: 1 });
    const startedAt = performance.now();
    expect((await run(analysed)).warnings).toEqual([
      'There is no analysis: "fake/a" was too slow with it; the answer was there first.',
    ]);
    expect(performance.now() - startedAt).toBeLessThan(3500);
  });

  it("comes with what the layers agreed on, too", async () => {
    const same = { reply: "Blue." };
    const { run } = await mixtureOn({ a: analyst(), b: same, c: same }, { earlyExit: true });
    const result = await run(analysed);
    expect(result).toMatchObject({ answer: "Blue.", agreed_in_layer: 1, analysis: { ...ANALYSIS, agreement: 1 } });
    expect(result.trace.map(({ role }) => role)).toEqual(["agent", "agent", "agent", "analyst"]);
  });

  it("is let go of when the caller goes", { retry: 2 }, async () => {
    const hangs = analyst({ fault: (_request, call) => (call > 1 ? "hang" : undefined) });
    const { server, run } = await mixtureOn({ a: hangs, b: {}, c: {} }, { numLayers: 1 });
    const stop = new AbortController();
    const running = failure(run(analysed, stop.signal));
    await vi.waitFor(() => expect(server.chats).toHaveLength(5));
    stop.abort();
    expect((await running).code).toBe("aborted");
    await vi.waitFor(() => expect(server.chats.slice(3).every(({ abandoned }) => abandoned)).toBe(true), {
      timeout: 50,
      interval: 5,
    });
    expect(server.chats).toHaveLength(5);
  });
});

describe("warnings", () => {
  it("say of each layer what it rests on", async () => {
    const { run } = await mixtureOn({ ...named("a", "c"), b: fails });
    expect((await run()).warnings.slice(0, 2)).toEqual([
      "Layer 1 rests on 2 of 3 whole answers.",
      "Layer 2 rests on 2 of 3 whole answers.",
    ]);
  });

  it("do not name a failure that the other call of its pair made up for", async () => {
    // The first of the pair fails after the second was sent, which then answers.
    const model: FakeModel = {
      latencyMs: (call) => (call === 7 ? 1300 : call === 8 ? 600 : 5),
      fault: (_request, call) => (call === 7 ? { status: 400, body: "{}" } : undefined),
    };
    const { run } = await mixtureOn({ a: model }, { models: ["a"], numLayers: 1, agentsPerLayer: 1 });
    for (let warm = 0; warm < 3; warm++) await run();
    const result = await run();
    expect(result.trace).toMatchObject([{ status: "error" }, { status: "ok", hedge: true }, { role: "aggregator" }]);
    expect(result).toMatchObject({ degraded: false, warnings: [] });
  }, 15_000);

  it("hold no secret, nor do the pictures", async () => {
    const secret = `k<1>&"2"'3'`;
    const leaky = { reply: `The key is ${secret}.`.padStart(300, "x ") };
    const redact = (text: string) => text.replaceAll(JSON.stringify(secret).slice(1, -1), "[redacted]");
    const { run, runs } = await mixtureOn({ a: leaky, b: leaky, c: leaky }, { numLayers: 1 }, {}, { redact });
    const query = `${"why ".repeat(22)}${secret}?`;
    const result = await run({ query, output: "trace" });
    const picture = runs.picture("ana", result.run_id)!;
    expect(picture).toContain("[redacted]");
    for (const text of [picture, JSON.stringify(runs.get("ana", result.run_id)), JSON.stringify(result)])
      expect(text).not.toMatch(/k(?:<|&lt;)1/);
  });
});
