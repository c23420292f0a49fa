import fc from "fast-check";
import { expect, it } from "vitest";
import { readNumber, roundNumber } from "./numbers.ts";

it.each([
  [1.005, 2, 1.01],
  [2.675, 2, 2.68],
  [-1.005, 2, -1.01],
  [1.5, 0, 2],
  [0.1 + 0.2, 1, 0.3],
  [1234.5678, -2, 1200],
  [-1250, -2, -1300],
  [5e-324, 2, 0],
  [1.7976931348623157e308, 2, 1.7976931348623157e308],
  [123456789012345.67, 1, 123456789012345.7],
  [-0.001, 2, 0],
])("%d to %d digits is %d", (number, digits, rounded) => {
  expect(roundNumber(number, digits)).toBe(rounded);
});

/** Rounds the decimal text itself, digit by digit. */
function roundText(number: number, digits: number): number {
  const scale = 10n ** 20n;
  const [whole = "0", part = ""] = Math.abs(number).toFixed(20).split(".");
  const exact = String(Math.abs(number)).includes("e") ? undefined : String(Math.abs(number)).split(".");
  const value = BigInt((exact?.[0] ?? whole) + (exact?.[1] ?? part).padEnd(20, "0"));
  const unit = scale / 10n ** BigInt(digits);
  const rounded = ((value + unit / 2n) / unit) * unit;
  const text = `${rounded / scale}.${String(rounded % scale).padStart(20, "0")}`;
  return Number(text) * (number < 0 && Number(text) !== 0 ? -1 : 1);
}

it("rounds numbers as their decimals read", () => {
  const cents = fc.integer({ min: -1e9, max: 1e9 });
  fc.assert(
    fc.property(cents, fc.constantFrom(1, 10, 100, 1000, 8, 3), fc.integer({ min: 0, max: 6 }), (whole, by, digits) => {
      expect(roundNumber(whole / by, digits)).toBe(roundText(whole / by, digits));
    }),
    { numRuns: 3000 },
  );
});

it("reads of a text without a decimal sign what JSON reads, and the signs and points that people add", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      expect(readNumber(String(number), undefined)).toBe(number === 0 ? 0 : number);
    }),
  );
  for (const text of ["+5", "5.", ".5", "1E3"]) expect(readNumber(text, undefined)).toBe(Number(text));
  for (const text of ["", "0x1F", "0o7", "0B1", "Infinity", "-Infinity", "NaN", "1e999", "1 000", "5-", "e5", "."]) {
    expect(readNumber(text, undefined)).toBeUndefined();
  }
});
