import { describe, expect, it, onTestFinished } from "vitest";
import { configured, failure, messages, modelClient, never, provider } from "../../../test/fixtures/model-client.ts";
import { createOpenAiAdapter } from "./openai-adapter.ts";

describe("what a provider is told", () => {
  const more = { apiKey: "sk-very-secret-key", headers: { "api-version": "2023-06-01", "x-date": "20230601" } };
  const reply = "sk-very-secret-key dates from 2023-06-01";
  const usage = { prompt_tokens: 20230601, completion_tokens: 5 };

  it.each([true, false])("changes nothing in an answer that says the same (stream: %s)", async (stream) => {
    const server = await provider({ models: { a: { reply: { content: reply, usage } } } });
    const llm = modelClient({ providers: { fake: configured(server.baseUrl, { ...more, stream, models: ["a"] }) } });
    const answer = await llm.complete({ messages }, { signal: never });
    expect(answer).toMatchObject({ text: reply, usage: { prompt_tokens: 20230601 } });
  });

  it("changes no name in a list of models", async () => {
    const server = await provider({ models: { "lm-studio/qwen": {}, "2023-06-01": {} } });
    const fake = { ...configured(server.baseUrl, { ...more, apiKey: "lm-studio" }), name: "fake", origin: "" };
    const adapter = createOpenAiAdapter(fake);
    onTestFinished(() => adapter.close());
    const names = (await adapter.listModels(never)).map(({ name }) => name);
    expect(names.sort()).toEqual(["2023-06-01", "lm-studio/qwen"]);
  });

  const said = "No 2023-06-01, no lm-studio, but Bearer s3cret-of-the-gateway and app-credential-1";
  it.each([
    [400, { error: { message: said } }],
    [200, { error: { message: said } }],
    [200, { detail: said }],
  ])("is left out of errors where it is secret (HTTP %s)", async (status, body) => {
    const fault = { status, body: JSON.stringify(body) };
    const server = await provider({ models: { a: { fault } } });
    const headers = {
      "api-version": "2023-06-01",
      "x-gateway": "Bearer s3cret-of-the-gateway",
      "x-app-token": "app-credential-1",
    };
    const fake = configured(server.baseUrl, { apiKey: "lm-studio", headers, models: ["a"] });
    const llm = modelClient({ providers: { fake } });
    const { message } = await failure(llm.complete({ messages, timeoutMs: 300 }, { signal: never }));
    expect(message).toContain("No 2023-06-01, no lm-studio, but ");
    expect(message).not.toMatch(/s3cret|credential-1/);
  });

  it.each([
    ["x-tenant", { headers: { "x-tenant": "a\nb" } }, /header "x-tenant"/],
    ["x-tenant", { headers: { "x-tenant": "Zürich→" } }, /header "x-tenant"/],
    ["a name", { headers: { "x tenant": "a" } }, /header "x tenant"/],
    ["the key", { apiKey: "sk-1234567890\n" }, /header "authorization"/],
    ["the key", { apiKey: "ключ-1234567890" }, /header "authorization"/],
  ])("is refused at once where no header can carry it: %s %j", async (_what, wrong, says) => {
    const server = await provider({ models: { a: {} } });
    const llm = modelClient({ providers: { fake: configured(server.baseUrl, { ...wrong, models: ["a"] }) } });
    const error = await failure(llm.complete({ messages }, { signal: never }));
    expect(error).toMatchObject({ code: "upstream_error", retryable: false, details: { attempts: 1 } });
    expect(error.message).toMatch(says);
    expect(error.message).toContain('"fake"');
    expect(error.hint).toContain("providers.fake");
    expect(JSON.stringify(error.toResult())).not.toContain("1234567890");
    expect(server.requests).toHaveLength(0);
  });
});
