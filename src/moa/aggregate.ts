import { abortError } from "../errors.ts";
import { likeness } from "./agreement.ts";
import { announceCalls } from "./announce.ts";
import type { Agent } from "./choose-models.ts";
import { byReason, type Failed, listed } from "./failure-warnings.ts";
import type { Prompt } from "./fit-prompt.ts";
import { finalMessages, type Proposal } from "./prompts.ts";
import { limitsOf, type Proposed, percentAt, type Run } from "./run.ts";
import { isPairLoser } from "./run-call.ts";
import { recordCalls } from "./run-layers.ts";
import { runSlot } from "./run-slot.ts";

/** Models tried for the final aggregation before the best proposal stands for the answer, fallbacks of the role not counted. */
const MAX_AGGREGATORS = 3;

/**
 * The aggregator's answer; where it and its fallbacks fail, another model's; where all fail, the most that came of one, else the
 * best proposal of the last layer. @throws the abort
 */
export async function aggregate(run: Run, layers: readonly (readonly Proposed[])[]): Promise<string> {
  const { status, signal, onEvent } = run.context;
  const { aggregator } = run.chosen;
  const layer = run.numLayers + 1;
  const last = layers.findLast((proposals) => proposals.length > 0)!;
  const prompt = finalPrompt(run, layers, last);
  let agent = 1;
  const failures: Failed[] = [];
  let broken: { text: string; model: string } | undefined;

  for (const asked of chainOf(run)) {
    const limits = limitsOf(run, layer);
    if (limits.giveUpMs <= 0) break;
    const line = "Performing final aggregation";
    const [from, to] = [percentAt(run, run.numLayers), 99];
    const said = announceCalls(status, { line, layer, models: [asked.model], from, to });
    onEvent?.({ type: "layer_started", layer, role: "aggregator", models: [asked.model] });
    const standsInFor = asked === aggregator ? undefined : aggregator.model;
    const outcome = await runSlot(
      run,
      { layer, role: "aggregator", agent, asked, standsInFor, prompt, ...limits },
      signal,
    );
    said.stop();
    recordCalls(run, outcome.calls);
    if (signal.aborted) throw abortError(signal);
    const { best } = outcome;
    if (best && outcome.isWhole) {
      const { finish_reason, model } = best.completion!;
      const most = asked.role.maxTokens ?? run.options.maxTokens;
      if (finish_reason === "length") {
        run.warnings.add(`The answer of "${model}" was cut off at ${most} tokens (moa.maxTokens).`);
      }
      warnOfFailures(run, failures);
      return best.text!;
    }
    run.degraded = true;
    if (best && best.text!.length > (broken?.text.length ?? 0)) broken = { text: best.text!, model: best.entry.model };
    const reason = outcome.calls.find(({ entry }) => entry.status !== "cancelled")?.entry.error ?? "It was cancelled.";
    failures.push({ model: asked.model, reason });
    agent += 1;
  }
  warnOfFailures(run, failures);
  run.degraded = true;
  if (broken) {
    run.warnings.add(`No aggregator answered to the end; the answer is what had come from "${broken.model}".`);
    return broken.text;
  }
  run.warnings.add("No aggregator answered; the answer is the fullest proposal of the last layer.");
  return bestProposal(last).text;
}

/** One sentence for each reason. */
function warnOfFailures(run: Run, failures: readonly Failed[]): void {
  for (const { reason, models } of byReason(failures)) {
    const who = models.length === 1 ? "aggregator" : "aggregators";
    run.warnings.add(`The ${who} ${listed(models)} failed: ${reason}`);
  }
}

/**
 * The aggregator, then other models in its role: those that have answered in this run, for themselves or for others, by weight;
 * then those that were not asked; last those whose last call failed.
 */
function chainOf(run: Run): Agent[] {
  const { aggregator, agents } = run.chosen;
  const last = new Map(run.trace.filter((entry) => !isPairLoser(entry)).map((entry) => [entry.model, entry.status]));
  const placeOf = (model: string) => (last.get(model) === "ok" ? 0 : last.has(model) ? 2 : 1);
  const weightOf = (model: string) =>
    Math.max(0, ...agents.filter((agent) => agent.model === model).map(({ weight }) => weight)) || 1;
  const asked = new Set([aggregator.model, ...aggregator.fallbacks]);
  const answered = [...last.keys()].filter((model) => placeOf(model) === 0);
  const others = [...new Set([...agents.map(({ model }) => model), ...answered])]
    .filter((model) => !asked.has(model))
    .sort((a, b) => placeOf(a) - placeOf(b) || weightOf(b) - weightOf(a));
  const stands = others.map((model): Agent => ({ ...aggregator, model, fallbacks: [] }));
  return [aggregator, ...stands].slice(0, MAX_AGGREGATORS);
}

function finalPrompt(run: Run, layers: readonly (readonly Proposed[])[], last: readonly Proposed[]): Prompt {
  const { systemPrompt } = run.chosen.aggregator.role;
  return {
    messages: finalMessages(run.query, layers, run.nonce, systemPrompt, run.earlier),
    // Where not all fit, the last layer says most.
    proposals: last,
    write: (proposals: readonly Proposal[]) =>
      finalMessages(run.query, [proposals], run.nonce, systemPrompt, run.earlier),
  };
}

/** A whole one before one that broke off, of the best model; then the one that most agrees with the others; then the longest. */
export function bestProposal(proposals: readonly Proposed[]): Proposed {
  const agreement = (proposal: Proposed) =>
    proposals.reduce((sum, other) => sum + (other === proposal ? 0 : likeness(proposal.text, other.text)), 0);
  return [...proposals].sort(
    (a, b) =>
      Number(a.partial) - Number(b.partial) ||
      b.weight - a.weight ||
      agreement(b) - agreement(a) ||
      b.text.length - a.text.length,
  )[0]!;
}
