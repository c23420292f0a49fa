import { createSecretKey } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from "../../test/fixtures/authorization-server.ts";
import { startHttpServer, unusedPort } from "../../test/fixtures/http-server.ts";
import { createAccessTokens } from "./access-token.ts";

const AUDIENCE = "https://patchbay.example.com/mcp";

async function setUp(options: AuthorizationServerOptions = {}, more: { userClaim?: string; jwksUri?: string } = {}) {
  const server = await startAuthorizationServer(options);
  const tokens = createAccessTokens({ issuer: server.issuer, userClaim: "sub", ...more });
  return { server, verify: (token: string, audience = [AUDIENCE]) => tokens(token, audience) };
}

const now = () => Math.floor(Date.now() / 1000);

describe("an access token", () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>?]>([
    ["for this server", {}],
    ["for this server among others", { aud: ["https://other.example", AUDIENCE] }],
    ["whose type is a plain JWT", {}, { typ: "JWT" }],
    ["without a type", {}, { typ: undefined }],
    ["of Keycloak", { typ: "Bearer", nonce: "n", azp: "client" }, { typ: "JWT" }],
    ["of Cognito", { token_use: "access" }, { typ: undefined }],
    ["that names no key", {}, { kid: undefined }],
    ["that has just expired by another clock", { exp: now() - 2 }],
  ])("counts %s", async (_what, claims, header) => {
    const { server, verify } = await setUp();
    expect(await verify(await server.token({ aud: AUDIENCE, ...claims }, header))).toEqual({
      subject: "ana-at-idp",
      scopes: [],
    });
  });

  it.each<[string, Record<string, unknown>, RegExp, Record<string, unknown>?]>([
    ["for another server", { aud: "https://other.example/mcp" }, /not made for this server/],
    ["for a part of this one's URL", { aud: "https://patchbay.example.com" }, /not made for this server/],
    ["for nobody", { aud: undefined }, /not made|not valid/],
    [
      "of another issuer",
      { iss: "https://other.example" },
      /of the issuer https:\/\/other\.example, and auth\.oauth\.issuer is http/,
    ],
    ["of no issuer", { iss: undefined }, /not valid/],
    ["that has expired", { exp: now() - 60 }, /has expired/],
    ["that never expires", { exp: undefined }, /not valid/],
    ["of tomorrow", { nbf: now() + 60 }, /does not count yet/],
    ["of nobody", { sub: undefined }, /names no user in sub/],
    ["of a number", { sub: 7 }, /names no user/],
    ["of two lines", { sub: "ana\nben" }, /names no user/],
    ["that is an ID token of OpenID", { nonce: "n" }, /no access token/, { typ: "JWT" }],
    ["that is an ID token with the hash of another", { at_hash: "h" }, /no access token/, { typ: "JWT" }],
    ["that is an ID token of Keycloak", { typ: "ID" }, /no access token/, { typ: "JWT" }],
    ["that is a refresh token of Keycloak", { typ: "Refresh" }, /no access token/, { typ: "JWT" }],
    ["that is an ID token of Cognito", { token_use: "id" }, /no access token/, { typ: undefined }],
    ["that says a sign-out", { events: {} }, /no access token/, { typ: "logout+jwt" }],
    ["that is bound to a key", { cnf: { jkt: "k" } }, /bound to a key/],
    ["with a rule that nobody knows", {}, /not valid/, { crit: ["exp"], exp: 1 }],
    ["of a key that there is not", {}, /a key that its issuer does not have/, { kid: "other" }],
  ])("does not count %s", async (_what, claims, reason, header) => {
    const { server, verify } = await setUp();
    const token = await server.token({ aud: AUDIENCE, ...claims }, header).catch(() => "e30.e30.e30");
    expect(await verify(token)).toEqual({ invalid: expect.stringMatching(reason) });
  });

  it("does not count with the signature of anybody else, or without one", async () => {
    const { server, verify } = await setUp();
    const claims = { iss: server.issuer, aud: AUDIENCE, sub: "ana-at-idp", exp: now() + 300 };
    const good = await server.token({ aud: AUDIENCE });
    const [head = "", body = "", signature = ""] = good.split(".");
    const jwks = await (await fetch(`${server.issuer}/jwks`)).text();
    const secret = createSecretKey(Buffer.from(JSON.stringify(JSON.parse(jwks).keys[0])));
    const other = await startAuthorizationServer();
    const changed = Buffer.from(JSON.stringify({ ...claims, sub: "ben-at-idp" })).toString("base64url");
    for (const token of [
      new UnsecuredJWT(claims).encode(),
      `${head}.${body}.`,
      `${head}.${changed}.${signature}`,
      await new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(secret),
      await other.token({ ...claims }),
      "opaque-token",
      `${good}.${signature}`,
      "",
    ])
      expect(await verify(token), token).toEqual({ invalid: expect.any(String) });
  });

  it.each<[Record<string, unknown>, string[]]>([
    [{ scope: "read  write read" }, ["read", "write"]],
    [{ scp: "read write" }, ["read", "write"]],
    [{ scp: ["read", "write"] }, ["read", "write"]],
    [{ scope: { read: true } }, []],
    [{}, []],
  ])("has the scopes of %j", async (claims, scopes) => {
    const { server, verify } = await setUp();
    expect(await verify(await server.token({ aud: AUDIENCE, ...claims }))).toMatchObject({ scopes });
  });

  it("names its user in the claim that is configured, and in no inherited one", async () => {
    const { server, verify } = await setUp({}, { userClaim: "oid" });
    expect(await verify(await server.token({ aud: AUDIENCE, oid: "7" }))).toMatchObject({ subject: "7" });
    const inherited = await setUp({}, { userClaim: "toString" });
    expect(await inherited.verify(await inherited.server.token({ aud: AUDIENCE }))).toHaveProperty("invalid");
  });
});

