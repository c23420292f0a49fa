import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Agent } from "./choose-models.ts";
import { drawAgents } from "./draw-agents.ts";
import { createHedgeBudget } from "./hedge.ts";
import { seededRandom } from "./random.ts";

const agent = (model: string, weight = 1): Agent => ({ model, role: {}, weight, fallbacks: [] });
const draw = (agents: Agent[], count: number, seed: number) =>
  drawAgents("mixed", agents, { count, layer: 1, seed, random: seededRandom(seed) });

describe("agents that are drawn", () => {
  it("are different entries, the others stepping in, whatever the seed", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 1, max: 16 }),
        fc.integer(),
        (size, count, seed) => {
          const agents = Array.from({ length: size }, (_, index) => agent(`${index}`, index + 1));
          const { sample, rest } = draw(agents, count, seed);
          expect(sample).toHaveLength(Math.min(size, count));
          expect(new Set([...sample, ...rest].map(({ model }) => model)).size).toBe(size);
        },
      ),
    );
  });

  it("are drawn as often as their weights say", () => {
    const firsts = Array.from(
      { length: 3000 },
      (_, seed) => draw([agent("a", 3), agent("b")], 1, seed).sample[0]!.model,
    );
    const share = firsts.filter((model) => model === "a").length / firsts.length;
    expect(share).toBeGreaterThan(0.71);
    expect(share).toBeLessThan(0.79);
  });
});

describe("second calls", () => {
  it("are at most an eighth of all calls over time", () => {
    const budget = createHedgeBudget();
    let made = 0;
    for (let call = 0; call < 1000; call++) {
      budget.earn();
      if (budget.spend()) made += 1;
    }
    expect(made).toBeGreaterThan(110);
    expect(made).toBeLessThanOrEqual(121);
  });
});
