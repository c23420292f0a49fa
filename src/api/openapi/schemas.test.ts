import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { problemsOf } from "../../../test/fixtures/schema-problems.ts";
import type { JsonObject } from "../operation.ts";
import { type ApiDocument, createDocument } from "./document.ts";
import { bundleSchema } from "./schemas.ts";

function documentOf(version: string, schemas: JsonObject = {}, more: JsonObject = {}): ApiDocument {
  const root =
    version === "2.0"
      ? { swagger: version, paths: {}, definitions: schemas, ...more }
      : { openapi: version, info: {}, paths: {}, components: { schemas }, ...more };
  return createDocument(root, (what) => new Error(what));
}

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
type Direction = "request" | "response";

function bundled(version: string, schema: unknown, schemas: JsonObject = {}, direction: Direction = "request") {
  const bundle = bundleSchema(documentOf(version, schemas), schema, { direction });
  expect(problemsOf(bundle)).toEqual([]);
  return bundle;
}

/** Whether values satisfy a bundle. */
function verdicts(bundle: JsonObject, ...values: unknown[]): boolean[] {
  const validate = new Ajv2020({ strict: false, logger: false, validateFormats: false }).compile(bundle);
  return values.map((value) => validate(value));
}

describe("schemas of OpenAPI 3.0", () => {
  it.each([
    ["a type", { type: "string", nullable: true }, { type: ["string", "null"] }],
    ["an enum", { enum: ["a"], nullable: true }, { enum: ["a", null] }],
    ["nothing else", { nullable: true }, {}],
    ["a list", { type: "array", items: {}, nullable: true }, { type: ["array", "null"], items: {} }],
    ["false", { type: "string", nullable: false }, { type: "string" }],
  ])("take null where they are nullable: beside %s", (_beside, schema, expected) => {
    expect(bundled("3.0.3", schema)).toEqual(expected);
  });

  it.each(["allOf", "anyOf", "oneOf"])("take null beside %s", (keyword) => {
    const bundle = bundled("3.0.3", { [keyword]: [ref("A")], nullable: true }, { A: { type: "object" } });
    expect(verdicts(bundle, null, {}, 1)).toEqual([true, true, false]);
  });

  it("take null beside a reference, whatever else stands there", () => {
    const schema = { properties: { a: { ...ref("A"), nullable: true, maxProperties: 0 } } };
    const bundle = bundled("3.0.3", schema, { A: { type: "object" } });
    expect(verdicts(bundle, { a: null }, { a: { b: 1 } }, { a: 1 })).toEqual([true, true, false]);
  });

  it("have bounds that are exclusive where they say so", () => {
    const schema = { type: "number", minimum: 1, exclusiveMinimum: true, maximum: 5, exclusiveMaximum: false };
    expect(bundled("3.0.3", schema)).toEqual({ type: "number", exclusiveMinimum: 1, maximum: 5 });
    expect(bundled("3.0.3", { exclusiveMaximum: true })).toEqual({});
  });

  it("lose what only decorates, and what is no JSON Schema", () => {
    const schema = {
      type: "object",
      title: "t",
      description: "d",
      example: { a: 1 },
      discriminator: { propertyName: "a" },
      xml: {},
      externalDocs: { url: "https://example.com" },
      "x-internal": true,
      id: "https://example.com/a",
      $async: true,
      $data: "1/a",
    };
    expect(bundled("3.0.3", schema)).toEqual({ type: "object" });
  });
});

