import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../test/fixtures/http-server.ts";
import type { ApiRequest } from "./api-request.ts";

const integer = { type: "integer" };

function open() {
  const query = (name: string, schema: object) => ({ name, in: "query", schema });
  const path = (name: string) => ({ name, in: "path", required: true, schema: {} });
  return openDocumented(
    minimalDocument({
      "/items": {
        get: {
          operationId: "listItems",
          parameters: [query("limit", integer), query("tags", { type: "array", items: { type: "string" } })],
        },
        post: {},
      },
      "/items/{itemId}": { get: { operationId: "getItem", parameters: [path("itemId"), query("fields", {})] } },
      "/items/{itemId}/notes/{noteId}": { get: { parameters: [path("itemId"), path("noteId")] } },
      "/folders/": { get: { operationId: "folders" } },
    }),
  );
}

describe("an operation of a document is named by", () => {
  it.each([
    ["its id", "getItem", { path: { itemId: 7 } }, "/items/7"],
    ["its id in another case", "GETITEM", { path: { itemId: 7 } }, "/items/7"],
    ["its id behind the method", "GET getItem", { path: { itemId: 7 } }, "/items/7"],
    ["its template", "GET /items/{itemId}", { path: { itemId: 7 } }, "/items/7"],
    ["its template with other names", "get /items/{id}", { path: { id: 7 } }, "/items/7"],
    ["its template, with the document's names", "GET /items/{id}", { path: { itemId: 7 } }, "/items/7"],
    ["its template as routers write it", "GET /items/:itemId", { path: { itemId: 7 } }, "/items/7"],
    ["a path", "GET /items/7", {}, "/items/7"],
    ["a path in part", "GET /items/7/notes/{n}", { path: { n: 9 } }, "/items/7/notes/9"],
    ["a path with a slash too many", "GET /items/7/", {}, "/items/7"],
    ["a path with a slash too few", "GET /folders", {}, "/folders/"],
    ["a path and a query", "GET /items?limit=5&tags=a%20b&tags=c", {}, "/items?limit=5&tags=a%20b&tags=c"],
    ["a query that query repeats", "GET /items?limit=5", { query: { limit: 5 } }, "/items?limit=5"],
    ["a query that query adds to", "GET /items?limit=5", { query: { tags: ["x"] } }, "/items?tags=x&limit=5"],
    ["a path with values and a query", "GET /items/7?fields=a+b", {}, "/items/7?fields=a%20b"],
    ["a query of names only", "GET /items?limit={limit}", { query: { limit: 3 } }, "/items?limit=3"],
    ["a path that looks like a value", "GET /items/:x", {}, "/items/%3Ax"],
    ["a path with a comma", "GET /items/a,b", {}, "/items/a%2Cb"],
  ])("%s: %s", async (_what, operation, given, url) => {
    const { client, requests } = await open();
    await call(client, { api: "x", operation, ...given });
    expect(requests[0]?.url).toBe(url);
  });

  it.each([
    ["GET /items?limit=many", "/query/limit", 'must be integer, not "many"'],
    ["GET /items?admin=true", "/query/admin", "is no parameter of listItems"],
    ["GET /items/{id}", "/path/itemId", "is required"],
  ])("%s: but %s %s", async (operation, path, message) => {
    const { client, requests } = await open();
    const error = await failure(call(client, { api: "x", operation }));
    expect(error).toMatchObject({ code: "invalid_input", issues: [{ path }] });
    expect(error.issues?.[0]?.message).toContain(message);
    expect(requests).toEqual([]);
  });

  it("one value only", async () => {
    const { client } = await open();
    const error = await failure(call(client, { api: "x", operation: "GET /items?limit=5", query: { limit: 6 } }));
    expect(error).toMatchObject({
      issues: [{ path: "/query/limit", message: 'is given twice: "5" stands in the operation' }],
    });
  });

  it.each(["GET /items#x", "GET /items?limit=5#x", "GET /items/..?limit=5", "GET //items?limit=5"])(
    "%s is none",
    async (operation) => {
      const { client, requests } = await open();
      const error = await failure(call(client, { api: "x", operation }));
      expect(["invalid_input", "forbidden"]).toContain(error.code);
      expect(requests).toEqual([]);
    },
  );
});

