import { describe, expect, it } from "vitest";
import { clientOn, failure, messages, modelClient, never, provider } from "../../../test/fixtures/model-client.ts";

const KINDS = ["openai-compatible", "anthropic", "gemini", "ollama"] as const;
const events = (...chunks: (object | string)[]) => ({
  status: 200,
  headers: { "content-type": "text/event-stream" },
  body: chunks.map((chunk) => `data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`).join(""),
});
const piece = (content: string, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta: { content }, finish_reason }],
});
const usage = { prompt_tokens: 30, completion_tokens: 7, total_tokens: 37 };

describe("an answer that is complete", () => {
  it.each(KINDS)("is given although the connection of kind %s stays open", async (kind) => {
    const reply = "The quick brown fox";
    const server = await provider({ protocol: kind, models: { a: { reply, fault: "open_after_stream" } } });
    const baseUrl = kind === "openai-compatible" ? server.baseUrl : server.url;
    const fake = { kind, baseUrl, apiKey: "k", models: ["a"], concurrency: 4 };
    const llm = modelClient({ providers: { fake } });
    const startedAt = performance.now();
    expect(await llm.complete({ messages }, { signal: never })).toMatchObject({ text: reply, attempts: 1 });
    expect(performance.now() - startedAt).toBeLessThan(1500);
    await expect.poll(() => server.chats[0]!.abandoned).toBe(true);
  });

  it("ends with the tokens it used where no reason and no [DONE] follow", async () => {
    const { complete } = await clientOn({ a: { fault: events(piece("Hi"), { choices: null, usage }) } });
    expect(await complete()).toMatchObject({ text: "Hi", finish_reason: "stop", usage });
  });

  it("is not ended by tokens that are counted on the way", async () => {
    const { complete } = await clientOn({ a: { fault: events(piece("Hi"), { choices: [], usage }, piece(" the")) } });
    expect((await failure(complete({ timeoutMs: 300 }))).message).toMatch(/broke off/);
  });

  it("uses its connection again", async () => {
    const { server, complete } = await clientOn({ a: { reply: "Hi there" } });
    await complete();
    const before = server.openSockets;
    for (let call = 0; call < 3; call += 1) await complete();
    expect(server.openSockets).toBe(before);
  });
});

describe("the length of a stream", () => {
  it("is that of its text and reasoning, not of what is around it", async () => {
    const pad = "x".repeat(400);
    const thought = { id: pad, choices: [{ index: 0, delta: { reasoning_content: "Hm. " } }] };
    const { complete } = await clientOn({
      a: { fault: events(...Array(24_000).fill(thought), piece("42", "stop"), "[DONE]") },
    });
    expect((await complete()).text).toBe("42");
  });

  it("has a limit", async () => {
    const { complete } = await clientOn({
      a: { fault: events(...Array(9).fill(piece("x".repeat(1_048_576))), piece("", "stop"), "[DONE]") },
    });
    const error = await failure(complete());
    expect(error.message).toMatch(/more than 8 MiB/);
    expect(error.hint).toBeDefined();
  });
});
