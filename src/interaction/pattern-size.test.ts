import fc from "fast-check";
import { RE2JS } from "re2js";
import { expect, it } from "vitest";
import { foldedLetters, patternSize } from "./pattern-size.ts";

const sizeOf = (pattern: string) => RE2JS.compile(RE2JS.translateRegExp(pattern)).programSize();

it.each([
  "",
  "a",
  "\\d{5}",
  "[A-Z]{2}\\d{2}[A-Z0-9]{11,30}",
  "(a{0,30}){0,25}b7",
  "(?:a?){0,640}b",
  "(?:.{0,20}a){0,30}c",
  "[^]]{900}",
  "[[:alpha:]]{900}",
  "\\Q[\\Ea{1000}",
  "\\Qab(\\E{1000}",
  "\\x{41}{1000}",
  "\\p{Greek}{1000}",
  "(?i)straße{3,}",
  "(?P<a>x|y|zz){7,}",
  "(?<a>x|y|zz){0,7}?",
  "😀{500}",
  "a{,5}",
])("says of %j no less than its size", (pattern) => {
  expect(patternSize(pattern)).toBeGreaterThanOrEqual(sizeOf(pattern));
  // Models write such patterns: they are not to be refused for what is reckoned too much.
  expect(patternSize(pattern)).toBeLessThan(sizeOf(pattern) * 2.5 + 20);
});

it("says no less than the size of any pattern", () => {
  const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(
        "a",
        "é",
        ".",
        "\\d",
        "[a-z]",
        "[^]x]",
        "\\pL",
        "\\{",
        "^",
        "$",
        "\\b",
        "\\Q+(\\E",
        "|",
        "(?i)",
        "-",
      ),
      fc.tuple(tie("pattern"), tie("pattern")).map((parts) => parts.join("")),
      fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => `(${a}|${b})`),
      fc
        .tuple(tie("pattern"), fc.constantFrom("*", "+?", "?", "{3}", "{0,9}", "{2,}", "{0}", "{7,8}?"))
        .map(([a, b]) => `(?:${a})${b}`),
    ),
  }));
  fc.assert(
    fc.property(pattern, (text) => {
      let size: number;
      try {
        size = sizeOf(text);
      } catch {
        return;
      }
      expect(patternSize(text)).toBeGreaterThanOrEqual(size * 0.8 - 5);
    }),
    { numRuns: 3000 },
  );
});

/** How often RE2JS looks into its table of cases, which is a Map, while it compiles the pattern. */
function casesLookedUp(pattern: string): number {
  const { has } = Map.prototype;
  let count = 0;
  Map.prototype.has = function (key) {
    count += 1;
    return has.call(this, key);
  };
  try {
    RE2JS.compile(pattern);
  } catch {
    // What was looked up before it was refused counts as well.
  } finally {
    Map.prototype.has = has;
  }
  return count;
}

it("says of no pattern that it looks up fewer cases than it does", () => {
  const letter = fc.constantFrom(
    "a",
    "-",
    "z",
    "я",
    "ſ",
    "😀",
    "\\x41",
    "\\x{1E943}",
    "\\u{10FFFF}",
    "\\077",
    "\\-",
    "\\я",
  );
  const member = fc.oneof(
    letter,
    fc.tuple(letter, letter).map((ends) => ends.join("-")),
    fc.constantFrom("[:^alpha:]", "[:word:]", "\\W", "\\d", "\\pL", "\\P{Lu}", "]", "^", "[", "-"),
  );
  const part = fc.oneof(
    fc.constantFrom("(?i)", "(?\\i)", "(?s-i)", "(?-s:(?mi:", ")", "\\Q[", "\\E", "[]", "[^]", "\\S", "a-я"),
    fc
      .tuple(fc.constantFrom("[", "[^", "[^]", "[]"), fc.array(member, { maxLength: 6 }))
      .map(([a, b]) => `${a}${b.join("")}]`),
  );
  const pattern = fc
    .tuple(fc.constantFrom("(?i)", "(?\\i)", "(?s:", ""), fc.array(part, { maxLength: 6 }))
    .map(([a, b]) => a + b.join(""));
  fc.assert(
    fc.property(pattern, (text) => {
      const translated = RE2JS.translateRegExp(text);
      // A letter has at most four cases. What names a class, and what is no range, is looked up besides.
      const most = 1.1 * foldedLetters(translated) + 10 * translated.length + 100;
      expect(casesLookedUp(translated)).toBeLessThanOrEqual(most);
    }),
    { numRuns: 1_000 },
  );
  // It does count them.
  expect(casesLookedUp("(?i)[a-\\x{1E943}]")).toBeGreaterThan(100_000);
});

it.each([
  ["[a-я]", 0],
  ["(?i)[a-z0-9_]+", 1_024],
  ["(?i)\\w", 512],
  ["(?i)[а-яё]", 0x44f],
  ["(?i)[a-\\x{10FFFF}]", 0x1e943],
])("reckons the cases of %j as %j", (pattern, letters) => {
  expect(foldedLetters(pattern)).toBe(letters);
});

it("is quick for the longest patterns", () => {
  const started = performance.now();
  for (const part of [".{0,1000}", "[", "(", "\\Q", "{1", "a{1000}{1000}", "\\p{"]) {
    patternSize(part.repeat(1000).slice(0, 1000));
    foldedLetters(`(?i)${part.repeat(1000)}`.slice(0, 1000));
  }
  expect(performance.now() - started).toBeLessThan(500);
});
