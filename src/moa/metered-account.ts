import type { Account } from "../llm/account.ts";
import type { TokenUsage } from "../llm/model-adapter.ts";
import type { TraceEntry } from "./run-record.ts";

export interface Meter {
  /** To be passed to the call. */
  account: Account;
  /** Resolves when everything that was set aside is settled: a call can end before the request that it gave up. */
  settled(): Promise<void>;
  /** Undefined: nothing has been settled. */
  used(): TokenUsage | undefined;
  /** Undefined: nothing has been settled, or a price is unknown. */
  costUsd(): number | undefined;
}

/** The account, and what is settled in it through this one. */
export function metered(account: Account): Meter {
  let used: TokenUsage | undefined;
  let costUsd: number | undefined = 0;
  const open = new Set<Promise<void>>();
  return {
    account: {
      user: account.user,
      usage: account.usage,
      async hold(model: string, promptTokens: number, maxTokens: number) {
        const hold = await account.hold(model, promptTokens, maxTokens);
        const { promise, resolve } = Promise.withResolvers<void>();
        open.add(promise);
        return {
          mostUsd: hold.mostUsd,
          settle(usage: TokenUsage | undefined, cost?: number) {
            const spent = hold.settle(usage, cost);
            open.delete(promise);
            resolve();
            if (usage) {
              used = added(used, usage);
              costUsd = costUsd === undefined || spent === undefined ? undefined : costUsd + spent;
            }
            return spent;
          },
        };
      },
    },
    async settled() {
      await Promise.all(open);
    },
    used: () => used,
    costUsd: () => (used ? costUsd : undefined),
  };
}

function added(sum: TokenUsage | undefined, usage: TokenUsage): TokenUsage {
  if (!sum) return { ...usage };
  const cached = sum.cached_tokens ?? usage.cached_tokens;
  return {
    prompt_tokens: sum.prompt_tokens + usage.prompt_tokens,
    completion_tokens: sum.completion_tokens + usage.completion_tokens,
    total_tokens: sum.total_tokens + usage.total_tokens,
    ...(cached !== undefined && { cached_tokens: (sum.cached_tokens ?? 0) + (usage.cached_tokens ?? 0) }),
  };
}

/** What a call used, as a trace has it; `told` is what its answer says, for one that was kept and cost nothing. */
export function spentOf(
  meter: Meter,
  told?: TokenUsage,
): Pick<TraceEntry, "tokens" | "prompt_tokens" | "completion_tokens" | "cached_tokens" | "cost_usd"> {
  const used = meter.used() ?? told;
  if (!used) return { tokens: 0 };
  const costUsd = meter.costUsd();
  return {
    tokens: used.total_tokens,
    prompt_tokens: used.prompt_tokens,
    completion_tokens: used.completion_tokens,
    ...(used.cached_tokens !== undefined && { cached_tokens: used.cached_tokens }),
    ...(costUsd !== undefined && { cost_usd: costUsd }),
  };
}
