import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut, readText } from "../../../test/fixtures/read-text.ts";
import { refusalOf } from "../../../test/fixtures/refusal.ts";
import { ToolError } from "../../errors.ts";
import { newRow } from "../rows.ts";
import { readCsv, readTsv } from "./read-delimited.ts";
import type { InputOptions } from "./row-reader.ts";

const csv = (text: string | readonly string[], options?: InputOptions) => readText(readCsv, text, options);
const rows = (text: string | readonly string[], options?: InputOptions) => csv(text, options).rows;

describe("csv", () => {
  it("has delimiters, quotes and line ends in quoted cells, and any line end", () => {
    expect(rows('id,note\r\n1,"a ""b"", c\r\nd"\n2,\r3,x')).toEqual([
      { id: "1", note: 'a "b", c\r\nd' },
      { id: "2", note: "" },
      { id: "3", note: "x" },
    ]);
  });

  it.each([
    ["a header alone", "a,b\n"],
    ["a header without a line end", "a,b"],
    ["a header and empty lines", "a,b\r\n\r\n\n\r  \n"],
  ])("of %s has no rows", (_, text) => {
    expect(csv(text)).toMatchObject({ rows: [], bad: [] });
  });

  it("numbers rows by what they are in the input, empty lines left out", () => {
    const read = csv("a,b\n1,2\n\n3\n   \n4,5\n");
    expect(read.numbers).toEqual([1, 3]);
    expect(read.bad).toMatchObject([{ row: 2 }]);
  });

  it("keeps an empty cell in quotes as a row where the table has one column", () => {
    expect(rows('a\n""\n\nx\n')).toEqual([{ a: "" }, { a: "x" }]);
  });

  it("has columns of any name", () => {
    const [row] = rows('__proto__,constructor,"a""\n\u2028\\",toString\n1,2,3,4');
    expect(Object.entries(row ?? {})).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
      ['a"\n\u2028\\', "3"],
      ["toString", "4"],
    ]);
    expect(Object.getPrototypeOf(row)).toBe(Object.getPrototypeOf(newRow()));
  });

  it("leaves out lines before the header, and counts them as lines", () => {
    expect(rows("Report\r\n\r\na,b\n1,2", { skipLines: 2 })).toEqual([{ a: "1", b: "2" }]);
    expect(csv(["Rep", "ort\r", "\n", "\n", "a,b\n1"], { skipLines: 2 }).bad[0]?.message).toMatch(/line 4/);
  });

  it("without a header has numbered columns", () => {
    expect(rows("1,x\n2,y\n", { header: false })).toEqual([
      { column_1: "1", column_2: "x" },
      { column_1: "2", column_2: "y" },
    ]);
    expect(csv("1,x\n2\n", { header: false }).bad[0]?.message).toMatch(/row 2 has 1 cell, the first row has 2 /);
  });

  it("takes names instead of a header", () => {
    expect(rows("1,x\n", { header: ["id", "name"] })).toEqual([{ id: "1", name: "x" }]);
    expect(rows("a,a\n1,x\n", { header: ["id", "name"], skipLines: 1 })).toEqual([{ id: "1", name: "x" }]);
    expect(csv("1,x,y\n", { header: ["id", "name"] }).bad[0]?.message).toMatch(/row 1 has 3 cells, 2 names are given/);
  });

  it("has null for the cells that stand for it, and those only", () => {
    expect(rows('a,b\nNA,\n"NA",x', { nullValues: ["NA", ""] })).toEqual([
      { a: null, b: null },
      { a: null, b: "x" },
    ]);
    expect(rows("a,b\nNA,\n")).toEqual([{ a: "NA", b: "" }]);
  });
});

