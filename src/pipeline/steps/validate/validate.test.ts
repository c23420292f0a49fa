import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { validate } from "../../../../test/fixtures/run-validate.ts";
import { ToolError } from "../../../errors.ts";
import { compileValidate } from "./validate.ts";

const schema = {
  type: "object",
  required: ["id", "email"],
  properties: {
    id: { type: "integer", minimum: 1 },
    email: { format: "email" },
    code: { pattern: "^[A-Z]{2}$" },
    address: { properties: { zip: { type: "string" } } },
  },
  additionalProperties: false,
};

describe("validate", () => {
  it("passes rows that satisfy the schema", async () => {
    const outcome = await validate({ schema }, [{ id: 1, email: "a@b.de", code: "DE" }]);
    expect(outcome.failure).toBeUndefined();
    expect(outcome.record).toEqual({ valid: true, mode: "stop", rows_invalid: 0 });
  });

  it("ends the run with every reason: row, field, rule, message and value", async () => {
    const rows = [
      { id: 1, email: "a@b.de" },
      { id: 0, email: "nobody", code: "xyz", extra: 1 },
      { address: { zip: 5 }, email: "a@b.de" },
    ];
    const outcome = await validate({ schema }, rows);
    expect(outcome.failure?.message).toBe("Validation failed");
    const reasons = outcome.reasons.map(({ path: _, ...reason }) => reason);
    expect(reasons).toHaveLength(6);
    expect(reasons).toEqual(
      expect.arrayContaining([
        { row: 2, field: "id", rule: "minimum", message: '"id" must be >= 1', value: 0 },
        { row: 2, field: "email", rule: "format", message: '"email" must match format "email"', value: "nobody" },
        { row: 2, field: "code", rule: "pattern", message: '"code" must match pattern "^[A-Z]{2}$"', value: "xyz" },
        {
          row: 2,
          field: "extra",
          rule: "additionalProperties",
          message: '"extra" is not allowed by the schema',
          value: 1,
        },
        { row: 3, field: "id", rule: "required", message: '"id" is required', value: null },
        { row: 3, field: "address.zip", rule: "type", message: '"address.zip" must be string', value: 5 },
      ]),
    );
  });

  it.each<[Record<string, unknown>, unknown, string]>([
    [{ minLength: 1 }, "", '"a" must not be empty'],
    [{ minLength: 2 }, "x", '"a" must have at least 2 characters'],
    [{ maxLength: 1 }, "xy", '"a" must have at most 1 character'],
    [{ minItems: 1 }, [], '"a" must have at least 1 entry'],
    [{ maxItems: 1 }, [1, 2], '"a" must have at most 1 entry'],
    [{ minProperties: 1 }, {}, '"a" must have at least 1 field'],
    [{ not: { type: "string" } }, "x", '"a" must not match the schema under "not"'],
    [{ type: ["string", "null"] }, 5, '"a" must be string or null'],
    [{ dependentRequired: { x: ["y"] } }, { x: 1 }, '"a.y" is required where "x" is there'],
  ])("says in plain words what breaks %j", async (property, a, message) => {
    const outcome = await validate({ schema: { properties: { a: property } } }, [{ a }]);
    expect(outcome.reasons).toMatchObject([{ message }]);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [
      { type: "objekt" },
      /"objekt" at \/type is no type; types are array, boolean, integer, null, number, object, string\.$/,
    ],
    [{ type: ["string", "nul"] }, /"nul" at \/type is no type/],
    [{ properties: { a: { type: "Number" } } }, /"Number" at \/properties\/a\/type is no type/],
    [{ properties: { type: "string" } }, /\/properties\/type must be object or boolean, not "string"/],
    [{ required: "id" }, /\/required must be array, not "id"/],
    [{ required: ["a", "a"] }, /\/required must name nothing twice, not \["a","a"\]/],
  ])("refuses the schema %j with what is wrong in it", (schema, message) => {
    expect(() => compileValidate({ schema }, "Step 1 (validate)")).toThrow(message);
  });

  it("lists 100 reasons and counts all, with long values cut", async () => {
    const rows = Array.from({ length: 250 }, () => ({ id: "x".repeat(500) }));
    const outcome = await validate({ schema: { properties: { id: { maxLength: 3 } } } }, rows);
    expect(outcome.reasons).toHaveLength(100);
    expect(outcome.total).toBe(250);
    expect(outcome.reasons[0]?.value).toBe(`${"x".repeat(80)}…`);
  });

  it("drops failed rows, or keeps them with their reasons", async () => {
    const rows = [{ id: 1 }, { id: "x" }];
    const ids = { properties: { id: { type: "integer" } } };
    expect(await validate({ schema: ids, mode: "drop" }, rows)).toMatchObject({ rows: [{ id: 1 }] });
    const flagged = await validate({ schema: ids, mode: "flag", flag_field: "why" }, rows);
    expect(flagged.rows).toEqual([
      { id: 1 },
      { id: "x", why: [{ field: "id", rule: "type", message: "must be integer" }] },
    ]);
  });

  it("checks a schema of type array against all rows", async () => {
    const all = { type: "array", minItems: 3, uniqueItems: true, items: { properties: { id: { type: "integer" } } } };
    const outcome = await validate({ schema: all, mode: "drop" }, [{ id: 1 }, { id: 1 }]);
    expect(outcome.failure?.message).toBe("Validation failed");
    expect(outcome.reasons).toMatchObject([
      { row: 0, field: null, rule: "minItems" },
      { row: 2, rule: "uniqueItems", message: "the row must be unique, but entries 1 and 2 are the same" },
    ]);
    expect(await validate({ schema: { ...all, minItems: 1 }, mode: "drop" }, [{ id: 1 }, { id: "x" }])).toMatchObject({
      rows: [{ id: 1 }],
    });
  });

  it("warns of names that are no keywords and would silently check nothing", async () => {
    const items = { min: 0, minLenght: 2, note: "for people", "x-unit": "kg" };
    const run = await validate({ schema: { properties: { a: items, min: { type: "string" } }, require: ["a"] } }, [
      { a: -1 },
    ]);
    expect(run.warnings).toEqual([
      'the schema has "require" at /, which is no keyword and checks nothing. Did you mean "required"?',
      'the schema has "min" at /properties/a, which is no keyword and checks nothing. Did you mean "minimum"?',
      'the schema has "minLenght" at /properties/a, which is no keyword and checks nothing. Did you mean "minLength"?',
    ]);
  });

  it("says where `required` of a field belongs", () => {
    expect(() => compileValidate({ schema: { properties: { a: { required: true } } } }, "S")).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/list of names beside "properties"/) }),
    );
  });

  it("looks values of long lists up", async () => {
    const list = [...Array.from({ length: 20_000 }, (_, n) => `v${n}`), { a: 1, b: [null] }];
    const rows = ["v19999", { b: [null], a: 1 }, "v20000", '{"a":1,"b":[null]}', 5, null].map((a) => ({ a }));
    const run = await validate({ schema: { properties: { a: { enum: list } } } }, rows);
    expect(run.reasons.map(({ row, rule }) => `${row} ${rule}`)).toEqual(["3 enum", "4 enum", "5 enum", "6 enum"]);
    expect(run.reasons[0]?.message).toMatch(/^"a" must be one of "v0", "v1", .*, … \(20001 in all\)$/);
  });

  it("tells apart several patterns of one schema", async () => {
    const patterns = { properties: { a: { pattern: "^x$" }, b: { pattern: "^y$" } } };
    const outcome = await validate({ schema: patterns }, [
      { a: "x", b: "y" },
      { a: "y", b: "y" },
    ]);
    expect(outcome.reasons).toMatchObject([{ row: 2, field: "a" }]);
  });

  it("says that cells of csv are text where types alone fail", async () => {
    const outcome = await validate({ schema: { properties: { a: { type: "number" } } } }, [{ a: "1" }], {
      textCells: true,
    });
    expect(outcome.failure?.hint).toMatch(/cast them in a transform step first/);
  });

  it("follows references, recursive ones too, and schemas that name another draft", async () => {
    const tree = {
      $schema: "http://json-schema.org/draft-07/schema#",
      $ref: "#/$defs/node",
      $defs: { node: { properties: { left: { $ref: "#/$defs/node" }, value: { type: "number" } } } },
    };
    const outcome = await validate({ schema: tree }, [{ left: { left: { value: "x" } } }]);
    expect(outcome.reasons).toMatchObject([{ row: 1, field: "left.left.value", rule: "type" }]);
  });

  it.each([
    ["date", "2024-02-29", "2023-02-29"],
    ["date-time", "2024-01-01T10:00:00Z", "2024-01-01 25:00:00Z"],
    ["time", "10:00:00+02:00", "10:00"],
    ["ipv4", "10.0.0.1", "10.0.0.256"],
    ["ipv6", "::1", "::g"],
    ["uri", "https://a.de/x", "a b"],
    ["uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567"],
    ["hostname", "a-b.de", "-a.de"],
  ])("knows the format %s", async (format, good, bad) => {
    const outcome = await validate({ schema: { properties: { a: { format } } } }, [{ a: good }, { a: bad }]);
    expect(outcome.reasons).toMatchObject([{ row: 2, rule: "format" }]);
  });

  it("ends patterns, references and comparisons that would hold other engines", async () => {
    const attack = `${"a".repeat(50_000)}!`;
    expect((await validate({ schema: { properties: { a: { pattern: "^(a+)+$" } } } }, [{ a: attack }])).total).toBe(1);
    expect(
      (await validate({ schema: { patternProperties: { "(a|a)*b": {} } } }, [{ [attack]: 1 }])).failure,
    ).toBeUndefined();

    const $defs: Record<string, unknown> = { d40: { type: "string" } };
    for (let level = 0; level < 40; level++) {
      const next = { $ref: `#/$defs/d${level + 1}` };
      $defs[`d${level}`] = { anyOf: [next, next] };
    }
    const bomb = validate({ schema: { $defs, properties: { a: { $ref: "#/$defs/d0" } } } }, [{ a: 1 }]);
    await expect(bomb).rejects.toMatchObject({ code: "too_large" });

    expect((await validate({ schema: { allOf: [{ $ref: "#" }, { $ref: "#" }] } }, [{}])).failure?.message).toBe(
      "Validation failed",
    );
    const many = Array.from({ length: 50_000 }, (_, id) => ({ id }));
    expect((await validate({ schema: { type: "array", uniqueItems: true } }, many)).failure).toBeUndefined();
  });

  it.each([
    { type: "nonsense" },
    { properties: { a: { pattern: "(" } } },
    { properties: { a: { pattern: "(?=x)" } } },
    { $ref: "http://example.com/schema" },
    { properties: [] },
  ])("refuses a schema that cannot be used: %j", (broken) => {
    expect(() => compileValidate({ schema: broken }, "Step 1 (validate)")).toThrow(ToolError);
    expect(() => compileValidate({ schema: broken }, "Step 1 (validate)")).toThrow(/Step 1 \(validate\): /);
  });

  it("lists 20 violations of a row, counts all, and keeps none of rows that it drops", async () => {
    const many = { anyOf: Array.from({ length: 2000 }, (_, n) => ({ const: n + 2 })) };
    const rows = Array.from({ length: 300 }, () => ({ a: 1 }));
    const outcome = await validate({ schema: many, mode: "drop" }, rows);
    expect(outcome.rows).toEqual([]);
    expect(outcome.record).toMatchObject({ rows_invalid: 300 });
    expect(outcome.total).toBe(300 * 2001);
    expect(outcome.reasons).toHaveLength(100);
    const flagged = await validate({ schema: many, mode: "flag" }, rows.slice(0, 2));
    expect((flagged.rows[1] as { _issues: unknown[] })._issues).toHaveLength(20);
  });

  it("refuses a check that finds errors without measure", async () => {
    const items = { anyOf: Array.from({ length: 300 }, (_, n) => ({ const: n + 2 })) };
    const rows = Array.from({ length: 100 }, () => ({ a: 1 }));
    await expect(validate({ schema: { type: "array", items } }, rows)).rejects.toMatchObject({ code: "too_large" });
  });

  it("fails rows whose text is too long for a large pattern, with a clear reason", async () => {
    const rows = [{ a: "xy".repeat(200_000) }, { a: "xy" }];
    const pattern = "(x|y)*x(x|y){900}z";
    const bySchema = await validate({ schema: { properties: { a: { pattern } } } }, rows.slice(0, 1));
    expect(bySchema.reasons[0]?.message).toMatch(
      /cannot be checked: the pattern .* is too large for a text of 400000 characters/,
    );
    expect((await validate({ fields: { a: { pattern } } }, rows)).total).toBe(2);
  });

  it("compares objects by what they hold, whatever their fields are called", async () => {
    const list: object[] = [{ valueOf: 1 }, { constructor: { a: 1 } }, { a: { toString: null } }];
    const rows: object[] = [{ valueOf: 1 }, { constructor: { a: 1 } }, { a: { toString: null } }, { valueOf: 2 }, {}];
    expect((await validate({ schema: { enum: list }, mode: "drop" }, rows)).numbers).toEqual([1, 2, 3]);
    const same = { properties: { a: { const: { valueOf: 1, x: [1] } } } };
    expect(
      (await validate({ schema: same, mode: "drop" }, [{ a: { x: [1], valueOf: 1 } }, { a: {} }])).numbers,
    ).toEqual([1]);
  });

  it("finds a row valid where ajv as it comes does", async () => {
    const leaf = fc.oneof(
      fc.record({ type: fc.constantFrom("string", "number", "integer", "boolean", "null", "array", "object") }),
      fc.record({ enum: fc.uniqueArray(fc.jsonValue({ maxDepth: 1 }), { minLength: 1, maxLength: 3 }) }),
      fc.record({ const: fc.jsonValue({ maxDepth: 1 }) }),
      fc.record({ minLength: fc.nat(3), maximum: fc.nat(5) }),
      fc.record({ uniqueItems: fc.boolean(), maxItems: fc.nat(3) }),
      fc.record({ pattern: fc.constantFrom("^a", "[0-9]{2}", "(a|b)+$", "^[a-c]*$") }),
      fc.record({ required: fc.uniqueArray(fc.constantFrom("a", "b", "toString", "constructor"), { maxLength: 2 }) }),
    );
    const { schema } = fc.letrec((tie) => ({
      schema: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.record({
          properties: fc.dictionary(fc.constantFrom("a", "b", "valueOf"), tie("schema")),
          additionalProperties: tie("schema"),
        }),
        fc.record({ items: tie("schema") }),
        fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
        fc.record({ allOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }), not: tie("schema") }),
        fc
          .tuple(tie("schema"), tie("schema"), tie("schema"))
          .map((three) => Object.fromEntries(["if", "then", "else"].map((key, at) => [key, three[at]]))),
      ),
    }));
    const row = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.jsonValue({ maxDepth: 2 }));
    await fc.assert(
      fc.asyncProperty(schema, fc.array(row, { minLength: 1, maxLength: 4 }), async (written, data) => {
        // With the usual prototypes, by which ajv compares; it calls what data name `valueOf` and `toString`.
        const [rules, rows] = JSON.parse(JSON.stringify([written, data])) as [object, unknown[]];
        fc.pre(!/"(valueOf|toString|constructor)":/.test(JSON.stringify(rows)));
        const plain = new Ajv2020({ strict: false, ownProperties: true, logger: false }).compile(rules);
        // At the top, the type array would mean all rows as a whole.
        const run = await validate({ schema: { allOf: [rules] }, mode: "drop" }, rows);
        expect(run.numbers).toEqual(rows.flatMap((one, index) => (plain(one) ? [index + 1] : [])));
        expect(run.total >= rows.length - run.rows.length).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
