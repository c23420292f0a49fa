import type PQueue from "p-queue";
import { ToolError } from "../errors.ts";
import type { StatusEmitter } from "../status/status-event.ts";
import type { Account, Budget, Budgets, PlannedRequests, UsageLedger } from "./account.ts";
import type { FinishReason } from "./adapters/finish-reason.ts";
import { loadHttpClient } from "./adapters/http-connection.ts";
import { type ChoiceOptions, type ChosenModel, chooseModel } from "./choose-model.ts";
import { type BreakerOptions, createCircuitBreaker } from "./circuit-breaker.ts";
import { completeCall, type Engine, FALLBACK_KEY, MODEL_KEY } from "./complete-call.ts";
import { createAccounts } from "./create-accounts.ts";
import { type EmbeddingRequest, embedTexts } from "./embed-texts.ts";
import { createTokenEstimator, type TokenEstimator } from "./estimate-tokens.ts";
import type { ConfiguredProvider, OpenWebui } from "./find-providers.ts";
import { createLatencyRecord } from "./latency.ts";
import { createDirectory } from "./list-models.ts";
import type { ChatMessage, ResponseFormat, TokenUsage } from "./model-adapter.ts";
import { type Failure, finalError } from "./model-error.ts";
import { createRequestShapes } from "./request-shape.ts";

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
  /** Seconds of silence after which an answer that has begun is taken for broken off. Default 30. */
  idleTimeout?: number | undefined;
  breaker?: BreakerOptions | undefined;
  budgets?: Budgets | undefined;
  /** Where spending is noted by day. Without it, budgets of days are those of this process. */
  ledger?: UsageLedger | undefined;
  /** `ttl` in seconds; 0: no answer is kept. */
  cache?: { ttl: number; maxBytes: number } | undefined;
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
  /** For sampling that can be repeated, where the provider has it. */
  seed?: number | undefined;
  /** Whether what had come of an answer that broke off will do where no model gives a whole one. */
  salvage?: boolean | undefined;
  /** A wish: models that refuse it are asked without, so the messages have to say it too. */
  responseFormat?: ResponseFormat | undefined;
  /** Milliseconds that one model may take, its retries included, from when its provider has a free place. */
  timeoutMs?: number | undefined;
  /** The setting that gave `timeoutMs`, for the hint of an error. Default `llm.timeout`. */
  timeoutKey?: string | undefined;
}

export interface CallContext {
  signal: AbortSignal;
  status?: StatusEmitter | undefined;
  /** Who pays. Without one, nothing is limited nor noted, and no answer is kept. */
  account?: Account | undefined;
  /** Of the account that is opened where none is given. */
  budget?: Budget | undefined;
  /** Is told how the answer comes. */
  onProgress?: ((progress: CallProgress) => void) | undefined;
}

/** How an answer comes. `attempt` begins anew: what had come before is void. */
export type CallProgress =
  | { type: "attempt"; model: string }
  /** Milliseconds since the request was sent. */
  | { type: "first_token"; ms: number }
  /** All that has come of the answer so far, reasoning left out. */
  | { type: "text"; read(): string };

export interface Completion {
  text: string;
  /** `provider/model` that answered. */
  model: string;
  usage: TokenUsage;
  /** USD of all requests of the call; unset where a price is unknown. */
  cost_usd?: number;
  /** `stop`, `length` where the answer was cut off at the token limit; with `partial`: `content_filter`, `interrupted` where it broke off. */
  finish_reason: FinishReason;
  /** Whether the answer broke off: `text` is what had come. */
  partial?: true;
  /** Whether the answer was kept from an identical call. */
  cached?: true;
  /** Milliseconds of the request that gave the answer, and of those until its first token, where it came in pieces. */
  ms: number;
  first_token_ms?: number;
  /** HTTP requests sent, failed ones included. */
  attempts: number;
  /** Which of the named models answered: 0 the first, then the fallback models. */
  candidate: number;
  /** The models before it that failed. */
  failures?: readonly Failure[];
  warnings: string[];
}

export interface ResolveOptions extends ChoiceOptions {
  signal?: AbortSignal;
  /** Milliseconds that a provider has to list its models; then the lists that have come decide. */
  waitMs?: number | undefined;
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
  resolve(name: string, options?: ResolveOptions): Promise<ChosenModel>;
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
  /** An account for one call of a tool, with the budgets of the configuration and one of its own. */
  account(user: { id: string }, budget?: Budget): Account;
  /**
   * What requests cost together at most in USD, each at the dearest of its models, and no more than the budget of a call allows.
   * Undefined where a price is unknown.
   */
  mostUsd(planned: readonly PlannedRequests[]): number | undefined;
  /** How long calls of the model took of late, from when its provider had a place: a quantile in ms, undefined where too few. */
  latency(model: string, share: number): number | undefined;
  /**
   * Whether a request to the model would be sent at once and slow down no other: its provider has a free place (an Ollama: has
   * nothing to do), and it is not left alone.
   */
  isFree(model: string): boolean;
  /** Context size in tokens of a model (`provider/model`), configured or learned from an overflow. */
  contextOf(model: string): number | undefined;
  /** The models that configured defaults stand for when a call names none. */
  readonly defaults: { readonly model: string; readonly fallbackModels: readonly string[] };
  close(): Promise<void>;
}

