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
