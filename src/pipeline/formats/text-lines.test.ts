import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut } from "../../../test/fixtures/read-text.ts";
import { skipLines } from "./skip-lines.ts";
import { textLines } from "./text-lines.ts";

const texts = fc
  .array(fc.constantFrom("\n", "\r", "\r\n", "a", "bc", "", "😀"), { maxLength: 20 })
  .map((parts) => parts.join(""));
const lengths = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 30 });

describe("lines", () => {
  it("end with \\n, \\r\\n or \\r, wherever the text is cut", () => {
    fc.assert(
      fc.property(texts, lengths, (text, pieces) => {
        const lines = text.split(/\r\n|\n|\r/);
        if (lines.at(-1) === "") lines.pop();
        expect([...textLines(cut(text, pieces), "markdown")]).toEqual(lines);
      }),
      { numRuns: 1000 },
    );
  });

  it("that are skipped leave the text after them as it is", () => {
    fc.assert(
      fc.property(texts, lengths, fc.integer({ min: 0, max: 5 }), (text, pieces, count) => {
        const skipped = new RegExp(`^(?:[^\\r\\n]*(?:\\r\\n|\\n|\\r(?!\\n))){${count}}`).exec(text)?.[0];
        const rest = skipped === undefined ? "" : text.slice(skipped.length);
        expect([...skipLines(cut(text, pieces), count)].join("")).toBe(rest);
      }),
      { numRuns: 1000 },
    );
  });

  it("have a limit", () => {
    expect(() => [...textLines(Array(9).fill("x".repeat(1_000_000)), "markdown")]).toThrow(
      /Line 1 of the markdown input has more than 8388608 characters/,
    );
  });
});
