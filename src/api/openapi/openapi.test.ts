import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import { temporaryFolder } from "../../../test/fixtures/connect.ts";
import { type Script, startHttpServer } from "../../../test/fixtures/http-server.ts";
import type { ApiSettings } from "../configured-api.ts";

const SHOP = join(import.meta.dirname, "../../../test/fixtures/shop.openapi.yaml");

async function shop(script?: Script, more: Partial<ApiSettings> = {}) {
  const server = await startHttpServer(script);
  const client = openClient({ shop: { apiUrl: `${server.url}/v2`, openapi: SHOP, ...more } });
  return { client, requests: server.requests };
}

/** A client of an API with this document. */
async function documented(document: object, more: Partial<ApiSettings> = {}, script?: Script) {
  const server = await startHttpServer(script);
  const file = join(temporaryFolder(), "api.json");
  writeFileSync(file, JSON.stringify(document));
  const client = openClient({ x: { apiUrl: server.url, openapi: file, ...more } });
  return { client, requests: server.requests };
}
const minimal = (paths: object, more: object = {}) => ({
  openapi: "3.1.0",
  info: { title: "x", version: "1" },
  paths,
  ...more,
});

describe("calls of documented operations", () => {
  it("are named by id, by template, or by the path itself", async () => {
    const { client, requests } = await shop({ json: { id: 7, name: "x", price: 1 } });
    await call(client, { api: "shop", operation: "getItem", path: { itemId: 7 } });
    await call(client, { api: "shop", operation: "GETITEM", path: { itemId: "7" } });
    await call(client, { api: "shop", operation: "GET /items/{itemId}", path: { itemId: 7 } });
    await call(client, { api: "shop", operation: "get /items/7" });
    await call(client, { api: "shop", operation: "GET /v2/items/7" });
    expect(requests.map(({ url }) => url)).toEqual(Array(5).fill("/v2/items/7"));
  });

  it("prefer the literal path to the template", async () => {
    const { client, requests } = await shop({ json: [] });
    await call(client, { api: "shop", operation: "GET /items/search", query: { q: "lamp" } });
    expect(requests[0]?.url).toBe("/v2/items/search?q=lamp");
  });

  it("write every parameter in its style", async () => {
    const { client, requests } = await shop({ json: [] });
    await call(client, {
      api: "shop",
      operation: "listItems",
      query: { limit: "5", tags: ["a", "b c"], ids: [1, "2"], filter: { color: "red", price: { min: 1 } } },
    });
    await call(client, {
      api: "shop",
      operation: "getItem",
      path: { itemId: 1 },
      header: { "x-trace-id": "t" },
      cookie: { session: "s" },
    });
    await call(client, { api: "shop", operation: "getCategory", path: { path: ["a", "b"] } });
    await call(client, { api: "shop", operation: "putCategory", path: { path: ["a", "b"] }, body: { name: "b" } });
    expect(requests.map(({ url }) => url)).toEqual([
      "/v2/items?limit=5&tags=a&tags=b%20c&ids=1,2&filter%5Bcolor%5D=red&filter%5Bprice%5D%5Bmin%5D=1",
      "/v2/items/1",
      "/v2/categories/.a,b",
      "/v2/categories/;path=a,b",
    ]);
    expect(requests[1]?.headers).toMatchObject({ "x-trace-id": "t", cookie: "session=s" });
  });

  it("carry the key as the operation's security scheme wants it", async () => {
    const { client, requests } = await shop({ status: 201, json: {} }, { apiKey: "ana:key-123456" });
    await call(client, { api: "shop", operation: "deleteItem", path: { itemId: 1 } });
    await call(client, { api: "shop", operation: "placeOrder", body: { item: 1 } });
    expect(requests[0]?.headers).toMatchObject({ "x-shop-key": "ana:key-123456" });
    expect(requests[0]?.headers.authorization).toBeUndefined();
    expect(requests[1]?.headers.authorization).toBe(`Basic ${Buffer.from("ana:key-123456").toString("base64")}`);
    for (const header of [{ "X-Shop-Key": "mine" }, { Authorization: "mine" }]) {
      expect(
        await failure(call(client, { api: "shop", operation: "deleteItem", path: { itemId: 1 }, header })),
      ).toMatchObject({
        code: expect.stringMatching(/forbidden|invalid_input/),
      });
    }
    expect(requests).toHaveLength(2);
  });

  it("write the body as the operation takes it: JSON, form, text, multipart", async () => {
    const { client, requests } = await shop({ status: 201, json: {} });
    await call(client, { api: "shop", operation: "createItem", body: { name: "Lamp", price: 9.5 } });
    await call(client, {
      api: "shop",
      operation: "placeOrder",
      body: { item: 1, notes: ["a b", "c"], address: { city: "Rome" } },
    });
    await call(client, { api: "shop", operation: "addNote", bodyText: "Hello" });
    await call(client, { api: "shop", operation: "uploadPicture", body: { title: "T", file: "bytes" } });
    expect(requests.slice(0, 3).map(({ headers, body }) => [headers["content-type"], body])).toEqual([
      ["application/json", '{"name":"Lamp","price":9.5}'],
      ["application/x-www-form-urlencoded", "item=1&notes=a%20b&notes=c&address%5Bcity%5D=Rome"],
      ["text/plain", "Hello"],
    ]);
    expect(requests[3]?.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
    expect(requests[3]?.body).toMatch(/name="title"\r\n\r\nT\r\n[\s\S]*name="file"; filename="file"\r\n[\s\S]*bytes/);
  });

  it.each([
    ["a missing parameter", { operation: "searchItems" }, "/query/q", "is required (string)"],
    ["a missing part of the path", { operation: "getItem" }, "/path/itemId", "is required (integer)"],
    [
      "a number out of range",
      { operation: "listItems", query: { limit: 500 } },
      "/query/limit",
      "must be <= 100, not 500",
    ],
    [
      "a wrong type",
      { operation: "getItem", path: { itemId: "seven" } },
      "/path/itemId",
      'must be integer, not "seven"',
    ],
    [
      "a value that is not listed",
      { operation: "listItems", query: { sort: "age" } },
      "/query/sort",
      'must be one of "name", "price", not "age"',
    ],
    [
      "a pattern",
      { operation: "searchItems", query: { q: "<b>" } },
      "/query/q",
      'must match pattern "^[^<>]+$", not "<b>"',
    ],
    [
      "a value inside a list",
      { operation: "listItems", query: { ids: [1, "x"] } },
      "/query/ids/1",
      'must be integer, not "x"',
    ],
    [
      "a value inside an object",
      { operation: "listItems", query: { filter: { color: "pink" } } },
      "/query/filter/color",
      "must be one of",
    ],
    [
      "an unknown parameter",
      { operation: "searchItems", query: { q: "x", page: 2 } },
      "/query/page",
      "known in query: q",
    ],
    [
      "a parameter in another place",
      { operation: "getItem", query: { itemId: 1 } },
      "/query/itemId",
      "it belongs in path",
    ],
    [
      "a header too long",
      { operation: "getItem", path: { itemId: 1 }, header: { "x-trace-id": "t".repeat(21) } },
      "/header/X-Trace-Id",
      "20 characters",
    ],
    ["a missing body", { operation: "createItem" }, "/body", "is required"],
    ["a body where none is taken", { operation: "deleteItem", path: { itemId: 1 }, body: {} }, "/body", "is not taken"],
    ["a missing property", { operation: "createItem", body: { name: "x" } }, "/body/price", "is required"],
    [
      "a wrong property",
      { operation: "createItem", body: { name: "", price: 0 } },
      "/body/name",
      "must NOT have fewer than 1 characters",
    ],
    ["a body that is no JSON", { operation: "createItem", bodyText: "{" }, "/body_text", "must be JSON"],
    ["a body of another type", { operation: "addNote", body: { a: 1 } }, "/body", "send the text as body_text"],
    [
      "an unknown content type",
      { operation: "createItem", header: { "content-type": "text/csv" }, bodyText: "x" },
      "/header/content-type",
      "must be one of application/json",
    ],
  ])("are refused before they are sent: %s", async (_what, request, path, words) => {
    const { client, requests } = await shop();
    const error = await failure(call(client, { api: "shop", ...request }));
    expect(error.code).toBe("invalid_input");
    expect(error.issues?.find((issue) => issue.path === path)?.message).toContain(words);
    expect(error.message).toContain(path);
    expect(requests).toEqual([]);
  });

  it("accept a property that only answers must have as missing, and null where it is nullable", async () => {
    const { client, requests } = await shop({ status: 201, json: {} });
    await call(client, { api: "shop", operation: "createItem", body: { name: "Lamp", price: 1, color: null } });
    expect(requests).toHaveLength(1);
  });

  it("check a body that refers to itself", async () => {
    const { client } = await shop({ status: 204 });
    const body = (name: unknown) => ({ name: "a", parent: { name: "b", children: [{ name }] } });
    const put = (name: unknown) =>
      call(client, { api: "shop", operation: "putCategory", path: { path: ["a"] }, body: body(name) });
    expect(await put("c")).toMatchObject({ data: null, http_status: 204 });
    expect((await failure(put(1))).issues).toMatchObject([
      { path: "/body/parent/children/0/name", message: "must be string, not 1" },
    ]);
  });

  it("that do not exist are answered with the closest ones", async () => {
    const { client } = await shop();
    const unknown = async (operation: string) => await failure(call(client, { api: "shop", operation }));
    expect(await unknown("getItems")).toMatchObject({
      code: "unknown_operation",
      message: 'API "shop" has no operation "getItems".',
      hint: expect.stringMatching(/^Closest: .*getItem/),
    });
    expect(await unknown("GET /nothing")).toMatchObject({ code: "unknown_operation" });
    expect(await unknown("POST /items/7")).toMatchObject({ code: "unknown_operation" });
    expect(await failure(call(client, { api: "shop" }))).toMatchObject({
      code: "invalid_input",
      hint: expect.stringContaining("listItems"),
    });
  });

  it("are limited to what the configuration allows", async () => {
    const { client, requests } = await shop({ json: [] }, { allow: ["GET /items", "GET /items/{id}"] });
    expect((await client.search({ query: "", limit: 50 })).operations.map(({ operation }) => operation)).toEqual([
      "listItems",
      "getItem",
      "searchItems",
    ]);
    await call(client, { api: "shop", operation: "listItems" });
    expect(
      await failure(call(client, { api: "shop", operation: "createItem", body: { name: "x", price: 1 } })),
    ).toMatchObject({
      code: "forbidden",
      message: 'API "shop" does not allow POST /items. Allowed: GET /items, GET /items/{id}.',
    });
    expect(requests).toHaveLength(1);
  });

  it("warn where the answer differs from the document, and give it all the same", async () => {
    const { client } = await shop({ json: { id: "7", name: "x", price: 1 } });
    const result = await call(client, { api: "shop", operation: "getItem", path: { itemId: 7 } });
    expect(result).toEqual({
      data: { id: "7", name: "x", price: 1 },
      http_status: 200,
      warnings: ['The answer differs from the API\'s document: /id must be integer, not "7".'],
    });
  });
});

describe("documents", () => {
  it("name the base URL where the configuration does not", async () => {
    const [check] = await openClient({ shop: { openapi: SHOP } }).check(AbortSignal.timeout(1));
    expect(check).toMatchObject({ base_url: "https://eu.shop.example/api/v2/", operations: 10 });
    const { client } = await documented(minimal({}, { servers: [{ url: "/v1" }] }), { apiUrl: undefined });
    expect(await failure(call(client, { api: "x", operation: "a" }))).toMatchObject({
      code: "invalid_config",
      message: 'API "x" has no URL.',
      hint: expect.stringContaining("apis.x.apiUrl"),
    });
  });

  it.each([
    ["not even YAML", "{ a: [", "is neither valid JSON nor YAML"],
    ["a list", "[1]", "holds no object"],
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
    writeFileSync(file, JSON.stringify(minimal({ "/a": { get: { operationId: "a" } } })));
    expect(await client.describe({ operation: "a" })).toMatchObject({ method: "GET", path: "/a" });
  });

  it("may be careless: shared ids, undeclared parameters, broken references, odd types, queries in paths", async () => {
    const { client, requests } = await documented(
      minimal(
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
    const { client, requests } = await documented(
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

describe("descriptions of operations", () => {
  it("hold only the definitions that they need, cycles kept as references", async () => {
    const { client } = await shop();
    const described = await client.describe({ operation: "putCategory" });
    expect(described.body?.schema).toEqual({
      type: "object",
      required: ["name"],
      properties: {
        name: { type: "string" },
        parent: { $ref: "#/$defs/Category" },
        children: { type: "array", items: { $ref: "#/$defs/Category" } },
      },
      $defs: {
        Category: {
          type: "object",
          required: ["name"],
          properties: {
            name: { type: "string" },
            parent: { $ref: "#/$defs/Category" },
            children: { type: "array", items: { $ref: "#/$defs/Category" } },
          },
        },
      },
    });
    const item = await client.describe({ operation: "createItem" });
    expect(Object.keys(item.body?.schema.$defs as object)).toEqual(["Category", "Unused"]);
    expect(item.body?.schema).toMatchObject({
      required: ["name", "price"],
      properties: {
        price: { exclusiveMinimum: 0 },
        color: { type: ["string", "null"], enum: ["red", "green", "blue", null] },
      },
    });
  });

  it("show parameters with what is required of them", async () => {
    const { client } = await shop();
    expect(await client.describe({ operation: "GET /items" })).toMatchObject({
      api: "shop",
      operation: "listItems",
      method: "GET",
      path: "/items",
      summary: "List the items of the shop",
      parameters: [
        {
          name: "limit",
          in: "query",
          description: "Maximum number of items.",
          schema: { type: "integer", minimum: 1, maximum: 100, default: 20 },
        },
        { name: "tags", in: "query" },
        { name: "ids", in: "query" },
        { name: "filter", in: "query" },
        { name: "sort", in: "query", schema: { enum: ["name", "price"] } },
      ],
    });
    expect((await client.describe({ operation: "getItem" })).parameters[0]).toEqual({
      name: "itemId",
      in: "path",
      required: true,
      schema: { type: "integer", minimum: 1 },
    });
  });

  it("are found by a path that fits them", async () => {
    const { client } = await shop();
    expect(await client.describe({ operation: "GET /items/7" })).toMatchObject({ operation: "getItem" });
    expect(await client.describe({ operation: "GETITEM" })).toMatchObject({ operation: "getItem" });
    const plain = openClient({ plain: { apiUrl: "https://p.example", allow: ["GET /v1/*"] } });
    expect(await plain.describe({ operation: "GET /v1/items/{id}" })).toMatchObject({ operation: "GET /v1/*" });
    expect(await failure(plain.describe({ operation: "GET /v2/../v1/x" }))).toMatchObject({
      code: "unknown_operation",
    });
  });

  it("say nothing of servers, keys or files", async () => {
    const { client } = await shop(undefined, { apiKey: "key-123456", headers: { "X-A": "other-secret" } });
    const text = JSON.stringify([
      await client.search({ query: "", limit: 50 }),
      await Promise.all(["listItems", "placeOrder"].map((operation) => client.describe({ operation }))),
    ]);
    expect(text).not.toMatch(/key-123456|other-secret|127\.0\.0\.1|shop\.example|fixtures/);
  });

  it("stay small where the document is large", async () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 400 }, (_, index) => [
        `S${index}`,
        {
          type: "object",
          description: "word ".repeat(200),
          properties: Object.fromEntries(
            Array.from({ length: 8 }, (_, at) => [
              `p${at}`,
              { $ref: `#/components/schemas/S${(index * 8 + at + 1) % 400}` },
            ]),
          ),
        },
      ]),
    );
    const content = { "application/json": { schema: { $ref: "#/components/schemas/S0" } } };
    const { client, requests } = await documented(
      minimal({ "/a": { post: { operationId: "a", requestBody: { content } } } }, { components: { schemas } }),
    );
    const described = await client.describe({ operation: "a" });
    expect(JSON.stringify(described).length).toBeLessThan(60_000);
    await call(client, { api: "x", operation: "a", body: { p0: { p1: {} } } });
    expect(requests).toHaveLength(1);
  });

  it("need the API's name where several have the operation", async () => {
    const client = openClient({
      a: { openapi: SHOP },
      b: { openapi: SHOP },
      plain: { apiUrl: "https://p.example", allow: ["GET /v1/{id}/*"] },
    });
    expect(await failure(client.describe({ operation: "getItem" }))).toMatchObject({
      code: "invalid_input",
      hint: "APIs: a, b.",
    });
    expect(await client.describe({ operation: "getItem", api: "b" })).toMatchObject({ api: "b" });
    expect(await failure(client.describe({ operation: "getItm" }))).toMatchObject({ code: "unknown_operation" });
    expect(await failure(client.describe({ operation: "getItem", api: "c" }))).toMatchObject({ code: "unknown_api" });
    expect(await client.describe({ operation: "GET /v1/{id}/*" })).toMatchObject({
      api: "plain",
      parameters: [{ name: "id", in: "path", required: true }],
      notes: [expect.stringContaining('"GET /v1/{id}/items"'), expect.stringContaining("No document")],
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
