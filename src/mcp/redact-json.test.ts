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

  it("finds a short secret in any place of a text where it is a word", () => {
    const short = createRedactor(["s3cr3t"]);
    expect(redactJson({ note: "a\ns3cr3t\tb" }, short)).toEqual({ note: "a\n[redacted]\tb" });
  });

  it("gives what holds no secret as it is, and what holds one at any depth in the time of its size", () => {
    const clean = { a: [1234567, { b: "c" }], d: null };
    expect(redactJson(clean, redact)).toBe(clean);
    let deep: unknown = "a long-secret-value";
    for (let depth = 0; depth < 500; depth += 1) deep = depth % 2 === 0 ? [deep] : { deep };
    expect(JSON.stringify(redactJson(deep, redact))).toContain('"a [redacted]"');
  });
});
