import { setTimeout as sleep } from "node:timers/promises";
import type PQueue from "p-queue";
import { abortError, ToolError } from "../errors.ts";
import type { AnswerCache } from "./answer-cache.ts";
import type { ChoiceOptions, ChosenModel } from "./choose-model.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";
import { cutTo } from "./cut-prompt.ts";
import type { TokenEstimator } from "./estimate-tokens.ts";
import type { LatencyRecord } from "./latency.ts";
import type { Directory } from "./list-models.ts";
import type { AdapterReply, AdapterRequest } from "./model-adapter.ts";
import type { CallContext, Completion, CompletionRequest, ModelClientOptions } from "./model-client.ts";
import { type Failure, fallbackWarning, finalError, ModelError } from "./model-error.ts";
import { nextStep } from "./next-step.ts";
import type { RequestShape, RequestShapes } from "./request-shape.ts";
import { type Answered, outOfTime, type PartialAnswer, sendRequest, textOf } from "./send-request.ts";

/** What all calls of a client share. */
export interface Engine {
  options: ModelClientOptions;
  directory: Directory;
  resolve(
    name: string,
    options: ChoiceOptions & { signal: AbortSignal; waitMs?: number | undefined },
  ): Promise<ChosenModel>;
  queueOf(model: ChosenModel): Promise<PQueue>;
  shapes: RequestShapes;
  tokens: TokenEstimator;
  /** Context sizes in tokens that overflows taught, by `provider/model`. */
  learnedContexts: Map<string, number>;
  /** Those that the configuration or a provider's list tells. */
  toldContexts: ReadonlyMap<string, number>;
  breaker: CircuitBreaker;
  latencies: LatencyRecord;
  /** Undefined: no answers are kept. */
  cache: Promise<AnswerCache> | undefined;
}

/** Where the names come from that no caller gave. */
export const MODEL_KEY = "llm.modelId";
export const FALLBACK_KEY = "llm.fallbackModels";
const DEFAULT_IDLE_S = 30;
/** Waits from here on are told. */
const WAIT_WORTH_TELLING_MS = 1000;
/** Less than this of an answer is worth nothing. */
const LEAST_PARTIAL = 20;
/** Characters of such an answer that an error tells. */
const TOLD_PARTIAL = 2000;

/** What belongs to one call, over all its requests. */
interface Call {
  request: CompletionRequest;
  context: CallContext;
  timeoutMs: number;
  attempts: number;
  retries: number;
  loadingWaits: number;
  /** USD so far; undefined once a price was unknown. */
  costUsd: number | undefined;
  /** The most that came of an answer that broke off. */
  best: (PartialAnswer & { model: string; candidate: number }) | undefined;
}

/**
 * Asks the named model, then the fallback models: each with its retries, until one answers. Where none does, what came of an
 * answer that broke off, if the request says that this will do.
 * @throws ToolError as `ModelClient.complete`
 */
export async function completeCall(
  engine: Engine,
  request: CompletionRequest,
  context: CallContext,
): Promise<Completion> {
  const { options } = engine;
  const { signal, status } = context;
  const timeoutMs = request.timeoutMs ?? options.timeout * 1000;
  const call: Call = {
    request,
    context,
    timeoutMs,
    attempts: 0,
    retries: 0,
    loadingWaits: 0,
    costUsd: 0,
    best: undefined,
  };
  const warnings: string[] = [];
  const failures: Failure[] = [];
  const named = request.model ?? options.modelId;
  const names = [named, ...(request.fallbackModels ?? options.fallbackModels)];

  for (const [index, name] of names.entries()) {
    let model: ChosenModel | undefined;
    const isFallback = index > 0 || request.isFallback === true;
    const configured = isFallback ? FALLBACK_KEY : request.model === undefined ? MODEL_KEY : undefined;
    try {
      // A list that does not come must not take the time that the model itself has.
      model = await engine.resolve(name, { configured, signal, waitMs: timeoutMs / 4 });
      if (failures.some((failure) => failure.model === model!.name)) continue;
      if (model.warning) warnings.push(model.warning);
      const { reply, ms, firstTokenMs, cached } = await askModel(engine, call, model, {
        index,
        hasFallback: index < names.length - 1,
      });
      for (const failure of failures) warnings.push(fallbackWarning(failure, model.name));
      if (reply.toldReason !== undefined) warnings.push(oddReasonWarning(model.name, reply.toldReason));
      const usage = reply.usage!;
      if (!usage.estimated && !cached) engine.tokens.learn(model.name, textOf(request.messages), usage.prompt_tokens);
      return {
        text: reply.text,
        model: model.name,
        usage: cached ? { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } : usage,
        ...(call.costUsd !== undefined && context.account && { cost_usd: call.costUsd }),
        finish_reason: reply.finishReason,
        ms,
        ...(firstTokenMs !== undefined && { first_token_ms: firstTokenMs }),
        ...(cached && { cached: true }),
        attempts: call.attempts,
        candidate: index,
        ...(failures.length > 0 && { failures }),
        warnings,
      };
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      if (!(error instanceof ToolError)) throw error;
      keepPartial(call, error, model, index);
      // A longer context is not to be hoped for.
      if (index === 0 && error.code === "context_overflow") throw error;
      // A caller's wrong name is the caller's to correct, and where no provider can be asked, no other name is better.
      if (index === 0 && !model && (configured === undefined || error.code !== "unknown_model")) throw error;
      failures.push({ model: model?.name ?? name, error });
      if (names.length > index + 1) status?.progress(`${model?.name ?? name} failed, trying ${names[index + 1]}`);
    }
  }
  if (request.salvage && call.best) return salvaged(call, call.best, failures, warnings);
  throw finalError(failures, { attempts: call.attempts });
}