describe("a bad row of csv", () => {
  it("has too many or too few cells, and is told with its line", () => {
    const { bad, rows } = csv('a,b\n"1\n",2\n3\n4,5,6\n7,8');
    expect(bad).toEqual([
      {
        row: 2,
        field: null,
        rule: "columns",
        message: "row 2 has 1 cell, the header has 2 (line 4, cells separated by commas)",
        value: "3",
      },
      {
        row: 3,
        field: null,
        rule: "columns",
        message: "row 3 has 3 cells, the header has 2 (line 5, cells separated by commas)",
        value: "4,5,6",
      },
    ]);
    expect(rows).toHaveLength(2);
  });

  it.each([
    ['x"y', /^row 1 is broken at line 2: a quote stands inside a cell.*x"y becomes "x""y"$/],
    [' "y"', /a quote stands inside a cell that does not begin with one/],
    ['"x"y', /^row 1 is broken at line 2: text follows the closing quote of a cell; after a quoted cell/],
    ['"say "hi" to me"', /text follows the closing quote/],
  ])("has a broken quote, %j, and the next row is read", (cell, message) => {
    const { bad, rows } = csv(`a,b,c\n1,${cell},"x\n,"\n2,ok,z\n`);
    expect(bad).toMatchObject([{ row: 1, field: "b", rule: "quotes", message: expect.stringMatching(message) }]);
    expect(rows).toEqual([{ a: "2", b: "ok", c: "z" }]);
  });

  it("below a title tells how to leave that out", () => {
    const text = "Report\n\nfirst,last\nAnn,Lee\n";
    const { bad, notes } = csv(text);
    expect(bad[0]?.message).toMatch(/the header has 1 .*if the first line is a title, leave it out with skip_lines/);
    expect(notes.table_start).toBe(
      'If the table begins at line 3, set "skip_lines": 2, "delimiter": "," in "input_options"',
    );
    expect(rows(text, { skipLines: 2 })).toEqual([{ first: "Ann", last: "Lee" }]);
  });

  it("names the delimiter where text follows a quote", () => {
    expect(csv('a;b\n1;"x"y\n').bad[0]?.message).toMatch(/semicolons here/);
  });

  it("is quoted by the beginning of its text only", () => {
    expect(csv(`a,b\n${"x".repeat(1_000_000)}\n`).bad[0]?.value).toHaveLength(81);
  });
});

describe("csv is refused as a whole", () => {
  it.each<[string, string, RegExp, RegExp]>([
    [
      "a quote that is never closed",
      'a\n1\n"x\n2\n3\n',
      /at line 3: the text ends inside a quoted cell/,
      /must end with one/,
    ],
    [
      "a quote that the next quoted cell closes",
      'a,b\n1,"x\n2,"y"\n3,z',
      /at line 3: text follows the closing quote of the cell that begins at line 2/,
      /commas here/,
    ],
    ["a broken quote in the header", 'a,b"c\n1,2', /at line 1: a quote stands inside a cell/, /In the header: put/],
    ["a repeated column", "a,b,a\n1,2,3", /has the column "a" twice, as column 1 and 3/, /name the 3 columns.*header/],
    [
      "an unnamed column",
      "a,\n1,2",
      /Column 2 of the csv header has no name/,
      /^Set header: "repair" .*skip_lines: 1\.$/,
    ],
  ])("for %s", (_, text, message, hint) => {
    expect(refusalOf(() => csv(text))).toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  it.each<[InputOptions, RegExp]>([
    [{ delimiter: "" }, /delimiter "" cannot stand/],
    [{ delimiter: '"' }, /cannot stand between cells/],
    [{ delimiter: ", " }, /delimiter ", " cannot/],
    [{ header: [] }, /header is an empty list/],
    [{ header: ["a", "a"] }, /given header has the column "a" twice/],
  ])("for the options %j", (options, message) => {
    expect(refusalOf(() => csv("a,b\n1,2", options)).message).toMatch(message);
  });
});

describe("the delimiter of csv", () => {
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
      "semicolons where the header has commas too",
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
    ["a line that names it", "sep=|\r\na,b|c\n1|2", [{ "a,b": "1", c: "2" }]],
  ])("is found: %s", (_, text, expected) => {
    expect(rows(text)).toEqual(expected);
    expect(rows([...text])).toEqual(expected);
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
  ])("is the comma whatever the text holds: %j", (text, expected) => {
    expect(rows(text)).toEqual(expected);
  });

  it.each<[string, number]>([
    ["1,5;2,5\n3,5;4\n", 2],
    ["1,5;2\n3;4,5\n", 2],
    ["1,2\n3,4\n", 2],
    ["1,2;3\n4,5\n", 2],
    ["1, 5;2\n3, 5;4\n", 2],
    ["2026,1,a;b\n2026,2,c;d\n", 3],
  ])("is found without a header: %j has %j columns", (text, columns) => {
    expect(Object.keys(rows(text, { header: false })[0] ?? {})).toHaveLength(columns);
  });

  it("is told, and any one character where it is given", () => {
    expect(csv("a;b\n1;2").notes).toEqual({ delimiter: ";" });
    expect(csv("a^b,c\n1^2", { delimiter: "^" })).toMatchObject({
      rows: [{ a: "1", "b,c": "2" }],
      notes: { delimiter: "^" },
    });
    expect(readText(readTsv, "a\tb\n1\t2,3").rows).toEqual([{ a: "1", b: "2,3" }]);
  });
});

const cell = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.constantFrom("", "\n", "\r\n", "\r", '"', '""', ",", ";", " ", "é", "😀", 'a"b', "\uFFFD"),
);
const table = fc
  .record({ width: fc.integer({ min: 1, max: 4 }), height: fc.integer({ min: 0, max: 8 }) })
  .chain(({ width, height }) =>
    fc.array(fc.array(fc.tuple(cell, fc.boolean()), { minLength: width, maxLength: width }), {
      minLength: height,
      maxLength: height,
    }),
  );
