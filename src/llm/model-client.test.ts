import { createServer } from "node:net";
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

  it("leaves out the reasoning that stands before the answer", async () => {
    const { complete } = await setUp({ a: { reply: "<think>2 + 2\nis 4</think>\n\n4" } });
    expect((await complete()).text).toBe("4");
  });

  it("reads an event stream although none was asked for", async () => {
    const stream =
      'data: {"choices":[{"delta":{"content":"He"}}]}\n\ndata: {"choices":[{"delta":{"content":"y"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
    const { complete } = await setUp({
      a: { fault: { status: 200, body: stream, headers: { "content-type": "text/event-stream" } } },
    });
    expect((await complete()).text).toBe("Hey");
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

describe("what providers answer instead of a completion", () => {
  const cases: [Fault, string, RegExp, number][] = [
    ["html", "invalid_response", /a web page/, 3],
    ["error_200", "upstream_error", /The backend fell over/, 3],
    ["no_choices", "invalid_response", /no choices/, 3],
    ["content_null", "invalid_response", /empty answer/, 1],
    ["reasoning_only", "invalid_response", /only reasoned/, 1],
    ["detail", "upstream_error", /Model not loaded by the administrator/, 1],
    ["unauthorized", "upstream_error", /HTTP 401/, 1],
    ["loading", "upstream_error", /Loading model/, 3],
    ["empty", "invalid_response", /answered nothing/, 3],
    ["reset", "upstream_unreachable", /closed the connection/, 3],
    ["overflow_llama", "context_overflow", /too long/, 1],
    ["overflow_openai", "context_overflow", /too long/, 1],
    [{ status: 200, body: "[1, 2" }, "invalid_response", /not JSON/, 3],
    [{ status: 404, body: '{"error":{"message":"model \'a\' not found"}}' }, "unknown_model", /no model "a"/, 1],
    [{ status: 301, body: "", headers: { location: "/login" } }, "upstream_error", /nothing at this address/, 1],
    [{ status: 402, body: '{"error":{"message":"Pay"}}' }, "rate_limited", /no credit/, 1],
    [{ status: 500, body: "Internal Server Error" }, "upstream_error", /Internal Server Error/, 3],
  ];
  it.each(cases)("%j ends as %s", async (fault, code, message, attempts) => {
    const { server, complete } = await setUp({ a: { fault } });
    const error = await failure(complete());
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(server.chats).toHaveLength(attempts);
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

  it("refuses an answer without end", async () => {
    const { complete } = await setUp({ a: { fault: { status: 200, body: " ".repeat(9 * 1024 * 1024) } } });
    expect((await failure(complete())).message).toMatch(/more than 8 MiB/);
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

  it("has no more requests under way than the provider allows", async () => {
    let open = 0;
    let most = 0;
    const server = await provider({
      models: {
        a: {
          latencyMs: () => {
            open += 1;
            most = Math.max(most, open);
            return 20;
          },
          reply: () => {
            open -= 1;
            return "ok";
          },
        },
      },
    });
    const llm = client({ providers: { fake: configured(server.baseUrl, { concurrency: 2 }) } });
    await Promise.all(Array.from({ length: 7 }, () => llm.complete({ messages }, { signal: never })));
    expect(most).toBe(2);
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
