import { monitorEventLoopDelay } from "node:perf_hooks";
import { describe, expect, it } from "vitest";
import type { Fault } from "../../../test/fixtures/fake-faults.ts";
import { clientOn, failure, messages, modelClient, never, provider } from "../../../test/fixtures/model-client.ts";

const stream = (body: string, type = "text/event-stream"): Fault => ({
  status: 200,
  headers: { "content-type": type },
  body,
});
const data = (content: string, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`;
const whole = data("One ") + data("two ") + data("three", "stop");
const kinds = ["openai-compatible", "anthropic", "gemini", "ollama"] as const;

/** A client on a provider of this kind, whose only model answers with the fault. */
async function clientOf(kind: (typeof kinds)[number], fault: Fault) {
  const server = await provider({ protocol: kind, models: { a: { fault } } });
  const baseUrl = kind === "openai-compatible" ? server.baseUrl : server.url;
  const fake = { kind, baseUrl, apiKey: "k", models: ["a"], concurrency: 4 };
  return modelClient({ providers: { fake } });
}

describe("a stream with a piece that is no JSON", () => {
  it.each([
    ["is cut", whole.replace('"two "', '"tw')],
    ["is a word", `${data("One ")}data: oops\n\n${data("two", "stop")}`],
    ["comes in JSON's place", `data: {x\n\n${whole}`],
  ])("is no answer where it %s", async (_what, body) => {
    for (const type of ["text/event-stream", "application/json"]) {
      const { complete } = await clientOn({ a: { fault: stream(`${body}data: [DONE]\n\n`, type) } });
      const error = await failure(complete({ timeoutMs: 300 }));
      expect(error).toMatchObject({ code: "invalid_response", retryable: true, hint: expect.any(String) });
      expect(error.message).toMatch(/Provider "fake".*damaged/);
    }
  });

  it("keeps what had come before it", async () => {
    const { complete } = await clientOn({
      a: { fault: stream(`${data("Once upon a time there was ")}data: {"cho\n\n${whole}`) },
    });
    const answer = await complete({ timeoutMs: 300, salvage: true });
    expect(answer).toMatchObject({ text: "Once upon a time there was ", partial: true, finish_reason: "interrupted" });
  });

  it("is one where it is empty, a comment, JSON that says nothing, or comes after the end", async () => {
    const body = `: hello\n\ndata:\n\ndata: null\n\n${whole}data: [DONE]\n\ndata: bye\n\n`;
    const { complete } = await clientOn({ a: { fault: stream(body) } });
    expect((await complete()).text).toBe("One two three");
  });

  it("is found in lines of JSON too", async () => {
    const line = (content: string, more = {}) => JSON.stringify({ message: { content }, done: false, ...more });
    const lines = [line("One "), line("two ").slice(0, -9), line("three"), line("", { done: true })];
    const llm = await clientOf("ollama", stream(`${lines.join("\n")}\n`, "application/x-ndjson"));
    const error = await failure(llm.complete({ messages, timeoutMs: 300 }, { signal: never }));
    expect(error).toMatchObject({ code: "invalid_response", retryable: true });
  });
});

describe("JSON that is nested without end", () => {
  const nested = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  const bodies = [
    `{"error":{"message":${nested}}}`,
    `{"error":${nested}}`,
    `{"detail":${nested}}`,
    `{"error":{"message":"no","metadata":{"raw":${nested}}}}`,
  ];
  it.each(kinds)("in an error of kind %s is the error that the status says", async (kind) => {
    for (const body of bodies) {
      for (const [status, code] of [
        [500, "upstream_error"],
        [429, "rate_limited"],
        [200, "invalid_response"],
      ] as const) {
        const llm = await clientOf(kind, { status, body });
        expect((await failure(llm.complete({ messages, timeoutMs: 300 }, { signal: never }))).code).toBe(code);
      }
    }
  });

  it.each(kinds)("in a stream of kind %s is damage", async (kind) => {
    const [prefix, type] = kind === "ollama" ? ["", "application/x-ndjson"] : ["data: ", "text/event-stream"];
    const llm = await clientOf(kind, stream(`${prefix}{"error":${nested}}\n\n`, type));
    const error = await failure(llm.complete({ messages, timeoutMs: 300 }, { signal: never }));
    expect(error.code).toBe("invalid_response");
  });

  it("is told from a text with as many brackets", async () => {
    const text = `"\\${"[".repeat(5000)}{"`;
    const { complete } = await clientOn({ a: { reply: text } });
    expect((await complete()).text).toBe(text);
  });
});

describe("an answer of many damaged pieces", () => {
  const cases: [string, (typeof kinds)[number], Fault, number][] = [
    ["lines of {", "ollama", stream("{\n".repeat(3_500_000), "application/x-ndjson"), 100],
    ["lines of { that are called JSON", "ollama", stream("{\n".repeat(3_500_000), "application/json"), 350],
    ["events of {x", "openai-compatible", stream("data:{x\n\n".repeat(700_000)), 100],
    ["one event of {x", "openai-compatible", stream("data:{x\n".repeat(800_000)), 100],
    ["brackets", "openai-compatible", stream("[".repeat(8_000_000)), 350],
    ["brackets that are called JSON", "openai-compatible", stream("[".repeat(8_000_000), "application/json"), 350],
    ["empty lines", "ollama", stream(`{}${"\n".repeat(8_000_000)}x`, "application/json"), 350],
    ["white space", "openai-compatible", stream(" ".repeat(8_000_000)), 350],
  ];
  it.each(cases)("does not hold up others: %s", async (_what, kind, fault, limitMs) => {
    const llm = await clientOf(kind, fault);
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const error = await failure(llm.complete({ messages, timeoutMs: 300 }, { signal: never }));
    delay.disable();
    expect(["invalid_response", "deadline_exceeded"]).toContain(error.code);
    expect(delay.max / 1e6).toBeLessThan(limitMs);
  });
});
