import { beforeAll, describe, expect, it } from "vitest";
import { whenDone } from "./fixtures/cleanup.ts";
import { callTool, connect } from "./fixtures/connect.ts";
import { cacheReader, type Llama, type LlamaOptions, llamaPrograms, startLlama } from "./fixtures/llama.ts";
import { configured, failure, modelClient, never, provider } from "./fixtures/model-client.ts";
import { PYTHON_SETUP_MS } from "./fixtures/python.ts";
import { runProcess, serverCommand } from "./fixtures/spawn.ts";

/**
 * A real model behind a real llama.cpp. What a model of 135 million parameters says is often wrong, so these tests look at how it
 * is asked and what comes of its answers, not at whether they are right.
 */
const ask = (content: string) => [{ role: "user" as const, content }];
const DOCUMENT = Array.from(
  { length: 40 },
  (_, day) =>
    `On day ${day + 1} the ship Aurora sailed ${37 + ((day * 53) % 91)} miles and met ${(day * 7) % 5} others.`,
).join("\n");

let shared: Llama;
beforeAll(async () => {
  await llamaPrograms();
  shared = await start();
  await shared.ready();
}, PYTHON_SETUP_MS);

async function start(options?: LlamaOptions): Promise<Llama> {
  const llama = await startLlama(options);
  whenDone(() => llama.close());
  return llama;
}

const providersOf = (llama: Llama, more: object = {}) => ({ llama: { baseUrl: llama.baseUrl, ...more } });
const clientOf = (llama: Llama, more: object = {}) =>
  modelClient({ providers: { llama: configured(llama.baseUrl, more) }, modelId: "smollm2", timeout: 60 });

/** A client of MCP on a whole server whose model is the real one. */
const toolsOn = (llama: Llama, config: Record<string, unknown> = {}) =>
  connect({ providers: providersOf(llama), llm: { modelId: "llama/smollm2", maxTokens: 24 }, ...config });

describe("the model client on a real llama.cpp", () => {
  it("reads an answer as it is written, and knows the tokens and when the first came", async () => {
    let seen = 0;
    const answer = await clientOf(shared).complete(
      { messages: ask("Write a long story about a ship on the sea."), maxTokens: 24 },
      { signal: never, onProgress: (progress) => void (progress.type === "text" && seen++) },
    );
    expect(answer.text.trim()).not.toBe("");
    expect(answer).toMatchObject({ model: "llama/smollm2", finish_reason: "length", attempts: 1, warnings: [] });
    expect(answer.usage).toMatchObject({ prompt_tokens: expect.any(Number), completion_tokens: 24 });
    expect(answer.usage).not.toHaveProperty("estimated");
    expect(answer.first_token_ms).toBeLessThan(answer.ms);
    expect(seen).toBeGreaterThan(10);
  });

  it("frees the slot of a call that is cancelled", async () => {
    const cancel = new AbortController();
    const call = clientOf(shared).complete(
      { messages: ask("Write a very long story about a ship."), maxTokens: 1500 },
      { signal: cancel.signal, onProgress: ({ type }) => void (type === "text" && cancel.abort()) },
    );
    expect((await failure(call)).code).toBe("aborted");
    // 1500 tokens would take more than fifteen seconds.
    await expect.poll(() => shared.busySlots(), { timeout: 5000, interval: 20 }).toBe(0);
  });

  it("answers although the server is still loading: it asks again, or another model", async () => {
    const other = await provider({ models: { other: { reply: "from the other" } } });
    const loading = await start({ contextTokens: 2048, slots: 1 });
    const client = modelClient({
      providers: {
        llama: configured(loading.baseUrl, { models: ["smollm2"] }),
        fake: configured(other.baseUrl, { models: ["other"] }),
      },
      modelId: "smollm2",
      timeout: 60,
    });
    await client.warmUp();
    await expect.poll(async () => (await fetch(`${loading.url}/health`)).status, { interval: 2 }).toBe(503);
    const request = { messages: ask("Say hello."), maxTokens: 4, fallbackModels: ["fake/other"] };
    const answer = await client.complete(request, { signal: never });
    expect(answer.attempts).toBeGreaterThan(1);
    if (answer.model === "fake/other") expect(answer.warnings.join()).toMatch(/llama\/smollm2.*loading/i);
    else expect(answer.warnings).toEqual([]);
    await loading.ready();
    expect(await client.complete(request, { signal: never })).toMatchObject({ model: "llama/smollm2" });
  });

  it("knows the context of a slot from the list of models", async () => {
    const client = clientOf(shared);
    await client.resolve("smollm2");
    expect(client.contextOf("llama/smollm2")).toBe(2048);
  });
});

