import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut, readText } from "../../../test/fixtures/read-text.ts";
import { ToolError } from "../../errors.ts";
import { readMarkdown } from "./read-markdown.ts";
import type { InputOptions } from "./row-reader.ts";

const markdown = (text: string | readonly string[], options?: InputOptions) => readText(readMarkdown, text, options);
const rows = (text: string, options?: InputOptions) => markdown(text, options).rows;

describe("a markdown table", () => {
  it("is read out of text", () => {
    const text =
      "# Title\n\nSome | text\n\n| a | b |\n|:--|--:|\n| 1 | x \\| y |\n| 2 | |\n\nEnd | of text.\n\n| c |\n|---|\n| 3 |\n";
    expect(rows(text)).toEqual([
      { a: "1", b: "x | y" },
      { a: "2", b: "" },
    ]);
  });

  it.each<[string, string, unknown[]]>([
    ["without pipes at the ends", "a | b\n--- | ---\n1 | 2", [{ a: "1", b: "2" }]],
    ["with one column", "| a |\n| - |\n| 1 |\n2\n| |", [{ a: "1" }, { a: "2" }, { a: "" }]],
    ["with \\r\\n", "|a|b|\r\n|:-:|-|\r\n|1|2|\r\n\r\n|x|", [{ a: "1", b: "2" }]],
    ["with indentation", "   | a |\n   |---|\n   | 1 |\n", [{ a: "1" }]],
    ["with pipes inside of code", "| a | b |\n|---|---|\n| `x \\| y` | `z` |", [{ a: "`x | y`", b: "`z`" }]],
    ["with backslashes and line ends", "|a|b|\n|-|-|\n|c:\\\\d|x<br>y<BR/>z|", [{ a: "c:\\d", b: "x\ny\nz" }]],
    ["with a backslash before the last pipe", "|a|b|\n|-|-|\n|1|2\\|", [{ a: "1", b: "2|" }]],
    ["with rows that begin like blocks", "|a|\n|-|\n|# x|\n|- y|", [{ a: "# x" }, { a: "- y" }]],
    ["with names only", "| a |\n|---|", []],
    ["in a fence", "```\n| a |\n|---|\n| 1 |\n```\n", [{ a: "1" }]],
  ])("%s is read", (_, text, expected) => {
    expect(rows(text)).toEqual(expected);
  });

  it.each(["# Next", "> quote", "```", "---", "* item", "<div>", "1. item"])("ends at another block, %s", (block) => {
    expect(markdown(`| a | b |\n|---|---|\n| 1 | 2 |\n${block}\n| 3 | 4 |`)).toMatchObject({
      rows: [{ a: "1" }],
      bad: [],
    });
  });

  it("has null for the cells that stand for it", () => {
    expect(rows("|a|b|\n|-|-|\n|-||", { nullValues: ["-", ""] })).toEqual([{ a: null, b: null }]);
  });

  it("fills short rows up as a page does, and takes those with too many cells or no pipe for bad ones", () => {
    const text = "text\n\n|a|b|\n|-|-|\n|1|\n|2|3| |\n|4|5|6|\nno pipe\n|7|8|";
    const { rows, numbers, bad, notes } = markdown(text);
    expect(rows).toEqual([
      { a: "1", b: "" },
      { a: "2", b: "3" },
      { a: "7", b: "8" },
    ]);
    expect(numbers).toEqual([1, 2, 5]);
    expect(notes.padded_rows).toBe(2);
    expect(markdown(text, { pad: true }).rows[0]).toEqual({ a: "1", b: null });
    expect(bad).toMatchObject([
      { row: 3, rule: "columns", message: "row 3 has 3 cells, the header has 2 (line 7)" },
      { row: 4, value: "no pipe" },
    ]);
  });

  it("tells of further tables, which are not read", () => {
    const { rows, notes, warned } = markdown("|a|\n|-|\n|1|\n\nText\n\n|b|\n|-|\n|2|\n# Next\nc | d\n--|--\n\n---\n");
    expect(rows).toEqual([{ a: "1" }]);
    expect(notes.further_tables).toBe("The text has 2 further tables that were not read; only the first one was.");
    expect(warned).toEqual(["further_tables"]);
    expect(markdown("|a|\n|-|\n|1|\n\nText | more\n\n---\n").warned).toEqual([]);
  });

  it.each<[string, RegExp, RegExp]>([
    ["no table here\n---\n", /holds no table/, /A table is a line of names/],
    ["| a | b |\n|---|\n| 1 |", /holds no table/, /Line 2 has 1 cell of dashes, the names above it are 2/],
    ["| a | a |\n|---|---|\n", /column "a" twice/, /a name of its own/],
    ["| a | |\n|---|---|\n", /Column 2 of the markdown header has no name/, /Change/],
  ])("is refused: %j", (text, message, hint) => {
    try {
      rows(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ToolError);
      expect(error).toMatchObject({ message: expect.stringMatching(message), hint: expect.stringMatching(hint) });
    }
  });

  it("is the same however its text is cut", () => {
    const cell = fc
      .string({ maxLength: 8 })
      .map((text) => text.replace(/[\\|\r\n<]/g, "").trim())
      .filter((text) => text !== "");
    const pieces = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 });
    const end = fc.constantFrom("\n", "\r\n", "\r");
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 9 }), end, pieces, (cells, lineEnd, lengths) => {
        const lines = ["Text", "", "| a | b |", "|---|---|", ...cells.map(([a, b]) => `| ${a} | ${b} |`), "", "x|y"];
        const read = markdown(cut(lines.join(lineEnd), lengths));
        expect(read).toMatchObject({ rows: cells.map(([a, b]) => ({ a, b })), bad: [] });
      }),
      { numRuns: 500 },
    );
  });

  it("of many rows and very long cells is read a few rows at a time", () => {
    const long = `| 1 | ${"x\\|".repeat(300_000)} |\n`;
    const batches = [
      ...readMarkdown(["| a | b |\n|---|---|\n", ...Array(6).fill(long), ...Array(3000).fill("|1|2|\n")], {
        options: {},
        bad: () => {},
        note: () => {},
      }),
    ].map(({ rows }) => rows.length);
    expect(batches.slice(0, 3)).toEqual([2, 2, 2]);
    expect(batches.slice(3)).toEqual([1000, 1000, 1000]);
  });
});
