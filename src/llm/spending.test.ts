import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import type { FakeModel } from "../../test/fixtures/fake-provider.ts";
import { configured, failure, messages, modelClient, never, provider } from "../../test/fixtures/model-client.ts";
import { ToolError } from "../errors.ts";
import { openUsageReader } from "../usage/usage-database.ts";
import { createUsageLedger } from "../usage/usage-ledger.ts";
import type { Account } from "./account.ts";
import { createTokenEstimator } from "./estimate-tokens.ts";
import type { CompletionRequest, ModelClientOptions } from "./model-client.ts";

/** A client on a provider of one model, "a", and what a call of its own account used. */
async function spending(model: FakeModel, options: Partial<ModelClientOptions> = {}, more: object = {}) {
  const server = await provider({ models: { a: model, b: {} } });
  const llm = modelClient({ providers: { fake: configured(server.baseUrl, more) }, maxTokens: 100, ...options });
  const ask = async (request: Partial<CompletionRequest> = {}, id = "ann", budget?: { costUsd?: number }) => {
    const account = llm.account({ id }, budget);
    const asked = llm.complete({ messages, model: "fake/a", ...request }, { signal: never, account });
    const outcome = await asked.then(
      (completion) => ({ completion }),
      (error: unknown) => ({ error }),
    );
    return { usage: account.usage, ...outcome } as {
      usage: typeof account.usage;
      completion?: Awaited<typeof asked>;
      error?: { code: string; hint?: string; message: string; details?: Record<string, unknown> };
    };
  };
  return { server, llm, ask };
}

const used = (prompt_tokens: number, completion_tokens: number, more: object = {}) => ({
  prompt_tokens,
  completion_tokens,
  total_tokens: prompt_tokens + completion_tokens,
  ...more,
});

describe("an answer that came and failed", () => {
  it("is paid for as the provider says, with what it says that it cost", async () => {
    const reasoned = { content: null, reasoning: "Let me think", usage: used(40, 90, { cost: 0.25 }) };
    const { ask } = await spending({ reply: reasoned });
    const { error, usage } = await ask();
    expect(error?.code).toBe("invalid_response");
    expect(usage).toMatchObject({ prompt_tokens: 40, completion_tokens: 90, total_tokens: 130, cost_usd: 0.25 });
  });

  it.each(["html", "no_choices", "content_null", "empty"] as const)("is paid for by an estimate: %s", async (fault) => {
    const { ask, server } = await spending({ fault });
    const { usage } = await ask();
    expect(usage.prompt_tokens).toBeGreaterThanOrEqual(server.chats.length);
    expect(usage.estimated).toBe(true);
  });

  it.each(["unauthorized", "rate_limited", "loading", "overflow_openai", "reset"] as const)(
    "costs nothing where no model worked: %s",
    async (fault) => {
      const { ask } = await spending({ fault });
      const { error, usage } = await ask();
      expect(error).toBeDefined();
      expect(usage.total_tokens).toBe(0);
    },
  );

  it("is paid for where the caller went away before its first token, whatever the reason", async () => {
    const { llm, server } = await spending({ fault: "hang" });
    const account = llm.account({ id: "ann" });
    const stop = new AbortController();
    const asked = llm.complete({ messages, model: "fake/a" }, { signal: stop.signal, account });
    await vi.waitFor(() => expect(server.chats).toHaveLength(1));
    stop.abort(new ToolError("aborted", "Left behind."));
    await expect(asked).rejects.toThrow();
    expect(account.usage).toMatchObject({ prompt_tokens: 2, estimated: true });
  });

  it("pays for the reasoning of an answer that was cut off by the time limit", async () => {
    const reasoning = "thinking about it ".repeat(40);
    const { ask } = await spending({ reply: { content: "words ".repeat(2000), reasoning }, wordMs: 20 });
    const { error, usage } = await ask({ timeoutMs: 500 });
    expect(error?.code).toBe("deadline_exceeded");
    expect(usage.completion_tokens).toBeGreaterThan(10);
  });
});

