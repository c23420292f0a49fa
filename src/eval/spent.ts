import { ToolError } from "../errors.ts";
import type { Account, Usage } from "../llm/account.ts";

/** What answers and judgements took. */
export interface Spent {
  /** Of prompts and answers. */
  tokens: number;
  /** Null where a price is unknown. */
  usd: number | null;
}

/** Adds what calls used. Where no tokens were used, nothing was paid. */
export function addUsage(spent: Spent, usage: Pick<Usage, "total_tokens" | "cost_usd" | "unpriced_models">): void {
  const { total_tokens: tokens, cost_usd: usd, unpriced_models: unpriced = [] } = usage;
  spent.tokens += tokens;
  if (unpriced.length > 0 || (usd === null && tokens > 0)) spent.usd = null;
  else if (spent.usd !== null) spent.usd += usd ?? 0;
}

/** What all requests of an evaluation may cost together. */
export interface CostLimit {
  readonly usd: number;
  /** USD used or set aside. */
  used: number;
  /** Whether a request was not sent because of it. */
  reached: boolean;
}

/** An account of one answer. */
export interface WatchedAccount extends Account {
  /** Set where a request was not sent because of what others had spent: what came of the answer says nothing of the contestant. */
  readonly refusal: ToolError | undefined;
}

/** The account, which sends nothing that could exceed the limit: retries and second calls of a mixture included. */
export function watchedAccount(account: Account, limit: CostLimit | undefined): WatchedAccount {
  let refusal: ToolError | undefined;
  return {
    user: account.user,
    usage: account.usage,
    get refusal() {
      return refusal;
    },
    async hold(model, promptTokens, maxTokens) {
      const hold = await account.hold(model, promptTokens, maxTokens).catch((error: unknown) => {
        if (isOfAll(error)) refusal ??= error;
        throw error;
      });
      if (!limit) return hold;
      const { mostUsd = 0 } = hold;
      if (limit.used + mostUsd > limit.usd) {
        hold.settle(undefined);
        limit.reached = true;
        refusal = new ToolError("limit_reached", "The evaluation may cost no more.", { hint: "Raise --max-cost." });
        throw refusal;
      }
      limit.used += mostUsd;
      return {
        mostUsd: hold.mostUsd,
        settle(used, toldUsd) {
          const usd = hold.settle(used, toldUsd);
          limit.used += (usd ?? mostUsd) - mostUsd;
          return usd;
        },
      };
    },
  };
}

/** Whether a budget of more than one call is used up. */
function isOfAll(error: unknown): error is ToolError {
  if (!(error instanceof ToolError) || error.code !== "limit_reached") return false;
  const name = (error.details?.budget as { name?: string } | undefined)?.name;
  return name === "perUser" || name === "perDay";
}
