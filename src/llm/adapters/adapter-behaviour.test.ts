import { describe, expect, it, vi } from "vitest";
import type { Fault } from "../../../test/fixtures/fake-faults.ts";
import type { FakeModel } from "../../../test/fixtures/fake-provider.ts";
import { failure, messages, modelClient, never, provider } from "../../../test/fixtures/model-client.ts";

const KEY = "sk-very-secret-key";

describe.each(["openai-compatible", "ollama", "anthropic", "gemini"] as const)("a provider of kind %s", (kind) => {
  const ask = async (model: FakeModel, { stream = true, idleTimeout = 5, apiKey = KEY } = {}) => {
    const server = await provider({ protocol: kind, models: { a: model }, apiKey: KEY });
    const baseUrl = kind === "openai-compatible" ? server.baseUrl : server.url;
    const fake = { kind, baseUrl, apiKey, models: ["a"], concurrency: 4, stream };
    const llm = modelClient({ providers: { fake }, idleTimeout });
    return { server, llm, complete: (more: object = {}) => llm.complete({ messages, ...more }, { signal: never }) };
  };
  const system = { role: "system" as const, content: "Be brief." };

  it.each([true, false])("answers with its text and tokens, in a stream (%s) or not", async (stream) => {
    const { server, complete } = await ask({ reply: { content: "Hi there", reasoning: "Hm." } }, { stream });
    const answer = await complete({ messages: [system, ...messages] });
    expect(answer).toMatchObject({ text: "Hi there", model: "fake/a", finish_reason: "stop" });
    expect(answer.usage).toEqual({ prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 });
    expect(answer.first_token_ms).toEqual(stream ? expect.any(Number) : undefined);
    expect(server.chats).toHaveLength(1);
  });

  it("says when an answer was cut off, and lists its models", async () => {
    const { llm, complete } = await ask({ reply: { content: "Once upon", finishReason: "length" } });
    expect(await complete()).toMatchObject({ text: "Once upon", finish_reason: "length" });
    expect(await llm.models()).toMatchObject([{ name: "fake/a" }]);
  });

  const cases: [Fault, string][] = [
    ["html", "invalid_response"],
    ["empty", "invalid_response"],
    ["no_choices", "invalid_response"],
    ["content_null", "invalid_response"],
    ["reasoning_only", "invalid_response"],
    ["error_200", "upstream_error"],
    ["detail", "upstream_error"],
    ["rate_limited", "rate_limited"],
    ["loading", "upstream_error"],
    ["overflow_llama", "context_overflow"],
    ["reset", "upstream_unreachable"],
    ["reset_in_body", "upstream_unreachable"],
    ["reset_mid_stream", "upstream_unreachable"],
    ["end_mid_stream", "upstream_unreachable"],
    ["silent_mid_stream", "upstream_unreachable"],
    ["error_mid_stream", "upstream_error"],
    ["hang", "deadline_exceeded"],
    ["drip", "deadline_exceeded"],
  ];
  it.each(cases)("%s ends as %s", async (fault, code) => {
    const reply = "one two three four five six";
    const { complete } = await ask({ fault, reply }, { idleTimeout: 0.1 });
    expect((await failure(complete({ timeoutMs: 300 }))).code).toBe(code);
  });

  it.each(["reset_mid_stream", "silent_mid_stream", "end_mid_stream"] as const)(
    "saves what had come before a %s",
    async (fault) => {
      const reply = "The quick brown fox jumps over the lazy dog and then sleeps a while";
      const { complete } = await ask({ fault, reply }, { idleTimeout: 0.1 });
      const answer = await complete({ timeoutMs: 300, salvage: true });
      expect(answer).toMatchObject({ partial: true, finish_reason: "interrupted" });
      expect(reply.startsWith(answer.text.trim())).toBe(true);
    },
  );

  it("never shows a key that is refused", async () => {
    const { complete } = await ask({}, { apiKey: "sk-a-wrong-secret" });
    const error = await failure(complete());
    expect(error.code).toBe("upstream_error");
    expect(JSON.stringify(error.toResult())).not.toContain("sk-a-wrong-secret");
  });

  it("closes the request within 50 ms of a cancel, and sends no other", async () => {
    const { server, llm } = await ask({ reply: "a b c d e f g h", wordMs: 200 });
    const stop = new AbortController();
    const running = failure(llm.complete({ messages }, { signal: stop.signal }));
    await vi.waitFor(() => expect(server.chats).toHaveLength(1));
    stop.abort();
    await vi.waitFor(() => expect(server.chats[0]!.abandoned).toBe(true), { timeout: 50, interval: 5 });
    expect((await running).code).toBe("aborted");
    expect(server.chats).toHaveLength(1);
  });
});