/** One model with its retries. @throws ModelError, or the abort. */
async function askModel(
  engine: Engine,
  call: Call,
  model: ChosenModel,
  { index, hasFallback }: { index: number; hasFallback: boolean },
): Promise<Answered & { cached?: boolean }> {
  const { signal, status } = call.context;
  const timer: { endsAt?: number } = {};
  const { kind, stream = true } = model.provider;
  const shaping = engine.shapes.start(model.name, call.request.responseFormat, { kind, stream });
  for (;;) {
    const shape = shaping.next();
    try {
      const answered = await attempt(engine, call, model, { shape, timer, hasFallback });
      shaping.accepted(shape);
      return answered;
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      if (!(error instanceof ModelError)) throw error;
      learnFromOverflow(engine, error, call, model);
      if (shaping.refused(error, shape)) continue;
      const remainingMs = (timer.endsAt ?? 0) - performance.now();
      const { retries, loadingWaits } = call;
      const elapsedMs = call.timeoutMs - remainingMs;
      const random = Math.random();
      const next = nextStep({ failure: error, retries, loadingWaits, elapsedMs, remainingMs, hasFallback, random });
      if (next.step === "give_up") throw error;
      keepPartial(call, error, model, index);
      const { waitMs, isLoading } = next;
      if (isLoading) call.loadingWaits += 1;
      else call.retries += 1;
      const doing = isLoading
        ? `Waiting for ${model.name} to load`
        : waitMs < WAIT_WORTH_TELLING_MS
          ? `Retrying ${model.name}`
          : `Waiting ${Math.round(waitMs / 1000)} s for ${model.name}`;
      status?.progress(doing, undefined, { active_model: model.name });
      await sleep(waitMs, undefined, { signal }).catch(() => {
        throw abortError(signal);
      });
    }
  }
}

/** One request, once the provider has a free place; the deadline starts with the first one. */
async function attempt(
  engine: Engine,
  call: Call,
  model: ChosenModel,
  { shape, timer, hasFallback }: { shape: RequestShape; timer: { endsAt?: number }; hasFallback: boolean },
): Promise<Answered & { cached?: boolean }> {
  const { options, directory, breaker, latencies } = engine;
  const { signal, account, onProgress } = call.context;
  const { messages, temperature, seed, maxTokens = options.maxTokens } = call.request;
  const { sampling, ...rest } = shape;
  const estimate = (text: string) => engine.tokens.estimate(text, model.name);
  const request: AdapterRequest = {
    model: model.model,
    messages,
    maxTokens,
    ...rest,
    ...(sampling && { temperature, seed }),
    ...(model.provider.kind === "ollama" && { neededTokens: estimate(textOf(messages)) + maxTokens }),
  };
  const isKept = temperature === 0 && account !== undefined;
  const cache = isKept ? await engine.cache : undefined;
  const key = cache && account ? cache.keyOf(account.user, model.provider.name, request) : "";
  const kept = cache?.get(key);
  if (kept) return { reply: kept, ms: 0, firstTokenMs: undefined, cached: true };

  const queue = await engine.queueOf(model);
  const answered = await queue.add(
    () => {
      timer.endsAt ??= performance.now() + call.timeoutMs;
      // The wait for a free place took what was left for another try.
      if (timer.endsAt <= performance.now()) throw outOfTime(model.name, call.timeoutMs, call.request.timeoutKey);
      return sendRequest({
        adapter: directory.connection(model.provider).adapter,
        request,
        model: model.name,
        signal,
        remainingMs: timer.endsAt - performance.now(),
        limitMs: call.timeoutMs,
        limitKey: call.request.timeoutKey,
        idleMs: (options.idleTimeout ?? DEFAULT_IDLE_S) * 1000,
        account,
        onSend() {
          call.attempts += 1;
          onProgress?.({ type: "attempt", model: model.name });
        },
        onCost(costUsd) {
          call.costUsd = call.costUsd === undefined || costUsd === undefined ? undefined : call.costUsd + costUsd;
        },
        breaker,
        hasFallback,
        onProgress,
        estimate,
        most: (text) => engine.tokens.most(text, model.name),
      });
    },
    { signal },
  );
  latencies.note(model.name, answered.ms);
  refuseCutPrompt(engine, answered.reply, call, model);
  const { finishReason, toldReason } = answered.reply;
  refuseBroken(answered, model, onProgress);
  if (finishReason === "stop" && toldReason === undefined) cache?.set(key, answered.reply);
  return answered;
}

