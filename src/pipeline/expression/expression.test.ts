import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ToolError } from "../../errors.ts";
import { newRow, RowFailure } from "../rows.ts";
import { compileExpression } from "./expression.ts";
import { FUNCTIONS } from "./functions.ts";

const evaluate = (source: string, row: Record<string, unknown> = {}): unknown => compileExpression(source)(newRow(row));

it.each<[string, RegExp]>([
  ["a == 1 AND true", /did not expect "AND"\. Instead of AND write `and`\.$/],
  ["a == 1 Or b", /Instead of Or write `or`\./],
  ["NOT a", /did not expect "a"\. Instead of NOT write `not`\./],
  ["NOT (a)", /no function "NOT".* Instead of NOT write `not`\./],
  ["a AND (b)", /Instead of AND write `and`\./],
  ["a IN (1, 2)", /Instead of IN write `in`/],
  ["a & b", /"&" has no meaning here\. Write `and` or `&&`\./],
  ["a | b", /Write `or` or `\|\|`\./],
  ["a = 1", /Write `==` to compare\./],
  ["a <> 1", /expected a value, found ">"\. For "not equal" write `!=`\./],
  ["{{a}} > 1", /field by its name alone/],
  ["a ^ 2", /pow\(a, b\)/],
  ["ifnull(a, 1)", /no function "ifnull"\. Did you mean `coalesce`\?/],
  ["now()", /Did you mean a parameter with the date/],
  ["LOWER(a)", /no function "LOWER"\. Did you mean `lower`\?/],
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
    ["tags[0] + tags[-1]", "ab"],
    ["tags[5]", null],
    ["tags.length + [address][0].city", "2Rome"],
    ["orders[1].total + orders.0.total", 5],
    ["address['city']", "Rome"],
    ["name in ['Ben', 'Ana']", true],
    ["name not in ('Ben', 'Ana')", false],
    ["qty in (3)", true],
    ["'b' in tags and not ('z' in tags)", true],
    ["'b' in missing", false],
    ["if(price > 100, 'big', price > 3, 'fair', 'small')", "fair"],
    ["if(false, 1)", null],
    ["if(qty == 0, null, price / qty) > 1", true],
    ["try(number(name), 0)", 0],
    ["try(1 / 0)", null],
    ["title('ana MARIA o\\'neill-smith')", "Ana Maria O'neill-Smith"],
    ["slug(' Größe & Öl ')", "grosse-ol"],
    ["normalize('a\u00a0 \u200bb')", "a b"],
    ["normalize('Crème Brûlée', 'accents')", "Creme Brulee"],
    ["pad_start(qty, 3, '0') + pad_end('x', 3) + '|'", "003x  |"],
    ["left(name, 2) + right(name, 1)", "Ana"],
    ["replace_regex('12-34', '([0-9]+)-([0-9]+)', '$2/$1 $$')", "34/12 $"],
    ["index_of(name, 'a')", 2],
    ["join(split('a, b', ', '), '-')", "a-b"],
    ["join(sort(['b', 'a', 'c']), '')", "abc"],
    ["join(unique([2, 1, 2, 1]), ',')", "2,1"],
    ["join(reverse(tags)) + first(tags) + last(tags)", "b, aab"],
    ["count([1, null, 2]) + length([1, null])", 4],
    ["sum([1, 2], 3, null) + avg([2, 4])", 9],
    ["sum(pluck(orders, 'total'))", 5],
    ["join(slice([1, 2, 3], 1), '')", "23"],
    ["contains(tags, 'b')", true],
    ["min([3, 1]) + max(tags)", "1b"],
    ["min('2026-02-01', '2026-01-01')", "2026-01-01"],
    ["number('1.234,50', ',')", 1234.5],
    ["round(1234.5, -2)", 1200],
    ["round(2.5) + round(-0.4)", 3],
    ["mod(7, 4) + pow(2, 3) + sqrt(9) + log(1) + log(1000, 10) + sign(-2) + trunc(-1.5)", 15],
    ["year(d) + month(d) + day(d) + weekday(d) + quarter(d) + week(d)", 2026 + 1 + 31 + 6 + 1 + 5],
    ["hour(t) + minute(t) + second(t)", 10 + 20 + 30],
    ["week('2027-01-01') + week('2024-12-30')", 53 + 1],
    ["date_add(d, 1, 'month')", "2026-02-28"],
    ["date_add(d, -1, 'days')", "2026-01-30"],
    ["date_add(d, 90, 'minutes')", "2026-01-31T01:30:00.000Z"],
    ["date_diff('2026-01-31', '2026-03-01', 'month')", 1],
    ["date_diff('2026-03-01', '2026-01-31')", -29],
    ["date_diff('2000-05-02', '2026-05-01', 'years')", 25],
    [
      "date_trunc('2026-05-20T10:00Z', 'week') + date_trunc('2026-05-20T10:59Z', 'hour')",
      "2026-05-182026-05-20T10:00:00.000Z",
    ],
    ["format_date(d, 'dddd, D. MMMM YY')", "Saturday, 31. January 26"],
    ["format_date(t, 'DD.MM.YYYY h:mm A [Uhr]')", "31.01.2026 10:20 AM Uhr"],
    ["parse_date('3 Feb 26, 1:05 pm', 'D MMM YY, h:mm A')", "2026-02-03T13:05:00.000Z"],
    ["to_unix('1970-01-02') + ' ' + from_unix(0.5)", "86400 1970-01-01T00:00:00.500Z"],
    ["year(missing)", null],
    ["json([1, 'a', null]) + parse_json('{\"a\":[1]}').a.0", '[1,"a",null]1'],
    ["hash('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ["hash('a', 'b') == hash('ab')", false],
    ["type(null) + type(1) + type(tags) + type(address) + type(true) + type('')", "nullnumberlistobjectbooleantext"],
    ["is_empty(' ') and is_empty([]) and is_empty(missing) and not is_empty(0)", true],
    ["['a', 1] == ['a', 1] and address == address", true],
  ])("%s gives %j", (source, value) => {
    const row = {
      price: 3.5,
      qty: 3,
      name: "Ana",
      "first name": "Ana Maria",
      address: { city: "Rome" },
      tags: ["a", "b"],
      orders: [{ total: 2 }, { total: 3 }],
      d: "2026-01-31",
      t: "2026-01-31 10:20:30",
    };
    expect(evaluate(source, row)).toBe(value);
  });

  it.each([
    ["1 +", /character 4: expected a value, found the end/],
    ["a = 1", /character 3.*Write `==`/],
    ["(1", /expected "\)", found the end/],
    ["1 2", /did not expect "2"/],
    ["'abc", /quote at character 1 that does not end/],
    ["bogus(1)", /character 1: there is no function "bogus"\. Functions: lower/],
    ["lowr(a)", /no function "lowr"\. Did you mean `lower`\?/],
    ["lower()", /lower\(\) takes 1 argument, not 0/],
    ["matches(a, b)", /a pattern must be a literal text/],
    ["matches(a, '(')", /The pattern "\(" is not understood/],
    ["matches(a, '(?=x)')", /not understood/],
    ["a; b", /";" has no meaning/],
    ["and", /expected a value, found "and"/],
    ["(".repeat(60) + 1 + ")".repeat(60), /more than 50 levels/],
    [Array(400).fill("1").join("+").padEnd(3000, " "), /may have 2000 characters/],
    [Array(600).fill("1").join("+"), /more than 500 parts/],
    ["[1, 2", /expected "\]", found the end/],
    ["tags[0", /expected "\]"/],
    ["date_add(a, 1, 'dayz')", /"dayz" is no unit; units: year, quarter.*Did you mean "day"\?/],
    ["date_add(a, 1, b)", /character 16: a unit of time must be a literal text/],
    ["parse_date(a, 'DD.MM')", /must name a year, a month and a day once each/],
    ["date_add(a)", /date_add\(\) takes 3 arguments, not 1\. Such as date_add/],
    ["a $ b", /character 3: "\$" has no meaning here\. A parameter is written \$name/],
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
    ["'a' in name", /"in" needs a list.*contains\(\)/],
    ["year(name)", /year needs a date such as 2026-01-31, not "Ana"/],
    ["date_add('9999-12-31', 1, 'day')", /no date of the years 0 to 9999/],
    ["sqrt(-1)", /sqrt\(\) gives no finite number/],
    ["first(name)", /first needs a list, not "Ana"/],
    ["parse_json('{')", /"\{" is no JSON/],
    ["parse_json('[1e999]')", /not finite/],
  ])("%s fails for the row", (source, message) => {
    expect(() => evaluate(source, { name: "Ana" })).toThrow(message);
    expect(() => evaluate(source, { name: "Ana" })).toThrow(RowFailure);
  });

  it("has the values of parameters, as they are", () => {
    const parameters = { rate: 1.5, names: ["Ana", "O'Neill"], text: "'; drop", pattern: "^A" };
    const withParameters = (source: string): unknown =>
      compileExpression(source, parameters)(newRow({ name: "Ana", price: 2 }));
    expect(withParameters("price * $rate")).toBe(3);
    expect(withParameters("name in $names and $names[1] == 'O\\'Neill'")).toBe(true);
    expect(withParameters("$text + '!'")).toBe("'; drop!");
    expect(withParameters("matches(name, $pattern)")).toBe(true);
    expect(() => withParameters("price * $rat")).toThrow(
      "character 9: there is no parameter $rat. Did you mean $rate? Parameters: $rate, $names, $text, $pattern.",
    );
    for (const name of ["$constructor", "$__proto__", "$toString"])
      expect(() => withParameters(name)).toThrow(ToolError);
    expect(() => compileExpression("$x")).toThrow("There are no parameters here.");
  });

  it("makes no value that is too large or too deep to be written", () => {
    let deep: unknown = "x";
    for (let level = 0; level < 60; level++) deep = [deep];
    expect(evaluate("[deep]", { deep })).toBeDefined();
    expect(() => evaluate("[[[[[[deep]]]]]]", { deep })).toThrow(/more than 64 levels/);
    expect(() => evaluate("split(text, '')", { text: "x".repeat(200_000) })).toThrow(/more than 100000 entries/);
    expect(() => evaluate("parse_json(text)", { text: "[".repeat(100) + "]".repeat(100) })).toThrow(RowFailure);
  });

  it("is read in time that grows with its length, however deep its parts", () => {
    const nested = `${"a in (".repeat(49)}1${")".repeat(49)}`;
    expect(compileExpression(nested)).toBeTypeOf("function");
  });

  it("reaches nothing but the row's own fields", () => {
    for (const source of [
      "constructor",
      "a.constructor.constructor",
      "__proto__",
      "toString",
      "a.__proto__",
      "t.length",
      "l.constructor",
      "a['constructor']",
      "l.map",
      "first(pluck([a], '__proto__'))",
    ]) {
      expect(evaluate(source, { a: { b: 1 }, t: "x", l: [1] })).toBeNull();
    }
  });

  it("cannot make text without end", () => {
    const a = "x".repeat(600_000);
    expect(() => evaluate("a + a", { a })).toThrow(RowFailure);
    expect(() => evaluate("replace(a, 'x', a)", { a })).toThrow(RowFailure);
    expect(() => evaluate("replace_regex(a, 'x', 'yy')", { a })).toThrow(RowFailure);
    expect(() => evaluate("pad_start(a, 1e12)", { a })).toThrow(RowFailure);
    expect(() => evaluate("join([a, a], '')", { a })).toThrow(RowFailure);
    expect(() => evaluate("json([a, a])", { a })).toThrow(RowFailure);
  });

  it("matches patterns that would hold other engines in linear time", () => {
    const a = `${"a".repeat(100_000)}!`;
    expect(evaluate("matches(a, '^(a+)+$')", { a })).toBe(false);
    expect(evaluate("matches(a, '(a|a)*b')", { a })).toBe(false);
  });

  it("made of any text either compiles or says what is wrong", () => {
    const pieces = fc.constantFrom(
      ..."( ) + - * / % ? : , == != <= >= < > && || ! and or not in [ ] true null a b.c `x` 'y' 1 .5 tags d $p $ constructor __proto__ toString lower matches( round( if( date_add( 'day' split( sort( join( hash( parse_json( '{' '[1' \\ \" '".split(
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
          const expression = compileExpression(text, { p: [1, "x"] });
          try {
            const value = expression(newRow({ a: 1, b: { c: "x" }, tags: ["x", null], d: "2026-01-31" }));
            expect(["function", "symbol", "bigint"]).not.toContain(typeof value);
            JSON.stringify(value);
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

  it("made of functions and any values gives a value or fails for the row", () => {
    const value = fc.oneof(
      fc.constantFrom(
        "2026-01-31",
        "2026-02-28T23:59:59.999Z",
        "",
        " 1 ",
        "a,b",
        "{}",
        "[1,2]",
        -1,
        0,
        1e308,
        null,
        true,
      ),
      fc.jsonValue(),
    );
    const argument = fc.constantFrom("a", "b", "c", "'day'", "'YYYY-MM-DD'", "'x'", "2", "null", "[a, b]", "$p");
    const source = fc
      .tuple(fc.constantFrom(...FUNCTIONS.keys()), fc.array(argument, { maxLength: 3 }))
      .map(([name, args]) => `${name}(${args.join(", ")})`);
    fc.assert(
      fc.property(source, value, value, value, (text, a, b, c) => {
        let expression: ReturnType<typeof compileExpression>;
        try {
          expression = compileExpression(text, { p: "p" });
        } catch (error) {
          expect(error).toMatchObject({ code: "invalid_input" });
          return;
        }
        const row = newRow({ a, b, c });
        const before = JSON.stringify(row);
        let made: unknown;
        try {
          made = expression(row);
        } catch (error) {
          expect(error).toBeInstanceOf(RowFailure);
        }
        expect(["function", "symbol", "bigint"]).not.toContain(typeof made);
        if (typeof made === "number") expect(Number.isFinite(made)).toBe(true);
        expect(expression.length === 1 && JSON.stringify(row)).toBe(before);
      }),
      { numRuns: 5000 },
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
