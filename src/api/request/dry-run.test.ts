import { describe, expect, it } from "vitest";
import { call, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../../test/fixtures/http-server.ts";
import { startTokenEndpoint } from "../../../test/fixtures/token-endpoint.ts";
import type { ApiSettings } from "../configured-api.ts";

/** What a call would send, of an API with these settings; nothing may be sent. */
async function shown(settings: Partial<ApiSettings>, given: object = {}) {
  const server = await startHttpServer();
  const apiUrl = settings.apiUrl?.replace("http://server", server.url) ?? server.url;
  const client = openClient({ x: { allow: ["* /*"], ...settings, apiUrl } });
  const result = await call(client, { api: "x", operation: "POST /v1/a", dryRun: true, ...given });
  expect(server.requests).toEqual([]);
  expect(server.connections).toBe(0);
  expect(result.data).toBeNull();
  expect(result).not.toHaveProperty("http_status");
  return { ...result.request!, origin: server.url };
}

it("shows method, URL, headers and body as they would be sent", async () => {
  const request = await shown(
    {},
    { query: { q: "a b" }, header: { "X-A": "1" }, cookie: { session: "s" }, body: { a: [1, "ü"] } },
  );
  expect(request).toMatchObject({
    method: "POST",
    url: `${request.origin}/v1/a?q=a%20b`,
    headers: { "x-a": "1", cookie: "session=s", "content-type": "application/json" },
    body: '{"a":[1,"ü"]}',
  });
});

describe("hides what the configuration sets, however short it is", () => {
  it.each([
    ["a bearer token", { apiKey: "abc" }, "authorization"],
    ["a key in a header", { apiKey: "7", apiKeyHeader: "X-Key" }, "x-key"],
    ["basic", { auth: { type: "basic", username: "u", password: "p" } }, "authorization"],
    ["a configured header", { headers: { "X-Tenant": "t1" } }, "x-tenant"],
    ["the cookies of the configuration", { headers: { Cookie: "sid=1" } }, "cookie"],
  ] as [string, object, string][])("%s", async (_what, settings, name) => {
    const request = await shown(settings as Partial<ApiSettings>);
    expect(request.headers[name]).toBe("[redacted]");
  });

  it("a key in the query, and the query of the URL", async () => {
    const auth = { type: "query", name: "key" } as ApiSettings["auth"];
    const settings = { apiUrl: "http://server/?code=pQ7rS9tU1vW3xY5z&token=z", apiKey: "k1", ...(auth && { auth }) };
    const request = await shown(settings, { query: { page: 2, kind: "code" } });
    expect(request.url).toBe(`${request.origin}/v1/a?code=[redacted]&token=[redacted]&page=2&kind=code&key=[redacted]`);
  });

  it("but shows what the URL fixes and is no secret", async () => {
    const auth = { type: "query", name: "api-version" } as ApiSettings["auth"];
    const apiUrl = "http://server/?api-version=2024-01-01&format=json&token=z&sig=aB3dE5fG7hI9jK1l";
    const url = "api-version=2024-01-01&format=json&token=[redacted]&sig=[redacted]";
    expect((await shown({ apiUrl })).url).toMatch(new RegExp(`[?]${url.replace(/[[\]]/g, "\\$&")}$`));
    // A credential of the same name is none of these.
    const request = await shown({ apiUrl: "http://server/?api-version=1", apiKey: "k1", ...(auth && { auth }) });
    expect(request.url).not.toContain("k1");
  });

  it("a key in a cookie, among the call's own", async () => {
    const auth = { type: "cookie", name: "sid" } as ApiSettings["auth"];
    const request = await shown({ apiKey: "k1", ...(auth && { auth }) }, { cookie: { theme: "dark" } });
    expect(request.headers.cookie).toBe("theme=dark; sid=[redacted]");
  });

  it("the same value where a call says it again", async () => {
    const request = await shown(
      { apiKey: "key-123456" },
      { query: { q: "key-123456" }, body: { note: "is key-123456" } },
    );
    expect(JSON.stringify(request)).not.toContain("key-123456");
  });

  it("a token, which is not even asked for", async () => {
    const endpoint = await startTokenEndpoint();
    const auth = { type: "oauth2", tokenUrl: endpoint.url, clientId: "bay", clientSecret: "bay-secret-1234" };
    const request = await shown({ auth: { prefix: "", clientAuth: "basic", ...auth } as ApiSettings["auth"] });
    expect(request.headers.authorization).toBe("[redacted]");
    expect(endpoint.requests).toEqual([]);
  });
});

it("shows parts of a multipart body, and bytes as their number", async () => {
  const header = { "content-type": "multipart/form-data" };
  const body = { title: "Me", meta: { a: 1 }, file: { base64: "QUJD", filename: "a.bin" } };
  const request = await shown({}, { header, body });
  expect(request.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
  expect(request.parts).toEqual([
    { name: "title", text: "Me" },
    { name: "meta", content_type: "application/json", text: '{"a":1}' },
    { name: "file", filename: "a.bin", content_type: "application/octet-stream", bytes: 3 },
  ]);
  expect(request.body_bytes).toBeGreaterThan(200);
  expect(await shown({}, { bodyBase64: "QUJD" })).toMatchObject({ body_bytes: 3 });
});

it("cuts what is long", async () => {
  const { body } = await shown({}, { body: { text: "x".repeat(50_000) } });
  expect(body).toMatch(/^\{"text":"x+… \(50011 characters\)$/);
  expect(body?.length).toBeLessThan(10_100);
});

it("checks the arguments as a call does, and needs no consent", async () => {
  const paths = {
    "/a": { post: { operationId: "a", parameters: [{ name: "n", in: "query", schema: { type: "integer" } }] } },
  };
  const document = { openapi: "3.1.0", info: { title: "x", version: "1" }, paths };
  const { client, requests } = await openDocumented(document, { confirm: true });
  const request = { api: "x", operation: "a", dryRun: true };
  const shown = await call(client, { ...request, query: { n: "5" } });
  expect(shown.request).toMatchObject({ url: expect.stringMatching(/\/a\?n=5$/), needs_confirmation: true });
  await expect(call(client, { ...request, query: { n: "x" } })).rejects.toMatchObject({
    issues: [{ path: "/query/n" }],
  });
  expect(requests).toEqual([]);
});
