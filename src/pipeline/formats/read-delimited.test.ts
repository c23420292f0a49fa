import { describe, expect, it } from "vitest";
import { csv, rows } from "../../../test/fixtures/read-csv.ts";
import { refusalOf } from "../../../test/fixtures/refusal.ts";
import { newRow } from "../rows.ts";
import type { InputOptions } from "./row-reader.ts";

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
