/** One message of a chat. */
export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

/** Tokens of a call. `estimated` where the provider gave no numbers. */
export interface TokenUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  estimated?: boolean;
}

/** What the reply has to look like; providers that cannot enforce it are asked without. */
export type ResponseFormat = { type: "json_schema"; schema: Record<string, unknown> } | { type: "json_object" };

/** One request to one model of one provider, with nothing left to decide. */
export interface AdapterRequest {
  model: string;
  messages: readonly ChatMessage[];
  maxTokens: number;
  /** Name of the parameter that carries `maxTokens`: newer OpenAI models refuse the older one. */
  maxTokensParameter: "max_tokens" | "max_completion_tokens";
  temperature?: number | undefined;
  responseFormat?: ResponseFormat | undefined;
}

export interface AdapterReply {
  text: string;
  finishReason: string;
  usage: TokenUsage | undefined;
}

/** A protocol that models are called by. Every failure is a ModelError; an abort rejects with whatever the signal carries. */
export interface ModelAdapter {
  complete(request: AdapterRequest, signal: AbortSignal): Promise<AdapterReply>;
  listModels(signal: AbortSignal): Promise<string[]>;
  /** One vector for each text, in their order. */
  embed(model: string, texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/** A provider after configuration or discovery. */
export interface Provider {
  name: string;
  kind: "openai-compatible";
  /** Without a slash at its end. */
  baseUrl: string;
  apiKey?: string | undefined;
  /** Models to offer; empty asks the provider. */
  models: readonly string[];
  concurrency: number;
  /** Where it comes from: `configuration`, or what it was found by. */
  origin: string;
}