const DEFAULT_BREAKER: BreakerOptions = { failures: 5, cooldown: 5 };
/** How old a list may be that a configured name is not found in: a name that is wrong to stay must not ask at every call. */
const MISSING_LIST_AGE_MS = 2000;
const FOREVER = new AbortController().signal;

/** A client for all providers, configured or found. Nothing is loaded or contacted before the first call. */
export function createModelClient(options: ModelClientOptions, env: Record<string, string | undefined>): ModelClient {
  const directory = createDirectory(options, env);
  const queues = new Map<string, Promise<PQueue>>();
  const loadedQueues = new Map<string, PQueue>();
  const tokens = createTokenEstimator();
  /** Context sizes in tokens that providers tell, by `provider/model`. */
  const toldContexts = new Map<string, number>();
  const cache = options.cache && options.cache.ttl > 0 ? options.cache : undefined;
  const engine: Engine = {
    options,
    directory,
    resolve,
    queueOf,
    tokens,
    shapes: createRequestShapes(),
    learnedContexts: new Map(),
    toldContexts,
    breaker: createCircuitBreaker(options.breaker ?? DEFAULT_BREAKER),
    latencies: createLatencyRecord(),
    cache: cache && import("./answer-cache.ts").then(({ createAnswerCache }) => createAnswerCache(cache)),
  };
  const accounts = createAccounts({
    budgets: options.budgets,
    ledger: options.ledger,
    providerOf: (name) => directory.known().find((provider) => name.startsWith(`${provider.name}/`)),
  });

  function queueOf({ provider: { name, concurrency } }: ChosenModel): Promise<PQueue> {
    let queue = queues.get(name);
    if (!queue) {
      queue = import("p-queue").then(({ default: Queue }) => {
        const made = new Queue({ concurrency });
        loadedQueues.set(name, made);
        return made;
      });
      queues.set(name, queue);
    }
    return queue;
  }

  async function resolve(
    name: string,
    { signal = FOREVER, waitMs, ...wanted }: ResolveOptions = {},
  ): Promise<ChosenModel> {
    const choice = { embeds: options.embeddingModel, ...wanted };
    const find = async (maxAgeMs?: number, only?: string): Promise<ChosenModel> => {
      const offers = await directory.offers(signal, { maxAgeMs, waitMs, only });
      const model = chooseModel(name, offers, choice);
      const offer = offers.find(({ provider }) => provider === model.provider);
      const told = model.provider.contextTokens ?? offer?.contexts?.get(model.model);
      if (told !== undefined) toldContexts.set(model.name, told);
      return model;
    };
    // What names its provider does not have to wait for the lists of others.
    const addressed = directory.known().find((provider) => name.trim().startsWith(`${provider.name}/`))?.name;
    try {
      if (addressed !== undefined) {
        // They are asked all the same, at once, so that the next name finds them.
        void directory.offers(FOREVER).catch(() => {});
        return await find(undefined, addressed).catch(() => find());
      }
      return await find();
    } catch (error) {
      // A model pulled a moment ago is in no kept list yet.
      if (!(error instanceof ToolError) || error.code !== "unknown_model") throw error;
      return find(choice.configured === undefined ? 0 : MISSING_LIST_AGE_MS);
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
    throw finalError(failures, { attempts: 0 });
  }

  return {
    complete: (request, context) => completeCall(engine, request, context),
    account: (user, budget) => accounts.open(user.id, budget),
    mostUsd: accounts.mostUsd,
    latency: (model, share) => engine.latencies.quantile(model, share),
    isFree(model) {
      const name = model.slice(0, model.indexOf("/"));
      const queue = loadedQueues.get(name);
      // An Ollama computes all of its calls on one machine: each one more slows down those that are under way.
      const isOneMachine = directory.known().some((provider) => provider.name === name && provider.kind === "ollama");
      const places = isOneMachine ? 1 : queue?.concurrency;
      return !engine.breaker.isOpen(model) && (!queue || queue.pending < places!);
    },
    embed(request, signal) {
      const note = (model: string, texts: readonly string[]) =>
        accounts.note(model, tokens.estimate(texts.join("\n"), model));
      return embedTexts(request, signal, { directory, resolve, queueOf, note });
    },
    resolve,
    resolveDefault,
    tokens,
    defaults: { model: options.modelId, fallbackModels: options.fallbackModels },
    contextOf(model) {
      const { contextTokens = Infinity } = options;
      const learned = engine.learnedContexts.get(model) ?? Infinity;
      const known = Math.min(contextTokens, learned, toldContexts.get(model) ?? Infinity);
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
        const offers = await directory.offers(signal, { maxAgeMs: 0 });
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
      loadedQueues.clear();
      await directory.close();
    },
  };
}

function publicUrl(value: string): string {
  const url = new URL(value);
  return `${url.protocol}//${url.host}${url.pathname}`;
}