describe("what is summed", () => {
  it("has cached and reasoning tokens, the price of cached ones, and says what was estimated", async () => {
    const details = {
      prompt_tokens_details: { cached_tokens: 600 },
      completion_tokens_details: { reasoning_tokens: 7 },
    };
    const reply = (_request: unknown, call: number) =>
      call < 3 ? { content: "ok", usage: used(1000, 10, details) } : { content: "ok", usage: null };
    const prices = { a: { input: 1, output: 10, cachedInput: 0.1 } };
    const { llm } = await spending({ reply }, {}, { prices });
    const account = llm.account({ id: "ann" });
    for (let n = 0; n < 2; n++) await llm.complete({ messages, model: "fake/a" }, { signal: never, account });
    expect(account.usage).toEqual({
      ...used(2000, 20),
      cached_tokens: 1200,
      reasoning_tokens: 14,
      // 400 tokens at 1, 600 at 0.1 and 10 at 10 USD for a million, twice.
      cost_usd: 0.00112,
    });
    await llm.complete({ messages, model: "fake/a" }, { signal: never, account });
    expect(account.usage).toMatchObject({ estimated: true });
  });

  it("has the reasoning of providers that count it beside the answer", async () => {
    const details = { completion_tokens_details: { reasoning_tokens: 300 } };
    const told = { prompt_tokens: 50, completion_tokens: 10, total_tokens: 360, ...details };
    const { ask } = await spending({ reply: { content: "ok", usage: told } });
    expect((await ask()).usage).toMatchObject({ ...used(50, 310), reasoning_tokens: 300 });
  });

  it("takes the provider's word for the cost where the configuration has no price, and not where it has one", async () => {
    const reply = { content: "ok", usage: used(1000, 10, { cost: 0.5 }) };
    const told = await spending({ reply });
    expect((await told.ask()).completion?.cost_usd).toBe(0.5);
    const priced = await spending({ reply }, {}, { prices: { a: { input: 1, output: 0 } } });
    expect((await priced.ask()).completion?.cost_usd).toBe(0.001);
  });
});

it("costs nothing where the caller went away before anything was sent", async () => {
  const { llm, server } = await spending({});
  const account = llm.account({ id: "ann" });
  const caller = new AbortController();
  const leaving: Account = {
    ...account,
    async hold(...request) {
      const hold = await account.hold(...request);
      caller.abort();
      return hold;
    },
  };
  await expect(
    llm.complete({ messages, model: "fake/a" }, { signal: caller.signal, account: leaving }),
  ).rejects.toThrow();
  expect(server.chats).toHaveLength(0);
  expect(account.usage.total_tokens).toBe(0);
});

it("tells the cost of a call with what its failed requests cost", async () => {
  const reply = { content: "ok", usage: used(1000, 10) };
  const page = { status: 200, body: "<html>", headers: {} };
  const fault = (_request: unknown, call: number) => (call === 1 ? page : undefined);
  const { ask, server } = await spending({ reply, fault }, {}, { prices: { a: { input: 1, output: 0 } } });
  const { completion, usage } = await ask();
  expect(server.chats).toHaveLength(2);
  expect(completion?.cost_usd).toBeGreaterThan(0.001);
  expect(completion?.cost_usd).toBe(usage.cost_usd);
});

it("notes the tokens of what is embedded, as of no user", async () => {
  const file = join(temporaryFolder(), "usage.db");
  const ledger = createUsageLedger({ file, holdMs: 1000 });
  const { llm } = await spending({}, { ledger }, { prices: { a: { input: 2, output: 0 } } });
  await llm.embed({ model: "fake/a", texts: ["some words", "and some more of them"] }, never);
  await ledger.close();
  const reader = await openUsageReader(file);
  const tokens = llm.tokens.estimate("some words\nand some more of them");
  expect(reader?.rows("2000-01-01")).toMatchObject([
    { user: "-", model: "fake/a", requests: 1, promptTokens: tokens, completionTokens: 0, nanoUsd: tokens * 2000 },
  ]);
  reader?.close();
});

