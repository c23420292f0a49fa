import { describe, expect, it } from "vitest";
import { runStep } from "../../../test/fixtures/run-step.ts";
import { ToolError } from "../../errors.ts";
import { defaultOutput } from "../formats/output-options.ts";
import { compileFormat } from "./format.ts";

const compile = (options: Record<string, unknown>) => compileFormat(options, "Step 1 (format)", "csv");
const run = (options: Record<string, unknown>, rows: readonly unknown[]) => runStep(compile(options).run, rows);

function failure(options: Record<string, unknown>): ToolError {
  try {
    compile(options);
  } catch (error) {
    expect(error).toBeInstanceOf(ToolError);
    return error as ToolError;
  }
  throw new Error("It did not fail.");
}

describe("format", () => {
  it("writes in the format of the run where it names none", () => {
    expect(compile({}).output).toEqual(defaultOutput("csv"));
    expect(compile({ format: "xml" }).output).toEqual(defaultOutput("xml"));
  });

  it("has options for each format", () => {
    const options = {
      columns: "a",
      delimiter: ";",
      header: false,
      escape_formulas: false,
      quote: "all",
      line_end: "lf",
    };
    expect(compile({ ...options, bom: true, null_text: "NULL" }).output).toEqual({
      ...defaultOutput("csv"),
      columns: ["a"],
      delimiter: ";",
      header: false,
      escapeFormulas: false,
      quote: "all",
      lineEnd: "lf",
      bom: true,
      nullText: "NULL",
    });
    const xml = { format: "xml", indent: 2, root: "orders", row_name: "order" };
    expect(compile(xml).output).toMatchObject({ format: "xml", indent: 2, root: "orders", rowName: "order" });
  });

  it("passes rows on as they are", async () => {
    const { rows, numbers, record, warnings } = await run({ columns: ["a"] }, [{ a: 1, b: 2 }, { b: 3 }, { b: 4 }]);
    expect(rows).toEqual([{ a: 1, b: 2 }, { b: 3 }, { b: 4 }]);
    expect(numbers).toEqual([1, 2, 3]);
    expect(record).toEqual({ format: "csv" });
    expect(warnings).toEqual([]);
  });

  it("warns of options that the format does not heed", async () => {
    const { warnings } = await run({ format: "json", delimiter: ";", bom: true, indent: 2 }, [{ a: 1 }]);
    expect(warnings).toEqual(['"delimiter", "bom" have no effect on json.']);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ formt: "csv" }, /unknown key "formt"/],
    [{ format: "xlsx" }, /"format" must be one of json, csv, tsv, ndjson, yaml, xml, markdown, not "xlsx"/],
    [{ columns: [] }, /"columns" must be a list of field names/],
    [{ columns: ["a", "b", "a"] }, /"columns" has "a" twice/],
    [{ delimiter: ";;" }, /"delimiter" must be one character, not ";;"/],
    [{ delimiter: '"' }, /"delimiter" must be one character/],
    [{ delimiter: "x" }, /"delimiter" must be one character/],
    [{ delimiter: "😀" }, /"delimiter" must be one character/],
    [{ quote: "none" }, /"quote" must be one of minimal, all, not "none"/],
    [{ line_end: "\n" }, /"line_end" must be one of crlf, lf, not "\\n"/],
    [{ null_text: 0 }, /"null_text" must be a text/],
    [{ indent: 11 }, /"indent" must be a whole number from 0 to 10, not 11/],
    [{ root: "my rows" }, /"root" must be the name of an XML element, not "my rows"/],
    [{ row_name: "xmlrow" }, /"row_name" must be the name of an XML element/],
  ])("%j is refused", (options, message) => {
    const error = failure(options);
    expect(error.code).toBe("invalid_input");
    expect(error.message).toMatch(/^Step 1 \(format\): /);
    expect(error.message).toMatch(message);
  });
});
