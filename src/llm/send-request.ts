import { ToolError } from "../errors.ts";
import type { Account } from "./account.ts";
import { withoutReasoning } from "./adapters/read-reply.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";
import type { AdapterReply, AdapterRequest, ModelAdapter, TokenUsage } from "./model-adapter.ts";
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
  /** Milliseconds until it has to have ended, and what that limit is called in an error. */
  remainingMs: number;
  limitMs: number;
  /** Milliseconds of silence in an answer that has begun. */
  idleMs: number;
  account: Account | undefined;
  breaker: CircuitBreaker;
  onProgress: ((progress: CallProgress) => void) | undefined;
  estimate(text: string): number;
}

/** How a request ended well. */
export interface Answered {
  reply: AdapterReply;
  ms: number;
  firstTokenMs: number | undefined;
  costUsd: number | undefined;
}

/** What had come of an answer that broke off. */
export interface PartialAnswer {
  text: string;
  usage: TokenUsage;
  ms: number;
  firstTokenMs: number | undefined;
  costUsd: number | undefined;
}

/**
 * Sends one request and reads its answer: within the budgets, past the circuit breaker, until the deadline, and for no longer
 * than the answer goes on. A failure carries what had come of the answer.
 * @throws ModelError with `partial`; ToolError `limit_reached`, `not_configured` of the account; what the signal carries
 */
export async function sendRequest(sending: Sending): Promise<Answered> {
  const { request, model, account, breaker } = sending;
  const promptTokens = sending.estimate(request.messages.map(({ content }) => content).join("\n"));
  const hold = await account?.hold(model, promptTokens, request.maxTokens);
  try {
    breaker.check(model);
  } catch (error) {
    hold?.settle(undefined);
    throw error;
  }
  const watch = watchAnswer(sending);
  let used: TokenUsage | undefined;
  try {
    const reply = await sending.adapter.complete(request, watch.signal, watch.take);
    used = reply.usage ?? estimated(promptTokens, sending.estimate(reply.text));
    breaker.note(model, undefined);
    const costUsd = hold?.settle(used, reply.costUsd);
    return { reply: { ...reply, usage: used }, ms: watch.elapsed(), firstTokenMs: watch.firstTokenMs, costUsd };
  } catch (error) {
    const failure = watch.explain(error);
    // What reached a model is paid for, whether or not its answer was read to the end.
    const worked = watch.text !== "" || watch.firstTokenMs !== undefined || isCut(failure);
    if (used === undefined) {
      used = worked ? estimated(promptTokens, sending.estimate(watch.text)) : undefined;
      const costUsd = hold?.settle(used);
      const text = withoutReasoning(watch.text);
      if (failure instanceof ModelError && text.trim() !== "" && used) {
        failure.partial = { text, usage: used, ms: watch.elapsed(), firstTokenMs: watch.firstTokenMs, costUsd };
      }
    }
    if (failure instanceof ModelError) breaker.note(model, failure);
    else breaker.release(model);
    throw failure;
  } finally {
    watch.stop();
  }
}

/** Whether the model was at work when the request ended: by the caller, or by a limit of time. */
function isCut(failure: unknown): boolean {
  return !(failure instanceof ToolError) || (failure instanceof ModelError && failure.kind === "timeout");
}

function estimated(prompt_tokens: number, completion_tokens: number): TokenUsage {
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens, estimated: true };
}

/** Follows an answer as it comes, and ends it at the deadline or when it falls silent. */
function watchAnswer({ signal: parent, remainingMs, limitMs, idleMs, model, onProgress }: Sending) {
  const startedAt = performance.now();
  const limit = withTimeout(parent, remainingMs);
  const silence = new AbortController();
  const signal = AbortSignal.any([limit.signal, silence.signal]);
  let text = "";
  let firstTokenMs: number | undefined;
  let lastAt = 0;
  let timer: NodeJS.Timeout | undefined;
  const listen = (ms: number): void => {
    timer = setTimeout(() => {
      const quietFor = performance.now() - lastAt;
      if (quietFor >= idleMs) silence.abort(new DOMException("The answer fell silent.", "TimeoutError"));
      else listen(idleMs - quietFor + 1);
    }, ms);
  };
  return {
    signal,
    get text() {
      return text;
    },
    get firstTokenMs() {
      return firstTokenMs;
    },
    elapsed: () => Math.round(performance.now() - startedAt),
    take(delta: { text?: string | undefined }) {
      lastAt = performance.now();
      if (firstTokenMs === undefined) {
        firstTokenMs = Math.round(lastAt - startedAt);
        onProgress?.({ type: "first_token", ms: firstTokenMs });
        listen(idleMs);
      }
      if (!delta.text) return;
      text += delta.text;
      onProgress?.({ type: "text", read: () => withoutReasoning(text) });
    },
    /** The failure that an error stands for, where it was a limit that ended the request. */
    explain(error: unknown): unknown {
      if (parent.aborted || error instanceof ModelError) return error;
      if (limit.timedOut) {
        return new ModelError("timeout", `Model "${model}" did not answer within ${limitMs / 1000} s.`, {
          hint: "Raise the timeout in the configuration, ask for less, or use a faster model.",
        });
      }
      if (!silence.signal.aborted) return error;
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
