import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fault } from "../../test/fixtures/fake-faults.ts";
import type { FakeModel } from "../../test/fixtures/fake-provider.ts";
import { fails, isFinal, isLater, mixtureOn, named, promptOf, QUERY } from "../../test/fixtures/mixture.ts";
import { configured, failure, modelClient, never, provider } from "../../test/fixtures/model-client.ts";
import { createMixtureOfAgents } from "./mixture-of-agents.ts";
import type { RunEvent } from "./run-record.ts";

const LONG = Array.from({ length: 120 }, (_, index) => `word${index}`).join(" ");
const statuses = (trace: readonly { status: string }[]) => trace.map(({ status }) => status);

describe("a role", () => {
  it("has its own temperature, limit and system prompt", async () => {
    const { server, run } = await mixtureOn(named("a", "b"), {
      models: [{ model: "a", temperature: 0.2, maxTokens: 77, systemPrompt: "Be brief." }, "b"],
      aggregatorModel: "b",
      aggregator: { temperature: 0.1, systemPrompt: "Be strict." },
    });
    await run();
    const first = server.chats.find((chat) => chat.body!.model === "a")!.body!;
    expect(first).toMatchObject({ temperature: 0.2, max_tokens: 77 });
    expect(first.messages[0]).toEqual({ role: "system", content: "Be brief." });
    expect(server.chats.find(isLater)!.body!.messages[0]!.role).toBe("system");
    const final = server.chats.find(isFinal)!.body!;
    expect(final.temperature).toBe(0.1);
    expect(final.messages[0]!.content).toMatch(/^Be strict\.\n\nYou improve/);
  });

  it("of the aggregator has its own limit and fallbacks", async () => {
    const { server, run } = await mixtureOn(
      { ...named("a", "b"), boss: fails, deputy: { reply: "Done." } },
      { models: ["a", "b"], aggregatorModel: "boss", aggregator: { maxTokens: 55, fallbacks: ["deputy"] } },
    );
    const result = await run({ numLayers: 1 });
    expect(result).toMatchObject({ answer: "Done.", degraded: false });
    expect(result.trace.slice(-2)).toMatchObject([
      { role: "aggregator", model: "fake/boss", status: "error" },
      { role: "aggregator", model: "fake/deputy", status: "ok", stands_in_for: "fake/boss" },
    ]);
    expect(server.chats.filter(isFinal).every((chat) => chat.body!.max_tokens === 55)).toBe(true);
  });

  it("is filled by its fallbacks where its model fails, which the trace tells", async () => {
    const { run } = await mixtureOn(
      { ...named("a", "c"), b: fails, d: fails },
      { models: ["a", { model: "b", fallbacks: ["d", "c"] }], aggregatorModel: "a", numLayers: 1 },
    );
    const result = await run();
    expect(result.degraded).toBe(false);
    const place = result.trace.filter(({ agent, role, model }) => role === "agent" && model !== "fake/a" && agent > 0);
    expect(place).toMatchObject([
      { model: "fake/b", status: "error" },
      { model: "fake/d", status: "error", stands_in_for: "fake/b" },
      { model: "fake/c", status: "ok", stands_in_for: "fake/b" },
    ]);
    expect(new Set(place.map(({ agent }) => agent)).size).toBe(1);
  });
});

describe("the strategy", () => {
  it("self asks the best model with another seed each time", async () => {
    const { server, run } = await mixtureOn(named("a", "b"), {
      models: ["a", { model: "b", weight: 1.5 }],
      strategy: "self",
    });
    expect((await run()).strategy).toBe("self");
    const agents = server.chats.filter((chat) => !isFinal(chat));
    expect(new Set(agents.map((chat) => chat.body!.model))).toEqual(new Set(["b"]));
    expect(agents.every((chat) => chat.body!.temperature === 0.7)).toBe(true);
    expect(new Set(agents.map((chat) => chat.body!.seed)).size).toBe(6);
  });

  it("self takes the temperature of the role, and the same sampling seeds for the same seed", async () => {
    const { server, run } = await mixtureOn(named("a"), { models: [{ model: "a", temperature: 0.2 }] });
    await run({ numLayers: 1 });
    await run({ numLayers: 1 });
    const seeds = server.chats.filter((chat) => !isFinal(chat)).map(({ body }) => [body!.temperature, body!.seed]);
    expect(seeds.slice(3).sort()).toEqual(seeds.slice(0, 3).sort());
    expect(seeds.every(([temperature]) => temperature === 0.2)).toBe(true);
  });

  it.each([
    [["a"], "self"],
    [["a", "fake/a"], "self"],
    [["a", "b"], "mixed"],
    [["a", { model: "b", weight: 2 }], "self"],
    [["a", { model: "b", weight: 1.9 }], "mixed"],
  ])("auto for %j is %s", async (models, strategy) => {
    const { run } = await mixtureOn(named("a", "b"), { models, numLayers: 1 });
    expect((await run()).strategy).toBe(strategy);
  });
});

