import type { ModelAdapter, Provider } from "../model-adapter.ts";
import { createOpenAiAdapter } from "./openai-adapter.ts";

/** The adapter for the protocol of a provider. */
export function createAdapter(provider: Provider): ModelAdapter {
  return createOpenAiAdapter(provider);
}
