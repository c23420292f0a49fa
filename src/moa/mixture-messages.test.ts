import { describe, expect, it } from "vitest";
import type { ChatRequest, FakeModel } from "../../test/fixtures/fake-provider.ts";
import { fails, isFinal, isLater, mixtureOn, named, promptOf, QUERY } from "../../test/fixtures/mixture.ts";
import { configured, failure, modelClient, never, provider } from "../../test/fixtures/model-client.ts";
import { createMixtureOfAgents } from "./mixture-of-agents.ts";

/** Answers as an agent with a text that ends at the limit of tokens. */
const cutOff = (text: string): FakeModel => ({ reply: { content: text, finishReason: "length" } });

describe("an answer that ends at the limit of tokens", () => {
  it("is a proposal that is marked as cut off, and one warning names the models and the setting", async () => {
    const { server, run } = await mixtureOn({ ...named("a"), b: cutOff("One and"), c: cutOff("Two and") });
    const result = await run();
    expect(result.degraded).toBe(false);
    expect(result.warnings).toEqual([
      expect.stringMatching(
        /^The answers of "fake\/[bc]" and "fake\/[bc]" were cut off at 300 tokens \(moa\.maxTokens\)\.$/,
      ),
    ]);
    const truncated = result.trace.filter((entry) => entry.truncated);
    expect(truncated.map(({ status, model }) => [status, model]).sort()).toEqual([
      ["ok", "fake/b"],
      ["ok", "fake/b"],
      ["ok", "fake/c"],
      ["ok", "fake/c"],
    ]);
    for (const chat of [server.chats.find(isLater)!, server.chats.find(isFinal)!]) {
      expect(promptOf(chat)).toMatch(/One and\n<\/proposal-\w+>\n\[This proposal was cut off here\.\]/);
      expect(promptOf(chat)).not.toMatch(/a1\n<\/proposal-\w+>\n\[/);
    }
  });

  it("names the limit of the role that it had", async () => {
    const models = [{ model: "a", maxTokens: 40 }, "b"];
    const { run } = await mixtureOn({ a: cutOff("One and"), b: {} }, { models, aggregatorModel: "b", numLayers: 1 });
    expect((await run()).warnings).toEqual([
      'The answer of "fake/a" was cut off at 40 tokens (maxTokens in moa.models).',
    ]);
  });

  it("agrees with none", async () => {
    const same = { reply: "Blue." };
    const options = { numLayers: 2, earlyExit: true };
    const two = await mixtureOn({ a: same, b: cutOff("Blue."), c: cutOff("Blue.") }, options);
    expect(await two.run()).not.toHaveProperty("agreed_in_layer");
    const one = await mixtureOn({ a: same, b: same, c: cutOff("Blue.") }, options);
    expect(await one.run()).toMatchObject({ answer: "Blue.", agreed_in_layer: 1 });
  });
});

it("a model that answered for another one aggregates before one that failed or was not asked", async () => {
  const models: Record<string, FakeModel> = { a: { fault: "hang" }, b: fails, c: {}, d: { reply: "d" }, boss: fails };
  const { run } = await mixtureOn(models, {
    models: [
      { model: "a", weight: 3 },
      { model: "b", weight: 1, fallbacks: ["d"] },
    ],
    aggregatorModel: "boss",
    strategy: "mixed",
    numLayers: 1,
    callTimeout: 0.4,
  });
  const { trace } = await run();
  expect(trace.filter(({ role }) => role === "aggregator").map(({ model }) => model)).toEqual(["fake/boss", "fake/d"]);
});

describe("the same failure of several models", () => {
  it("is told once, with the models", async () => {
    const { run } = await mixtureOn({ a: fails, b: fails, c: { fault: "unauthorized" } });
    const error = await failure(run());
    expect(error.message.match(/Broken/g)).toHaveLength(1);
    expect(error.message).toMatch(/^All agents failed\. .*Broken.* \(fake\/\w, fake\/\w\)[;.]/);
    expect(error.message).toContain("; ");
    expect(error.issues).toHaveLength(3);
  });

  it("is one warning", async () => {
    const { run } = await mixtureOn({ a: {}, b: fails, c: fails });
    expect((await run({ numLayers: 1 })).warnings).toEqual([
      "Layer 1 rests on 1 of 3 whole answers.",
      expect.stringMatching(/^"fake\/[bc]" and "fake\/[bc]" failed in 2 of 2 calls: .*Broken/),
    ]);
  });

  it("of aggregators is one warning", async () => {
    const fault = (request: ChatRequest) =>
      isFinal({ body: request } as never) ? { status: 400, body: '{"error":{"message":"Full"}}' } : undefined;
    const { run } = await mixtureOn({ a: { fault }, b: { fault }, c: { fault } }, { numLayers: 1 });
    expect((await run()).warnings[0]).toMatch(
      /^The aggregators "fake\/a", "fake\/[bc]" and "fake\/[bc]" failed: .*Full/,
    );
  });
});

it("a limit of time is named as a mixture has it", async () => {
  const hangs: FakeModel = { fault: "hang" };
  const { run } = await mixtureOn({ a: hangs, b: hangs, c: hangs }, { callTimeout: 0.2 });
  const { hint } = await failure(run());
  expect(hint).toContain("moa.callTimeout");
  expect(hint).not.toMatch(/max_tokens|llm\.timeout/);
});

describe("an analysis", () => {
  const analyst = (reply: string): FakeModel => ({
    reply: (request) => (promptOf({ body: request }).includes("Proposal A") ? reply : "Blue."),
  });
  const analysed = { output: "answer_with_analysis", numLayers: 1 } as const;

  it("that is no JSON is said to be none, and paid for", async () => {
    const { run } = await mixtureOn({ a: analyst("I cannot."), b: {}, c: {} });
    const result = await run(analysed);
    expect(result.warnings).toEqual(['There is no analysis: what "fake/a" wrote was not JSON.']);
    const spent = result.trace.find(({ role }) => role === "analyst")!.tokens;
    expect(spent).toBeGreaterThan(0);
    expect(result.usage.total_tokens).toBe(result.trace.reduce((sum, { tokens }) => sum + tokens, 0));
  });

  it("says nothing twice", async () => {
    const found = {
      consensus: ["It is blue.", "it is **blue**", "It scatters."],
      contradictions: [],
      unique_points: [],
      blind_spots: ["Dust", "Dust."],
      confidence: 0.5,
    };
    const { run } = await mixtureOn({ a: analyst(JSON.stringify(found)), b: {}, c: {} });
    expect((await run(analysed)).analysis).toMatchObject({
      consensus: ["It is blue.", "It scatters."],
      blind_spots: ["Dust"],
    });
  });
});

describe("agents_per_layer beyond the models there are", () => {
  it("is a warning that says how many answer", async () => {
    const { run } = await mixtureOn(named("a", "b", "c"), { numLayers: 1 });
    expect((await run({ agentsPerLayer: 5, strategy: "mixed" })).warnings).toEqual([
      'agents_per_layer is 5, but there are 3 models, so 3 agents answer in each layer; strategy "self", or models that stand in the list several times, give more.',
    ]);
    expect((await run({ agentsPerLayer: 5, strategy: "self" })).warnings).toEqual([]);
  });
});

it("calls that a budget held back are told once, and were not sent", async () => {
  const reply = "one two three four";
  const server = await provider({ models: { a: { reply }, b: { reply }, c: { reply }, d: { reply }, e: { reply } } });
  const prices = { "*": { input: 0, output: 1000 } };
  const llm = modelClient({ providers: { fake: configured(server.baseUrl, { prices }) } });
  const models = ["a", "b", "c", "d", "e"];
  const mixture = createMixtureOfAgents(llm, {
    models,
    aggregatorModel: "a",
    numLayers: 1,
    agentsPerLayer: 5,
    maxTokens: 100,
    callTimeout: 5,
    timeout: 20,
    maxCostUsd: 0.215,
  });
  const { trace, warnings } = await mixture.run({ id: "ana" }, { query: QUERY, seed: 1 }, { signal: never });
  const refused = trace.filter((entry) => entry.not_sent);
  expect(refused.map(({ status }) => status)).toEqual(["error", "error", "error"]);
  expect(trace.length - refused.length).toBe(server.chats.length);
  expect(warnings.filter((warning) => /budget/i.test(warning))).toHaveLength(1);
});