describe("schemas of OpenAPI 3.1", () => {
  it("are what they are", () => {
    const schema = {
      type: ["object", "null"],
      properties: {
        a: { const: 1 },
        b: { prefixItems: [{ type: "string" }, true], items: false },
        c: true,
        d: false,
        e: { exclusiveMinimum: 3 },
        f: { type: "string", contentEncoding: "base64", contentMediaType: "image/png" },
        g: JSON.parse('{"if": {"required": ["x"]}, "then": {"minProperties": 2}, "else": {"maxProperties": 3}}'),
        h: { contains: { type: "string" }, minContains: 2, maxContains: 3 },
      },
      patternProperties: { "^x-": { type: "string" } },
      propertyNames: { maxLength: 5 },
      dependentRequired: { a: ["b"] },
      dependentSchemas: { c: { required: ["d"] } },
      unevaluatedProperties: false,
    };
    expect(bundled("3.1.0", schema)).toEqual(schema);
  });

  it("count what stands beside a reference", () => {
    const bundle = bundled("3.1.0", { ...ref("A"), required: ["b"] }, { A: { type: "object", required: ["a"] } });
    expect(verdicts(bundle, { a: 1, b: 1 }, { a: 1 }, { b: 1 })).toEqual([true, false, false]);
  });

  it.each([
    ["their own $defs", { $defs: { N: { type: "integer" } }, items: { $ref: "#/$defs/N" } }],
    ["their own definitions", { definitions: { N: { type: "integer" } }, items: { $ref: "#/definitions/N" } }],
    ["an anchor", { $defs: { N: { $anchor: "n", type: "integer" } }, items: { $ref: "#n" } }],
    [
      "an anchor's only dynamic use",
      { $defs: { N: { $dynamicAnchor: "n", type: "integer" } }, items: { $dynamicRef: "#n" } },
    ],
    ["a name relative to their $id", { $id: "https://a.example/s/list", items: { $ref: "number" } }],
    ["an absolute $id", { items: { $ref: "https://a.example/s/number" } }],
    ["a pointer below an $id", { items: { $ref: "https://a.example/s/number#/$defs/inner" } }],
    [
      "a pointer into themselves, having an $id",
      { $id: "l", $defs: { N: { type: "integer" } }, items: { $ref: "#/$defs/N" } },
    ],
  ])("find what is named by %s", (_way, schema) => {
    const number = { $id: "https://a.example/s/number", type: "integer", $defs: { inner: { type: "integer" } } };
    const bundle = bundled("3.1.0", ref("A"), { A: schema, number });
    expect(verdicts(bundle, [1], ["a"])).toEqual([true, false]);
  });

  it("allow anything where a dynamic reference may mean several", () => {
    const bundle = bundled(
      "3.1.0",
      { items: { $dynamicRef: "#t" } },
      {
        A: { $dynamicAnchor: "t", type: "string" },
        B: { $dynamicAnchor: "t", type: "integer" },
      },
    );
    expect(verdicts(bundle, [1], ["a"], 1)).toEqual([true, true, true]);
  });
});

describe("schemas of Swagger 2 and of careless documents", () => {
  it.each<[string, unknown, unknown]>([
    [
      "required of a property",
      { properties: { a: { type: "string", required: true } } },
      { properties: { a: { type: "string" } } },
    ],
    ["a type that is none", { type: "any" }, {}],
    ["types in capitals", { type: ["String", "null", "string"] }, { type: ["string", "null"] }],
    ["a file", { type: "file" }, { format: "binary" }],
    ["x-nullable", { type: "string", "x-nullable": true }, { type: ["string", "null"] }],
    [
      "a list of items",
      { items: [{ type: "string" }], additionalItems: false },
      { prefixItems: [{ type: "string" }], items: false },
    ],
    ["an empty list of items", { type: "array", items: [] }, { type: "array" }],
    ["numbers as texts", { minimum: "1", maxLength: "2", multipleOf: "0" }, { minimum: 1, maxLength: 2 }],
    ["numbers that are none", { minimum: "a", maximum: null, minItems: -1, maxLength: 1.5 }, {}],
    ["a default of another type", { type: "integer", default: "x" }, { type: "integer" }],
    ["an enum that is no list", { enum: { a: 1 } }, {}],
    ["an empty enum", { type: "string", enum: [] }, { type: "string" }],
    ["values given twice", { enum: ["a", "b", "a"] }, { enum: ["a", "b"] }],
    ["quoted numbers", { type: "integer", enum: ["1", "2"] }, { type: "integer", enum: [1, 2] }],
    ["unquoted texts", { type: "string", enum: [1.5, true, "a"] }, { type: "string", enum: ["1.5", "true", "a"] }],
    [
      "an enum beside items",
      { type: "array", items: { type: "string" }, enum: ["a"] },
      { type: "array", items: { type: "string", enum: ["a"] } },
    ],
    ["a format that is no text", { format: 3, pattern: 4 }, {}],
    ["a pattern that cannot be read", { pattern: "(?i)^[a" }, {}],
    ["a pattern of another dialect", { pattern: "^\\_\\@[a\\-z]$" }, { pattern: "^_@[a\\-z]$" }],
    [
      "texts for booleans",
      { additionalProperties: "false", uniqueItems: "true" },
      { additionalProperties: false, uniqueItems: true },
    ],
    ["properties that are none", { properties: ["a"], allOf: [], anyOf: "x", not: 1 }, {}],
    ["a single one where a list belongs", { allOf: { type: "string" } }, { allOf: [{ type: "string" }] }],
    [
      "dependencies",
      { dependencies: { a: ["b"], c: { required: ["d"] } } },
      { dependentRequired: { a: ["b"] }, dependentSchemas: { c: { required: ["d"] } } },
    ],
    ["required names twice, or none", { required: ["a", "a", 1] }, { required: ["a"] }],
    [
      "names that objects have",
      { properties: JSON.parse('{"__proto__": {"type": "string"}, "constructor": {}}') },
      { properties: JSON.parse('{"__proto__": {"type": "string"}, "constructor": {}}') },
    ],
  ])("are read as they are meant: %s", (_what, schema, expected) => {
    expect(bundled("2.0", schema)).toEqual(expected);
  });

  it("may refer to parameters, answers, nothing and the whole document", () => {
    const document = documentOf(
      "2.0",
      {},
      {
        parameters: { Limit: { name: "limit", in: "query", type: "integer", required: true } },
        responses: { Thing: { description: "A thing.", schema: { type: "string" } } },
      },
    );
    const items = ["#/parameters/Limit", "#/responses/Thing", "#/definitions/None", "#", "other.json#/a", "#/swagger"];
    const bundle = bundleSchema(document, { prefixItems: items.map(($ref) => ({ $ref })) }, { direction: "request" });
    expect(problemsOf(bundle)).toEqual([]);
    expect(bundle.$defs).toMatchObject({ Limit: { type: "integer" }, Thing: { type: "string" }, None: {} });
    expect(verdicts(bundle, [1, "a", {}, 1, 2, 3], ["a"])).toEqual([true, false]);
  });

  it("may nest as deeply as they like", () => {
    let deep: JsonObject = { type: "string" };
    for (let level = 0; level < 3000; level++) deep = { type: "array", items: deep, default: [deep] };
    expect(problemsOf(bundleSchema(documentOf("3.0.0"), deep, { direction: "request", shown: true }))).toEqual([]);
  });
});

