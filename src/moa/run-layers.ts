import { abortError, ToolError } from "../errors.ts";
import { agreeing } from "./agreement.ts";
import { announceCalls } from "./announce.ts";
import { type DrawnAgent, drawAgents } from "./draw-agents.ts";
import type { Prompt } from "./fit-prompt.ts";
import { noProposal } from "./no-proposal.ts";
import { aggregationMessages, type Proposal, queryMessages } from "./prompts.ts";
import { shuffled } from "./random.ts";
import { lastLimits, limitsOf, type Proposed, percentAt, type Run } from "./run.ts";
import type { CallOutcome } from "./run-call.ts";
import { isForGood, quorum, runLayer } from "./run-layer.ts";
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
      gone: run.gone,
      count: run.agentsPerLayer,
      layer,
      seed: run.seed,
      random: run.draw,
    });
    let outcomes = await runAgents(run, layer, sample, previous);
    // Without any proposal at all there is no answer, so models step in that were not drawn or never had their turn.
    let agentsAsked = sample;
    if (!previous && !outcomes.some(({ best }) => best) && !signal.aborted) {
      const spare = untried(sample, rest, outcomes);
      agentsAsked = [...sample, ...spare];
      if (spare.length > 0) outcomes = [...outcomes, ...(await runAgents(run, layer, spare, previous, sample.length))];
    }
    if (signal.aborted) throw abortError(signal);
    const proposals = outcomes.flatMap(({ best, isWhole }, index): Proposed[] =>
      best
        ? [{ text: best.text!, partial: !isWhole || best.entry.truncated === true, weight: agentsAsked[index]!.weight }]
        : [],
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
    if (agreed.isShort) return { proposals: layers, agreed: agreed.text };
    break;
  }
  return { proposals: layers, agreed: undefined };
}

/** One place for each model that was not asked yet. */
function untried(sample: readonly DrawnAgent[], rest: readonly DrawnAgent[], outcomes: readonly SlotOutcome[]) {
  const tried = new Set(
    outcomes.flatMap(({ calls }) =>
      calls.filter(({ began, failure }) => began || failure).map(({ entry }) => entry.model),
    ),
  );
  const models = Map.groupBy([...sample, ...rest], ({ model }) => model);
  return [...models].filter(([model]) => !tried.has(model)).map(([, agents]) => agents[0]!);
}

/** Whole proposals alone can agree: of one that broke off nobody knows what it was going to say. */
function agreementOf(run: Run, proposals: readonly Proposed[], asked: number) {
  const whole = proposals.filter(({ partial }) => !partial);
  const agreed = agreeing(
    whole.map(({ text }) => text),
    quorum(run.options.quorum, asked),
  );
  return agreed && { isShort: agreed.isShort, text: whole[agreed.places[0]!]!.text };
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
  const limits = offset > 0 ? lastLimits(run, agents.length) : limitsOf(run, layer);
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

function layerPrompt(
  { query, earlier, nonce }: Run,
  previous: readonly Proposed[] | undefined,
  systemPrompt?: string,
): Prompt {
  if (!previous) return { messages: queryMessages(query, systemPrompt, earlier) };
  const write = (proposals: readonly Proposal[]) => aggregationMessages(query, proposals, nonce, systemPrompt, earlier);
  return { messages: write(previous), proposals: previous, write };
}

/** Puts calls into the trace, with what they warn of. */
export function recordCalls(run: Run, calls: readonly CallOutcome[]): void {
  for (const { entry, completion, failure } of calls) {
    run.trace.push(entry);
    if (isForGood(failure)) run.gone.add(entry.model);
    for (const warning of completion?.warnings ?? []) run.warnings.add(warning);
    if (failure instanceof ToolError && failure.code === "limit_reached") {
      // How much each of them would have needed differs a little, and says nothing more.
      if (run.refused.size === 0) run.warnings.add(`The budget did not hold all calls: ${failure.message}`);
      run.refused.add(entry);
      run.budgetEnded = true;
      run.degraded = true;
    }
  }
}
