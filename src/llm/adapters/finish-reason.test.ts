import { describe, expect, it } from "vitest";
import { mixtureOn } from "../../../test/fixtures/mixture.ts";
import { clientOn, failure, messages, modelClient, never, provider } from "../../../test/fixtures/model-client.ts";
import { processorOn } from "../../../test/fixtures/processor.ts";
import { finishReasonOf } from "./finish-reason.ts";

const HALF = "The first half of an answer of which the second half never came.";

describe("why an answer ended", () => {
  it.each([
    [
      "stop",
      undefined,
      null,
      "",
      "stop",
      "STOP",
      "end_turn",
      "stop_sequence",
      "eos",
      "eos_token",
      "completed",
      "COMPLETE",
    ],
    ["stop", "tool_calls", "function_call", "tool_use", "FINISH_REASON_STOP"],
    [
      "length",
      "length",
      "max_tokens",
      "MAX_TOKENS",
      "model_length",
      "model_context_window_exceeded",
      "max_output_tokens",
    ],
    ["length", "limit", "ERROR_LIMIT"],
    [
      "content_filter",
      "content_filter",
      "refusal",
      "SAFETY",
      "RECITATION",
      "LANGUAGE",
      "BLOCKLIST",
      "PROHIBITED_CONTENT",
    ],
    ["content_filter", "SPII", "IMAGE_SAFETY", "guardrail_intervened", "sensitive", "ERROR_TOXIC"],
    ["interrupted", "error", "abort", "pause_turn", "OTHER", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"],
    ["interrupted", "insufficient_system_resource", "network_error", "USER_CANCEL", "incomplete", "timeout"],
  ])("is %s where providers say so in other words", (reason, ...told) => {
    for (const word of told) expect([word, finishReasonOf(word)]).toEqual([word, { reason }]);
  });

  it("counts as the end where nobody knows the word, but is told", async () => {
    expect(finishReasonOf("Full moon")).toEqual({ reason: "stop", unknown: "Full moon" });
    const { complete } = await clientOn({ a: { reply: { content: HALF, finishReason: "full_moon" } } });
    expect(await complete()).toMatchObject({
      finish_reason: "stop",
      warnings: ['"fake/a" ended its answer for a reason that is not known ("full_moon"): it may not be whole.'],
    });
  });
});

describe.each(["openai-compatible", "anthropic", "gemini"] as const)("an answer of kind %s", (kind) => {
  const words = {
    "openai-compatible": { filter: "content_filter", broken: "abort", long: "model_length" },
    anthropic: { filter: "refusal", broken: "pause_turn", long: "model_context_window_exceeded" },
    gemini: { filter: "SAFETY", broken: "OTHER", long: "MAX_TOKENS" },
  }[kind];
  const ask = async (finishReason: string, stream: boolean, more: object = {}) => {
    const server = await provider({
      protocol: kind,
      models: { a: { reply: { content: HALF, finishReason } }, b: { reply: "All of it" } },
    });
    const baseUrl = kind === "openai-compatible" ? server.baseUrl : server.url;
    const llm = modelClient({
      providers: { fake: { kind, baseUrl, apiKey: "k", models: ["a", "b"], concurrency: 4, stream } },
    });
    return { server, call: () => llm.complete({ messages, ...more }, { signal: never }) };
  };

  it.each([true, false])(
    "that the content filter cut is another model's to give, else salvaged (stream: %s)",
    async (stream) => {
      const { call } = await ask(words.filter, stream, { fallbackModels: ["b"] });
      expect(await call()).toMatchObject({
        text: "All of it",
        candidate: 1,
        warnings: [expect.stringMatching(/content filter/)],
      });
      const { call: alone, server } = await ask(words.filter, stream, { salvage: true });
      expect(await alone()).toMatchObject({
        text: HALF,
        finish_reason: "content_filter",
        partial: true,
        warnings: [expect.stringMatching(/content filter/), expect.stringMatching(/what had come/)],
      });
      expect(server.chats).toHaveLength(1);
      const { call: strict } = await ask(words.filter, stream);
      expect(await failure(strict())).toMatchObject({
        code: "invalid_response",
        details: { finish_reason: "content_filter" },
      });
    },
  );

  it.each([true, false])(
    "that the provider broke off is salvaged where no model gives one (stream: %s)",
    async (stream) => {
      const { call } = await ask(words.broken, stream, { salvage: true });
      expect(await call()).toMatchObject({
        text: HALF,
        finish_reason: "interrupted",
        partial: true,
        warnings: [expect.stringContaining(words.broken), expect.stringMatching(/broke off/)],
      });
    },
  );
});

describe("a result from an answer that did not end by itself", () => {
  it.each([
    ["content_filter", /content filter/],
    ["error", /broke off/],
    ["max_tokens", /token limit/],
  ])("is truncated and says why: %s", async (finishReason, why) => {
    const { run } = await processorOn({ a: { reply: { content: HALF, finishReason } } });
    const result = await run({ input: "x", task: "summarize" });
    expect(result).toMatchObject({ data: HALF, truncated: true });
    expect(result.warnings.join(" ")).toMatch(why);
  });

  it("says that a fallback model gave it, also where a later try of that model gave less", async () => {
    const broken = (_request: unknown, call: number) => ({
      content: call === 1 ? HALF : "The first half of an answer",
      finishReason: "error",
    });
    const { run } = await processorOn(
      { a: { fault: "unauthorized" }, b: { reply: broken } },
      { fallbackModels: ["b"] },
    );
    expect(await run({ input: "x", task: "summarize" })).toMatchObject({ data: HALF, fallback_used: true });
  });

  it.each(["content_filter", "error", "max_tokens"])("is never kept: %s", async (finishReason) => {
    const { run, server } = await processorOn(
      { a: { reply: { content: HALF, finishReason } } },
      { temperature: 0, cache: { ttl: 60, maxBytes: 1_000_000 } },
    );
    await run({ input: "x", task: "summarize" });
    const first = server.chats.length;
    await run({ input: "x", task: "summarize" });
    expect(server.chats).toHaveLength(2 * first);
  });

  it.each(["content_filter", "abort", "model_length"])(
    "is never closed to satisfy a schema: %s",
    async (finishReason) => {
      const outputSchema = {
        type: "object",
        properties: { name: { type: "string" }, items: { type: "array", items: { type: "string" } } },
        required: ["name", "items"],
      };
      const content = '{"name":"x","items":["apples","pears"';
      const whole = '{"name":"x","items":["apples","pears","plums"]}';
      const models = { a: { reply: { content, finishReason } }, b: { reply: whole } };
      const { run } = await processorOn(models);
      expect((await failure(run({ input: "x", outputSchema }))).code).toMatch(/invalid_response|upstream_unreachable/);
      const { run: other } = await processorOn(models, { fallbackModels: ["b"] });
      expect(await other({ input: "x", outputSchema })).toMatchObject({ data: JSON.parse(whole), fallback_used: true });
    },
  );

  it.each(["content_filter", "error"])("is a partial proposal of a mixture: %s", async (finishReason) => {
    const { run } = await mixtureOn({ a: { reply: { content: HALF.repeat(4), finishReason } }, b: {}, c: {} });
    const result = await run();
    expect(result.degraded).toBe(true);
    const own = result.trace.filter(({ model, layer }) => model === "fake/a" && layer === 1);
    expect(own).toMatchObject([{ status: "partial", error: expect.stringMatching(/content filter|broke off/) }]);
  });
});