describe("a late call", () => {
  it.each([
    ["agent", 7],
    ["aggregator", 8],
  ] as const)(
    "of an %s is made a second time once it is known how long the model takes, and the faster one counts",
    async (role, late) => {
      const slow: FakeModel = { latencyMs: (call) => (call === late ? 9000 : 20), reply: "fine" };
      const { server, run } = await mixtureOn(
        { a: slow },
        { models: ["a"], numLayers: 1, agentsPerLayer: 1, callTimeout: 10 },
      );
      for (let warm = 0; warm < 3; warm++) await run();
      const startedAt = performance.now();
      const result = await run();
      expect(performance.now() - startedAt).toBeLessThan(4000);
      expect(result).toMatchObject({ answer: "fine", degraded: false, warnings: [] });
      const pair = result.trace.filter((entry) => entry.role === role);
      expect(pair).toMatchObject([
        { status: "cancelled", error: "The other one of the pair was faster." },
        { status: "ok", hedge: true },
      ]);
      expect(server.chats).toHaveLength(9);
    },
    20_000,
  );
});

describe("an answer that breaks off", () => {
  it("is a proposal that is marked as cut off", async () => {
    const broken: FakeModel = { reply: LONG, fault: "reset_mid_stream" };
    const { server, run } = await mixtureOn({ ...named("a", "c"), b: broken }, { numLayers: 1 });
    const result = await run({ output: "trace" });
    expect(result.degraded).toBe(true);
    const entry = result.trace.find(({ model }) => model === "fake/b")!;
    expect(entry).toMatchObject({ status: "partial", text: expect.stringMatching(/^word0 /) });
    expect(entry.tokens).toBeGreaterThan(40);
    expect(promptOf(server.chats.find(isFinal)!)).toMatch(/word0 [\s\S]*\[This proposal was cut off here\.\]/);
  });

  it("because most had answered is one too, with the tokens that it took", async () => {
    const slow: FakeModel = { reply: LONG, wordMs: 60 };
    const { server, run } = await mixtureOn({ ...named("a", "c"), b: slow }, { numLayers: 1, callTimeout: 15 });
    const result = await run({ output: "trace" });
    const entry = result.trace.find(({ model }) => model === "fake/b")!;
    expect(entry).toMatchObject({ status: "partial", error: "Left behind: most agents had answered." });
    expect(entry.completion_tokens).toBeGreaterThan(40);
    expect(result.usage.total_tokens).toBe(result.trace.reduce((sum, { tokens }) => sum + tokens, 0));
    expect(promptOf(server.chats.find(isFinal)!)).toContain("word0 word1");
  });

  it("of every aggregator is better than a proposal", async () => {
    const fault = (request: { messages: { content: string }[] }): Fault | undefined =>
      request.messages.at(-1)!.content.startsWith("Create a comprehensive") ? "silent_mid_stream" : undefined;
    const models = Object.fromEntries(["a", "b", "c"].map((name) => [name, { fault, reply: LONG }]));
    const { run } = await mixtureOn(models, { callTimeout: 0.4, numLayers: 1 });
    const result = await run();
    expect(result.answer).toMatch(/^word0 .*word5\d$/);
    expect(result.degraded).toBe(true);
    expect(statuses(result.trace.filter(({ role }) => role === "aggregator"))).toEqual([
      "partial",
      "partial",
      "partial",
    ]);
  });
});

describe("agreement", () => {
  it("skips what is left, the aggregator too where the answer is short", async () => {
    const models = { a: { reply: "**42**" }, b: { reply: "42." }, c: { reply: "41" } };
    const { run } = await mixtureOn(models, { earlyExit: true, numLayers: 3 });
    const result = await run();
    expect(result.answer).toMatch(/42/);
    expect(result).toMatchObject({ agreed_in_layer: 1, degraded: false });
    expect(result.trace).toHaveLength(3);
  });

  it("is not looked for unless wanted, and not found where answers differ by a sign or a number", async () => {
    const same = { a: { reply: "42" }, b: { reply: "42" }, c: { reply: "42" } };
    expect((await (await mixtureOn(same)).run()).trace).toHaveLength(7);
    const different = { a: { reply: "-42" }, b: { reply: "42" }, c: { reply: "4.2" } };
    expect((await (await mixtureOn(different, { earlyExit: true })).run()).trace).toHaveLength(7);
  });
});

