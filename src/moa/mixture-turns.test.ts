import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isFinal, mixtureOn, named } from "../../test/fixtures/mixture.ts";

const hangs = { fault: "hang" } as const;

describe("at a provider with one place", () => {
  it("a model that hangs gives way to the others", async () => {
    const { run } = await mixtureOn(
      { ...named("good"), bad: hangs },
      {
        models: ["bad", "bad", "bad", "good"],
        aggregatorModel: "good",
        numLayers: 1,
        agentsPerLayer: 4,
        callTimeout: 1,
        timeout: 6,
      },
      { concurrency: 1 },
    );
    expect((await run()).answer).toContain("good");
  });

  it("some answer comes within the deadline while any model works", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 99 }), async (broken, seed) => {
        const names = Array.from({ length: broken }, (_, index) => `bad${index}`);
        const { run } = await mixtureOn(
          { ...named("good"), ...Object.fromEntries(names.map((name) => [name, hangs])) },
          {
            models: [...names, "good"],
            aggregatorModel: "bad0",
            numLayers: 1,
            agentsPerLayer: 5,
            callTimeout: 9,
            timeout: 4,
          },
          { concurrency: 1 },
        );
        const startedAt = performance.now();
        expect((await run({ seed })).answer).toContain("good");
        expect(performance.now() - startedAt).toBeLessThan(4500);
      }),
      { numRuns: 3 },
    );
  });
});

it("a model that fails for good is asked in no later layer", async () => {
  const { server, run } = await mixtureOn(
    { ...named("a", "b"), c: { fault: { status: 401, body: "{}" } } },
    { models: ["a", "b", "c"], aggregatorModel: "a", numLayers: 3, agentsPerLayer: 3 },
  );
  const { warnings } = await run();
  expect(server.chats.filter((chat) => chat.body!.model === "c" && !isFinal(chat))).toHaveLength(1);
  expect(warnings.filter((warning) => warning.startsWith('"fake/c" failed'))).toHaveLength(1);
});
