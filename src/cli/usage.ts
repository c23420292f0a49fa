import { join } from "node:path";
import { dayOf, type HeldRow, openUsageReader, type UsageRow } from "../usage/usage-database.ts";
import type { CommandContext } from "./command-context.ts";
import { printable, printableJson } from "./memory-call.ts";
import { integerOption } from "./option-values.ts";
import { grouped, money } from "./terminal-text.ts";
import type { UsageOptions } from "./usage-options.ts";

const DEFAULT_DAYS = 30;

/** Shows tokens, requests and cost by day, user and model, and what is left of today's budgets. @throws ToolError `storage_…` */
export async function usageCommand({ loaded: { config, origins }, ...context }: CommandContext): Promise<number> {
  const options = (context.options ?? {}) as UsageOptions;
  const days = integerOption("days", options.days, 1, 400) ?? DEFAULT_DAYS;
  const user = origins.get("user") === "--user" ? config.user : undefined;
  const now = Date.now();
  const since = dayOf(now - (days - 1) * 86_400_000);
  const file = join(config.dataDir, "usage.db");
  const { all, held } = await readUsage(file, since, dayOf(now));
  const rows = all.filter((row) => user === undefined || row.user === user);
  const today = all.filter(({ day }) => day === dayOf(now));
  const budgets = leftOf(config.llm.budgets, [...today.map(spentIn), ...held], user);
  if (options.json) {
    const json = rows.map(({ nanoUsd, ...row }) => ({ ...row, costUsd: known(row) ? nanoUsd / 1e9 : null }));
    process.stdout.write(`${printableJson({ since, usage: json, budgets })}\n`);
    return 0;
  }
  const lines = [["day", "user", "model", "requests", "prompt", "answer", "cost"], ...rows.map(lineOf)];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const show = (line: string[]) =>
    line.map((cell, at) => (at < 3 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join("  ");
  process.stdout.write(rows.length === 0 ? `Nothing was used since ${since}.\n` : `${lines.map(show).join("\n")}\n`);
  for (const { budget, user: whose, unit, limit, left } of budgets) {
    const amount = (value: number) => (unit === "costUsd" ? money(value) : `${grouped(value)} tokens`);
    const of = whose === undefined ? "" : ` of ${printable(whose)}`;
    process.stdout.write(`${budget}${of}: ${amount(left)} of ${amount(limit)} left today\n`);
  }
  return 0;
}

async function readUsage(file: string, since: string, today: string): Promise<{ all: UsageRow[]; held: HeldRow[] }> {
  const reader = await openUsageReader(file);
  if (!reader) return { all: [], held: [] };
  try {
    return { all: reader.rows(since), held: reader.held(today) };
  } finally {
    reader.close();
  }
}

const spentIn = ({ user, promptTokens, completionTokens, nanoUsd }: UsageRow): HeldRow => ({
  user,
  tokens: promptTokens + completionTokens,
  nanoUsd,
});

const known = (row: { requests: number; unpricedRequests: number }) => row.unpricedRequests < row.requests;

function lineOf(row: UsageRow): string[] {
  const { day, user, model, requests, promptTokens, completionTokens, nanoUsd, unpricedRequests } = row;
  const unknown = unpricedRequests > 0 ? ` + unknown (${unpricedRequests})` : "";
  const cost = known(row) ? `${money(nanoUsd / 1e9)}${unknown}` : "unknown";
  return [day, printable(user), printable(model), ...[requests, promptTokens, completionTokens].map(grouped), cost];
}

type Budgets = CommandContext["loaded"]["config"]["llm"]["budgets"];

/** What is left of what is used or set aside today, for the named user or each one that used something. */
function leftOf({ perUser, perDay }: Budgets, today: readonly HeldRow[], user: string | undefined) {
  const users = user === undefined ? [...new Set(today.map((row) => row.user))] : [user];
  const scopes = [
    { budget: "perDay", limits: perDay, user: undefined, rows: today },
    ...users.map((id) => ({ budget: "perUser", limits: perUser, user: id, rows: today.filter((r) => r.user === id) })),
  ];
  return scopes.flatMap(({ budget, limits, user: whose, rows }) =>
    (["costUsd", "tokens"] as const).flatMap((unit) => {
      const limit = limits[unit];
      if (limit === undefined) return [];
      const sum = rows
        .map(({ nanoUsd, tokens }) => (unit === "costUsd" ? nanoUsd : tokens))
        .reduce((total, amount) => total + amount, 0);
      const used = unit === "costUsd" ? sum / 1e9 : sum;
      return [{ budget, user: whose, unit, limit, left: Math.max(0, limit - used) }];
    }),
  );
}
