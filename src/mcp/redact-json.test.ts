import { describe, expect, it } from "vitest";
import { createRedactor } from "../redact/redact.ts";
import { redactJson } from "./redact-json.ts";

const redact = createRedactor(["123456", "long-secret-value"]);

describe("redactJson", () => {
  it("replaces in strings and keys at any depth", () => {
    expect(redactJson({ a: ["x123456x", { "x-long-secret-value": null }], b: true }, redact)).toEqual({
      a: ["x[redacted]x", { "x-[redacted]": null }],
      b: true,
    });
  });

  it("replaces a number that is a secret as a whole, and leaves one that only holds its digits", () => {
    expect(redactJson({ same: 123456, longer: 91234567 }, redact)).toEqual({ same: "[redacted]", longer: 91234567 });
  });

  it("leaves the fields of a result their names, where a short secret is such a word", () => {
    const output = { status: "success", status_of_calls: 1 };
    expect(redactJson(output, createRedactor(["status", "content"]))).toEqual(output);
    expect(redactJson({ content: "content" }, createRedactor(["content"]))).toEqual({ content: "[redacted]" });
  });
});
