import { describe, expect, it } from "vitest";
import { runRows } from "../../../test/fixtures/engine.ts";
import { readText } from "../../../test/fixtures/read-text.ts";
import { readMarkdown } from "../formats/read-markdown.ts";
import { readXml } from "../formats/read-xml.ts";
import type { EngineResult } from "./engine-order.ts";

const written = ({ output }: EngineResult): string =>
  output && "text" in output.content ? output.content.text : "no text";

const format = (name: string) => [{ name: "format", format: name }];

describe("texts that a format cannot hold", () => {
  it("are counted and warned of in xml, where a sign stands for what is no character there", async () => {
    const rows = [
      { a: "x\u0000y", "@b": "\ud83d", c: ["\u0001", "ok"], d: { "#text": "\uFFFF" } },
      { a: "a<b>&\r\n\t ", "@b": "👨\n", c: " ", "\u0001": "1" },
    ];
    const result = await runRows(rows, { steps: format("xml") });
    expect(result.steps[0]).toMatchObject({ changed_texts: 4 });
    expect(result.warnings).toEqual([
      "4 texts with characters that XML does not have: U+FFFD stands in their place. json, ndjson and yaml keep them.",
    ]);
    expect(readText(readXml, written(result)).rows[1]).toMatchObject(rows[1] as object);
    const plain = await runRows(rows.slice(1), { steps: format("xml") });
    expect(plain.steps[0]).not.toHaveProperty("changed_texts");
    expect(plain.warnings).toEqual([]);
  });

  it("are counted and warned of in markdown, which has no blanks at the ends of cells and one line end", async () => {
    const rows = [
      { a: " x", " b": "y\r\nz" },
      { a: "p\nq", " b": "\t" },
      { a: "t ", more: 1 },
    ];
    const result = await runRows(rows, { steps: format("markdown") });
    expect(result.steps[0]).toMatchObject({ changed_texts: 5 });
    expect(result.warnings).toEqual([
      "5 cells without the blanks at the ends, or with other line ends than before, which a Markdown table cannot hold. json and csv keep them.",
    ]);
    expect(
      (await runRows([{ a: 1, b: "x  y", c: null, d: { e: " x " } }], { outputFormat: "markdown" })).warnings,
    ).toEqual([]);
  });

  it("are none where Markdown can escape them", async () => {
    const rows = [{ a: "a<br>b", b: "<BR />\n<br/>", c: "\\<br>|\\|", d: "<b>x</b> \\<" }];
    const result = await runRows(rows, { outputFormat: "markdown" });
    expect(result.warnings).toEqual([]);
    expect(written(result)).toContain("| a\\<br>b | \\<BR />");
    expect(readText(readMarkdown, written(result)).rows).toEqual(rows);
  });
});
