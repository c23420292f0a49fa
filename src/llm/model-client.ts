import { setTimeout as sleep } from "node:timers/promises";
import type PQueue from "p-queue";
import { abortError, ToolError } from "../errors.ts";
import type { StatusEmitter } from "../status/status-event.ts";
import { type ChoiceOptions, type ChosenModel, chooseModel } from "./choose-model.ts";
import { type EmbeddingRequest, embedTexts } from "./embed-texts.ts";
import { createTokenEstimator, type TokenEstimator } from "./estimate-tokens.ts";
import type { ConfiguredProvider, OpenWebui } from "./find-providers.ts";
import { createDirectory } from "./list-models.ts";
import type { AdapterReply, ChatMessage, ResponseFormat, TokenUsage } from "./model-adapter.ts";
import { type Failure, fallbackWarning, finalError, ModelError } from "./model-error.ts";
import { loadHttpClient } from "./openai-adapter.ts";
import { createRequestShapes, type RequestShape } from "./request-shape.ts";
import { withTimeout } from "./with-timeout.ts";

export interface ModelClientOptions {
  providers: Readonly<Record<string, ConfiguredProvider>>;
  /** The Open-WebUI that the configuration names. */
  openWebui?: OpenWebui | undefined;
  /** Model of calls that name none. */
  modelId: string;
  fallbackModels: readonly string[];
  /** `provider/model` that memories are embedded with: it is asked for no completion by itself. */
  embeddingModel?: string | undefined;
  maxTokens: number;
  /** Context size in tokens of every model; unset: learned from overflow errors. */
  contextTokens?: number | undefined;
  /** Seconds that one model may take for a call, its retries included. */
  timeout: number;
  /** Where an Ollama that nobody configured would listen. Default `http://127.0.0.1:11434`. */
  ollamaUrl?: string;
}

export interface CompletionRequest {
  messages: readonly ChatMessage[];
  /** `provider/model` or a name that only one provider has. Default: the configured model. */
  model?: string | undefined;
  /** Whether `model` is one of the configured fallback models: where nobody has it, the next is asked. */
  isFallback?: boolean;
  /** Models to try in order when the first fails. Default: the configured ones. */
  fallbackModels?: readonly string[] | undefined;
  maxTokens?: number | undefined;
  temperature?: number | undefined;
  /** A wish: models that refuse it are asked without, so the messages have to say it too. */
  responseFormat?: ResponseFormat | undefined;
  /** Milliseconds that one model may take, its retries included, from when its provider has a free place. */
  timeoutMs?: number | undefined;
}

export interface CallContext {
  signal: AbortSignal;
  status?: StatusEmitter | undefined;
}

export interface Completion {
  text: string;
  /** `provider/model` that answered. */
  model: string;
  usage: TokenUsage;
  /** `stop`, or `length` where the answer was cut off at the token limit. */
  finish_reason: string;
  /** HTTP requests made, failed ones included. */
  attempts: number;
  /** Which of the named models answered: 0 the first, then the fallback models. */
  candidate: number;
  warnings: string[];
}

/** A provider as the doctor and the start page show it. */
export interface ProviderCheck {
  name: string;
  kind: string;
  /** Host and path, without user information. */
  base_url: string;
  origin: string;
  reachable: boolean;
  models: readonly string[];
  error?: string;
  hint?: string;
}

