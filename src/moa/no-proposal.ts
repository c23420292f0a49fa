import { ToolError } from "../errors.ts";
import { byReason } from "./failure-warnings.ts";
import type { Run } from "./run.ts";
import type { SlotOutcome } from "./run-slot.ts";

/** Reasons that the message tells, and characters of each; the issues have all. */
const TOLD_REASONS = 4;
const TOLD_REASON = 200;

/**
 * The error of a run without any proposal: of the code that all failures share, if they do; a bug is not covered up. The message
 * has each reason once, with the models that it holds for.
 */
export function noProposal(run: Run, outcomes: readonly SlotOutcome[]): unknown {
  const calls = outcomes.flatMap((outcome) => outcome.calls);
  const bug = calls.find(({ failure }) => failure !== undefined && !(failure instanceof ToolError));
  if (bug) return bug.failure;
  const issues = run.trace.map((entry) => ({ path: entry.model, message: entry.error ?? entry.status }));
  const reasons = byReason(issues.map(({ path, message }) => ({ model: path, reason: message })));
  const told = reasons
    .slice(0, TOLD_REASONS)
    .map(({ reason, models }) => `${shortened(reason)} (${models.join(", ")})`);
  const more = reasons.length > TOLD_REASONS ? [`and ${reasons.length - TOLD_REASONS} more reasons`] : [];
  const failures = calls.map(({ entry, failure }) =>
    failure instanceof ToolError
      ? failure
      : new ToolError("deadline_exceeded", entry.error ?? entry.status, { retryable: true }),
  );
  const first = failures[0]!;
  const same = failures.every((failure) => failure.code === first.code);
  const budget = failures.find(({ code }) => code === "limit_reached");
  const waits = failures.flatMap(({ retryAfterMs }) => (retryAfterMs === undefined ? [] : [retryAfterMs]));
  const hint = same ? first.hint : budget?.hint;
  return new ToolError(same ? first.code : "upstream_error", `All agents failed. ${[...told, ...more].join("; ")}.`, {
    hint: (hint && asSettings(hint)) ?? "Check the model providers, or choose other models.",
    retryable: failures.some((failure) => failure.retryable),
    retryAfterMs: waits.length === failures.length ? Math.min(...waits) : undefined,
    issues,
    details: {
      ...(budget && { budget: budget.details?.budget }),
      trace: run.trace.map(({ text: _, ...entry }) => entry),
    },
  });
}

function shortened(reason: string): string {
  const sentence = reason.replace(/\.$/, "");
  return sentence.length > TOLD_REASON ? `${sentence.slice(0, TOLD_REASON - 1)}…`.toWellFormed() : sentence;
}

/** The client speaks of its own arguments; those of a mixture are settings. */
function asSettings(hint: string): string {
  return hint.replaceAll("max_tokens", "moa.maxTokens").replace("the limit of the run", "moa.maxCostUsd");
}