describe("the issuer's keys", () => {
  it.each<[string, AuthorizationServerOptions]>([
    ["RFC 8414", {}],
    ["RFC 8414 with a path", { path: "/tenant" }],
    ["OpenID", { metadata: "openid" }],
    ["OpenID with a path", { metadata: "openid", path: "/tenant" }],
    ["OpenID behind a path", { metadata: "openid appended", path: "/realms/a" }],
  ])("are found by the metadata of %s", async (_what, options) => {
    const { server, verify } = await setUp(options);
    expect(await verify(await server.token({ aud: AUDIENCE }))).toMatchObject({ subject: "ana-at-idp" });
  });

  it("are asked for once, by however many", async () => {
    const { server, verify } = await setUp();
    const token = await server.token({ aud: AUDIENCE });
    await Promise.all(Array.from({ length: 20 }, () => verify(token)));
    await verify(token);
    expect(server.requests).toEqual(["/.well-known/oauth-authorization-server", "/jwks"]);
  });

  it("are asked for again when they have changed, and old ones end", async () => {
    const { server, verify } = await setUp();
    const old = await server.token({ aud: AUDIENCE });
    expect(await verify(old)).toHaveProperty("subject");
    await server.rotate();
    await sleep(2_100);
    expect(await verify(await server.token({ aud: AUDIENCE }))).toHaveProperty("subject");
    expect(await verify(old)).toHaveProperty("invalid");
    const before = server.requests.length;
    for (let index = 0; index < 20; index++)
      await verify(await server.token({ aud: AUDIENCE }, { kid: `made-up-${index}` }));
    expect(server.requests.length - before).toBeLessThanOrEqual(2);
  }, 15_000);

  it.each<[string, Record<string, unknown>, RegExp]>([
    ["that name another issuer", { issuer: "https://other.example" }, /name another issuer, "https:\/\/other.example"/],
    ["that name one with a slash more", { issuer: undefined }, /name another issuer/],
    ["without keys", { jwks_uri: undefined }, /no jwks_uri/],
    ["with keys that anybody on the way can change", { jwks_uri: "http://keys.example/" }, /not https/],
  ])("are not taken by metadata %s", async (_what, more, reason) => {
    const { server, verify } = await setUp({ more });
    expect(await verify(await server.token({ aud: AUDIENCE }))).toEqual({ unavailable: expect.stringMatching(reason) });
  });

  it("that cannot be had are no fault of the token, and it is not waited for them for long", async () => {
    const port = await unusedPort();
    const nobody = createAccessTokens({ issuer: `http://127.0.0.1:${port}`, userClaim: "sub" });
    const { server, verify } = await setUp();
    const token = await server.token({ aud: AUDIENCE });
    expect(await nobody(token, [AUDIENCE])).toEqual({ unavailable: "it is not reached (ECONNREFUSED)" });

    server.hang(true);
    const startedAt = performance.now();
    const outcomes = await Promise.all([verify(token), verify(token)]);
    expect(outcomes).toEqual(Array(2).fill({ unavailable: "it gave no answer within 5 s" }));
    expect(performance.now() - startedAt).toBeLessThan(9_000);
    server.hang(false);
    await sleep(2_100);
    expect(await verify(token)).toHaveProperty("subject");
  }, 20_000);

  it("count on while the metadata cannot be read, and are where the configuration says", async () => {
    const server: AuthorizationServer = await startAuthorizationServer();
    const jwks = await (await fetch(`${server.issuer}/jwks`)).json();
    const elsewhere = await startHttpServer({ json: jwks });
    const verify = createAccessTokens({ issuer: server.issuer, userClaim: "sub", jwksUri: `${elsewhere.url}/keys` });
    expect(await verify(await server.token({ aud: AUDIENCE }), [AUDIENCE])).toHaveProperty("subject");
    expect(server.requests).toEqual(["/jwks"]);
  });
});
