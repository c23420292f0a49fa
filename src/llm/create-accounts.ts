import { ToolError } from "../errors.ts";
import type {
  Account,
  Budget,
  Budgets,
  Hold,
  LedgerEntry,
  LedgerHold,
  PlannedRequests,
  Spending,
  Usage,
  UsageLedger,
} from "./account.ts";
import type { Provider, TokenUsage } from "./model-adapter.ts";
import { costOf, mostOf, priceOf, toNano, toUsd } from "./prices.ts";

export interface AccountsOptions {
  budgets: Budgets | undefined;
  /** Default: one of this process alone. */
  ledger: UsageLedger | undefined;
  /** The provider of a model (`provider/model`), for its prices. */
  providerOf(model: string): Provider | undefined;
}

const DAY_MS = 86_400_000;

/** A budget and what it is called in an error. */
interface NamedBudget {
  name: "run" | "perCall" | "perUser" | "perDay";
  budget: Budget;
}

/** Opens accounts with the budgets of the configuration. */
export function createAccounts({ budgets = {}, ledger, providerOf }: AccountsOptions): {
  open(user: string, budget?: Budget): Account;
  /** Notes the tokens of texts that were embedded, for the memories of whomever: as of the user `-`, and past all budgets. */
  note(model: string, tokens: number): void;
  /** As `ModelClient.mostUsd`. */
  mostUsd(planned: readonly PlannedRequests[]): number | undefined;
} {
  const { perUser = {}, perDay = {} } = budgets;
  const isLimitedByDay = isSet(perUser) || isSet(perDay);
  const days = ledger ?? (isLimitedByDay ? createOwnLedger() : undefined);

  function pricesOf(model: string) {
    const provider = providerOf(model);
    return { provider, price: provider && priceOf(provider.prices, model.slice(provider.name.length + 1)) };
  }

  function open(user: string, own: Budget = {}): Account {
    const callBudgets: NamedBudget[] = [
      { name: "run", budget: own },
      { name: "perCall", budget: budgets.perCall ?? {} },
    ];
    const all = [...callBudgets.map(({ budget }) => budget), perUser, perDay];
    const needsPrice = all.some(({ costUsd }) => costUsd !== undefined);
    const spent: Spending = { tokens: 0, nanoUsd: 0 };
    const totals = createTotals();

    async function hold(model: string, promptTokens: number, maxTokens: number): Promise<Hold> {
      const { provider, price } = pricesOf(model);
      if (needsPrice && !price) throw unknownPrice(model, provider?.name);
      const mostNano = price && mostOf(price, promptTokens, maxTokens);
      const most: Spending = { tokens: promptTokens + maxTokens, nanoUsd: mostNano ?? 0 };
      for (const named of callBudgets) checkBudget(named, spent, most, model);
      // Set aside before anything is waited for, so that no other request of the call sees the same room.
      add(spent, most, 1);
      const entry = { user, model, promptTokens, completionTokens: maxTokens, nanoUsd: mostNano };
      let settleDay: LedgerHold | undefined;
      try {
        settleDay = isLimitedByDay
          ? await days?.hold(entry, (ofUser, ofAll) => {
              checkBudget({ name: "perUser", budget: perUser }, ofUser, most, model);
              checkBudget({ name: "perDay", budget: perDay }, ofAll, most, model);
            })
          : (used) => used && days?.record(used);
      } catch (error) {
        add(spent, most, -1);
        throw error;
      }
      return {
        mostUsd: mostNano === undefined ? undefined : toUsd(mostNano),
        settle(used, toldUsd) {
          add(spent, most, -1);
          if (!used) {
            settleDay?.(undefined);
            return 0;
          }
          const nanoUsd = price ? costOf(price, used) : toldUsd === undefined ? undefined : toNano(toldUsd);
          add(spent, { tokens: used.total_tokens, nanoUsd: nanoUsd ?? 0 }, 1);
          totals.add(model, used, nanoUsd);
          const { prompt_tokens, completion_tokens } = used;
          settleDay?.({ user, model, promptTokens: prompt_tokens, completionTokens: completion_tokens, nanoUsd });
          return nanoUsd === undefined ? undefined : toUsd(nanoUsd);
        },
      };
    }
    return { user, usage: totals.usage, hold };
  }
  return {
    open,
    note(model, tokens) {
      const { price } = pricesOf(model);
      const nanoUsd = price && mostOf(price, tokens, 0);
      days?.record({ user: "-", model, promptTokens: tokens, completionTokens: 0, nanoUsd });
    },
    mostUsd(planned) {
      let nanoUsd = 0;
      for (const { models, promptTokens, maxTokens, count = 1 } of planned) {
        const each = models.map((model) => {
          const { price } = pricesOf(model);
          return price ? mostOf(price, promptTokens, maxTokens) : Number.POSITIVE_INFINITY;
        });
        nanoUsd += count * Math.max(0, ...each);
      }
      const usd = Math.min(toUsd(nanoUsd), budgets.perCall?.costUsd ?? Number.POSITIVE_INFINITY);
      return Number.isFinite(usd) ? usd : undefined;
    },
  };
}

