import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import type { ApiSettings } from "../configured-api.ts";

const open = (names: readonly string[], more: Partial<ApiSettings> = {}, schema: object = { type: "string" }) => {
  const parameters = names.map((name) => ({ name, in: "header", required: true, schema }));
  const operation = { operationId: "op", parameters };
  return openDocumented(
    minimalDocument({ "/a": { post: operation, get: { ...operation, operationId: "read" } } }),
    more,
  );
};

describe("headers of the connection that a document requires", () => {
  const names = [
    "Accept-Encoding",
    "Content-Length",
    "Host",
    "Transfer-Encoding",
    "X-Forwarded-For",
    "Cookie",
    "X-Own",
  ];

  it("are not asked of a call, nor described", async () => {
    const { client, requests } = await open(names);
    await call(client, { api: "x", operation: "op", header: { "x-own": "1" } });
    expect(requests[0]?.headers["x-own"]).toBe("1");
    expect((await client.describe({ operation: "op" })).parameters.map(({ name }) => name)).toEqual(["X-Own"]);
  });

  it("are refused where a call gives them all the same, with the reason", async () => {
    const { client, requests } = await open(names);
    const header = { "x-own": "1", "content-length": "3", Cookie: "a=b" };
    expect((await failure(call(client, { api: "x", operation: "op", header }))).issues).toEqual([
      { path: "/header/content-length", message: "is no parameter of op; the connection sets it" },
      { path: "/header/Cookie", message: "is no parameter of op; cookies are given in cookie" },
    ]);
    expect(requests).toEqual([]);
  });
});

describe("a header that changes the method", () => {
  const NAME = "X-HTTP-Method-Override";

  it.each([
    ["GET", { type: "string", default: "GET" }],
    ["post", { type: "string" }],
    ["PATCH", { enum: ["PATCH", "DELETE"] }],
    ["PUT", { const: "PUT" }],
  ])("is sent as %s where the document of the operation lists it so: %j", async (value, schema) => {
    const { client, requests } = await open([NAME], {}, schema);
    await call(client, { api: "x", operation: "op", header: { [NAME]: value } });
    expect(requests[0]?.headers[NAME.toLowerCase()]).toBe(value);
  });

  it.each([
    ["op", "DELETE", { type: "string", default: "GET" }],
    ["op", "GET, DELETE", { type: "string", default: "GET" }],
    ["read", "DELETE", { type: "string", enum: ["GET", "DELETE"] }],
  ])("is refused by %s as %s: %j", async (operation, value, schema) => {
    const { client, requests } = await open([NAME], {}, schema);
    const error = await failure(call(client, { api: "x", operation, header: { [NAME]: value } }));
    expect(error).toMatchObject({ code: "invalid_input", issues: [{ path: `/header/${NAME}` }] });
    expect(requests).toEqual([]);
  });

  it.each([{ allow: ["POST /a"] }, { confirm: ["DELETE /a"] }, { confirm: true }])(
    "is neither needed nor possible where the configuration decides by methods: %j",
    async (more) => {
      const { client, requests } = await open([NAME], more, { enum: ["DELETE"] });
      const confirmed = { signal: new AbortController().signal, confirmed: true };
      const user = { id: "ana" };
      await client.call(user, { api: "x", operation: "op" }, confirmed);
      expect(requests[0]?.headers).not.toHaveProperty(NAME.toLowerCase());
      expect((await client.describe({ operation: "op" })).parameters).toEqual([]);
      for (const name of [NAME, "X_HTTP_Method_Override", "x-method-override"]) {
        const request = { api: "x", operation: "op", header: { [name]: "DELETE" } };
        const error = await failure(client.call(user, request, confirmed));
        expect(error.issues?.[0]?.message).toMatch(
          /no allow, readOnly or confirm of the configuration could be passed by$/,
        );
      }
      expect(requests).toHaveLength(1);
    },
  );

  it("is never possible without a document", async () => {
    const client = openClient({ x: { apiUrl: "http://127.0.0.1:9" } });
    const error = await failure(call(client, { api: "x", header: { [NAME]: "POST" } }));
    expect(error).toMatchObject({ code: "forbidden", hint: expect.stringContaining("whose document lists it") });
  });
});
