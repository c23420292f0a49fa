import { describe, expect, it } from "vitest";
import { failure, messages, modelClient, never, provider } from "../../../test/fixtures/model-client.ts";

type Kind = "ollama" | "anthropic" | "gemini";
const format = {
  type: "json_schema" as const,
  schema: { type: "object", properties: { n: { type: "integer", minimum: 1 } } },
};

async function ask(kind: Kind, model: object, more: object = {}) {
  const server = await provider({ protocol: kind, models: { a: model } });
  const fake = { kind, baseUrl: server.url, models: ["a"], concurrency: 4 };
  const llm = modelClient({ providers: { fake } });
  const complete = (request: object = {}) =>
    llm.complete({ messages, responseFormat: format, ...more, ...request }, { signal: never });
  return { server, llm, complete };
}

describe("requests in a provider's own words", () => {
  it("give Anthropic the part of a schema that it enforces, then a tool, and never a temperature above 1", async () => {
    const reply = '{"n": 1}';
    const fault = (request: { response_format?: unknown }) =>
      request.response_format === undefined ? undefined : ("refuse_response_format" as const);
    const { server, complete } = await ask("anthropic", { reply, fault }, { temperature: 2 });
    expect(JSON.parse((await complete()).text)).toEqual({ n: 1 });
    const [first, second] = server.chats.map(({ body }) => body as unknown as Record<string, unknown>);
    const schema = { type: "object", properties: { n: { type: "integer" } }, additionalProperties: false };
    expect(first).toMatchObject({ temperature: 1, output_config: { format: { type: "json_schema", schema } } });
    expect(second).toMatchObject({ tool_choice: { type: "tool", name: "answer" } });
  });

  it("do without a temperature where the model refuses it, and remember it", async () => {
    const { server, complete } = await ask("anthropic", { fault: "refuse_temperature" }, { temperature: 0.5 });
    await complete();
    await complete();
    expect(server.chats.map(({ body }) => body!.temperature)).toEqual([0.5, undefined, undefined]);
  });

  it("give Gemini the schema", async () => {
    const { server, complete } = await ask("gemini", { reply: '{"n": 1}' }, { seed: 7 });
    await complete();
    expect(server.chats[0]!.body).toMatchObject({
      generationConfig: { seed: 7, responseMimeType: "application/json", responseJsonSchema: format.schema },
    });
  });

  it("give Ollama the schema and a context that grows with the need and never shrinks", async () => {
    const { server, complete } = await ask("ollama", { reply: '{"n": 1}' });
    const long = [{ role: "user" as const, content: "A word or two. ".repeat(2000) }];
    for (const request of [{}, { messages: long }, {}]) await complete(request);
    const sizes = server.chats.map(({ body }) => (body as unknown as { options: { num_ctx: number } }).options.num_ctx);
    expect(sizes[0]).toBe(4096);
    expect(sizes[1]).toBeGreaterThanOrEqual(8192);
    expect(sizes[2]).toBe(sizes[1]);
    expect(server.chats[0]!.body).toMatchObject({ format: format.schema, truncate: false, shift: false });
  });

  it("give Ollama a larger context where the prompt turned out not to fit, and say the size where there is none", async () => {
    const sizeOf = (request: object) => (request as { num_ctx: number }).num_ctx;
    const fits = await ask("ollama", {
      reply: '{"n": 1}',
      fault: (request: object) => (sizeOf(request) < 8192 ? "overflow_llama" : undefined),
    });
    expect((await fits.complete()).text).toBe('{"n": 1}');
    // The smaller size was no limit of the model.
    expect(fits.llm.contextOf("fake/a")).toBeUndefined();
    const error = JSON.stringify({ error: "the input length exceeds the context length" });
    const never = await ask("ollama", { fault: { status: 400, body: error } });
    expect((await failure(never.complete())).details).toMatchObject({ context_tokens: 32_768 });
  });

  it("do not ask Anthropic for vectors", async () => {
    const { llm } = await ask("anthropic", {});
    const error = await failure(llm.embed({ model: "fake/a", texts: ["x"] }, never));
    expect(error.message).toMatch(/no embeddings/);
  });

  it.each(["ollama", "gemini"] as const)("give one vector for each text (%s)", async (kind) => {
    const { llm } = await ask(kind, { embed: (text: string) => [text.length, 1] });
    const vectors = await llm.embed({ model: "fake/a", texts: ["one", "three"] }, never);
    expect(vectors.map((vector) => [...vector])).toEqual([
      [3, 1],
      [5, 1],
    ]);
  });

  it.each([
    ["ollama", "/v1"],
    ["ollama", ""],
    ["anthropic", "/v1"],
    ["anthropic", ""],
    ["gemini", "/v1beta"],
    ["gemini", ""],
  ] as const)("find %s at a base URL that ends in %j", async (kind, version) => {
    const server = await provider({ protocol: kind, models: { a: {} } });
    const fake = { kind, baseUrl: server.url + version, models: [], concurrency: 4 };
    const llm = modelClient({ providers: { fake } });
    expect((await llm.complete({ messages }, { signal: never })).text).toBe("ok");
  });

  it("mark a long system prompt for Anthropic's cache, and count what comes from it as part of the prompt", async () => {
    const usage = { input_tokens: 5, cache_read_input_tokens: 90, cache_creation_input_tokens: 5, output_tokens: 2 };
    const body = JSON.stringify({ content: [{ type: "text", text: "Yes." }], stop_reason: "end_turn", usage });
    const { server, complete } = await ask("anthropic", { fault: { status: 200, body } });
    const system = { role: "system" as const, content: "Be brief. ".repeat(600) };
    const answer = await complete({ messages: [system, ...messages], responseFormat: undefined });
    expect(answer.usage).toMatchObject({ prompt_tokens: 100, cached_tokens: 90, completion_tokens: 2 });
    expect(server.chats[0]!.body).toMatchObject({ system: [{ cache_control: { type: "ephemeral" } }] });
  });

  it("honour the wait that Gemini names in its error", async () => {
    const details = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "36.5s" }];
    const error = { code: 429, message: "Quota exceeded", status: "RESOURCE_EXHAUSTED", details };
    const { complete } = await ask("gemini", { fault: { status: 429, body: JSON.stringify({ error }) } });
    expect(await failure(complete())).toMatchObject({ code: "rate_limited", retryAfterMs: 36_500 });
  });
});
