import { describe, expect, it } from "vitest";
import { call, minimalDocument, openDocumented } from "../../../test/fixtures/api-client.ts";
import type { Credential } from "../operation.ts";
import { createDocument } from "./document.ts";
import { chooseCredential, readSecurity } from "./security.ts";

const SCHEMES = {
  key: { type: "apiKey", in: "header", name: "X-Key" },
  app: { type: "apiKey", in: "header", name: "X-App" },
  query: { type: "apiKey", in: "query", name: "token" },
  cookie: { type: "apiKey", in: "cookie", name: "sid" },
  basic: { type: "http", scheme: "BASIC" },
  bearer: { type: "http", scheme: "bearer" },
  oauth: { type: "oauth2", flows: {} },
  oidc: { type: "openIdConnect", openIdConnectUrl: "https://a.example" },
  tls: { type: "mutualTLS" },
  odd: { type: "apiKey", in: "body", name: "x" },
};
const BEARER: Credential = { in: "header", name: "Authorization", scheme: "Bearer" };
const BASIC: Credential = { ...BEARER, scheme: "Basic" };
const KEY: Credential = { in: "header", name: "X-Key", scheme: "" };
const APP: Credential = { in: "header", name: "X-App", scheme: "" };

function security(own: unknown, whole?: unknown) {
  const root = { openapi: "3.1.0", paths: {}, security: whole, components: { securitySchemes: SCHEMES } };
  const document = createDocument(root, (what) => new Error(what));
  return readSecurity(document, own === undefined ? {} : { security: own });
}

const alternatives = (...names: string[]) => names.map((name) => ({ [name]: [] }));

describe("security requirements", () => {
  it.each<[string, unknown, unknown, Credential | null | undefined]>([
    ["the operation's", alternatives("key"), alternatives("bearer"), KEY],
    ["the document's", undefined, alternatives("bearer"), BEARER],
    ["none at all", undefined, undefined, undefined],
    ["an empty list takes the document's away", [], alternatives("bearer"), null],
    ["only the empty requirement likewise", [{}], alternatives("bearer"), null],
    ["an optional one is still served", [{}, { key: [] }], undefined, KEY],
    ["in the query", alternatives("query"), undefined, { in: "query", name: "token", scheme: "" }],
    ["in a cookie", alternatives("cookie"), undefined, { in: "cookie", name: "sid", scheme: "" }],
    ["basic", alternatives("basic"), undefined, BASIC],
    ["oauth2", [{ oauth: ["read"] }], undefined, BEARER],
    ["openIdConnect", alternatives("oidc"), undefined, BEARER],
    ["a client certificate is no key", alternatives("tls", "key"), undefined, KEY],
    ["a certificate together with a key", [{ tls: [], key: [] }], undefined, KEY],
    ["one that suffices alone before several", [{ app: [], key: [] }, { bearer: [] }], undefined, BEARER],
    ["unknown and odd ones are passed over", alternatives("gone", "odd", "key"), undefined, KEY],
    ["nonsense", "key", [7, null], undefined],
  ])("%s", (_what, own, whole, credential) => {
    expect(security(own, whole).credential).toEqual(credential);
  });

  it("of Swagger 2.0 are read likewise", () => {
    const root = {
      swagger: "2.0",
      paths: {},
      securityDefinitions: { b: { type: "basic" } },
      security: alternatives("b"),
    };
    expect(
      readSecurity(
        createDocument(root, (what) => new Error(what)),
        {},
      ).credential,
    ).toEqual(BASIC);
  });

  it("since 3.2 may be named by reference", () => {
    expect(security(alternatives("#/components/securitySchemes/key")).credential).toEqual(KEY);
  });
});

describe("the way that is chosen", () => {
  it("fits the key: a user and password as Basic, any other key otherwise", () => {
    const both = security(alternatives("basic", "bearer"));
    expect(chooseCredential(both, "ana:secret", [])).toEqual(BASIC);
    expect(chooseCredential(both, "sk_123", [])).toEqual(BEARER);
    expect(chooseCredential(security(alternatives("basic")), "sk_123", [])).toEqual(BASIC);
    expect(chooseCredential(security(alternatives("key")), "a:b", [])).toEqual(KEY);
  });

  it("is not in a header that is configured anyway", () => {
    const pair = security([{ key: [], app: [] }]);
    expect(pair.credentials).toEqual([KEY, APP]);
    expect(chooseCredential(pair, "secret", ["x-key"])).toEqual(APP);
    expect(chooseCredential(security(alternatives("key")), "secret", ["x-key"])).toEqual(KEY);
  });

  it("is none where the operation takes none", () => {
    expect(chooseCredential(security([]), "secret", [])).toBeNull();
    expect(chooseCredential(security(undefined), "secret", [])).toBeUndefined();
  });
});

it("is what a call carries", async () => {
  const { client, requests } = await openDocumented(
    minimalDocument(
      {
        "/a": { get: { operationId: "a", security: [{ basic: [] }, { bearer: [] }] } },
        "/b": { get: { operationId: "b", security: [{ key: [], app: [] }] } },
      },
      { components: { securitySchemes: SCHEMES } },
    ),
    { apiKey: "sk_123456", headers: { "X-Key": "configured-key" } },
  );
  await call(client, { api: "x", operation: "a" });
  await call(client, { api: "x", operation: "b" });
  expect(requests[0]?.headers.authorization).toBe("Bearer sk_123456");
  expect(requests[1]?.headers).toMatchObject({ "x-key": "configured-key", "x-app": "sk_123456" });
});
