import type { ModelAdapter, Provider } from "../model-adapter.ts";
import { createOpenAiAdapter } from "./openai-adapter.ts";

/** The adapter for the protocol of a provider. Those of single vendors are loaded with the first request. */
export function createAdapter(provider: Provider): ModelAdapter {
  switch (provider.kind) {
    case "ollama":
      return whenAsked(async () => (await import("./ollama-adapter.ts")).createOllamaAdapter(provider));
    case "anthropic":
      return whenAsked(async () => (await import("./anthropic-adapter.ts")).createAnthropicAdapter(provider));
    case "gemini":
      return whenAsked(async () => (await import("./gemini-adapter.ts")).createGeminiAdapter(provider));
    default:
      return createOpenAiAdapter(provider);
  }
}

function whenAsked(load: () => Promise<ModelAdapter>): ModelAdapter {
  let loaded: Promise<ModelAdapter> | undefined;
  const adapter = () => {
    loaded ??= load();
    return loaded;
  };
  return {
    complete: async (...request) => (await adapter()).complete(...request),
    listModels: async (signal) => (await adapter()).listModels(signal),
    embed: async (...request) => (await adapter()).embed(...request),
    close: async () => (await loaded)?.close(),
  };
}
