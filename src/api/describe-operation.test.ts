import { describe, expect, it } from "vitest";
import {
  call,
  failure,
  minimalDocument,
  openClient,
  openDocumented,
  openShop,
  SHOP,
} from "../../test/fixtures/api-client.ts";

describe("descriptions of operations", () => {
  it("hold only the definitions that they need, cycles kept as references", async () => {
    const { client } = await openShop();
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
    const { client } = await openShop();
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
    const { client } = await openShop();
    expect(await client.describe({ operation: "GET /items/7" })).toMatchObject({ operation: "getItem" });
    expect(await client.describe({ operation: "GETITEM" })).toMatchObject({ operation: "getItem" });
    const plain = openClient({ plain: { apiUrl: "https://p.example", allow: ["GET /v1/*"] } });
    expect(await plain.describe({ operation: "GET /v1/items/{id}" })).toMatchObject({ operation: "GET /v1/*" });
    expect(await failure(plain.describe({ operation: "GET /v2/../v1/x" }))).toMatchObject({
      code: "unknown_operation",
    });
  });

  it("say nothing of servers, keys or files", async () => {
    const { client } = await openShop(undefined, { apiKey: "key-123456", headers: { "X-A": "other-secret" } });
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
    const { client, requests } = await openDocumented(
      minimalDocument({ "/a": { post: { operationId: "a", requestBody: { content } } } }, { components: { schemas } }),
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
