import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { call, failure, minimalDocument, openClient, openDocumented, SHOP } from "../../../test/fixtures/api-client.ts";
import { temporaryFolder } from "../../../test/fixtures/connect.ts";

describe("documents", () => {
  it("name the base URL where the configuration does not", async () => {
    const [check] = await openClient({ shop: { openapi: SHOP } }).check(AbortSignal.timeout(500));
    expect(check).toMatchObject({ base_url: "https://eu.shop.example/api/v2/", operations: 10 });
    const { client } = await openDocumented(minimalDocument({}, { servers: [{ url: "/v1" }] }), { apiUrl: undefined });
    expect(await failure(call(client, { api: "x", operation: "a" }))).toMatchObject({
      code: "invalid_config",
      message: 'API "x" has no URL.',
      hint: expect.stringContaining("apis.x.apiUrl"),
    });
  });

  it.each([
    ["not even YAML", "{ a: [", "is neither valid JSON nor YAML"],
    ["a list", "[1]", "is no OpenAPI document: it holds a list"],
    ["a script", "run(1, 2);", "is no OpenAPI document: it holds text"],
    ["of no version", "{}", "names no version"],
    ["of another version", '{"openapi":"4.0.0","paths":{}}', "is of version 4.0.0"],
    ["without paths", '{"openapi":"3.1.0"}', "has no paths"],
  ])("that are %s are an error of the configuration, without the place on this machine", async (_what, text, words) => {
    const file = join(temporaryFolder(), "api.yaml");
    writeFileSync(file, text);
    const error = await failure(call(openClient({ x: { openapi: file } }), { api: "x" }));
    expect(error).toMatchObject({ code: "invalid_config", message: expect.stringContaining(words) });
    expect(JSON.stringify(error.toResult())).not.toContain(file);
  });

  it("that are mended are read again", async () => {
    const file = join(temporaryFolder(), "api.json");
    const client = openClient({ x: { openapi: file, apiUrl: "https://api.example.com" } });
    expect(await failure(client.describe({ operation: "a" }))).toMatchObject({
      message: expect.stringContaining("does not exist"),
    });
    writeFileSync(file, JSON.stringify(minimalDocument({ "/a": { get: { operationId: "a" } } })));
    expect(await client.describe({ operation: "a" })).toMatchObject({ method: "GET", path: "/a" });
  });

  it("may be careless: shared ids, undeclared parameters, broken references, odd types, queries in paths", async () => {
    const { client, requests } = await openDocumented(
      minimalDocument(
        {
          "/a/{id}/{what}": {
            get: {
              operationId: "same",
              parameters: [
                { $ref: "#/nowhere" },
                { name: "id", in: "path", schema: { $ref: "#/components/schemas/Gone" } },
              ],
            },
          },
          "/b": {
            get: {
              operationId: "same",
              parameters: [{ name: "q", in: "query", schema: { type: "strange", pattern: "(?<!x)y" } }],
            },
          },
          "no-slash": {
            post: {
              requestBody: {
                content: { "application/json": { schema: { properties: { a: { $ref: "other.yaml#/A" } } } } },
              },
            },
          },
          "/rpc?action=List": { get: { operationId: "rpcList" } },
          "/old name": { get: { operationId: "old" } },
          "/ref": { $ref: "#/components/pathItems/Ref" },
          "x-internal": { get: {} },
        },
        { components: { pathItems: { Ref: { get: { operationId: "viaRef" } } } } },
      ),
    );
    const { operations } = await client.search({ query: "", limit: 50 });
    expect(operations.map(({ operation }) => operation)).toEqual([
      "GET /a/{id}/{what}",
      "GET /b",
      "POST /no-slash",
      "rpcList",
      "old",
      "viaRef",
    ]);
    await call(client, { api: "x", operation: "GET /a/1/two" });
    await call(client, { api: "x", operation: "GET /b", query: { q: "y" } });
    await call(client, { api: "x", operation: "POST /no-slash", body: { a: 1 } });
    await call(client, { api: "x", operation: "rpcList" });
    await call(client, { api: "x", operation: "old" });
    expect(requests.map(({ url }) => url)).toEqual([
      "/a/1/two",
      "/b?q=y",
      "/no-slash",
      "/rpc?action=List",
      "/old%20name",
    ]);
    for (const { operation } of operations) expect(await client.describe({ operation })).toMatchObject({ api: "x" });
  });

  it("of Swagger 2.0 are read too", async () => {
    const { client, requests } = await openDocumented(
      {
        swagger: "2.0",
        info: { title: "Old", version: "1" },
        host: "old.example.com",
        basePath: "/v1",
        consumes: ["application/json"],
        securityDefinitions: { key: { type: "apiKey", in: "query", name: "api_key" } },
        security: [{ key: [] }],
        paths: {
          "/pets/{id}": {
            post: {
              operationId: "updatePet",
              parameters: [
                { name: "id", in: "path", required: true, type: "integer" },
                { name: "tags", in: "query", type: "array", items: { type: "string" }, collectionFormat: "pipes" },
                { name: "body", in: "body", required: true, schema: { $ref: "#/definitions/Pet" } },
              ],
              responses: { 200: { description: "ok", schema: { $ref: "#/definitions/Pet" } } },
            },
          },
          "/login": {
            post: {
              operationId: "login",
              consumes: ["application/x-www-form-urlencoded"],
              parameters: [{ name: "user", in: "formData", required: true, type: "string" }],
              responses: {},
            },
          },
        },
        definitions: { Pet: { type: "object", required: ["name"], properties: { name: { type: "string" } } } },
      },
      { apiKey: "key-123456" },
      { json: { name: 1 } },
    );
    const result = await call(client, {
      api: "x",
      operation: "updatePet",
      path: { id: 3 },
      query: { tags: ["a", "b"] },
      body: { name: "Rex" },
    });
    expect(result.warnings).toEqual(["The answer differs from the API's document: /name must be string, not 1."]);
    await call(client, { api: "x", operation: "login", body: { user: "ana" } });
    expect(requests.map(({ url, body }) => [url, body])).toEqual([
      ["/pets/3?tags=a%7Cb&api_key=key-123456", '{"name":"Rex"}'],
      ["/login?api_key=key-123456", "user=ana"],
    ]);
    expect((await failure(call(client, { api: "x", operation: "login", body: {} }))).issues).toMatchObject([
      { path: "/body/user" },
    ]);
    expect(
      await failure(call(client, { api: "x", operation: "login", query: { api_key: "mine" }, body: { user: "a" } })),
    ).toMatchObject({
      code: "invalid_input",
    });
    expect(await client.describe({ operation: "updatePet" })).toMatchObject({
      parameters: [{ name: "id" }, { name: "tags", schema: { type: "array" } }],
      body: { content_type: "application/json", schema: { required: ["name"] } },
    });
  });
});

it("keeps the fixture honest: every reference of it leads somewhere", () => {
  const document = parse(readFileSync(SHOP, "utf8")) as object;
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1] as string);
  expect(refs.length).toBeGreaterThan(5);
  for (const ref of refs) {
    expect(
      ref.split("/").reduce<unknown>((at, part) => (at as Record<string, unknown>)?.[part], document),
    ).toBeDefined();
  }
});
