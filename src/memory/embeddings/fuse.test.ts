import fc from "fast-check";
import { expect, it } from "vitest";
import { fuse, type MeantMemory } from "./fuse.ts";

const hit = (number: number, score: number) => ({ number, score, terms: `t${number}`, reason: { matched: ["tea"] } });
const meant = (number: number, nearness: number, more: Partial<MeantMemory> = {}): MeantMemory => ({
  number,
  nearness,
  terms: `t${number}`,
  before: undefined,
  after: undefined,
  speakerNamed: false,
  ...more,
});
const numbers = (hits: readonly { number: number }[]): number[] => hits.map(({ number }) => number);

it("keeps the order of terms where meaning says nothing", () => {
  expect(numbers(fuse([hit(1, 9), hit(2, 5), hit(3, 1)], []))).toEqual([1, 2, 3]);
});

it("lifts what is near in meaning, says so, and adds what no term has found", () => {
  const fused = fuse([hit(1, 9), hit(2, 8)], [meant(2, 3), meant(3, 2.5), meant(1, -1), meant(4, -0.5)]);
  expect(numbers(fused)).toEqual([2, 1, 3]);
  expect(fused[0]?.reason).toEqual({ matched: ["tea"], boosts: ["meaning"] });
  expect(fused[1]?.reason).toEqual({ matched: ["tea"] });
  expect(fused[2]?.reason).toEqual({ matched: [], boosts: ["meaning"] });
});

it("counts neighbours in the source and the speaker that the query names", () => {
  const order = fuse([], [meant(1, 1), meant(2, 1, { before: 1 }), meant(3, 1, { speakerNamed: true }), meant(4, 0)]);
  expect(numbers(order)).toEqual([3, 2, 1, 4]);
});

it("adds nothing that has nothing to do with the query, and takes the relation for the score where no term has found any", () => {
  const relations = [0, 0.6, 0.05, 0.3];
  const relation = (number: number) => relations[number];
  const memories = [meant(1, 1.4), meant(2, 1.3), meant(3, -1)];
  expect(fuse([], memories, relation)).toMatchObject([
    { number: 1, score: 0.6 },
    { number: 3, score: 0.3 },
  ]);
  expect(numbers(fuse([hit(2, 5)], memories, relation))).toEqual([2, 1, 3]);
});

it("keeps every hit of terms, once, best first", () => {
  const hits = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.float({ min: 0, max: 20, noNaN: true })), {
    selector: ([number]) => number,
  });
  const memories = fc.uniqueArray(
    fc.tuple(fc.integer({ min: 1, max: 30 }), fc.float({ min: -3, max: 3, noNaN: true })),
    {
      selector: ([number]) => number,
    },
  );
  fc.assert(
    fc.property(hits, memories, (found, near) => {
      const sorted = found.map(([number, score]) => hit(number, score)).sort((a, b) => b.score - a.score);
      const fused = fuse(
        sorted,
        near.map(([number, nearness]) => meant(number, nearness)),
      );
      expect(new Set(numbers(fused)).size).toBe(fused.length);
      for (const { number } of sorted) expect(numbers(fused)).toContain(number);
      for (const { score } of fused) expect(Number.isFinite(score)).toBe(true);
      expect(fused.map(({ score }) => score)).toEqual(fused.map(({ score }) => score).sort((a, b) => b - a));
    }),
  );
});
