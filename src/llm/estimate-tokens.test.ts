import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTokenEstimator } from "./estimate-tokens.ts";

const english = "The quick brown fox jumps over the lazy dog. ".repeat(40);
const chinese = "敏捷的棕色狐狸跳过了懒狗。".repeat(60);
const digits = "31415,92653;58979 ".repeat(60);

describe("the token estimator", () => {
  it("counts scripts without spaces higher than letters", () => {
    const { estimate } = createTokenEstimator();
    expect(estimate("the quick brown fox jumps over the lazy dog")).toBeGreaterThanOrEqual(9);
    expect(estimate("the quick brown fox jumps over the lazy dog")).toBeLessThanOrEqual(14);
    expect(estimate("敏捷的棕色狐狸")).toBeGreaterThanOrEqual(7);
    expect(estimate("👩‍🚀🎉")).toBeGreaterThanOrEqual(4);
  });

  it("learns from what a model really counted", () => {
    const tokens = createTokenEstimator();
    const before = tokens.estimate(english, "x/a");
    tokens.learn("x/a", english, before * 2);
    expect(tokens.estimate(english, "x/a")).toBeCloseTo(before * 2, -2);
    expect(tokens.estimate(english, "x/b")).toBe(before);
  });

  it("learns each script by itself", () => {
    const tokens = createTokenEstimator();
    const before = tokens.estimate(english, "x/a");
    tokens.learn("x/a", chinese, tokens.estimate(chinese) * 2);
    expect(tokens.estimate(english, "x/a")).toBeCloseTo(before, -2);
    expect(tokens.estimate(chinese, "x/a")).toBeGreaterThan(1.8 * tokens.estimate(chinese));
  });

  it("tells the scripts apart from mixed prompts alone", () => {
    // A tokenizer that takes 0.8 of what is assumed for letters, and 2 times as much for Chinese.
    const tokens = createTokenEstimator();
    const real = (text: string) => {
      const wide = text.replace(/[^\u2e80-\uffff]/g, "");
      const rest = text.replace(/[\u2e80-\uffff]/g, "");
      return Math.round(2 * tokens.estimate(wide) + 0.8 * tokens.estimate(rest));
    };
    for (let i = 0; i < 60; i++) {
      const text = english.slice(0, 300 + ((i * 377) % 1400)) + chinese.slice(0, (i * 211) % 700);
      tokens.learn("x/a", text, real(text));
    }
    for (const text of [english, chinese]) {
      expect(tokens.estimate(text, "x/a") / real(text)).toBeGreaterThan(0.85);
      expect(tokens.estimate(text, "x/a") / real(text)).toBeLessThan(1.15);
    }
  });

  it("is not led astray by odd reports: without the cached part, of a cut prompt, of a short one, zero", () => {
    const tokens = createTokenEstimator();
    for (let i = 0; i < 10; i++) tokens.learn("x/a", english, tokens.estimate(english));
    const before = tokens.estimate(english, "x/a");
    tokens.learn("x/a", english, 12);
    tokens.learn("x/a", english, 0);
    tokens.learn("x/a", english, Number.NaN);
    tokens.learn("x/a", english, before * 50);
    tokens.learn("x/a", "short", 5000);
    expect(tokens.estimate(english, "x/a")).toBe(before);
    // One that could be right moves it by little.
    tokens.learn("x/a", english, before * 3);
    expect(tokens.estimate(english, "x/a")).toBeLessThan(before * 1.15);
  });

  it("stays within bounds, whatever is reported", () => {
    const text = fc.constantFrom(english, chinese, digits, english + chinese + digits);
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.nat(100_000)), { maxLength: 50 }), (reports) => {
        const tokens = createTokenEstimator();
        for (const [prompt, actual] of reports) tokens.learn("x/a", prompt, actual);
        for (const sample of [english, chinese, digits]) {
          const ratio = tokens.estimate(sample, "x/a") / tokens.estimate(sample);
          expect(ratio).toBeGreaterThan(0.29);
          expect(ratio).toBeLessThan(4.1);
        }
      }),
    );
  });
});
