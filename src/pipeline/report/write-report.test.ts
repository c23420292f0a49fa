import { expect, it } from "vitest";
import type { EngineResult } from "../engine/engine-order.ts";
import { toCell } from "./markdown-cell.ts";
import { writeReport } from "./write-report.ts";

const finished: EngineResult = {
  runId: "0123456789abcdef0123456789abcdef",
  input: { format: "csv", rows: 1200, issues_total: 2 },
  original: { text: "", complete: true },
  steps: [
    {
      name: "validate",
      status: "partial",
      ms: 12.5,
      rows_in: 1200,
      rows_out: 600,
      issues_total: 700,
      issues: [{ row: 3, field: "amount", rule: "type", message: '"amount" must be number' }],
      top_reasons: [
        { field: "amount", rule: "type", count: 650, row: 3, message: '"amount" must be number' },
        { field: "id", rule: "required", count: 50, row: 9, message: '"id" is required' },
      ],
    },
    { name: "enrich", status: "skipped", reason: "disabled" },
    { name: "format", status: "success", ms: 1, rows_in: 600, rows_out: 600 },
  ],
  warnings: ['Step 1 (validate): no row has a field "idd".'],
  before: [{ id: 1, amount: "x" }],
  after: [{ id: 2, amount: 5, tags: ["a"] }],
  output: { format: "json", rows: 600, size: 43210, content: { path: "1.tmp", beginning: "[]" } },
  quarantine: { format: "json", rows: 600, size: 9000, content: { text: "[]" } },
};

it("tells what came in and went out, the steps, the commonest reasons and rows before and after", () => {
  const kept = { format: "json", mime_type: "application/json", rows: 600, size: 43210 };
  const report = writeReport(finished, {
    pipeline: { name: "orders", version: "2" },
    resource: { ...kept, uri: "pipeline://runs/0123456789abcdef0123456789abcdef/data" },
  });
  expect(report).toBe(`# Pipeline run: finished

|  |  |
| --- | --- |
| run | \`0123456789abcdef0123456789abcdef\` |
| pipeline | \`orders\`, version \`2\` |
| input | 1,200 rows, csv, 2 rows left out that could not be read |
| result | 600 rows, json, 43,210 bytes |
| whole result | \`pipeline://runs/0123456789abcdef0123456789abcdef/data\` |
| quarantine | 600 rows |

## Steps

| # | step | status | rows in | rows out |  | reasons | ms |
| ---: | --- | --- | ---: | ---: | --- | ---: | ---: |
| 1 | validate | partial | 1,200 | 600 | █████░░░░░ | 700 | 12.5 |
| 2 | enrich | skipped |  |  | ░░░░░░░░░░ |  |  |
| 3 | format | success | 600 | 600 | █████░░░░░ |  | 1 |

## Why rows failed

| step | field | rule | times | first of them |
| ---: | --- | --- | ---: | --- |
| 1 | \`amount\` | \`type\` | 650 | row 3: \`"amount" must be number\` |
| 1 | \`id\` | \`required\` | 50 | row 9: \`"id" is required\` |

## Warnings

- \`Step 1 (validate): no row has a field "idd".\`

## First rows before

| \`id\` | \`amount\` |
| --- | --- |
| \`1\` | \`x\` |

## First rows after

| \`id\` | \`amount\` | \`tags\` |
| --- | --- | --- |
| \`2\` | \`5\` | \`["a"]\` |
`);
});

it("of a run that was stopped says where and why, counting the reasons of its error", () => {
  const { output: _, quarantine: __, ...rest } = finished;
  const report = writeReport(
    {
      ...rest,
      steps: [{ name: "validate", status: "failed", ms: 1, rows_in: 3, rows_out: 0, issues_total: 2 }],
      failure: {
        step: 0,
        message: "Validation failed",
        code: "validation_failed",
        hint: "Set mode.",
        issues: [
          { path: "/0/id", row: 1, field: "id", rule: "required", message: '"id" is required' },
          { path: "/1/id", row: 2, field: "id", rule: "required", message: '"id" is required' },
        ],
      },
    },
    {},
  );
  expect(report).toContain("# Pipeline run: stopped at step 1 (validate)\n");
  expect(report).toContain("**`Validation failed`** `Set mode.`");
  expect(report).toContain('| 1 | `id` | `required` | 2 | row 1: `"id" is required` |');
  expect(report).not.toContain("First rows after");
});

it.each([
  ["a pipe", "a|b", "`a\\|b`"],
  ["a backslash before a pipe", "a\\|b", "`a\\¦b`"],
  ["backticks", "a``b", "```a``b```"],
  ["backticks at its ends", "`x`", "`` `x` ``"],
  ["ends of lines", "a\r\n| b |", "`a␤\\| b \\|`"],
  ["HTML", "<script>alert(1)</script>", "`<script>alert(1)</script>`"],
  ["a link", "[x](http://evil.example)", "`[x](http://evil.example)`"],
  ["marks of direction", "a\u202eb", "`a␤b`"],
  ["a lone half of a pair at the cut", `${"x".repeat(59)}😀`, `\`${"x".repeat(59)}…\``],
  ["nothing", null, ""],
  ["a list", [1, "a|b"], '`[1,"a\\|b"]`'],
])("a cell with %s stays one cell of plain text", (_, value, cell) => {
  expect(toCell(value)).toBe(cell);
});

it("shows the first columns of wide rows and counts the others", () => {
  const wide = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}`, n]));
  const report = writeReport({ ...finished, before: [wide], after: [] }, {});
  expect(report).toContain("| `f7` | … 12 more fields |\n");
});
