import { join } from "node:path";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import { configured, failure, messages, modelClient, never, provider } from "../../test/fixtures/model-client.ts";
import { openUsageReader } from "../usage/usage-database.ts";
import { createUsageLedger } from "../usage/usage-ledger.ts";
import type { ModelClientOptions } from "./model-client.ts";
import { costOf, priceOf } from "./prices.ts";

const PRICES = { a: { input: 1, output: 10 }, free: { input: 0, output: 0 } };

async function start(options: Partial<ModelClientOptions> = {}, prices: object = PRICES) {
  const server = await provider({ models: { a: { latencyMs: 20 }, free: {}, unpriced: {} } });
  const providers = { fake: configured(server.baseUrl, { concurrency: 50, prices }) };
  const llm = modelClient({ providers, maxTokens: 100, ...options });
  return { server, llm };
}

function ledgerIn(folder: string, holdMs = 60_000) {
  const ledger = createUsageLedger({ file: join(folder, "usage.db"), holdMs });
  onTestFinished(() => ledger.close());
  return ledger;
}

it("sums what a call used and cost", async () => {
  const { llm } = await start();
  const account = llm.account({ id: "ann" });
  await llm.complete({ messages, model: "a" }, { signal: never, account });
  await llm.complete({ messages, model: "unpriced" }, { signal: never, account });
  const { prompt_tokens, completion_tokens } = { prompt_tokens: 2, completion_tokens: 1 };
  expect(account.usage).toMatchObject({ prompt_tokens: 2 * prompt_tokens, completion_tokens: 2 * completion_tokens });
  expect(account.usage).toMatchObject({ cost_usd: 0.000012, unpriced_models: ["fake/unpriced"] });
});

it("sends nothing that could exceed the budget of a call", async () => {
  const { server, llm } = await start({ budgets: { perCall: { tokens: 120 } } });
  const account = llm.account({ id: "ann" });
  const error = await failure(llm.complete({ messages, model: "a" }, { signal: never, account }));
  expect(error.code).toBe("limit_reached");
  expect(error.details?.budget).toMatchObject({ name: "perCall", unit: "tokens", limit: 120, used: 0 });
  expect(server.chats).toHaveLength(0);
});

it("keeps 50 calls at once within the budget of a day, and says when it resets", async () => {
  const folder = temporaryFolder();
  // One request may cost 0.00104 USD: four of them fit.
  const { server, llm } = await start({ budgets: { perDay: { costUsd: 0.0045 } }, ledger: ledgerIn(folder) });
  const calls = Array.from({ length: 50 }, (_, n) =>
    llm.complete({ messages, model: "a" }, { signal: never, account: llm.account({ id: `user${n}` }) }),
  );
  const settled = await Promise.allSettled(calls);
  const refused = settled.filter((one) => one.status === "rejected");
  expect(refused).toHaveLength(46);
  expect(server.chats).toHaveLength(4);
  const error = refused[0]!.reason;
  expect(error).toMatchObject({ code: "limit_reached", details: { budget: { name: "perDay", unit: "costUsd" } } });
  expect(error.retryAfterMs).toBeLessThanOrEqual(86_400_000);
  // What was set aside is free again.
  await llm.complete({ messages, model: "a" }, { signal: never, account: llm.account({ id: "later" }) });
});

it("says that a request can never fit a budget that is smaller as a whole, and not to wait", async () => {
  const { server, llm } = await start({ budgets: { perUser: { tokens: 150 }, perDay: { costUsd: 0.01 } } });
  const ask = (maxTokens: number) =>
    llm.complete({ messages, model: "a", maxTokens }, { signal: never, account: llm.account({ id: "ann" }) });
  const error = await failure(ask(500));
  const { needed } = error.details!.budget as { needed: number };
  expect(error).toMatchObject({ code: "limit_reached", retryable: false, retryAfterMs: undefined });
  expect(error.message).toContain(`it may need up to ${needed} tokens, more than the whole budget of 150.`);
  expect(error.hint).toMatch(/max_tokens.*raise llm\.budgets\.perUser\.tokens\.$/);
  expect(error.details).toMatchObject({ attempts: 0 });
  expect(error.details?.budget).not.toHaveProperty("resets_at");
  expect(server.chats).toHaveLength(0);
});

