import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLineReader, type Line } from "./line-reader.ts";

const LIMITS = { maxBytes: 1000, maxDepth: 10 };

/** Reads the bytes in pieces of the given size. */
function readAll(input: string | Buffer, size = 7, limits = LIMITS): Line[] {
  const reader = createLineReader(limits);
  const bytes = Buffer.from(input);
  const lines: Line[] = [];
  for (let at = 0; at < bytes.length; at += size) lines.push(...reader.read(bytes.subarray(at, at + size)));
  return [...lines, ...reader.end()];
}

const errorOf = (line: Line | undefined) => (line && "answer" in line ? line.answer : undefined);

describe("createLineReader", () => {
  it("gives every line's JSON, however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.json({ maxDepth: 3 })), fc.integer({ min: 1, max: 50 }), (texts, size) => {
        const lines = readAll(texts.map((text) => `${text}\n`).join(""), size, { maxBytes: 1e6, maxDepth: 100 });
        expect(lines).toEqual(texts.map((text) => ({ value: JSON.parse(text) })));
      }),
    );
  });

  it("takes a last line without a line feed, Windows line ends, a byte order mark and empty lines", () => {
    expect(readAll('\uFEFF{"a":1}\r\n\n  \n{"a":2}')).toEqual([{ value: { a: 1 } }, { value: { a: 2 } }]);
  });

  it("answers a line that is no JSON and reads on", () => {
    const [broken, next] = readAll('{"jsonrpc":"2.0","id":7,"method":"tools/list"\n{"a":1}\n');
    expect(errorOf(broken)).toMatchObject({ id: 7, error: { code: -32700, message: "The message is not JSON." } });
    expect(next).toEqual({ value: { a: 1 } });
  });

  it("answers a broken line that shows no id with a null id", () => {
    expect(errorOf(readAll("hello\n")[0])).toMatchObject({ id: null, error: { code: -32700 } });
  });

  it("refuses bytes that are no UTF-8 instead of changing what they say", () => {
    const line = Buffer.concat([
      Buffer.from('{"id":"a","method":"tools/call","params":{"x":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}}\n'),
    ]);
    const answer = errorOf(readAll(line)[0]);
    expect(answer).toMatchObject({ id: "a", result: { isError: true, resultType: "complete" } });
    expect(JSON.stringify(answer)).toContain("invalid_input");
  });

  it("answers a line that is too long by its id at either end, keeping none of it", () => {
    const filler = "x".repeat(10_000);
    const first = `{"id":1,"method":"tools/call","params":{"text":"${filler}"}}\n`;
    const last = `{"method":"tools/list","params":{"text":"${filler}"},"jsonrpc":"2.0","id":"two"}\n`;
    const lines = readAll(`${first}${last}{"a":1}\n`, 333);
    expect(errorOf(lines[0])).toMatchObject({ id: 1, result: { isError: true } });
    expect(errorOf(lines[1])).toMatchObject({ id: "two", error: { code: -32600, data: { code: "too_large" } } });
    expect(lines[2]).toEqual({ value: { a: 1 } });
  });

  it("counts the line's bytes, not its characters, and not the line feed", () => {
    const line = (length: number) => `"${"x".repeat(length - 2)}"\n`;
    expect(readAll(line(1000))).toEqual([{ value: "x".repeat(998) }]);
    expect(errorOf(readAll(line(1001))[0])).toBeDefined();
    expect(errorOf(readAll(`"${"ü".repeat(500)}"\n`)[0])).toBeDefined();
  });

  it("refuses nesting beyond the limit before it is parsed, and brackets in strings do not count", () => {
    const deep = `{"id":3,"method":"ping","params":${"[".repeat(100_000)}${"]".repeat(100_000)}}\n`;
    const [line] = readAll(deep, 65_536, { maxBytes: 1e6, maxDepth: 100 });
    expect(errorOf(line)).toMatchObject({ id: 3, error: { data: { code: "too_large" } } });
    expect(readAll(`{"text":"${"[{".repeat(200)} \\" ]"}\n`)).toEqual([{ value: { text: `${"[{".repeat(200)} " ]` } }]);
  });
});
