import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut, plain, type ReadText, readText } from "../../../test/fixtures/read-text.ts";
import { refusalOf } from "../../../test/fixtures/refusal.ts";
import { ToolError } from "../../errors.ts";
import { readJson } from "./read-json.ts";
import { readNdjson } from "./read-ndjson.ts";
import type { InputOptions } from "./row-reader.ts";

const json = (text: string | readonly string[], options?: InputOptions) => readText(readJson, text, options);
const ndjson = (text: string | readonly string[], options?: InputOptions) => readText(readNdjson, text, options);

describe("json", () => {
  it.each<[string, unknown[]]>([
    ['[{"a":1},{"a":"] } \\" ["}]', [{ a: 1 }, { a: '] } " [' }]],
    [" [ ] ", []],
    ['{"a":1}', [{ a: 1 }]],
    ['[1,"x",null,[2]]', [{ value: 1 }, { value: "x" }, { value: null }, { value: [2] }]],
    ['[{"__proto__":{"x":1},"constructor":2}]', [JSON.parse('{"__proto__":{"x":1},"constructor":2}')]],
    ['[{"a":1,"a":2}]', [{ a: 2 }]],
  ])("%j is read in pieces of any size", (text, rows) => {
    for (const size of [1, 2, 7, 1000]) {
      const read = json(cut(text, new Array(Math.ceil(text.length / size)).fill(size)));
      expect(plain(read)).toEqual(rows);
      expect(read.numbers).toEqual(rows.map((_, index) => index + 1));
      expect(read.bad).toEqual([]);
    }
  });

  it("has its rows where row_path says, validating what is around them", () => {
    const text = '{"meta":{"data":[9]},"data":{"items":[{"a":1},{"a":2}],"total":2},"next":null}';
    expect(json(text, { rowPath: "data.items" }).rows).toEqual([{ a: 1 }, { a: 2 }]);
    expect(json(text, { rowPath: "data" }).rows).toEqual([{ items: [{ a: 1 }, { a: 2 }], total: 2 }]);
  });

  it("has its rows in each page of a list where row_path meets one", () => {
    const pages = '[{"items":[{"a":1},{"a":2}],"next":2},{"next":null,"items":[{"a":3}]},{"items":[]}]';
    for (const size of [1, 7, 1000]) {
      const read = json(cut(pages, new Array(pages.length).fill(size)), { rowPath: "items" });
      expect(read).toMatchObject({ rows: [{ a: 1 }, { a: 2 }, { a: 3 }], numbers: [1, 2, 3], bad: [] });
    }
    const inside = `{"pages":${pages}}`;
    expect(json(inside, { rowPath: "pages.items" }).rows).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    expect(json('[{"item":{"a":1}},{"item":{"a":2}}]', { rowPath: "item" }).rows).toEqual([{ a: 1 }, { a: 2 }]);
    expect(json("[]", { rowPath: "items" }).rows).toEqual([]);
  });

  it("gives rows of pages in full batches", () => {
    const pages = `[${Array(2500).fill('{"items":[{"a":1}]}').join()}]`;
    const context = { options: { rowPath: "items" }, bad() {}, note() {} };
    expect([...readJson([pages], context)].map(({ rows }) => rows.length)).toEqual([1000, 1000, 500]);
  });

  it("tells of lists in a single object, which may be the rows", () => {
    const { notes, warned } = json('{"data":[{"a":1},{"a":2}],"tags":["x"],"in":{"more":[{"b":1}]}}');
    expect(notes.row_path).toMatch(/^One object was taken as one row\..*: "data" \(2\), "in.more" \(1\)\.$/);
    expect(warned).toEqual(["row_path"]);
    expect(json('{"a":1,"tags":["x"]}').notes).toEqual({});
  });

  it.each<[string, string, RegExp]>([
    ['{"data":[],"x":1}', "items", /no rows at "items": the text has no "items", but "data", "x"/],
    ['{"data":1}', "data.items", /"data" is no object/],
    ["[1]", "data", /entry 1 is no object/],
    ["[[{}]]", "data", /entry 1 is no object/],
    ['[{"data":[]},{"x":1}]', "data", /no rows at "data": entry 2 has no "data", but "x"/],
    ['{"p":[{"q":{"a":[]}},{"q":1}]}', "p.q.a", /"p.q" of entry 2 is no object/],
    ['[{"data":[]} {"data":[]}]', "data", /a comma or \] is missing after entry 1 at line 1, column 14/],
    ['{"a":[1],"a":[2]}', "a", /the name "a", which has the rows, is there twice at line 1, column 14/],
    ['{"x":tru,"a":[1]}', "a", /at line 1, column 6, near "tru/],
    ['{"a":[1],"x":{]}', "a", /at line 1, column 15/],
    ['{"a":[1] "x":2}', "a", /a comma or } is missing at line 1, column 10/],
  ])("%j has no rows at %j, or is broken around them", (text, rowPath, message) => {
    const { code, message: given } = refusalOf(() => json(text, { rowPath }));
    expect(code).toBe("invalid_input");
    expect(given).toMatch(message);
  });

  it.each<[string, RegExp]>([
    ['{"a": }', /Unexpected token '}' at line 1, column 7/],
    ['{"a": 1', /the text ends inside the value at line 1, column 8/],
    ["a,b\n1,2", /at line 1, column 1, near "a,b/],
    ["[1 2]", /a comma or \] is missing after row 1 at line 1, column 4, near "2\]"/],
    ['[\n{"a":1},\n]', /a comma stands before the closing bracket at line 3, column 1/],
    ['[{"a":1}', /the text ends inside the list, after row 1 at line 1, column 9/],
    ['[{"a":[1}]', /at line 1, column 9/],
    ['[{"a":"x}]', /Unterminated string/],
    ["", /ends where a value is missing/],
    ['{"a":1}\n{"a":2}', /text follows after the end at line 2, column 1/],
  ])("%j is refused with line and column", (text, message) => {
    for (const size of [1, 1000]) {
      const error = refusalOf(() => json(cut(text, new Array(text.length).fill(size))));
      expect(error.code).toBe("invalid_input");
      expect(error.message).toMatch(message);
    }
  });

  it("of one value a line has the hint to read it as ndjson", () => {
    expect(refusalOf(() => json('{"a":1}\n{"a":2}')).hint).toMatch(/"ndjson"/);
  });

  it.each<[string, RegExp]>([
    ['{"b" 2}', /row 2 is broken: Expected ':' after property name at line 3, column 7, near "2}/],
    ["NaN", /NaN is no JSON number \(use null\) at line 3, column 2/],
    ['{"a":-Infinity}', /-Infinity is no JSON number/],
    ['{"a":1,}', /a comma stands before the closing bracket at line 3, column 9/],
    ["{'a':1}", /texts and names must be in double quotes at line 3, column 3/],
    ["{a:1}", /names must be in double quotes/],
    ['{"a":None}', /None is no JSON value/],
    ['{"a":1 /* x */}', /JSON has no comments at line 3, column 9/],
    ['{"a":01}', /at line 3, column 8/],
    ['{"a":"\t"}', /control character.* at line 3, column 7/],
    ['{"a":"\\x"}', /escape.* at line 3, column 7/i],
  ])("with the broken element %j goes on with the next", (element, message) => {
    const text = `[\n{"a":1},\n ${element},\n{"a":3}]`;
    for (const size of [1, 3, 1000]) {
      const { rows, numbers, bad } = json(cut(text, new Array(text.length).fill(size)));
      expect(rows).toEqual([{ a: 1 }, { a: 3 }]);
      expect(numbers).toEqual([1, 3]);
      expect(bad).toMatchObject([{ row: 2, rule: "json", message: expect.stringMatching(message) }]);
    }
  });

  it("does not take numbers that are too large for one", () => {
    const { rows, bad } = json('[{"a":{"b":[1e999]}},{"a":2}]');
    expect(rows).toEqual([{ a: 2 }]);
    expect(bad).toMatchObject([{ row: 1, field: "a", rule: "number" }]);
  });

  it("tells of whole numbers that lose digits", () => {
    expect(json('[{"id":9007199254740991,"x":1e300},{"id":-9007199254740993}]').notes).toEqual({
      large_numbers: expect.stringMatching(/^Row 2, field "id": .* lose digits/),
    });
    expect(json('[{"id":9007199254740991,"x":1e300}]').notes).toEqual({});
    const nested = json('[{"u":{"id":1,"more":[{"id":12345678901234567890}]}},{"v":12345678901234567890}]');
    expect(nested.notes.large_numbers).toMatch(/^Row 1, field "u": .* lose digits/);
    expect(nested.warned).toEqual(["large_numbers"]);
  });

  it("is nested 64 levels deep inside a row and not one more", () => {
    const nested = (depth: number) => `[${"[".repeat(depth)}1${"]".repeat(depth)}]`;
    expect(json(nested(65)).rows).toHaveLength(1);
    expect(refusalOf(() => json(nested(66))).code).toBe("too_large");
    expect(refusalOf(() => json("[".repeat(5_000_000))).code).toBe("too_large");
    expect(refusalOf(() => json('{"a":'.repeat(1_000_000))).code).toBe("too_large");
  });

  it("with a row that does not end is refused before it fills the memory", () => {
    const endless = function* (): Iterable<string> {
      yield '[{"a":"';
      for (;;) yield "x".repeat(65_536);
    };
    expect(refusalOf(() => json(endless() as unknown as string[])).code).toBe("too_large");
  });

  it("gives what JSON.parse gives, however its text is cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }), { maxLength: 6 }),
        fc.constantFrom(undefined, 1, 3),
        fc.array(fc.nat(12)),
        (given, indent, lengths) => {
          const text = JSON.stringify(given, undefined, indent);
          expect(plain(json(cut(text, lengths)))).toEqual(JSON.parse(text));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("with any character changed is refused, or read as JSON.parse reads it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }), { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.constantFrom("", '"', "{", "}", "[", "]", ",", ":", "\\", "x", "1", "\n"),
        fc.array(fc.nat(12)),
        (given, place, character, lengths) => {
          const text = JSON.stringify(given);
          const at = place % text.length;
          const changed = text.slice(0, at) + character + text.slice(at + 1);
          let expected: unknown;
          try {
            expected = JSON.parse(changed);
          } catch {
            expected = undefined;
          }
          let read: ReadText | undefined;
          try {
            read = json(cut(changed, lengths));
          } catch (error) {
            expect(error).toBeInstanceOf(ToolError);
          }
          // A digit more can make a number that is too large.
          if (read?.bad.some(({ rule }) => rule === "number")) return;
          if (Array.isArray(expected)) {
            const rows = expected.map((row) => (isObject(row) ? row : { value: row }));
            expect(read && plain(read)).toEqual(rows);
          } else if (expected === undefined && read) expect(read.bad.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

describe("ndjson", () => {
  it("has a row a line, and tells broken ones by row and line", () => {
    const text = '{"a":1}\r\n{a}\n\n  \n[1\n{"a":2}';
    for (const size of [1, 4, 1000]) {
      const { rows, numbers, bad } = ndjson(cut(text, new Array(text.length).fill(size)));
      expect(rows).toEqual([{ a: 1 }, { a: 2 }]);
      expect(numbers).toEqual([1, 4]);
      expect(bad).toMatchObject([
        { row: 2, rule: "json", value: "{a}", message: expect.stringMatching(/^line 2 is broken: .*column 2/) },
        { row: 3, rule: "json", message: expect.stringMatching(/^line 5 is broken/) },
      ]);
    }
  });

  it("leaves out lines that are to be skipped", () => {
    expect(ndjson('# exported\n{"a":1}', { skipLines: 1 })).toMatchObject({ rows: [{ a: 1 }], numbers: [1], bad: [] });
  });

  it("does not take two values on a line", () => {
    expect(ndjson('{"a":1},{"a":2}\n{"a":3} {"a":4}').bad).toHaveLength(2);
  });

  it("with a line that does not end is refused before it fills the memory", () => {
    const endless = function* (): Iterable<string> {
      for (;;) yield "x".repeat(65_536);
    };
    expect(refusalOf(() => ndjson(endless() as unknown as string[])).code).toBe("too_large");
  });
});
