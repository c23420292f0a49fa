import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Fault } from "../../../test/fixtures/fake-faults.ts";
import {
  clientOn,
  configured,
  failure,
  messages,
  modelClient,
  never,
  provider,
} from "../../../test/fixtures/model-client.ts";

const KEY = "sk-very-secret-key";

describe("a call that goes well", () => {
  it("gives the text, the full name of the model, the tokens and the attempts", async () => {
    const { server, complete } = await clientOn({ a: { reply: "Hi there" } });
    expect(await complete()).toEqual({
      text: "Hi there",
      model: "fake/a",
      usage: { prompt_tokens: 2, completion_tokens: 2, total_tokens: 4 },
      finish_reason: "stop",
      ms: expect.any(Number),
      first_token_ms: expect.any(Number),
      attempts: 1,
      candidate: 0,
      warnings: [],
    });
    expect(server.chats[0]!.body).toEqual({
      model: "a",
      messages,
      max_tokens: 200,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it("estimates the tokens where the provider gives none, and says so", async () => {
    const { complete } = await clientOn({ a: { reply: { content: "Hi", usage: null } } });
    expect((await complete()).usage).toMatchObject({ estimated: true });
  });

  it.each([
    ["<think>2 + 2\nis 4</think>\n\n4", "4"],
    ["<thinking>2 + 2</thinking>4", "4"],
    ["2 + 2 is\n</think>\n\n4", "4"],
    ["Put it between <think> and </think>.", "Put it between <think> and </think>."],
    ["a < b and\n</thing>", "a < b and\n</thing>"],
  ])("leaves out the reasoning that stands before the answer: %j", async (reply, text) => {
    const { complete } = await clientOn({ a: { reply } });
    expect((await complete()).text).toBe(text);
  });

  const json = JSON.stringify({ choices: [{ message: { content: "Hey" }, finish_reason: "stop" }] });
  const parts = [
    { type: "thinking", thinking: [{ type: "text", text: "Hm." }] },
    { type: "text", text: "He" },
    "y",
    { type: "image_url" },
  ];
  const stream =
    ': waiting\n\ndata: {"choices":[{"delta":{"content":"He"}}]}\n\ndata: {"choices":[{"delta":{"content":"y"},"finish_reason":"stop"}]}\n\ndata: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\ndata: [DONE]\n\n';
  it.each<[string, string | Buffer, Record<string, string>]>([
    ["an event stream", stream, { "content-type": "text/event-stream" }],
    ["an event stream that is called JSON", stream.replaceAll("\n", "\r\n"), {}],
    ["gzip", gzipSync(json), { "content-encoding": "gzip" }],
    ["two codings", brotliCompressSync(gzipSync(json)), { "content-encoding": "GZip, br" }],
    ["a byte order mark", `\uFEFF${json}`, {}],
    ["JSON that is called HTML", json, { "content-type": "text/html" }],
    ["white space before it", `\n\n   ${json}`, {}],
    ["content in parts", JSON.stringify({ choices: [{ message: { content: parts } }] }), {}],
    ["a text completion", JSON.stringify({ choices: [{ text: "Hey", finish_reason: null }] }), {}],
  ])("reads %s although nobody asked for it", async (_what, body, headers) => {
    const { complete } = await clientOn({ a: { fault: { status: 200, body, headers } } });
    expect(await complete()).toMatchObject({ text: "Hey", finish_reason: "stop", attempts: 1 });
  });

  it("says when the answer was cut off at the token limit", async () => {
    const { complete } = await clientOn({ a: { reply: { content: "Once upon", finishReason: "length" } } });
    expect(await complete()).toMatchObject({ text: "Once upon", finish_reason: "length" });
  });

  it("sends half a surrogate pair as the replacement character", async () => {
    const { server, llm } = await clientOn({ a: {} });
    await llm.complete({ messages: [{ role: "user", content: "a\ud800b" }] }, { signal: never });
    expect(server.chats[0]!.body!.messages[0]!.content).toBe("a\ufffdb");
  });

  it("takes max_completion_tokens for models that refuse max_tokens, and remembers it", async () => {
    const refusal =
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    const { server, complete } = await clientOn({
      a: {
        fault: (request) =>
          request.max_tokens === undefined
            ? undefined
            : { status: 400, body: JSON.stringify({ error: { message: refusal } }) },
      },
    });
    expect((await complete()).text).toBe("ok");
    await complete();
    expect(server.chats).toHaveLength(3);
    expect(server.chats[2]!.body).toMatchObject({ max_completion_tokens: 200 });
  });
});

const json = (status: number, body: unknown): Fault => ({ status, body: JSON.stringify(body) });
const choice = (message: object, more: object = {}) => json(200, { choices: [{ message, ...more }] });

describe("what providers answer instead of a completion", () => {
  const tool_calls = [{ type: "function", function: { name: "search", arguments: "{}" } }];
  // `true`: worth asking the same model again.
  const cases: [Fault, string, RegExp, boolean][] = [
    ["html", "invalid_response", /a web page/, true],
    ["empty", "invalid_response", /answered nothing/, true],
    [{ status: 200, body: "[1, 2" }, "invalid_response", /not JSON/, true],
    [{ status: 200, body: "42" }, "invalid_response", /not JSON/, true],
    [{ status: 200, body: "null" }, "invalid_response", /not JSON/, true],
    [{ status: 200, body: "no", headers: { "content-encoding": "gzip" } }, "invalid_response", /encoding/, true],
    [{ status: 204, body: "" }, "invalid_response", /answered nothing/, true],
    ["no_choices", "invalid_response", /no choices/, true],
    [json(200, { choices: null }), "invalid_response", /no choices/, true],
    [json(200, { choices: [null] }), "invalid_response", /no choices/, true],
    ["content_null", "invalid_response", /empty answer/, false],
    [choice({ content: "  \n" }), "invalid_response", /empty answer/, false],
    [choice({ content: 42 }), "invalid_response", /empty answer/, false],
    [choice({ content: null, tool_calls }, { finish_reason: "tool_calls" }), "invalid_response", /call a tool/, false],
    [choice({ content: null, refusal: "I won't." }), "invalid_response", /refused: I won't/, false],
    [choice({ content: "" }, { finish_reason: "content_filter" }), "invalid_response", /content filter/, false],
    ["reasoning_only", "invalid_response", /only reasoned/, false],
    [choice({ content: "<think>Let me" }, { finish_reason: "length" }), "invalid_response", /only reasoned/, false],
    ["error_200", "upstream_error", /The backend fell over/, true],
    [json(200, { error: "It broke" }), "upstream_error", /It broke/, true],
    [json(200, { detail: "It broke" }), "upstream_error", /It broke/, true],
    [json(200, { object: "error", message: "It broke", code: 500 }), "upstream_error", /HTTP 500.*It broke/, true],
    [json(200, { error: { message: "Slow down", code: 429 } }), "rate_limited", /Slow down/, true],
    [json(200, { error: { message: "No such key", code: "401" } }), "upstream_error", /HTTP 401/, false],
    [json(200, { choices: [{ error: { message: "It broke", code: 502 } }] }), "upstream_error", /HTTP 502/, true],
    [{ status: 200, body: 'data: {"error":{"message":"It broke"}}\n\n' }, "upstream_error", /It broke/, true],
    ["detail", "upstream_error", /Model not loaded by the administrator/, false],
    [json(422, { detail: [{ loc: ["body", "messages"], msg: "bad" }] }), "upstream_error", /"msg":"bad"/, false],
    [
      json(400, { error: { message: "Provider returned error", metadata: { raw: "too warm" } } }),
      "upstream_error",
      /too warm/,
      false,
    ],
    ["unauthorized", "upstream_error", /HTTP 401/, false],
    [json(403, { error: { message: "Not you" } }), "upstream_error", /HTTP 403.*Not you/, false],
    [json(404, { error: { message: "model 'a' not found" } }), "unknown_model", /no model "a"/, false],
    [json(400, { detail: "Model not found" }), "unknown_model", /no model "a"/, false],
    [json(400, { object: "error", message: "Invalid model: a", type: "invalid_model" }), "unknown_model", /"a"/, false],
    [{ status: 404, body: "404 page not found" }, "upstream_error", /nothing at this address/, false],
    [
      json(200, { error: "Unexpected endpoint or method. (POST /chat/completions)" }),
      "upstream_error",
      /nothing at this address/,
      false,
    ],
    [{ status: 301, body: "", headers: { location: "/login" } }, "upstream_error", /nothing at this address/, false],
    [{ status: 307, body: "", headers: { location: "http://127.0.0.1:9/" } }, "upstream_error", /HTTP 307/, false],
    [json(402, { error: { message: "Pay" } }), "rate_limited", /no credit/, false],
    [json(429, { error: { message: "Quota", code: "insufficient_quota" } }), "rate_limited", /no credit/, false],
    ["rate_limited", "rate_limited", /Slow down/, true],
    ["loading", "upstream_error", /Loading model/, true],
    [{ status: 500, body: "Internal Server Error" }, "upstream_error", /Internal Server Error/, true],
    [{ status: 502, body: "<html>Bad gateway</html>" }, "upstream_error", /failed \(HTTP 502\)$/, true],
    ["overflow_llama", "context_overflow", /too long/, false],
    ["overflow_openai", "context_overflow", /too long/, false],
    [{ status: 413, body: "" }, "context_overflow", /too long/, false],
    ["reset", "upstream_unreachable", /closed the connection/, true],
    ["reset_in_body", "upstream_unreachable", /closed the connection/, true],
  ];
  it.each(cases)("%j ends as %s", async (fault, code, message, retryable) => {
    const { server, complete } = await clientOn({ a: { fault } });
    // Too little time for a retry.
    const error = await failure(complete({ timeoutMs: 300 }));
    expect(error).toMatchObject({ code, retryable });
    expect(error.message).toMatch(message);
    expect(server.chats).toHaveLength(1);
  });

  it("gives the numbers of an overflow and learns the context size", async () => {
    const { llm, complete } = await clientOn({ a: { fault: "overflow_llama" } });
    expect((await failure(complete())).details).toMatchObject({ prompt_tokens: 5000, context_tokens: 4096 });
    expect(llm.contextOf("fake/a")).toBe(4096);
  });

  it("never shows a key, even if the provider quotes it", async () => {
    const server = await provider({ models: { a: {} }, apiKey: "another" });
    const llm = modelClient({ providers: { fake: configured(server.baseUrl, { apiKey: KEY, models: ["a"] }) } });
    const error = await failure(llm.complete({ messages }, { signal: never }));
    expect(server.chats[0]!.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(JSON.stringify(error.toResult())).not.toContain(KEY);
    expect(error.message).toContain("[redacted]");
  });

  it("never shows a password that stands in a base URL", async () => {
    const server = await provider({ models: { a: { fault: json(400, { error: { message: `You sent ${KEY}` } }) } } });
    const baseUrl = server.baseUrl.replace("//", `//me:${KEY}@`);
    const llm = modelClient({ providers: { fake: configured(baseUrl) } });
    const error = await failure(llm.complete({ messages }, { signal: never }));
    const basic = Buffer.from(`me:${KEY}`).toString("base64");
    expect(server.chats[0]!.headers.authorization).toBe(`Basic ${basic}`);
    expect(error.message).toMatch(/You sent \[redacted\]/);
  });

  const huge = Buffer.alloc(9 * 1024 * 1024, " ");
  it.each<[string, Fault]>([
    ["an answer without end", { status: 200, body: huge }],
    [
      "a small answer that unpacks without end",
      { status: 200, body: gzipSync(huge), headers: { "content-encoding": "gzip" } },
    ],
  ])("refuses %s", async (_what, fault) => {
    const { complete } = await clientOn({ a: { fault } });
    expect((await failure(complete())).message).toMatch(/more than 8 MiB/);
  });

  it("takes a prompt that a server cut short without a word for one that was too long", async () => {
    const content = "All work and no play makes Jack a dull boy. ".repeat(600);
    const usage = { prompt_tokens: 4096, completion_tokens: 3, total_tokens: 4099 };
    const { llm } = await clientOn({ a: { reply: { content: "Yes, dull.", usage } } });
    const error = await failure(llm.complete({ messages: [{ role: "user", content }] }, { signal: never }));
    expect(error).toMatchObject({ code: "context_overflow", details: { context_tokens: 4096 } });
    expect(error.message).toMatch(/read only 4096 of about \d+ tokens/);
    expect(llm.contextOf("fake/a")).toBe(4096);
    // As many tokens as expected, and by chance that number.
    const short = [{ role: "user" as const, content: content.slice(0, 14_000) }];
    expect((await llm.complete({ messages: short }, { signal: never })).text).toBe("Yes, dull.");
  });
});
