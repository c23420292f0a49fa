import type { Account } from "./account.ts";
import type { FinishReason } from "./adapters/finish-reason.ts";
import { withoutReasoning } from "./adapters/read-reply.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";
import type { AdapterReply, AdapterRequest, ChatMessage, Delta, ModelAdapter, TokenUsage } from "./model-adapter.ts";
import type { CallProgress } from "./model-client.ts";
import { ModelError } from "./model-error.ts";
import { withTimeout } from "./with-timeout.ts";

/** One request that is to be sent now. */
export interface Sending {
  adapter: ModelAdapter;
  request: AdapterRequest;
  /** `provider/model`. */
  model: string;
  signal: AbortSignal;
  /** Milliseconds until it has to have ended; the limit as an error tells it, and the setting that gave it. */
  remainingMs: number;
  limitMs: number;
  limitKey: string | undefined;
  /** Milliseconds of silence in an answer that has begun. */
  idleMs: number;
  account: Account | undefined;
  /** Is told that the request goes out now: no budget or breaker held it back. */
  onSend(): void;
  /** Is told what the request cost in USD, whether it failed or not; undefined: unknown. */
  onCost(costUsd: number | undefined): void;
  breaker: CircuitBreaker;
  /** Whether another model can be asked. */
  hasFallback: boolean;
  onProgress: ((progress: CallProgress) => void) | undefined;
  estimate(text: string): number;
  /** Tokens that a text is at most. */
  most(text: string): number;
}

/** How a request ended well. */
export interface Answered {
  reply: AdapterReply;
  ms: number;
  firstTokenMs: number | undefined;
}

/** What had come of an answer that broke off. */
export interface PartialAnswer {
  text: string;
  usage: TokenUsage;
  ms: number;
  firstTokenMs: number | undefined;
  /** Default `interrupted`. */
  finishReason?: FinishReason | undefined;
}

/**
 * Sends one request and reads its answer: within the budgets, past the circuit breaker, until the deadline, and for no longer
 * than the answer goes on. A failure carries what had come of the answer.
 * @throws ModelError with `partial`; ToolError `limit_reached`, `not_configured` of the account; what the signal carries
 */
export async function sendRequest(sending: Sending): Promise<Answered> {
  const { request, model, account, breaker } = sending;
  const text = textOf(request.messages);
  const promptTokens = sending.estimate(text);
  const hold = await account?.hold(model, sending.most(text) + addedTokens(sending), request.maxTokens);
  try {
    // A hold may have waited.
    sending.signal.throwIfAborted();
    breaker.check(model, sending.hasFallback);
  } catch (error) {
    hold?.settle(undefined);
    throw error;
  }
  sending.onSend();
  const watch = watchAnswer(sending);
  let used: TokenUsage | undefined;
  try {
    const reply = await sending.adapter.complete(request, watch.signal, watch.take);
    used = reply.usage ?? estimated(promptTokens, sending.estimate(reply.text + watch.reasoning));
    breaker.note(model, undefined);
    if (hold) sending.onCost(hold.settle(used, reply.costUsd));
    return { reply: { ...reply, usage: used }, ms: watch.elapsed(), firstTokenMs: watch.firstTokenMs };
  } catch (error) {
    const failure = watch.explain(error);
    if (used === undefined) {
      const told = failure instanceof ModelError ? failure : undefined;
      // What reached a model is paid for, whether or not its answer could be used or was read to the end.
      const worked = watch.firstTokenMs !== undefined || isCut(failure) || isUseless(failure);
      used =
        told?.usage ?? (worked ? estimated(promptTokens, sending.estimate(watch.text + watch.reasoning)) : undefined);
      if (hold) sending.onCost(hold.settle(used, told?.costUsd));
      const text = withoutReasoning(watch.text);
      if (failure instanceof ModelError && text.trim() !== "" && used) {
        failure.partial = { text, usage: used, ms: watch.elapsed(), firstTokenMs: watch.firstTokenMs };
      }
    }
    if (failure instanceof ModelError) breaker.note(model, failure);
    else breaker.release(model);
    throw failure;
  } finally {
    watch.stop();
  }
}

