import type { Agent } from "./choose-models.ts";
import type { Prompt } from "./fit-prompt.ts";
import { runHedged } from "./hedge.ts";
import type { Run } from "./run.ts";
import { type CallOutcome, isPairLoser, type PlannedCall } from "./run-call.ts";
import type { TraceEntry } from "./run-record.ts";

/** A place in a layer: its model, and those that stand in for it. */
export interface Slot {
  layer: number;
  role: TraceEntry["role"];
  agent: number;
  asked: Agent & { temperature?: number | undefined; seed?: number | undefined };
  /** Set where the model stands in for another one from the beginning. */
  standsInFor?: string | undefined;
  prompt: Prompt;
  timeoutMs: number;
  giveUpMs: number;
}

/** How a place was filled. */
export interface SlotOutcome {
  /** Every call, in the order of their beginnings. */
  calls: CallOutcome[];
  /** The call that gave its answer, or the most that had come of one; undefined: none gave anything. */
  best: CallOutcome | undefined;
  /** Whether `best` is a whole answer. */
  isWhole: boolean;
}

/** Where a place is. */
export interface SlotState {
  /** The model that is asked. */
  model: string;
  /** Time of `performance.now()` since when; undefined while the call waits for its turn. */
  begunAt: number | undefined;
  /** Whether the layer has enough answers without this one, which has only the grace left. */
  isSpare: boolean;
}

/** With less time a fallback is not asked. */
const LEAST_LEFT_MS = 50;

/**
 * Fills a place: asks its model, hedged, and where that fails its fallbacks in order, all within the limits of the one call.
 * Never throws. `state` is kept up to date.
 */
export async function runSlot(run: Run, slot: Slot, parent: AbortSignal, state?: SlotState): Promise<SlotOutcome> {
  const startedAt = performance.now();
  const { asked, layer, role, agent, prompt } = slot;
  const plan = (model: string, timeoutMs: number, giveUpMs: number): PlannedCall => ({
    layer,
    role,
    agent,
    model,
    prompt,
    maxTokens: asked.role.maxTokens ?? run.options.maxTokens,
    temperature: asked.temperature ?? asked.role.temperature,
    seed: asked.seed,
    timeoutMs,
    giveUpMs,
    standsInFor: model === asked.model ? slot.standsInFor : asked.model,
  });

  run.hedges.earn();
  const calls: CallOutcome[] = [];
  const names = [asked.model, ...asked.fallbacks];
  while (names.length > 0) {
    const giveUpMs = Math.floor(slot.giveUpMs - (performance.now() - startedAt));
    if (calls.length > 0 && (parent.aborted || giveUpMs < LEAST_LEFT_MS)) break;
    const model = names.shift()!;
    const limits = [Math.min(slot.timeoutMs, giveUpMs), giveUpMs] as const;
    const next = names[0] === undefined ? undefined : plan(names[0], ...limits);
    if (state) Object.assign(state, { model, begunAt: undefined });
    const ended = await runHedged(run, plan(model, ...limits), next, parent, {
      onBegin: () => {
        if (state) state.begunAt = performance.now();
      },
      isAwaited: () => !state?.isSpare,
    });
    calls.push(...ended);
    if (ended.some(({ completion }) => completion)) break;
    // Asked already, as the second one of the pair.
    if (ended.length > 1 && next) names.shift();
  }
  const whole = calls.find(({ completion }) => completion);
  const most = calls
    .filter(({ text }) => text !== undefined)
    .reduce<CallOutcome | undefined>(
      (best, one) => (one.text!.length > (best?.text?.length ?? 0) ? one : best),
      undefined,
    );
  if (whole) {
    const failed = calls.find(
      (one) => one !== whole && one.entry.model !== whole.entry.model && !isPairLoser(one.entry),
    );
    if (failed) run.warnings.add(`"${whole.entry.model}" stood in for "${failed.entry.model}".`);
  }
  return { calls, best: whole ?? most, isWhole: whole !== undefined };
}
