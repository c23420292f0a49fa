import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FakeModel } from "../../test/fixtures/fake-provider.ts";
import { mixtureOn } from "../../test/fixtures/mixture.ts";

const LONG = Array.from({ length: 120 }, (_, index) => `word${index}`).join(" ");

describe("whatever is slow", () => {
  const ms = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 }), fc.constant(2000));
  const pace = fc.record({ latencyMs: ms, wordMs: fc.constantFrom(0, 0, 1, 5, 40) });

  it("a run answers within its limit, and is degraded where an agent gave no whole answer", async () => {
    const once = async (paces: readonly { latencyMs: number; wordMs: number }[]) => {
      let call = 0;
      const slow = (index: number): FakeModel => ({
        reply: LONG,
        latencyMs: () => paces[call++ % paces.length]!.latencyMs,
        wordMs: paces[index]!.wordMs,
      });
      const models = { a: slow(0), b: { reply: "fine" }, c: slow(1) };
      const { run } = await mixtureOn(models, { callTimeout: 0.12, timeout: 1.2 });
      const startedAt = performance.now();
      const result = await run({ output: "trace" });
      expect(performance.now() - startedAt).toBeLessThan(1600);
      expect(result.answer).not.toBe("");
      const places = Map.groupBy(
        result.trace.filter(({ role }) => role === "agent"),
        ({ layer, agent }) => `${layer} ${agent}`,
      );
      const isWhole = [...places.values()].every((calls) => calls.some(({ status }) => status === "ok"));
      if (!isWhole) expect(result.degraded).toBe(true);
      for (const { status, text } of result.trace)
        if (status === "partial") expect(LONG.startsWith(text!.trim())).toBe(true);
    };
    await fc.assert(fc.asyncProperty(fc.array(pace, { minLength: 7, maxLength: 7 }), once), { numRuns: 36 });
  }, 60_000);
});
