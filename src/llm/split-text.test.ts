import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTokenEstimator } from "./estimate-tokens.ts";
import { splitText } from "./split-text.ts";

const length = (text: string) => text.length;

describe("splitText", () => {
  it("leaves alone what fits", () => {
    expect(splitText("short", 10, length)).toEqual(["short"]);
  });

  it("cuts before headings, then at paragraphs, then at sentences", () => {
    expect(splitText("# A\ntext\n\n# B\nmore\n", 12, length)).toEqual(["# A\ntext\n\n", "# B\nmore\n"]);
    expect(splitText("One two.\n\nThree four.\n\n", 14, length)).toEqual(["One two.\n\n", "Three four.\n\n"]);
    expect(splitText("One two. Three four. Five.", 13, length)).toEqual(["One two. ", "Three four. ", "Five."]);
    expect(splitText("一二。三四。五六。", 4, length)).toEqual(["一二。", "三四。", "五六。"]);
  });

  it("loses nothing, exceeds nothing and cuts no character in two", () => {
    const unit = fc.constantFrom("a", "b ", "\n", "\n\n", "# ", ". ", "😀", "語", "\t");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 300 }), fc.integer({ min: 2, max: 40 }), (text, budget) => {
        const parts = splitText(text, budget, length);
        expect(parts.join("")).toBe(text);
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(budget);
          expect(part.isWellFormed()).toBe(true);
        }
      }),
    );
  });

  it("splits a megabyte of one character", () => {
    const { estimate } = createTokenEstimator();
    const text = "a".repeat(1_000_000);
    const parts = splitText(text, 4000, (part) => estimate(part));
    expect(parts.join("")).toBe(text);
    expect(Math.max(...parts.map((part) => estimate(part)))).toBeLessThanOrEqual(4000);
  });
});
