import type { TokenUsage } from "./model-adapter.ts";

/** What calls used together. */
export interface Usage extends TokenUsage {
  /** USD of the calls whose price is known, 0 where nothing was used; null where no price is known of what was. */
  cost_usd: number | null;
  /** Models of which the price is unknown, so that their calls are not in `cost_usd`. */
  unpriced_models?: string[];
}

/** What limits spending: a request that could exceed one is not sent. */
export interface Budget {
  costUsd?: number | undefined;
  tokens?: number | undefined;
}

/** Requests that are planned, each of which may go to any of the models (`provider/model`). */
export interface PlannedRequests {
  models: readonly string[];
  /** Of each, at most, as `maxTokens` is. */
  promptTokens: number;
  maxTokens: number;
  /** Default 1. */
  count?: number;
}

/** A request that is about to be sent, at the most that it can use. */
export interface Hold {
  /** What it costs in USD at most; undefined where the price is unknown. */
  readonly mostUsd: number | undefined;
  /**
   * Replaces the most by what was used: of an answer, or as estimated of what had come when a request broke off; nothing where
   * the provider did no work. Gives the cost in USD, undefined where the price is unknown. To be called exactly once.
   */
  settle(used: TokenUsage | undefined, costUsd?: number): number | undefined;
}

/** What one call of a tool spends, over all the requests that it makes. */
export interface Account {
  readonly user: string;
  /** Totals of what has been settled. */
  readonly usage: Usage;
  /**
   * Sets aside what a request may use, in the budgets of the call, the user and the day at once.
   * @param model `provider/model`
   * @param promptTokens at most, as `maxTokens` is
   * @throws ToolError `limit_reached` where a budget does not hold it, with `details.budget`; `not_configured` where a budget in
   * USD is set and the price is unknown
   */
  hold(model: string, promptTokens: number, maxTokens: number): Promise<Hold>;
}

/** What is used or set aside. USD in whole billionths. */
export interface Spending {
  tokens: number;
  nanoUsd: number;
}

/** Spending of all users by day (UTC), which outlives the process and is shared with others on the same data. */
export interface UsageLedger {
  /**
   * Sets aside the entry for today, if `check` throws nothing when it is told what the user and all users have used and set aside
   * today. No other hold, of this process or another, comes between. Gives what replaces the hold by what was used, or by nothing.
   * @throws ToolError `storage_…`, and what `check` throws
   */
  hold(entry: LedgerEntry, check: (user: Spending, all: Spending) => void): Promise<LedgerHold>;
  /** Notes what was used without a hold. Written later. */
  record(used: LedgerEntry): void;
}

/** To be called exactly once; never throws. */
export type LedgerHold = (used: LedgerEntry | undefined) => void;

export interface LedgerEntry {
  user: string;
  /** `provider/model` */
  model: string;
  promptTokens: number;
  completionTokens: number;
  /** USD in whole billionths; undefined: unknown. */
  nanoUsd: number | undefined;
}

export interface Budgets {
  perCall?: Budget | undefined;
  perUser?: Budget | undefined;
  perDay?: Budget | undefined;
}