/** Chat templates put roles around messages, and some a system prompt before them; a schema is part of the prompt, and so are tools. */
const ADDED = { request: 64, message: 8, tool: 512 };

function addedTokens({ request: { messages, responseFormat, byTool }, most }: Sending): number {
  const schema = responseFormat ? most(JSON.stringify(responseFormat)) : 0;
  return ADDED.request + messages.length * ADDED.message + schema + (byTool ? ADDED.tool : 0);
}

/** Whether the model was at work when the request ended: by the caller, or by a limit of time. */
function isCut(failure: unknown): boolean {
  return !(failure instanceof ModelError) || failure.kind === "timeout";
}

/** Whether an answer came that is none. */
function isUseless(failure: unknown): boolean {
  return failure instanceof ModelError && (failure.kind === "invalid" || failure.kind === "no_answer");
}

function estimated(prompt_tokens: number, completion_tokens: number): TokenUsage {
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens, estimated: true };
}

/** The failure of a model that did not answer in time. `key` is the setting that gave the limit. */
export function outOfTime(model: string, limitMs: number, key = "llm.timeout"): ModelError {
  return new ModelError("timeout", `Model "${model}" did not answer within ${limitMs / 1000} s.`, {
    hint: `Raise ${key} in the configuration, ask for less, allow fewer tokens (max_tokens), or use a faster model.`,
  });
}

/** Follows an answer as it comes, and ends it at the deadline or when it falls silent. */
function watchAnswer({ signal: parent, remainingMs, limitMs, limitKey, idleMs, model, onProgress }: Sending) {
  const startedAt = performance.now();
  const limit = withTimeout(parent, remainingMs);
  let fellSilent = false;
  let text = "";
  let reasoning = "";
  let firstTokenMs: number | undefined;
  let lastAt = 0;
  let timer: NodeJS.Timeout | undefined;
  const listen = (ms: number): void => {
    timer = setTimeout(() => {
      const quietFor = performance.now() - lastAt;
      if (quietFor < idleMs) return listen(idleMs - quietFor + 1);
      fellSilent = !limit.signal.aborted;
      limit.abort(new DOMException("The answer fell silent.", "TimeoutError"));
    }, ms);
  };
  return {
    signal: limit.signal,
    get text() {
      return text;
    },
    get reasoning() {
      return reasoning;
    },
    get firstTokenMs() {
      return firstTokenMs;
    },
    elapsed: () => Math.round(performance.now() - startedAt),
    take(delta: Delta) {
      lastAt = performance.now();
      if (firstTokenMs === undefined) {
        firstTokenMs = Math.round(lastAt - startedAt);
        onProgress?.({ type: "first_token", ms: firstTokenMs });
        listen(idleMs);
      }
      reasoning += delta.reasoning ?? "";
      if (!delta.text) return;
      text += delta.text;
      onProgress?.({ type: "text", read: () => withoutReasoning(text) });
    },
    /** The failure that an error stands for, where it was a limit that ended the request. */
    explain(error: unknown): unknown {
      if (parent.aborted || error instanceof ModelError) return error;
      if (limit.timedOut) {
        return outOfTime(model, limitMs, limitKey);
      }
      if (!fellSilent) return error;
      return new ModelError(
        "unreachable",
        `Model "${model}" fell silent in the middle of its answer, for ${idleMs / 1000} s.`,
        {
          hint: "Raise llm.idleTimeout in the configuration, or use another provider.",
        },
      );
    },
    stop() {
      clearTimeout(timer);
      limit.stop();
    },
  };
}

/** All that messages say, as tokens are counted. */
export function textOf(messages: readonly ChatMessage[]): string {
  return messages.map(({ content }) => content).join("\n");
}