it("tells dollars with three digits, or as many as tell what is needed from what is allowed", async () => {
  const { llm } = await start({ budgets: { perCall: { costUsd: 0.0123 } } });
  const ask = (maxTokens: number) =>
    failure(llm.complete({ messages, model: "a", maxTokens }, { signal: never, account: llm.account({ id: "ann" }) }));
  expect((await ask(12_345)).message).toContain("may need up to 0.124 USD, more than the whole budget of 0.0123.");
  expect((await ask(1_223)).message).toMatch(/may need up to 0\.0123\d+ USD, more than the whole budget of 0\.0123\.$/);
});

it("says a budget's refusal once where it kept every model from being asked, and counts no request", async () => {
  const { server, llm } = await start({ budgets: { perCall: { tokens: 120 } } });
  const account = llm.account({ id: "ann" });
  const error = await failure(
    llm.complete({ messages, model: "a", fallbackModels: ["free"] }, { signal: never, account }),
  );
  expect(JSON.stringify([error.message, error.issues, error.hint]).match(/The budget of one call/g)).toHaveLength(1);
  expect(error.details).toMatchObject({ attempts: 0, budget: { name: "perCall" } });
  expect(server.chats).toHaveLength(0);
});

it("lets free models answer when a budget is used up, and names the key of a price that is missing", async () => {
  const { server, llm } = await start({ budgets: { perUser: { costUsd: 0.000001 } } });
  const ask = (model: string) =>
    llm.complete({ messages, model }, { signal: never, account: llm.account({ id: "ann" }) });
  expect((await failure(ask("a"))).code).toBe("limit_reached");
  expect((await ask("free")).cost_usd).toBe(0);
  const error = await failure(ask("unpriced"));
  expect(error).toMatchObject({ code: "not_configured", hint: expect.stringContaining("providers.fake.prices") });
  expect(server.chats).toHaveLength(1);
});

it("keeps answers of temperature 0, of each user apart, for nothing", async () => {
  const { server, llm } = await start({ cache: { ttl: 60, maxBytes: 10_000 } });
  const ask = (id: string, temperature: number) =>
    llm.complete({ messages, model: "a", temperature }, { signal: never, account: llm.account({ id }) });
  await ask("ann", 0);
  expect(await ask("ann", 0)).toMatchObject({ cached: true, cost_usd: 0 });
  const account = llm.account({ id: "ann" });
  await llm.complete({ messages, model: "a", temperature: 0 }, { signal: never, account });
  expect(account.usage).toMatchObject({ total_tokens: 0, cost_usd: 0 });
  expect(await ask("bob", 0)).not.toHaveProperty("cached");
  await ask("ann", 1);
  await ask("ann", 1);
  expect(server.chats).toHaveLength(4);
});

it("notes usage without a budget once the ledger is closed", async () => {
  const folder = temporaryFolder();
  const ledger = ledgerIn(folder);
  const { llm } = await start({ ledger });
  await llm.complete({ messages, model: "a" }, { signal: never, account: llm.account({ id: "ann" }) });
  await ledger.close();
  const reader = await openUsageReader(join(folder, "usage.db"));
  expect(reader?.rows("2000-01-01")).toMatchObject([{ user: "ann", model: "fake/a", requests: 1, nanoUsd: 12_000 }]);
  reader?.close();
});

it("takes the price whose name says the most of the model", () => {
  const price = (input: number) => ({ input, output: 0 });
  const prices = { "*": price(1), "gpt-*": price(2), "gpt-*-mini": price(3), "gpt-5-mini": price(4) };
  const inputs = ["llama", "gpt-5", "gpt-4-mini", "gpt-5-mini"].map((name) => priceOf(prices, name)?.input);
  expect(inputs).toEqual([1, 2, 3, 4]);
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (a, b, c) => {
      const literal = (text: string) => text.replaceAll("*", "");
      const pattern = `${literal(a)}*${literal(b)}`;
      expect(priceOf({ [pattern]: price(1) }, `${literal(a)}${c}${literal(b)}`)).toEqual(price(1));
    }),
  );
});

it("sums money without errors of rounding", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100_000), { maxLength: 100 }), (tokens) => {
      const cost = (n: number) =>
        costOf({ input: 0.15, output: 0 }, { prompt_tokens: n, completion_tokens: 0, total_tokens: n });
      const total = tokens.reduce((sum, n) => sum + n, 0);
      expect(tokens.reduce((sum, n) => sum + cost(n), 0)).toBe(cost(total));
    }),
  );
});
