import type { ModelAdapter, Provider, ProviderKind } from "../model-adapter.ts";
import { createAnthropicAdapter } from "./anthropic-adapter.ts";
import { createGeminiAdapter } from "./gemini-adapter.ts";
import { createOllamaAdapter } from "./ollama-adapter.ts";
import { createOpenAiAdapter } from "./openai-adapter.ts";

const ADAPTERS: Record<ProviderKind, (provider: Provider) => ModelAdapter> = {
  "openai-compatible": createOpenAiAdapter,
  ollama: createOllamaAdapter,
  anthropic: createAnthropicAdapter,
  gemini: createGeminiAdapter,
};

/** The adapter for the protocol of a provider. */
export function createAdapter(provider: Provider): ModelAdapter {
  return ADAPTERS[provider.kind](provider);
}
