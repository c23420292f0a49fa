import { describe, expect, it } from "vitest";
import { parseQuery } from "./query.ts";
import { type Candidate, createCounter, inverseFrequency, score } from "./rank.ts";
import { resembles } from "./spelling.ts";
import { tokenize } from "./tokenize.ts";

/** Scores texts as the only memories of a user. */
function scores(question: string, texts: readonly (string | (Partial<Candidate> & { text: string }))[]): number[] {
  const query = parseQuery(question);
  const count = createCounter(query.terms);
  const memories = texts.map((given) => {
    const { text, ...rest } = typeof given === "string" ? { text: given } : given;
    const terms = tokenize(text).join(" ");
    return { terms, own: count(terms), speaker: [], importance: null, before: [], after: [], ...rest };
  });
  const idf = Float64Array.from(query.terms, (_, index) =>
    inverseFrequency(memories.filter((memory) => memory.own?.[index]).length, memories.length),
  );
  return memories.map((memory) => score(query, idf, memory));
}

describe("score", () => {
  it("is greater for a rare term than for a common one, and none without any", () => {
    const [rare, common, none] = scores("tea garden", ["tea", "garden", "nothing", "garden wall", "garden gate"]);
    expect(rare).toBeGreaterThan(common ?? 0);
    expect(common).toBeGreaterThan(0);
    expect(none).toBe(0);
  });

  it("grows with repetition, but less and less, and with the terms that occur", () => {
    const [once = 0, twice = 0, thrice = 0, both = 0] = scores("tea garden", [
      "tea",
      "tea tea",
      "tea tea tea",
      "tea garden",
    ]);
    expect(twice).toBeGreaterThan(once);
    expect(thrice - twice).toBeLessThan(twice - once);
    expect(both).toBeGreaterThan(thrice);
  });

  it("counts neighbours less than the memory itself, and nearer ones more", () => {
    const own = createCounter(parseQuery("tea").terms)("tea");
    const [itself = 0, next = 0, second = 0, before = 0] = scores("tea", [
      "tea",
      { text: "x", after: [own] },
      { text: "x", after: [undefined, own] },
      { text: "x", before: [own] },
    ]);
    expect(itself).toBeGreaterThan(before);
    expect(before).toBeGreaterThan(next);
    expect(next).toBeGreaterThan(second);
    expect(second).toBeGreaterThan(0);
  });

  it("prefers the speaker that is named, and a time where one is asked for", () => {
    const [ben = 0, ana = 0] = scores("what tea does Ana like", [
      { text: "tea", speaker: ["ben"] },
      { text: "tea", speaker: ["ana"] },
    ]);
    expect(ana).toBeGreaterThan(ben);
    const [plain = 0, dated = 0] = scores("when was the tea served", ["tea", "tea yesterday"]);
    expect(dated).toBeGreaterThan(plain);
    const [same, too] = scores("who served the tea", ["tea", "tea yesterday"]);
    expect(too).toBe(same);
  });
});

describe("resembles", () => {
  it.each([
    ["drawr", "drawer", true],
    ["nian", "nina", true],
    ["melanei", "melani", true],
    ["configuraton", "configuration", true],
    ["cofnigurtoin", "configuration", false],
    ["tea", "tee", false],
    ["lena", "lima", false],
    ["adr016", "adr017", false],
    ["n2024", "n2025", false],
  ])("%s and %s: %s", (word, other, alike) => {
    expect(resembles(word, other)).toBe(alike);
  });
});
