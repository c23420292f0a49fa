import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { people, run } from "../../../../test/fixtures/run-operation.ts";
import { dedupe, limit, sample, top } from "./choose-operations.ts";

describe("limit", () => {
  it("gives so many rows after an offset, whatever the batches", () => {
    const data = Array.from({ length: 20 }, (_, a) => ({ a }));
    fc.assert(
      fc.property(fc.nat(25), fc.nat(25), fc.integer({ min: 1, max: 25 }), (count, offset, size) => {
        const { rows, numbers } = run(limit, { count, offset }, data, size);
        expect(rows).toEqual(data.slice(offset, offset + count));
        expect(numbers).toEqual(rows.map(({ a }) => (a as number) + 1));
      }),
    );
  });
});

describe("dedupe", () => {
  it("gives the first or the last of equal rows where it stands, whatever the batches", () => {
    const row = fc.record({ a: fc.constantFrom(1, "1", null, { x: 1, y: 2 }, { y: 2, x: 1 }), b: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(row), fc.boolean(), fc.integer({ min: 1, max: 10 }), (data, whole, size) => {
        const key = ({ a, b }: { a: unknown; b: number }) =>
          JSON.stringify([typeof a === "object" && a !== null ? "object" : a, whole ? b : 0]);
        const fields = whole ? {} : { fields: "a" };
        const first = data.flatMap((one, index) =>
          data.findIndex((other) => key(other) === key(one)) === index ? [index + 1] : [],
        );
        const last = data.flatMap((one, index) =>
          data.findLastIndex((other) => key(other) === key(one)) === index ? [index + 1] : [],
        );
        expect(run(dedupe, fields, data, size).numbers).toEqual(first);
        expect(run(dedupe, { ...fields, keep: "last" }, data, size).numbers).toEqual(last);
      }),
    );
  });
});

describe("top", () => {
  it.each<[string, object, number[]]>([
    ["the first rows", { count: 2 }, [1, 2]],
    ["the first rows of each group", { count: 2, by: "team" }, [1, 2, 3]],
    ["the largest of each group", { count: 1, by: "team", sort_by: "points" }, [2, 4]],
    ["the smallest of each group", { count: 1, by: "team", sort_by: "points", descending: false }, [1, 2]],
  ])("gives %s", (_, options, numbers) => {
    expect(run(top, options, people, 1).numbers).toEqual(numbers);
  });
});

describe("sample", () => {
  const data = Array.from({ length: 500 }, (_, a) => ({ a }));

  it("gives exactly so many rows in order, the same for the same seed", () => {
    fc.assert(
      fc.property(fc.nat(600), fc.nat(), (count, seed) => {
        const { numbers } = run(sample, { count, seed }, data, 77);
        expect(numbers).toHaveLength(Math.min(count, 500));
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        expect(run(sample, { count, seed }, data, 500).numbers).toEqual(numbers);
      }),
      { numRuns: 30 },
    );
  });

  it("gives each row as often as any other", () => {
    const counts = new Array(20).fill(0);
    for (let seed = 0; seed < 2000; seed++) {
      for (const number of run(sample, { count: 5, seed }, data.slice(0, 20)).numbers) counts[number - 1]++;
    }
    // 500 expected of each, with a standard deviation of about 19.
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(100);
  });

  it("gives a share of the rows", () => {
    const { numbers } = run(sample, { fraction: 0.3 }, data, 10);
    expect(numbers.length).toBeGreaterThan(110);
    expect(numbers.length).toBeLessThan(190);
    expect(run(sample, { fraction: 0.3 }, data).numbers).toEqual(numbers);
    expect(run(sample, { fraction: 0.3, seed: 1 }, data).numbers).not.toEqual(numbers);
    expect(run(sample, { fraction: 1 }, data).numbers).toHaveLength(500);
    expect(run(sample, { fraction: 0 }, data).numbers).toHaveLength(0);
  });
});