describe("budgets", () => {
  it("hold a run to its own", async () => {
    const { ask, server } = await spending({}, {}, { prices: { a: { input: 1, output: 10 } } });
    const { error } = await ask({}, "ann", { costUsd: 0.0001 });
    expect(error).toMatchObject({ code: "limit_reached", details: { budget: { name: "run", limit: 0.0001 } } });
    expect((await ask({}, "ann", { costUsd: 0.01 })).completion?.text).toBe("ok");
    expect(server.chats).toHaveLength(1);
  });

  it("of a day are those of the process where there is no ledger", async () => {
    const { ask } = await spending(
      { reply: { content: "ok", usage: used(100, 100) } },
      { budgets: { perDay: { tokens: 600 } } },
    );
    const codes = [];
    for (const id of ["ann", "bob", "cat", "dan"]) codes.push((await ask({}, id)).error?.code);
    expect(codes).toEqual([undefined, undefined, undefined, "limit_reached"]);
  });

  it("of users are each user's own", async () => {
    const { ask } = await spending(
      { reply: { content: "ok", usage: used(100, 100) } },
      {
        budgets: { perUser: { tokens: 400 } },
      },
    );
    const codes = [];
    for (const id of ["ann", "ann", "ann", "bob"]) codes.push((await ask({}, id)).error?.code);
    expect(codes).toEqual([undefined, undefined, "limit_reached", undefined]);
  });

  it("are named where they kept a fallback model from being asked", async () => {
    const prices = { a: { input: 0, output: 0 }, b: { input: 1, output: 10 } };
    const budgets = { perCall: { costUsd: 0.00001 } };
    const { ask } = await spending({ fault: "unauthorized" }, { budgets }, { prices });
    const { error } = await ask({ fallbackModels: ["fake/b"] });
    expect(error).toMatchObject({ code: "upstream_error", details: { budget: { name: "perCall" } } });
    expect(error?.message).toMatch(/API key.* The fallback model "fake\/b" was not asked: The budget of one call /);
    expect(error?.hint).toMatch(/llm\.budgets\.perCall\.costUsd.*API key/);
  });

  it("are the reason where they kept every model from being asked", async () => {
    const { ask } = await spending({}, { budgets: { perCall: { tokens: 10 } } });
    expect((await ask({ fallbackModels: ["fake/b"] })).error?.code).toBe("limit_reached");
  });

  it("are never exceeded, whatever the script and however the model counts", async () => {
    const letters = fc.constantFrom(..."eaSnQx z", ..."日本語かな한글", ..."привет", ..."สวัสดี", ..."🎉→", ...'7{";\n');
    const parts = fc.tuple(fc.array(letters, { minLength: 50, maxLength: 200 }), fc.integer({ min: 1, max: 10 }));
    const text = parts.map(([some, times]) => some.join("").repeat(times));
    const calls = fc.array(fc.record({ text, factor: fc.double({ min: 1, max: 1.7, noNaN: true }) }), {
      minLength: 3,
      maxLength: 8,
    });
    const estimator = createTokenEstimator();
    let factor = 1;
    const reply = (request: { messages: { content: string }[] }) => ({
      content: "ok",
      usage: used(Math.ceil(factor * estimator.estimate(request.messages[0]!.content)), 100),
    });
    const server = await provider({ models: { a: { reply } } });
    await fc.assert(
      fc.asyncProperty(calls, fc.integer({ min: 500, max: 10_000 }), async (sent, tokens) => {
        const llm = modelClient({
          providers: { fake: configured(server.baseUrl) },
          budgets: { perCall: { tokens } },
          maxTokens: 100,
        });
        const account = llm.account({ id: "ann" });
        for (const call of sent) {
          factor = call.factor;
          const messages = [{ role: "user" as const, content: call.text }];
          await llm.complete({ messages, model: "fake/a" }, { signal: never, account }).catch(() => {});
          expect(account.usage.total_tokens).toBeLessThanOrEqual(tokens);
        }
      }),
      { numRuns: 60 },
    );
    expect(server.chats.length).toBeGreaterThan(60);
  });
});

