import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDocument, UnreadableDocument } from "./parse-document.ts";

const parse = async (text: string | Uint8Array) =>
  (await parseDocument(typeof text === "string" ? Buffer.from(text) : text)).value;

async function problem(text: string | Uint8Array): Promise<string> {
  const error = await parse(text).then(
    (value) => value,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UnreadableDocument);
  return (error as Error).message;
}

describe("documents are parsed", () => {
  it.each([
    ["UTF-8", Buffer.from('{"title":"Größe ∑ 🙂"}')],
    ["UTF-8 with a byte order mark", Buffer.from('\uFEFF{"title":"Größe ∑ 🙂"}')],
    ["UTF-16LE with one", Buffer.from('\uFEFF{"title":"Größe ∑ 🙂"}', "utf16le")],
    ["UTF-16BE with one", Buffer.from('\uFEFF{"title":"Größe ∑ 🙂"}', "utf16le").swap16()],
    ["UTF-16LE without", Buffer.from("title: Größe ∑ 🙂", "utf16le")],
    ["UTF-16BE without", Buffer.from("title: Größe ∑ 🙂", "utf16le").swap16()],
  ])("from %s", async (_encoding, bytes) => {
    expect(await parse(bytes)).toEqual({ title: "Größe ∑ 🙂" });
  });

  it("from JSON as JSON.parse has them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), async (value) => {
        const text = JSON.stringify(value);
        expect(await parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ["dates stay texts", "a: 2020-01-01\nb: 2020-01-01T10:00:00Z", { a: "2020-01-01", b: "2020-01-01T10:00:00Z" }],
    ["yes and no are words", "a: yes\nno: NO\non: off", { a: "yes", no: "NO", on: "off" }],
    ["numbers may be keys", "200: ok\n404: {x: 1}", { 200: "ok", 404: { x: 1 } }],
    [
      "anchors and merges are followed",
      "a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: *a",
      { a: { x: 1 }, b: { x: 1, y: 2 }, c: { x: 1 } },
    ],
    ["the last of two equal keys counts", "a: 1\nb: 2\na: 3", { a: 3, b: 2 }],
    [
      "tags of their own are texts",
      "a: !secret name\nb: !!binary aGk=\nc: !!timestamp 2020-01-01",
      { a: "name", b: "aGk=", c: "2020-01-01" },
    ],
    ["tabs may indent", "a:\n\tb: 1\n\tc:\n\t\td: 2", { a: { b: 1, c: { d: 2 } } }],
    ["the first of several documents counts", "---\na: 1\n---\nb: 2\n", { a: 1 }],
    ["flow style is no JSON", "{a: 1, # one\n b: [x, y],}", { a: 1, b: ["x", "y"] }],
    ["JSON may end its lists with a comma", '{"a": [1, 2,],}', { a: [1, 2] }],
  ])("from careless YAML: %s", async (_what, text, value) => {
    expect(await parse(text)).toEqual(value);
  });

  it("from large JSON with a few characters beyond ASCII, wherever they stand", async () => {
    const strange = ["é", "ß", "–", "漢", "🙂", "\uFEFF", "\u2028", '\\"', "\ud800"];
    // Longer by one each, so that they stand at every place of a chunk's end.
    const value = Object.fromEntries(
      strange.map((text, at) => [`${text}key`, ["x".repeat(2 ** 19 - 20 + at * 3) + text.repeat(9), text]]),
    );
    const json = JSON.stringify(value);
    expect(json.length).toBeGreaterThan(4_000_000);
    expect(await parse(json)).toEqual(value);
    const many = JSON.stringify({ text: "漢字 ".repeat(1_500_000) });
    expect(await parse(many)).toEqual(JSON.parse(many));
  });

  it("from bytes that are a part of more, which stay as they are", async () => {
    const whole = Buffer.from(`xx${JSON.stringify({ a: "y".repeat(5_000_000) })}`);
    expect(await parse(whole.subarray(2))).toMatchObject({ a: expect.stringMatching(/^y+$/) });
    expect(whole.length).toBeGreaterThan(5_000_000);
    expect(whole[0]).toBe(0x78);
  });

  it("without touching what objects inherit", async () => {
    const value = (await parse("__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 2}}")) as object;
    expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
    expect((value as Record<string, unknown>).polluted).toBeUndefined();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("telling whether they refer to other files", async () => {
    const refers = async (text: string) => (await parseDocument(Buffer.from(text))).refersToFiles;
    expect(await refers('{"a":{"$ref":"#/b"},"b":{}}')).toBe(false);
    expect(await refers('{"a":[{"$ref":"b.json"}]}')).toBe(true);
    expect(await refers("a:\n  $ref: ./b.yaml#/c\n")).toBe(true);
  });
});

const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefghijk"]
  .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghijk"[index]}`).join(",")}]`)
  .join("\n")}`;

describe("what is no document", () => {
  it.each([
    ["broken JSON", '{"a": ', "is neither valid JSON nor YAML: "],
    ["broken YAML", "a: [1, 2\nb: 3", "is neither valid JSON nor YAML: "],
    ["a web page", "<!DOCTYPE html>\n<html></html>", "is an HTML or XML page"],
    ["100,000 lists in one another", "[".repeat(100_000) + "]".repeat(100_000), "is nested too deeply"],
    ["100,000 objects in one another", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`, "is nested too deeply"],
    [
      "YAML of 3,000 levels",
      Array.from({ length: 3000 }, (_, at) => `${" ".repeat(at)}a:`).join("\n"),
      "is nested too deeply",
    ],
    ["50,000 YAML lists in one another", "- ".repeat(50_000), "is nested too deeply"],
    ["an anchor that holds itself", "a: &a {b: [*a]}", "is nested too deeply"],
    ["a few lines of YAML that mean billions", bomb, "means too much"],
  ])("%s is refused with the reason", async (_what, text, words) => {
    expect(await problem(text)).toContain(words);
  });

  it("ends soon on any text", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ maxLength: 200, unit: fc.constantFrom(..."{}[]:,-?&*!|>'\"%@`#\n\t ab<") }),
        async (text) => {
          await parse(text).catch((error: unknown) => expect(error).toBeInstanceOf(UnreadableDocument));
        },
      ),
      { numRuns: 500 },
    );
  });
});
