import { createServer } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type FakeProviderOptions, type Fault, startFakeProvider } from "../../test/fixtures/fake-provider.ts";
import { ToolError } from "../errors.ts";
import { type CompletionRequest, createModelClient, type ModelClientOptions } from "./model-client.ts";

const KEY = "sk-very-secret-key";
const messages = [{ role: "user" as const, content: "Hello" }];
const never = new AbortController().signal;

async function provider(options: FakeProviderOptions) {
  const server = await startFakeProvider(options);
  onTestFinished(() => server.close());
  return server;
}

function client(options: Partial<ModelClientOptions> = {}, env: Record<string, string> = {}) {
  const made = createModelClient(
    {
      providers: {},
      modelId: "a",
      fallbackModels: [],
      maxTokens: 100,
      timeout: 10,
      ollamaUrl: "http://127.0.0.1:9",
      ...options,
    },
    env,
  );
  onTestFinished(() => made.close());
  return made;
}

const configured = (baseUrl: string, more: object = {}) => ({
  kind: "openai-compatible" as const,
  baseUrl,
  models: [],
  concurrency: 4,
  ...more,
});

/** A client on one fake provider called "fake". */
async function setUp(models: FakeProviderOptions["models"], options: Partial<ModelClientOptions> = {}) {
  const server = await provider({ models });
  const llm = client({ providers: { fake: configured(server.baseUrl) }, ...options });
  const complete = (request: Partial<CompletionRequest> = {}, signal = never) =>
    llm.complete({ messages, ...request }, { signal });
  return { server, llm, complete };
}

async function failure(promise: Promise<unknown>): Promise<ToolError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ToolError);
  return error as ToolError;
}

