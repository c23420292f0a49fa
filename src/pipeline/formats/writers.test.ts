import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut, readText } from "../../../test/fixtures/read-text.ts";
import { refusalOf } from "../../../test/fixtures/refusal.ts";
import { writeText } from "../../../test/fixtures/write-text.ts";
import { OUTPUT_FORMATS, outputFormatOf } from "./output-options.ts";
import { readXml } from "./read-xml.ts";

describe("csv", () => {
  it("has quotes where needed, lists and objects as JSON, missing values empty", () => {
    const rows = [{ a: 'x"y', b: [1, 2] }, { a: " z", c: true }, { b: null }];
    expect(writeText(rows, "csv")).toBe('a,b,c\r\n"x""y","[1,2]",\r\n" z",,true\r\n,,\r\n');
  });

  it.each([
    [{ delimiter: ";" }, "a;b;c\r\n1;x,y;\r\n"],
    [{ header: false }, '1,"x,y",\r\n'],
    [{ lineEnd: "lf" }, 'a,b,c\n1,"x,y",\n'],
    [{ bom: true }, '\uFEFFa,b,c\r\n1,"x,y",\r\n'],
    [{ bom: true, header: false }, '\uFEFF1,"x,y",\r\n'],
    [{ quote: "all" }, '"a","b","c"\r\n"1","x,y",""\r\n'],
    [{ nullText: "NULL" }, 'a,b,c\r\n1,"x,y",NULL\r\n'],
    [{ columns: ["c", "a", "d"] }, "c,a,d\r\n,1,\r\n"],
    [{ columns: ["b"] }, 'b\r\n"x,y"\r\n'],
    [{ delimiter: ".", columns: ["n"] }, 'n\r\n"1.5"\r\n'],
  ] as const)("with %j", (options, text) => {
    expect(
      writeText(
        [{ a: 1, b: "x,y", c: null, n: 1.5 }].map(({ n, ...row }) => ("columns" in options ? { ...row, n } : row)),
        "csv",
        options,
      ),
    ).toBe(text);
  });

  it("has a lone empty cell in quotes, for readers skip empty lines", () => {
    expect(writeText([{ a: "" }, { a: null }], "csv")).toBe('a\r\n""\r\n""\r\n');
  });

  it("has its formulas neutralised, numbers left alone", () => {
    const cells: [unknown, string][] = [
      ["=1+1", "'=1+1"],
      ["+49 1", "'+49 1"],
      ["-a", "'-a"],
      ["@x", "'@x"],
      ["\t=1", "'\t=1"],
      ["\r=1", '"\'\r=1"'],
      ["\n=1", '"\'\n=1"'],
      [" =1", "' =1"],
      ["\u00a0+a", "'\u00a0+a"],
      ["＝1+1", "'＝1+1"],
      ["＠SUM(A1)", "'＠SUM(A1)"],
      ["\0=1", "'\0=1"],
      ['=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'],
      ["-5", "-5"],
      ["-5.2e3", "-5.2e3"],
      ["+1", "+1"],
      ["-1.234,50", '"-1.234,50"'],
      ["-3%", "-3%"],
      ["-", "'-"],
      ["a=1", "a=1"],
      ["'x", "'x"],
      [-5, "-5"],
      [["=1"], '"[""=1""]"'],
    ];
    const rows = cells.map(([value]) => ({ value }));
    expect(writeText(rows, "csv")).toBe(["value", ...cells.map(([, text]) => text), ""].join("\r\n"));
    expect(writeText(rows.slice(0, 1), "tsv")).toBe("value\n'=1+1\n");
    expect(writeText([{ "=A1": "=1" }], "csv")).toBe("'=A1\r\n'=1\r\n");
    expect(writeText([{ a: "=1" }], "csv", { escapeFormulas: false })).toBe("a\r\n=1\r\n");
  });

  it("as tsv has tabs and plain line ends", () => {
    expect(writeText([{ a: "x\ty", b: "1,2" }], "tsv")).toBe('a\tb\n"x\ty"\t1,2\n');
  });
});

describe("a table", () => {
  const row = fc.dictionary(
    fc.constantFrom("a", "b", "c", "d e", "f,g", "h\ni", "__proto__"),
    fc.oneof(fc.string(), fc.constantFrom("", '"', '""', "x\ny", "|", null, 1)),
  );
  it.each([
    ["csv", {}],
    ["csv", { header: false }],
    ["csv", { bom: true, header: false, nullText: "x y" }],
    ["csv", { quote: "all", nullText: "-" }],
    ["tsv", { lineEnd: "crlf", bom: true }],
    ["markdown", { nullText: "–" }],
  ] as const)("in %s with %j has the columns of all rows, as if they had been known before", (format, options) => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), fc.integer({ min: 1, max: 5 }), (rows, size) => {
        const columns = [...new Set(rows.flatMap((one) => Object.keys(one)))];
        const text = writeText(rows, format, { ...options, size });
        const known = columns.length === 0 ? "" : writeText(rows, format, { ...options, columns });
        expect(text).toBe(known);
      }),
      { numRuns: 300 },
    );
  });

  it("of columns that no row has is a header, and of no rows nothing", () => {
    expect(writeText([], "csv", { columns: ["a", "b"] })).toBe("a,b\r\n");
    expect(writeText([], "csv")).toBe("");
    expect(writeText([{}, {}], "markdown")).toBe("");
  });

  it("of more than 10,000 columns is not written, though as json it is", () => {
    const wide = Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [`c${n}`, n]));
    for (const format of ["csv", "tsv", "markdown"] as const) {
      expect(refusalOf(() => writeText([wide], format)).code).toBe("too_large");
    }
    expect(writeText([wide], "json")).toContain('"c10000":10000');
  });
});

