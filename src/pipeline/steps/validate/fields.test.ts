import { describe, expect, it } from "vitest";
import { type Rules, text, validate, wrong } from "../../../../test/fixtures/run-validate.ts";
import { compileValidate } from "./validate.ts";

/** Whether a value of the field `a` passes a rule. */
async function passes(rule: Rules | string, a: unknown, options: Rules = {}): Promise<boolean> {
  const run = await validate({ fields: { a: rule }, ...options }, [{ a }]);
  return run.total === 0;
}

describe("rules for fields", () => {
  it("say the row, the field, the rule and the value", async () => {
    const fields = {
      id: { type: "integer", required: true, unique: true },
      country: { enum: ["DE", "FR"] },
      email: { format: "email" },
      amount: { type: "number", min: 0, max: 1e6 },
      code: { pattern: "^[A-Z]{2}$", min_length: 2, max_length: 2 },
      customer_id: { foreign: { table: [{ id: "c1" }, { id: "c2" }], key: "id" } },
    };
    const good = { id: 1, country: "DE", email: "a@b.de", amount: 5, code: "AB", customer_id: "c1" };
    const run = await validate({ fields }, [
      good,
      { ...good, country: "XX", email: "nobody", amount: -1, code: "abc", customer_id: "c3" },
      { ...good, id: 2.5, amount: 2e6 },
      { country: "FR" },
    ]);
    expect(run.failure?.message).toBe("Validation failed");
    expect(run.reasons).toEqual([
      {
        row: 2,
        field: "country",
        rule: "enum",
        message: '"country" must be one of "DE", "FR"',
        value: "XX",
        path: ["country"],
      },
      { row: 2, field: "email", rule: "format", message: '"email" must be an email', value: "nobody", path: ["email"] },
      { row: 2, field: "amount", rule: "min", message: '"amount" must be at least 0', value: -1, path: ["amount"] },
      {
        row: 2,
        field: "code",
        rule: "max_length",
        message: '"code" must have at most 2 characters',
        value: "abc",
        path: ["code"],
      },
      {
        row: 2,
        field: "code",
        rule: "pattern",
        message: '"code" must match the pattern "^[A-Z]{2}$"',
        value: "abc",
        path: ["code"],
      },
      {
        row: 2,
        field: "customer_id",
        rule: "foreign",
        message: '"customer_id" must be one of the 2 keys of the table',
        value: "c3",
        path: ["customer_id"],
      },
      {
        row: 2,
        field: "id",
        rule: "unique",
        message: '"id" must be unique, but row 1 has it too',
        value: 1,
        path: ["id"],
      },
      { row: 3, field: "id", rule: "type", message: '"id" must be a whole number', value: 2.5, path: ["id"] },
      {
        row: 3,
        field: "amount",
        rule: "max",
        message: '"amount" must be at most 1000000',
        value: 2e6,
        path: ["amount"],
      },
      { row: 4, field: "id", rule: "required", message: '"id" is required', value: null, path: ["id"] },
    ]);
    expect(run.top[0]).toMatchObject({ count: 1 });
  });

  it.each<[string | Rules, unknown[], unknown[]]>([
    ["string", ["x", "", null], [1, true, [], {}]],
    ["integer", [1, -5, 1e300, null], [1.5, "1", true, ""]],
    ["number", [1, 1.5], ["1", "x"]],
    ["boolean", [true, false], ["true", 1, 0]],
    ["date", ["2026-01-31"], ["2026-02-30", "31.01.2026", 20260131, "2026-01-31T10:00:00Z"]],
    [
      "datetime",
      ["2026-01-31T10:00:00Z", "2026-01-31", "2026-01-31 10:00", "2026-01-31T10:00:00+02:00"],
      ["31.01.2026", "10:00", 5],
    ],
    ["time", ["10:00", "10:00:59.5", "10:00:00Z"], ["24:00", "10", 10]],
    ["year", [2026, 0], ["2026", -1, 10_000]],
    ["object", [{ b: 1 }], [[], "{}"]],
    ["array", [[1]], [{}, "[]"]],
    ["any", [1, "x", [], {}, true], []],
    [{ type: "date", date_format: "DD.MM.YYYY" }, ["31.1.2026"], ["2026-01-31", "31.02.2026"]],
    [{ type: "date", min: "2026-01-01", max: "2026-12-31" }, ["2026-05-01"], ["2025-12-31", "2027-01-01"]],
    [{ type: "date", date_format: "DD.MM.YYYY", min: "2026-01-02" }, ["03.01.2026"], ["01.12.2025"]],
    [{ type: ["integer", "null"] }, [1, null], ["x"]],
    [{ type: "int" }, [1], ["x"]],
    [{ type: "boolean", true_values: ["ja"], false_values: ["nein"] }, ["ja", "nein", true], ["yes", "x"]],
    [{ min: 1 }, [1, 2], [0, "x", true]],
    [{ minimum: 1, maximum: 2 }, [1, 2], [0, 3]],
    [{ enum: ["a", 1, true, null] }, ["a", 1, true, null], ["1", "b", false, [], {}]],
    [{ values: ["a"] }, ["a"], ["b", "constructor", "__proto__"]],
    [{ foreign: { table: ["a", 1] } }, ["a", 1, "1"], ["b", "constructor"]],
    [{ foreign: { table: { DE: {} } } }, ["DE"], ["FR", "toString"]],
    [{ foreign: { table: "code,name\nDE,x\n7,y\n", key: "code" } }, ["DE", "7", 7], ["x", "code", "8"]],
    [{ foreign: { table: "code\tn\nDE\tx\n", key: "code", table_format: "tsv" } }, ["DE"], ["x"]],
    [{ min_length: 2 }, ["ab", [1, 2]], ["a", "😀", [1]]],
    [{ max_length: 2 }, ["ab", "😀😀"], ["abc", "😀😀😀"]],
    [{ pattern: "^\\d+$" }, ["12", 12], ["x"]],
    [{ format: "uuid" }, ["123e4567-e89b-12d3-a456-426614174000"], ["x", 5]],
    [{ required: true }, ["x", 0, false, []], [null, "", "  ", undefined]],
    [{ constraints: { required: true, minLength: 2 } }, ["ab"], ["a", null]],
  ])("take for %j the one and not the other", async (rule, good, bad) => {
    for (const value of good) expect([value, await passes(rule, value)]).toEqual([value, true]);
    for (const value of bad) expect([value, await passes(rule, value)]).toEqual([value, false]);
  });

  it("read text of csv as a cast would, and convert the rows that pass", async () => {
    const fields = {
      id: "integer",
      price: { type: "number", decimal: ",", min: 0 },
      active: "boolean",
      day: { type: "date", date_format: "DD.MM.YYYY" },
      zip: "string",
      note: { min_length: 3 },
    };
    const row = { id: " 7", price: "1.234,50", active: "yes", day: "31.01.2026", zip: "01067", note: "" };
    const run = await validate(
      { fields, mode: "flag" },
      [row, { ...row, id: "", day: "" }, { ...row, price: "-1" }],
      text,
    );
    expect(run.rows).toEqual([
      { id: 7, price: 1234.5, active: true, day: "2026-01-31", zip: "01067", note: "" },
      { id: null, price: 1234.5, active: true, day: null, zip: "01067", note: "" },
      // What is of its type is converted, though it is out of bounds.
      {
        id: 7,
        price: -1,
        active: true,
        day: "2026-01-31",
        zip: "01067",
        note: "",
        _issues: [{ field: "price", rule: "min", message: "must be at least 0" }],
      },
    ]);
  });

  it("convert text of other formats, or leave that of csv, where they are told to", async () => {
    const fields = { n: "number" };
    expect((await validate({ fields, coerce: true }, [{ n: "5" }])).rows).toEqual([{ n: 5 }]);
    expect(wrong(await validate({ fields, coerce: false }, [{ n: "5" }], text))).toEqual(["1 n type"]);
  });

  it("convert only where a type is named, not where bounds are all that is asked", async () => {
    const run = await validate(
      { fields: { zip: { min: 1 }, day: { min: "2026-01-01" } }, mode: "drop" },
      [
        { zip: "00123", day: "2026-01-02" },
        { zip: "", day: "" },
        { zip: "000", day: "2026-01-02" },
        { zip: "x", day: "2025-01-02" },
      ],
      text,
    );
    expect(run.rows).toEqual([
      { zip: "00123", day: "2026-01-02" },
      { zip: "", day: "" },
    ]);
    expect(wrong(run)).toEqual(["3 zip min", "4 zip type", "4 day min"]);
  });

  it("tell checks of the same row numbers that are out of bounds as numbers", async () => {
    const fields = { net: { type: "number", min: 0 }, tax: "number", total: "number" };
    const checks = ["round(net + tax, 2) == total"];
    const rows = [
      { net: "-5", tax: "0", total: "-5" },
      { net: "10", tax: "1", total: "11" },
    ];
    expect(wrong(await validate({ fields, checks, mode: "flag" }, rows, text))).toEqual(["1 net min"]);
    const aside = await validate({ fields, checks, mode: "quarantine" }, rows, text);
    expect(wrong(aside)).toEqual(["1 net min"]);
    expect(aside.quarantine[0]?.row).toEqual(rows[0]);
  });

  it.each(["number", "integer"])("refuse digits that a number would lose as %s", async (type) => {
    const rows = [{ n: "9007199254740993" }, { n: "12345678901234567890" }, { n: "-9007199254740993" }, { n: "1" }];
    const run = await validate({ fields: { n: type }, mode: "drop" }, rows, text);
    expect(run.rows).toEqual([{ n: 1 }]);
    expect(wrong(run)).toEqual(["1 n type", "2 n type", "3 n type"]);
    expect(run.reasons[0]?.message).toMatch(/"n" must be a .*number; .*9007199254740991/);
  });

  it("say what would help where a number is written in another way", async () => {
    const run = await validate({ fields: { n: "number" } }, [{ n: "1,5" }], text);
    expect(run.reasons[0]?.message).toBe('"n" must be a number; "decimal": "," would read it as 1.5');
  });

  it("compare values of lists as the type reads them", async () => {
    const fields = { n: { type: "integer", enum: ["1", 2] }, m: { enum: [1, 2] } };
    expect(
      wrong(
        await validate(
          { fields },
          [
            { n: "01", m: "1" },
            { n: "3", m: "3" },
          ],
          text,
        ),
      ),
    ).toEqual(["2 n enum", "2 m enum"]);
  });

  it("know texts that stand for no value", async () => {
    const options = { fields: { n: { type: "number" }, id: { required: true } }, missing_values: ["N/A", "-"] };
    const run = await validate(
      { ...options, mode: "drop" },
      [
        { n: "N/A", id: "x" },
        { n: "1", id: "-" },
      ],
      text,
    );
    expect(run.rows).toEqual([{ n: null, id: "x" }]);
    expect(wrong(run)).toEqual(["2 id required"]);
  });

  it("ask for a text that is not empty by min_length 1, too", async () => {
    expect(wrong(await validate({ fields: { a: { min_length: 1 } } }, [{ a: "" }], text))).toEqual(["1 a min_length"]);
  });

  it("reach into objects by dotted names", async () => {
    const fields = { "address.zip": { type: "integer", required: true } };
    const run = await validate({ fields, coerce: true, mode: "flag" }, [
      { address: { zip: "5" } },
      { address: {} },
      { "address.zip": "6" },
      { address: { zip: "x" } },
    ]);
    expect(run.rows).toMatchObject([
      { address: { zip: 5 } },
      { address: {} },
      { "address.zip": 6 },
      { address: { zip: "x" } },
    ]);
    expect(run.reasons.map(({ row, path }) => ({ row, path }))).toEqual([
      { row: 2, path: ["address", "zip"] },
      { row: 4, path: ["address", "zip"] },
    ]);
  });

  it("refuse fields without rules where they are told to", async () => {
    const run = await validate({ fields: { a: {} }, extra_fields: "forbid" }, [{ a: 1, b: 2 }]);
    expect(wrong(run)).toEqual(["1 b extra_fields"]);
    const inherited = await validate({ fields: { a: {} }, extra_fields: "forbid" }, [
      JSON.parse('{"a":1,"__proto__":{"x":1}}'),
    ]);
    expect(wrong(inherited)).toEqual(["1 __proto__ extra_fields"]);
  });

  it("take the names of objects for plain fields", async () => {
    const fields = JSON.parse('{"constructor":{"required":true},"__proto__":{"type":"integer"}}');
    expect(wrong(await validate({ fields }, [{}, JSON.parse('{"constructor":1,"__proto__":"x"}')]))).toEqual([
      "1 constructor required",
      "2 __proto__ type",
    ]);
  });

  it("warn of fields that no row has, of optional ones only where another is meant", async () => {
    const run = await validate({ fields: { idd: {}, remark: {}, name: { unique: true } } }, [{ id: 1 }, { id: 2 }]);
    expect(run.warnings).toEqual([
      'no row has a field "idd". Did you mean "id"? Fields: id.',
      'no row has a field "name". Fields: id.',
    ]);
  });

  it.each<[Rules, RegExp]>([
    [{ fields: { a: { typ: "x" } } }, /field "a": unknown key "typ"/],
    [{ fields: { a: { type: "strin" } } }, /"strin" is no type/],
    [{ fields: { a: { format: "mail" } } }, /"mail" is no format/],
    [{ fields: { a: { pattern: "(" } } }, /pattern "\(" is not understood/],
    [{ fields: { a: { enum: [] } } }, /"enum" must be a list of values/],
    [{ fields: { a: { type: "integer", enum: ["x"] } } }, /"enum": "x" is not a whole number/],
    [{ fields: { a: { type: "integer", min: "x" } } }, /"min": "x" is not a whole number/],
    [{ fields: { a: { min: true } } }, /"min" must be a number/],
    [{ fields: { a: { date_format: "dd" } } }, /"dd" is no date format/],
    [{ fields: { a: { foreign: { table: [{ x: 1 }], key: "y" } } } }, /entry 1 of the table has no field "y"/],
    [{ fields: { a: { foreign: { table: "x\n1\n", key: "y" } } } }, /entry 1 of the table has no field "y"/],
    [{ fields: { a: { foreign: { table: "exports/a.csv", key: "y" } } } }, /"exports\/a.csv" has no rows/],
    [{ fields: [{ type: "integer" }] }, /"name" must be a text/],
    [{ fields: "a" }, /"fields" must be an object or a list/],
    [{ unique: [] }, /"unique" must be a list of field names/],
    [{ mode: "drop" }, /"mode" needs rules/],
    [{ coerce: true }, /"coerce" needs rules/],
    [{ fields: {}, extra_fields: "forbid" }, /"extra_fields" needs "fields"/],
    [{ checks: ["a >"] }, /entry 1 of "checks".*wrong at character/],
    [{ fields: {}, foreignKeys: [{ fields: "a", reference: { resource: "x", fields: "b" } }] }, /no table "x"/],
    [{ fields: {}, when: "a ==" }, /Step 1 \(validate\): .*wrong at character/],
    [{ schema: { type: "array" }, when: "a" }, /"when" is for rules on single rows/],
  ])("refuse %j with what is wrong", (options, message) => {
    expect(() => compileValidate(options, "Step 1 (validate)")).toThrow(message);
  });
});
