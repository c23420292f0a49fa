import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numberOf, numberText } from "./numbers.ts";
import type { ChartPart, Part, TablePart } from "./parts.ts";
import { type ShowRequest, showParts } from "./show-parts.ts";

const PNG = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.alloc(40)]);
const typeOf = (bytes: Buffer) => (bytes.subarray(0, 4).equals(PNG.subarray(0, 4)) ? "image/png" : undefined);
const show = (request: ShowRequest) => showParts(request, { typeOf, maxBytes: 1_000 });

/** The message of the refusal, and the parameter that it names. */
function refusal(request: ShowRequest): { code: string; path: string; message: string; hint: string } {
  try {
    show(request);
  } catch (error) {
    const {
      code,
      message,
      hint = "",
      issues = [],
    } = error as {
      code: string;
      message: string;
      hint?: string;
      issues?: { path: string }[];
    };
    return { code, message, hint, path: issues[0]?.path ?? "" };
  }
  throw new Error("accepted");
}

const SALES = [
  { month: "Jan", sum: 10, cost: "7.5", note: "a" },
  { month: "Feb", sum: 30, cost: null, note: "" },
  { month: "Mar", sum: 20, cost: "-1e1", note: "c" },
];

describe("a table", () => {
  it("has every key of the rows as a column, in the order in which they first come", () => {
    const { parts, text } = show({ rows: [{ b: 1 }, { a: "x", b: 2 }, {}], title: "Rows" });
    expect(parts).toEqual([
      {
        type: "table",
        title: "Rows",
        columns: [
          { key: "b", title: "b" },
          { key: "a", title: "a" },
        ],
        rows: [
          [1, null],
          [2, "x"],
          [null, null],
        ],
      },
    ]);
    expect(text).toBe("### Rows\n\n| b | a |\n| --: | --- |\n| 1 |  |\n| 2 | x |\n|  |  |");
  });

  it("takes the columns that are named, with their titles; a key may have a colon in it", () => {
    const rows = [{ "a:b": 1, a: 2, c: 3 }];
    const [table] = show({ rows, columns: ["c: Third", "a:b", "a"] }).parts as TablePart[];
    expect(table?.columns).toEqual([
      { key: "c", title: "Third" },
      { key: "a:b", title: "a:b" },
      { key: "a", title: "a" },
    ]);
    expect(table?.rows).toEqual([[3, 1, 2]]);
  });

  it("may be empty, with and without columns", () => {
    expect(show({ rows: [], title: "Found" })).toEqual({
      parts: [{ type: "table", title: "Found", columns: [], rows: [] }],
      text: "### Found\n\nNo rows.",
    });
    expect(show({ rows: [], columns: ["a: Name", "b"] })).toEqual({
      parts: [
        {
          type: "table",
          columns: [
            { key: "a", title: "Name" },
            { key: "b", title: "b" },
          ],
          rows: [],
        },
      ],
      text: "| Name | b |\n| --- | --- |\n\nNo rows.",
    });
  });

  it("is not there for empty lists alone, which models give for what they leave out", () => {
    expect(show({ markdown: "Hi", rows: [], columns: [], y: [] })).toEqual({
      parts: [{ type: "markdown", text: "Hi" }],
      text: "Hi",
    });
    expect((show({ rows: [{ a: 1 }], columns: [], y: [] }).parts[0] as TablePart).rows).toEqual([[1]]);
  });

  it("does not take what objects have anyway for a column", () => {
    const rows = JSON.parse('[{"constructor": 1, "hasOwnProperty": 2}, {"x": 3}]') as Record<string, unknown>[];
    const [table] = show({ rows }).parts as TablePart[];
    expect(table?.rows).toEqual([
      [1, 2, null],
      [null, null, 3],
    ]);
    expect(refusal({ rows: [{ a: 1 }], columns: ["toString"] }).message).toBe(
      '"columns" names the column "toString", which no row has.',
    );
  });

  it("shows the first 50 rows as text, and counts the others", () => {
    const rows = Array.from({ length: 53 }, (_, n) => ({ n }));
    const { text } = show({ rows });
    expect(text.split("\n").filter((line) => /^\| \d+ \|$/.test(line))).toHaveLength(50);
    expect(text).toMatch(/\n\n… and 3 more rows\.$/);
  });

  it("shows what is stored of numbers, without what binary fractions add", () => {
    const row = {
      a: 0.1 + 0.2,
      b: 3.3000000000000003,
      c: 9007199254740991,
      d: "0.30000000000000004",
      e: -1 / 3,
      f: 1e21,
    };
    expect(show({ rows: [row] }).text.split("\n")[2]).toBe(
      "| 0.3 | 3.3 | 9007199254740991 | 0.30000000000000004 | -0.333333333333 | 1e+21 |",
    );
    const { text } = show({ rows: [{ n: "x", v: 0.1 + 0.2 }], chart: "bar" });
    expect(text).toContain("1 row: v 0.3.");
    expect(text).toContain("bar [0.3]");
  });

  it("keeps each cell in its cell, whatever it holds", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 1, maxLength: 4 }), (cells) => {
        const row = Object.fromEntries(cells.map((cell, place) => [`c${place}`, cell]));
        const { text } = show({ rows: [row] });
        const lines = text.split("\n");
        expect(lines).toHaveLength(3);
        expect(lines[2]?.replace(/\\./g, "").match(/\|/g)).toHaveLength(cells.length + 1);
        expect(lines[2]?.replace(/\\./g, "")).not.toMatch(/[<`]/);
      }),
    );
  });
});

describe("a chart", () => {
  const chartOf = (request: ShowRequest) => show(request).parts[0] as ChartPart;

  it("draws every column of numbers over the first column, where nothing else is said", () => {
    expect(chartOf({ rows: SALES, chart: "bar" })).toEqual({
      type: "chart",
      chart: "bar",
      x: "month",
      y: ["sum", "cost"],
      summary: "Bar chart by month, 3 rows: sum from 10 (Jan) to 30 (Feb); cost from -10 (Mar) to 7.5 (Jan).",
    });
  });

  it.each<[string, ShowRequest, string, string[]]>([
    ["after the numbers", { chart: "bar", rows: [{ rev: 5, month: "Jan" }] }, "month", ["rev"]],
    [
      "after several numbers",
      {
        chart: "line",
        rows: [
          { a: 1, b: 2, day: "2026-01-01" },
          { a: 3, b: 4, day: "2026-01-02" },
        ],
      },
      "day",
      ["a", "b"],
    ],
    ["between them", { chart: "stacked", rows: [{ a: 1, name: "x", b: "2" }] }, "name", ["a", "b"]],
    ["that y leaves over", { chart: "pie", rows: [{ share: 1, more: 2, name: "x" }], y: ["share"] }, "name", ["share"]],
  ])("finds the names of the rows in a column %s", (_name, request, x, y) => {
    expect(chartOf(request)).toMatchObject({ x, y });
  });

  it("keeps the first column where the texts after it name no rows", () => {
    const noted = [
      { year: 2020, sum: 1, note: "" },
      { year: 2021, sum: 2, note: "best" },
    ];
    expect(chartOf({ chart: "line", rows: noted })).toMatchObject({ x: "year", y: ["sum"] });
    const grouped = [
      { year: 2020, kind: "a", sum: 1 },
      { year: 2021, kind: "a", sum: 2 },
    ];
    expect(chartOf({ chart: "bar", rows: grouped })).toMatchObject({ x: "year", y: ["sum"] });
    expect(chartOf({ chart: "bar", rows: [{ a: 1, b: 2 }] })).toMatchObject({ x: "a", y: ["b"] });
  });

  it("has the first column of numbers across, where it is a scatter plot", () => {
    const people = [
      { name: "Ana", height: 170, weight: 60 },
      { name: "Ben", height: 180, weight: 80 },
    ];
    expect(chartOf({ chart: "scatter", rows: people })).toMatchObject({ x: "height", y: ["weight"] });
  });

  it("comes with the table that it draws, which has its columns in any case", () => {
    const { parts } = show({ rows: SALES, chart: "line", x: "month", y: ["sum"], columns: ["note: Note"], title: "T" });
    expect(parts.map(({ type }) => type)).toEqual(["chart", "table"]);
    expect((parts[1] as TablePart).columns.map(({ title }) => title)).toEqual(["Note", "month", "sum"]);
    expect(parts[0]).toMatchObject({ title: "T" });
    expect(parts[1]).not.toHaveProperty("title");
  });

  it("takes several columns in one text, unless that is a column", () => {
    expect(chartOf({ rows: SALES, chart: "bar", y: ["sum, cost"] }).y).toEqual(["sum", "cost"]);
    expect(chartOf({ rows: [{ x: 1, "a,b": 2 }], chart: "bar", y: ["a,b"] }).y).toEqual(["a,b"]);
  });

  it.each<[string, ShowRequest, string, string, RegExp]>([
    ["no rows", { chart: "bar" }, "chart", '"chart" needs "rows": what it is about.', /^$/],
    ["empty rows", { chart: "bar", rows: [] }, "rows", '"rows" is empty: there is nothing to draw in a chart.', /^$/],
    [
      "an unknown x",
      { chart: "bar", rows: SALES, x: "mont" },
      "x",
      '"x" names the column "mont", which no row has.',
      /^Columns of the rows: "month", "sum", "cost", "note"\.$/,
    ],
    [
      "an unknown y",
      { chart: "bar", rows: SALES, y: ["sum", "total"] },
      "y",
      '"y" names the column "total", which no row has.',
      /"sum"/,
    ],
    [
      "texts for numbers",
      { chart: "line", rows: SALES, y: ["note"] },
      "y",
      '"y" needs numbers, but the column "note" has "a" in row 1.',
      /without units/,
    ],
    [
      "no numbers at all",
      { chart: "line", rows: [{ a: "x", b: "1 kg" }] },
      "y",
      'No column besides "a" has only numbers: the column "b" has "1 kg" in row 1.',
      /without units.*labels can be named in x/,
    ],
    [
      "a cell that is no number in the column that was meant",
      {
        chart: "bar",
        rows: [
          { m: "Jan", note: "", v: null },
          { m: "Feb", note: "", v: 3 },
          { m: "Mar", note: "b", v: "12,5" },
        ],
      },
      "y",
      'No column besides "m" has only numbers: the column "v" has "12,5" in row 3.',
      /1234\.5; null where there is none/,
    ],
    [
      "one column alone",
      { chart: "bar", rows: [{ v: 1 }] },
      "y",
      'No column besides "v" has only numbers.',
      /labels in x, those of the numbers in y/,
    ],
    [
      "a column of nothing",
      { chart: "line", rows: [{ a: 1, b: null }], y: ["b"] },
      "y",
      'The column "b" has no values to draw.',
      /^$/,
    ],
    [
      "a scatter over names",
      { chart: "scatter", rows: SALES, x: "month", y: ["sum"] },
      "x",
      '"x" needs numbers, but the column "month" has "Jan" in row 1.',
      /1234\.5/,
    ],
    [
      "a pie of two",
      { chart: "pie", rows: SALES, y: ["sum", "cost"] },
      "y",
      "A pie shows one column, not 2.",
      /stacked/,
    ],
    ["a pie of debts", { chart: "pie", rows: SALES, y: ["cost"] }, "y", "A pie cannot show -10 (row 3).", /bar/],
    ["a pie of nothing", { chart: "pie", rows: [{ a: "x", b: 0 }] }, "y", "A pie needs a value above 0.", /^$/],
    ["columns without rows", { columns: ["a"] }, "columns", '"columns" needs "rows": what it is about.', /^$/],
    ["axes without a chart", { rows: SALES, y: ["sum"] }, "y", '"y" is of a chart: give "chart", too.', /^$/],
    [
      "a column twice",
      { rows: SALES, columns: ["sum", "sum: Sum"] },
      "columns",
      '"columns" names the column "sum" twice.',
      /^$/,
    ],
    ["a series twice", { rows: SALES, chart: "bar", y: ["sum", "sum"] }, "y", '"y" names a column twice.', /^$/],
  ])("refuses %s and names the parameter", (_name, request, path, message, hint) => {
    expect(refusal(request)).toEqual({ code: "invalid_input", path, message, hint: expect.stringMatching(hint) });
  });

  it("has limits, each of which says what to do", () => {
    const many = (rows: number, columns: number) =>
      Array.from({ length: rows }, (_, n) =>
        Object.fromEntries([["x", `r${n}`], ...Array.from({ length: columns }, (_, c) => [`c${c}`, n + 1])]),
      );
    expect(show({ rows: many(1_000, 2), chart: "line" }).parts).toHaveLength(2);
    expect(refusal({ rows: many(1_001, 1) }).message).toBe('"rows" has 1001 rows, more than 1000.');
    expect(refusal({ rows: many(1_000, 3), chart: "line" }).message).toBe(
      "A chart has at most 2000 points, not 3000 (1000 rows × 3 columns).",
    );
    expect(refusal({ rows: many(1, 11), chart: "line" }).message).toBe("A chart shows at most 10 columns, not 11.");
    expect(refusal({ rows: many(41, 1), chart: "pie" }).message).toBe("A pie has at most 40 slices, not 41.");
    expect(refusal({ rows: many(1, 50) }).message).toBe("A table has at most 50 columns, not 51.");
    expect(refusal({ title: "x".repeat(201), rows: [] }).message).toBe(
      '"title" must have at most 200 characters, not 201.',
    );
  });

  it("is a Mermaid diagram in the text, where Mermaid has one that says the same", () => {
    const { text } = show({ rows: SALES, chart: "bar", y: ["sum"], title: "Sales" });
    expect(text).toContain(
      '### Sales\n\nBar chart by month, 3 rows: sum from 10 (Jan) to 30 (Feb).\n\n```mermaid\nxychart-beta\n  title "Sales"\n' +
        '  x-axis ["Jan", "Feb", "Mar"]\n  y-axis "sum"\n  bar [10, 30, 20]\n```\n\n| month |',
    );
    expect(show({ rows: SALES, chart: "pie", y: ["sum"] }).text).toContain(
      '```mermaid\npie showData\n  "Jan" : 10\n  "Feb" : 30\n  "Mar" : 20\n```',
    );
    for (const request of [
      { rows: SALES, chart: "bar" },
      { rows: SALES, chart: "line", y: ["cost"] },
      { rows: [{ x: 1, y: 2 }], chart: "scatter" },
      { rows: Array.from({ length: 31 }, (_, n) => ({ n, m: n })), chart: "bar" },
    ] as ShowRequest[]) {
      expect(show(request).text).not.toContain("mermaid");
    }
  });

  it("has no name that ends its Mermaid text or its fence", () => {
    const rows = [
      { x: 'a"]\n```\n# b', y: 1e-7 },
      { x: "100 %% of it", y: 1e21 },
    ];
    const { text } = show({ rows, chart: "line", title: '"x"\n```' });
    expect(text.match(/```/g)).toHaveLength(2);
    expect(text).toContain('  x-axis ["a ] b", "100 % of it"]');
    expect(text).toContain("line [0.0000001, 1000000000000000000000]");
  });

  it("sums itself up for any numbers", () => {
    const cell = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constant(null),
      fc.integer().map(String),
    );
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 20 }), (cells) => {
        fc.pre(cells.some((each) => numberOf(each) !== undefined));
        const { summary } = chartOf({ rows: cells.map((y, x) => ({ x, y })), chart: "line", y: ["y"] });
        const values = cells.flatMap((each) => numberOf(each) ?? []);
        const [low, high] = [Math.min(...values), Math.max(...values)];
        if (low !== high) expect(summary).toContain(`y from ${numberText(low)} (`);
        expect(summary).toMatch(/^Line chart by x, \d+ rows?: y .*\.$/);
      }),
    );
  });
});

describe("an image", () => {
  const uri = `data:image/png;base64,${PNG.toString("base64")}`;
  const imageOf = (image: string) => show({ image, alt: "A chart" }).parts as Part[];

  it.each([
    ["a data URI", uri],
    ["base64", PNG.toString("base64")],
    ["base64 in lines", PNG.toString("base64").replace(/.{10}/g, "$&\n")],
    ["base64 for URLs", PNG.toString("base64url")],
    ["a data URI that claims something else", uri.replace("image/png", "text/html")],
    [
      "a data URI with parameters and escapes",
      uri.replace(";", ";name=a.png;").replaceAll("+", "%2B").replaceAll("=", "%3D").replace("name%3D", "name="),
    ],
  ])("may be %s; its bytes say what it is", (_name, image) => {
    expect(imageOf(image)).toEqual([{ type: "image", mime_type: "image/png", bytes: PNG.length, alt: "A chart" }]);
  });

  it("is its description in the text", () => {
    expect(show({ image: uri, alt: "A *red* <square>" }).text).toBe(
      "*Image: A \\*red\\* &lt;square\\> (image/png, 48 bytes)*",
    );
    expect(show({ image: uri }).text).toBe("*Image: without a description (image/png, 48 bytes)*");
  });

  it.each([
    ["<svg/>", false],
    ['<svg xmlns="http://www.w3.org/2000/svg"></svg>', true],
    [
      '\ufeff<?xml version="1.0"?>\n<!-- a > b -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN">\n<svg width="1"/>',
      true,
    ],
    ["<html><svg></svg></html>", false],
    ["<svgx></svgx>", false],
    [`${"<!-- -->".repeat(100)}x`, false],
  ])("may be an SVG: %j", (svg, accepted) => {
    const given = [Buffer.from(svg).toString("base64"), `data:image/svg+xml,${encodeURIComponent(svg)}`];
    for (const image of given) {
      if (accepted) expect(imageOf(image)).toMatchObject([{ mime_type: "image/svg+xml" }]);
      else expect(refusal({ image }).message).toBe('"image" is no PNG, JPEG, GIF, WebP or SVG by its bytes.');
    }
  });

  it.each([
    ["https://example.com/a.png", '"image" is an address, which is not fetched.'],
    ["a picture of a cat!", '"image" is neither a data URI nor base64.'],
    ["data:image/png;base64,", '"image" is neither a data URI nor base64.'],
    ["data:image/svg+xml,%ZZ", '"image" is neither a data URI nor base64.'],
    [Buffer.from("<html>").toString("base64"), '"image" is no PNG, JPEG, GIF, WebP or SVG by its bytes.'],
    [Buffer.alloc(1_001).toString("base64"), '"image" has 1001 bytes, more than 1000.'],
  ])("is refused as %s", (image, message) => {
    expect(refusal({ image })).toMatchObject({ code: "invalid_input", path: "image", message });
  });

  it("is described only where there is one", () => {
    expect(refusal({ alt: "x" })).toMatchObject({ path: "alt" });
  });
});

it("shows several parts in one order: text, chart, table, image", () => {
  const { parts, text } = show({
    image: PNG.toString("base64"),
    rows: SALES,
    chart: "area",
    y: ["sum"],
    markdown: "# Hello\n\n*you*",
  });
  expect(parts.map(({ type }) => type)).toEqual(["markdown", "chart", "table", "image"]);
  expect(text).toMatch(/^# Hello\n\n\*you\*\n\nArea chart .*\n\n\| month \|.*\n\n\*Image: /s);
});

it.each([
  ["12", 12],
  [" -1.5e3 ", -1500],
  [".5", 0.5],
  ["5.", 5],
  [7, 7],
  ["1,000", undefined],
  ["0x10", undefined],
  ["1e999", undefined],
  ["", undefined],
  [Number.POSITIVE_INFINITY, undefined],
  [true, undefined],
  [[1], undefined],
])("%j as a number is %j", (cell, number) => {
  expect(numberOf(cell)).toBe(number);
});
