import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyOf, keyOfRow, keyOfValue } from "./row-key.ts";
import { newRow } from "./rows.ts";

const long = "x".repeat(10_000);

describe("the key of a row", () => {
  it("is equal exactly where the values are, whatever the order of keys inside", () => {
    const values = fc.array(fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom("s1:a", "z", "", 1, "1", null)), {
      minLength: 2,
      maxLength: 2,
    });
    fc.assert(
      fc.property(values, values, (one, other) => {
        const key = ([a, b]: unknown[]) => keyOf(newRow({ a, b }), ["a", "b"]);
        const plain = (value: unknown) => JSON.stringify(value, sortKeys);
        expect(key(one) === key(other)).toBe(plain(one) === plain(other));
        expect(key(JSON.parse(JSON.stringify(one)))).toBe(key(one));
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[unknown, unknown]>([
    [
      ["s1:a", ""],
      ["s1", "a"],
    ],
    [
      ["a", "b"],
      ["ab", ""],
    ],
    [
      [1, "1"],
      ["1", 1],
    ],
    [
      [12, 3],
      [1, 23],
    ],
    [
      [["a"], "b"],
      [["a", "b"], ""],
    ],
    [
      [true, null],
      [null, true],
    ],
  ])("tells %j from %j", (one, other) => {
    const key = (values: unknown) => keyOf(newRow(Object.fromEntries(Object.entries(values as object))), ["0", "1"]);
    expect(key(one)).not.toBe(key(other));
  });

  it("has null and missing as the same, but not in a row as a whole", () => {
    expect(keyOf(newRow({ a: null }), ["a"])).toBe(keyOf(newRow(), ["a"]));
    expect(keyOfRow(newRow({ a: null }))).not.toBe(keyOfRow(newRow()));
    expect(keyOfRow(newRow({ a: 1, b: 2 }))).toBe(keyOfRow(newRow({ b: 2, a: 1 })));
    expect(keyOfRow(newRow({ a: "b" }))).not.toBe(keyOfRow(newRow({ b: "a" })));
  });

  it("is short for long values, and differs where these do", () => {
    expect(keyOfValue(long).length).toBeLessThan(100);
    expect(keyOfValue(long)).toBe(keyOfValue(long));
    expect(keyOfValue(long)).not.toBe(keyOfValue(`${long}y`));
    expect(keyOfValue(`${long}\ud800`)).not.toBe(keyOfValue(`${long}\ud801`));
    expect(keyOfValue({ b: long, c: 1 })).toBe(keyOfValue({ c: 1, b: long }));
  });
});

function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
