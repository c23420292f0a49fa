import { ToolError } from "../errors.ts";
import type { InputProcessor } from "../llm/process-input.ts";
import { metered, spentOf } from "./metered-account.ts";
import type { Proposed, Run } from "./run.ts";
import type { Analysis, RunningCall, TraceEntry } from "./run-record.ts";

/** Milliseconds that are left to give the answer once an analysis has taken too long. */
const LEFT_MS = 500;

/**
 * What the proposals of the last layer agree on and where they differ, from the aggregator's model. Undefined, with a warning,
 * where it fails: the answer does not depend on it. Never throws.
 */
export async function analyseRun(
  run: Run,
  processor: InputProcessor | undefined,
  layers: readonly (readonly Proposed[])[],
): Promise<Analysis | undefined> {
  const startedAt = performance.now();
  const { model } = run.chosen.aggregator;
  const timeoutMs = Math.min(run.options.callTimeout * 1000, run.endsAt - startedAt - LEFT_MS);
  const call: RunningCall = {
    layer: run.numLayers + 1,
    role: "analyst",
    agent: 1,
    model,
    start_ms: Math.round(startedAt - run.startedAt),
  };
  const { onEvent } = run.context;
  const meter = metered(run.account);
  const end = (more: Pick<TraceEntry, "status" | "error">) => {
    const used = spentOf(meter);
    const entry: TraceEntry = { ...call, ms: Math.round(performance.now() - startedAt), ...used, ...more };
    run.trace.push(entry);
    onEvent?.({ type: "call_ended", call, entry });
  };
  onEvent?.({ type: "call_started", call });
  try {
    if (!processor) throw new ToolError("not_configured", "There is no processor for it.");
    const { analyseProposals } = await import("./analyse.ts");
    const proposals = layers.findLast((last) => last.length > 0)!;
    const analysis = await analyseProposals(
      processor,
      { query: run.query, proposals, model, timeoutMs },
      { signal: run.context.signal, account: meter.account },
    );
    end({ status: "ok" });
    return analysis;
  } catch (error) {
    const reason = error instanceof ToolError ? error.message : "The call failed.";
    end({ status: "error", error: reason });
    run.warnings.add(`There is no analysis: ${reason}`);
    return undefined;
  }
}
