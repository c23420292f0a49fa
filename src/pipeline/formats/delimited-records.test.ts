import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csv, rows } from "../../../test/fixtures/read-csv.ts";
import { cut } from "../../../test/fixtures/read-text.ts";
import { refusalOf } from "../../../test/fixtures/refusal.ts";
import { ToolError } from "../../errors.ts";
import { readCsv } from "./read-delimited.ts";
import type { InputOptions } from "./row-reader.ts";

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
