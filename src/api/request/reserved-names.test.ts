import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../../test/fixtures/http-server.ts";
import type { ApiSettings } from "../configured-api.ts";

const KEY = "shared-key-1";

it("a parameter that carries the key is none that a call needs or can give, though documents list it", async () => {
  const parameters = [
    { name: "api_key", in: "query", required: true, schema: { type: "string" } },
    { name: "X-Tenant", in: "header", required: true, schema: { type: "string" } },
    { name: "q", in: "query", schema: { type: "string" } },
  ];
  const document = minimalDocument({ "/a": { get: { operationId: "a", parameters } } });
  const given = { apiKey: KEY, auth: { type: "query", name: "api_key" } as never, headers: { "X-Tenant": "tenant-1" } };
  const { client, requests } = await openDocumented(document, given);
  await call(client, { api: "x", operation: "a", query: { q: "1" } });
  expect([requests[0]?.url, requests[0]?.headers["x-tenant"]]).toEqual([`/a?q=1&api_key=${KEY}`, "tenant-1"]);
  const described = JSON.stringify(await client.describe({ operation: "a" }));
  expect(described).toContain('"q"');
  expect(described).not.toMatch(/api_key|X-Tenant/);
  const error = await failure(call(client, { api: "x", operation: "a", query: { api_key: "mine" } }));
  expect(["forbidden", "invalid_input"]).toContain(error.code);
});

it("a call sets no key in any of the places where the document says that it may travel", async () => {
  const schemes = {
    a: { type: "apiKey", in: "header", name: "X-A" },
    b: { type: "apiKey", in: "query", name: "b_key" },
    c: { type: "apiKey", in: "cookie", name: "c" },
  };
  const security = [{ a: [] }, { b: [] }, { c: [] }];
  const document = minimalDocument(
    { "/a": { get: { operationId: "a", parameters: [{ name: "x", in: "query", schema: {} }] } } },
    { security, components: { securitySchemes: schemes } },
  );
  const { client, requests } = await openDocumented(document, { apiKey: KEY });
  for (const given of [{ header: { "x-a": "mine" } }, { query: { B_Key: "mine" } }, { cookie: { c: "mine" } }]) {
    const error = await failure(call(client, { api: "x", operation: "a", ...given }));
    expect(["forbidden", "invalid_input"]).toContain(error.code);
  }
  expect(requests).toHaveLength(0);
});

describe("a call cannot set", () => {
  const forbidden = async (given: Partial<ApiSettings>, request: object, path = "") => {
    const server = await startHttpServer();
    const client = openClient({ x: { apiUrl: server.url + path, apiKey: KEY, ...given } });
    const error = await failure(call(client, { api: "x", ...request }));
    expect(error.code).toBe("forbidden");
    expect(server.requests).toHaveLength(0);
  };

  it.each([
    "api_key",
    "API_KEY",
    "Api_Key",
    "api_key[]",
    "api_key[0]",
    "api_key[a][b]",
    "api.key",
    "api key",
    "api-key",
    " api_key",
    "api_key\0x",
  ])("the query parameter that carries the key, as %j", (name) =>
    forbidden({ auth: { type: "query", name: "api_key" } as never }, { query: { [name]: "mine" } }),
  );

  it("the query parameter that carries the key, inside an object", () =>
    forbidden({ auth: { type: "query", name: "api_key" } as never }, { query: { api_key: { a: "mine" } } }));

  it.each(["v", "V", "v[]"])("a parameter of the configured URL, as %s", (name) =>
    forbidden({}, { query: { [name]: "2" } }, "/a?v=1"),
  );

  it.each(["sid", "SID", "s%69d", "sid[]"])("the cookie that carries the key, as %s", (name) =>
    forbidden({ auth: { type: "cookie", name: "sid" } as never }, { cookie: { [name]: "mine" } }).catch((error) => {
      // A name with brackets is no cookie name at all.
      if (name !== "sid[]") throw error;
    }),
  );

  it.each(["X-Key", "x-key", "X_Key", "x_KEY", "X-Other", "x_other", "X-Tenant", "x_tenant"])(
    "a header that carries credentials, of whatever user, as %s",
    (name) =>
      forbidden(
        {
          apiKeyHeader: "X-Key",
          headers: { "X-Other": "other-1" },
          users: { bob: { headers: { "X-Tenant": "t-1" } } },
        },
        { header: { [name]: "mine" } },
      ),
  );

  it("any cookie where the configuration sets the header", () =>
    forbidden({ headers: { Cookie: "sid=1" } }, { cookie: { theme: "dark" } }));

  it.each(["GET /a?api_key=mine", "GET /a?API_KEY=mine", "GET /a?x=1&api_key[]=mine", "GET /a?api%5Fkey=mine"])(
    "the key by the query of an operation: %s",
    async (operation) => {
      const auth = { type: "query", name: "api_key" } as never;
      const parameters = ["x", "api_key"].map((name) => ({ name, in: "query", schema: {} }));
      const document = minimalDocument({ "/a": { get: { parameters } } });
      const documented = await openDocumented(document, { apiKey: KEY, auth });
      const server = await startHttpServer();
      const plain = openClient({ x: { apiUrl: server.url, apiKey: KEY, allow: ["GET /*"], auth } });
      for (const client of [documented.client, plain]) {
        const { code } = await failure(call(client, { api: "x", operation }));
        expect(["forbidden", "invalid_input"]).toContain(code);
      }
      expect([...documented.requests, ...server.requests]).toEqual([]);
    },
  );

  it("the key by a query that the document writes into a path", async () => {
    const document = minimalDocument({ "/a?api_key=document&b=1": { get: { operationId: "a" } } });
    const auth = { type: "query", name: "api_key" } as never;
    const { client, requests } = await openDocumented(document, { apiKey: KEY, auth });
    await call(client, { api: "x", operation: "a" });
    expect(requests[0]?.url).toBe(`/a?b=1&api_key=${KEY}`);
  });
});