describe("a query in the operation of an API without a document", () => {
  async function sentTo(operation: string, given: Partial<ApiRequest> = {}, more: object = {}) {
    const server = await startHttpServer();
    const client = openClient({ x: { apiUrl: server.url, allow: ["GET /items*"], ...more } });
    await call(client, { api: "x", operation, ...given });
    return server.requests[0]?.url;
  }

  it.each<[string, Partial<ApiRequest>, string]>([
    ["GET /items?limit=5&tags=a%20b&tags=c+d", {}, "/items?limit=5&tags=a%20b&tags=c%20d"],
    ["GET /items?limit=5", { query: { limit: "5", page: 2 } }, "/items?limit=5&page=2"],
    ["GET /items/{id}?full={full}", { path: { id: 7 }, query: { full: true } }, "/items/7?full=true"],
    ["GET /items?", {}, "/items"],
    ["GET /items?q=a%26b%3Dc%23d%2F..%2Fe", {}, "/items?q=a%26b%3Dc%23d%2F..%2Fe"],
    ["GET /items?next=//evil.example/%0d%0a", {}, "/items?next=%2F%2Fevil.example%2F%0D%0A"],
  ])("is the same as one in query: %s %j", async (operation, given, url) => {
    expect(await sentTo(operation, given)).toBe(url);
  });

  it("is no part of the path that the rules allow", async () => {
    const rules = { allow: ["GET /items/*/public"] };
    for (const operation of ["GET /items/1?/public", "GET /items/1?x=/public", "GET /items/..?/1/public"]) {
      expect(await failure(sentTo(operation, {}, rules))).toMatchObject({ code: "forbidden" });
    }
  });

  it("takes one value of a name, and none that the configuration sets", async () => {
    expect(await failure(sentTo("GET /items?limit=5", { query: { limit: 6 } }))).toMatchObject({
      issues: [{ path: "/query/limit", message: 'is given twice: "5" stands in the operation' }],
    });
    const auth = { type: "query", name: "key", prefix: "", clientAuth: "basic" };
    expect(await failure(sentTo("GET /items?key=mine", {}, { auth, apiKey: "key-123456" }))).toMatchObject({
      code: "forbidden",
    });
    expect(await failure(sentTo("GET /items?limit=5#x"))).toMatchObject({ code: "invalid_input" });
  });
});

describe("an operation of a document is known in another way of writing its name", () => {
  const open = () =>
    openDocumented(
      minimalDocument({
        "/orders": { get: { operationId: "orders/list" }, post: { operationId: "createOrder" } },
        "/orders/{id}": { get: {}, put: { operationId: "order_v1.1" }, patch: { operationId: "order_v11" } },
        "/x": { get: { operationId: "x_readAll" } },
      }),
    );

  it.each([
    ["create_order", "POST /orders"],
    ["create-order", "POST /orders"],
    ["CREATE ORDER", "POST /orders"],
    ["x_create_order", "POST /orders"],
    ["x.createOrder", "POST /orders"],
    ["xCreateOrder", "POST /orders"],
    ["POST create_order", "POST /orders"],
    ["orders_list", "GET /orders"],
    ["ordersList", "GET /orders"],
    ["x/orders/list", "GET /orders"],
    ["readAll", "GET /x"],
    ["read_all", "GET /x"],
    ["order_v11", "PATCH /orders/7"],
    ["order_v1.1", "PUT /orders/7"],
    ["get_orders_id", "GET /orders/7"],
  ])("%s", async (operation, called) => {
    const { client, requests } = await open();
    const path = called.endsWith("/7") ? { path: { id: 7 } } : {};
    await call(client, { api: "x", operation, ...path });
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([called]);
  });

  it.each(["order-v11", "list", "Orders", "GET create_order", "Create", "___", "POST list orders", "get orders"])(
    "but not %s, which fits none or several",
    async (operation) => {
      const { client, requests } = await open();
      expect(await failure(call(client, { api: "x", operation }))).toMatchObject({ code: "unknown_operation" });
      expect(requests).toEqual([]);
    },
  );
});

