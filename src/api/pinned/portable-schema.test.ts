import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lint } from "../../../test/fixtures/lint-schema.ts";
import { createDocument } from "../openapi/document.ts";
import { plainText } from "./flatten-schema.ts";
import { type PortableSchema, portableSchema, readValue, shorten, wordsOf } from "./portable-schema.ts";

const TREE = {
  type: "object",
  required: ["name"],
  properties: { name: { type: "string" }, parent: { $ref: "#/components/schemas/Tree" } },
};

function documentOf(schemas: object) {
  return createDocument({ openapi: "3.1.0", paths: {}, components: { schemas } }, (what) => new Error(what));
}

const show = (schema: unknown, depth = 3): PortableSchema =>
  portableSchema(documentOf({ Tree: TREE, Loop: { $ref: "#/components/schemas/Loop" } }), schema, { depth, text: 100 });

describe("a portable schema", () => {
  it.each([
    ["a type", { type: "integer", minimum: 1 }, { type: "integer", minimum: 1 }],
    ["a nullable type of 3.0", { type: "string", nullable: true }, { type: "string" }],
    ["a list of types", { type: ["integer", "null"] }, { type: "integer" }],
    ["a union with null", { anyOf: [{ type: "boolean" }, { type: "null" }] }, { type: "boolean" }],
    [
      "alternatives of choices",
      { oneOf: [{ const: "a" }, { const: "b" }] },
      { type: "string", enum: ["a", "b"], description: "One of: a, b." },
    ],
    ["choices without a type", { enum: [1, 2, null] }, { type: "integer", enum: [1, 2], description: "One of: 1, 2." }],
    [
      "text or number",
      { type: ["string", "number"] },
      { type: "string", description: "Also possible, as JSON text: number." },
    ],
    ["anything", true, { type: "string", description: "Any JSON value, as JSON text." }],
    [
      "a list of lists",
      { type: "array", items: { type: "array", items: { type: "number" } } },
      { type: "array", items: { type: "array", items: { type: "number" } } },
    ],
    [
      "a reference to itself",
      { $ref: "#/components/schemas/Loop" },
      { type: "string", description: "Any JSON value, as JSON text." },
    ],
    [
      "a reference to nothing",
      { $ref: "#/components/schemas/None" },
      { type: "string", description: "Any JSON value, as JSON text." },
    ],
    [
      "a default, which bridges would send",
      { type: "integer", default: 20 },
      { type: "integer", description: "Default: 20." },
    ],
    ["the bounds of 3.0", { type: "number", minimum: 0, exclusiveMinimum: true }, { type: "number", minimum: 0 }],
  ])("stands for %s", (_what, schema, expected) => {
    expect(show(schema)).toEqual(expected);
  });

  it("names a circle where it comes back, and what is too deep", () => {
    expect(show({ $ref: "#/components/schemas/Tree" }, 9)).toEqual({
      type: "object",
      properties: {
        name: { type: "string", description: "Name." },
        parent: { type: "object", description: "An object with name, parent." },
      },
      required: ["name"],
    });
    expect(show({ $ref: "#/components/schemas/Tree" }, 0)).toEqual({
      type: "object",
      description: "An object with name, parent.",
    });
  });

  it("is made in little time of schemas that double with every level", () => {
    const double = Array.from({ length: 40 }, (_level, index) => {
      const ref = { $ref: `#/components/schemas/L${index + 1}` };
      const properties = { a: ref, b: ref, c: ref };
      return [`L${index}`, { type: "object", allOf: [ref, ref], anyOf: [ref, ref], properties }];
    });
    const document = documentOf(Object.fromEntries(double));
    const startedAt = performance.now();
    const made = portableSchema(document, { $ref: "#/components/schemas/L0" }, { depth: 4, text: 100 });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(made.type).toBe("object");
  });

  it("leaves objects open whose names not every bridge takes", () => {
    expect(show({ type: "object", properties: { "a-b": { type: "string" }, c: {} } })).toEqual({
      type: "object",
      description: "An object with a-b, c.",
    });
  });

  it("survives every bridge, whatever the document says", () => {
    const { schema } = fc.letrec((tie) => ({
      schema: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom<unknown>(true, false, null, {}, 7, { type: "file" }, { type: "null" }),
        fc.record({ $ref: fc.constantFrom("#/components/schemas/A", "#/components/schemas/B", "#/nowhere", "x.json") }),
        fc.record(
          {
            type: fc.oneof(
              fc.constantFrom("string", "integer", "number", "boolean", "array", "object", "null", "any"),
              fc.uniqueArray(fc.constantFrom("string", "integer", "array", "object", "null")),
            ),
            description: fc.string(),
            enum: fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.boolean()), { maxLength: 50 }),
            default: fc.anything(),
            minimum: fc.oneof(fc.double(), fc.boolean()),
            maxLength: fc.anything(),
            items: tie("schema"),
            properties: fc.dictionary(
              fc.oneof(fc.constantFrom("a", "copy", "_x", "model_x", "__proto__"), fc.string()),
              tie("schema"),
              {
                maxKeys: 4,
              },
            ),
            required: fc.oneof(fc.array(fc.string(), { maxLength: 3 }), fc.boolean()),
            additionalProperties: tie("schema"),
            allOf: fc.array(tie("schema"), { maxLength: 3 }),
            oneOf: fc.array(tie("schema"), { maxLength: 3 }),
            anyOf: fc.array(tie("schema"), { maxLength: 3 }),
            readOnly: fc.boolean(),
          },
          { requiredKeys: [] },
        ),
      ),
    }));
    fc.assert(
      fc.property(schema, schema, schema, fc.integer({ min: 0, max: 4 }), (root, a, b, depth) => {
        const made = portableSchema(documentOf({ A: a, B: b }), root, { depth, text: 50 });
        const described = { ...made, description: made.description ?? "x" };
        expect([...lint({ type: "object", properties: { a: described } }, "tool")]).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a value as a model gives it", () => {
  it("is read where its text stands for a list, an object or anything", () => {
    const schema = show({
      type: "object",
      properties: { list: { type: "array" }, any: {}, mixed: { type: ["string", "array"] }, text: { type: "string" } },
    });
    const text = '{"list":"[1]","any":"{\\"a\\":1}","mixed":"[2]","text":"[3]"}';
    expect(readValue(text, schema)).toEqual({ list: [1], any: { a: 1 }, mixed: [2], text: "[3]" });
    expect(readValue({ mixed: "5", any: "no json", more: "[1]" }, schema)).toEqual({
      mixed: "5",
      any: "no json",
      more: "[1]",
    });
    expect(readValue("{broken", schema)).toBe("{broken");
    expect(readValue('{"any":"9007199254740993","more":9007199254740993}', schema)).toEqual({
      any: 9007199254740993n,
      more: 9007199254740993n,
    });
  });
});

describe("texts of a document", () => {
  it("lose tags and the addresses of links", () => {
    expect(plainText("See <b>the\n [docs](https://x.example/a)</b>, if 1 < 2.")).toBe("See the docs , if 1 < 2.");
  });

  it("are cut at the end of a sentence, else of a word", () => {
    expect(shorten("First sentence. Second one.", 20)).toBe("First sentence.");
    expect(shorten("Some words without an end", 12)).toBe("Some words…");
  });

  it("are made of a name where there are none", () => {
    expect([wordsOf("createdAt"), wordsOf("X-Trace-Id"), wordsOf("日")]).toEqual([
      "Created at.",
      "X trace id.",
      "Value of 日.",
    ]);
  });
});
