import { describe, expect, it } from "vitest";
import { newRow } from "../rows.ts";
import { compileExpression } from "./expression.ts";

describe("remarks", () => {
  const remarks = (source: string, ...rows: Record<string, unknown>[]): readonly string[] => {
    const expression = compileExpression(source, { limit: "10" });
    for (const row of rows) expression.holds(newRow(row));
    return expression.remarks;
  };

  it.each<[string, Record<string, unknown>[], string]>([
    [
      "a == 10",
      [{ a: "x" }, { a: "9" }, { a: "10" }],
      'the text "9" is never equal to the number 10: cast "a" to number first.',
    ],
    ["10 != a", [{ a: " 1e1 " }], 'the text " 1e1 " is never equal to the number 10: cast "a" to number first.'],
    ["a == b", [{ a: 1, b: "1" }], 'the text "1" is never equal to the number 1: cast "b" to number first.'],
    [
      "a.b == true",
      [{ a: { b: "TRUE" } }],
      'the text "TRUE" is never equal to the boolean true: cast "a.b" to boolean first.',
    ],
    ["trim(a) == 1", [{ a: "1" }], 'the text "1" is never equal to the number 1: cast the field to number first.'],
    ["a == '10'", [{ a: 10 }], 'the text "10" is never equal to the number 10: write it without quotes.'],
    ["a == $limit", [{ a: 10 }], 'the text "10" is never equal to the number 10: write it without quotes.'],
    ["a in [1, 2]", [{ a: "x" }, { a: "3" }], 'the text "3" is never in a list of numbers: cast "a" to number first.'],
    [
      "one_of(a, 1, '2')",
      [{ a: "2" }, { a: "3" }, { a: "1" }],
      'the text "1" is never in a list of numbers: cast "a" to number first.',
    ],
    [
      "a not in ['1']",
      [{ a: 2 }, { a: 1 }],
      "the number 1 is not in the list, which has it as text: write it without quotes.",
    ],
    ["a in [true]", [{ a: "false" }], 'the text "false" is never in a list of booleans: cast "a" to boolean first.'],
    [
      "a > b",
      [{ a: "9", b: "10" }],
      '">" compares "9" and "10" as texts, sign by sign: cast the fields to number first.',
    ],
    [
      "max(a, b) == 'x'",
      [{ a: "9", b: "10" }],
      'max() compares "9" as texts, sign by sign: cast the fields to number first.',
    ],
    [
      "a + b == 'x'",
      [{ a: "10", b: "2" }],
      '"+" joins the texts "10" and "2" to "102": cast the fields to number first, or write concat() if it is meant.',
    ],
    [
      "active",
      [{ active: "yes" }, { active: "False" }],
      'the text "False" of "active" counts as true: cast "active" to boolean first.',
    ],
    ["not a", [{ a: "0" }], 'the text "0" of "a" counts as true: cast "a" to boolean first.'],
    ["(b and a) ? 1 : 2", [{ a: "no", b: 1 }], 'the text "no" of "a" counts as true: cast "a" to boolean first.'],
  ])("of %s name what is probably not meant", (source, rows, remark) => {
    expect(remarks(source, ...rows, ...rows)).toEqual([remark]);
  });

  it.each<[string, Record<string, unknown>[]]>([
    ["a == 10", [{ a: 10 }, { a: "x" }, { a: "" }, { a: null }, {}, { a: true }]],
    ["a == 'x'", [{ a: 10 }, { a: "10" }]],
    ["a == null", [{ a: "10" }, { a: "true" }]],
    ["a in [1, 'x']", [{ a: "2" }, { a: 1 }, { a: "x" }]],
    ["a in ['1', '2']", [{ a: "1" }, { a: "x" }, { a: null }]],
    ["a > '2026-01-01'", [{ a: "2026-01-31" }]],
    ["a + '-' + b", [{ a: "1", b: "2" }]],
    ["max(a, 'x')", [{ a: "b" }]],
    ["active", [{ active: true }, { active: "x" }, { active: 0 }]],
  ])("of %s are none where it may be meant", (source, rows) => {
    expect(remarks(source, ...rows)).toEqual([]);
  });
});
