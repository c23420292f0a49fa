import type { Account } from "../llm/account.ts";
import type { CallContext, CallProgress, ModelClient } from "../llm/model-client.ts";
import type { ChosenModels } from "./choose-models.ts";
import type { HedgeBudget } from "./hedge.ts";
import type { MixtureOptions } from "./mixture-of-agents.ts";
import type { Conversation } from "./prompts.ts";
import type { LayerRecord, RunEvent, TraceEntry } from "./run-record.ts";

export interface RunContext extends CallContext {
  /** Is told what happens, as it happens. */
  onEvent?: ((event: RunEvent) => void) | undefined;
  /**
   * Is told how the aggregator's answer comes, over all its tries. Where nothing is told, or less than the answer, the run ended
   * in another way. Whoever listens reads one answer: of a hedged pair, the call that writes first goes on alone.
   */
  onAnswer?: ((progress: CallProgress) => void) | undefined;
}

/** What a run decides once, and what it collects. */
export interface Run {
  client: ModelClient;
  context: RunContext;
  /** Pays all calls of the run. */
  account: Account;
  query: string;
  /** What the query goes on from. */
  earlier: Conversation;
  chosen: ChosenModels;
  options: MixtureOptions;
  numLayers: number;
  agentsPerLayer: number;
  seed: number;
  /** Times of `performance.now()`. */
  startedAt: number;
  endsAt: number;
  layers: LayerRecord[];
  /** Draws agents. Apart from `order`, so that a failed agent does not change who is drawn next. */
  draw: () => number;
  /** Orders the proposals. */
  order: () => number;
  nonce: string;
  hedges: HedgeBudget;
  trace: TraceEntry[];
  warnings: Set<string>;
  /** Whether the answer rests on less than was planned. */
  degraded: boolean;
  /** Calls that a budget did not hold. */
  refused: Set<TraceEntry>;
  /** Whether a budget did not hold a call: what is left of it is the aggregator's. */
  budgetEnded: boolean;
  /** Models that will fail whenever they are asked: unknown, not allowed, without credit. */
  gone: Set<string>;
  agreedInLayer: number | undefined;
}

/** What an agent proposed. */
export interface Proposed {
  text: string;
  /** It broke off, was cut, or ended at the limit of its tokens. */
  partial: boolean;
  weight: number;
}

/**
 * How long a call of this layer may take: from when its provider has a place for it, its own limit; from now on, its share of
 * what is left of the run, so that every layer has a turn. In milliseconds.
 */
export function limitsOf(run: Run, layer: number): { timeoutMs: number; giveUpMs: number } {
  const stagesLeft = run.numLayers + 2 - layer;
  // A failed aggregator leaves as much again to the next one.
  const giveUpMs = Math.floor((run.endsAt - performance.now()) / Math.max(2, stagesLeft));
  return { timeoutMs: Math.min(run.options.callTimeout * 1000, giveUpMs), giveUpMs };
}

/**
 * As `limitsOf`, of calls without which there is no answer: they have what is left of the run, and each of them, where its
 * provider has one place alone, its share. The aggregator keeps a share too.
 */
export function lastLimits(run: Run, calls: number): { timeoutMs: number; giveUpMs: number } {
  const share = Math.max(0, run.endsAt - performance.now()) / (calls + 1);
  return {
    timeoutMs: Math.floor(Math.min(run.options.callTimeout * 1000, share)),
    giveUpMs: Math.floor(share * calls),
  };
}

/** Percent of the run that is over when so many layers are. */
export function percentAt(run: Run, layersDone: number): number {
  return Math.round((100 * layersDone) / (run.numLayers + 1));
}