/** Sums of a call. `usage` is one object that changes as the call goes on. */
function createTotals() {
  const usage: Usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, cost_usd: 0 };
  let knownNano: number | undefined;
  return {
    usage,
    add(model: string, used: TokenUsage, nanoUsd: number | undefined) {
      usage.prompt_tokens += used.prompt_tokens;
      usage.completion_tokens += used.completion_tokens;
      usage.total_tokens += used.total_tokens;
      if (used.cached_tokens !== undefined) usage.cached_tokens = (usage.cached_tokens ?? 0) + used.cached_tokens;
      if (used.reasoning_tokens !== undefined)
        usage.reasoning_tokens = (usage.reasoning_tokens ?? 0) + used.reasoning_tokens;
      if (used.estimated) usage.estimated = true;
      if (nanoUsd === undefined) {
        usage.unpriced_models ??= [];
        if (!usage.unpriced_models.includes(model)) usage.unpriced_models.push(model);
        if (knownNano === undefined) usage.cost_usd = null;
      } else {
        knownNano = (knownNano ?? 0) + nanoUsd;
        usage.cost_usd = toUsd(knownNano);
      }
    },
  };
}

/** Spending by day of this process, for clients without data on disk. */
function createOwnLedger(): UsageLedger {
  let today = "";
  let all: Spending = { tokens: 0, nanoUsd: 0 };
  let users = new Map<string, Spending>();
  const spendingOf = ({ promptTokens, completionTokens, nanoUsd = 0 }: LedgerEntry): Spending => ({
    tokens: promptTokens + completionTokens,
    nanoUsd,
  });
  return {
    async hold(entry, check) {
      const day = new Date().toISOString().slice(0, 10);
      if (day !== today) {
        today = day;
        all = { tokens: 0, nanoUsd: 0 };
        users = new Map();
      }
      const user = users.get(entry.user) ?? { tokens: 0, nanoUsd: 0 };
      users.set(entry.user, user);
      // Kept by reference: a hold that outlasts its day is settled in that day.
      const sums = [user, all];
      check(user, all);
      for (const sum of sums) add(sum, spendingOf(entry), 1);
      return (used) => {
        for (const sum of sums) {
          add(sum, spendingOf(entry), -1);
          if (used) add(sum, spendingOf(used), 1);
        }
      };
    },
    record() {},
  };
}

function add(sum: Spending, { tokens, nanoUsd }: Spending, sign: 1 | -1): void {
  sum.tokens += sign * tokens;
  sum.nanoUsd += sign * nanoUsd;
}

const isSet = ({ costUsd, tokens }: Budget) => costUsd !== undefined || tokens !== undefined;

/** @throws ToolError `limit_reached` */
function checkBudget({ name, budget }: NamedBudget, spent: Spending, most: Spending, model: string): void {
  const { costUsd, tokens } = budget;
  if (tokens !== undefined && spent.tokens + most.tokens > tokens) {
    throw limitReached(name, "tokens", { limit: tokens, used: spent.tokens, needed: most.tokens }, model);
  }
  // What costs nothing fits a budget that is used up.
  if (costUsd !== undefined && most.nanoUsd > 0 && spent.nanoUsd + most.nanoUsd > toNano(costUsd)) {
    const amounts = { limit: costUsd, used: toUsd(spent.nanoUsd), needed: toUsd(most.nanoUsd) };
    throw limitReached(name, "costUsd", amounts, model);
  }
}

function limitReached(
  name: NamedBudget["name"],
  unit: "costUsd" | "tokens",
  { limit, used, needed }: { limit: number; used: number; needed: number },
  model: string,
): ToolError {
  const show = (amount: number) => (unit === "tokens" ? `${amount} tokens` : `${roughly(amount)} USD`);
  const what = { run: "this run", perCall: "one call", perUser: "this user today", perDay: "all users today" }[name];
  const key = name === "run" ? undefined : `llm.budgets.${name}.${unit}`;
  const now = Date.now();
  const fitsLater = (name === "perUser" || name === "perDay") && needed <= limit;
  const resetsAt = (Math.floor(now / DAY_MS) + 1) * DAY_MS;
  const reason =
    needed > limit
      ? `it may need up to ${unit === "tokens" ? `${needed} tokens` : `${roughly(needed, limit)} USD`}, more than the whole budget of ${limit}`
      : `the limit is ${show(limit)}, ${show(used)} are used or set aside, and the request may need ${show(needed)}`;
  const free = unit === "costUsd" ? ", use a model that costs nothing" : "";
  const later = fitsLater ? ", or wait until midnight UTC" : "";
  return new ToolError("limit_reached", `The budget of ${what} is too small for a request to "${model}": ${reason}.`, {
    hint: `Send less, allow fewer tokens for the answer (max_tokens)${free}, or raise ${key ?? "the limit of the run"}${later}.`,
    retryable: fitsLater,
    ...(fitsLater && { retryAfterMs: resetsAt - now }),
    details: {
      budget: { name, unit, limit, used, needed, ...(fitsLater && { resets_at: new Date(resetsAt).toISOString() }) },
    },
  });
}

/** An amount with three digits that say something, or as many more as tell it from a smaller one. */
function roughly(amount: number, smaller = 0): string {
  let digits = 3;
  while (digits < 15 && Number(amount.toPrecision(digits)) <= smaller) digits++;
  const rounded = Number(amount.toPrecision(digits));
  return rounded.toLocaleString("en-US", { useGrouping: false, maximumFractionDigits: 12 });
}

function unknownPrice(model: string, provider = model.split("/")[0]!): ToolError {
  const key = `providers.${provider}.prices`;
  const name = model.slice(provider.length + 1);
  return new ToolError("not_configured", `A budget in USD is set, but the price of "${model}" is not known.`, {
    hint: `Set ${key}, such as { ${JSON.stringify(name)}: { input: 0.15, output: 0.6 } } in USD for a million tokens; 0 and 0 for a model that costs nothing.`,
    details: { key },
  });
}
