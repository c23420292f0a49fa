import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { simplePattern } from "./simple-pattern.ts";

describe("simple patterns", () => {
  it.each([
    "^[A-Z]{2}\\d{4}$",
    "^\\d+$",
    "abc",
    "^[A-Za-z_][0-9]{3}",
    "^\\+49",
    "^a{2,5}$",
    "\\d{5}",
    "^[+-]?$",
    "",
    "^[^a]$",
    "\\w",
    "^[^@]+@[\\w.-]+$",
  ])("take %s", (pattern) => {
    expect(simplePattern(pattern)?.maxLength).toBe(Number.POSITIVE_INFINITY);
  });

  it.each(["^[^@ ]+@[^@ ]+[.][^@ ]+$", "[a-z]+@", "^a*a*b", "a*b"])("take %s for short texts", (pattern) => {
    expect(simplePattern(pattern)?.maxLength).toBe(64);
  });

  it.each([
    "(a+)+$",
    "a*a*b",
    "^a*a*a*b",
    "^[^a]*[^b]*[^c]*$",
    "a|b",
    ".*",
    "\\s",
    "[a-\\d]",
    "[a-c-e]",
    "[]a]",
    "é",
    "^a**",
    "^a+?",
    "\\b",
    "^[[:alpha:]]$",
    "a{1000,}",
    "^^",
    "$a",
    "\\1",
  ])("leave %s to the other engine", (pattern) => {
    expect(simplePattern(pattern)).toBeUndefined();
  });

  const atom = fc.constantFrom(
    "a",
    "B",
    "7",
    "-",
    " ",
    "\\.",
    "\\d",
    "\\$",
    "[a-c]",
    "[A-Z0-9]",
    "[+-]",
    "[^a]",
    "[^-+]",
    "[^\\d.]",
    "\\w",
    "[\\w.-]",
    "[\\d.]",
    "[a-]",
    "[.+*?()|$]",
    "\\[",
  );
  const repeat = fc.constantFrom("", "", "", "{2}", "{0}", "?", "*", "+", "{1,2}", "{2,}", "{0,1}");
  const pattern = fc
    .record({
      start: fc.constantFrom("^", ""),
      parts: fc.array(fc.tuple(atom, repeat), { maxLength: 5 }),
      end: fc.constantFrom("$", ""),
    })
    .map(({ start, parts, end }) => start + parts.flat().join("") + end);
  const text = fc.string({
    unit: fc.constantFrom(
      "a",
      "b",
      "B",
      "Z",
      "7",
      "1",
      "-",
      "+",
      " ",
      ".",
      "$",
      "[",
      "é",
      "😀",
      "\n",
      "\ud83d",
      "\ude00",
    ),
    maxLength: 8,
  });

  it("give what RE2 gives", () => {
    let taken = 0;
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 5 }), (source, texts) => {
        const simple = simplePattern(source);
        if (!simple) return;
        taken++;
        const other = RE2JS.compile(RE2JS.translateRegExp(source));
        for (const one of texts) expect([source, one, simple.test(one)]).toEqual([source, one, other.test(one)]);
      }),
      { numRuns: 4000 },
    );
    expect(taken).toBeGreaterThan(300);
  });
});
