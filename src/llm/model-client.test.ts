import { describe, expect, it, vi } from "vitest";
import type { Fault } from "../../test/fixtures/fake-faults.ts";
import {
  clientOn,
  configured,
  failure,
  messages,
  modelClient,
  never,
  provider,
} from "../../test/fixtures/model-client.ts";

describe("deadline, retry and fallback", () => {
  it("retries a transient failure and counts the attempts", async () => {
    const { complete } = await clientOn({ a: { fault: (_request, call) => (call < 3 ? "loading" : undefined) } });
    expect(await complete()).toMatchObject({ text: "ok", attempts: 3 });
  });

  it("waits as Retry-After says where that fits", async () => {
    const busy: Fault = { status: 429, body: "{}", headers: { "retry-after-ms": "40", "retry-after": "100" } };
    const { complete } = await clientOn({ a: { fault: (_request, call) => (call === 1 ? busy : undefined) } });
    expect(await complete()).toMatchObject({ text: "ok", attempts: 2 });
  });

  it.each([120, 5])("does not wait for a Retry-After of %d s where another model can be asked", async (seconds) => {
    const busy: Fault = { status: 429, body: "{}", headers: { "retry-after": String(seconds) } };
    const { server, complete } = await clientOn({ a: { fault: busy }, b: {} }, { fallbackModels: ["b"], timeout: 60 });
    expect(await complete()).toMatchObject({ model: "fake/b", attempts: 2, candidate: 1 });
    expect(server.chats).toHaveLength(2);
  });

  it("does not wait for a Retry-After beyond the deadline, but falls back at once", async () => {
    const { complete } = await clientOn({ a: { fault: "rate_limited" }, b: {} }, { fallbackModels: ["b"] });
    const result = await complete();
    expect(result).toMatchObject({ model: "fake/b", attempts: 2, candidate: 1 });
    expect(result.warnings[0]).toContain("fake/a");
  });

  it("says how long to wait where there is no fallback", async () => {
    const { complete } = await clientOn({ a: { fault: "rate_limited" } });
    const error = await failure(complete());
    expect(error).toMatchObject({ code: "rate_limited", retryable: true, retryAfterMs: 120_000 });
  });

  it("does not start the retries anew for a fallback model", async () => {
    const { server, complete } = await clientOn(
      { a: { fault: "error_200" }, b: { fault: "error_200" }, c: { fault: "error_200" } },
      { fallbackModels: ["b", "c"] },
    );
    const error = await failure(complete());
    expect(server.chats.map((chat) => chat.body!.model)).toEqual(["a", "a", "a", "b", "c"]);
    expect(error.details).toMatchObject({ attempts: 5 });
    expect(error.issues?.map((issue) => issue.path)).toEqual(["fake/a", "fake/b", "fake/c"]);
  });

  it.each(["hang", "hang_after_headers", "drip"] as const)(
    "ends a call that does not end (%s) at its deadline",
    async (fault) => {
      const { server, complete } = await clientOn({ a: { fault } });
      const error = await failure(complete({ timeoutMs: 150 }));
      expect(error).toMatchObject({
        code: "deadline_exceeded",
        hint: expect.stringMatching(/llm\.timeout.*max_tokens/),
      });
      expect(server.chats).toHaveLength(1);
      await vi.waitFor(() => expect(server.chats[0]!.abandoned).toBe(true));
    },
  );

  it("counts the retries into the time limit of their model", async () => {
    const fault = (_request: unknown, call: number) => (call === 1 ? ("loading" as const) : ("hang" as const));
    const { server, complete } = await clientOn({ a: { fault } });
    const startedAt = performance.now();
    const error = await failure(complete({ timeoutMs: 900 }));
    expect(error).toMatchObject({ code: "deadline_exceeded", details: { attempts: 2 } });
    expect(performance.now() - startedAt).toBeLessThan(3000);
    await vi.waitFor(() => expect(server.chats.map((chat) => chat.abandoned)).toEqual([false, true]));
  });

  it("gives a fallback model its own time after a hanging one", async () => {
    const { complete } = await clientOn({ a: { fault: "hang" }, b: {} }, { fallbackModels: ["b"] });
    expect(await complete({ timeoutMs: 150 })).toMatchObject({ model: "fake/b" });
  });

  it("closes the upstream socket when the caller cancels, and asks nobody else", async () => {
    const { server, complete } = await clientOn({ a: { fault: "hang" }, b: {} }, { fallbackModels: ["b"] });
    const stop = new AbortController();
    const running = failure(complete({}, stop.signal));
    await vi.waitFor(() => expect(server.chats).toHaveLength(1));
    stop.abort();
    expect((await running).code).toBe("aborted");
    await vi.waitFor(() => expect(server.chats[0]!.abandoned).toBe(true));
    expect(server.chats).toHaveLength(1);
  });

  it("has no more requests under way than each provider allows", async () => {
    const one = await provider({ models: { a: { latencyMs: 30 } } });
    const two = await provider({ models: { b: { latencyMs: 30 } } });
    const llm = modelClient({
      providers: {
        one: configured(one.baseUrl, { concurrency: 2 }),
        two: configured(two.baseUrl, { concurrency: 3 }),
      },
    });
    const models = Array.from({ length: 14 }, (_, index) => (index % 2 === 0 ? "one/a" : "two/b"));
    await Promise.all(models.map((model) => llm.complete({ messages, model }, { signal: never })));
    expect([one.mostUnderWay, two.mostUnderWay]).toEqual([2, 3]);
  });

  it("starts the time limit of a model only when the call has a place", async () => {
    const server = await provider({ models: { a: { latencyMs: 25 } } });
    const llm = modelClient({ providers: { fake: configured(server.baseUrl, { concurrency: 4 }) } });
    const startedAt = performance.now();
    const timeoutMs = 1000;
    const calls = Array.from({ length: 200 }, () => llm.complete({ messages, timeoutMs }, { signal: never }));
    const answers = await Promise.all(calls);
    expect(performance.now() - startedAt).toBeGreaterThan(timeoutMs);
    expect(answers.every(({ text, attempts }) => text === "ok" && attempts === 1)).toBe(true);
    expect([server.chats.length, server.mostUnderWay]).toEqual([200, 4]);
    expect(server.requests.length - server.chats.length).toBe(1);
  });

  it("gives a place up as soon as its caller cancels", async () => {
    const server = await provider({ models: { a: { fault: (_request, call) => (call === 1 ? "hang" : undefined) } } });
    const llm = modelClient({ providers: { fake: configured(server.baseUrl, { concurrency: 1 }) } });
    const stop = new AbortController();
    const first = failure(llm.complete({ messages }, { signal: stop.signal }));
    await vi.waitFor(() => expect(server.chats).toHaveLength(1));
    const second = llm.complete({ messages }, { signal: never });
    const impatient = new AbortController();
    const third = failure(llm.complete({ messages }, { signal: impatient.signal }));
    impatient.abort();
    expect((await third).code).toBe("aborted");
    stop.abort();
    expect((await first).code).toBe("aborted");
    expect((await second).text).toBe("ok");
    expect(server.chats).toHaveLength(2);
  });
});