it("names the operations whose paths are nearest where there is none with that path", async () => {
  const { client } = await openDocumented(
    minimalDocument({
      "/photos/{id}": { get: { operationId: "getPhoto", summary: "Get the photo of an item" } },
      "/items/{id}": { get: { operationId: "getItem" }, delete: { operationId: "deleteItem" } },
      "/items": { get: { operationId: "listItems" }, post: { operationId: "addItem" } },
      "/reports/items": { get: { operationId: "report" } },
    }),
  );
  const closest = async (operation: string) => {
    const { hint } = await failure(call(client, { api: "x", operation }));
    return /Closest: (.*?)[,.]/.exec(hint ?? "")?.[1];
  };
  expect(await closest("GET /item")).toBe("listItems");
  expect(await closest("POST /item")).toBe("addItem");
  expect(await closest("GET /item/7")).toBe("getItem");
  expect(await closest("DELETE /itms/{id}")).toBe("deleteItem");
  expect(await closest("GET /report/items")).toBe("report");
  expect(await closest("GET /photo/7?size=2")).toBe("getPhoto");
});

it("QUERY is a method like any other that reads, with a body", async () => {
  const document = minimalDocument({
    "/find": { query: { operationId: "find", requestBody: { content: { "application/json": {} } } } },
  });
  const { client, requests } = await openDocumented({ ...document, openapi: "3.2.0" });
  await call(client, { api: "x", operation: "find", body: { a: 1 } });
  expect(requests[0]).toMatchObject({ method: "QUERY", url: "/find", body: '{"a":1}' });
});

it("names the operations that share an id by METHOD and path", async () => {
  const document = minimalDocument({
    "/users": { get: { operationId: "list" } },
    "/orders": { get: { operationId: "list" }, post: { operationId: "addOrder" } },
    "/lists": { get: { operationId: "lists" } },
  });
  const { client, requests } = await openDocumented(document);
  expect(await failure(call(client, { api: "x", operation: "List" }))).toMatchObject({
    code: "unknown_operation",
    message: '"List" is the id of more than one operation.',
    hint: "Name one by METHOD and path: GET /users, GET /orders.",
  });
  await call(client, { api: "x", operation: "GET /orders" });
  expect(requests.map(({ url }) => url)).toEqual(["/orders"]);
});

describe("an API of which nothing is possible says so", () => {
  const refusal = async (more: Parameters<typeof openClient>[0][string], operation?: string) =>
    failure(call(openClient({ x: { apiUrl: "http://127.0.0.1:9", ...more } }), { api: "x", operation }));
  const message = 'No call of API "x" is possible. It is read-only, and none of its calls is GET or HEAD.';

  it("where it is read-only and only its URL could be posted to", async () => {
    for (const operation of [undefined, "GET /items"]) {
      expect(await refusal({ readOnly: true }, operation)).toMatchObject({
        code: "forbidden",
        message,
        hint: 'Without rules, only POST of its URL is: name what may be read in apis.x.allow, such as "GET /*".',
      });
    }
    expect((await refusal({ readOnly: true }, "POST /")).message).toBe('API "x" is read-only: POST is not possible.');
  });

  it("where it is read-only and its rules allow no read", async () => {
    expect(await refusal({ readOnly: true, allow: ["POST /items"] })).toMatchObject({
      code: "forbidden",
      message,
      hint: "apis.x.allow and readOnly in the configuration say which calls are possible.",
    });
  });

  it("and lists no rule that cannot be used", async () => {
    const { message: told } = await refusal({ readOnly: true, allow: ["POST /a", "GET /b", "* /c"] }, "GET /a");
    expect(told).toBe('API "x" does not allow GET /a. Allowed: GET /b, GET /c.');
  });
});
