import { join } from "node:path";
import { afterEach, expect, it, onTestFinished, vi } from "vitest";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import { startProcess, waitForOutput } from "../../test/fixtures/spawn.ts";
import { createUsageLedger } from "./usage-ledger.ts";

const LIMIT = 300;
const HOLD_MS = 600_000;
const entry = (user: string) => ({ user, model: "p/m", promptTokens: 5, completionTokens: 5, nanoUsd: 0 });

/** A process that holds 10 tokens until no more fit, in earnest only once the other one holds some too. Prints how often. */
const holder = (file: string, user: string) => `
  import { createUsageLedger } from ${JSON.stringify(join(import.meta.dirname, "usage-ledger.ts"))};
  const ledger = createUsageLedger({ file: ${JSON.stringify(file)}, holdMs: ${HOLD_MS}, lockMs: 30_000 });
  let others = 0;
  let held = 0;
  const hold = () => ledger.hold(${JSON.stringify(entry(user))}, (own, all) => {
    others = all.tokens - own.tokens;
    if (all.tokens + 10 > ${LIMIT}) throw new Error("full");
  }).then(() => { held += 1; });
  await hold();
  const look = () => ledger.hold(${JSON.stringify(entry(user))}, (own, all) => {
    others = all.tokens - own.tokens;
    throw new Error("only looked");
  }).catch(() => {});
  while (others === 0) await look();
  await Promise.allSettled(Array.from({ length: 50 }, hold));
  process.stdout.write("held " + held + "\\n");
  setInterval(() => {}, 1000);`;

afterEach(() => {
  vi.useRealTimers();
});

it("keeps a limit between processes, and frees what killed ones held once that expires", async () => {
  const file = join(temporaryFolder(), "usage.db");
  const running = ["ann", "bob"].map((user) => {
    const args = ["--input-type=module-typescript", "-e", holder(file, user)];
    return startProcess({ command: process.execPath, args, env: { PATH: process.env.PATH ?? "" } });
  });
  const counts = await Promise.all(
    running.map(async (one) => Number((await waitForOutput(one, /held (\d+)\n/, 60_000))[1])),
  );
  expect(counts[0]! + counts[1]!).toBe(LIMIT / 10);
  expect(Math.min(...counts)).toBeGreaterThan(0);
  await Promise.all(running.map((one) => one.stop("SIGKILL")));

  const ledger = createUsageLedger({ file, holdMs: HOLD_MS });
  onTestFinished(() => ledger.close());
  (await ledger.hold(entry("cat"), (_own, all) => expect(all.tokens).toBe(LIMIT)))(undefined);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + HOLD_MS });
  await ledger.hold(entry("cat"), (_own, all) => expect(all.tokens).toBe(0));
}, 90_000);
