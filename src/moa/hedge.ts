import { ToolError } from "../errors.ts";
import type { ModelClient } from "../llm/model-client.ts";
import type { Run } from "./run.ts";
import { type CallOutcome, PAIR_LOST, type PlannedCall, runCall } from "./run-call.ts";

/** Limits second calls to a share of all calls, over time. */
export interface HedgeBudget {
  /** Notes a call that was planned. */
  earn(): void;
  /** Whether a second call may be made; it then counts as made. */
  spend(): boolean;
}

/** Second calls for each planned one, and how many may be saved up for a bad moment. */
const SHARE = 0.12;
const MOST_SAVED = 4;
const AT_FIRST = 1;

export function createHedgeBudget(): HedgeBudget {
  let saved = AT_FIRST;
  return {
    earn() {
      saved = Math.min(MOST_SAVED, saved + SHARE);
    },
    spend() {
      if (saved < 1) return false;
      saved -= 1;
      return true;
    },
  };
}

/** No answer is late before so many milliseconds. */
const LEAST_LATE_MS = 1000;
const LATE_MEDIANS = 1.5;
/** Milliseconds after which a second call is thought of again that had no place or was one too many. */
const AGAIN_MS = 500;

/**
 * Milliseconds after which an answer of the model is late: it took nine of ten of its last calls no longer, and this is clearly
 * more than usual (J. Dean and L. Barroso, The Tail at Scale, 2013). Undefined where too little is known.
 */
export function lateAfter(client: Pick<ModelClient, "latency">, model: string): number | undefined {
  const [p90, p50] = [client.latency(model, 0.9), client.latency(model, 0.5)];
  return p90 === undefined || p50 === undefined ? undefined : Math.max(p90, LATE_MEDIANS * p50, LEAST_LATE_MS);
}

/**
 * Runs a call, and makes it a second time at `standIn` (or at the same model) if it is late. The first to answer ends the other;
 * where one fails, the other goes on. Gives the outcomes of the one or two calls. Never throws. `onBegin` is told when the first
 * one's request is under way; a call that nobody waits for any more (`isAwaited`) is not worth a second one. Where the answer is
 * read as it comes, the first to write ends the other.
 */
export function runHedged(
  run: Run,
  call: PlannedCall,
  standIn: PlannedCall | undefined,
  parent: AbortSignal,
  { onBegin, isAwaited = () => true }: { onBegin?: () => void; isAwaited?: () => boolean } = {},
): Promise<CallOutcome[]> {
  const startedAt = performance.now();
  const stops: AbortController[] = [];
  const outcomes: CallOutcome[] = [];
  let running = 0;
  let timer: NodeJS.Timeout | undefined;
  let hasBegun = false;
  let isWritten = false;
  // Who reads the answer as it comes can read one alone.
  const isRead = call.role === "aggregator" && run.context.onAnswer !== undefined;
  const stopOthers = (index: number) => {
    for (const [other, stop] of stops.entries()) {
      if (other !== index) stop.abort(new ToolError("aborted", PAIR_LOST));
    }
  };
  const goOnAlone = (index: number) => {
    if (!isWritten) stopOthers(index);
    isWritten = true;
  };

  return new Promise((resolve) => {
    const start = (planned: PlannedCall, begin?: () => void) => {
      const index = stops.push(new AbortController()) - 1;
      running += 1;
      const signal = AbortSignal.any([parent, stops[index]!.signal]);
      void runCall(run, planned, signal, begin, isRead ? () => goOnAlone(index) : undefined).then((outcome) => {
        outcomes[index] = outcome;
        running -= 1;
        if (outcome.completion) stopOthers(index);
        if (outcome.completion || running === 0) clearTimeout(timer);
        if (running === 0) resolve(outcomes);
      });
    };
    const second = () => {
      const model = standIn?.model ?? call.model;
      const giveUpMs = call.giveUpMs - (performance.now() - startedAt);
      if (parent.aborted || isWritten || !isAwaited() || giveUpMs < LEAST_LATE_MS) return;
      if (!run.client.isFree(model) || !run.hedges.spend()) {
        timer = setTimeout(second, AGAIN_MS);
        return;
      }
      const timeoutMs = Math.min(call.timeoutMs, Math.floor(giveUpMs));
      start({ ...(standIn ?? call), timeoutMs, giveUpMs: Math.floor(giveUpMs), hedge: true });
    };
    start(call, () => {
      onBegin?.();
      if (hasBegun) return;
      hasBegun = true;
      const late = run.options.hedging === false ? undefined : lateAfter(run.client, call.model);
      if (late !== undefined) timer = setTimeout(second, late);
    });
  });
}
