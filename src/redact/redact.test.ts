import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findSecrets } from "./find-secrets.ts";
import { createRedactor, secretsOfEnvironment } from "./redact.ts";
import { formsOf } from "./secret-forms.ts";

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

  const code = "Zq7-Winter.Gärden42";
  const bytes = [...Buffer.from(code)].map((byte) => byte.toString(16));
  const points = Array.from(code, (char) => char.codePointAt(0)!);
  const base64 = Buffer.from(code).toString("base64");
  it.each([
    ["in capital letters", code.toUpperCase()],
    ["in small letters", code.toLowerCase()],
    ["in hex", bytes.join("")],
    ["in capital hex", bytes.join("").toUpperCase()],
    ["with every byte percent-encoded", bytes.map((byte) => `%${byte}`).join("")],
    ["with every byte percent-encoded in capitals", bytes.map((byte) => `%${byte.toUpperCase()}`).join("")],
    ["with every byte quoted-printable", bytes.map((byte) => `=${byte.toUpperCase()}`).join("")],
    ["with every character as an escape", points.map((point) => `\\u00${point.toString(16)}`).join("")],
    ["with every character as an escape in JSON", points.map((point) => `\\\\u00${point.toString(16)}`).join("")],
    ["with every character as a number of HTML", points.map((point) => `&#${point};`).join("")],
    ["with every character as a hex number of HTML", points.map((point) => `&#x${point.toString(16)};`).join("")],
    ["in base64 twice", Buffer.from(base64).toString("base64")],
    ["in base64url twice", Buffer.from(Buffer.from(code).toString("base64url")).toString("base64url")],
    [
      "in base64 twice, a part of more",
      Buffer.from(`a: ${Buffer.from(`ana:${code}!`).toString("base64")}.`).toString("base64"),
    ],
  ])("replaces a secret %s", (_how, text) => {
    const clean = createRedactor([code])(`before ${text} after`);
    expect(clean).toMatch(/^before .{0,20}\[redacted\].{0,20} after$/);
  });

  it("finds a short secret as a whole word, behind an escape too", () => {
    const finder = findSecrets();
    finder.add("4711");
    for (const before of ["", " ", "a\n", "a\\n", "a\\t", "a%20", "a\\u0020", "a_"]) {
      expect(finder.hide(`${before}4711 b`)).toBe(`${before}[redacted] b`);
    }
    for (const text of ["x4711", "47110", "n4711"]) expect(finder.hide(text)).toBe(text);
  });

  const long = Array.from({ length: 4096 }, (_, at) => String.fromCharCode(33 + ((at * at * 7 + at) % 94))).join("");
  it.each([
    ["as it is", long],
    ["in JSON", JSON.stringify(long).slice(1, -1)],
    ["in hex", Buffer.from(long).toString("hex")],
    ["in a URL", encodeURIComponent(long)],
    ["with every character as a number of HTML", Array.from(long, (char) => `&#${char.charCodeAt(0)};`).join("")],
    ["in base64", Buffer.from(long).toString("base64")],
  ])("replaces a long secret %s, all of it and nothing else", (_how, text) => {
    const finder = findSecrets();
    const remove = finder.add(long);
    const other = `${text.slice(0, 2000)}~${text.slice(2001)}`;
    expect(finder.hide(`a ${text} b ${text}\n`)).toBe("a [redacted] b [redacted]\n");
    expect(finder.hide(`a ${other} b`)).toBe(`a ${other} b`);
    for (const cut of [10, 31, 40, 3000]) {
      expect(finder.hide(`a ${text.slice(0, cut)}`, { cut: true })).toBe("a [redacted]");
    }
    remove();
    expect(finder.size).toBe(0);
    expect(finder.hide(`a ${text} b`, { cut: true })).toBe(`a ${text} b`);
  });

  it("finds the same as looking for every writing would, whatever ends alike", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "1"), minLength: 6, maxLength: 12 });
    const text = fc.string({ unit: fc.constantFrom("a", "b", "1", "-"), maxLength: 300 });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), fc.nat(4), text, (words, taken, said) => {
        const finder = findSecrets();
        const removals = words.map((each) => finder.add(each));
        removals[taken]?.();
        const kept = words.filter((_, at) => at !== taken);
        const needles = kept.flatMap((each) => [...formsOf(each)]);
        const isHidden = Array.from(said, () => false);
        for (const needle of needles) {
          for (let at = said.indexOf(needle); at >= 0; at = said.indexOf(needle, at + 1)) {
            isHidden.fill(true, at, at + needle.length);
          }
        }
        const marked = Array.from(said, (char, at) => (isHidden[at] ? "\0" : char)).join("");
        expect(finder.hide(said)).toBe(marked.replace(/\0+/g, "[redacted]"));
      }),
    );
  });

  it("hides a text as a whole that was made to be slow to search", () => {
    const finder = findSecrets();
    const tail = "a".repeat(300);
    for (let at = 1; at <= 20; at++) finder.add(`${"a".repeat(9)}${`"é<%&'/ `.repeat(at)}${tail}`);
    const begun = performance.now();
    expect(finder.hide("a".repeat(1_000_000))).toBe("[redacted]");
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(finder.hide("a".repeat(200))).toBe("a".repeat(200));
  });

  it("takes no longer where secrets end alike in the middle of what ends alike", () => {
    const finder = findSecrets();
    for (let at = 0; at < 10; at++) finder.add(`${"a".repeat(2000)}b${at}${"a".repeat(2000)}`);
    const text = "a".repeat(1_000_000);
    const begun = performance.now();
    expect(finder.hide(text)).toBe(text);
    expect(performance.now() - begun).toBeLessThan(5_000);
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
