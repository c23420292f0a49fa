import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { expect, it } from "vitest";
import { isPlainSchema } from "./plain-schema.ts";

const ajv = new Ajv2020({ strict: false, logger: false });

it("common schemas are plain", () => {
  const schema = {
    type: "object",
    required: ["id", "mail"],
    properties: {
      id: { type: "integer", minimum: 1 },
      mail: { type: ["string", "null"], pattern: "^.+@.+$", maxLength: 100 },
      tags: { type: "array", items: { enum: ["a", 1, null] }, uniqueItems: true, minItems: 0 },
      if: true,
    },
    additionalProperties: false,
    anyOf: [{ required: ["id"] }, { not: { const: {} } }],
  };
  expect(isPlainSchema(schema)).toBe(true);
});

it.each([
  { type: "text" },
  { type: [] },
  { type: ["string", "string"] },
  { minimum: "1" },
  { minLength: -1 },
  { minLength: 1.5 },
  { required: "id" },
  { required: ["a", "a"] },
  { properties: [] },
  { properties: { a: null } },
  { allOf: [] },
  { items: [{}] },
  { pattern: 1 },
  { $ref: "#" },
  { unheard: 1 },
  { constructor: 1 },
  JSON.parse('{"__proto__": 1}'),
  null,
  "x",
  [],
])("%j is not, for it is wrong or has to be looked at", (schema) => {
  expect(isPlainSchema(schema)).toBe(false);
});

it("no schema is plain that the schema of schemas does not take", () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>("string", "integer", "text", true, null, 0, 1, -1, 1.5, "a", "^a$"),
      fc.array(tie("any"), { maxLength: 3 }),
      tie("schema"),
    ),
    schema: fc.dictionary(
      fc.constantFrom(
        ...[
          "type",
          "enum",
          "const",
          "properties",
          "required",
          "items",
          "prefixItems",
          "minLength",
          "minimum",
          "pattern",
        ],
        ...["allOf", "not", "if", "uniqueItems", "additionalProperties", "title", "a", "$ref", "format"],
      ),
      tie("any"),
      { maxKeys: 4 },
    ),
  })).schema;
  fc.assert(
    fc.property(value, (schema) => {
      if (isPlainSchema(schema)) expect(ajv.validateSchema(schema as object)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});
