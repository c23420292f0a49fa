import { expect, it } from "vitest";
import { keyOf, sizeOf, sorted } from "./row-key.ts";
import { newRow } from "./rows.ts";

const long = "x".repeat(10_000);

it("keeps long keys as hashes that differ where the values do", () => {
  const key = (value: unknown) => keyOf(newRow({ a: value }), ["a"], { used: 0 });
  expect(key(long).length).toBeLessThan(100);
  expect(key(long)).toBe(key(long));
  expect(key(long)).not.toBe(key(`${long}y`));
  expect(key({ b: long, c: 1 })).toBe(key({ c: 1, b: long }));
  expect(key("short")).toContain("short");
});

it("counts long keys against the budget of the run, before they are made", () => {
  const budget = { used: 0 };
  keyOf(newRow({ a: "short" }), ["a"], budget);
  expect(budget.used).toBe(0);
  keyOf(newRow({ a: long }), ["a"], budget);
  expect(budget.used).toBeGreaterThan(1000);
  budget.used = 64_000_000;
  expect(() => keyOf(newRow({ a: long }), ["a"], budget)).toThrow("too large to compare");
});

it("measures a value without writing it", () => {
  const value = { a: [1, "two", null, { b: true }] };
  expect(sizeOf(value)).toBeGreaterThan(10);
  expect(sizeOf([long, long])).toBeGreaterThan(20_000);
  expect(sorted({ b: 1, a: 2 })).toEqual(sorted({ a: 2, b: 1 }));
});
