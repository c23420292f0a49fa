import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openDocumented } from "../../../test/fixtures/api-client.ts";
import { createDocument } from "./document.ts";
import { readOperations } from "./operations.ts";

const read = (root: object) =>
  readOperations(
    createDocument(root, (what) => new Error(what)),
    "x",
  );
const json = (schema: object) => ({ content: { "application/json": { schema } } });

describe("OpenAPI 3.2", () => {
  const v32 = (paths: object, more: object = {}) => minimalDocument(paths, { openapi: "3.2.0", ...more });

  it("has the method QUERY and additional ones, of which those are callable that a call can have", async () => {
    const { client, requests } = await openDocumented(
      v32({
        "/items": {
          query: { operationId: "queryItems", requestBody: json({ type: "object" }) },
          additionalOperations: {
            COPY: { operationId: "copy" },
            TRACE: { operationId: "trace" },
            PATCH: { operationId: "patch" },
            put: { operationId: "lower" },
          },
        },
      }),
    );
    const { operations } = await client.search({ query: "", limit: 10 });
    expect(operations.map(({ operation }) => operation)).toEqual(["queryItems", "patch"]);
    await call(client, { api: "x", operation: "queryItems", body: { a: 1 } });
    await call(client, { api: "x", operation: "QUERY /items", body: { a: 2 } });
    expect(requests.map(({ method, body }) => `${method} ${body}`)).toEqual(['QUERY {"a":1}', 'QUERY {"a":2}']);
  });

  it("has parameters that are the whole query, media types and sequences by reference, and parents of tags", () => {
    const [operation] = read(
      v32(
        {
          "/logs": {
            get: {
              tags: ["audit"],
              parameters: [
                {
                  name: "filter",
                  in: "querystring",
                  content: { "application/x-www-form-urlencoded": { schema: { type: "object" } } },
                },
              ],
              responses: { 200: { content: { "application/jsonl": { $ref: "#/components/mediaTypes/Lines" } } } },
            },
          },
        },
        {
          tags: [
            { name: "audit", parent: "admin" },
            { name: "admin", parent: "all" },
            { name: "all", parent: "audit", kind: "nav" },
          ],
          components: { mediaTypes: { Lines: { itemSchema: { type: "object" } } } },
        },
      ),
    );
    expect(operation?.tags).toEqual(["audit", "admin", "all"]);
    const { parameters, responses } = operation!.details();
    expect(parameters).toMatchObject([
      { name: "filter", in: "query", style: "querystring", content: { type: "application/x-www-form-urlencoded" } },
    ]);
    expect(responses()[0]?.contents).toMatchObject([
      { type: "application/jsonl", schema: { type: "array", items: { type: "object" } } },
    ]);
  });

  it("takes none of that in earlier versions", () => {
    const item = {
      query: { operationId: "q" },
      additionalOperations: { PATCH: { operationId: "p" } },
      get: { operationId: "g" },
    };
    for (const openapi of ["3.0.3", "3.1.1"]) {
      expect(read(minimalDocument({ "/a": item }, { openapi })).map(({ id }) => id)).toEqual(["g"]);
    }
  });
});

describe("OpenAPI 3.1", () => {
  it("may have only webhooks and components, which is told", async () => {
    const { client } = await openDocumented({ openapi: "3.1.0", webhooks: { a: { post: {} } }, components: {} });
    expect(await failure(call(client, { api: "x", operation: "a" }))).toMatchObject({
      code: "invalid_config",
      message:
        'The OpenAPI document of API "x" has no paths, only webhooks and components: it describes nothing to call.',
    });
  });

  it("has path items by reference, with more beside it, and references that word their own description", () => {
    const operations = read(
      minimalDocument(
        {
          "/a": {
            $ref: "#/components/pathItems/A",
            summary: "Beside",
            post: {
              operationId: "added",
              parameters: [{ $ref: "#/components/parameters/P", description: "Worded here" }],
            },
          },
        },
        {
          jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
          components: {
            pathItems: { A: { get: { operationId: "referred" } } },
            parameters: { P: { name: "p", in: "query", description: "Worded there", schema: { type: "string" } } },
          },
        },
      ),
    );
    expect(operations.map(({ id, summary }) => [id, summary])).toEqual([
      ["referred", "Beside"],
      ["added", "Beside"],
    ]);
    expect(operations[1]?.details().parameters).toMatchObject([{ name: "p", description: "Worded here" }]);
  });
});

