import { describe, expect, it } from "vitest";
import { csv, rows } from "../../../test/fixtures/read-csv.ts";
import { readText } from "../../../test/fixtures/read-text.ts";
import { readTsv } from "./read-delimited.ts";

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