describe("references", () => {
  it("are each a definition, once, however they are written", () => {
    const schemas = { "a b/c~d": { type: "integer" }, Alias: ref("a%20b~1c~0d") };
    const bundle = bundled(
      "3.0.0",
      { prefixItems: [ref("a%20b~1c~0d"), ref("a b~1c~0d"), ref("a%20b%2Fc~0d"), ref("Alias")] },
      schemas,
    );
    expect(Object.values(bundle.$defs as object).filter(({ type }) => type === "integer")).toHaveLength(1);
  });

  it("that turn in a circle stay references", () => {
    const schemas = {
      Tree: { type: "object", properties: { children: { type: "array", items: ref("Tree") } } },
      Chain: ref("Chain"),
      Ping: { allOf: [ref("Pong")] },
      Pong: { properties: { ping: ref("Ping") } },
    };
    const bundle = bundled("3.0.0", { properties: { t: ref("Tree"), c: ref("Chain"), p: ref("Ping") } }, schemas);
    expect(bundle.$defs).toMatchObject({
      Tree: { properties: { children: { items: { $ref: "#/$defs/Tree" } } } },
      Pong: { properties: { ping: { $ref: "#/$defs/Ping" } } },
    });
    expect(verdicts(bundle, { t: { children: [{ children: [] }] } }, { t: { children: [1] } })).toEqual([true, false]);
  });

  it("of the same name in different places are told apart", () => {
    const document = documentOf(
      "3.0.0",
      { A: { type: "string" } },
      {
        components: {
          schemas: { A: { type: "string" } },
          parameters: { A: { name: "a", in: "query", schema: { type: "integer" } } },
        },
      },
    );
    const bundle = bundleSchema(
      document,
      { prefixItems: [{ $ref: "#/components/schemas/A" }, { $ref: "#/components/parameters/A" }] },
      { direction: "request" },
    );
    expect(verdicts(bundle, ["a", 1], [1, "a"])).toEqual([true, false]);
  });
});

describe("what only one direction has", () => {
  const schemas = {
    Base: { type: "object", properties: { id: { type: "string", readOnly: true } }, required: ["id"] },
    User: {
      allOf: [ref("Base")],
      properties: { name: { type: "string" }, password: { type: "string", writeOnly: true } },
      required: ["id", "name", "password"],
    },
  };

  it("is not required in the other", () => {
    const asked = bundled("3.0.0", ref("User"), schemas, "request");
    const answered = bundled("3.0.0", ref("User"), schemas, "response");
    expect(verdicts(asked, { name: "a", password: "b" }, { name: "a" }, { id: "1", name: "a", password: "b" })).toEqual(
      [true, false, true],
    );
    expect(verdicts(answered, { id: "1", name: "a" }, { name: "a", password: "b" })).toEqual([true, false]);
  });

  it("is not shown to somebody who makes a request", () => {
    const shown = bundleSchema(documentOf("3.0.0", schemas), ref("Base"), { direction: "request", shown: true });
    expect(shown).toEqual({ type: "object", properties: {} });
  });

  it("leaves answers room to grow: further fields, overlapping alternatives", () => {
    const schema = { oneOf: [{ type: "object" }, { required: ["a"] }], additionalProperties: false };
    expect(verdicts(bundled("3.0.0", schema, {}, "response"), { a: 1, b: 2 }, 1)).toEqual([true, true]);
    expect(verdicts(bundled("3.0.0", schema, {}, "request"), { a: 1 }, { b: 1 })).toEqual([false, false]);
  });
});

it("keeps numbers and texts exactly", () => {
  const schema = {
    enum: [0.1, 1e21, -0.5, "\u2028\ud83d\ude00", { a: [1, null] }],
    minimum: -1e-7,
    maximum: 9007199254740991,
  };
  expect(bundled("3.1.0", schema)).toEqual(schema);
});