export interface ModelClient {
  /**
   * Asks a model; retries, waits and falls back within the limits.
   * @throws ToolError `not_configured`, `unknown_model`, `context_overflow`, `rate_limited`, `upstream_error`,
   * `upstream_unreachable`, `invalid_response`, `deadline_exceeded`, `aborted`.
   */
  complete(request: CompletionRequest, context: CallContext): Promise<Completion>;
  /** One vector for each text. @throws ToolError as `complete`, but `deadline_exceeded` */
  embed(request: EmbeddingRequest, signal: AbortSignal): Promise<Float32Array[]>;
  /** Every model of every provider. @throws ToolError `not_configured` */
  models(signal?: AbortSignal): Promise<{ provider: string; model: string; name: string }[]>;
  /** The model that a name means. @throws ToolError `unknown_model`, `not_configured` */
  resolve(name: string, options?: ChoiceOptions & { signal?: AbortSignal }): Promise<ChosenModel>;
  /**
   * The model that is asked first when a call names none: the configured one, or the first fallback model that is there.
   * @throws ToolError as `resolve`
   */
  resolveDefault(signal: AbortSignal): Promise<ChosenModel>;
  /** Asks every provider for its list; never throws. Empty: there is no provider. */
  check(signal?: AbortSignal): Promise<ProviderCheck[]>;
  /** Loads what the first call would have to wait for; contacts nobody. */
  warmUp(): Promise<void>;
  readonly tokens: TokenEstimator;
  /** Context size in tokens of a model (`provider/model`), configured or learned from an overflow. */
  contextOf(model: string): number | undefined;
  /** The models that configured defaults stand for when a call names none. */
  readonly defaults: { readonly model: string; readonly fallbackModels: readonly string[] };
  close(): Promise<void>;
}

/** Where the names come from that no caller gave. */
const MODEL_KEY = "llm.modelId";
const FALLBACK_KEY = "llm.fallbackModels";
/** Retries of one call, all models together: a fallback model does not start them anew. */
const MAX_RETRIES = 2;
const FIRST_WAIT_MS = 250;
/** The longest wait before a retry while another model could be asked instead. */
const WAIT_BEFORE_FALLBACK_MS = 2000;
/** Waits from here on are told. */
const WAIT_WORTH_TELLING_MS = 1000;
/** How old a list may be that a configured name is not found in: a name that is wrong to stay must not ask at every call. */
const MISSING_LIST_AGE_MS = 2000;
const FOREVER = new AbortController().signal;

