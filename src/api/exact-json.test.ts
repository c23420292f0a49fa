import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseExactJson, roundedNumbers, writeExactJson } from "./exact-json.ts";

describe("exact JSON", () => {
  it.each([
    "9007199254740993",
    "-12345678901234567890123",
    '{"id":9007199254740993,"list":[1,2.5,"9007199254740993",{"deep":18446744073709551615}]}',
    '{"__proto__":9007199254740993}',
    "[0.1,1e-7,true,null]",
  ])("is written as it was read: %s", (text) => {
    expect(writeExactJson(parseExactJson(text))).toBe(text);
  });

  it("keeps every whole number", () => {
    fc.assert(
      fc.property(fc.bigInt(), (number) => writeExactJson(parseExactJson(`{"n":[${number}]}`)) === `{"n":[${number}]}`),
    );
  });

  it("has plain numbers wherever they are exact", () => {
    expect(parseExactJson("[9007199254740991,1000000000000000.5]")).toEqual([9007199254740991, 1000000000000000.5]);
    expect(parseExactJson("9007199254740992")).toBe(9007199254740992n);
  });

  it("refuses numbers that would become nothing", () => {
    expect(() => parseExactJson('{"n":1e999}')).toThrow("The number 1e999 is too large.");
  });

  it("is rounded for checks, and left as it is where nothing has to be", () => {
    expect(roundedNumbers(parseExactJson('{"a":[9007199254740993]}'))).toEqual({ a: [9007199254740992] });
    const same = { a: [1, { b: "x" }] };
    expect(roundedNumbers(same)).toBe(same);
  });
});
