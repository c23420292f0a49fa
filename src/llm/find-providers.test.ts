import { describe, expect, it } from "vitest";
import { ollamaBaseUrl, providersOfEnvironment } from "./find-providers.ts";

describe("OLLAMA_HOST", () => {
  it.each([
    ["box", "http://box:11434/v1"],
    ["box:8080", "http://box:8080/v1"],
    ["box:80", "http://box/v1"],
    [":8080", "http://127.0.0.1:8080/v1"],
    ["0.0.0.0", "http://127.0.0.1:11434/v1"],
    ["0.0.0.0:1234", "http://127.0.0.1:1234/v1"],
    ["::1", "http://[::1]:11434/v1"],
    ["[::1]:1234", "http://[::1]:1234/v1"],
    ["[::]", "http://[::1]:11434/v1"],
    ["http://box:1234/", "http://box:1234/v1"],
    ["https://ollama.example", "https://ollama.example/v1"],
    ["http://box/ollama/", "http://box/ollama/v1"],
    ["http://box:1234/v1", "http://box:1234/v1"],
  ])("%s means %s", (value, url) => {
    expect(ollamaBaseUrl(value)).toBe(url);
  });

  it("is ignored where it is no address", () => {
    expect(ollamaBaseUrl("http://")).toBeUndefined();
    expect(providersOfEnvironment({ OLLAMA_HOST: "a b c" })).toEqual([]);
  });
});

describe("the environment", () => {
  it("gives OpenAI itself for a key alone", () => {
    expect(providersOfEnvironment({ OPENAI_API_KEY: " sk-1 " })).toMatchObject([
      { name: "openai", baseUrl: "https://api.openai.com/v1", apiKey: "sk-1", origin: "OPENAI_API_KEY" },
    ]);
  });

  it("gives nothing for empty values, or for Open-WebUI without a key", () => {
    expect(providersOfEnvironment({ OPENAI_API_KEY: " ", OLLAMA_HOST: "", OPENWEBUI_URL: "http://x" })).toEqual([]);
  });
});
