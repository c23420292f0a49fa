import { describe, expect, it } from "vitest";
import { failure } from "../../test/fixtures/model-client.ts";
import { compileSchema } from "./check-schema.ts";

const TYPES = "array, boolean, integer, null, number, object, string";
const invalid = "output_schema is not a valid JSON Schema: ";
const DRAFT_7 = "http://json-schema.org/draft-07/schema#";

describe("a schema that is wrong", () => {
  it.each([
    [{ type: "objekt" }, "/type", `"objekt" is no type; the types are ${TYPES}`],
    [{ $schema: DRAFT_7, type: "objekt" }, "/type", `"objekt" is no type; the types are ${TYPES}`],
    [
      { properties: { "a/b": { type: "strin" } } },
      "/properties/a~1b/type",
      `"strin" is no type; the types are ${TYPES}`,
    ],
    [{ type: ["string", "nul"] }, "/type/1", `"nul" is no type; the types are ${TYPES}`],
    [{ type: { a: 1 } }, "/type", `{"a":1} is no type; the types are ${TYPES}`],
    [{ type: null }, "/type", `null is no type; the types are ${TYPES}`],
    [{ anyOf: [{ type: "String" }] }, "/anyOf/0/type", `"String" is no type; the types are ${TYPES}`],
    [{ $schema: DRAFT_7, items: { type: "int" } }, "/items/type", `"int" is no type; the types are ${TYPES}`],
    [{ type: [] }, "/type", "must NOT have fewer than 1 items"],
    [{ required: true }, "/required", "must be array"],
    [{ properties: { type: "string" } }, "/properties/type", "must be object,boolean"],
    [{ minLength: -1 }, "/minLength", "must be >= 0"],
  ])("%j is told where and why", async (schema, pointer, reason) => {
    const error = await failure(compileSchema(schema));
    expect(error).toMatchObject({
      code: "invalid_input",
      message: `${invalid}${pointer}: ${reason}`,
      issues: [{ path: `/output_schema${pointer}`, message: reason }],
    });
  });

  it.each([
    [
      { properties: { code: { type: "string", pattern: "^(?=.*[A-Z]).+$" } } },
      "/properties/code/pattern",
      'the pattern "^(?=.*[A-Z]).+$" cannot be used: patterns are RE2, which has no lookaround and no back-references',
    ],
    [
      { patternProperties: { "(a)\\1": {} } },
      "/patternProperties/(a)\\1",
      'the pattern "(a)\\\\1" cannot be used: patterns are RE2, which has no lookaround and no back-references',
    ],
    [{ items: { pattern: "(" } }, "/items/pattern", 'the pattern "(" cannot be used: missing closing ): `(`'],
    [
      { properties: { a: { $ref: "https://example.com/a" } } },
      "/properties/a/$ref",
      '"https://example.com/a" is not in the schema, and nothing is fetched: put it under $defs and refer to it as "#/$defs/NAME"',
    ],
    [
      { items: { $ref: "#/$defs/missing" } },
      "/items/$ref",
      '"#/$defs/missing" is not in the schema: put it under $defs and refer to it as "#/$defs/NAME"',
    ],
  ])("%j is told in plain words where it cannot be used", async (schema, pointer, reason) => {
    const error = await failure(compileSchema(schema));
    expect(error).toMatchObject({
      code: "invalid_input",
      message: `${invalid}${pointer}: ${reason}`,
      issues: [{ path: `/output_schema${pointer}`, message: reason }],
    });
  });

  it("is told every reason, a few in the message", async () => {
    const properties = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, { type: "objekt" }]));
    const error = await failure(compileSchema({ properties }));
    expect(error.issues!.map((issue) => issue.path)).toEqual(
      Object.keys(properties).map((name) => `/output_schema/properties/${name}/type`),
    );
    expect(error.message.length).toBeLessThan(500);
  });

  it("quotes no more than the beginning of a long value", async () => {
    const error = await failure(compileSchema({ type: "x".repeat(10_000) }));
    expect(error.message).toContain(`${TYPES}`);
    expect(error.message.length).toBeLessThan(400);
  });

  it.each([[{ $ref: "#/$defs/missing" }], [{ pattern: "(" }], [{ $async: true }]])("%j too", async (schema) => {
    expect((await failure(compileSchema(schema))).message.startsWith(invalid)).toBe(true);
  });
});

