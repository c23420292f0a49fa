import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseQuery } from "./query.ts";
import { type Candidate, createCounter, EVERY_PART, inverseFrequency, type SearchParts, score } from "./rank.ts";
import { resembles } from "./spelling.ts";
import { tokenize } from "./tokenize.ts";

/** Scores texts as the only memories of a user. */
function scores(
  question: string,
  texts: readonly (string | (Partial<Candidate> & { text: string }))[],
  parts: SearchParts = EVERY_PART,
): number[] {
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
  return memories.map((memory) => score(query, idf, memory, parts));
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

describe("each part of the ranking", () => {
  const tea = createCounter(parseQuery("tea").terms)("tea");
  it.each([
    ["neighbours", "tea", { text: "x", before: [tea] }, { text: "x" }],
    ["speaker", "Ana tea", { text: "tea", speaker: ["ana"] }, { text: "tea", speaker: ["ben"] }],
    ["time", "when tea", { text: "tea yesterday" }, { text: "tea" }],
    ["time", "tea in May 2025", { text: "tea", time: Date.UTC(2025, 4, 7) }, { text: "tea", time: 0 }],
    ["importance", "tea", { text: "tea", importance: 1 }, { text: "tea" }],
  ] as const)("raises a memory, unless it is switched off: %s", (part, question, raised, other) => {
    const [high = 0, low = 0] = scores(question, [raised, other]);
    expect(high).toBeGreaterThan(low);
    const [same, too] = scores(question, [raised, other], { ...EVERY_PART, [part]: false });
    expect(same).toBe(too);
  });

  it("lowers what has few of the terms: coverage", () => {
    const texts = ["tea", "garden", "tea garden"];
    const [few = 0, , all = 0] = scores("tea garden", texts);
    const [fewWithout = 0, , allWithout = 0] = scores("tea garden", texts, { ...EVERY_PART, coverage: false });
    expect(all / few).toBeGreaterThan(allWithout / fewWithout);
  });

  it("takes an absent importance for the middle, and a question for less of an answer", () => {
    const [absent, middle, question = 0] = scores("tea", [
      "tea",
      { text: "tea", importance: 0.5 },
      { text: "tea", asks: true },
    ]);
    expect(absent).toBe(middle);
    expect(question).toBeLessThan(absent ?? 0);
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

it("counts a form wherever it is a whole term, and a beginning wherever a term begins with it", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "é"), minLength: 1, maxLength: 3 });
  const form = fc.record({ text: word, prefix: fc.boolean(), weight: fc.constantFrom(1, 0.5) });
  const forms = fc.uniqueArray(form, {
    minLength: 1,
    maxLength: 3,
    selector: ({ text, prefix }) => `${text} ${prefix}`,
  });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.array(forms, { minLength: 1, maxLength: 3 }), (terms, asked) => {
      const expected = asked.map((some) =>
        terms.reduce((sum, term) => {
          const exact = some.find(({ text, prefix }) => !prefix && text === term);
          if (exact) return sum + exact.weight;
          return some.reduce(
            (all, { text, prefix, weight }) => all + (prefix && term.startsWith(text) ? weight : 0),
            sum,
          );
        }, 0),
      );
      const query = asked.map((some) => ({ text: "", span: { start: 0, end: 0 }, forms: some }));
      const counts = createCounter(query)(terms.join(" "));
      expect(counts ? [...counts] : asked.map(() => 0)).toEqual(expected);
    }),
  );
});