describe("llm_processor on a real llama.cpp", () => {
  it.each([
    [
      "an object",
      { type: "object", properties: { name: { type: "string", maxLength: 20 }, age: { type: "integer" } } },
    ],
    [
      "a list of objects",
      {
        type: "object",
        properties: {
          ships: {
            type: "array",
            minItems: 1,
            maxItems: 2,
            items: {
              type: "object",
              properties: {
                name: { type: "string", maxLength: 12 },
                miles: { type: "integer", minimum: 0, maximum: 999 },
              },
              required: ["name", "miles"],
              additionalProperties: false,
            },
          },
        },
      },
    ],
    ["a choice", { type: "object", properties: { mood: { enum: ["good", "bad", "unclear"] } } }],
    ["a bare label", { enum: ["good", "bad"] }],
  ])("is given %s that satisfies the schema at the first try", async (_what, schema) => {
    const strict =
      "properties" in schema ? { required: Object.keys(schema.properties), additionalProperties: false } : {};
    const result = await callTool(await toolsOn(shared), "llm_processor", {
      input: "Ana, who is 31, sailed 40 miles on the Aurora and enjoyed it.",
      task: "extract",
      output_schema: { ...schema, ...strict },
      max_tokens: 120,
    });
    expect(result).toMatchObject({ status: "success", format: "json", attempts: 1 });
    expect(result).not.toHaveProperty("repaired");
    expect(result).not.toHaveProperty("warnings");
  });

  it("says that an answer was cut off at the limit of tokens", async () => {
    const result = await callTool(await toolsOn(shared), "llm_processor", {
      input: DOCUMENT.slice(0, 800),
      task: "rewrite",
      // A model may end an answer of a few tokens by itself, and does so now and then.
      max_tokens: 1,
    });
    expect(result).toMatchObject({ status: "success", truncated: true, usage: { completion_tokens: 1 } });
  });

  it("asks another question about the same document with the document in the server's cache", async () => {
    const llama = await start({ contextTokens: 4096, slots: 1 });
    await llama.ready();
    const { about, close } = cacheReader(llama);
    whenDone(close);
    await about(DOCUMENT, "summarize");
    const { shared, cached_tokens, prompt_tokens } = await about(DOCUMENT, "How far did the Aurora sail on day 7?");
    // The system prompt and the document; only the task is new.
    expect(shared).toBeGreaterThan(0.85 * prompt_tokens);
    expect(cached_tokens).toBeGreaterThanOrEqual(0.95 * shared);
  });

  it("splits what does not fit, once the server has said how much does", async () => {
    const llama = await start({ contextTokens: 512, slots: 1 });
    await llama.ready();
    // A list of models in the configuration leaves the context unknown until the first overflow.
    const client = await toolsOn(llama, { providers: providersOf(llama, { models: ["smollm2"] }) });
    const input = { input: DOCUMENT.slice(0, 1500), task: "translate to English", max_tokens: 16 };
    const result = await callTool(client, "llm_processor", input);
    expect(result).toMatchObject({ status: "success", model: "llama/smollm2" });
    expect(result.chunks).toBeGreaterThan(1);
    const again = await callTool(client, "llm_processor", input);
    // The first time, the overflow itself was an attempt too.
    expect(again.attempts).toBe(again.chunks);
    expect(result.attempts).toBeGreaterThan(result.chunks as number);
  }, 40_000);
});

describe("mixture_of_agents on a real llama.cpp", () => {
  it("lets one model answer in two layers of two and as the aggregator", async () => {
    const client = await toolsOn(shared, {
      moa: { models: ["llama/smollm2"], aggregatorModel: "llama/smollm2", strategy: "self", maxTokens: 16 },
    });
    const result = await callTool(client, "mixture_of_agents", {
      query: "Why is the sky blue?",
      num_layers: 2,
      agents_per_layer: 2,
      seed: 1,
    });
    expect(result, JSON.stringify(result)).toMatchObject({ status: "success", degraded: false, strategy: "self" });
    expect((result.answer as string).trim()).not.toBe("");
    const trace = result.trace as { layer: number; role: string; status: string; completion_tokens: number }[];
    expect(trace.map(({ layer, role, status }) => [layer, role, status])).toEqual([
      [1, "agent", "ok"],
      [1, "agent", "ok"],
      [2, "agent", "ok"],
      [2, "agent", "ok"],
      [3, "aggregator", "ok"],
    ]);
    for (const { completion_tokens } of trace) expect(completion_tokens).toBeGreaterThan(0);
  }, 40_000);

  it("is found ready by the doctor", async () => {
    const config = { providers: providersOf(shared), llm: { modelId: "llama/smollm2" } };
    const { code, stdout } = await runProcess(serverCommand({ config, args: ["doctor"] }));
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/^ok {5}provider llama: .* 1 model: smollm2/m);
  });
});
