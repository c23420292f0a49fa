import { expect, it } from "vitest";
import { call, failure, minimalDocument, openDocumented } from "../../test/fixtures/api-client.ts";
import { scalarText } from "./scalar-text.ts";

const odd = { toString: 1, valueOf: 1 };

it("gives texts, numbers and flags, and nothing of what has no text of its own", () => {
  expect(["a", 1.5, true, 9007199254740993n].map(scalarText)).toEqual(["a", "1.5", "true", "9007199254740993"]);
  expect([odd, [odd], null, undefined].map(scalarText)).toEqual(["", "", "", ""]);
});

it.each(["2.0", "3.1.0"])("documents of version %s may have objects where texts belong", async (version) => {
  const parameter = {
    name: "q",
    in: "query",
    style: odd,
    type: odd,
    format: odd,
    schema: { type: "string", format: odd },
  };
  const scheme = { type: odd, scheme: odd, in: odd, name: odd };
  const document = minimalDocument(
    {
      "/items": {
        get: {
          operationId: "list",
          summary: odd,
          security: [{ key: [] }],
          parameters: [parameter, { ...parameter, name: odd }, { ...parameter, in: odd }],
          responses: { 200: { description: odd, content: { "application/json": { schema: { default: odd } } } } },
        },
      },
    },
    {
      ...(version === "2.0" ? { openapi: undefined, swagger: version } : { openapi: version }),
      schemes: [odd],
      servers: [{ url: "https://{host}", variables: { host: { default: odd, enum: [odd] } } }],
      securityDefinitions: { key: scheme },
      components: { securitySchemes: { key: scheme } },
    },
  );
  const { client, requests } = await openDocumented(document, { apiKey: "key-123456" }, { json: [] });
  expect(await client.describe({ operation: "list" })).toMatchObject({ parameters: [{ name: "q" }] });
  expect((await client.search({ query: "list", limit: 5 })).total).toBe(1);
  await call(client, { api: "x", operation: "list", query: { q: "a" } });
  expect(requests[0]?.url).toMatch(/^\/items\?q=a/);
});

it("calls may have objects where texts belong, and are told so", async () => {
  const file = { type: "object", properties: { f: { type: "string", format: "binary" } } };
  const { client, requests } = await openDocumented(
    minimalDocument({
      "/items/{id}": {
        get: {
          operationId: "read",
          parameters: [{ name: "id", in: "path", required: true, schema: { enum: ["a", "b"] } }],
        },
      },
      "/files": { post: { operationId: "put", requestBody: { content: { "multipart/form-data": { schema: file } } } } },
    }),
  );
  const given = { api: "x", operation: "GET /items/a", path: { id: odd } };
  expect((await failure(call(client, given))).code).toBe("invalid_input");
  expect((await failure(call(client, { ...given, operation: "read" }))).code).toBe("invalid_input");
  const f = { text: "a", filename: odd, content_type: odd, headers: { "x-a": odd } };
  await call(client, { api: "x", operation: "put", body: { f } }).catch((error: { code?: string }) =>
    expect(error.code).toBe("invalid_input"),
  );
  expect(requests.length).toBeLessThanOrEqual(1);
});
