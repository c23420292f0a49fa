import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import { configured, modelClient, provider } from "../../test/fixtures/model-client.ts";
import { loadConfig } from "../config/load-config.ts";
import { createUsageLedger } from "../usage/usage-ledger.ts";
import { usageCommand } from "./usage.ts";

/** What the command prints on this data and configuration. */
async function printed(
  dataDir: string,
  { env = {}, flags = {}, options = {} }: { env?: NodeJS.ProcessEnv; flags?: object; options?: object },
) {
  const loaded = await loadConfig({ env, cwd: dataDir, flags: { dataDir, ...flags } });
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    const code = await usageCommand({ loaded, env, words: [], options });
    return { code, text: write.mock.calls.map(([text]) => String(text)).join("") };
  } finally {
    write.mockRestore();
  }
}

async function run(flags: Record<string, unknown>, options: object = {}, more: { held?: boolean } = {}) {
  const dataDir = temporaryFolder();
  const ledger = createUsageLedger({ file: join(dataDir, "usage.db"), holdMs: 60_000 });
  const entry = { user: "ann", model: "p/m", promptTokens: 1500, completionTokens: 500, nanoUsd: 250_000_000 };
  ledger.record(entry);
  ledger.record({ ...entry, user: "bob", model: "p/free-for-all", nanoUsd: undefined });
  if (more.held) await ledger.hold(entry, () => {});
  await ledger.close();
  const env = { PATCHBAY_LLM_BUDGETS_PER_DAY_COST_USD: "1" };
  return printed(dataDir, { env, flags, options });
}

it("shows who used what at which cost, and what is left today", async () => {
  const { code, text } = await run({});
  expect(code).toBe(0);
  expect(text).toMatch(/ann +p\/m +1 +1,500 +500 +\$0\.25/);
  expect(text).toMatch(/bob +p\/free-for-all +1 +1,500 +500 +unknown/);
  expect(text).toContain("perDay: $0.75 of $1.00 left today");
});

it("takes off what requests under way have set aside", async () => {
  const { text } = await run({}, {}, { held: true });
  expect(text).toContain("perDay: $0.50 of $1.00 left today");
  const { budgets } = JSON.parse((await run({}, { json: true }, { held: true })).text);
  expect(budgets).toEqual([{ budget: "perDay", unit: "costUsd", limit: 1, left: 0.5 }]);
});

it("shows one user as JSON", async () => {
  const { text } = await run({ user: "bob" }, { json: true });
  expect(JSON.parse(text).usage).toMatchObject([{ user: "bob", requests: 1, costUsd: null }]);
});

it("refuses a number of days that is none", async () => {
  await expect(run({}, { days: "x" })).rejects.toMatchObject({ code: "invalid_input" });
});

it("prints what docs/spending.md shows, with the configuration of that page", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-11-28T12:00:00Z") });
  onTestFinished(() => void vi.useRealTimers());
  const page = readFileSync("docs/spending.md", "utf8");
  const dataDir = temporaryFolder();
  writeFileSync(join(dataDir, "patchbay.yaml"), /```yaml\n(.*?)```/s.exec(page)?.[1] ?? "");
  const { config } = await loadConfig({ env: { OPENAI_API_KEY: "some-key" }, cwd: dataDir, flags: { dataDir } });
  const ledger = createUsageLedger({ file: join(dataDir, "usage.db"), holdMs: 60_000 });
  const server = await provider({ models: { "gpt-5-mini": {}, "gpt-5": {}, "llama3.2": {} } });
  const prices = Object.values(config.providers).map(({ prices }) => prices);
  const [openai, home] = prices.map((of) => configured(server.baseUrl, { prices: of }));
  const llm = modelClient({ providers: { openai: openai!, home: home! }, budgets: config.llm.budgets, ledger });
  const use = async (
    id: string,
    model: string,
    prompt_tokens: number,
    completion_tokens: number,
    cached_tokens = 0,
  ) => {
    const hold = await llm.account({ id }).hold(model, prompt_tokens, completion_tokens);
    const total_tokens = prompt_tokens + completion_tokens;
    hold.settle({ prompt_tokens, completion_tokens, total_tokens, cached_tokens });
  };
  await llm.models();
  vi.setSystemTime(new Date("2026-11-27T12:00:00Z"));
  await use("bob", "openai/gpt-5", 3120, 980);
  vi.setSystemTime(new Date("2026-11-28T12:00:00Z"));
  for (let n = 0; n < 12; n++) await use("ann", "openai/gpt-5-mini", 1840, 620, 1024);
  await use("ann", "openai/gpt-5", 12_400, 3050);
  await use("bob", "home/llama3.2", 5210, 1400);
  await ledger.close();
  const { text } = await printed(dataDir, { env: { OPENAI_API_KEY: "some-key" }, options: { days: "7" } });
  expect(text).toBe(/patchbay-mcp usage --days 7\n(.*?)```/s.exec(page)?.[1]);
});
