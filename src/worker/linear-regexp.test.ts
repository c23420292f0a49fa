import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LinearRegExp } from "./linear-regexp.ts";

describe("a linear pattern", () => {
  it("finds what RegExp finds, match after match", () => {
    const piece = fc.constantFrom(
      "a",
      "b",
      ".",
      "\\d",
      "\\w",
      "[ab]",
      "(a|b)",
      "(?:ab)",
      "(a)?",
      "^",
      "$",
      "é",
      "\\s",
      "a*?",
      "b+",
    );
    const pattern = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(""));
    const text = fc.array(fc.constantFrom("a", "b", "1", "é", "\n", " ", "A", "😀"), { maxLength: 12 });
    fc.assert(
      fc.property(pattern, fc.constantFrom("g", "gi", "gm", "gim"), text, (source, flags, parts) => {
        // RE2 has whole characters, as RegExp with the flag u.
        const native = new RegExp(source, `${flags}u`);
        const linear = new LinearRegExp(new RegExp(source, flags));
        for (let turn = 0; turn < 5; turn++) {
          const expected = native.exec(parts.join(""));
          const found = linear.exec(parts.join(""));
          expect(found && [...found, found.index]).toEqual(expected && [...expected, expected.index]);
          expect(linear.lastIndex).toBe(native.lastIndex);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("is matched in linear time", () => {
    expect(new LinearRegExp(/(a+)+$/g).exec(`${"a".repeat(100_000)}!`)).toBeNull();
  });

  it.each([/(?=a)b/g, /(a)\1/g, /(?<!a)b/g])("that RE2 does not have is refused: %s", (regex) => {
    expect(() => new LinearRegExp(regex)).toThrow(/is not understood: .*; patterns are RE2/);
  });
});
