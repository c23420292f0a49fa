import { abortError, ToolError } from "../errors.ts";
import { agreeing } from "./agreement.ts";
import { announceCalls } from "./announce.ts";
import { type DrawnAgent, drawAgents } from "./draw-agents.ts";
import type { Prompt } from "./fit-prompt.ts";
import { aggregationMessages, type Proposal, queryMessages } from "./prompts.ts";
import { shuffled } from "./random.ts";
import { limitsOf, type Proposed, percentAt, type Run } from "./run.ts";
import type { CallOutcome } from "./run-call.ts";
import { quorum, runLayer } from "./run-layer.ts";
import type { SlotOutcome } from "./run-slot.ts";

/** What the layers found. */
export interface Layers {
  /** The proposals of each layer, in the order in which they are shown. */
  proposals: Proposed[][];
  /** The short answer that the agents agreed on, so that nothing is left to aggregate. */
  agreed: string | undefined;
}

/**
 * Runs the layers, each on the proposals of the one before. Ends early where the agents agree (if the options say so), or where
 * a budget does not hold a call: what is left is for the aggregator.
 * @throws ToolError with each reason where the first layer gives nothing; the abort.
 */
export async function runLayers(run: Run): Promise<Layers> {
  const { signal } = run.context;
  const { agents, strategy } = run.chosen;
  const layers: Proposed[][] = [];
  for (let layer = 1; layer <= run.numLayers; layer++) {
    const previous = layers.findLast((proposals) => proposals.length > 0);
    const { sample, rest } = drawAgents(strategy, agents, {
      count: run.agentsPerLayer,
      layer,
      seed: run.seed,
      random: run.draw,
    });
    let outcomes = await runAgents(run, layer, sample, previous);
    // Without any proposal at all there is no answer, so models that were not drawn step in.
    if (!previous && !outcomes.some(({ best }) => best) && rest.length > 0 && !signal.aborted) {
      outcomes = [...outcomes, ...(await runAgents(run, layer, rest, previous, sample.length))];
    }
    if (signal.aborted) throw abortError(signal);
    const agentsAsked = [...sample, ...rest];
    const proposals = outcomes.flatMap(({ best, isWhole }, index): Proposed[] =>
      best ? [{ text: best.text!, partial: !isWhole, weight: agentsAsked[index]!.weight }] : [],
    );
    if (outcomes.some(({ isWhole }) => !isWhole)) run.degraded = true;
    if (!previous && proposals.length === 0) throw noProposal(run, outcomes);
    if (proposals.length === 0) run.warnings.add(`No agent of layer ${layer} answered; the layer before is used.`);
    layers.push(shuffled(proposals, run.order));

    const isLast = layer === run.numLayers;
    if (run.budgetEnded && !isLast) {
      run.degraded = true;
      run.warnings.add(`The layers after layer ${layer} were left out, for the budget does not hold them.`);
      break;
    }
    const agreed = run.options.earlyExit ? agreementOf(run, proposals, sample.length) : undefined;
    if (!agreed) continue;
    if (!isLast) run.agreedInLayer = layer;
    run.context.onEvent?.({ type: "agreed", layer });
    if (agreed.isShort) return { proposals: layers, agreed: proposals[agreed.places[0]!]!.text };
    break;
  }
  return { proposals: layers, agreed: undefined };
}

/** Whole proposals alone can agree: of one that broke off nobody knows what it was going to say. */
function agreementOf(run: Run, proposals: readonly Proposed[], asked: number) {
  if (proposals.some(({ partial }) => partial)) return undefined;
  const needed = quorum(run.options.quorum, asked);
  return agreeing(
    proposals.map(({ text }) => text),
    needed,
  );
}

