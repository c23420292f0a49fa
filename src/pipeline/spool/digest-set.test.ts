import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createDigestSet } from "./digest-set.ts";

describe("a set of digests", () => {
  it("tells new keys from known ones like a set of the keys, and numbers them in order", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", maxLength: 3 }), { maxLength: 500 }), (keys) => {
        const set = createDigestSet();
        const model = new Map<string, number>();
        for (const key of keys) {
          const place = model.get(key) ?? model.size;
          expect(set.add(key)).toBe(!model.has(key));
          model.set(key, place);
          expect(set.placeOf(key)).toBe(place);
          expect(set.size).toBe(model.size);
        }
      }),
    );
  });

  it("knows each of 300,000 keys", () => {
    const set = createDigestSet();
    for (let index = 0; index < 300_000; index++)
      if (set.placeOf(`key ${index}`) !== index) throw new Error(`${index}`);
    for (let index = 0; index < 300_000; index++)
      if (set.placeOf(`key ${index}`) !== index) throw new Error(`${index}`);
    expect(set.size).toBe(300_000);
  });

  it.each([
    ["\ud800", "\ud801"],
    ["\ud800", "\ufffd"],
    ["", "\0"],
  ])("tells %j from %j", (one, other) => {
    const set = createDigestSet();
    expect([one, other, one].map((key) => set.add(key))).toEqual([true, true, false]);
  });

  it("that is full takes known keys only", () => {
    const set = createDigestSet(2);
    set.add("a");
    set.add("b");
    expect(set.add("a")).toBe(false);
    expect(() => set.add("c")).toThrow(expect.objectContaining({ code: "too_large" }));
  });
});
