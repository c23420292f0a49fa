import { describe, expect, it } from "vitest";
import { type ReadText, readText } from "../../../test/fixtures/read-text.ts";
import { readCsv } from "../formats/read-delimited.ts";
import { readJson } from "../formats/read-json.ts";
import { readMarkdown } from "../formats/read-markdown.ts";
import { readNdjson } from "../formats/read-ndjson.ts";
import { readXml } from "../formats/read-xml.ts";
import { readYaml } from "../formats/read-yaml.ts";
import type { RowReader } from "../formats/row-reader.ts";
import { decodeBytes } from "./decode-bytes.ts";
import { refuseInvalid } from "./refuse-invalid.ts";

/** Reads bytes, written as the characters of the same numbers. */
function read(reader: RowReader, bytes: string, encoding?: string): ReadText {
  const decoded = decodeBytes([Buffer.from(bytes, "latin1")], { encoding });
  const lazily: RowReader = (_, context) => refuseInvalid(reader, decoded)(decoded.chunks, context);
  return readText(lazily, "");
}

describe("a row with bytes that are no text", () => {
  it("is bad, and others are read", () => {
    const { rows, numbers, bad, notes } = read(readCsv, "a,b\n1,x\n2,caf\xe9\n3,\xef\xbf\xbd\n4\n", "utf-8");
    expect(rows).toEqual([
      { a: "1", b: "x" },
      { a: "3", b: "\uFFFD" },
    ]);
    expect(numbers).toEqual([1, 3]);
    expect(bad).toMatchObject([
      { row: 4, rule: "columns" },
      {
        row: 2,
        field: "b",
        rule: "encoding",
        message: expect.stringMatching(/^row 2 has bytes that are no utf-8 text in the field "b"; save/),
      },
    ]);
    expect(bad[1]?.value).toBe("caf\uFFFD");
    expect(notes).toMatchObject({ first_invalid_byte: 13 });
  });

  it("has them in values at any depth, or in a name", () => {
    const text = '{"a":{"b":["x\xff"]}}\n{"a":"x"}\n{"n\xff":1}\n{"a":"\xf0\x90\x8f\xbf\xef\xbf\xbd"}\n';
    const { rows, bad } = read(readNdjson, text, "utf-8");
    expect(bad.map(({ row, field }) => [row, field])).toEqual(
      expect.arrayContaining([
        [1, "a"],
        [3, "n\uFFFD"],
      ]),
    );
    expect(rows.at(-1)).toEqual({ a: "\u{103ff}\uFFFD" });
  });

  it("is told in every format", () => {
    expect(read(readXml, "<r><i><a>x\xff</a></i><i><a>1</a></i></r>", "utf-8")).toMatchObject({
      rows: [{ a: "1" }],
      bad: [{ row: 1, field: "a", value: "x\uFFFD" }],
    });
    expect(read(readYaml, "- a: x\xff\n- a: 1\n", "utf-8")).toMatchObject({
      rows: [{ a: 1 }],
      bad: [{ row: 1, field: "a" }],
    });
    expect(read(readJson, '[{"a":"x\xff"},{"a":1}]', "utf-8")).toMatchObject({ rows: [{ a: 1 }], bad: [{ row: 1 }] });
    expect(read(readMarkdown, "|a|\n|-|\n|x\xff|\n|y|\n", "utf-8")).toMatchObject({
      rows: [{ a: "y" }],
      bad: [{ row: 1 }],
    });
  });

  it("is never one where all bytes are text", () => {
    expect(read(readNdjson, '{"a":"\\ufdd0"}\n')).toMatchObject({ rows: [{ a: "\uFDD0" }], bad: [], notes: {} });
  });

  it("is quoted in other reasons as text with U+FFFD", () => {
    const { bad } = read(readCsv, "a,b\n\xff\n", "utf-8");
    expect(bad).toMatchObject([{ rule: "columns", value: "\uFFFD" }]);
  });
});
