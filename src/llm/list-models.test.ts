import { createServer } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { FakeProviderOptions } from "../../test/fixtures/fake-provider.ts";
import {
  clientOn,
  configured,
  failure,
  messages,
  modelClient,
  never,
  provider,
} from "../../test/fixtures/model-client.ts";

const KEY = "sk-very-secret-key";

describe("providers that are found", () => {
  it("says how to get one when there is none", async () => {
    const error = await failure(modelClient().complete({ messages }, { signal: never }));
    expect(error.code).toBe("not_configured");
    expect(error.hint).toMatch(/OPENAI_API_KEY.*OLLAMA_HOST.*OPENWEBUI_URL/);
    expect(await modelClient().check()).toEqual([]);
  });

  it("finds a listening Ollama, and its models with or without the tag", async () => {
    const server = await provider({ models: { "llama3.2:latest": {}, "nomic-embed-text:latest": {} } });
    const llm = modelClient({ ollamaUrl: server.url, modelId: "llama-3" });
    const result = await llm.complete({ messages }, { signal: never });
    expect(result.model).toBe("ollama/llama3.2:latest");
    expect(result.warnings[0]).toContain("llama-3");
    expect((await llm.resolve("llama3.2")).name).toBe("ollama/llama3.2:latest");
  });

  it("finds Open-WebUI by its URL and key", async () => {
    const server = await provider({ models: { "gpt-4": {} }, basePath: "/api", apiKey: KEY });
    const llm = modelClient({ modelId: "gpt-4" }, { OPENWEBUI_URL: `${server.url}/`, OPENWEBUI_API_KEY: KEY });
    expect((await llm.complete({ messages }, { signal: never })).model).toBe("open-webui/gpt-4");
    expect(server.chats[0]!.path).toBe("/api/chat/completions");
  });

  it("finds the Open-WebUI of the configuration", async () => {
    const server = await provider({ models: { "gpt-4": {} }, basePath: "/api", apiKey: KEY });
    const llm = modelClient({ modelId: "gpt-4", openWebui: { url: server.url } }, { OPENWEBUI_API_KEY: KEY });
    expect((await llm.complete({ messages }, { signal: never })).model).toBe("open-webui/gpt-4");
  });

  it("uses OpenAI's models at another address with a key, and the default name where it is there", async () => {
    const server = await provider({ models: { "gpt-4o": {}, "gpt-4": {}, "tts-1": {} }, apiKey: KEY });
    const env = { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: server.baseUrl };
    const result = await modelClient({ modelId: "gpt-4" }, env).complete({ messages }, { signal: never });
    expect(result).toMatchObject({ model: "openai/gpt-4", warnings: [] });
  });

  it("says what is wrong with what is set", async () => {
    const error = await failure(
      modelClient({}, { OPENWEBUI_URL: "http://x" }).complete({ messages }, { signal: never }),
    );
    expect(error.message).toBe("No model provider is configured. OPENWEBUI_URL is set, but OPENWEBUI_API_KEY is not.");
  });

  it("blames the providers, not the name, where none of them answers", async () => {
    const providers = { one: configured("http://127.0.0.1:9/v1"), two: configured("http://127.0.0.1:9/v1") };
    const error = await failure(modelClient({ providers, modelId: "gpt-4" }).complete({ messages }, { signal: never }));
    expect(error).toMatchObject({ code: "upstream_unreachable", issues: [{ path: "one" }, { path: "two" }] });
  });

  it("asks for the lists once a minute, and does not wait for a new one", async () => {
    const server = await provider({ models: { a: {}, b: {} } });
    const llm = modelClient({ providers: { fake: configured(server.baseUrl) } });
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
    const { complete } = await clientOn(models);
    await complete();
    models.new = {};
    expect((await complete({ model: "new" })).model).toBe("fake/new");
  });

  it("takes OPENAI_BASE_URL without a key, and OLLAMA_HOST as host and port", async () => {
    const one = await provider({ models: { a: {} } });
    const two = await provider({ models: { b: {} } });
    const llm = modelClient({}, { OPENAI_BASE_URL: one.baseUrl, OLLAMA_HOST: `127.0.0.1:${two.port}` });
    expect((await llm.models()).map((model) => model.name)).toEqual(["openai/a", "ollama/b"]);
  });

  it("is not held up by something silent on Ollama's port", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as { port: number };
    const llm = modelClient({ ollamaUrl: `http://127.0.0.1:${port}` });
    expect((await failure(llm.complete({ messages }, { signal: never }))).code).toBe("not_configured");
  });

  it("says of each provider whether it is reachable, what it offers, and nothing secret", async () => {
    const good = await provider({ models: { a: {} } });
    const locked = await provider({ models: { b: {} }, apiKey: "right-key" });
    const llm = modelClient({
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
    const llm = modelClient({ providers: { fake: configured(server.baseUrl) } });
    for (const model of ["fake/org/model", "org/model"]) {
      expect((await llm.complete({ messages, model }, { signal: never })).model).toBe("fake/org/model");
    }
  });

  it("refuses a model that nobody has, listing some that there are", async () => {
    const { server, complete } = await clientOn({ a: {}, b: {} });
    const error = await failure(complete({ model: "gpt-4" }));
    expect(error).toMatchObject({ code: "unknown_model", hint: "Available: fake/a, fake/b." });
    expect(server.chats).toHaveLength(0);
  });
});
