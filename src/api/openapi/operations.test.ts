import { describe, expect, it } from "vitest";
import { call, failure, openShop } from "../../../test/fixtures/api-client.ts";

describe("calls of documented operations", () => {
  it("are named by id, by template, or by the path itself", async () => {
    const { client, requests } = await openShop({ json: { id: 7, name: "x", price: 1 } });
    await call(client, { api: "shop", operation: "getItem", path: { itemId: 7 } });
    await call(client, { api: "shop", operation: "GETITEM", path: { itemId: "7" } });
    await call(client, { api: "shop", operation: "GET /items/{itemId}", path: { itemId: 7 } });
    await call(client, { api: "shop", operation: "get /items/7" });
    await call(client, { api: "shop", operation: "GET /v2/items/7" });
    expect(requests.map(({ url }) => url)).toEqual(Array(5).fill("/v2/items/7"));
  });

  it("prefer the literal path to the template", async () => {
    const { client, requests } = await openShop({ json: [] });
    await call(client, { api: "shop", operation: "GET /items/search", query: { q: "lamp" } });
    expect(requests[0]?.url).toBe("/v2/items/search?q=lamp");
  });

  it("write every parameter in its style", async () => {
    const { client, requests } = await openShop({ json: [] });
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
    const { client, requests } = await openShop({ status: 201, json: {} }, { apiKey: "ana:key-123456" });
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
    const { client, requests } = await openShop({ status: 201, json: {} });
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
      ["application/x-www-form-urlencoded", "item=1&notes=a+b&notes=c&address%5Bcity%5D=Rome"],
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
    const { client, requests } = await openShop();
    const error = await failure(call(client, { api: "shop", ...request }));
    expect(error.code).toBe("invalid_input");
    expect(error.issues?.find((issue) => issue.path === path)?.message).toContain(words);
    expect(error.message).toContain(path);
    expect(requests).toEqual([]);
  });

  it("accept a property that only answers must have as missing, and null where it is nullable", async () => {
    const { client, requests } = await openShop({ status: 201, json: {} });
    await call(client, { api: "shop", operation: "createItem", body: { name: "Lamp", price: 1, color: null } });
    expect(requests).toHaveLength(1);
  });

  it("check a body that refers to itself", async () => {
    const { client } = await openShop({ status: 204 });
    const body = (name: unknown) => ({ name: "a", parent: { name: "b", children: [{ name }] } });
    const put = (name: unknown) =>
      call(client, { api: "shop", operation: "putCategory", path: { path: ["a"] }, body: body(name) });
    expect(await put("c")).toMatchObject({ data: null, http_status: 204 });
    expect((await failure(put({ first: "c" }))).issues).toMatchObject([
      { path: "/body/parent/children/0/name", message: expect.stringContaining("must be string") },
    ]);
  });

  it("that do not exist are answered with the closest ones", async () => {
    const { client } = await openShop();
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
    const { client, requests } = await openShop({ json: [] }, { allow: ["GET /items", "GET /items/{id}"] });
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
    const { client } = await openShop({ json: { id: "7", name: "x", price: 1 } });
    const result = await call(client, { api: "shop", operation: "getItem", path: { itemId: 7 } });
    expect(result).toEqual({
      data: { id: "7", name: "x", price: 1 },
      http_status: 200,
      warnings: ['The answer differs from the API\'s document: /id must be integer, not "7".'],
    });
  });
});
