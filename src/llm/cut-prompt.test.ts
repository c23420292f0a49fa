import { describe, expect, it } from "vitest";
import type { FakeReply } from "../../test/fixtures/fake-provider.ts";
import { clientOn, configured, failure, modelClient, never, provider } from "../../test/fixtures/model-client.ts";
import { leastTokens } from "./cut-prompt.ts";

const user = (content: string) => [{ role: "user" as const, content }];
const DULL = "All work and no play makes Jack a dull boy. ";
const PROSE = DULL.repeat(600);
const reading = (prompt_tokens: number): FakeReply => ({
  content: "Yes.",
  usage: { prompt_tokens, completion_tokens: 1, total_tokens: prompt_tokens + 1 },
});

describe("a prompt of which the provider counts fewer tokens than expected", () => {
  it.each([
    ["dashes, which are few tokens", "-".repeat(6000), 1024],
    ["empty lines", "\n \n".repeat(4000), 1024],
    ["a table", "| --- | --- |\n".repeat(1500), 2048],
    ["letters that are one word", "a".repeat(20_000), 1024],
    ["few of it, by another number than a context's", PROSE, 3000],
  ])("is whole where it can be: %s", async (_what, content, told) => {
    const { llm, complete } = await clientOn({ a: { reply: reading(told) } });
    expect((await complete({ messages: user(content) })).text).toBe("Yes.");
    expect(llm.contextOf("fake/a")).toBeUndefined();
  });

  it.each(["anthropic", "gemini"] as const)("is whole with a provider that cuts none: %s", async (kind) => {
    const server = await provider({ protocol: kind, models: { a: { reply: reading(4096) } } });
    const fake = { kind, baseUrl: server.url, apiKey: "k", models: ["a"], concurrency: 4 };
    const llm = modelClient({ providers: { fake } });
    expect((await llm.complete({ messages: user(PROSE) }, { signal: never })).text).toBe("Yes.");
  });

  it("is whole where the context is known", async () => {
    const server = await provider({ models: { a: { reply: reading(4096) } } });
    const llm = modelClient({ providers: { fake: configured(server.baseUrl, { contextTokens: 128_000 }) } });
    expect((await llm.complete({ messages: user(PROSE) }, { signal: never })).text).toBe("Yes.");
    expect(llm.contextOf("fake/a")).toBe(128_000);
  });

  it("was cut where its words alone are more, until a longer one is read", async () => {
    const { llm, complete } = await clientOn({ a: { reply: (_request, call) => reading(call === 1 ? 4096 : 8500) } });
    expect((await failure(complete({ messages: user(PROSE) }))).code).toBe("context_overflow");
    expect(llm.contextOf("fake/a")).toBe(4096);
    expect((await complete({ messages: user(PROSE) })).text).toBe("Yes.");
    expect(llm.contextOf("fake/a")).toBeUndefined();
  });
});

describe("the tokens that a text is at least", () => {
  it.each([
    ["", 0],
    ["-----", 0],
    ["The quick brown fox", 4],
    ["It's 1234567 km", 3],
    ["我们今天去公园", 1],
  ])("are those of its words: %j", (text, tokens) => {
    expect(leastTokens(text)).toBe(tokens);
  });
});