/** A client for all providers, configured or found. Nothing is loaded or contacted before the first call. */
export function createModelClient(options: ModelClientOptions, env: Record<string, string | undefined>): ModelClient {
  const directory = createDirectory(options, env);
  const queues = new Map<string, Promise<PQueue>>();
  const shapes = createRequestShapes();
  const learnedContexts = new Map<string, number>();
  const tokens = createTokenEstimator();

  const queueOf = (model: ChosenModel): Promise<PQueue> => {
    let queue = queues.get(model.provider.name);
    if (!queue) {
      queue = import("p-queue").then(({ default: Queue }) => new Queue({ concurrency: model.provider.concurrency }));
      queues.set(model.provider.name, queue);
    }
    return queue;
  };

  async function resolve(
    name: string,
    { signal = FOREVER, ...wanted }: ChoiceOptions & { signal?: AbortSignal } = {},
  ): Promise<ChosenModel> {
    const choice = { embeds: options.embeddingModel, ...wanted };
    try {
      return chooseModel(name, await directory.offers(signal), choice);
    } catch (error) {
      // A model pulled a moment ago is in no kept list yet.
      if (!(error instanceof ToolError) || error.code !== "unknown_model") throw error;
      const maxAgeMs = choice.configured === undefined ? 0 : MISSING_LIST_AGE_MS;
      return chooseModel(name, await directory.offers(signal, maxAgeMs), choice);
    }
  }

  async function resolveDefault(signal: AbortSignal): Promise<ChosenModel> {
    const failures: Failure[] = [];
    for (const [index, name] of [options.modelId, ...options.fallbackModels].entries()) {
      try {
        return await resolve(name, { configured: index === 0 ? MODEL_KEY : FALLBACK_KEY, signal });
      } catch (error) {
        if (!(error instanceof ToolError) || error.code !== "unknown_model") throw error;
        failures.push({ model: name, error });
      }
    }
    throw finalError(failures, 0);
  }

  /** One HTTP request, once the provider has a free place; the deadline starts with the first one. */
  async function attempt(
    call: Call,
    model: ChosenModel,
    shape: RequestShape,
    timer: { endsAt?: number },
  ): Promise<AdapterReply> {
    const queue = await queueOf(model);
    const { messages, temperature, maxTokens = options.maxTokens } = call.request;
    const request = { model: model.model, messages, maxTokens, temperature, ...shape };
    return queue.add(
      async () => {
        timer.endsAt ??= performance.now() + call.timeoutMs;
        const limit = withTimeout(call.signal, timer.endsAt - performance.now());
        call.attempts += 1;
        try {
          return await directory.connection(model.provider).adapter.complete(request, limit.signal);
        } catch (error) {
          if (limit.timedOut && !(error instanceof ModelError)) {
            throw new ModelError("timeout", `Model "${model.name}" did not answer within ${call.timeoutMs / 1000} s.`, {
              hint: "Raise the timeout in the configuration, ask for less, or use a faster model.",
            });
          }
          throw error;
        } finally {
          limit.stop();
        }
      },
      { signal: call.signal },
    );
  }

  function learnFromOverflow({ overflow }: ModelError, call: Call, model: ChosenModel): void {
    if (overflow?.contextTokens !== undefined) learnedContexts.set(model.name, overflow.contextTokens);
    if (overflow?.promptTokens !== undefined) {
      tokens.learn(model.name, textOf(call.request.messages), overflow.promptTokens);
    }
  }

  /** One model with its retries. `isLast`: no other will be asked. @throws ModelError, or the abort. */
  async function askModel(call: Call, model: ChosenModel, isLast: boolean): Promise<AdapterReply> {
    const timer: { endsAt?: number } = {};
    const shaping = shapes.start(model.name, call.request.responseFormat);
    for (;;) {
      const shape = shaping.next();
      try {
        const reply = await attempt(call, model, shape, timer);
        shaping.accepted(shape);
        return reply;
      } catch (error) {
        if (call.signal.aborted) throw abortError(call.signal);
        if (!(error instanceof ModelError)) throw error;
        learnFromOverflow(error, call, model);
        if (shaping.refused(error, shape)) continue;
        const wait = waitBeforeRetry(error, call, (timer.endsAt ?? 0) - performance.now(), isLast);
        if (wait === undefined) throw error;
        call.retries += 1;
        const doing =
          wait < WAIT_WORTH_TELLING_MS
            ? `Retrying ${model.name}`
            : `Waiting ${Math.round(wait / 1000)} s for ${model.name}`;
        call.status?.progress(doing, undefined, { active_model: model.name });
        await sleep(wait, undefined, { signal: call.signal }).catch(() => {
          throw abortError(call.signal);
        });
      }
    }
  }

  async function complete(request: CompletionRequest, context: CallContext): Promise<Completion> {
    const { signal, status } = context;
    const timeoutMs = request.timeoutMs ?? options.timeout * 1000;
    const call: Call = { request, signal, status, timeoutMs, attempts: 0, retries: 0 };
    const warnings: string[] = [];
    const failures: Failure[] = [];
    const named = request.model ?? options.modelId;
    const names = [named, ...(request.fallbackModels ?? options.fallbackModels)];

    for (const [index, name] of names.entries()) {
      let model: ChosenModel | undefined;
      const isFallback = index > 0 || request.isFallback === true;
      const configured = isFallback ? FALLBACK_KEY : request.model === undefined ? MODEL_KEY : undefined;
      try {
        model = await resolve(name, { configured, signal });
        if (failures.some((failure) => failure.model === model!.name)) continue;
        if (model.warning) warnings.push(model.warning);
        const reply = await askModel(call, model, index === names.length - 1);
        refuseCutPrompt(reply, call, model);
        for (const failure of failures) warnings.push(fallbackWarning(failure, model.name));
        const usage = reply.usage ?? estimateUsage(request.messages, reply.text);
        if (reply.usage) tokens.learn(model.name, textOf(request.messages), reply.usage.prompt_tokens);
        return {
          text: reply.text,
          model: model.name,
          usage,
          finish_reason: reply.finishReason,
          attempts: call.attempts,
          candidate: index,
          warnings,
        };
      } catch (error) {
        if (signal.aborted) throw abortError(signal);
        if (!(error instanceof ToolError)) throw error;
        // A longer context is not to be hoped for.
        if (index === 0 && error.code === "context_overflow") throw error;
        // A caller's wrong name is the caller's to correct, and where no provider can be asked, no other name is better.
        if (index === 0 && !model && (configured === undefined || error.code !== "unknown_model")) throw error;
        failures.push({ model: model?.name ?? name, error });
        if (names.length > index + 1) status?.progress(`${model?.name ?? name} failed, trying ${names[index + 1]}`);
      }
    }
    throw finalError(failures, call.attempts);
  }

  /**
   * Ollama does not refuse a prompt that is too long: it drops its beginning and answers the rest. Then it reports exactly
   * its context size as the prompt's tokens, or half of it and two.
   * @throws ModelError `overflow`
   */
  function refuseCutPrompt({ usage }: AdapterReply, call: Call, model: ChosenModel): void {
    const used = usage?.prompt_tokens ?? 0;
    const expected = tokens.estimate(textOf(call.request.messages), model.name);
    if (used < 1024 || (used % 1024 !== 0 && used % 1024 !== 2) || expected < 1.4 * used) return;
    const contextTokens = used - (used % 1024);
    learnedContexts.set(model.name, contextTokens);
    throw new ModelError(
      "overflow",
      `Model "${model.name}" read only ${used} of about ${expected} tokens of the prompt.`,
      {
        hint: "Send less, or give the model a larger context (with Ollama: OLLAMA_CONTEXT_LENGTH).",
        overflow: { contextTokens },
        details: { context_tokens: contextTokens },
      },
    );
  }

  function estimateUsage(messages: readonly ChatMessage[], text: string): TokenUsage {
    const prompt_tokens = tokens.estimate(textOf(messages));
    const completion_tokens = tokens.estimate(text);
    return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens, estimated: true };
  }

  return {
    complete,
    embed: (request, signal) => embedTexts(request, signal, { directory, resolve, queueOf }),
    resolve,
    resolveDefault,
    tokens,
    defaults: { model: options.modelId, fallbackModels: options.fallbackModels },
    contextOf(model) {
      const known = Math.min(options.contextTokens ?? Infinity, learnedContexts.get(model) ?? Infinity);
      return Number.isFinite(known) ? known : undefined;
    },
    async models(signal = FOREVER) {
      const offers = await directory.offers(signal);
      return offers.flatMap(({ provider, models }) =>
        models.map((model) => ({ provider: provider.name, model, name: `${provider.name}/${model}` })),
      );
    },
    async check(signal = FOREVER) {
      try {
        const offers = await directory.offers(signal, 0);
        return offers.map(({ provider, models, failure }) => ({
          name: provider.name,
          kind: provider.kind,
          base_url: publicUrl(provider.baseUrl),
          origin: provider.origin,
          // A provider without a list of its models still takes calls.
          reachable: failure === undefined || failure.kind === "rejected",
          models,
          ...(failure && { error: failure.message, ...(failure.hint !== undefined && { hint: failure.hint }) }),
        }));
      } catch {
        return [];
      }
    },
    async warmUp() {
      await Promise.all([import("p-queue"), loadHttpClient()]);
    },
    async close() {
      for (const queue of queues.values()) (await queue).clear();
      queues.clear();
      await directory.close();
    },
  };
}

/** What belongs to one `complete`, over all its attempts. */
interface Call {
  request: CompletionRequest;
  signal: AbortSignal;
  status: StatusEmitter | undefined;
  timeoutMs: number;
  attempts: number;
  retries: number;
}

/**
 * Milliseconds to wait before the same model is asked again; undefined: it is not, for there are no retries left, or the wait
 * that the provider asks for leaves too little time, or another model can answer sooner.
 */
function waitBeforeRetry(failure: ModelError, call: Call, remainingMs: number, isLast: boolean): number | undefined {
  if (!failure.transient || call.retries >= MAX_RETRIES) return undefined;
  const backoff = FIRST_WAIT_MS * 2 ** call.retries * (0.75 + Math.random() / 2);
  const wait = Math.max(failure.retryAfterMs ?? backoff, 0);
  const most = isLast ? remainingMs / 2 : Math.min(remainingMs / 2, WAIT_BEFORE_FALLBACK_MS);
  return wait < most ? wait : undefined;
}

function textOf(messages: readonly ChatMessage[]): string {
  return messages.map((message) => message.content).join("\n");
}

function publicUrl(value: string): string {
  const url = new URL(value);
  return `${url.protocol}//${url.host}${url.pathname}`;
}
