import { describe, expect, it } from "vitest";
import { agreeing, likeness } from "./agreement.ts";

const words = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `word${from + index}`).join(" ");

describe("answers", () => {
  it.each([
    ["Paris", "**paris**.", 1],
    ["Yes!", "yes", 1],
    ["-3", "3", 0],
    ["1.5", "15", 0],
    ["A", "B", 0],
    ["Paris", words(0, 100), 0],
  ])("%j and %j are alike by %d", (one, other, expected) => {
    expect(likeness(one, other)).toBe(expected);
  });

  it("that are long are alike by what they share", () => {
    expect(likeness(words(0, 100), words(5, 105))).toBeGreaterThan(0.8);
    expect(likeness(words(0, 100), words(90, 190))).toBeLessThan(0.1);
  });

  it("agree where a quorum of them does, and at least two", () => {
    expect(agreeing(["4", "4.", "5"], 2)).toEqual({ places: [0, 1], isShort: true });
    expect(agreeing(["4", "4", "5"], 3)).toBeUndefined();
    expect(agreeing(["4"], 1)).toBeUndefined();
    expect(agreeing([words(0, 100), "5", words(2, 102)], 2)).toEqual({ places: [0, 2], isShort: false });
  });
});
