import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ToolError } from "../../errors.ts";
import { newRow, RowFailure } from "../rows.ts";
import { compileExpression } from "./expression.ts";

const evaluate = (source: string, row: Record<string, unknown> = {}): unknown =>
  compileExpression(source)(newRow(row), { used: 0 });

it.each<[string, RegExp]>([
  ["a == 1 AND true", /did not expect "AND"\. Instead of AND write `and`\.$/],
  ["a == 1 Or b", /Instead of Or write `or`\./],
  ["NOT a", /did not expect "a"\. Instead of NOT write `not`\./],
  ["NOT (a)", /no function "NOT".* Instead of NOT write `not`\./],
  ["a AND (b)", /Instead of AND write `and`\./],
  ["a in (1, 2)", /Instead of in write `one_of\(x, a, b\)`\./],
  ["a & b", /"&" has no meaning here\. Write `and` or `&&`\./],
  ["a | b", /Write `or` or `\|\|`\./],
  ["a = 1", /Write `==` to compare\./],
  ["a <> 1", /expected a value, found ">"\. For "not equal" write `!=`\./],
  ["tags[0]", /Write tags\.0/],
  ["{{a}} > 1", /field by its name alone/],
])("an expression in another language's words is refused with how to write it: %s", (source, message) => {
  expect(() => compileExpression(source)).toThrow(message);
});

