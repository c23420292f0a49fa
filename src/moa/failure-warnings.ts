import { isPairLoser } from "./run-call.ts";
import { LEFT_BEHIND } from "./run-layer.ts";
import type { LayerRecord, TraceEntry } from "./run-record.ts";

/** Models that warnings name, and characters of the reason of each. */
const WARNED_MODELS = 8;
const WARNED_REASON = 300;

/** One sentence for each layer that rests on fewer whole answers than were asked for. */
export function layerWarnings(layers: readonly LayerRecord[]): string[] {
  return layers.flatMap(({ layer, asked, answered, cut_ms }) => {
    if (answered >= asked) return [];
    const why = cut_ms === undefined ? "" : "; it did not wait for the rest (moa.quorum, moa.grace)";
    return [`Layer ${layer} rests on ${answered} of ${asked} whole answers${why}.`];
  });
}

/**
 * One sentence for each model that failed as an agent, with its first reason; the trace has the others. Neither of a hedged pair
 * failed of which one answered.
 */
export function failureWarnings(trace: readonly TraceEntry[]): string[] {
  const counted = trace.filter((entry) => !isPairLoser(entry) && !isSavedByPair(entry, trace));
  const warnings = [...Map.groupBy(counted, (entry) => entry.model)].flatMap(([model, entries]) => {
    const failed = entries.filter((entry) => entry.status !== "ok");
    const reason = failed[0]?.error ?? failed[0]?.status;
    if (reason === undefined) return [];
    const calls = `${failed.length} of ${entries.length} ${entries.length === 1 ? "call" : "calls"}`;
    const did = failed.every(({ error }) => error === LEFT_BEHIND)
      ? "was too slow in"
      : failed.every(({ status }) => status === "partial")
        ? "did not finish"
        : "failed in";
    return [`"${model}" ${did} ${calls}: ${reason.slice(0, WARNED_REASON)}`];
  });
  const more = warnings.length - WARNED_MODELS;
  return more > 0 ? [...warnings.slice(0, WARNED_MODELS), `And ${more} more failed; the trace says why.`] : warnings;
}

/** Whether the call failed while the other one of its pair, of the same place, answered. */
function isSavedByPair({ status, layer, role, agent, hedge }: TraceEntry, trace: readonly TraceEntry[]): boolean {
  return (
    status !== "ok" &&
    trace.some(
      (other) =>
        other.status === "ok" &&
        other.layer === layer &&
        other.role === role &&
        other.agent === agent &&
        other.hedge !== hedge,
    )
  );
}
