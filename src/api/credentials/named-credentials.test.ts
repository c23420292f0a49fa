import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openDocumented, settings } from "../../../test/fixtures/api-client.ts";
import { type ReceivedRequest, startHttpServer } from "../../../test/fixtures/http-server.ts";
import { startTokenEndpoint } from "../../../test/fixtures/token-endpoint.ts";
import type { ApiSettings, AuthSettings } from "../configured-api.ts";

const SCHEMES = {
  app_id: { type: "apiKey", in: "query", name: "app_id" },
  app_key: { type: "apiKey", in: "query", name: "app_key" },
  same: { type: "apiKey", in: "query", name: "app_key" },
  head: { type: "apiKey", in: "header", name: "X-Key" },
  sid: { type: "apiKey", in: "cookie", name: "sid" },
  csrf: { type: "apiKey", in: "cookie", name: "csrf" },
  token: { type: "http", scheme: "bearer" },
  login: { type: "http", scheme: "basic" },
};
const basic = (pair: string) => `Basic ${Buffer.from(pair).toString("base64")}`;
const operation = (security: unknown, more = {}) => ({ get: { operationId: "a", security, ...more } });

/** What of the request that the API receives for a call says who calls. */
async function sent(
  security: unknown,
  given: Partial<ApiSettings>,
  user = "ana",
  server?: { requests: ReceivedRequest[] },
): Promise<object> {
  const document = minimalDocument({ "/a": operation(security) }, { components: { securitySchemes: SCHEMES } });
  const { client, requests } = await openDocumented(document, given);
  await call(client, { api: "x", operation: "a" }, user);
  return carried((server?.requests ?? requests)[0] as ReceivedRequest);
}

function carried({ url, headers }: ReceivedRequest): object {
  const { authorization, cookie, "x-key": key } = headers;
  return JSON.parse(JSON.stringify({ query: url.split("?")[1], authorization, cookie, key }));
}

const both = { app_id: "id-12345", app_key: "key-12345" };
const together = [{ app_id: [], app_key: [] }];

