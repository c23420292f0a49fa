import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom, shuffled } from "./random.ts";

describe("a seeded order", () => {
  it("is the same for the same seed, and another for most others", () => {
    const order = (seed: number) => shuffled(["a", "b", "c", "d", "e"], seededRandom(seed)).join("");
    expect(order(7)).toBe(order(7));
    expect(new Set(Array.from({ length: 50 }, (_, seed) => order(seed))).size).toBeGreaterThan(20);
  });

  it("keeps every item, whatever the seed", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const result = shuffled(items, seededRandom(seed));
        expect(result.toSorted()).toEqual(items.toSorted());
      }),
    );
  });

  it("puts every item first about as often as the others", () => {
    const first = new Map<string, number>();
    for (let seed = 0; seed < 3000; seed++) {
      const item = shuffled(["a", "b", "c"], seededRandom(seed))[0]!;
      first.set(item, (first.get(item) ?? 0) + 1);
    }
    for (const count of first.values()) expect(count).toBeGreaterThan(850);
  });
});
