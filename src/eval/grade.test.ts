import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grade } from "./grade.ts";

const isRight = (text: string, expected: string) => grade(text, [expected]).right;

describe("an exact grade", () => {
  it.each([
    // texts
    ["Paris", "Paris", true],
    ["The capital of France is Paris.", "Paris", true],
    ["Let me think.\n\n**Answer:** the Eiffel Tower", "Eiffel tower", true],
    ["Answer: Paris\nI hope this helps!", "paris", true],
    ["**Final answer:**\nParis (France)", "Paris", true],
    ["It is not Paris", "Paris", false],
    ["It is Paris or Lyon", "Paris", false],
    ["Parisian", "Paris", false],
    ["Answer: Lyon. Many say Paris", "Paris", false],
    ["", "Paris", false],
    ["“Straße”", "straße", true],
    // choices
    ["B", "B", true],
    ["(b)", "B", true],
    ["Answer: B) Paris", "B", true],
    ["The correct answer is B.", "B", true],
    ["Answer: option C", "C", true],
    ["Answer: A dog", "A", false],
    ["I think it is option B, not C.\nAnswer: D", "B", false],
    // numbers
    ["42", "42", true],
    ["Answer: 1,234.50", "1234.5", true],
    ["Answer: 1 234 567 people", "1234567", true],
    ["2 + 2 = 4", "4", true],
    ["Of the 12 apples, 5 are left, so she has 7.", "7", true],
    ["Of the 12 apples, 5 are left.", "12", false],
    ["Answer: 7 of 12", "7", true],
    ["\\[ \\boxed{\\$1,000} \\]", "1000", true],
    ["So $x = -3$", "-3", true],
    ["Answer: −3", "-3", true],
    ["Answer: 1/2", "0.5", true],
    ["Answer: 6.02e23", "6.02e23", true],
    ["Answer: 421", "42", false],
    ["Answer: 4.2", "42", false],
    ["CO2", "2", false],
    ["Answer: none", "0", false],
    // units
    ["Answer: 5 km", "5 kilometers", true],
    ["Answer: 5", "5 km", true],
    ["Answer: 5 km", "5", true],
    ["Answer: 5 miles", "5 km", false],
    ["Answer: 3 pears", "3 apples", false],
    ["Answer: 50 percent", "50%", true],
    ["Answer: $20", "20 USD", true],
    ["It costs 20 dollars in all.", "$20", true],
  ])("of %j where %j is expected: %j", (text, expected, right) => {
    expect(isRight(text, expected)).toBe(right);
  });

  it("takes any of several expected answers, and shows what it took for the answer", () => {
    expect(grade("The answer is **USA**.", ["United States", "USA"])).toEqual({ right: true, extracted: "USA." });
  });

  it("finds every number again however its thousands are separated", () => {
    const separators = fc.constantFrom(",", "'", "_", " ", "");
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), separators, fc.boolean(), (value, separator, labelled) => {
        const written = `${value}`.replace(/\B(?=(\d{3})+$)/g, separator);
        expect(isRight(labelled ? `Answer: ${written}` : `So it is ${written}.`, `${value}`)).toBe(true);
        expect(isRight(`Answer: ${written}`, `${value + 1}`)).toBe(false);
      }),
    );
  });

  it("never fails, and ends soon, on any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (text, expected) => void isRight(text, expected)),
    );
    for (const text of [
      "1 ".repeat(50_000),
      "(".repeat(100_000),
      "=".repeat(100_000),
      "1,111".repeat(20_000),
      "\\boxed{".repeat(20_000),
      "*".repeat(100_000),
    ])
      grade(text, ["42", "Paris", "B"]);
  });
});