describe("json", () => {
  it("has a line for each row", () => {
    expect(writeText([{ a: 1 }, { a: [2] }], "json")).toBe('[\n{"a":1},\n{"a":[2]}\n]\n');
    expect(writeText([], "json")).toBe("[]\n");
    expect(writeText([{ a: 1, b: 2 }, { b: 3 }], "json", { columns: ["b", "a"] })).toBe(
      '[\n{"b":2,"a":1},\n{"b":3}\n]\n',
    );
  });

  it("indented is what JSON.stringify makes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1 }),
        fc.integer({ min: 1, max: 10 }),
        (rows, indent) => {
          expect(writeText(rows, "json", { indent })).toBe(`${JSON.stringify(rows, undefined, indent)}\n`);
        },
      ),
    );
  });

  it("as ndjson has either line end", () => {
    expect(writeText([{ a: "x\ny" }, {}], "ndjson")).toBe('{"a":"x\\ny"}\n{}\n');
    expect(writeText([{ a: 1 }], "ndjson", { lineEnd: "crlf" })).toBe('{"a":1}\r\n');
  });
});

describe("yaml", () => {
  it("has blocks, and quotes where a reader could be mistaken", () => {
    const rows = [{ a: "x", list: [1, { b: [] }], o: { p: { q: null } }, e: {} }, {}, { no: "no", n: 1e21, e1: "e1" }];
    expect(writeText(rows, "yaml")).toBe(
      '- a: x\n  list:\n    - 1\n    - b: []\n  o:\n    p:\n      q: null\n  e: {}\n- {}\n- "no": "no"\n  "n": 1.0e+21\n  "e1": "e1"\n',
    );
    expect(writeText([], "yaml")).toBe("[]\n");
  });
});

describe("xml", () => {
  const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';

  it("has an element for each row and field, with attributes, text and repeated elements", () => {
    const rows = [
      { "@id": 1, a: "<&>", b: null, tags: ["x", "y"], o: { "@k": '"', "#text": "t" }, l: [[1, 2]], e: [] },
      {},
    ];
    expect(writeText(rows, "xml")).toBe(
      `${HEAD}<rows>\n<row id="1"><a>&lt;&amp;&gt;</a><b/><tags>x</tags><tags>y</tags><o k="&quot;">t</o><l><item>1</item><item>2</item></l></row>\n<row/>\n</rows>\n`,
    );
    expect(writeText([], "xml")).toBe(`${HEAD}<rows>\n</rows>\n`);
  });

  it("is indented and named as wished", () => {
    const text = writeText([{ a: { b: 1, c: [] }, d: ["x", "y"] }], "xml", {
      indent: 2,
      root: "orders",
      rowName: "order",
    });
    expect(text).toBe(
      `${HEAD}<orders>\n  <order>\n    <a>\n      <b>1</b>\n    </a>\n    <d>x</d>\n    <d>y</d>\n  </order>\n</orders>\n`,
    );
  });

  it("writes names and characters that XML has not in another way", () => {
    const rows = [
      { "first name": "\u0000a\ud800", "1": "\r", "": " x ", "a:b": "\uffff", _x: 1, größe: "]]>", "@xmlns": "u" },
    ];
    expect(writeText(rows, "xml")).toBe(
      `${HEAD}<rows>\n<row _x0078_mlns="u"><_x0031_ xml:space="preserve">&#13;</_x0031_><first_x0020_name>\uFFFDa\uFFFD</first_x0020_name>` +
        '<_x_ xml:space="preserve"> x </_x_><a_x003A_b>\uFFFD</a_x003A_b><_x005F_x>1</_x005F_x><größe>]]&gt;</größe></row>\n</rows>\n',
    );
  });

  it("is well-formed whatever the data", () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ stringUnit: "binary" })), {
          maxLength: 4,
        }),
        fc.array(fc.nat(40)),
        (rows, lengths) => {
          const text = writeText(rows, "xml", { root: "any root", rowName: "1" });
          const read = readText(readXml, cut(text, lengths), { rowPath: "_x0031_" });
          expect(read.rows).toHaveLength(rows.length);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("markdown", () => {
  it("escapes what would end a cell", () => {
    expect(writeText([{ "a|b": "x|y\\", c: "1\r\n2", d: { e: null } }], "markdown")).toBe(
      '| a\\|b | c | d |\n| --- | --- | --- |\n| x\\|y\\\\ | 1<br>2 | {"e":null} |\n',
    );
  });
});

describe("the format of the result", () => {
  it("is json where none is named, and one of those that are known", () => {
    expect(outputFormatOf(undefined)).toBe("json");
    for (const format of OUTPUT_FORMATS) expect(outputFormatOf(format)).toBe(format);
    expect(refusalOf(() => outputFormatOf("xlsx"))).toMatchObject({
      code: "invalid_input",
      message: '"output_format" must be one of json, csv, tsv, ndjson, yaml, xml, markdown, not "xlsx".',
    });
  });

  it("does not change what is written when rows come in other batches", () => {
    const rows = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 10 });
    fc.assert(
      fc.property(rows, fc.constantFrom(...OUTPUT_FORMATS), fc.integer({ min: 1, max: 10 }), (given, format, size) => {
        expect(writeText(given, format, { size })).toBe(writeText(given, format, { size: 1 }));
      }),
      { numRuns: 300 },
    );
  });
});
