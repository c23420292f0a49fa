import { parse as parseCsv } from "csv-parse/sync";
import fc from "fast-check";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { cut, readText } from "../../../test/fixtures/read-text.ts";
import { NO_WORKSPACE, writeText } from "../../../test/fixtures/write-text.ts";
import { newRow, type Row } from "../rows.ts";
import { defaultOutput, type OutputFormat, type OutputOptions } from "./output-options.ts";
import { readerOf } from "./read-rows.ts";
import { createTextSink } from "./text-sink.ts";
import { withoutApostrophe } from "./write-delimited.ts";
import { createRowWriter } from "./writers.ts";

/** Rows as text of a format and back, the text cut into pieces. */
function roundTrip(
  rows: readonly object[],
  format: OutputFormat,
  lengths: readonly number[] = [],
  options: Partial<OutputOptions> & { size?: number } = {},
): unknown {
  const text = writeText(rows, format, options);
  const { rows: read, bad } = readText(
    readerOf(format),
    cut(text, lengths),
    format === "csv" ? { delimiter: options.delimiter } : {},
  );
  expect(bad).toEqual([]);
  return plain(read);
}

/** As JSON and back, so that rows compare as plain data, and -0 is 0. */
const plain = (rows: readonly object[]): Row[] => JSON.parse(JSON.stringify(rows)) as Row[];

const name = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(
    "__proto__",
    "constructor",
    "yes",
    "1",
    "",
    "- a",
    "a: b",
    "#",
    "~",
    "<<",
    "a.b",
    "xml",
    "_x0041_",
    "@",
  ),
);
const anyRow = fc.dictionary(name, fc.jsonValue({ maxDepth: 4 }), { maxKeys: 6 });
const lengths = fc.array(fc.nat(30));
const size = fc.integer({ min: 1, max: 4 });

describe.each<OutputFormat>(["json", "ndjson", "yaml"])("%s", (format) => {
  it("keeps any data, in whatever batches it is written and pieces it is read", () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 8 }), lengths, size, fc.nat(3), (given, pieces, batch, indent) => {
        const rows = plain(given);
        expect(roundTrip(rows, format, pieces, { size: batch, indent })).toEqual(rows);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps texts that look like something else", () => {
    const texts = [
      "",
      " ",
      "yes",
      "NO",
      "null",
      "~",
      "1",
      "1.0",
      "0x1",
      "1e3",
      ".nan",
      "- a",
      "a: b",
      "#c",
      "'",
      '"',
      "!!x",
    ];
    texts.push("&a", "*a", "|", ">", "%", "@", "`", "2026-01-01", "a #b", "a\nb", "\u0085", "\u2028", "x".repeat(2000));
    texts.push("---", "...", "<<", "=", "1_000", "0o7", "12:30", "\uFEFF", "\u0000", "\u007f", "😀", "a\r\nb", "\t");
    const rows = texts.map((text) => ({ text, [text]: [text, { [text]: text }] }));
    expect(roundTrip(rows, format)).toEqual(rows);
  });
});

/** Tables of text: every row has every column. Markdown and csv keep a header of no rows only. */
function table(cell: fc.Arbitrary<string>, column: fc.Arbitrary<string>): fc.Arbitrary<Row[]> {
  return fc.uniqueArray(column, { minLength: 1, maxLength: 5 }).chain((columns) =>
    fc.array(
      fc.tuple(...columns.map(() => cell)).map((cells) => {
        const row = newRow();
        for (const [index, text] of cells.entries()) row[columns[index] as string] = text;
        return row;
      }),
      { minLength: 1, maxLength: 6 },
    ),
  );
}
// Names of whole numbers come first in any JavaScript object.
const column = name.filter(
  (text) => text.trim() !== "" && !/^\d+$/.test(text) && text.isWellFormed() && !text.startsWith("\uFEFF"),
);
const cell = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(" a ", '"', '""', "a\nb", "\r", "a,b;c|d\te", "=1", "'", "", "\\", "<a>&amp;", "]]>", "\uFEFFx"),
);

describe.each<[OutputFormat, Partial<OutputOptions>]>([
  ["csv", {}],
  ["csv", { delimiter: ";", quote: "all", lineEnd: "lf" }],
  ["csv", { delimiter: "|", lineEnd: "lf" }],
  ["tsv", {}],
  ["tsv", { lineEnd: "crlf", quote: "all" }],
])("%s with %j", (format, options) => {
  it("keeps any text, in whatever batches it is written and pieces it is read", () => {
    fc.assert(
      fc.property(table(cell, column), lengths, size, (rows, pieces, batch) => {
        const all = { delimiter: ",", ...options, escapeFormulas: false, size: batch };
        expect(roundTrip(rows, format, pieces, all)).toEqual(plain(rows));
      }),
      { numRuns: 300 },
    );
  });

  it("is read alike by csv-parse", () => {
    fc.assert(
      fc.property(table(cell, column), (rows) => {
        const text = writeText(rows, format, { ...options, escapeFormulas: false });
        const delimiter = format === "tsv" ? "\t" : (options.delimiter ?? ",");
        const [header, ...lines] = parseCsv(text, { delimiter, record_delimiter: ["\r\n", "\n"] });
        expect(header).toEqual(Object.keys(rows[0] as Row));
        expect(lines).toEqual(rows.map((row) => Object.values(row)));
      }),
      { numRuns: 300 },
    );
  });
});

