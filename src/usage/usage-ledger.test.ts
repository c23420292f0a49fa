import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, onTestFinished, vi } from "vitest";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import { createUsageLedger } from "./usage-ledger.ts";

const entry = { user: "ann", model: "p/m", promptTokens: 5, completionTokens: 5, nanoUsd: 100 };

function open(file: string) {
  const warnings: string[] = [];
  const ledger = createUsageLedger({ file, holdMs: 60_000, warn: (text) => warnings.push(text) });
  onTestFinished(() => ledger.close());
  return { ledger, warnings };
}

afterEach(() => {
  vi.useRealTimers();
});

it("begins every day anew, and settles a hold in the day that it was made in", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-11-28T23:59:59Z") });
  const { ledger } = open(join(temporaryFolder(), "usage.db"));
  const settle = await ledger.hold(entry, () => {});
  await ledger.hold(entry, (user, all) => expect([user.tokens, all.nanoUsd]).toEqual([10, 100]));
  vi.setSystemTime(new Date("2026-11-29T00:00:01Z"));
  settle(entry);
  await ledger.hold(entry, (user, all) => expect([user.tokens, all.tokens]).toEqual([0, 0]));
});

it("keeps users apart, and counts what was used in the place of what was held", async () => {
  const { ledger } = open(join(temporaryFolder(), "usage.db"));
  const settle = await ledger.hold(entry, () => {});
  settle({ ...entry, completionTokens: 1, nanoUsd: 60 });
  await ledger.hold({ ...entry, user: "bob" }, (user, all) => {
    expect(user).toEqual({ tokens: 0, nanoUsd: 0 });
    expect(all).toEqual({ tokens: 6, nanoUsd: 60 });
  });
});

it("warns once where the file is no database, and refuses only holds", async () => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "usage.db"), "this is no database, whatever its name says".repeat(100));
  const { ledger, warnings } = open(join(folder, "usage.db"));
  ledger.record(entry);
  await ledger.close();
  await ledger.close();
  expect(warnings).toEqual([expect.stringContaining("is damaged")]);
  expect(warnings[0]).not.toContain(folder);
  await expect(ledger.hold(entry, () => {})).rejects.toMatchObject({ code: "storage_corrupt" });
});
