import type { FinishReason } from "./adapters/finish-reason.ts";

/** One message of a chat. */
export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

/** Tokens of a call. `estimated` where the provider gave no numbers. */
export interface TokenUsage {
  /** Of the whole prompt, what was in the provider's cache included. */
  prompt_tokens: number;
  /** Of the answer, reasoning included. */
  completion_tokens: number;
  total_tokens: number;
  /** Of the prompt, what the provider had in its cache. Only where it says so. */
  cached_tokens?: number;
  /** Of the answer, what was reasoning. Only where the provider says so. */
  reasoning_tokens?: number;
  estimated?: boolean;
}

/** USD for a million tokens. */
export interface Price {
  input: number;
  output: number;
  cachedInput?: number | undefined;
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
  /** For sampling that can be repeated, where the provider has it. */
  seed?: number | undefined;
  responseFormat?: ResponseFormat | undefined;
  /** Whether the format is to be enforced by a forced call of a tool, where the provider has that too. Its schema is an object's. */
  byTool?: boolean | undefined;
  /** Whether the answer is to come as it is written. A provider may answer in one piece all the same. */
  stream: boolean;
  /** Whether a stream is asked to tell the tokens used. Default true. */
  streamUsage?: boolean | undefined;
  /** Tokens that prompt and answer need together, as estimated: for providers whose context is chosen by the request. */
  neededTokens?: number | undefined;
}

/** A piece of an answer, as it comes. */
export interface Delta {
  text?: string | undefined;
  /** Thinking that is no part of the answer. */
  reasoning?: string | undefined;
}

export interface AdapterReply {
  text: string;
  finishReason: FinishReason;
  /** The provider's word for it, where that is unknown (it then counts as `stop`), or says what interrupted the answer. */
  toldReason?: string | undefined;
  usage: TokenUsage | undefined;
  /** What the provider says that the call cost. */
  costUsd?: number | undefined;
}

/** A model in a provider's list. */
export interface ListedModel {
  name: string;
  /** Tokens of prompt and answer together, where the list says so. */
  contextTokens?: number | undefined;
}

/** A protocol that models are called by. Every failure is a ModelError; an abort rejects with whatever the signal carries. */
export interface ModelAdapter {
  /** Asks a model. `onDelta` is told of every piece of an answer that comes in pieces. */
  complete(request: AdapterRequest, signal: AbortSignal, onDelta?: (delta: Delta) => void): Promise<AdapterReply>;
  listModels(signal: AbortSignal): Promise<ListedModel[]>;
  /** One vector for each text, in their order. */
  embed(model: string, texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
  close(): Promise<void>;
}

export type ProviderKind = "openai-compatible" | "ollama" | "anthropic" | "gemini";

/** A provider after configuration or discovery. */
export interface Provider {
  name: string;
  kind: ProviderKind;
  /** Without a slash at its end. */
  baseUrl: string;
  apiKey?: string | undefined;
  /** Further headers of every request. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Models to offer; empty asks the provider. */
  models: readonly string[];
  concurrency: number;
  /** Context size of its models in tokens. */
  contextTokens?: number | undefined;
  /** How long Ollama keeps a model loaded. */
  keepAlive?: string | undefined;
  /** Whether answers are read as they are written. Default true. */
  stream?: boolean | undefined;
  /** By model; `*` in a name stands for any characters. */
  prices?: Readonly<Record<string, Price>> | undefined;
  /** Where it comes from: `configuration`, or what it was found by. */
  origin: string;
}
