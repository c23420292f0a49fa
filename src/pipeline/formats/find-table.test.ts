import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readText } from "../../../test/fixtures/read-text.ts";
import { readCsv, readTsv } from "./read-delimited.ts";
import type { InputOptions } from "./row-reader.ts";

const csv = (text: string, options?: InputOptions) => readText(readCsv, text, options);

describe("csv with lines above the table", () => {
  const bank = [
    "Umsatzanzeige;Datei erstellt am: 27.11.2026 07:05",
    "",
    'Konto "Giro", Max;DE89 3704 0044 0532 0130 00',
    "Zeitraum:;01.11.2026 - 26.11.2026",
    "Buchung;Auftraggeber;Betrag;Saldo",
    '26.11.2026;"Miete; Haus";-1.250,00;10,50',
    "25.11.2026;Lohn;2.000,00;1.260,50",
    "24.11.2026;Markt;-12,30;-739,50",
    "",
  ];

  it.each(["\n", "\r\n", "\r"])("is read from its header on, and says so, with line ends %j", (end) => {
    const { rows, bad, notes, warned } = csv(bank.join(end));
    expect(bad).toEqual([]);
    expect(rows[0]).toEqual({
      Buchung: "26.11.2026",
      Auftraggeber: "Miete; Haus",
      Betrag: "-1.250,00",
      Saldo: "10,50",
    });
    expect(rows).toHaveLength(3);
    expect(notes).toMatchObject({
      delimiter: ";",
      skip_lines: 4,
      above_table: expect.stringMatching(
        /^4 lines above the table were left out.*Set "skip_lines": 4, "delimiter": ";" in/,
      ),
    });
    expect(warned).toEqual(["above_table"]);
    expect(csv(bank.join(end), { skipLines: 4, delimiter: ";" })).toMatchObject({ rows, notes: { delimiter: ";" } });
  });

  it("is read where a spreadsheet has filled all lines up to the width of the table", () => {
    const text = "Report 2026;;\n;;\nname;qty;price\nA;1;2,5\nB;2;\n;;3,5\n";
    const { rows, notes } = csv(text);
    expect(notes.skip_lines).toBe(2);
    expect(rows[2]).toEqual({ name: "", qty: "", price: "3,5" });
  });

  it("is read below lines of names and values, too, but not where the first line is nearly as wide", () => {
    const table = "day;amount;land\n01.10.2026;1;DE\n02.10.2026;2;FR\n";
    expect(csv(`Statement;;\nMade on;01.10.2026;\n\n${table}`)).toMatchObject({
      rows: [{ day: "01.10.2026" }, { land: "FR" }],
      notes: { skip_lines: 3 },
    });
    expect(() => csv(`;name;qty\nx;apple;none\ny;pear;3\nz;plum;4\n`)).toThrow(
      /Column 1 of the csv header has no name/,
    );
  });

  it("is read with tabs, after a line that names the delimiter, and with other lines below", () => {
    expect(readText(readTsv, "Title\n\na\tb\n1\tx\n2\ty\n").rows).toEqual([
      { a: "1", b: "x" },
      { a: "2", b: "y" },
    ]);
    expect(csv("sep=;\nTitle\na;b\n1;x\n2;y\n").notes.skip_lines).toBe(2);
    const { rows, bad } = csv("Title\nid,name\n1,x\n2,y\n3,z\nTotal\n");
    expect(rows).toHaveLength(3);
    expect(bad).toMatchObject([{ row: 4 }]);
  });

  it("is read where no line has a comma, so that all might be one column", () => {
    expect(csv("Title\nid;name\n1;x\n2;y\n")).toMatchObject({
      rows: [
        { id: "1", name: "x" },
        { id: "2", name: "y" },
      ],
      notes: { delimiter: ";", skip_lines: 1 },
    });
    const lines = ["note", "call; write", "see 1; 2", "see 3; 4"];
    expect(csv(lines.join("\n"))).toMatchObject({ rows: [{}, {}, {}], notes: { delimiter: "," } });
    expect(csv("Title\nid;name\n1;x\n2;y\n", { delimiter: "," }).rows).toHaveLength(3);
  });

  it.each([
    ["a header of fewer cells than the rows", "name\nAnn,Rome\nBob,Oslo\n"],
    ["a header of fewer cells, above numbers", "name\nAnn,1\nBob,2\n"],
    ["a header of more cells than the rows", "id,name,note\n1,x\n2,y\n"],
    [
      "lines above that fill more than half of the table",
      "a;b;c\nfirst;last;age;town\nAnn;Lee;30;Rome\nBob;May;40;Oslo\n",
    ],
  ])("is not guessed with %s", (_, text) => {
    const { warned, bad } = csv(text);
    expect(warned).toEqual([]);
    expect(bad).toContainEqual(expect.objectContaining({ rule: "columns" }));
  });

  it("is read as it is told", () => {
    const text = "Title\nid,name\n1,x\n2,y\n";
    expect(csv(text, { skipLines: 0 }).bad).toHaveLength(3);
    expect(csv(text, { header: false })).toMatchObject({
      bad: [{}, {}, {}],
      notes: { table_start: expect.stringContaining('"skip_lines": 1') },
    });
    expect(csv(text, { header: ["id", "name"] }).bad).toHaveLength(1);
  });

  it("is never seen in a table whose header is filled and whose rows fit", () => {
    const cell = fc.string({ maxLength: 6 }).map((text) => `"${text.replaceAll('"', '""')}"`);
    const table = fc
      .integer({ min: 1, max: 4 })
      .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 8 }));
    fc.assert(
      fc.property(table, fc.constantFrom(",", ";", "\t", "|"), (cells, delimiter) => {
        const names = (cells[0] ?? ["x"]).map((_, index) => `n${index}`);
        const text = [names, ...cells].map((row) => row.join(delimiter)).join("\n");
        const { notes } = csv(text, { delimiter });
        expect(notes).toMatchObject({ delimiter });
        expect(Object.keys(notes)).not.toContain("skip_lines");
        expect(Object.keys(notes)).not.toContain("table_start");
      }),
      { numRuns: 500 },
    );
  });
});
