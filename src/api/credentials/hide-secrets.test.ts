import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSecretHider } from "./hide-secrets.ts";

const SECRET = `K3y/"ä"+<&>'=${"x".repeat(8)}`;
const HIDDEN = "[redacted]";

/** How servers and their libraries write a text. */
const WRITERS: [name: string, write: (text: string) => string][] = [
  ["as it is", (text) => text],
  ["as JSON", (text) => JSON.stringify(text)],
  ["as JSON in JSON", (text) => JSON.stringify(JSON.stringify(text))],
  ["as JSON with escaped slashes", (text) => JSON.stringify(text).replaceAll("/", "\\/")],
  ["as JSON in ASCII", (text) => escapeUnicode(JSON.stringify(text), /[^\x20-\x7e]/g)],
  ["as JSON that is safe in HTML", (text) => escapeUnicode(JSON.stringify(text), /[<>&]/g)],
  ["with every special character escaped", (text) => escapeUnicode(text, /[^A-Za-z0-9]/g)],
  ["percent-encoded", encodeURIComponent],
  ["percent-encoded twice", (text) => encodeURIComponent(encodeURIComponent(text))],
  ["as a form", (text) => new URLSearchParams({ text }).toString()],
  ["as a URL", (text) => `https://x.example/?q=${encodeURI(text)}`],
  [
    "as HTML",
    (text) =>
      text.replace(/[&<>"']/g, (char) => `&${{ "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "#39" }[char]};`),
  ],
  ["in base64", (text) => Buffer.from(text).toString("base64")],
  ["in base64 for URLs", (text) => Buffer.from(text).toString("base64url")],
  ["in base64 after other bytes", (text) => Buffer.from(`ana:${text}`).toString("base64")],
  ["in base64 in a URL", (text) => encodeURIComponent(Buffer.from(`a${text}b`).toString("base64"))],
  ["in small letters, as in the name of a host", (text) => text.toLowerCase()],
  ["as UTF-8 read byte by byte", (text) => Buffer.from(text).toString("latin1")],
];

function escapeUnicode(text: string, set: RegExp): string {
  return text.replace(set, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

describe("a secret", () => {
  it.each(WRITERS)("%s is hidden, and what stands around it is not", (_name, write) => {
    const clean = createSecretHider([SECRET]).inText(`before ${write(SECRET)} after`);
    expect(clean).toMatch(/^before .*after$/);
    expect(clean).toContain(HIDDEN);
    // What is left of it are quotation marks, a name, and of base64 the letters that it shares with its neighbours.
    expect(
      clean.replace(HIDDEN, "").replace(/https:\/\/x\.example\/\?q=|text=|before|after|YW5h/g, "").length,
    ).toBeLessThan(14);
    expect(clean).not.toContain("xxxxxx");
  });

  it.each([
    ["Bearer abcdefgh-1", "abcdefgh-1"],
    ["Token abcdefgh-1", "abcdefgh-1"],
    [`Basic ${Buffer.from("ana:abcdefgh-1").toString("base64")}`, "abcdefgh-1"],
    [`Basic ${Buffer.from("ana:abcdefgh-1").toString("base64")}`, "ana:abcdefgh-1"],
    ["session=abcdefgh-1; theme=dark", "abcdefgh-1"],
    ['MediaBrowser Client="bay", Token="abcdefgh-1"', "abcdefgh-1"],
  ])("%s is hidden also as %s alone", (secret, echo) => {
    expect(createSecretHider([secret]).inText(`got ${echo}!`)).toBe(`got ${HIDDEN}!`);
  });

  it.each([WRITERS[0], WRITERS[1], WRITERS[7], WRITERS[12]] as typeof WRITERS)(
    "of any kind is hidden %s, whatever stands around it",
    (_name, write) => {
      const text = fc.string({ minLength: 8, unit: "grapheme" }).filter((value) => value.trim().length >= 8);
      fc.assert(
        fc.property(text, fc.string(), fc.string(), (secret, before, after) => {
          const written = write(secret);
          fc.pre(!`${before}${after}`.includes(written) && !HIDDEN.includes(written));
          expect(createSecretHider([secret]).inText(before + written + after)).not.toContain(written);
        }),
      );
    },
  );

  it("is hidden whole where another one overlaps it or is a part of it", () => {
    const hider = createSecretHider(["abcdefgh-1", "gh-1-ijklmnop", "efgh-1"]);
    expect(hider.inText("x abcdefgh-1-ijklmnop y")).toBe(`x ${HIDDEN} y`);
    expect(hider.inText("x efgh-1 y abcdefgh-1 z")).toBe(`x ${HIDDEN} y ${HIDDEN} z`);
  });

  it("is hidden in names, numbers and deep values of an answer, which is otherwise left as it is", () => {
    const hider = createSecretHider(["abcdefgh-1", "12345678"]);
    expect(hider.inValue({ "a-abcdefgh-1": [{ n: 12345678, m: 7, deep: { k: "abcdefgh-1!" } }], ok: true })).toEqual({
      value: { [`a-${HIDDEN}`]: [{ n: HIDDEN, m: 7, deep: { k: `${HIDDEN}!` } }], ok: true },
    });
    const plain = { a: [1, { b: "c" }], __proto__: null };
    expect(hider.inValue(plain)?.value).toBe(plain);
    const own = JSON.parse('{"__proto__":{"x":"abcdefgh-1"}}');
    expect(JSON.stringify(hider.inValue(own)?.value)).toBe(`{"__proto__":{"x":"${HIDDEN}"}}`);
  });

  it("is hidden in bytes", () => {
    const hider = createSecretHider([SECRET]);
    const bytes = Buffer.concat([Buffer.from([0, 255]), Buffer.from(SECRET), Buffer.from([254])]);
    expect(hider.inBytes(bytes)).toEqual(
      Buffer.concat([Buffer.from([0, 255]), Buffer.from(HIDDEN), Buffer.from([254])]),
    );
    const other = Buffer.from([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(hider.inBytes(other)).toBe(other);
  });

  it("whose end was cut off is hidden too, however long it is", () => {
    const long = `eyJ${"0123456789".repeat(200)}`;
    const hider = createSecretHider([long]);
    for (const length of [4, 5, 600, 1999]) {
      expect(hider.inText(`key: ${long.slice(0, length)}`, { cut: true })).toBe(`key: ${HIDDEN}`);
      expect(hider.inText(`key: ${long.slice(0, length)}`)).toContain("eyJ0");
    }
    const encoded = Buffer.from(`ana:${long}`).toString("base64").slice(0, 40);
    expect(hider.inText(encoded, { cut: true }).length).toBeLessThan(20);
  });

  it("of 4 or 5 characters is hidden as a word of its own, not inside others, and a shorter one not at all", () => {
    const hider = createSecretHider(["7412", "abc"]);
    expect(hider.inText("pin 7412, order 174123, abc")).toBe(`pin ${HIDDEN}, order 174123, abc`);
    expect(hider.inValue([7412, 74120])?.value).toEqual([HIDDEN, 74120]);
  });

  it("that came later is hidden until it is taken out", () => {
    const hider = createSecretHider(["abcdefgh-1"]);
    const removeOne = hider.add("token-87654321");
    const removeOther = hider.add("token-87654321");
    removeOne();
    removeOne();
    expect(hider.inText("token-87654321")).toBe(HIDDEN);
    removeOther();
    expect(hider.inText("token-87654321 abcdefgh-1")).toBe(`token-87654321 ${HIDDEN}`);
  });
});

it("a thousand secrets take hardly longer than one", () => {
  const text = "sk-live-1 The quick brown fox jumps over the lazy dog. ".repeat(40_000);
  const hider = createSecretHider(Array.from({ length: 1000 }, (_, n) => `sk-live-${n}-${String(n * 7919).repeat(6)}`));
  hider.inText(text);
  const start = performance.now();
  expect(hider.inText(text)).toBe(text);
  expect(performance.now() - start).toBeLessThan(1000);
});
