import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterEach, expect, it, onTestFinished, vi } from "vitest";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import { openUsageReader } from "./usage-database.ts";
import { createUsageLedger, type UsageLedgerOptions } from "./usage-ledger.ts";

const entry = { user: "ann", model: "p/m", promptTokens: 5, completionTokens: 5, nanoUsd: 100 };

function open(file: string, options: Partial<UsageLedgerOptions> = {}) {
  const warnings: string[] = [];
  const ledger = createUsageLedger({ file, holdMs: 60_000, warn: (text) => warnings.push(text), ...options });
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

/** Another program that is writing to the file, until told to end. */
function lock(file: string): () => void {
  const other = new Sqlite(file);
  onTestFinished(() => void other.close());
  other.exec("begin immediate");
  return () => other.exec("commit");
}

async function rowsOf(file: string) {
  const reader = await openUsageReader(file);
  const rows = reader?.rows("2000-01-01") ?? [];
  reader?.close();
  return rows;
}

it("waits for another program's writing, and lets other work go on meanwhile", async () => {
  const file = join(temporaryFolder(), "usage.db");
  const { ledger } = open(file);
  (await ledger.hold(entry, () => {}))(undefined);
  const unlock = lock(file);
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 5);
  const held = ledger.hold(entry, () => {});
  await expect(Promise.race([held, new Promise((done) => setTimeout(done, 600, "waiting"))])).resolves.toBe("waiting");
  clearInterval(timer);
  unlock();
  (await held)(entry);
  expect(turns).toBeGreaterThan(5);
  expect(await rowsOf(file)).toMatchObject([{ requests: 1 }]);
});

it("says that the file is locked where it stays so", async () => {
  const file = join(temporaryFolder(), "usage.db");
  const { ledger } = open(file, { lockMs: 100 });
  (await ledger.hold(entry, () => {}))(undefined);
  lock(file);
  await expect(ledger.hold(entry, () => {})).rejects.toMatchObject({ code: "storage_locked", retryable: true });
});

it("writes again what could not be written", async () => {
  const file = join(temporaryFolder(), "usage.db");
  const { ledger, warnings } = open(file, { writeAfterMs: 10, lockMs: 30 });
  const settle = await ledger.hold(entry, () => {});
  const unlock = lock(file);
  settle(entry);
  ledger.record(entry);
  await expect.poll(() => warnings, { timeout: 5000 }).toEqual([expect.stringContaining("locked")]);
  expect(await rowsOf(file)).toEqual([]);
  unlock();
  await expect.poll(() => rowsOf(file), { timeout: 5000 }).toMatchObject([{ requests: 2 }]);
});

it("says once that notes are lost, and keeps the newest", async () => {
  const file = join(temporaryFolder(), "usage.db");
  const { ledger, warnings } = open(file, { mostNotes: 3, lockMs: 0 });
  (await ledger.hold(entry, () => {}))(undefined);
  const unlock = lock(file);
  for (const promptTokens of [1, 2, 3, 4, 5]) ledger.record({ ...entry, promptTokens });
  expect(warnings).toEqual([expect.stringContaining("lost")]);
  unlock();
  await ledger.close();
  expect(await rowsOf(file)).toMatchObject([{ requests: 3, promptTokens: 12 }]);
});

it("counts an expired hold no longer, and notes what was used all the same", async () => {
  const file = join(temporaryFolder(), "usage.db");
  const { ledger } = open(file, { holdMs: 1 });
  const settle = await ledger.hold(entry, () => {});
  await new Promise((done) => setTimeout(done, 5));
  const other = await ledger.hold(entry, (user) => expect(user.tokens).toBe(0));
  other(undefined);
  settle({ ...entry, completionTokens: 2 });
  await ledger.hold(entry, (user) => expect(user.tokens).toBe(7));
});

it("forgets what is older than 400 days, without being opened anew", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2025-01-01T12:00:00Z") });
  const file = join(temporaryFolder(), "usage.db");
  const { ledger } = open(file);
  (await ledger.hold(entry, () => {}))(entry);
  vi.setSystemTime(new Date("2026-02-05T12:00:00Z"));
  (await ledger.hold(entry, () => {}))(entry);
  expect((await rowsOf(file)).map(({ day }) => day)).toEqual(["2026-02-05", "2025-01-01"]);
  vi.setSystemTime(new Date("2026-02-06T12:00:00Z"));
  (await ledger.hold(entry, () => {}))(entry);
  expect((await rowsOf(file)).map(({ day }) => day)).toEqual(["2026-02-06", "2026-02-05"]);
});

it("is looked at without being made or changed, and shows what is set aside", async () => {
  const file = join(temporaryFolder(), "usage.db");
  expect(await openUsageReader(file)).toBeUndefined();
  expect(existsSync(file)).toBe(false);
  writeFileSync(file, "");
  expect(await openUsageReader(file)).toBeUndefined();
  expect(statSync(file).size).toBe(0);
  const { ledger } = open(file);
  await ledger.hold(entry, () => {});
  const reader = await openUsageReader(file);
  expect(reader?.held(new Date().toISOString().slice(0, 10))).toEqual([{ user: "ann", tokens: 10, nanoUsd: 100 }]);
  reader?.close();
});

it("refuses a file of a newer version", async () => {
  const file = join(temporaryFolder(), "usage.db");
  const newer = new Sqlite(file);
  newer.pragma("user_version = 99");
  newer.close();
  const error = { code: "storage_error", message: expect.stringContaining("newer version") };
  await expect(openUsageReader(file)).rejects.toMatchObject(error);
  await expect(open(file).ledger.hold(entry, () => {})).rejects.toMatchObject(error);
});
