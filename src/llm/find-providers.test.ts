import { describe, expect, it } from "vitest";
import { ollamaBaseUrl, providersOfEnvironment } from "./find-providers.ts";

describe("OLLAMA_HOST", () => {
  it.each([
    ["box", "http://box:11434"],
    ["box:8080", "http://box:8080"],
    ["box:80", "http://box"],
    [":8080", "http://127.0.0.1:8080"],
    ["0.0.0.0", "http://127.0.0.1:11434"],
    ["0.0.0.0:1234", "http://127.0.0.1:1234"],
    ["::1", "http://[::1]:11434"],
    ["[::1]:1234", "http://[::1]:1234"],
    ["[::]", "http://[::1]:11434"],
    ["http://box:1234/", "http://box:1234"],
    ["https://ollama.example", "https://ollama.example"],
    ["http://box/ollama/", "http://box/ollama"],
    ["http://box:1234/v1", "http://box:1234"],
  ])("%s means %s", (value, url) => {
    expect(ollamaBaseUrl(value)).toBe(url);
  });

  it("is ignored where it is no address, and said to be none", () => {
    expect(ollamaBaseUrl("http://")).toBeUndefined();
    expect(providersOfEnvironment({ OLLAMA_HOST: "a b c" })).toEqual({
      providers: [],
      problems: ["OLLAMA_HOST is set, but it is not a URL."],
    });
  });
});

describe("the environment", () => {
  it("gives OpenAI itself for a key alone, another server for a URL", () => {
    expect(providersOfEnvironment({ OPENAI_API_KEY: " sk-1 " }).providers).toMatchObject([
      { name: "openai", baseUrl: "https://api.openai.com/v1", apiKey: "sk-1", origin: "OPENAI_API_KEY" },
    ]);
    expect(providersOfEnvironment({ OPENAI_BASE_URL: "http://box:1234/v1/" }).providers).toMatchObject([
      { name: "openai", baseUrl: "http://box:1234/v1", apiKey: undefined, origin: "OPENAI_BASE_URL" },
    ]);
  });

  it("gives Anthropic and Gemini for their keys, at their own address or the one that is set", () => {
    const keys = { ANTHROPIC_API_KEY: "k-1", GOOGLE_API_KEY: "k-2" };
    expect(providersOfEnvironment(keys).providers).toMatchObject([
      { name: "anthropic", kind: "anthropic", baseUrl: "https://api.anthropic.com/v1", apiKey: "k-1" },
      { name: "gemini", kind: "gemini", apiKey: "k-2", origin: "GOOGLE_API_KEY" },
    ]);
    const elsewhere = { ...keys, ANTHROPIC_BASE_URL: "http://box:1/" };
    expect(providersOfEnvironment(elsewhere).providers[0]).toMatchObject({ baseUrl: "http://box:1" });
  });

  it("gives nothing for empty values", () => {
    const nothing = { providers: [], problems: [] };
    expect(providersOfEnvironment({ OPENAI_API_KEY: " ", OLLAMA_HOST: "", OPENWEBUI_URL: "" })).toEqual(nothing);
  });

  it("never takes a wrong URL for OpenAI's own, so that a key goes nowhere else than it was meant for", () => {
    expect(providersOfEnvironment({ OPENAI_API_KEY: "sk-1", OPENAI_BASE_URL: "ftp://box" })).toEqual({
      providers: [],
      problems: ["OPENAI_BASE_URL is set, but it is not a URL."],
    });
  });
});

describe("Open-WebUI", () => {
  const found = (env: Record<string, string>, openWebui = {}) => providersOfEnvironment(env, openWebui);

  it.each(["http://box:3000", "http://box:3000/", "http://box:3000/api", "box:3000"])("is at /api below %s", (url) => {
    expect(found({ OPENWEBUI_URL: url, OPENWEBUI_API_KEY: "k" }).providers).toMatchObject([
      { name: "open-webui", baseUrl: "http://box:3000/api", apiKey: "k", origin: "OPENWEBUI_URL" },
    ]);
  });

  it("is the one of the configuration, with its key or the environment's", () => {
    const env = { OPENWEBUI_URL: "http://other", OPENWEBUI_API_KEY: "k" };
    const url = "http://box:3000";
    expect(found(env, { url }).providers).toMatchObject([
      { baseUrl: "http://box:3000/api", apiKey: "k", origin: "openWebui.url" },
    ]);
    expect(found({}, { url, apiKey: "own" }).providers).toMatchObject([{ apiKey: "own" }]);
  });

  it("needs a key, and says so", () => {
    expect(found({ OPENWEBUI_URL: "http://x" })).toEqual({
      providers: [],
      problems: ["OPENWEBUI_URL is set, but OPENWEBUI_API_KEY is not."],
    });
  });
});
