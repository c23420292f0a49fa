import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../../test/fixtures/cleanup.ts";
import { createWorkspace } from "../../spool/workspace.ts";
import { createTextStore } from "./text-store.ts";

const workspace = (maxBytes = 1_000_000) => {
  const folder = join(temporaryFolder(), "work");
  return { folder, ...createWorkspace(folder, maxBytes) };
};

describe("a store of texts", () => {
  it("gives every text back in any order, also while more are added", () => {
    const texts = fc.array(fc.string({ unit: "grapheme", maxLength: 40 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(texts, fc.array(fc.nat()), fc.nat({ max: 200 }), (added, asked, inMemory) => {
        const place = workspace();
        const store = createTextStore(place, inMemory);
        for (const [index, text] of added.entries()) {
          expect(store.add(text)).toBe(index);
          const some = (asked[index] ?? 0) % (index + 1);
          expect(store.get(some)).toBe(added[some]);
        }
        expect(added.map((_, index) => store.get(index))).toEqual(added);
        expect(store.count).toBe(added.length);
        store.close();
        place.close();
      }),
      { numRuns: 50 },
    );
  });

  it("gives texts that are longer than what is read at once", () => {
    const place = workspace(10_000_000);
    const store = createTextStore(place, 10);
    const texts = ["a".repeat(600_000), "ä", "€".repeat(400_000), "b"];
    for (const text of texts) store.add(text);
    expect([3, 0, 2, 1].map((index) => store.get(index) === texts[index])).toEqual([true, true, true, true]);
    store.close();
    place.close();
  });

  it("leaves no file behind, and says when the run has no more disk", () => {
    const place = workspace(1000);
    const store = createTextStore(place, 0);
    store.add("x".repeat(900));
    expect(store.get(0)).toHaveLength(900);
    expect(readdirSync(place.folder)).toHaveLength(1);
    store.add("y".repeat(900));
    expect(() => store.get(1)).toThrow(expect.objectContaining({ code: "too_large" }));
    store.close();
    expect(readdirSync(place.folder)).toHaveLength(0);
  });
});
