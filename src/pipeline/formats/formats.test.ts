import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ToolError } from "../../errors.ts";
import { createPace } from "../pace.ts";
import { type Row, toRows } from "../rows.ts";
import { defaultOutput } from "../steps/format.ts";
import { type InputFormat, parseInput } from "./parse-input.ts";
import { type OutputFormat, writeOutput } from "./write-output.ts";

const pace = createPace(new AbortController().signal);
const read = (text: string, format: InputFormat) => parseInput(text, format, pace);
const write = (rows: readonly unknown[], format: OutputFormat, options = {}) =>
  writeOutput(toRows([...rows]), { ...defaultOutput(format), ...options }, pace) as Promise<string>;
/** As JSON and back, so that rows compare as plain data. */
const plain = (rows: readonly Row[]): unknown => JSON.parse(JSON.stringify(rows));

async function failure(promise: Promise<unknown>): Promise<ToolError> {
  const error = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ToolError);
  return error as ToolError;
}

describe("csv", () => {
  it("reads quotes, delimiters and line ends in cells, a byte order mark, and any line end", async () => {
    const text = '\uFEFFid,note\r\n1,"a ""b"", c\r\nd"\n2,\r3,x';
    expect(await read(text, "csv")).toEqual([
      { id: "1", note: 'a "b", c\r\nd' },
      { id: "2", note: "" },
      { id: "3", note: "x" },
    ]);
  });

  it("reads tabs as tsv", async () => {
    expect(await read("a\tb\n1\t2,3", "tsv")).toEqual([{ a: "1", b: "2,3" }]);
  });

  it("reads a header alone as no rows", async () => {
    expect(await read("a,b\n", "csv")).toEqual([]);
  });

  it("lists ragged rows by number", async () => {
    const error = await failure(read("a,b\n1,2\n3\n4,5,6\n", "csv"));
    expect(error).toMatchObject({ code: "invalid_input", message: expect.stringContaining("2 ragged rows") });
    expect(error.issues).toMatchObject([
      { row: 2, rule: "columns", path: "/1", value: "3" },
      { row: 3, rule: "columns", path: "/2" },
    ]);
  });

  it.each([
    ["a,a\n1,2", /has the column "a" twice/],
    ["a,\n1,2", /Column 2 of the csv header has no name/],
  ])("%j is refused with its reason", async (text, message) => {
    expect((await failure(read(text, "csv"))).message).toMatch(message);
  });

  it.each([
    ['a\n"x', /broken at line 2: the text ends inside a quoted cell/, /must end with one/],
    ['a,b\n1,x"y\n', /broken at line 2: a quote stands inside a cell/, /x"y becomes "x""y"/],
    ['a;b\n1;"x"y\n', /broken at line 2: text follows the closing quote/, /semicolons here/],
  ])("with a broken quote, %j, is refused with the way out of that fault", async (text, message, hint) => {
    expect(await failure(read(text, "csv"))).toMatchObject({
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  it.each<[string, string, unknown[]]>([
    [
      "semicolons",
      "id;amount\r\n1;1.234,50\r\n2;3,00",
      [
        { id: "1", amount: "1.234,50" },
        { id: "2", amount: "3,00" },
      ],
    ],
    [
      "semicolons and commas in the header",
      'id;"a, b";c, d;e\n1;x, y;2,5;z',
      [{ id: "1", "a, b": "x, y", "c, d": "2,5", e: "z" }],
    ],
    [
      "a semicolon and now and then a comma",
      "id;a, b\n1;1,5\n2;3",
      [
        { id: "1", "a, b": "1,5" },
        { id: "2", "a, b": "3" },
      ],
    ],
    ["tabs", "id\tname\n1\tLi, Ana; Dr.", [{ id: "1", name: "Li, Ana; Dr." }]],
    ["pipes", "id|name\n1|Li, Ana", [{ id: "1", name: "Li, Ana" }]],
    ["nothing but a header", "id;name\n", []],
    ["semicolons with quotes", '"id;x";name\n"1\n;";"a"";b"', [{ "id;x": "1\n;", name: 'a";b' }]],
  ])("is read with %s between cells", async (_, text, rows) => {
    expect(await read(text, "csv")).toEqual(rows);
  });

  it.each<[string, unknown[]]>([
    [
      "id,note\n1,a;b;c\n2,d",
      [
        { id: "1", note: "a;b;c" },
        { id: "2", note: "d" },
      ],
    ],
    [
      "id,note; or none\n1,a;b\n2,d;e",
      [
        { id: "1", "note; or none": "a;b" },
        { id: "2", "note; or none": "d;e" },
      ],
    ],
    ["note\nhello; you | me\nbye; you", [{ note: "hello; you | me" }, { note: "bye; you" }]],
    [
      "note; optional\nhello\nyou\nthere",
      [{ "note; optional": "hello" }, { "note; optional": "you" }, { "note; optional": "there" }],
    ],
    ['id,"a;b;c;d"\n1,"x;y"', [{ id: "1", "a;b;c;d": "x;y" }]],
    ["id,a|b\n1,x", [{ id: "1", "a|b": "x" }]],
  ])("of commas is read as such whatever its text holds: %j", async (text, rows) => {
    expect(await read(text, "csv")).toEqual(rows);
  });

  it("names the delimiter where rows are ragged", async () => {
    const error = await failure(read("a;b;c\n1;2;3\n4;5", "csv"));
    expect(error.message).toMatch(/row 2 has 2 cells, the header has 3/);
    expect(error.hint).toMatch(/separated by semicolons/);
  });

  it("reads cells of a megabyte and more than one chunk", async () => {
    const cell = "x,\n".repeat(400_000);
    expect(await read(`a,b\n"${cell}",1\n`, "csv")).toEqual([{ a: cell, b: "1" }]);
  });

  it("is written with quotes where needed, lists and objects as JSON, missing values empty", async () => {
    const text = await write([{ a: 'x"y', b: [1, 2] }, { a: " z", c: true }, { b: null }], "csv");
    expect(text).toBe('a,b,c\r\n"x""y","[1,2]",\r\n" z",,true\r\n,,\r\n');
  });

  it("has its formulas neutralised, numbers left alone", async () => {
    const cells = ["=1+1", "+49 1", "-5", "-5.2e3", "+1", "-a", "@x", "\t=1", "\r=1", "a=1", -5];
    const text = await write(
      cells.map((cell) => ({ cell })),
      "csv",
    );
    expect(text.split("\r\n")).toEqual(
      ["cell", "'=1+1", "'+49 1", "-5", "-5.2e3", "+1", "'-a", "'@x", "'\t=1", '"\'\r=1"', "a=1", "-5", ""].map(
        (line) => line,
      ),
    );
  });

  it("keeps any text through a round trip", async () => {
    const row = fc.record({
      a: fc.string({ unit: "binary" }),
      'b,"c': fc.string(),
      d: fc.constantFrom("", "\n", '"', ",", " x", "\r", ";", "|", "\t"),
    });
    const delimiters = fc.constantFrom(",", ";", "|", "\t");
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), delimiters, async (rows, delimiter) => {
        const text = await write(rows, "csv", { escapeFormulas: false, delimiter });
        expect(plain(await read(text, "csv"))).toEqual(JSON.parse(JSON.stringify(rows)));
      }),
    );
  });
});

const json = fc.jsonValue({ maxDepth: 4 });
const field = fc.oneof(
  fc.string(),
  fc.constantFrom("__proto__", "constructor", "yes", "1", "", "- a", "a: b", "#", "~"),
);
const anyRow = fc.dictionary(field, json, { maxKeys: 6 });

describe.each<"ndjson" | "yaml">(["ndjson", "yaml"])("%s", (format) => {
  it("keeps any JSON through a round trip", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 8 }), async (rows) => {
        // By way of JSON, which knows no -0.
        const given = JSON.parse(JSON.stringify(rows)) as unknown[];
        expect(plain(await read(await write(given, format), format))).toEqual(given);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps texts that look like something else", async () => {
    const texts = [
      "",
      " ",
      "yes",
      "NO",
      "null",
      "~",
      "1",
      "1.0",
      "0x1",
      "1e3",
      ".nan",
      "- a",
      "a: b",
      "#c",
      "'",
      '"',
      "!!x",
      "&a",
      "*a",
      "|",
      ">",
      "%",
      "@",
      "`",
      "2026-01-01",
      "a #b",
      "a\nb",
      "\u0085",
      "\u2028",
      "\ud800",
      "x".repeat(2000),
    ];
    const rows = texts.map((text) => ({ text, [text]: 1 }));
    expect(plain(await read(await write(rows, format), format))).toEqual(JSON.parse(JSON.stringify(rows)));
  });
});