describe("an expression", () => {
  it.each<[string, unknown]>([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["10 - 3 - 2", 5],
    ["7 % 4 / 2", 1.5],
    ["-2 * -3", 6],
    ["1e3 + .5", 1000.5],
    ["price * qty", 10.5],
    ["'a' + 1 + \"b\"", "a1b"],
    ["name + '!'", "Ana!"],
    ["missing + 1", null],
    ["missing + 'x'", "x"],
    ["1 < 2 and 2 <= 2 and not (1 > 2)", true],
    ["false or 0 or ''", false],
    ["true && !false || false", true],
    ["name == 'Ana'", true],
    ["name != 'Ana'", false],
    ["missing == null", true],
    ["missing > 1", false],
    ["qty > 2 ? 'many' : qty > 1 ? 'two' : 'one'", "many"],
    ["`first name` + address.city", "Ana MariaRome"],
    ["tags.1", "b"],
    ["lower(name) + upper(name)", "anaANA"],
    ["trim('  x ')", "x"],
    ["length(name) + length(tags) + length(missing)", 5],
    ["substring(name, 1, 1)", "n"],
    ["substring(name, 1)", "na"],
    ["replace('a.b.c', '.', '-')", "a-b-c"],
    ["contains(name, 'n') and starts_with(name, 'A') and ends_with(name, 'a')", true],
    ["matches('A-17', '^[A-Z]-\\d+$')", true],
    ["extract('order 17', '(\\d+)', 1)", "17"],
    ["extract('order', '\\d+')", null],
    ["coalesce(missing, '', name)", "Ana"],
    ["is_null(missing)", true],
    ["one_of(name, 'Ben', 'Ana')", true],
    ["number(' 3.50 ') + 1", 4.5],
    ["text(12) + 3", "123"],
    ["round(1.005, 2)", 1.01],
    ["round(-2.5)", -3],
    ["abs(-1) + floor(1.9) + ceil(1.1)", 4],
    ["min(3, 1, missing) + max(1, 2)", 3],
    ["concat(name, 1, true, missing)", "Ana1true"],
    ["'it\\'s' + '\\n'", "it's\n"],
  ])("%s gives %j", (source, value) => {
    const row = {
      price: 3.5,
      qty: 3,
      name: "Ana",
      "first name": "Ana Maria",
      address: { city: "Rome" },
      tags: ["a", "b"],
    };
    expect(evaluate(source, row)).toBe(value);
  });

  it.each([
    ["1 +", /character 4: expected a value, found the end/],
    ["a = 1", /character 3.*Write `==`/],
    ["(1", /expected "\)", found the end/],
    ["1 2", /did not expect "2"/],
    ["'abc", /quote at character 1 that does not end/],
    ["bogus(1)", /no function "bogus"; there are lower/],
    ["lower()", /lower\(\) takes 1 arguments, not 0/],
    ["matches(a, b)", /a pattern must be a literal text/],
    ["matches(a, '(')", /The pattern "\(" is not understood/],
    ["matches(a, '(?=x)')", /not understood/],
    ["a; b", /";" has no meaning/],
    ["and", /expected a value, found "and"/],
    ["(".repeat(60) + 1 + ")".repeat(60), /more than 50 levels/],
    [Array(400).fill("1").join("+").padEnd(3000, " "), /may have 2000 characters/],
    [Array(600).fill("1").join("+"), /more than 500 parts/],
  ])("%s is refused with the place", (source, message) => {
    expect(() => compileExpression(source)).toThrow(expect.objectContaining({ code: "invalid_input" }));
    expect(() => compileExpression(source)).toThrow(message);
  });

  it.each([
    ["name * 2", /"\*" needs numbers, not "Ana"; cast the field first/],
    ["1 / 0", /division by zero/],
    ["1 < 'a'", /compares two numbers or two texts/],
    ["1e308 * 10", /no finite number/],
    ["number('x')", /"x" is no number/],
  ])("%s fails for the row", (source, message) => {
    expect(() => evaluate(source, { name: "Ana" })).toThrow(message);
    expect(() => evaluate(source, { name: "Ana" })).toThrow(RowFailure);
  });

  it("reaches nothing but the row's own fields", () => {
    for (const source of [
      "constructor",
      "a.constructor.constructor",
      "__proto__",
      "toString",
      "a.__proto__",
      "t.length",
    ]) {
      expect(evaluate(source, { a: { b: 1 }, t: "x" })).toBeNull();
    }
  });

  it("cannot make text without end", () => {
    const a = "x".repeat(600_000);
    expect(() => evaluate("a + a", { a })).toThrow(RowFailure);
    expect(() => evaluate("replace(a, 'x', a)", { a })).toThrow(RowFailure);
    const budget = { used: 0 };
    const double = compileExpression("a + 'x'");
    expect(() => {
      for (let round = 0; round < 1000; round++) double(newRow({ a }), budget);
    }).toThrow(/of this run/);
  });

  it("matches patterns that would hold other engines in linear time", () => {
    const a = `${"a".repeat(100_000)}!`;
    expect(evaluate("matches(a, '^(a+)+$')", { a })).toBe(false);
    expect(evaluate("matches(a, '(a|a)*b')", { a })).toBe(false);
  });

  it("made of any text either compiles or says what is wrong", () => {
    const pieces = fc.constantFrom(
      ..."( ) + - * / % ? : , == != <= >= < > && || ! and or not true null a b.c `x` 'y' 1 .5 lower matches round $ \\ \" '".split(
        " ",
      ),
    );
    const source = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.array(pieces, { maxLength: 40 }).map((list) => list.join(" ")),
    );
    fc.assert(
      fc.property(source, (text) => {
        try {
          const expression = compileExpression(text);
          try {
            expression(newRow({ a: 1, b: { c: "x" } }), { used: 0 });
          } catch (error) {
            expect(error).toBeInstanceOf(RowFailure);
          }
        } catch (error) {
          if (!(error instanceof ToolError)) throw error;
          expect(error.code).toBe("invalid_input");
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("of numbers gives what arithmetic gives", () => {
    const number = fc.integer({ min: -1000, max: 1000 });
    fc.assert(
      fc.property(number, number, number, (a, b, c) => {
        expect(evaluate("a + b * c - (a - b)", { a, b, c })).toBe(a + b * c - (a - b));
        expect(evaluate("a < b ? b : a", { a, b })).toBe(Math.max(a, b));
      }),
    );
  });
});
