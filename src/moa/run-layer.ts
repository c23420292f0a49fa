import { ToolError } from "../errors.ts";
import type { Completion } from "../llm/model-client.ts";
import type { TraceEntry } from "./run-record.ts";

export type { TraceEntry };

/** A call that ended in some way: `completion` if it ended well, `failure` what it threw otherwise. */
export interface CallOutcome {
  entry: TraceEntry;
  completion?: Completion;
  failure?: unknown;
}

export interface PlannedCall {
  layer: number;
  role: TraceEntry["role"];
  agent: number;
  model: string;
  /** Milliseconds that the model may take, from when its provider has a place for the call. */
  timeoutMs: number;
  /** Milliseconds, from now, until the call is given up wherever it is. */
  giveUpMs: number;
  complete(signal: AbortSignal): Promise<Completion>;
}

/** Milliseconds that stragglers get at least, once most have answered. */
const LEAST_GRACE_MS = 3000;

/** Runs one call to its end. Never throws; a call that ignores its signal is left behind. */
export async function runCall(call: PlannedCall, parent: AbortSignal): Promise<CallOutcome> {
  const startedAt = performance.now();
  const { layer, role, agent, model } = call;
  const entry = (status: TraceEntry["status"], tokens: number, error?: string): TraceEntry => {
    const ms = Math.round(performance.now() - startedAt);
    return { layer, role, agent, model, status, start_ms: 0, ms, tokens, ...(error !== undefined && { error }) };
  };
  const stop = new AbortController();
  const signal = AbortSignal.any([parent, stop.signal]);
  let timer: NodeJS.Timeout | undefined;
  let onAbort = () => {};
  const givenUp = new Promise<CallOutcome>((resolve) => {
    timer = setTimeout(() => {
      resolve({ entry: entry("timeout", 0, `No answer within ${call.giveUpMs / 1000} s.`) });
      stop.abort();
    }, call.giveUpMs);
    onAbort = () => resolve({ entry: entry("cancelled", 0, reasonOf(parent)) });
    if (parent.aborted) onAbort();
    else parent.addEventListener("abort", onAbort, { once: true });
  });
  const answered = call.complete(signal).then(
    (completion): CallOutcome => ({ entry: entry("ok", completion.usage.total_tokens), completion }),
    (error): CallOutcome => {
      const known = error instanceof ToolError;
      const status = known && error.code === "deadline_exceeded" ? "timeout" : "error";
      return { entry: entry(status, 0, known ? error.message : "The call failed."), failure: error };
    },
  );
  try {
    return await Promise.race([givenUp, answered]);
  } finally {
    clearTimeout(timer);
    parent.removeEventListener("abort", onAbort);
  }
}

/**
 * Runs the calls of a layer at once and gives their outcomes in the order of the calls. It ends when all have ended; once
 * a majority has answered (of those that still can), the others get as much time again, at least three seconds, and are then
 * cancelled: one hanging agent must not hold the run. `onEnd` is told the index of each call that ends.
 */
export async function runLayer(
  calls: readonly PlannedCall[],
  parent: AbortSignal,
  onEnd: (index: number) => void = () => {},
): Promise<CallOutcome[]> {
  const startedAt = performance.now();
  const cut = new AbortController();
  const signal = AbortSignal.any([parent, cut.signal]);
  let answered = 0;
  let failed = 0;
  let grace: NodeJS.Timeout | undefined;
  const take = (outcome: CallOutcome, index: number): CallOutcome => {
    onEnd(index);
    if (outcome.completion) answered += 1;
    else failed += 1;
    if (grace === undefined && answered >= quorum(calls.length - failed)) {
      const wait = Math.max(LEAST_GRACE_MS, performance.now() - startedAt);
      grace = setTimeout(() => cut.abort(new ToolError("aborted", "Left behind: most agents had answered.")), wait);
    }
    return outcome;
  };
  try {
    return await Promise.all(calls.map(async (call, index) => take(await runCall(call, signal), index)));
  } finally {
    clearTimeout(grace);
  }
}

/** Models that warnings name, and characters of the reason of each. */
const WARNED_MODELS = 8;
const WARNED_REASON = 300;

/** One sentence for each model that failed as an agent, with its first reason; the trace has the others. */
export function failureWarnings(trace: readonly TraceEntry[]): string[] {
  const byModel = Map.groupBy(trace, (entry) => entry.model);
  const warnings = [...byModel].flatMap(([model, entries]) => {
    const failed = entries.filter((entry) => entry.status !== "ok");
    const reason = failed[0]?.error ?? failed[0]?.status;
    if (reason === undefined) return [];
    const calls = `${failed.length} of ${entries.length} ${entries.length === 1 ? "call" : "calls"}`;
    return [`"${model}" failed in ${calls}: ${reason.slice(0, WARNED_REASON)}`];
  });
  const more = warnings.length - WARNED_MODELS;
  return more > 0 ? [...warnings.slice(0, WARNED_MODELS), `And ${more} more failed; the trace says why.`] : warnings;
}

/** A majority, but never all: with two, one is enough. */
function quorum(alive: number): number {
  return Math.max(1, Math.min(Math.floor(alive / 2) + 1, alive - 1));
}

function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof ToolError ? signal.reason.message : "The call was cancelled.";
}
