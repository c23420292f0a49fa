import { describe, expect, it } from "vitest";
import { runRows } from "../../../test/fixtures/engine.ts";
import { ToolError } from "../../errors.ts";
import type { EngineOrder } from "./engine-order.ts";

const runText = (text: string, order: Partial<EngineOrder> = {}) =>
  runRows([], { input: { kind: "text", text }, ...order });
const runBytes = (bytes: Uint8Array, order: Partial<EngineOrder> = {}) =>
  runRows([], { input: { kind: "bytes", bytes }, ...order });

async function failure(run: Promise<unknown>): Promise<ToolError> {
  const error = await run.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ToolError);
  return error as ToolError;
}

describe("a run warns", () => {
  it("of rows that were skipped, of how many, and why", async () => {
    const { warnings, input } = await runText("a,b\n1,2\n3\n4\n5\n", { onBadRow: "skip" });
    expect(input).toMatchObject({ rows: 1, issues_total: 3 });
    expect(warnings).toEqual([
      expect.stringMatching(/^Input: 3 of 4 rows could not be read and were skipped: row 2 has 1 cell/),
    ]);
    expect((await runText("a,b\n1,2\n", { onBadRow: "skip" })).warnings).toEqual([]);
  });

  it("of whole numbers that lose digits, in nested JSON and in rows", async () => {
    const text = await runText('[{"u":{"id":12345678901234567890}}]');
    expect(text.warnings).toEqual([expect.stringMatching(/^Input: Row 1, field "u": whole numbers beyond .* lose/)]);
    const rows = await runRows([{ id: 1 }, { id: 2 ** 60 }, { id: 2 ** 61 }]);
    expect(rows.warnings).toEqual([expect.stringMatching(/^Input: Row 2, field "id": /)]);
    expect(rows.input.large_numbers).toMatch(/^Row 2/);
  });

  it("of a single row that holds lists", async () => {
    const { warnings } = await runText('{"data":{"items":[{"a":1},{"a":2}]}}');
    expect(warnings).toEqual([expect.stringMatching(/^Input: One object was taken as one row.*"data.items" \(2\)\.$/)]);
  });

  it("of a table without rows, whatever its one line says", async () => {
    for (const [text, inputFormat] of [
      ["id,name\n", undefined],
      ["id\n", undefined],
      ["please clean my data", "csv"],
      ["id\tname", "tsv"],
      ["| id | name |\n|---|---|\n", "markdown"],
    ] as const) {
      const { warnings, input } = await runText(text, { inputFormat });
      expect(input.rows).toBe(0);
      expect(warnings).toEqual([
        expect.stringMatching(/^Input: The (csv|tsv|markdown) input has no rows, only the name/),
      ]);
    }
    expect((await runText("id\n\n1\n")).warnings).toEqual([]);
    expect((await runText("[]")).warnings).toEqual([]);
  });

  it.each(["please clean my data", "{'a':1}", "Just clean it.\n", "<>"])(
    "not but ends where a text is no data at all: %s",
    async (text) => {
      for (const order of [{}, { suggest: true }, { onBadRow: "skip" as const, dryRun: true }]) {
        expect(await failure(runText(text, order))).toMatchObject({
          code: "invalid_input",
          message: `The text is no data in a format that is known: ${JSON.stringify(text.trim())}.`,
          hint: expect.stringContaining('"input_format": "csv"'),
        });
      }
    },
  );

  it("of an encoding that is a guess, but not where it is told", async () => {
    const latin = Buffer.from("name\nJos\xe9\nAm\xe9lie\nRen\xe9\n", "latin1");
    const { warnings, input } = await runBytes(latin);
    expect(input.encoding).toMatch(/^(windows|iso)-/);
    expect(warnings).toEqual([expect.stringMatching(/^Input: The encoding .* is a guess.*windows-1250/)]);
    expect((await runBytes(latin, { inputOptions: { encoding: "windows-1252" } })).warnings).toEqual([]);
    expect((await runBytes(Buffer.from("name\nJosé\n"))).warnings).toEqual([]);
  });

  it.each<[string, Partial<EngineOrder>, string]>([
    ["a\n1\n", { inputOptions: { rowPath: "data" } }, "row_path has no effect on csv, but on json, yaml, xml."],
    ["[]", { inputOptions: { delimiter: ";" } }, "delimiter has no effect on json, but on csv, tsv."],
    ["a\n1\n", { inputOptions: { encoding: "utf-8" } }, "encoding has no effect on a text, which is decoded already."],
    ['{"a":1}\n{"a":2}', { inputOptions: { skipLines: 1 } }, ""],
  ])("of options without effect: %j with %j", async (text, order, expected) => {
    const { warnings } = await runText(text, order);
    expect(warnings).toEqual(expected === "" ? [] : [`Input: input_options: ${expected}`]);
  });

  it("of options for rows that are given as such", async () => {
    const { warnings } = await runRows([{ a: "" }], { inputOptions: { nullValues: [""], encoding: "utf-8" } });
    expect(warnings).toEqual([
      'Input: input_options: null_values, encoding of no effect, for "data" holds rows already.',
    ]);
  });
});

describe("an input with bad rows", () => {
  it.each<[string, RegExp]>([
    ["a,b\n1,2\n3\n4,5\n", /"pad" fills short rows up with null, "skip" leaves such rows out/],
    ["a,b\n1,2\n3\n4\n5\n", /"pad" fills short rows up with null/],
    ["a,b\n1,2\n4,5\n6,7\nTotal\n2 rows\n", /the last rows: "skip_footer": 2 of "input_options" leaves/],
    ['a,b\n1,2\n4,5" pipe\n6,7\n', /"quote": "none" of "input_options" where quotes are signs like others/],
    [
      "Title\nname,city\nAnn,Rome\nBob,Oslo\n",
      /^If the table begins at line 2, set "skip_lines": 1, .*\. Else: Correct them/,
    ],
    ['a,b\n1,"2\n3,4\n', /must end with one.*"quote": "none"/],
    ['{"a":1}\n{"a":}\n', /"on_bad_row" of "input_options": "skip" leaves such rows out/],
  ])("has a hint that makes it readable: %j", async (text, hint) => {
    expect((await failure(runText(text))).hint).toMatch(hint);
  });
});

it("bad rows that cannot be filled up have no hint to do so", async () => {
  const { hint } = await failure(runText("a,b\n1,2\n3,4,5\n6,7\n", { inputOptions: { pad: true } }));
  expect(hint).toBe('Correct them, or set "on_bad_row" of "input_options": "skip" leaves such rows out.');
});

it("names of formats are taken in any case", async () => {
  const steps = [{ name: "format", format: "NDJSON" }];
  expect((await runText("a\n1\n", { steps })).output).toMatchObject({ format: "ndjson" });
  const { output, input } = await runText("a\n1\n", { inputFormat: "CSV", outputFormat: "Json" });
  expect(input.format).toBe("csv");
  expect(output).toMatchObject({ format: "json", content: { text: '[\n{"a":"1"}\n]\n' } });
});
