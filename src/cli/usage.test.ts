import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import { loadConfig } from "../config/load-config.ts";
import { createUsageLedger } from "../usage/usage-ledger.ts";
import { usageCommand } from "./usage.ts";

async function run(flags: Record<string, unknown>, options: object = {}, more: { held?: boolean } = {}) {
  const dataDir = temporaryFolder();
  const ledger = createUsageLedger({ file: join(dataDir, "usage.db"), holdMs: 60_000 });
  const entry = { user: "ann", model: "p/m", promptTokens: 1500, completionTokens: 500, nanoUsd: 250_000_000 };
  ledger.record(entry);
  ledger.record({ ...entry, user: "bob", model: "p/free-for-all", nanoUsd: undefined });
  if (more.held) await ledger.hold(entry, () => {});
  await ledger.close();
  const env = { PATCHBAY_LLM_BUDGETS_PER_DAY_COST_USD: "1" };
  const loaded = await loadConfig({ env, cwd: dataDir, flags: { dataDir, ...flags } });
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    const code = await usageCommand({ loaded, env, words: [], options });
    return { code, text: write.mock.calls.map(([text]) => String(text)).join("") };
  } finally {
    write.mockRestore();
  }
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