describe("a call that goes well", () => {
  it("gives the text, the full name of the model, the tokens and the attempts", async () => {
    const { server, complete } = await setUp({ a: { reply: "Hi there" } });
    expect(await complete()).toEqual({
      text: "Hi there",
      model: "fake/a",
      usage: { prompt_tokens: 2, completion_tokens: 2, total_tokens: 4 },
      finish_reason: "stop",
      attempts: 1,
      candidate: 0,
      warnings: [],
    });
    expect(server.chats[0]!.body).toEqual({ model: "a", messages, max_tokens: 100, stream: false });
  });

  it("estimates the tokens where the provider gives none, and says so", async () => {
    const { complete } = await setUp({ a: { reply: { content: "Hi", usage: null } } });
    expect((await complete()).usage).toMatchObject({ estimated: true });
  });

  it.each([
    ["<think>2 + 2\nis 4</think>\n\n4", "4"],
    ["<thinking>2 + 2</thinking>4", "4"],
    ["2 + 2 is\n</think>\n\n4", "4"],
    ["Put it between <think> and </think>.", "Put it between <think> and </think>."],
    ["a < b and\n</thing>", "a < b and\n</thing>"],
  ])("leaves out the reasoning that stands before the answer: %j", async (reply, text) => {
    const { complete } = await setUp({ a: { reply } });
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
    const { complete } = await setUp({ a: { fault: { status: 200, body, headers } } });
    expect(await complete()).toMatchObject({ text: "Hey", finish_reason: "stop", attempts: 1 });
  });

  it("says when the answer was cut off at the token limit", async () => {
    const { complete } = await setUp({ a: { reply: { content: "Once upon", finishReason: "length" } } });
    expect(await complete()).toMatchObject({ text: "Once upon", finish_reason: "length" });
  });

  it("sends half a surrogate pair as the replacement character", async () => {
    const { server, llm } = await setUp({ a: {} });
    await llm.complete({ messages: [{ role: "user", content: "a\ud800b" }] }, { signal: never });
    expect(server.chats[0]!.body!.messages[0]!.content).toBe("a\ufffdb");
  });

  it("takes max_completion_tokens for models that refuse max_tokens, and remembers it", async () => {
    const refusal =
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    const { server, complete } = await setUp({
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
    expect(server.chats[2]!.body).toMatchObject({ max_completion_tokens: 100 });
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
    const { server, complete } = await setUp({ a: { fault } });
    // Too little time for a retry.
    const error = await failure(complete({ timeoutMs: 300 }));
    expect(error).toMatchObject({ code, retryable });
    expect(error.message).toMatch(message);
    expect(server.chats).toHaveLength(1);
  });

  it("gives the numbers of an overflow and learns the context size", async () => {
    const { llm, complete } = await setUp({ a: { fault: "overflow_llama" } });
    expect((await failure(complete())).details).toMatchObject({ prompt_tokens: 5000, context_tokens: 4096 });
    expect(llm.contextOf("fake/a")).toBe(4096);
  });

  it("never shows a key, even if the provider quotes it", async () => {
    const server = await provider({ models: { a: {} }, apiKey: "another" });
    const llm = client({ providers: { fake: configured(server.baseUrl, { apiKey: KEY, models: ["a"] }) } });
    const error = await failure(llm.complete({ messages }, { signal: never }));
    expect(server.chats[0]!.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(JSON.stringify(error.toResult())).not.toContain(KEY);
    expect(error.message).toContain("[redacted]");
  });

  it("never shows a password that stands in a base URL", async () => {
    const server = await provider({ models: { a: { fault: json(400, { error: { message: `You sent ${KEY}` } }) } } });
    const baseUrl = server.baseUrl.replace("//", `//me:${KEY}@`);
    const llm = client({ providers: { fake: configured(baseUrl) } });
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
    const { complete } = await setUp({ a: { fault } });
    expect((await failure(complete())).message).toMatch(/more than 8 MiB/);
  });

  it("takes a prompt that a server cut short without a word for one that was too long", async () => {
    const content = "All work and no play makes Jack a dull boy. ".repeat(600);
    const usage = { prompt_tokens: 4096, completion_tokens: 3, total_tokens: 4099 };
    const { llm } = await setUp({ a: { reply: { content: "Yes, dull.", usage } } });
    const error = await failure(llm.complete({ messages: [{ role: "user", content }] }, { signal: never }));
    expect(error).toMatchObject({ code: "context_overflow", details: { context_tokens: 4096 } });
    expect(error.message).toMatch(/read only 4096 of about \d+ tokens/);
    expect(llm.contextOf("fake/a")).toBe(4096);
    // As many tokens as expected, and by chance that number.
    const short = [{ role: "user" as const, content: content.slice(0, 14_000) }];
    expect((await llm.complete({ messages: short }, { signal: never })).text).toBe("Yes, dull.");
  });
});

describe("deadline, retry and fallback", () => {
  it("retries a transient failure and counts the attempts", async () => {
    const { complete } = await setUp({ a: { fault: (_request, call) => (call < 3 ? "loading" : undefined) } });
    expect(await complete()).toMatchObject({ text: "ok", attempts: 3 });
  });

  it("waits as Retry-After says where that fits", async () => {
    const busy: Fault = { status: 429, body: "{}", headers: { "retry-after-ms": "40", "retry-after": "100" } };
    const { complete } = await setUp({ a: { fault: (_request, call) => (call === 1 ? busy : undefined) } });
    expect(await complete()).toMatchObject({ text: "ok", attempts: 2 });
  });

  it.each([120, 5])("does not wait for a Retry-After of %d s where another model can be asked", async (seconds) => {
    const busy: Fault = { status: 429, body: "{}", headers: { "retry-after": String(seconds) } };
    const { server, complete } = await setUp({ a: { fault: busy }, b: {} }, { fallbackModels: ["b"], timeout: 60 });
    expect(await complete()).toMatchObject({ model: "fake/b", attempts: 2, candidate: 1 });
    expect(server.chats).toHaveLength(2);
  });

  it("does not wait for a Retry-After beyond the deadline, but falls back at once", async () => {
    const { complete } = await setUp({ a: { fault: "rate_limited" }, b: {} }, { fallbackModels: ["b"] });
    const result = await complete();
    expect(result).toMatchObject({ model: "fake/b", attempts: 2, candidate: 1 });
    expect(result.warnings[0]).toContain("fake/a");
  });

  it("says how long to wait where there is no fallback", async () => {
    const { complete } = await setUp({ a: { fault: "rate_limited" } });
    const error = await failure(complete());
    expect(error).toMatchObject({ code: "rate_limited", retryable: true, retryAfterMs: 120_000 });
  });

  it("does not start the retries anew for a fallback model", async () => {
    const { server, complete } = await setUp(
      { a: { fault: "loading" }, b: { fault: "loading" }, c: { fault: "loading" } },
      { fallbackModels: ["b", "c"] },
    );
    const error = await failure(complete());
    expect(server.chats.map((chat) => chat.body!.model)).toEqual(["a", "a", "a", "b", "c"]);
    expect(error.details).toMatchObject({ attempts: 5 });
    expect(error.issues?.map((issue) => issue.path)).toEqual(["fake/a", "fake/b", "fake/c"]);
  });

  it.each(["hang", "hang_after_headers", "drip"] as const)(
    "ends a call that does not end (%s) at its deadline",
    async (fault) => {
      const { server, complete } = await setUp({ a: { fault } });
      const error = await failure(complete({ timeoutMs: 150 }));
      expect(error.code).toBe("deadline_exceeded");
      expect(server.chats).toHaveLength(1);
      await vi.waitFor(() => expect(server.chats[0]!.abandoned).toBe(true));
    },
  );

  it("gives a fallback model its own time after a hanging one", async () => {
    const { complete } = await setUp({ a: { fault: "hang" }, b: {} }, { fallbackModels: ["b"] });
    expect(await complete({ timeoutMs: 150 })).toMatchObject({ model: "fake/b" });
  });

  it("closes the upstream socket when the caller cancels, and asks nobody else", async () => {
    const { server, complete } = await setUp({ a: { fault: "hang" }, b: {} }, { fallbackModels: ["b"] });
    const stop = new AbortController();
    const running = failure(complete({}, stop.signal));
    await vi.waitFor(() => expect(server.chats).toHaveLength(1));
    stop.abort();
    expect((await running).code).toBe("aborted");
    await vi.waitFor(() => expect(server.chats[0]!.abandoned).toBe(true));
    expect(server.chats).toHaveLength(1);
  });

  it("has no more requests under way than each provider allows", async () => {
    const one = await provider({ models: { a: { latencyMs: 30 } } });
    const two = await provider({ models: { b: { latencyMs: 30 } } });
    const llm = client({
      providers: {
        one: configured(one.baseUrl, { concurrency: 2 }),
        two: configured(two.baseUrl, { concurrency: 3 }),
      },
    });
    const models = Array.from({ length: 14 }, (_, index) => (index % 2 === 0 ? "one/a" : "two/b"));
    await Promise.all(models.map((model) => llm.complete({ messages, model }, { signal: never })));
    expect([one.mostUnderWay, two.mostUnderWay]).toEqual([2, 3]);
  });

  it("gives a place up as soon as its caller cancels", async () => {
    const server = await provider({ models: { a: { fault: (_request, call) => (call === 1 ? "hang" : undefined) } } });
    const llm = client({ providers: { fake: configured(server.baseUrl, { concurrency: 1 }) } });
    const stop = new AbortController();
    const first = failure(llm.complete({ messages }, { signal: stop.signal }));
    await vi.waitFor(() => expect(server.chats).toHaveLength(1));
    const second = llm.complete({ messages }, { signal: never });
    const impatient = new AbortController();
    const third = failure(llm.complete({ messages }, { signal: impatient.signal }));
    impatient.abort();
    expect((await third).code).toBe("aborted");
    stop.abort();
    expect((await first).code).toBe("aborted");
    expect((await second).text).toBe("ok");
    expect(server.chats).toHaveLength(2);
  });
});

describe("providers that are found", () => {
  it("says how to get one when there is none", async () => {
    const error = await failure(client().complete({ messages }, { signal: never }));
    expect(error.code).toBe("not_configured");
    expect(error.hint).toMatch(/OPENAI_API_KEY.*OLLAMA_HOST.*OPENWEBUI_URL/);
    expect(await client().check()).toEqual([]);
  });

  it("finds a listening Ollama, and its models with or without the tag", async () => {
    const server = await provider({ models: { "llama3.2:latest": {}, "nomic-embed-text:latest": {} } });
    const llm = client({ ollamaUrl: server.url, modelId: "llama-3" });
    const result = await llm.complete({ messages }, { signal: never });
    expect(result.model).toBe("ollama/llama3.2:latest");
    expect(result.warnings[0]).toContain("llama-3");
    expect((await llm.resolve("llama3.2")).name).toBe("ollama/llama3.2:latest");
  });

  it("finds Open-WebUI by its URL and key", async () => {
    const server = await provider({ models: { "gpt-4": {} }, basePath: "/api", apiKey: KEY });
    const llm = client({ modelId: "gpt-4" }, { OPENWEBUI_URL: `${server.url}/`, OPENWEBUI_API_KEY: KEY });
    expect((await llm.complete({ messages }, { signal: never })).model).toBe("open-webui/gpt-4");
    expect(server.chats[0]!.path).toBe("/api/chat/completions");
  });

  it("finds the Open-WebUI of the configuration", async () => {
    const server = await provider({ models: { "gpt-4": {} }, basePath: "/api", apiKey: KEY });
    const llm = client({ modelId: "gpt-4", openWebui: { url: server.url } }, { OPENWEBUI_API_KEY: KEY });
    expect((await llm.complete({ messages }, { signal: never })).model).toBe("open-webui/gpt-4");
  });

  it("uses OpenAI's models at another address with a key, and the default name where it is there", async () => {
    const server = await provider({ models: { "gpt-4o": {}, "gpt-4": {}, "tts-1": {} }, apiKey: KEY });
    const env = { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: server.baseUrl };
    const result = await client({ modelId: "gpt-4" }, env).complete({ messages }, { signal: never });
    expect(result).toMatchObject({ model: "openai/gpt-4", warnings: [] });
  });

  it("says what is wrong with what is set", async () => {
    const error = await failure(client({}, { OPENWEBUI_URL: "http://x" }).complete({ messages }, { signal: never }));
    expect(error.message).toBe("No model provider is configured. OPENWEBUI_URL is set, but OPENWEBUI_API_KEY is not.");
  });

  it("blames the providers, not the name, where none of them answers", async () => {
    const providers = { one: configured("http://127.0.0.1:9/v1"), two: configured("http://127.0.0.1:9/v1") };
    const error = await failure(client({ providers, modelId: "gpt-4" }).complete({ messages }, { signal: never }));
    expect(error).toMatchObject({ code: "upstream_unreachable", issues: [{ path: "one" }, { path: "two" }] });
  });

  it("asks for the lists once a minute, and does not wait for a new one", async () => {
    const server = await provider({ models: { a: {}, b: {} } });
    const llm = client({ providers: { fake: configured(server.baseUrl) } });
    const lists = () => server.requests.filter((request) => request.path.endsWith("/models")).length;
    await llm.complete({ messages }, { signal: never });
    await llm.complete({ messages, model: "b" }, { signal: never });
    expect(lists()).toBe(1);

    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now() + 61_000);
    onTestFinished(() => clock.mockRestore());
    const pathsBefore = server.requests.length;
    await llm.complete({ messages }, { signal: never });
    await vi.waitFor(() => expect(lists()).toBe(2));
    expect(
      server.requests
        .slice(pathsBefore)
        .map((request) => request.method)
        .sort(),
    ).toEqual(["GET", "POST"]);
  });

  it("finds a model that was pulled a moment ago", async () => {
    const models: FakeProviderOptions["models"] = { a: {} };
    const { complete } = await setUp(models);
    await complete();
    models.new = {};
    expect((await complete({ model: "new" })).model).toBe("fake/new");
  });

  it("takes OPENAI_BASE_URL without a key, and OLLAMA_HOST as host and port", async () => {
    const one = await provider({ models: { a: {} } });
    const two = await provider({ models: { b: {} } });
    const llm = client({}, { OPENAI_BASE_URL: one.baseUrl, OLLAMA_HOST: `127.0.0.1:${two.port}` });
    expect((await llm.models()).map((model) => model.name)).toEqual(["openai/a", "ollama/b"]);
  });

  it("is not held up by something silent on Ollama's port", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as { port: number };
    const llm = client({ ollamaUrl: `http://127.0.0.1:${port}` });
    expect((await failure(llm.complete({ messages }, { signal: never }))).code).toBe("not_configured");
  });

  it("says of each provider whether it is reachable, what it offers, and nothing secret", async () => {
    const good = await provider({ models: { a: {} } });
    const locked = await provider({ models: { b: {} }, apiKey: "right-key" });
    const llm = client({
      providers: {
        good: configured(good.baseUrl.replace("//", "//user:pass@")),
        locked: configured(locked.baseUrl, { apiKey: KEY }),
        gone: configured("http://127.0.0.1:9/v1"),
      },
    });
    const checks = await llm.check();
    expect(checks).toMatchObject([
      { name: "good", reachable: true, models: ["a"], base_url: good.baseUrl },
      { name: "locked", reachable: false, error: expect.stringMatching(/401/) },
      { name: "gone", reachable: false, error: expect.stringMatching(/nothing listens/) },
    ]);
    expect(JSON.stringify(checks)).not.toContain(KEY);
  });

  it("uses a model as it is named where the provider has no list of models", async () => {
    const server = await provider({ models: { "org/model": {} }, listFault: { status: 404, body: "{}" } });
    const llm = client({ providers: { fake: configured(server.baseUrl) } });
    for (const model of ["fake/org/model", "org/model"]) {
      expect((await llm.complete({ messages, model }, { signal: never })).model).toBe("fake/org/model");
    }
  });

  it("refuses a model that nobody has, listing some that there are", async () => {
    const { server, complete } = await setUp({ a: {}, b: {} });
    const error = await failure(complete({ model: "gpt-4" }));
    expect(error).toMatchObject({ code: "unknown_model", hint: "Available: fake/a, fake/b." });
    expect(server.chats).toHaveLength(0);
  });
});
