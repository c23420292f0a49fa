import type { Agent } from "./choose-models.ts";
import { isPairLoser } from "./run-call.ts";
import { LEFT_BEHIND } from "./run-layer.ts";
import type { LayerRecord, TraceEntry } from "./run-record.ts";

/** Reasons that warnings name, and characters of each. */
const WARNED_REASONS = 8;
const WARNED_REASON = 300;

/** One sentence for each layer that rests on fewer whole answers than were asked for. */
export function layerWarnings(layers: readonly LayerRecord[]): string[] {
  return layers.flatMap(({ layer, asked, answered, cut_ms }) => {
    if (answered >= asked) return [];
    const why = cut_ms === undefined ? "" : "; it did not wait for the rest (moa.quorum, moa.grace)";
    return [`Layer ${layer} rests on ${answered} of ${asked} whole answers${why}.`];
  });
}

/** A model and why it failed. */
export interface Failed {
  model: string;
  reason: string;
}

/** The failures by their reasons, in which only the names of the models may differ: the reason as it is for the first. */
export function byReason(failures: readonly Failed[]): { reason: string; models: string[] }[] {
  const groups = Map.groupBy(failures, ({ model, reason }) => reason.replaceAll(model, ""));
  return [...groups.values()].map((group) => {
    const models = [...new Set(group.map(({ model }) => model))];
    const { model, reason } = group[0]!;
    return { reason: models.length > 1 ? reason.replaceAll(`"${model}"`, "…") : reason, models };
  });
}

/** `"a", "b" and "c"`. */
export function listed(models: readonly string[]): string {
  const quoted = models.map((model) => `"${model}"`);
  return quoted.length > 1 ? `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)}` : quoted.join();
}

/**
 * One sentence for each reason for which models failed as agents, of each model the first; the trace has the others. Neither of a
 * hedged pair failed of which one answered; what a budget did not hold has a warning of its own.
 */
export function failureWarnings(trace: readonly TraceEntry[], refused: ReadonlySet<TraceEntry> = new Set()): string[] {
  const counted = trace.filter((entry) => !isPairLoser(entry) && !isSavedByPair(entry, trace) && !refused.has(entry));
  const failures = [...Map.groupBy(counted, (entry) => entry.model)].flatMap(([model, entries]) => {
    const failed = entries.filter((entry) => entry.status !== "ok");
    const reason = failed[0]?.error ?? failed[0]?.status;
    if (reason === undefined) return [];
    const did = failed.every(({ error }) => error === LEFT_BEHIND)
      ? "too slow in"
      : failed.every(({ status }) => status === "partial")
        ? "did not finish"
        : "failed in";
    return [{ model, reason, did, failed: failed.length, calls: entries.length }];
  });
  const warnings = [...Map.groupBy(failures, ({ did }) => did)].flatMap(([did, group]) =>
    byReason(group).map(({ reason, models }) => {
      const total = (key: "failed" | "calls") =>
        group.reduce((sum, one) => sum + (models.includes(one.model) ? one[key] : 0), 0);
      const verb = did !== "too slow in" ? did : models.length > 1 ? `were ${did}` : `was ${did}`;
      const calls = `${total("failed")} of ${total("calls")} ${total("calls") === 1 ? "call" : "calls"}`;
      return `${listed(models)} ${verb} ${calls}: ${reason.slice(0, WARNED_REASON)}`;
    }),
  );
  const more = warnings.length - WARNED_REASONS;
  return more > 0 ? [...warnings.slice(0, WARNED_REASONS), `And ${more} more failed; the trace says why.`] : warnings;
}

/**
 * One sentence for each limit of tokens that answers of agents were cut off at. A role's own limit holds for those that stand in
 * for it, too.
 */
export function truncationWarnings(
  trace: readonly TraceEntry[],
  agents: readonly Agent[],
  maxTokens: number,
): string[] {
  const cutOff = trace.filter(({ role, truncated }) => role === "agent" && truncated);
  const ownLimit = ({ model, stands_in_for: absent = model }: TraceEntry) =>
    agents.find((agent) => agent.model === absent)?.role.maxTokens;
  return [...Map.groupBy(cutOff, ownLimit)].map(([own, entries]) => {
    const models = [...new Set(entries.map(({ model }) => model))];
    const [subject, key] = [
      models.length > 1 || entries.length > 1 ? "answers" : "answer",
      own === undefined ? "moa.maxTokens" : "maxTokens in moa.models",
    ];
    const verb = subject === "answer" ? "was" : "were";
    return `The ${subject} of ${listed(models)} ${verb} cut off at ${own ?? maxTokens} tokens (${key}).`;
  });
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