describe("markdown", () => {
  it("keeps trimmed text, in whatever batches it is written and pieces it is read", () => {
    const text = (any: fc.Arbitrary<string>) =>
      any
        .map((one) => one.replaceAll("<br", "").replaceAll(/\r\n?/g, "\n").trim())
        .filter((one) => !/\s*\n\s*/.test(one));
    fc.assert(
      fc.property(
        table(
          text(cell),
          text(column).filter((one) => one !== ""),
        ),
        lengths,
        size,
        (rows, pieces, batch) => {
          expect(roundTrip(rows, "markdown", pieces, { size: batch })).toEqual(plain(rows));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("xml", () => {
  const text = fc
    .oneof(cell, fc.string({ unit: "binary" }))
    // XML has not got all characters.
    .map((any) => any.toWellFormed().replaceAll(/[\0-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, "?"));
  const { value } = fc.letrec<{ value: unknown; object: object }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      text,
      tie("object"),
      fc.array(fc.oneof(text, tie("object")), { minLength: 2, maxLength: 3 }),
    ),
    object: fc.dictionary(
      name.filter((one) => !one.startsWith("@")),
      tie("value"),
      { minKeys: 1, maxKeys: 3 },
    ),
  }));
  const row = fc
    .tuple(
      fc.dictionary(
        name.filter((one) => !one.startsWith("@")),
        value,
        { maxKeys: 4 },
      ),
      fc.dictionary(name, text, { maxKeys: 2 }),
    )
    .map(([fields, attributes]) => {
      const all = newRow(fields as Row);
      for (const key of Object.keys(attributes)) if (key !== "") all[`@${key}`] = attributes[key];
      return all;
    });

  it("keeps texts, objects, lists of several and attributes under any name", () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5 }), lengths, size, fc.nat(2), (rows, pieces, batch, indent) => {
        expect(roundTrip(rows, "xml", pieces, { size: batch, indent })).toEqual(plain(rows));
      }),
      { numRuns: 500 },
    );
  });
});

describe("a table of text", () => {
  it("is the same after it went through all formats", () => {
    const simple = fc
      .string()
      .map((text) => text.trim())
      .filter((text) => !/[\r\n]|<br/.test(text));
    fc.assert(
      fc.property(
        table(
          simple,
          column.map((text) => text.trim()).filter((text) => text !== "" && !/[\r\n]|<br/.test(text)),
        ),
        (rows) => {
          let now: unknown = plain(rows);
          for (const format of ["json", "csv", "tsv", "ndjson", "yaml", "xml", "markdown"] as const) {
            now = roundTrip(now as object[], format, [], { escapeFormulas: false, delimiter: "," });
          }
          expect(now).toEqual(plain(rows));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("yaml", () => {
  it("is read alike by both libraries, and by YAML 1.1", () => {
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 5 }), (given) => {
        const rows = plain(given);
        const text = writeText(rows, "yaml");
        expect(parseYaml(text)).toEqual(rows);
        expect(parseYaml(text, { version: "1.1" })).toEqual(rows);
        expect(load(text)).toEqual(rows);
      }),
      { numRuns: 200 },
    );
  });
});

it.each<OutputFormat>(["csv", "tsv"])(
  "%s gives texts back that were made harmless for spreadsheets, where it says so",
  (format) => {
    const cell = fc.stringMatching(/^['=+@\t -]{0,3}[a1]?$/);
    let exact = 0;
    fc.assert(
      fc.property(fc.array(fc.record({ a: cell, "=b": cell }), { minLength: 1, maxLength: 5 }), (rows) => {
        const sink = createTextSink(NO_WORKSPACE, Number.MAX_SAFE_INTEGER);
        const writer = createRowWriter(defaultOutput(format), sink);
        writer.write(rows.map((row) => newRow(row)));
        writer.end();
        if (!writer.escaped?.().exact) return;
        exact++;
        const { content } = sink.finish();
        const { rows: read } = readText(readerOf(format), cut("text" in content ? content.text : "", []), {});
        const back = read.map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([key, value]) => [withoutApostrophe(key), withoutApostrophe(value as string)]),
          ),
        );
        expect(back).toEqual(rows);
      }),
      { numRuns: 300 },
    );
    expect(exact).toBeGreaterThan(50);
  },
);
