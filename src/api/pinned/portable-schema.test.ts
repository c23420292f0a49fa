import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lint } from "../../../test/fixtures/lint-schema.ts";
import { createDocument } from "../openapi/document.ts";
import { plainText } from "./flatten-schema.ts";
import { beginningOf, type PortableSchema, portableSchema, readValue, wordsOf } from "./portable-schema.ts";

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
    ["text or number, for any number is a text, too", { type: ["string", "number"] }, { type: "string" }],
    [
      "alternatives of which one says what it is",
      { oneOf: [{ type: "string" }, { type: "integer", description: "Number of the milestone." }] },
      { type: "string", description: "Number of the milestone." },
    ],
    [
      "certain texts or a number",
      { oneOf: [{ type: "string", enum: ["auto"] }, { type: "integer" }] },
      { type: "string", description: "Also possible, as JSON text: integer." },
    ],
    [
      "a date or a flag",
      { anyOf: [{ type: "string", format: "date" }, { type: "boolean" }] },
      { type: "string", description: "Also possible, as JSON text: boolean." },
    ],
    [
      "texts that look like numbers, or a number",
      { oneOf: [{ type: "string", enum: ["1", "2"] }, { type: "integer" }, { type: "boolean" }] },
      { type: "string" },
    ],
    [
      "text or object",
      {
        oneOf: [
          { type: "string" },
          { type: "integer" },
          { type: "object", properties: { id: {}, name: {} }, required: ["name"] },
        ],
      },
      {
        type: "string",
        description: "Also possible, as JSON text: object. An object with name, id; required: name.",
      },
    ],
    [
      "a pattern, which not every bridge has",
      { type: "string", pattern: "^[A-Z]{2}$" },
      { type: "string", description: "Pattern: ^[A-Z]{2}$" },
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
        parent: { type: "object", description: "An object with name, parent; required: name." },
      },
      required: ["name"],
    });
    expect(show({ $ref: "#/components/schemas/Tree" }, 0)).toEqual({
      type: "object",
      description: "An object with name, parent; required: name.",
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

  it("tells no more of choices and names than is worth their length", () => {
    let bomb: unknown = ["x"];
    for (let level = 0; level < 40; level++) bomb = Array(9).fill(bomb);
    const long = Array.from({ length: 9 }, (_, n) => `${n}${"v".repeat(20_000)}`);
    expect(show({ enum: [bomb, bomb] })).toMatchObject({ type: expect.any(String) });
    expect(show({ type: "string", enum: ["a", ...long] })).toEqual({ type: "string", description: "One of: a, …." });
    const members = Object.fromEntries(["b", ...long].map((name) => [name, {}]));
    expect(show({ type: "object", properties: members, required: ["b", ...long] })).toEqual({
      type: "object",
      description: "An object with b, …; required: b.",
    });
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

describe("a text that may be of another type", () => {
  it.each<[string, object, string, unknown]>([
    ["a text where any text is taken", { type: ["string", "integer", "boolean"] }, "7", "7"],
    ["a text where any text is taken", { oneOf: [{ type: "string" }, { type: "boolean" }] }, "true", "true"],
    ["a number where no such text is taken", { oneOf: [{ enum: ["auto"] }, { type: "integer" }] }, "7", 7],
    ["a number of its own", { enum: ["a", 1] }, "1", 1],
    ["a number exactly", { oneOf: [{ enum: ["a"] }, { type: "number" }] }, "9007199254740993", 9007199254740993n],
    ["the text where it is taken", { oneOf: [{ enum: ["auto"] }, { type: "integer" }] }, "auto", "auto"],
    ["a text where it is no such number", { oneOf: [{ enum: ["a"] }, { type: "integer" }] }, "7.5", "7.5"],
    ["a text where no list is taken", { oneOf: [{ type: "string" }, { type: "object" }] }, "[1]", "[1]"],
    ["a text that begins like a list", { type: ["string", "integer"] }, "[1]", "[1]"],
    [
      "an object",
      { oneOf: [{ type: "string" }, { type: "object" }] },
      '{"id":9007199254740993}',
      { id: 9007199254740993n },
    ],
  ])("is %s", (_what, schema, text, expected) => {
    expect(readValue(text, show(schema))).toEqual(expected);
  });

  it("is what is said of it, whatever the schema", () => {
    const branch = fc.constantFrom<object>(
      ...["string", "integer", "number", "boolean", "object", "array", "null"].map((type) => ({ type })),
      ...[["a"], ["1"], ["true", "b"], [1, "a"]].map((choices) => ({ enum: choices })),
      { type: "string", format: "uuid" },
      { type: ["string", "array"] },
    );
    const text = fc.oneof(fc.json(), fc.constantFrom("1", "true", "a", "7", "1.5", "[1]", "{}", "null"));
    fc.assert(
      fc.property(fc.array(branch, { minLength: 1, maxLength: 3 }), text, (anyOf, given) => {
        const made = show({ anyOf });
        if (made.type !== "string" || made.description?.includes("Any JSON")) return;
        const value = readValue(given, made);
        const told = /as JSON text: ([a-z, ]+)/.exec(made.description ?? "")?.[1]?.split(", ") ?? [];
        if (value === given) return;
        const kind = Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value;
        expect(told.includes(kind) || (kind === "integer" && told.includes("number"))).toBe(true);
        // No text that the document takes as it is becomes anything else, but for the JSON of lists and objects.
        const takes = anyOf.some((each) => "enum" in each && (each.enum as unknown[]).includes(given));
        if (typeof value !== "object") expect(takes).toBe(false);
      }),
    );
  });
});

describe("texts of a document", () => {
  it("lose tags and the addresses of links", () => {
    expect(plainText("See <b>the\n [docs](https://x.example/a)</b>, if 1 < 2.")).toBe("See the docs , if 1 < 2.");
  });

  it("are cut at the end of a sentence, else of a word", () => {
    expect(beginningOf("First sentence. Second one.", 20)).toBe("First sentence.");
    expect(beginningOf("Some words without an end", 12)).toBe("Some words…");
  });

  it("are made of a name where there are none", () => {
    expect([wordsOf("createdAt"), wordsOf("X-Trace-Id"), wordsOf("日")]).toEqual([
      "Created at.",
      "X trace id.",
      "Value of 日.",
    ]);
  });
});