/**
 * An answer that a content filter cut or that the provider broke off is a failure, for another try or model may give the whole;
 * what had come stays for the case that none does. @throws ModelError with `partial`
 */
function refuseBroken(
  { reply, ms, firstTokenMs }: Answered,
  model: ChosenModel,
  onProgress: CallContext["onProgress"],
) {
  const { text, finishReason, toldReason, usage } = reply;
  if (finishReason !== "content_filter" && finishReason !== "interrupted") return;
  // Who asks may have seen nothing of an answer that came in one piece.
  onProgress?.({ type: "text", read: () => text });
  const details = { finish_reason: finishReason, partial_text: text.slice(0, TOLD_PARTIAL) };
  const error =
    finishReason === "content_filter"
      ? new ModelError("no_answer", `The provider's content filter cut off the answer of model "${model.name}".`, {
          hint: "Word the task in another way, or use another model.",
          details,
        })
      : new ModelError("unreachable", `Model "${model.name}" broke off its answer (finish reason: ${toldReason}).`, {
          hint: "Try again, or use another model.",
          details,
        });
  error.partial = { text, usage: usage!, ms, firstTokenMs, finishReason };
  throw error;
}

/** Keeps what came of an answer that broke off, if it is the most so far. */
function keepPartial(call: Call, error: ToolError, model: ChosenModel | undefined, candidate: number): void {
  if (!(error instanceof ModelError) || !error.partial || !model) return;
  const { partial } = error;
  error.partial = undefined;
  if (partial.text.trim().length < Math.max(LEAST_PARTIAL, call.best?.text.length ?? 0)) return;
  call.best = { ...partial, model: model.name, candidate };
}

function salvaged(
  call: Call,
  { text, usage, ms, firstTokenMs, finishReason = "interrupted", model, candidate }: NonNullable<Call["best"]>,
  failures: readonly Failure[],
  warnings: readonly string[],
): Completion {
  const ended = finishReason === "content_filter" ? "was cut off by a content filter" : "broke off";
  const reasons = failures.map((failure) => `Model "${failure.model}" failed (${failure.error.message}).`);
  return {
    text,
    model,
    usage,
    ...(call.costUsd !== undefined && call.context.account && { cost_usd: call.costUsd }),
    finish_reason: finishReason,
    partial: true,
    ms,
    ...(firstTokenMs !== undefined && { first_token_ms: firstTokenMs }),
    attempts: call.attempts,
    candidate,
    warnings: [...warnings, ...reasons, `The answer of "${model}" ${ended}; this is what had come of it.`],
  };
}

function oddReasonWarning(model: string, reason: string): string {
  return `"${model}" ended its answer for a reason that is not known ("${reason}"): it may not be whole.`;
}

function learnFromOverflow(engine: Engine, { overflow }: ModelError, call: Call, model: ChosenModel): void {
  if (overflow?.contextTokens !== undefined) engine.learnedContexts.set(model.name, overflow.contextTokens);
  if (overflow?.promptTokens !== undefined) {
    engine.tokens.learn(model.name, textOf(call.request.messages), overflow.promptTokens);
  }
}

/**
 * Refuses an answer to a part of the prompt (see `cutTo`), of a server that may be an Ollama; forgets a context that turns out to
 * be larger than was learned. @throws ModelError `overflow`
 */
function refuseCutPrompt(engine: Engine, { usage }: AdapterReply, call: Call, { name, provider }: ChosenModel): void {
  if (usage === undefined || usage.estimated) return;
  const used = usage.prompt_tokens;
  if (used > (engine.learnedContexts.get(name) ?? Infinity)) engine.learnedContexts.delete(name);
  const mayCut =
    provider.kind === "ollama" || (provider.kind === "openai-compatible" && !engine.toldContexts.has(name));
  const prompt = textOf(call.request.messages);
  const contextTokens = mayCut ? cutTo(prompt, used) : undefined;
  if (contextTokens === undefined) return;
  const expected = engine.tokens.estimate(prompt, name);
  throw new ModelError("overflow", `Model "${name}" read only ${used} of about ${expected} tokens of the prompt.`, {
    hint: "Send less, or give the model a larger context (with Ollama: OLLAMA_CONTEXT_LENGTH).",
    overflow: { contextTokens },
    details: { context_tokens: contextTokens },
  });
}
