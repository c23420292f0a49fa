import { describe, expect, it } from "vitest";
import { clientOn, failure, messages, modelClient, never, provider } from "../../../test/fixtures/model-client.ts";
import { withoutReasoning } from "./read-reply.ts";

/** What a model says it used, as JSON: some numbers have no other form. */
const answerWith = (usage: string) => ({
  status: 200,
  body: `{"choices":[{"message":{"content":"Hello there"},"finish_reason":"stop"}],"usage":${usage}}`,
});

describe("the tokens that a provider tells", () => {
  it.each([
    ["more than can be", '{"prompt_tokens":1e999,"completion_tokens":2,"total_tokens":3}'],
    ["more than any model reads", '{"prompt_tokens":5000000000,"completion_tokens":2}'],
    ["less than none", '{"prompt_tokens":10,"completion_tokens":-2}'],
    ["a part of one", '{"prompt_tokens":1.5,"completion_tokens":2}'],
    ["no number", '{"prompt_tokens":"10","completion_tokens":2}'],
  ])("are estimated instead where they are impossible: %s", async (_what, usage) => {
    const { complete } = await clientOn({ a: { fault: answerWith(usage) } });
    const told = (await complete()).usage;
    expect(told.estimated).toBe(true);
    for (const count of [told.prompt_tokens, told.completion_tokens, told.total_tokens]) {
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThan(100);
    }
  });

  it.each([
    ['{"prompt_tokens":100,"completion_tokens":50,"total_tokens":1}', { total_tokens: 150 }],
    ['{"prompt_tokens":100,"completion_tokens":50,"total_tokens":1e999}', { total_tokens: 150 }],
    ['{"prompt_tokens":100,"completion_tokens":50}', { total_tokens: 150 }],
    // Gemini by OpenAI's API counts its thoughts in the total alone.
    [
      '{"prompt_tokens":100,"completion_tokens":50,"total_tokens":180}',
      { completion_tokens: 80, reasoning_tokens: 30, total_tokens: 180 },
    ],
    [
      '{"prompt_tokens":100,"completion_tokens":50,"total_tokens":180,"completion_tokens_details":{"reasoning_tokens":30}}',
      { completion_tokens: 80, reasoning_tokens: 30, total_tokens: 180 },
    ],
    ['{"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":1e999}}', {}],
    ['{"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":900}}', {}],
  ])("add up: %s", async (usage, more) => {
    const { complete } = await clientOn({ a: { fault: answerWith(usage) } });
    const expected = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150, ...more };
    expect((await complete()).usage).toEqual(expected);
  });

  it("are the same in the sum of the call as in those of the day", async () => {
    const { llm } = await clientOn({
      a: { fault: answerWith('{"prompt_tokens":100,"completion_tokens":50,"total_tokens":7}') },
    });
    const account = llm.account({ id: "ana" });
    await llm.complete({ messages }, { signal: never, account });
    expect(account.usage).toMatchObject({ prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 });
  });

  it.each(["anthropic", "gemini", "ollama"] as const)("are checked where kind %s tells them", async (kind) => {
    const usage = { prompt_tokens: 5e12, completion_tokens: 2, total_tokens: 1 };
    const server = await provider({ protocol: kind, models: { a: { reply: { content: "Hello there", usage } } } });
    const fake = { kind, baseUrl: server.url, apiKey: "k", models: ["a"], concurrency: 4 };
    const llm = modelClient({ providers: { fake } });
    expect((await llm.complete({ messages }, { signal: never })).usage.estimated).toBe(true);
  });

  it.each(["1e999", "-1", '"1"'])("do not cost %s USD", async (cost) => {
    const { llm } = await clientOn({
      a: { fault: answerWith(`{"prompt_tokens":10,"completion_tokens":5,"cost":${cost}}`) },
    });
    const account = llm.account({ id: "ana" });
    await llm.complete({ messages }, { signal: never, account });
    expect(account.usage.cost_usd).toBeNull();
  });
});

const events = (...chunks: (object | string)[]) => ({
  status: 200,
  headers: { "content-type": "text/event-stream" },
  body: chunks.map((chunk) => `data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`).join(""),
});
const piece = (content: string, more: object = {}) => ({ choices: [{ index: 0, delta: { content }, ...more }] });

describe("a stream", () => {
  it("tells the tokens in Groq's place too", async () => {
    const usage = { prompt_tokens: 30, completion_tokens: 7, total_tokens: 37 };
    const end = { ...piece("", { finish_reason: "stop" }), x_groq: { id: "req_1", usage } };
    const { complete } = await clientOn({
      a: { fault: events({ ...piece("Hi"), x_groq: { id: "req_1" } }, end, "[DONE]") },
    });
    expect((await complete()).usage).toEqual(usage);
  });

  it("ends with [DONE]", async () => {
    const { complete } = await clientOn({
      a: { fault: events(piece("Hi"), piece("", { finish_reason: "stop" }), "[DONE]", piece(" and more"), "[DONE]") },
    });
    expect((await complete()).text).toBe("Hi");
  });

  it("is read for one answer where it holds several", async () => {
    const other = (content: string) => ({ choices: [{ index: 1, delta: { content }, finish_reason: null }] });
    const both = { choices: [...other("x").choices, ...piece(" there").choices] };
    const { complete } = await clientOn({
      a: {
        fault: events(piece("Hi"), other("Bye"), both, piece("", { finish_reason: "stop" }), other(" now"), "[DONE]"),
      },
    });
    expect((await complete()).text).toBe("Hi there");
  });

  it("may number its only answer as it likes", async () => {
    const one = (delta: object, finish_reason: string | null = null) => ({
      choices: [{ index: 1, delta, finish_reason }],
    });
    const { complete } = await clientOn({ a: { fault: events(one({ content: "Hi" }), one({}, "stop"), "[DONE]") } });
    expect((await complete()).text).toBe("Hi");
  });
});

describe("reasoning before an answer", () => {
  it.each([
    ["<think>a</think>\n<think>b</think>\n42", "42"],
    ["<think>a</think><thinking>b</thinking>42", "42"],
    ["<think>a</think>First.\n<think>b\nc</think>\nSecond.", "First.\n\nSecond."],
    ["<think>a</think><think>b", ""],
    ["<think>a</think>Write <think> and </think> around it.", "Write <think> and </think> around it."],
    ["First.\n<think>b</think>\nSecond.", "First.\n<think>b</think>\nSecond."],
  ])("is left out as often as it comes: %j", (text, answer) => {
    expect(withoutReasoning(text)).toBe(answer);
  });

  it("is found in linear time", () => {
    const text = `<think>a</think>x${"\n<think>".repeat(300_000)}`;
    const startedAt = performance.now();
    expect(withoutReasoning(text)).toHaveLength(300_000 * 8 + 1);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it("is no answer where nothing follows", async () => {
    const { complete } = await clientOn({ a: { reply: "<think>a</think>\n<think>b</think>" } });
    expect((await failure(complete())).message).toMatch(/only reasoned/);
  });
});
