import { describe, expect, it } from "vitest";
import { newRow, RowFailure } from "../rows.ts";
import { compileExpression } from "./expression.ts";

const evaluate = (source: string, row: Record<string, unknown> = {}): unknown => compileExpression(source)(newRow(row));

describe("characters of a text", () => {
  const t = "👨x🎉é";

  it.each<[string, unknown]>([
    ["length(t)", 4],
    ["left(t, 1)", "👨"],
    ["left(t, 3)", "👨x🎉"],
    ["left(t, -1)", ""],
    ["right(t, 2)", "🎉é"],
    ["right(t, 0)", ""],
    ["right(t, 9)", "👨x🎉é"],
    ["substring(t, 1)", "x🎉é"],
    ["substring(t, 2, 1)", "🎉"],
    ["substring(t, -3, 1)", "👨"],
    ["substring(t, 9, 1)", ""],
    ["split(t, '')", ["👨", "x", "🎉", "é"]],
    ["split(t, 'x')", ["👨", "🎉é"]],
    ["join(reverse(split(t, '')), '')", "é🎉x👨"],
    ["index_of(t, '🎉')", 2],
    ["index_of(t, '?')", -1],
    ["pad_start(t, 6, '👍')", "👍👍👨x🎉é"],
    ["pad_end(t, 5, '-')", "👨x🎉é-"],
  ])("are counted and never cut in two: %s", (source, value) => {
    expect(evaluate(source, { t })).toEqual(value);
  });
});

describe("numbers with more digits than can be kept", () => {
  it.each([
    ["number(id)", "9007199254740993"],
    ["number(id)", "-12345678901234567890"],
    ["number(id, ',')", "9.007.199.254.740.993,0"],
    ["parse_json(id)", '{"a":[9007199254740993]}'],
    ["parse_json(id)", "12345678901234567890"],
    ["parse_json(id)", '{"a":1e999}'],
  ])("fail the row where they are read: %s of %s", (source, id) => {
    expect(() => evaluate(source, { id })).toThrow(RowFailure);
    expect(evaluate(`try(${source}, id)`, { id })).toBe(id);
  });

  it("say what to do", () => {
    expect(() => evaluate("number(id)", { id: "9007199254740993" })).toThrow(
      '"9007199254740993" is not a number that can be kept exactly; it is beyond 9007199254740991, so keep it as text',
    );
    expect(() => evaluate("parse_json(id)", { id: "[9007199254740993]" })).toThrow(
      '"[9007199254740993]" has the number 9007199254740993, which cannot be kept exactly; have it as text in the JSON',
    );
  });

  it.each(["id == 9007199254740993", "-12345678901234567890", "[1, 12345678901234567.5]"])(
    "are refused in an expression: %s",
    (source) => {
      expect(() => compileExpression(source)).toThrow(
        /wrong at character \d+: the number \d+[.\d]* cannot be kept exactly\./,
      );
      expect(() => compileExpression(source)).toThrow(/Write it in quotes/);
    },
  );

  it.each<[string, unknown]>([
    ["9007199254740992", 2 ** 53],
    ["1e22 + 10000000000000000000000", 2e22],
    ["0.12345678901234567890", 0.12345678901234568],
    ["number('10000000000000000000000')", 1e22],
    ["number('1e30')", 1e30],
    ["parse_json('[9007199254740992, 0.12345678901234567890]')", [2 ** 53, 0.12345678901234568]],
    ["parse_json('[\"9007199254740993\"]')", ["9007199254740993"]],
  ])("are taken where nothing is lost: %s", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });
});
