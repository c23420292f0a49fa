import { describe, expect, it } from "vitest";
import { csv, rows } from "../../../test/fixtures/read-csv.ts";
import { cut, readText } from "../../../test/fixtures/read-text.ts";
import { refusalOf } from "../../../test/fixtures/refusal.ts";
import { readTsv } from "./read-delimited.ts";

describe("csv with options for what it has besides", () => {
  it("fills short rows up with null and drops empty cells at the end of long ones", () => {
    const { rows, bad, notes, numbers } = csv("a,b,c\n1\n1,2,3\n1,2,3,,\n\n1,2\n1,2,3,4\n", { pad: true });
    expect(rows).toEqual([
      { a: "1", b: null, c: null },
      { a: "1", b: "2", c: "3" },
      { a: "1", b: "2", c: "3" },
      { a: "1", b: "2", c: null },
    ]);
    expect(numbers).toEqual([1, 2, 3, 4]);
    expect(bad).toMatchObject([{ row: 5, rule: "columns" }]);
    expect(notes.padded_rows).toBe(3);
  });

  it("takes quotes for signs like others", () => {
    const read = readText(readTsv, 'id\tsize\tnote\n2\t5" pipe\t"x\n3\t"y"\tz""\n', { quotes: false });
    expect(read).toMatchObject({
      bad: [],
      rows: [
        { id: "2", size: '5" pipe', note: '"x' },
        { id: "3", size: '"y"', note: 'z""' },
      ],
    });
  });

  it("leaves out lines of comments, whatever is in them, in pieces of any size", () => {
    const text = '# made by "x", y\na;b\n#"1;2\n1;"#\n# no comment"\n#\n#;#\n2;#x\n# end';
    for (const size of [1, 3, 1000]) {
      const read = csv(cut(text, new Array(text.length).fill(size)), { comment: "#" });
      expect(read).toMatchObject({ bad: [], numbers: [1, 2], notes: { delimiter: ";" } });
      expect(read.rows).toEqual([
        { a: "1", b: "#\n# no comment" },
        { a: "2", b: "#x" },
      ]);
    }
  });

  it("leaves out rows at the end, good or bad, however many batches there are", () => {
    const lines = Array.from({ length: 2500 }, (_, index) => `${index + 1},x`);
    for (const footer of [["Total", "2500,y"], ["Total", ""], []]) {
      const text = ["id,name", ...lines, ...footer].join("\n");
      const count = footer.filter((line) => line !== "").length;
      const read = csv(cut(text, new Array(200).fill(100)), { skipFooter: count });
      expect(read.bad).toEqual([]);
      expect(read.numbers).toEqual(lines.map((_, index) => index + 1));
    }
    expect(csv("a,b\n1,2\n3\n4,5\n", { skipFooter: 1 })).toMatchObject({ rows: [{ a: "1" }], bad: [{ row: 2 }] });
    expect(csv("a,b\n1,2\n", { skipFooter: 3 })).toMatchObject({ rows: [], bad: [] });
  });

  it("names columns that have no name of their own", () => {
    const { rows, notes } = csv("sep=;\na;a;;a_2;\n1;2;3;4;5\n", { header: "repair" });
    expect(rows).toEqual([{ a: "1", a_3: "2", column_3: "3", a_2: "4", column_5: "5" }]);
    expect(notes.named_columns).toEqual(["a_3", "column_3", "column_5"]);
  });

  it("has a hint for columns without a name that works", () => {
    const text = 'sep=;\n"na\nme";qty;;\nA;1;;\n';
    expect(refusalOf(() => csv(text)).hint).toMatch(/skip_lines: 3, delimiter: ";"\.$/);
    const options = { header: ["name", "qty", "x", "y"], skipLines: 3, delimiter: ";" };
    expect(rows(text, options)).toEqual([{ name: "A", qty: "1", x: "", y: "" }]);
  });
});
