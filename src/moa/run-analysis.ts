import { setTimeout as sleep } from "node:timers/promises";
import { ToolError } from "../errors.ts";
import type { InputProcessor } from "../llm/process-input.ts";
import { sameShortAnswer } from "./agreement.ts";
import { metered, spentOf } from "./metered-account.ts";
import type { Proposed, Run } from "./run.ts";
import type { Analysis, RunningCall, TraceEntry } from "./run-record.ts";

/**
 * Milliseconds that the analysis has once the answer is there: as long as the aggregation took, for a provider that takes one
 * call at a time makes the two one after the other, but no less and no more than this.
 */
const LEAST_GRACE_MS = 2000;
const MOST_GRACE_MS = 10_000;
/** Milliseconds of the run that are left to give the answer. */
const LEFT_MS = 500;
/** Milliseconds that an analysis has, once it is stopped, to say what it used. */
const SETTLING_MS = 100;

/**
 * The answer of an aggregation that is under way, and the analysis of the proposals that is made meanwhile: of an analysis that is
 * too slow or fails there is a warning instead. @throws as the aggregation
 */
export async function withAnalysis(
  run: Run,
  processor: InputProcessor | undefined,
  layers: readonly (readonly Proposed[])[],
  aggregating: string | Promise<string>,
): Promise<{ answer: string; analysis: Analysis | undefined }> {
  const startedAt = performance.now();
  const stop = new AbortController();
  const analysing = analyseRun(run, processor, layers.findLast((last) => last.length > 0)!, stop.signal);
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer = await aggregating;
    const now = performance.now();
    const graceMs = Math.min(
      Math.max(LEAST_GRACE_MS, now - startedAt),
      MOST_GRACE_MS,
      // Where the layers agreed, there was nothing to wait for so far.
      typeof aggregating === "string" ? MOST_GRACE_MS : Number.POSITIVE_INFINITY,
      run.endsAt - now - LEFT_MS,
    );
    timer = setTimeout(() => stop.abort(new ToolError("aborted", "The answer was there first.")), Math.max(0, graceMs));
    return { answer, analysis: await analysing };
  } finally {
    clearTimeout(timer);
    stop.abort(new ToolError("aborted", "The run ended."));
  }
}

/** What the proposals agree on and where they differ, from the aggregator's model. Undefined, with a warning, where it fails. */
async function analyseRun(
  run: Run,
  processor: InputProcessor | undefined,
  proposals: readonly Proposed[],
  stopped: AbortSignal,
): Promise<Analysis | undefined> {
  const startedAt = performance.now();
  const { model } = run.chosen.aggregator;
  const timeoutMs = Math.min(run.options.callTimeout * 1000, run.endsAt - startedAt - LEFT_MS);
  if (timeoutMs <= 0) {
    run.warnings.add("There is no analysis: no time was left for it (moa.timeout).");
    return undefined;
  }
  const call: RunningCall = {
    layer: run.numLayers + 1,
    role: "analyst",
    agent: 1,
    model,
    start_ms: Math.round(startedAt - run.startedAt),
  };
  const { onEvent, signal } = run.context;
  const meter = metered(run.account);
  const end = (more: Pick<TraceEntry, "status" | "error" | "text">) => {
    const used = spentOf(meter);
    const entry: TraceEntry = { ...call, ms: Math.round(performance.now() - startedAt), ...used, ...more };
    run.trace.push(entry);
    onEvent?.({ type: "call_ended", call, entry });
  };
  onEvent?.({ type: "call_started", call });
  try {
    if (!processor) throw new ToolError("not_configured", "There is no processor for it.");
    const { analyseProposals } = await import("./analyse.ts");
    const found = await analyseProposals(
      processor,
      { query: run.query, proposals, model, timeoutMs, nonce: run.nonce },
      { signal: AbortSignal.any([signal, stopped]), account: meter.account },
    );
    const agreement = sameShortAnswer(proposals.map(({ text }) => text));
    const analysis = { ...found, ...(agreement !== undefined && { agreement }) };
    end({ status: "ok", text: JSON.stringify(found) });
    return analysis;
  } catch (error) {
    const reason = error instanceof ToolError ? error.message : "The call failed.";
    const isLate = stopped.aborted || (error instanceof ToolError && error.code === "deadline_exceeded");
    const status =
      signal.aborted || stopped.aborted
        ? "cancelled"
        : error instanceof ToolError && error.code === "deadline_exceeded"
          ? "timeout"
          : "error";
    await Promise.race([meter.settled(), sleep(SETTLING_MS)]);
    end({ status, error: reason });
    run.warnings.add(`There is no analysis: ${isLate ? tooSlow(model, stopped) : whyNone(model, error, reason)}`);
    return undefined;
  }
}

function tooSlow(model: string, stopped: AbortSignal): string {
  return stopped.aborted
    ? `"${model}" was too slow with it; the answer was there first.`
    : `"${model}" was too slow with it (moa.callTimeout, moa.timeout).`;
}

function whyNone(model: string, error: unknown, reason: string): string {
  const code = error instanceof ToolError ? error.code : undefined;
  if (code === "invalid_response") return `what "${model}" wrote was not JSON.`;
  if (code === "validation_failed") return `what "${model}" wrote was JSON of another form.`;
  return `"${model}" failed: ${reason}`;
}