const lineEnds = fc.infiniteStream(fc.constantFrom("\n", "\r\n", "\r", "\n\n"));
const lengths = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 });

/** The table as text, in which cells that need none have quotes at random. */
function write(cells: readonly (readonly (readonly [string, boolean])[])[], ends: Iterator<string>): string {
  return cells
    .map((line) => {
      const lone = line.length === 1;
      const written = line.map(([text, quoted]) =>
        quoted || /["\n\r,;]/.test(text) || (lone && text.trim() === "") ? `"${text.replaceAll('"', '""')}"` : text,
      );
      return `${written.join(",")}${ends.next().value}`;
    })
    .join("");
}

describe("any table as csv", () => {
  it("has the same cells, however its text is cut", () => {
    fc.assert(
      fc.property(table, lineEnds, lengths, fc.boolean(), (cells, ends, pieces, closed) => {
        const width = cells[0]?.length ?? 1;
        const names = Array.from({ length: width }, (_, index) => `c${index}`);
        const text = `${names.join(",")}\n${write(cells, ends)}`;
        const cutText = cut(closed ? text : text.replace(/[\r\n]+$/, ""), pieces);
        const read = csv(cutText, { delimiter: "," });
        expect(read.bad).toEqual([]);
        expect(read.rows.map((row) => Object.values(row))).toEqual(cells.map((line) => line.map(([text]) => text)));
      }),
      { numRuns: 1000 },
    );
  });

  it("of any kind, broken ones too, gives the same however it is cut", () => {
    const mess = fc
      .array(fc.constantFrom('"', '""', ",", "\n", "\r", "\r\n", "a", "b c", " ", ";", "\t"), { maxLength: 40 })
      .map((parts) => parts.join(""));
    const outcome = (text: string | readonly string[]): unknown => {
      try {
        return csv(text, { header: ["x", "y"], delimiter: "," });
      } catch (error) {
        expect(error).toBeInstanceOf(ToolError);
        return (error as ToolError).message;
      }
    };
    fc.assert(
      fc.property(mess, lengths, (text, pieces) => {
        expect(outcome(cut(text, pieces))).toEqual(outcome(text));
      }),
      { numRuns: 3000 },
    );
  });

  it("gives what csv-parse gives, wherever that takes it", () => {
    const mess = fc
      .array(fc.constantFrom('"', '"a"', '"b""c"', '"d\ne"', ",", ",", "\n", "\r\n", "f", " "), { maxLength: 30 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(mess, (text) => {
        let expected: string[][];
        try {
          expected = parse(text, {
            relax_column_count: true,
            skip_empty_lines: true,
            record_delimiter: ["\r\n", "\n", "\r"],
          });
        } catch {
          return;
        }
        const two = expected.filter(({ length }) => length === 2);
        const read = csv(text, { header: ["x", "y"], delimiter: "," });
        expect(read.rows.map((row) => Object.values(row))).toEqual(two);
        expect(read.bad.every(({ rule }) => rule === "columns")).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("csv made to hurt", () => {
  /** Pieces of one text, as a file gives them. */
  function* repeat(text: string, times: number, start = ""): Iterable<string> {
    yield start;
    for (let index = 0; index < times; index++) yield text;
  }
  const drain = (
    chunks: Iterable<string>,
    options: InputOptions = {},
  ): { rows: number; bad: number; largest: number } => {
    const seen = { rows: 0, bad: 0, largest: 0 };
    const context = { options, bad: () => void seen.bad++, note: () => {} };
    for (const { rows } of readCsv(chunks, context)) {
      seen.rows += rows.length;
      seen.largest = Math.max(seen.largest, rows.length);
    }
    return seen;
  };

  it("with cells of a megabyte is read a few rows at a time", () => {
    const text = `1,"${'x,""\n'.repeat(200_000)}"\n`;
    const seen = drain(repeat(text, 12, "a,b\n"));
    expect(seen).toMatchObject({ rows: 12, bad: 0 });
    expect(seen.largest).toBeLessThanOrEqual(2);
  });

  it("with a megabyte of a cell in pieces of some characters is read in one go", () => {
    const cell = 'x,""\n'.repeat(200_000);
    const text = `a,b\n"${cell}",1\n`;
    const pieces = text.match(/.{1,10}/gs) ?? [];
    expect(rows(pieces)).toEqual([{ a: cell.replaceAll('""', '"'), b: "1" }]);
  });

  it("has 10,000 columns and not one more", () => {
    const line = (count: number): string => `${Array.from({ length: count }, (_, index) => `c${index}`).join(",")}\n`;
    expect(rows(line(10_000).repeat(3))).toHaveLength(2);
    expect(refusalOf(() => rows(line(10_001))).message).toMatch(/more than 10000 columns/);
    expect(csv(`a,b\n${",".repeat(1_000_000)}\n1,2`)).toMatchObject({
      rows: [{ a: "1", b: "2" }],
      bad: [{ message: expect.stringMatching(/row 1 has 1000001 cells/) }],
    });
  });

  it.each<[string, Iterable<string>, RegExp]>([
    [
      "a quote that opens and never closes",
      repeat("1,x\n".repeat(10_000), 500, 'a,b\n"'),
      /line 2: the quoted cell .* no end within/,
    ],
    ["quotes without an end", repeat('""'.repeat(10_000), 500, 'a,b\n"'), /line 2: the quoted cell .* no end within/],
    [
      "a row without an end",
      repeat("x".repeat(10_000), 1000, "a,b\n"),
      /a row of more than 8388608 characters, at line 2/,
    ],
  ])("by %s is refused", (_, chunks, message) => {
    expect(refusalOf(() => drain(chunks)).message).toMatch(message);
  });

  it.each<[string, string, string]>([
    ["lines of one column", "x\n".repeat(40_000), "a\n"],
    ["lines that end with \\r", '"x"\r'.repeat(40_000), "a\r"],
    ["quoted cells in one line", '"x",'.repeat(40_000), "a\n"],
    ["broken quotes", 'x"y\n'.repeat(40_000), "a\n"],
    ["broken quotes with \\r", '"x"y\r'.repeat(40_000), "a\r"],
    ["empty lines", "\n\r".repeat(40_000), "a\n"],
  ])("by %s takes time in proportion to its length", (_, text, start) => {
    const seconds = (chunks: Iterable<string>): number => {
      const before = process.cpuUsage();
      drain(chunks, { delimiter: "," });
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1e6;
    };
    // Some 5 MB in one piece: were any search repeated for every line, it would take minutes.
    expect(seconds([start + text.repeat(30)])).toBeLessThan(10);
  });
});
