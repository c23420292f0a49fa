import type { Provider, TokenUsage } from "./model-adapter.ts";

/** What calls used together. */
export interface Usage extends TokenUsage {
  /** USD of the calls whose price is known; null where none is. */
  cost_usd: number | null;
  /** Models of which the price is unknown, so that their calls are not in `cost_usd`. */
  unpriced_models?: string[];
}

/** What limits spending: a request that could exceed one is not sent. */
export interface Budget {
  costUsd?: number | undefined;
  tokens?: number | undefined;
}

/** A request that is about to be sent, at the most that it can use. */
export interface Hold {
  /** What it cost in USD at most; undefined where the price is unknown. */
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
   * @throws ToolError `limit_reached` where a budget does not hold it, with `details.budget`; `not_configured` where a budget in
   * USD is set and the price is unknown
   */
  hold(model: string, promptTokens: number, maxTokens: number): Promise<Hold>;
}

/** Spending of all users by day (UTC), which outlives the process and is shared with others on the same data. */
export interface UsageLedger {
  /**
   * Adds a hold if the day's totals with it stay within the budgets. Undefined: held. Otherwise which budget is short and what is
   * left of it.
   */
  hold(entry: LedgerEntry, budgets: { perUser: Budget; perDay: Budget }): LedgerShortage | undefined;
  /** Replaces a hold by what was used. */
  settle(held: LedgerEntry, used: LedgerEntry): void;
  /** Notes what was used without a hold. May be written later. */
  record(used: LedgerEntry): void;
}

export interface LedgerEntry {
  user: string;
  model: string;
  promptTokens: number;
  completionTokens: number;
  /** Undefined: unknown. */
  costUsd: number | undefined;
  requests: number;
}

export interface LedgerShortage {
  budget: "perUser" | "perDay";
  unit: "costUsd" | "tokens";
  limit: number;
  /** Of the limit, what is neither used nor held. */
  left: number;
}

export interface Budgets {
  perCall?: Budget | undefined;
  perUser?: Budget | undefined;
  perDay?: Budget | undefined;
}

export interface AccountsOptions {
  budgets: Budgets | undefined;
  ledger: UsageLedger | undefined;
  /** The provider of a model (`provider/model`), for its prices. */
  providerOf(model: string): Provider | undefined;
}

/** Opens accounts with the budgets of the configuration. */
export function createAccounts(_options: AccountsOptions): { open(user: string, budget?: Budget): Account } {
  return {
    open(user) {
      const usage: Usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, cost_usd: null };
      return {
        user,
        usage,
        async hold() {
          return {
            mostUsd: undefined,
            settle(used) {
              usage.prompt_tokens += used?.prompt_tokens ?? 0;
              usage.completion_tokens += used?.completion_tokens ?? 0;
              usage.total_tokens += used?.total_tokens ?? 0;
              return undefined;
            },
          };
        },
      };
    },
  };
}
