import { describe, expect, it } from "vitest";
import { redactJson } from "./redact-json.ts";

const redact = (text: string) => text.replaceAll("123456", "[redacted]");

describe("redactJson", () => {
  it("replaces in strings and keys at any depth", () => {
    expect(redactJson({ a: ["x123456x", { "123456": null }], b: true }, redact)).toEqual({
      a: ["x[redacted]x", { "[redacted]": null }],
      b: true,
    });
  });

  it("replaces a number that is a secret as a whole, and leaves one that only holds its digits", () => {
    expect(redactJson({ same: 123456, longer: 91234567 }, redact)).toEqual({ same: "[redacted]", longer: 91234567 });
  });
});