describe("kept answers", () => {
  const cache = { ttl: 60, maxBytes: 100_000 };

  it("are asked for anew after their time", async () => {
    const { ask, server } = await spending({}, { cache: { ...cache, ttl: 0.2 } });
    const kept = async () => (await ask({ temperature: 0 })).completion?.cached;
    expect([await kept(), await kept()]).toEqual([undefined, true]);
    await new Promise((done) => setTimeout(done, 250));
    expect(await kept()).toBeUndefined();
    expect(server.chats).toHaveLength(2);
  });

  it("give way to newer ones beyond the limit of bytes", async () => {
    const { ask, server } = await spending({ reply: "x".repeat(1500) }, { cache: { ...cache, maxBytes: 4000 } });
    const about = (content: string) => ask({ temperature: 0, messages: [{ role: "user", content }] });
    for (const content of ["1", "2", "3"]) await about(content);
    expect((await about("3")).completion?.cached).toBe(true);
    expect((await about("1")).completion?.cached).toBeUndefined();
    expect(server.chats).toHaveLength(4);
  });

  it("belong to one user and one provider", async () => {
    const [one, other] = [await provider({ models: { a: {} } }), await provider({ models: { a: {} } })];
    const providers = { one: configured(one.baseUrl), other: configured(other.baseUrl) };
    const llm = modelClient({ providers, cache });
    const ask = async (model: string, id: string) => {
      const context = { signal: never, account: llm.account({ id }) };
      return (await llm.complete({ messages, model, temperature: 0 }, context)).cached ?? false;
    };
    expect([await ask("one/a", "ann"), await ask("one/a", "ann")]).toEqual([false, true]);
    expect([await ask("other/a", "ann"), await ask("one/a", "bob")]).toEqual([false, false]);
  });

  it("are none of prompts that were cut", async () => {
    const reply = { content: "ok", usage: used(4096, 5) };
    const { ask, server } = await spending({ reply }, { cache });
    const long = { temperature: 0, messages: [{ role: "user" as const, content: "many words ".repeat(4000) }] };
    expect((await ask(long)).error?.code).toBe("context_overflow");
    expect((await ask(long)).error?.code).toBe("context_overflow");
    expect(server.chats).toHaveLength(2);
  });
});

describe("a damaged database of usage", () => {
  async function damaged(budgets: ModelClientOptions["budgets"]) {
    const file = join(temporaryFolder(), "usage.db");
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, "no database ".repeat(1000));
    const warnings: string[] = [];
    const ledger = createUsageLedger({ file, holdMs: 1000, writeAfterMs: 10, warn: (text) => warnings.push(text) });
    onTestFinished(() => ledger.close());
    return { warnings, ...(await spending({}, { ledger, budgets })) };
  }

  it("ends no call where no budget needs it, and is told of once", async () => {
    const { ask, warnings } = await damaged(undefined);
    for (let n = 0; n < 3; n++) expect((await ask()).completion?.text).toBe("ok");
    await expect.poll(() => warnings).toEqual([expect.stringContaining("is damaged")]);
  });

  it("lets no call be sent that a budget of a day would have to allow", async () => {
    const { llm, server } = await damaged({ perDay: { tokens: 10_000 } });
    const asked = llm.complete({ messages, model: "fake/a" }, { signal: never, account: llm.account({ id: "ann" }) });
    expect((await failure(asked)).code).toBe("storage_corrupt");
    expect(server.chats).toHaveLength(0);
  });
});
