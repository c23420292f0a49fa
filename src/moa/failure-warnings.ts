import { isPairLoser } from "./run-call.ts";
import type { TraceEntry } from "./run-record.ts";

/** Models that warnings name, and characters of the reason of each. */
const WARNED_MODELS = 8;
const WARNED_REASON = 300;

/**
 * One sentence for each model that failed as an agent, with its first reason; the trace has the others. The slower one of a
 * hedged pair did not fail.
 */
export function failureWarnings(trace: readonly TraceEntry[]): string[] {
  const counted = trace.filter((entry) => !isPairLoser(entry));
  const warnings = [...Map.groupBy(counted, (entry) => entry.model)].flatMap(([model, entries]) => {
    const failed = entries.filter((entry) => entry.status !== "ok");
    const reason = failed[0]?.error ?? failed[0]?.status;
    if (reason === undefined) return [];
    const calls = `${failed.length} of ${entries.length} ${entries.length === 1 ? "call" : "calls"}`;
    const did = failed.every(({ status }) => status === "partial") ? "did not finish" : "failed in";
    return [`"${model}" ${did} ${calls}: ${reason.slice(0, WARNED_REASON)}`];
  });
  const more = warnings.length - WARNED_MODELS;
  return more > 0 ? [...warnings.slice(0, WARNED_MODELS), `And ${more} more failed; the trace says why.`] : warnings;
}
