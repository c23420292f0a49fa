import { describe, expect, it } from "vitest";
import { clientOn, failure as failed } from "../../test/fixtures/model-client.ts";
import { type FailureKind, ModelError } from "./model-error.ts";
import { nextStep, type Situation } from "./next-step.ts";

const step = (kind: FailureKind, more: Partial<Situation> & { retryAfterMs?: number } = {}) => {
  const { retryAfterMs, ...situation } = more;
  return nextStep({
    failure: new ModelError(kind, "It failed.", { retryAfterMs }),
    retries: 0,
    loadingWaits: 0,
    elapsedMs: 100,
    remainingMs: 60_000,
    hasFallback: false,
    random: 0.5,
    ...situation,
  });
};
const giveUp = { step: "give_up" };

describe("after a failed request", () => {
  it.each<[FailureKind, object]>([
    ["unavailable", { step: "retry", waitMs: 250 }],
    ["unreachable", { step: "retry", waitMs: 250 }],
    ["invalid", { step: "retry", waitMs: 250 }],
    ["rate_limited", { step: "retry", waitMs: 250 }],
    ["loading", { step: "retry", waitMs: 300, isLoading: true }],
    ["timeout", giveUp],
    ["auth", giveUp],
    ["quota", giveUp],
    ["overflow", giveUp],
    ["no_answer", giveUp],
    ["rejected", giveUp],
    ["unknown_model", giveUp],
  ])("%s: %j", (kind, expected) => expect(step(kind)).toEqual(expected));

  it("waits longer the second time, and gives up after that, whichever models were asked", () => {
    expect(step("unavailable", { retries: 1 })).toEqual({ step: "retry", waitMs: 500 });
    expect(step("unavailable", { retries: 2 })).toEqual(giveUp);
  });

  it("waits as the provider says where it leaves half of the time, and never for less", () => {
    expect(step("rate_limited", { retryAfterMs: 20_000 })).toEqual({ step: "retry", waitMs: 20_000 });
    expect(step("rate_limited", { retryAfterMs: 120_000 })).toEqual(giveUp);
    expect(step("unavailable", { retryAfterMs: 0 })).toEqual({ step: "retry", waitMs: 0 });
  });

  it("waits two seconds at most where another model can answer", () => {
    expect(step("rate_limited", { retryAfterMs: 1900, hasFallback: true })).toEqual({ step: "retry", waitMs: 1900 });
    expect(step("rate_limited", { retryAfterMs: 2100, hasFallback: true })).toEqual(giveUp);
  });

  it("waits for a model to load for eight seconds, or for two where another can answer", () => {
    expect(step("loading", { retries: 2, loadingWaits: 5, elapsedMs: 5900 })).toMatchObject({ waitMs: 2000 });
    expect(step("loading", { loadingWaits: 6, elapsedMs: 6100 })).toEqual(giveUp);
    expect(step("loading", { loadingWaits: 1, elapsedMs: 300, hasFallback: true })).toMatchObject({ waitMs: 600 });
    expect(step("loading", { loadingWaits: 2, elapsedMs: 100, hasFallback: true })).toEqual(giveUp);
  });
});

describe("a model that is being loaded", () => {
  it("is waited for, which counts as no retry", async () => {
    const fault = (_request: unknown, call: number) => (call <= 4 ? ("loading" as const) : undefined);
    const { complete } = await clientOn({ a: { fault } });
    expect(await complete()).toMatchObject({ text: "ok", attempts: 5 });
  }, 15_000);

  it("is told of where it does not come in time", async () => {
    const { complete } = await clientOn({ a: { fault: "loading" } });
    expect(await failed(complete({ timeoutMs: 1000 }))).toMatchObject({
      code: "upstream_error",
      retryable: true,
      hint: "The model is being loaded; try again in some seconds.",
    });
  });
});