describe("whatever fails", () => {
  const fault = fc.constantFrom<Fault | undefined>(
    "reset",
    "hang",
    "drip",
    "reset_mid_stream",
    "silent_mid_stream",
    "detail",
    "empty",
    "html",
    undefined,
  );

  it("a run with one agent that works answers within its limit", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { minLength: 14, maxLength: 14 }), async (faults) => {
        let call = 0;
        const bad: FakeModel = { reply: LONG, fault: () => faults[call++ % faults.length] };
        const { run } = await mixtureOn({ a: bad, b: { reply: "fine" }, c: bad }, { callTimeout: 0.25, timeout: 2.5 });
        const startedAt = performance.now();
        const result = await run();
        expect(result.answer).not.toBe("");
        expect(performance.now() - startedAt).toBeLessThan(3000);
        if (result.trace.some(({ role, status }) => role === "agent" && status !== "ok"))
          expect(result.degraded).toBe(true);
      }),
      { numRuns: 12 },
    );
  }, 60_000);

  it("no agent at all is an error within the limit", async () => {
    const hangs: FakeModel = { fault: "hang" };
    const { run } = await mixtureOn({ a: hangs, b: hangs, c: hangs }, { timeout: 0.6 });
    expect((await failure(run())).code).toBe("deadline_exceeded");
  });
});

describe("a budget", () => {
  /** Two layers of three on models of which a token of an answer costs 0.001 USD. */
  async function withBudget(maxCostUsd: number) {
    const reply = "one two three four";
    const server = await provider({ models: { a: { reply }, b: { reply }, c: { reply } } });
    const prices = { "*": { input: 0, output: 1000 } };
    const llm = modelClient({ providers: { fake: configured(server.baseUrl, { prices }) } });
    const options = { models: ["a", "b", "c"], aggregatorModel: "a", numLayers: 2, agentsPerLayer: 3, maxTokens: 100 };
    const mixture = createMixtureOfAgents(llm, { ...options, callTimeout: 5, timeout: 20, maxCostUsd });
    return { server, run: () => mixture.run({ id: "ana" }, { query: QUERY, seed: 1 }, { signal: never }) };
  }

  it("that holds the run is told in USD, by call and in all", async () => {
    const { run } = await withBudget(1);
    const { trace, usage, degraded } = await run();
    expect(degraded).toBe(false);
    expect(usage.cost_usd).toBeGreaterThan(0);
    expect(trace.reduce((sum, entry) => sum + entry.cost_usd!, 0)).toBeCloseTo(usage.cost_usd!, 9);
  });

  it("that ends in the middle leaves what there is", async () => {
    // Two calls of at most 0.1 USD at once, and what three answers cost.
    const { server, run } = await withBudget(0.215);
    const result = await run();
    expect(result).toMatchObject({ answer: "one two three four", degraded: true });
    expect(result.warnings.some((warning) => warning.startsWith("The budget did not hold all calls: "))).toBe(true);
    expect(server.chats.length).toBeLessThan(7);
  });

  it("that holds no call is an error before anything is sent", async () => {
    const { server, run } = await withBudget(0.05);
    expect(await failure(run())).toMatchObject({ code: "limit_reached" });
    expect(server.chats).toHaveLength(0);
  });
});

describe("what is kept of a run", () => {
  it("has all texts, belongs to its user, and is told while it happens", async () => {
    const server = await provider({ models: named("a", "b", "c") });
    const llm = modelClient({ providers: { fake: configured(server.baseUrl) } });
    const options = { models: ["a", "b", "c"], aggregatorModel: "a", numLayers: 1, agentsPerLayer: 3, maxTokens: 100 };
    const mixture = createMixtureOfAgents(llm, { ...options, callTimeout: 5, timeout: 20 });
    const events: RunEvent[] = [];
    const result = await mixture.run(
      { id: "ana" },
      { query: QUERY, seed: 1 },
      { signal: never, onEvent: (event) => events.push(event) },
    );
    const record = mixture.runs.get("ana", result.run_id)!;
    expect(record.trace.map(({ text }) => text).sort()).toEqual(["a1", "a2", "b1", "c1"]);
    expect(result.trace.every((entry) => !("text" in entry))).toBe(true);
    expect(mixture.runs.get("ben", result.run_id)).toBeUndefined();
    const count = (type: RunEvent["type"]) => events.filter((event) => event.type === type).length;
    expect([count("layer_started"), count("call_started"), count("first_token"), count("call_ended")]).toEqual([
      2, 4, 4, 4,
    ]);
  });

  it("has no analysis where it failed, which is only a warning", async () => {
    const { run } = await mixtureOn(named("a", "b", "c"), { numLayers: 1 }, {}, { processor: undefined });
    const result = await run({ output: "answer_with_analysis" });
    expect(result).toMatchObject({ answer: "a2", degraded: false });
    expect(result.analysis).toBeUndefined();
    expect(result.warnings).toEqual([expect.stringMatching(/^There is no analysis: /)]);
  });
});
