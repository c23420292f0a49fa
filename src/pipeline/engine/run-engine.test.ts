import { existsSync, readFileSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { engineOrder, noHost, runRows } from "../../../test/fixtures/engine.ts";
import type { EngineOutput } from "./engine-order.ts";
import { runEngine } from "./run-engine.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, index) => ({ n: index + 1 }));
const below = (maximum: number, more: Record<string, unknown> = {}) => ({
  name: "validate",
  schema: { properties: { n: { maximum } } },
  ...more,
});
const compute = (field: string, expression: string, more: Record<string, unknown> = {}) => ({
  name: "transform",
  operations: [{ op: "compute", field, expression, ...more }],
});

function textOf({ content }: EngineOutput): string {
  return "text" in content ? content.text : readFileSync(content.path, "utf8");
}

describe("a run over many rows", () => {
  it("takes all of them through all steps, in order", async () => {
    const { output, steps } = await runRows(numbers(3500), { steps: [compute("m", "n * 2"), below(10_000)] });
    expect(output?.rows).toBe(3500);
    const rows = JSON.parse(textOf(output as EngineOutput)) as { n: number; m: number }[];
    expect(rows).toEqual(numbers(3500).map(({ n }) => ({ n, m: 2 * n })));
    expect(steps.map(({ rows_in, rows_out }) => [rows_in, rows_out])).toEqual([
      [3500, 3500],
      [3500, 3500],
    ]);
  });

  it("names rows by their place in the input, whatever left before them", async () => {
    const steps = [{ name: "transform", operations: [{ op: "filter", expression: "n > 1500" }] }, below(2998)];
    const { failure } = await runRows(numbers(3000), { steps });
    expect(failure?.issues.map(({ row }) => row)).toEqual([2999, 3000]);
  });

  it("ends at the first step that fails, though a later one fails in an earlier row", async () => {
    const steps = [below(2999), compute("x", "1 / (n - 1)")];
    const { failure, steps: records, output } = await runRows(numbers(3000), { steps });
    expect(failure).toMatchObject({ step: 0, message: "Validation failed", issues: [{ row: 3000 }] });
    expect(records.map(({ status }) => status)).toEqual(["failed", "skipped"]);
    expect(output).toBeUndefined();
  });

  it("counts all rows that fail after the first one", async () => {
    const { failure, steps } = await runRows(numbers(3000), { steps: [below(1000)] });
    expect(failure?.issues).toHaveLength(100);
    expect(steps[0]).toMatchObject({ status: "failed", issues_total: 2000, rows_in: 3000, rows_out: 0 });
  });

  it("calls no service where an earlier step ends the run at its last row", async () => {
    let calls = 0;
    const enrich = { name: "enrich", memory: { query_template: "{{n}}", into: "m" } };
    const host = {
      searchMemory: async () => {
        calls++;
        return [];
      },
    };
    await runRows(numbers(2500), { steps: [below(2499), enrich] }, host);
    expect(calls).toBe(0);
    await runRows(numbers(20), { steps: [below(2499), enrich] }, host);
    expect(calls).toBe(20);
  });
});

describe("a dry run", () => {
  it("takes the first rows only", async () => {
    const { output, input } = await runRows(numbers(3000), { dryRun: true, steps: [compute("m", "n")] });
    expect(output?.rows).toBe(20);
    expect(input.rows).toBeGreaterThanOrEqual(20);
  });
});

describe("a long result", () => {
  const limits = { maxInlineLength: 1000, maxDiskBytes: 1_000_000, maxBufferBytes: 1e9 };

  it.each(["json", "csv", "ndjson", "yaml", "xml", "markdown"])(
    "is in a file, its beginning whole rows: %s",
    async (outputFormat) => {
      const order = engineOrder(numbers(2000), { outputFormat, limits });
      const { output } = await runEngine(order, noHost);
      const { output: short } = await runRows(numbers(2000), { outputFormat });
      expect(output?.content).toHaveProperty("path");
      expect(textOf(output as EngineOutput)).toBe(textOf(short as EngineOutput));
      expect(output?.size).toBe(Buffer.byteLength(textOf(short as EngineOutput)));
      const { beginning } = (output as EngineOutput).content as { beginning: string };
      expect(beginning.length).toBeGreaterThan(0);
      expect(beginning.length).toBeLessThanOrEqual(1100);
      if (outputFormat === "json") expect(numbers(2000)).toEqual(expect.arrayContaining(JSON.parse(`${beginning}]`)));
      rmSync(order.workFolder, { recursive: true });
    },
  );

  it("is refused beyond the bytes that a run may put on disk", async () => {
    const order = engineOrder(numbers(2000), {
      limits: { maxInlineLength: 100, maxDiskBytes: 5000, maxBufferBytes: 1e9 },
    });
    await expect(runEngine(order, noHost)).rejects.toMatchObject({ code: "too_large" });
    rmSync(order.workFolder, { recursive: true, force: true });
  });
});

describe("the id of a run", () => {
  it("is the same for the same order, wherever it runs", async () => {
    const steps = [compute("m", "n * 2")];
    const first = await runRows(numbers(10), { steps });
    expect((await runRows(numbers(10), { steps: structuredClone(steps) })).runId).toBe(first.runId);
    for (const order of [{ steps, dryRun: true }, { steps: [] }, { steps, outputFormat: "csv" }]) {
      expect((await runRows(numbers(10), order)).runId).not.toBe(first.runId);
    }
    expect((await runRows(numbers(11), { steps })).runId).not.toBe(first.runId);
  });

  it("does not depend on how rows are cut into lists", async () => {
    const lists = numbers(10).map((row) => JSON.stringify([row]));
    const { output } = await runEngine(engineOrder([], { input: { kind: "rows", rows: 10, lists } }), noHost);
    expect(textOf(output as EngineOutput)).toBe(textOf((await runRows(numbers(10))).output as EngineOutput));
  });
});

it("a run leaves no folder where it needed none", async () => {
  const order = engineOrder(numbers(10), {});
  await runEngine(order, noHost);
  expect(existsSync(order.workFolder)).toBe(false);
});

it("a step's record tells its time, and shows its first rows as they were then", async () => {
  const steps = [compute("m", "n * 2"), { name: "transform", operations: [{ op: "omit", fields: "m" }] }];
  const { steps: records } = await runRows(numbers(10), { steps });
  expect(records[0]).toMatchObject({
    sample: [
      { n: 1, m: 2 },
      { n: 2, m: 4 },
      { n: 3, m: 6 },
    ],
  });
  expect(records[1]).toMatchObject({ sample: [{ n: 1 }, { n: 2 }, { n: 3 }] });
  for (const { ms } of records) expect(ms).toBeGreaterThanOrEqual(0);
});

describe("a result without rows", () => {
  it.each([
    [[{ op: "filter", expression: "false" }], "a,b\r\n"],
    [
      [
        { op: "rename", fields: { a: "x" } },
        { op: "filter", expression: "x > 5" },
        { op: "omit", fields: ["b"] },
      ],
      "x\r\n",
    ],
    [
      [
        { op: "filter", expression: "false" },
        { op: "compute", field: "c", expression: "a" },
        { op: "pick", fields: ["c", "a"] },
      ],
      "c,a\r\n",
    ],
    [
      [
        { op: "filter", expression: "false" },
        { op: "group", by: "b", aggregates: { n: "count" } },
      ],
      "b,n\r\n",
    ],
    [
      [
        { op: "sort", by: "a" },
        { op: "limit", count: 0 },
      ],
      "a,b\r\n",
    ],
  ])("has the header that its rows would have: %j", async (operations, text) => {
    const order = { steps: [{ name: "transform", operations }], outputFormat: "csv" };
    const { output } = await runRows(
      [
        { a: 1, b: 2 },
        { a: 2, b: 3 },
      ],
      order,
    );
    expect(output).toMatchObject({ rows: 0, content: { text } });
  });

  it("is empty where nothing is known, and has the columns that are asked for", async () => {
    expect((await runRows([], { outputFormat: "csv" })).output).toMatchObject({ content: { text: "" } });
    const steps = [{ name: "format", format: "csv", columns: ["c"] }];
    expect((await runRows([], { steps })).output).toMatchObject({ content: { text: "c\r\n" } });
  });
});

describe("text made harmless for spreadsheets", () => {
  const rows = [
    { "=x": "+49 30", b: "-" },
    { "=x": "ok", b: "1" },
    { "=x": "@a", b: "'tis" },
  ];
  const steps = ["format"];

  it("is counted in the record of format, and a warning", async () => {
    const { output, warnings, steps: records } = await runRows(rows, { steps, outputFormat: "csv" });
    expect(records).toMatchObject([{ name: "format", status: "success", escaped_cells: 4 }]);
    expect(warnings).toEqual([expect.stringMatching(/^4 cells begin like a formula/)]);
    expect(output?.escaped).toBe(true);
  });

  it("is read as it was before", async () => {
    const { output } = await runRows(rows, { steps, outputFormat: "csv" });
    const text = textOf(output as EngineOutput);
    const input = { kind: "text", text } as const;
    const back = await runRows([], { input, inputFormat: "csv", inputEscaped: true, steps: [] });
    expect(JSON.parse(textOf(back.output as EngineOutput))).toEqual(rows);
  });

  it("is not undone where it cannot be told from text with an apostrophe of its own", async () => {
    const own = [...rows, { "=x": "'=1", b: "" }];
    expect((await runRows(own, { steps, outputFormat: "csv" })).output?.escaped).toBeUndefined();
  });
});

it("says that a format step decides, where the request wants another format", async () => {
  const steps = [{ name: "format", format: "json" }];
  const { warnings } = await runRows([{ a: 1 }], { steps, outputFormat: "csv" });
  expect(warnings).toEqual([
    "Step 1 (format), The result is json, as this step says, and not csv, as output_format does.",
  ]);
  expect((await runRows([{ a: 1 }], { steps })).warnings).toEqual([]);
});

it("says which parameters no step uses", async () => {
  const steps = [{ name: "transform", operations: [{ op: "filter", expression: "n > $least" }] }];
  const parameters = { least: 1, lest: 2 };
  expect((await runRows(numbers(2), { steps, parameters })).warnings).toEqual([
    'No step uses the parameter "lest": write $lest or {{$lest}}.',
  ]);
  const pipeline = { name: "p", version: "1" };
  expect((await runRows(numbers(2), { steps, parameters, pipeline })).warnings).toEqual([]);
});

it("gives the header of a csv without rows back", async () => {
  const input = { kind: "text", text: "id,name\n" } as const;
  const { output } = await runRows([], { input, inputFormat: "csv", outputFormat: "tsv" });
  expect(output).toMatchObject({ rows: 0, content: { text: "id\tname\n" } });
});

it("names of data that have megabytes are cut in reasons, samples and warnings", async () => {
  const name = "k".repeat(500_000);
  const rows = Array.from({ length: 50 }, () => ({ [name]: "x", b: 1 }));
  const steps = [{ name: "validate", mode: "drop", extra_fields: "forbid", fields: { b: {} } }];
  const { output: _, original: __, ...told } = await runRows(rows, { steps });
  expect(told.steps[0]).toMatchObject({ rows_out: 0, issues_total: 50 });
  expect(JSON.stringify(told).length).toBeLessThan(200_000);
});