async function runAgents(
  run: Run,
  layer: number,
  agents: readonly DrawnAgent[],
  previous: readonly Proposed[] | undefined,
  offset = 0,
): Promise<SlotOutcome[]> {
  const { status, onEvent } = run.context;
  const models = agents.map(({ model }) => model);
  const limits = limitsOf(run, layer);
  const line = `Processing layer ${layer}/${run.numLayers}`;
  const [from, to] = [percentAt(run, layer - 1), percentAt(run, layer)];
  const said = announceCalls(status, { line, layer, models, from, to });
  onEvent?.({ type: "layer_started", layer, role: "agent", models });
  const prompts = new Map<string | undefined, Prompt>();
  const promptFor = (systemPrompt: string | undefined): Prompt => {
    const prompt = prompts.get(systemPrompt) ?? layerPrompt(run, previous, systemPrompt);
    prompts.set(systemPrompt, prompt);
    return prompt;
  };
  const slots = agents.map((asked, index) => ({
    layer,
    role: "agent" as const,
    agent: offset + index + 1,
    asked,
    prompt: promptFor(asked.role.systemPrompt),
    ...limits,
  }));
  try {
    const { outcomes, ...times } = await runLayer(run, slots, (index) => said.ended(index));
    for (const { calls } of outcomes) recordCalls(run, calls);
    const answered = outcomes.filter(({ isWhole }) => isWhole).length;
    // Those that step in fill no places of their own.
    if (offset > 0) run.layers.at(-1)!.answered += answered;
    else run.layers.push({ layer, asked: agents.length, answered, ...times });
    return outcomes;
  } finally {
    said.stop();
  }
}

function layerPrompt({ query, nonce }: Run, previous: readonly Proposed[] | undefined, systemPrompt?: string): Prompt {
  if (!previous) return { messages: queryMessages(query, systemPrompt) };
  const write = (proposals: readonly Proposal[]) => aggregationMessages(query, proposals, nonce, systemPrompt);
  return { messages: write(previous), proposals: previous, write };
}

/** Puts calls into the trace, with what they warn of. */
export function recordCalls(run: Run, calls: readonly CallOutcome[]): void {
  for (const { entry, completion, failure } of calls) {
    run.trace.push(entry);
    for (const warning of completion?.warnings ?? []) run.warnings.add(warning);
    if (failure instanceof ToolError && failure.code === "limit_reached") {
      run.budgetEnded = true;
      run.degraded = true;
      run.warnings.add(`The budget did not hold all calls: ${failure.message}`);
    }
  }
}

/** The error of a run without any proposal: of the code that all failures share, if they do; a bug is not covered up. */
function noProposal(run: Run, outcomes: readonly SlotOutcome[]): unknown {
  const calls = outcomes.flatMap((outcome) => outcome.calls);
  const bug = calls.find(({ failure }) => failure !== undefined && !(failure instanceof ToolError));
  if (bug) return bug.failure;
  const issues = run.trace.map((entry) => ({ path: entry.model, message: entry.error ?? entry.status }));
  const reasons = issues.map((issue) => `${issue.path}: ${issue.message}`).join(" ");
  const failures = calls.map(({ entry, failure }) =>
    failure instanceof ToolError
      ? failure
      : new ToolError("deadline_exceeded", entry.error ?? entry.status, { retryable: true }),
  );
  const first = failures[0]!;
  const same = failures.every((failure) => failure.code === first.code);
  const budget = failures.find(({ code }) => code === "limit_reached");
  const waits = failures.flatMap(({ retryAfterMs }) => (retryAfterMs === undefined ? [] : [retryAfterMs]));
  return new ToolError(same ? first.code : "upstream_error", `All agents failed. ${reasons}`.slice(0, 1000), {
    hint: (same ? first.hint : budget?.hint) ?? "Check the model providers, or choose other models.",
    retryable: failures.some((failure) => failure.retryable),
    retryAfterMs: waits.length === failures.length ? Math.min(...waits) : undefined,
    issues,
    details: {
      ...(budget && { budget: budget.details?.budget }),
      trace: run.trace.map(({ text: _, ...entry }) => entry),
    },
  });
}
