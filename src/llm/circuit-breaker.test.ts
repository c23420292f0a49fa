import { describe, expect, it, onTestFinished, vi } from "vitest";
import { clientOn, failure, messages, modelClient, never, provider } from "../../test/fixtures/model-client.ts";
import { createCircuitBreaker } from "./circuit-breaker.ts";
import { ModelError } from "./model-error.ts";

function clock() {
  const now = performance.now.bind(performance);
  let ahead = 0;
  const spy = vi.spyOn(performance, "now").mockImplementation(() => now() + ahead);
  onTestFinished(() => spy.mockRestore());
  return (ms: number) => {
    ahead += ms;
  };
}

describe("a model that is down", () => {
  const down = new ModelError("unavailable", "It fell over.");

  it("is left alone after some failures in a row, then tried by one request, and longer each time that fails", () => {
    const pass = clock();
    const breaker = createCircuitBreaker({ failures: 2, cooldown: 5 });
    breaker.note("p/a", down);
    expect(() => breaker.check("p/a", true)).not.toThrow();
    breaker.note("p/a", down);
    expect(() => breaker.check("p/a", true)).toThrow(/left alone for 5 s/);
    expect(() => breaker.check("p/b", true)).not.toThrow();
    pass(5100);
    expect(() => breaker.check("p/a", true)).not.toThrow();
    expect(() => breaker.check("p/a", true)).toThrow(/left alone/);
    breaker.note("p/a", down);
    pass(5100);
    expect(() => breaker.check("p/a", true)).toThrow(/left alone for 5 s/);
    pass(5100);
    breaker.check("p/a", true);
    breaker.note("p/a", undefined);
    expect(breaker.isOpen("p/a")).toBe(false);
  });

  it("is tried by another where the caller of the trial went away", () => {
    const pass = clock();
    const breaker = createCircuitBreaker({ failures: 1, cooldown: 5 });
    breaker.note("p/a", down);
    pass(5100);
    breaker.check("p/a", true);
    breaker.release("p/a");
    expect(() => breaker.check("p/a", true)).not.toThrow();
  });

  it("is asked all the same where there is no other, unless it has named a time", async () => {
    const fault = (_request: unknown, call: number) => (call <= 7 ? ({ status: 500, body: "{}" } as const) : undefined);
    const { server, complete } = await clientOn({ a: { fault } });
    for (let call = 0; call < 2; call++) await failure(complete());
    expect(server.chats).toHaveLength(6);
    expect(await complete()).toMatchObject({ text: "ok", attempts: 2 });
  });

  it("is passed over for a fallback model meanwhile", async () => {
    const { server, complete } = await clientOn(
      { a: { fault: { status: 500, body: "{}" } }, b: {} },
      { fallbackModels: ["b"], breaker: { failures: 3, cooldown: 60 } },
    );
    for (let call = 0; call < 4; call++) expect(await complete()).toMatchObject({ model: "fake/b" });
    expect(server.chats.filter(({ body }) => body!.model === "a")).toHaveLength(3);
  });

  it("is not asked by later calls before the time that it named", async () => {
    const { server, complete } = await clientOn({ a: { fault: "rate_limited" }, b: {} }, { fallbackModels: ["b"] });
    await complete();
    expect(await complete()).toMatchObject({ model: "fake/b" });
    expect(server.chats.filter(({ body }) => body!.model === "a")).toHaveLength(1);
    expect((await failure(complete({ fallbackModels: [] }))).retryAfterMs).toBeGreaterThan(100_000);
  });
});

describe("a server that takes less than it was sent", () => {
  it("is asked without stream_options and goes on streaming, from then on", async () => {
    const { server, complete } = await clientOn({ a: { fault: "refuse_stream_options" } });
    expect((await complete()).first_token_ms).toEqual(expect.any(Number));
    await complete();
    expect(server.chats.map(({ body }) => body!.stream)).toEqual([true, true, true]);
  });

  it("is found below /v1 where its URL leaves that out", async () => {
    const server = await provider({ models: { a: {} } });
    const fake = { kind: "openai-compatible" as const, baseUrl: server.url, models: [], concurrency: 4 };
    const llm = modelClient({ providers: { fake } });
    expect((await llm.complete({ messages }, { signal: never })).model).toBe("fake/a");
  });
});
