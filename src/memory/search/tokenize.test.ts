import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tokenize } from "./tokenize.ts";

describe("tokenize", () => {
  it.each([
    ["The keys were in the drawers", ["kei", "drawer"]],
    ["Children went swimming", ["child", "go", "swim"]],
    ["Straße, ÉCOLE, naïve, Ørsted, İzmir, Łódź", ["strass", "ecol", "naiv", "orst", "izmir", "lodz"]],
    ["STRASSE strasse", ["strass", "strass"]],
    ["ﬁne ① ｆｕｌｌ", ["fine", "1", "full"]],
    ["Σίσυφος", ["σισυφοσ"]],
    // Minutes, were all these marks sorted.
    [`he\u0301${"\u0301\u0315".repeat(1_000_000)}llo`, ["hello"]],
    ["Ana's don’t we'll l'eau O'Hara", ["ana", "eau", "o", "hara", "ohara"]],
    ["getUserById", ["user", "id", "getuserbyid"]],
    ["get_user_by_id", ["user", "id", "getuserbyid"]],
    ["HTTPServer ADR-016", ["http", "server", "httpserver", "adr", "016", "adr016"]],
    ["19.90 1990 10:30", ["19", "90", "19_90", "1990", "10", "30", "10_30"]],
    ["C++, C# and C", ["cplusplus", "csharp", "c"]],
    ["我的猫 東京タワー", ["我的", "的猫", "猫", "東京", "京タ", "タワ", "ワー", "ー"]],
    ["한국어를", ["한국", "국어", "어를", "를"]],
    ["東京2024", ["東京", "京", "2024"]],
    ["हिन्दी में", ["हिन्दी", "में"]],
    ["🎉 ❤️ 🇩🇪", ["🎉", "❤", "🇩🇪"]],
    ["IT for us in the US, Will and May", ["it", "us", "will", "mai"]],
    ["what is it", []],
    ["!?… -- ''", []],
  ])("%j", (text, terms) => {
    expect(tokenize(text)).toEqual(terms);
  });

  it("leaves the last character of an unspaced run to memories, unless a query has nothing else", () => {
    expect(tokenize("我的猫", "query")).toEqual(["我的", "的猫"]);
    expect(tokenize("猫", "query")).toEqual(["猫"]);
  });

  it("gives terms of letters, digits, _ and what is beyond ASCII only, none longer than 64, for any text", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "grapheme", maxLength: 200 }),
      fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
      fc.string({
        unit: fc.constantFrom("a", "B", "9", "-", "_", ".", "'", "’", "+", "#", "é", "ß", "猫", "ー", "🎉", "\u0301"),
        maxLength: 120,
      }),
    );
    fc.assert(
      fc.property(text, fc.constantFrom("memory" as const, "query" as const), (given, side) => {
        for (const term of tokenize(given, side)) {
          expect(term).toMatch(/^[a-z0-9_\u0080-\uffff]{1,64}$/);
          expect(term.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("finds the same terms in a text however it is written", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (given) => {
        const terms = tokenize(given.normalize("NFC"));
        expect(tokenize(given.normalize("NFD"))).toEqual(terms);
        expect(tokenize(` ${given.normalize("NFC")} `)).toEqual(terms);
      }),
    );
  });

  it.each([
    ["letters", "x".repeat(1_000_000)],
    ["joined words", "a-b_c.".repeat(160_000)],
    ["capitals", "aB".repeat(500_000)],
    ["apostrophes", "a'".repeat(500_000)],
    ["marks", "e\u0301\u0301".repeat(300_000)],
    ["unspaced script", "猫".repeat(500_000)],
    ["suffixes", "ational".repeat(140_000)],
  ])("takes a megabyte of %s", (_, text) => {
    expect(tokenize(text).length).toBeGreaterThan(0);
  });
});