describe("ndjson", () => {
  it("lists broken lines by number", async () => {
    const error = await failure(read('{"a":1}\n{a}\n\n[1\n', "ndjson"));
    expect(error.message).toMatch(/2 broken lines: line 2 is broken/);
    expect(error.issues).toMatchObject([{ row: 2 }, { row: 4 }]);
  });
});

describe("json", () => {
  it.each([
    ['{"a": }', /Unexpected token '}' at line 1, column 7/],
    ['[\n {"a": 1},\n {"b" 2}\n]', /at line 3, column 7/],
    ['{"a": 1', /at line 1, column 8/],
    ["[NaN]", /at line 1, column 2/],
    ["a,b\n1,2", /at line 1, column 1, near "a,b/],
  ])("%j is refused with line and column", async (text, message) => {
    expect((await failure(read(text, "json"))).message).toMatch(message);
  });

  it("of any broken kind ends in an error with a code", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ maxLength: 40 }),
        fc.constantFrom<InputFormat>("json", "ndjson", "yaml", "csv", "markdown"),
        async (text, format) => {
          try {
            await read(text, format);
          } catch (error) {
            expect(error).toBeInstanceOf(ToolError);
            expect((error as ToolError).code).not.toBe("internal");
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("yaml", () => {
  it("is written as blocks that its own library reads", async () => {
    const rows = [{ a: "x", list: [1, { b: [] }], o: { p: { q: null } }, e: {} }, {}];
    const text = await write(rows, "yaml");
    expect(text).toBe("- a: x\n  list:\n    - 1\n    - b: []\n  o:\n    p:\n      q: null\n  e: {}\n- {}\n");
    expect(parse(text)).toEqual(rows);
    expect(await write([], "yaml")).toBe("[]\n");
  });

  it.each([
    ["- a: 1\n- b: [1,\n", /broken at line \d/],
    ["a: 1\nb: 2\na: 3\n", /broken at line 3: the key "a" is there twice/],
    ["- a: 'x\n", /broken at line/],
    ["a: 1\n---\nb: 2\n", /broken at line 2.*multiple documents/],
    ["- a: .inf\n", /Row 1, field "a": Infinity is no JSON number/],
  ])("%j is refused with its place", async (text, message) => {
    const error = await failure(read(text, "yaml"));
    expect(error.code).toBe("invalid_input");
    expect(error.message).toMatch(message);
  });

  it("refuses aliases that multiply, deep nesting and values that hold themselves", async () => {
    const levels = "bcdefghi".split("").map((name, level) => {
      return `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[level]}`).join(", ")}]`;
    });
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]", ...levels].join("\n");
    for (const text of [bomb, "[".repeat(20_000), "- &a [*a]"]) {
      expect((await failure(read(text, "yaml"))).code).toBe("too_large");
    }
  });

  it("makes nothing but data of tags", async () => {
    expect(await read("- a: !!js/function x\n- a: !!binary aGk=\n", "yaml")).toEqual([{ a: "x" }, { a: "aGk=" }]);
  });
});

describe("markdown", () => {
  it("reads a table out of text, with escaped pipes", async () => {
    const text = "# Title\n\n| a | b |\n|:--|--:|\n| 1 | x \\| y |\n| 2 | |\n\nEnd | of text.";
    expect(await read(text, "markdown")).toEqual([
      { a: "1", b: "x | y" },
      { a: "2", b: "" },
    ]);
  });

  it.each([
    ["no table here", /holds no table/],
    ["| a | a |\n|---|---|\n", /column "a" twice/],
    ["| a | b |\n|---|---|\n| 1 |\n", /1 ragged row/],
  ])("%j is refused with its reason", async (text, message) => {
    expect((await failure(read(text, "markdown"))).message).toMatch(message);
  });

  it("keeps trimmed text through a round trip", async () => {
    const cell = fc.string().map((text) => text.replaceAll("<br>", "").trim());
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ a: cell, b: cell }), { minLength: 1, maxLength: 5 }), async (rows) => {
        expect(plain(await read(await write(rows, "markdown"), "markdown"))).toEqual(rows);
      }),
    );
  });
});

describe("a table", () => {
  it.each([
    ["csv", ",", ""],
    ["tsv", "\t", ""],
    ["markdown", "|", `\n${"-|".repeat(10_001)}`],
  ] as const)("of more than 10,000 columns is refused in %s", async (format, separator, ruler) => {
    const names = Array.from({ length: 10_001 }, (_, n) => `c${n}`);
    const error = await failure(read(`${names.join(separator)}${ruler}\n`, format));
    expect(error).toMatchObject({ code: "too_large" });
  });

  it("of more than 10,000 columns is not written, though as json it is", async () => {
    const row = Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [`c${n}`, n]));
    expect((await failure(write([row], "csv"))).code).toBe("too_large");
    expect((await failure(write([row], "markdown"))).code).toBe("too_large");
    expect(await write([row], "json")).toHaveLength(1);
  });
});

describe("any result", () => {
  it("that is too long to send is refused", async () => {
    const rows = new Array(400).fill({ a: "x".repeat(100_000) });
    for (const format of ["json", "csv", "yaml"] as const) {
      expect((await failure(write(rows, format))).code).toBe("too_large");
    }
  });
});
