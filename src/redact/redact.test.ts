import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRedactor, secretsOfEnvironment } from "./redact.ts";

describe("createRedactor", () => {
  const secret = 'p"ä\\ss/w+rd (1)!';

  it.each([
    ["as it is", secret],
    ["in JSON", JSON.stringify({ key: secret })],
    ["in a URL", encodeURIComponent(secret)],
    ["in a URL with small letters", encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())],
    ["in a query string", new URLSearchParams({ key: secret }).toString()],
    ["in base64", Buffer.from(secret).toString("base64")],
    ["as the password of Basic auth", `Basic ${Buffer.from(`user:${secret}`).toString("base64")}`],
    ["in base64 for URLs", Buffer.from(`${secret}??>>`).toString("base64url")],
  ])("replaces a secret %s", (_how, text) => {
    const clean = createRedactor([secret])(`before ${text} after`);
    expect(clean).toContain("[redacted]");
    expect(clean).toMatch(/^before .*after$/);
    for (const form of [secret, "w+rd", "w%2Brd", "w%2brd"]) expect(clean).not.toContain(form);
    for (const part of clean.split(/[^A-Za-z0-9+/_-]/)) {
      expect(Buffer.from(part, "base64").toString()).not.toContain("ss/w+rd");
    }
  });

  it("leaves no secret in base64, whatever stands around it", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.string(), fc.string(), (hidden, before, after) => {
        const whole = Buffer.from(`${before}${hidden.toWellFormed()}${after}`).toString("base64");
        const clean = createRedactor([hidden.toWellFormed()])(whole);
        expect(clean).toContain("[redacted]");
      }),
    );
  });

  it("replaces the longer secret where one holds another", () => {
    expect(createRedactor(["secret-1", "secret-1-long"])("secret-1-long secret-1")).toBe("[redacted] [redacted]");
  });

  it("leaves ordinary text alone, and values too short to be secrets", () => {
    const redact = createRedactor(["local", "", "secret-value"]);
    expect(redact("local values are not secret")).toBe("local values are not secret");
  });

  it.each(["ollama", "lm-studio", "none", "sk-no-key-required", "EMPTY", "dummy", "test", "not-needed", "placeholder"])(
    "leaves %s alone, which stands where no key is needed",
    (word) => {
      expect(createRedactor([word])(`Ask ${word} first`)).toBe(`Ask ${word} first`);
    },
  );

  it("takes secrets that are no well-formed text", () => {
    expect(createRedactor(["a-secret\ud800"])("a a-secret\ud800 b")).toBe("a [redacted] b");
  });
});

describe("secretsOfEnvironment", () => {
  it("finds values by the names of their variables", () => {
    const env = {
      OPENAI_API_KEY: "sk-1",
      GH_TOKEN: "ghp_1",
      PATH: "/bin",
      KEYBOARD: "us",
      DB_PASSWORD: "Passw0rd",
      SORT_KEY: "content",
      LONG_TOKEN: "abcdefghijklmnopqrstu",
      EMPTY_KEY: "",
    };
    expect(secretsOfEnvironment(env)).toEqual(["sk-1", "ghp_1", "Passw0rd", "abcdefghijklmnopqrstu"]);
  });
});