describe("credentials by security scheme", () => {
  it.each<[what: string, security: unknown, settings: Partial<ApiSettings>, expected: object]>([
    ["go together", together, { credentials: both }, { query: "app_id=id-12345&app_key=key-12345" }],
    ["suffice for one", [{ head: [] }], { credentials: { head: "key-12345" } }, { key: "key-12345" }],
    [
      "travel as each scheme says",
      [{ head: [], login: [], sid: [], csrf: [], app_id: [] }],
      { credentials: { head: "k-1", login: "bay:pass-1", sid: "s-1", csrf: "c-1", app_id: "i-1" } },
      { key: "k-1", authorization: basic("bay:pass-1"), cookie: "sid=s-1; csrf=c-1", query: "app_id=i-1" },
    ],
    [
      "leave a scheme without to apiKey",
      together,
      { credentials: { app_id: "me" }, apiKey: "k-1" },
      { query: "app_id=me&app_key=k-1" },
    ],
    [
      "leave a scheme without to headers",
      [{ head: [], token: [] }],
      { credentials: { token: "t-1" }, headers: { "x-key": "k-2" } },
      { key: "k-2", authorization: "Bearer t-1" },
    ],
    [
      "are sent once for two schemes of one place",
      [{ app_key: [], same: [] }],
      { credentials: { app_key: "k-1", same: "k-1" } },
      { query: "app_key=k-1" },
    ],
    [
      "leave nothing where two schemes are one place",
      [{ app_key: [], same: [] }],
      { credentials: { app_key: "k-1" }, apiKey: "other" },
      { query: "app_key=k-1" },
    ],
    [
      "come before apiKey",
      [{ token: [] }, { head: [] }],
      { credentials: { head: "k-1" }, apiKey: "other" },
      { key: "k-1" },
    ],
    [
      "are those of one alternative",
      [{ head: [] }, ...together],
      { credentials: { ...both } },
      { query: "app_id=id-12345&app_key=key-12345" },
    ],
    [
      "are those of the alternative that is complete",
      [{ head: [], sid: [] }, { token: [] }],
      { credentials: { head: "k-1", token: "t-1" } },
      { authorization: "Bearer t-1" },
    ],
    [
      "are not sent in part where apiKey suffices",
      [{ app_id: [], app_key: [], sid: [] }, { token: [] }],
      { credentials: { app_key: "k-1" }, apiKey: "t-1" },
      { authorization: "Bearer t-1" },
    ],
    [
      "are sent where they are optional",
      [{}, { head: [] }],
      { credentials: { head: "k-1" }, apiKey: "other" },
      { key: "k-1" },
    ],
    [
      "that the operation does not name leave it to apiKey",
      [{ token: [] }],
      { credentials: { head: "k-1" }, apiKey: "t-1" },
      { authorization: "Bearer t-1" },
    ],
    ["are not sent where none is taken", [], { credentials: { head: "k-1" }, apiKey: "t-1" }, {}],
    [
      "are sent as they can be where the document does not say what needs them",
      undefined,
      { credentials: { head: "k-1" } },
      { key: "k-1" },
    ],
    [
      "go beside what auth says",
      [{ head: [] }],
      { credentials: { head: "k-1" }, apiKey: "t-1", auth: { type: "bearer" } as AuthSettings },
      { key: "k-1", authorization: "Bearer t-1" },
    ],
    [
      "come before auth in one place",
      [{ token: [] }],
      { credentials: { token: "t-2" }, apiKey: "t-1", auth: { type: "bearer" } as AuthSettings },
      { authorization: "Bearer t-2" },
    ],
  ])("%s: %j %j", async (_what, security, given, expected) => {
    expect(await sent(security, given)).toEqual(expected);
  });

  it("leave a scheme without to the query of the URL", async () => {
    const server = await startHttpServer();
    const apiUrl = `${server.url}?app_id=me`;
    expect(await sent(together, { apiUrl, credentials: { app_key: "k-1" }, apiKey: "other" }, "ana", server)).toEqual({
      query: "app_id=me&app_key=k-1",
    });
  });

  it("go beside a token that is asked for", async () => {
    const { url } = await startTokenEndpoint();
    const auth = { type: "oauth2", tokenUrl: url, clientId: "bay", clientSecret: "bay-secret-1234" } as AuthSettings;
    expect(await sent([{ head: [], token: [] }], { auth, credentials: { head: "k-1" } })).toEqual({
      key: "k-1",
      authorization: expect.stringMatching(/^Bearer ./),
    });
  });

  it("of a user take the place of all shared ones", async () => {
    const users = {
      ana: { credentials: { app_key: "own-1", app_id: "ana" }, headers: {} },
      bob: { apiKey: "bobs", headers: {} },
    };
    const given = { credentials: both, headers: {}, users };
    expect(await sent(together, given)).toEqual({ query: "app_id=ana&app_key=own-1" });
    expect(await sent(together, given, "bob")).toEqual({ query: "app_id=bobs" });
    expect(await sent(together, given, "cy")).toEqual({ query: "app_id=id-12345&app_key=key-12345" });
  });

  it("are hidden in answers and dry runs, and cannot be given by a call", async () => {
    const parameters = [{ name: "app_key", in: "query", required: true, schema: { type: "string" } }];
    const document = minimalDocument(
      { "/a": operation(together, { parameters }) },
      { components: { securitySchemes: SCHEMES } },
    );
    const { client, requests } = await openDocumented(document, { credentials: both }, ({ url }) => ({
      json: { url },
    }));
    const { data } = await call(client, { api: "x", operation: "a" });
    expect(data).toEqual({ url: "/a?app_id=[redacted]&app_key=[redacted]" });
    const shown = JSON.stringify(await call(client, { api: "x", operation: "a", dryRun: true }));
    expect(shown).not.toContain("-12345");
    expect(JSON.stringify(await client.describe({ operation: "a" }))).not.toContain("app_key");
    for (const name of ["app_key", "APP_ID"]) {
      const { code } = await failure(call(client, { api: "x", operation: "a", query: { [name]: "mine" } }));
      expect(["forbidden", "invalid_input"]).toContain(code);
    }
    expect(requests).toHaveLength(1);
  });

  it("keep the answers of users apart", async () => {
    const document = minimalDocument({ "/a": operation(together) }, { components: { securitySchemes: SCHEMES } });
    const entry = (key: string) => ({ credentials: { app_id: "same-id", app_key: key }, headers: {} });
    const users = { ana: entry("key-of-ana"), bob: entry("key-of-bob") };
    const { client, requests } = await openDocumented(document, { users, cacheTtl: 60 }, ({ query }) => ({
      json: { caller: new URLSearchParams(query).get("app_key")?.slice(-3) },
    }));
    for (const user of ["ana", "bob", "ana", "bob"]) {
      expect((await call(client, { api: "x", operation: "a" }, user)).data).toEqual({ caller: user });
    }
    expect(requests).toHaveLength(2);
  });

  it("need a document", () => {
    expect(() => settings({ apiUrl: "https://x.example", credentials: both })).toThrow(/there is no openapi/);
    const users = { ana: { credentials: both, headers: {} } };
    expect(() => settings({ apiUrl: "https://x.example", users })).toThrow(/there is no openapi/);
  });
});
