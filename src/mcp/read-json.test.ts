import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJson } from "./read-json.ts";

const LIMITS = { maxBytes: 1e6, maxDepth: 100 };
const read = (text: string) => readJson(Buffer.from(text), LIMITS);

describe("readJson", () => {
  it("reads any JSON as JSON.parse does", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(read(text)).toEqual({ value: JSON.parse(text) });
      }),
    );
  });

  it.each([
    ["9007199254740993"],
    ['{"id":1234567890123456789}'],
    ["[1, -12345678901234567890]"],
    [`{"a":"x","b":{"c":[${"9".repeat(400)}]}}`],
    ['{"a":1,"a2":\n12345678901234567}'],
  ])("refuses %s, which would be rounded in silence", (text) => {
    expect(read(text)).toMatchObject({
      code: -32600,
      error: {
        code: "invalid_input",
        message: expect.stringMatching(/^The number -?\d+…? is too long to be kept exactly/),
      },
    });
  });

  it.each([
    ["9007199254740992"],
    ["10000000000000000000"],
    ["36664801769376650"],
    ["0.12345678901234567890"],
    ["1.2345678901234567890e5"],
    ["12345678901234567e3"],
    ['"1234567890123456789"'],
    ['{"1234567890123456789":" :1234567890123456789 "}'],
  ])("takes %s", (text) => {
    expect(read(text)).toEqual({ value: JSON.parse(text) });
  });

  it("refuses a number in no way that differs from how it is kept", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), (number) => {
        const kept = BigInt(Number(number)) === number || String(Number(number)) === String(number);
        expect("value" in read(`{"n":${number}}`)).toBe(kept);
      }),
    );
  });
});