describe("careless documents", () => {
  it("share ids, leave them out, or write them with spaces and slashes", () => {
    const get = (operationId?: unknown) => ({ get: { operationId } });
    const ids = read(
      minimalDocument({
        "/a": get("same"),
        "/b": get("same"),
        "/c": get("list all\n things/of it"),
        "/d": get(),
        "/e": get(7),
        "/f": get("  "),
      }),
    ).map(({ id }) => id);
    expect(ids).toEqual(["GET /a", "GET /b", "list all things/of it", "GET /d", "GET /e", "GET /f"]);
  });

  it("hold nonsense where something else belongs", () => {
    const operations = read(
      minimalDocument(
        {
          "/a": {
            get: null,
            post: "x",
            put: [],
            GET: {
              operationId: "shouted",
              tags: [1, "t", null],
              parameters: [
                null,
                7,
                { name: 1, in: "query" },
                { name: "q", in: "query" },
                { name: "odd", in: "somewhere" },
              ],
              responses: { 200: null, ok: {}, default: { content: [] } },
              requestBody: [],
              security: "none",
            },
          },
          "/b": null,
          "/c": [],
          "/d": { $ref: "#/paths/~1d" },
          "/e": {
            get: {
              parameters: { $ref: "#/nowhere" },
              responses: { 200: { $ref: "#/nowhere" } },
              requestBody: { $ref: "#/nowhere" },
            },
          },
        },
        { servers: "x", tags: {}, components: [], security: {} },
      ),
    );
    expect(operations.map(({ id }) => id)).toEqual(["shouted", "GET /e"]);
    const [a, e] = operations.map((operation) => operation.details());
    expect(a).toMatchObject({ parameters: [{ name: "q", schema: {} }], body: undefined, produces: [] });
    expect(a?.responses().map(({ status }) => status)).toEqual(["200", "default"]);
    expect(e?.problems).toEqual(["The document refers to #/nowhere, which it does not define."]);
  });

  it("write their version as a number", () => {
    expect(createDocument({ swagger: 2.0, paths: {} }, (what) => new Error(what)).version).toBe("2.0");
    expect(createDocument({ openapi: 3.1, paths: {} }, (what) => new Error(what)).version).toBe("3.1");
  });

  it("pass pointers through what is itself written elsewhere", () => {
    const document = createDocument(
      {
        openapi: "3.0.0",
        paths: {},
        components: {
          schemas: { A: { $ref: "#/components/schemas/B" }, B: { properties: { "a/b~c": { type: "string" } } } },
        },
      },
      (what) => new Error(what),
    );
    expect(document.lookUp("#/components/schemas/A/properties/a~1b~0c")).toEqual({ type: "string" });
    expect(document.lookUp("#/components/schemas/A/properties/a~1b%7E0c")).toEqual({ type: "string" });
    expect(document.lookUp("#/constructor/name")).toBeUndefined();
  });
});

describe("Swagger 2.0", () => {
  const swagger = (paths: object, more: object = {}) => ({
    swagger: "2.0",
    info: { title: "x", version: "1" },
    paths,
    ...more,
  });

  it("separates lists as collectionFormat says, in every place", async () => {
    const formats = ["csv", "ssv", "tsv", "pipes", "multi"];
    const list = (name: string, place: string, collectionFormat: string) => ({
      ...{ name, in: place, collectionFormat, type: "array", items: { type: "string" } },
      required: place === "path",
    });
    const { client, requests } = await openDocumented(
      swagger({
        "/a/{p}": {
          get: {
            operationId: "a",
            parameters: [
              list("p", "path", "pipes"),
              ...formats.map((format) => list(format, "query", format)),
              list("X-H", "header", "ssv"),
            ],
          },
        },
        "/f": {
          post: {
            operationId: "f",
            consumes: ["application/x-www-form-urlencoded"],
            parameters: formats.map((format) => list(format, "formData", format)),
          },
        },
      }),
    );
    const values = Object.fromEntries(formats.map((format) => [format, ["a", "b c"]]));
    await call(client, {
      api: "x",
      operation: "a",
      path: { p: ["a", "b"] },
      query: values,
      header: { "X-H": ["a", "b"] },
    });
    await call(client, { api: "x", operation: "f", body: values });
    const encoded = "csv=a,b%20c&ssv=a%20b%20c&tsv=a%09b%20c&pipes=a%7Cb%20c&multi=a&multi=b%20c";
    expect(requests[0]?.url).toBe(`/a/a%7Cb?${encoded}`);
    expect(requests[0]?.headers["x-h"]).toBe("a b");
    expect(requests[1]?.body).toBe(encoded);
  });

  it("has files in forms and in answers, and parameters and answers by reference", () => {
    const [upload, both] = read(
      swagger(
        {
          "/upload": {
            parameters: [{ $ref: "#/parameters/trace" }],
            post: {
              consumes: ["application/x-www-form-urlencoded", "multipart/form-data; charset=utf-8"],
              parameters: [
                { name: "file", in: "formData", type: "file", required: true, description: "The file" },
                { name: "title", in: "formData", type: "string" },
              ],
              responses: { 200: { $ref: "#/responses/picture" } },
            },
          },
          "/both": {
            post: {
              consumes: ["application/json", "multipart/form-data"],
              parameters: [
                { name: "whole", in: "body", required: true, schema: { type: "object" } },
                { name: "field", in: "formData", type: "string" },
              ],
            },
          },
        },
        {
          parameters: { trace: { name: "X-Trace", in: "header", type: "string", maxLength: 5 } },
          responses: { picture: { description: "ok", schema: { type: "file" } } },
        },
      ),
    ).map((operation) => operation.details());
    expect(upload?.parameters).toMatchObject([
      { name: "X-Trace", in: "header", schema: { type: "string", maxLength: 5 } },
    ]);
    expect(upload?.body).toMatchObject({
      required: true,
      contents: [
        {
          type: "multipart/form-data",
          schema: { required: ["file"], properties: { file: { type: "string", format: "binary" } } },
        },
      ],
    });
    expect(upload?.produces).toEqual(["application/octet-stream"]);
    expect(both?.body).toMatchObject({
      required: false,
      contents: [{ type: "application/json" }, { type: "multipart/form-data" }],
    });
  });
});