describe("a schema that is right", () => {
  it.each([
    [{ type: ["string", "null"] }, null, 1],
    [{ properties: { type: { type: "string" } } }, { type: "objekt" }, { type: 1 }],
    [{ enum: [{ type: "objekt" }] }, { type: "objekt" }, {}],
  ])("%j takes %j and refuses %j", async (schema, good, bad) => {
    const check = await compileSchema(schema);
    expect(check(good)).toEqual([]);
    expect(check(bad)).not.toEqual([]);
  });
});

describe("a schema that would hold the server", () => {
  const doubling = (levels: number) => ({
    $ref: `#/$defs/n${levels}`,
    $defs: Object.fromEntries(
      Array.from({ length: levels + 1 }, (_, i) => {
        const below = { $ref: `#/$defs/n${i - 1}` };
        return [`n${i}`, i === 0 ? { type: "object" } : { allOf: [below, below] }];
      }),
    ),
  });

  it.each([
    ["refers to itself without end", { $ref: "#" }, "output_schema refers to itself without end"],
    ["multiplies its $refs", doubling(37), "output_schema takes too many steps"],
    ["does so as draft-07 says", { ...doubling(37), $schema: DRAFT_7 }, "output_schema takes too many steps"],
    [
      "is too large",
      { properties: Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`p${i}`, {}])) },
      "the limit is 100000",
    ],
    ["is nested too deeply", nested(9000), "is nested too deeply"],
  ])("since it %s is refused", async (_why, schema, reason) => {
    const error = await failure(compileSchema(schema));
    expect(error.code).toBe("invalid_input");
    expect(error.message).toContain(reason);
  });

  it("by its errors is stopped when the value comes", async () => {
    const never = Array.from({ length: 5000 }, () => ({ type: "null" }));
    const check = await compileSchema({ items: { anyOf: never } });
    expect(() => check(Array(10_000).fill(1))).toThrow(expect.objectContaining({ code: "invalid_input" }));
  });

  it("by its patterns is stopped when the value comes", async () => {
    const check = await compileSchema({ items: { pattern: "(x|y)*x(x|y){900}z" } });
    const texts = Array(500).fill("z".repeat(15_000));
    expect(() => check(texts)).toThrow(expect.objectContaining({ code: "invalid_input" }));
  });

  it("is none where it is only recursive or large", async () => {
    const check = await compileSchema({
      $ref: "#/$defs/node",
      $defs: { node: { type: "object", properties: { next: { $ref: "#/$defs/node" }, v: { type: "integer" } } } },
    });
    expect(check({ next: { next: { v: 1 } } })).toEqual([]);
    expect(check({ next: { next: { v: "x" } } })).toEqual([{ path: "/next/next/v", message: "must be integer" }]);
  });

  it("finds equal entries among many, whatever the order of their fields", async () => {
    const check = await compileSchema({ uniqueItems: true });
    const items: object[] = Array.from({ length: 60_000 }, (_, a) => ({ a, b: 1 }));
    expect(check(items)).toEqual([]);
    expect(check([...items, { b: 1, a: 0 }])).toEqual([{ path: "/", message: "must NOT have duplicate items" }]);
    expect(check([1, "1", [1], { 0: 1 }, null])).toEqual([]);
  });

  it("reads long texts of any format at once", async () => {
    const long = `a:${"a.".repeat(100_000)}`;
    for (const format of ["url", "uri", "email", "hostname", "date-time", "uuid", "regex"]) {
      const check = await compileSchema({ format });
      expect(Array.isArray(check(long))).toBe(true);
    }
  });

  function nested(depth: number): Record<string, unknown> {
    return depth === 0 ? {} : { not: nested(depth - 1) };
  }
});
