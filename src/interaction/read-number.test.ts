import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { howToWrite, readNumber } from "./read-number.ts";

describe("a number as people write it", () => {
  it.each([
    ["1,75", 1.75],
    ["-0,5", -0.5],
    [",5", 0.5],
    ["0,123", 0.123],
    ["1234,567", 1234.567],
    ["1,2345", 1.2345],
    ["12,0", 12],
    ["٣٥", 35],
    ["۱۲٫۵", 12.5],
    ["४२", 42],
    ["১২", 12],
    ["３．５", 3.5],
    ["𝟙𝟚", 12],
    ["−4", -4],
    ["1e3", 1000],
    ["0.125", 0.125],
    ["1.2340", 1.234],
    ["1234.567", 1234.567],
    ["1.25", 1.25],
    ["1.234e3", 1234],
  ])("%s is %d", (text, value) => {
    expect(readNumber(text)).toBe(value);
  });

  it.each([
    "1.000",
    "-12.345",
    "٣.٥٠٠",
    "1.000.000",
    "1,234",
    "-12,345",
    "٣,٥٠٠",
    "1,2,3",
    "1.234,5",
    "1,234.5",
    "1 000",
    "5²",
    "½",
    "0x10",
    "12 kg",
    "1,5e3",
    "",
  ])("%s says none, or not clearly which", (text) => {
    expect(readNumber(text)).toBeUndefined();
  });

  it("is the same in every script that has decimal digits", () => {
    const nought = (code: number) => /^\p{Nd}$/u.test(String.fromCodePoint(code));
    const scripts: number[] = [];
    for (let code = 0; code <= 0x1ffff; code += 1) if (nought(code)) scripts.push(code);
    const starts = scripts.filter((_, index) => index % 10 === 0);
    expect(starts.length).toBeGreaterThan(60);
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.nat(), (start, value) => {
        const text = [...String(value)].map((digit) => String.fromCodePoint(start + Number(digit))).join("");
        expect(readNumber(text)).toBe(value);
      }),
    );
  });
});

it("says how to write what has digits, and nothing of what has none", () => {
  expect(howToWrite("1.234,5", false)).toBe(" with a point and no other marks, such as 1234.5");
  expect(howToWrite("1,234", true)).toBe(" in digits alone, such as 1234");
  expect(howToWrite("1.000", true)).toBe(" in digits alone, such as 1234");
  expect(howToWrite(" -1.250", false)).toBe(", and the point could be one of thousands: write -1250 or -1.2500");
  expect(howToWrite("12.345", false)).toBe(", and the point could be one of thousands: write 12345 or 12.3450");
  expect(howToWrite("many", true)).toBe("");
  expect(howToWrite(["1"], true)).toBe("");
});
