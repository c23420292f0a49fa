import type { Usage } from "../llm/account.ts";

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
