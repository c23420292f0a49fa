import { describe, expect, it } from "vitest";
import { hash, JWT_SECRET, KEYS } from "../../test/fixtures/identities.ts";
import { createIdentity } from "./create-identity.ts";
import type { IdentityOptions } from "./identity-options.ts";

const person = { key: KEYS.ana, user: "ana" };
const service = { key: KEYS.service };
const oauth = { issuer: "https://idp.example.com", audience: [], requiredScopes: [], userClaim: "sub" };
const openWebuiJwt = { secret: JWT_SECRET };
const trustedHeader = { header: "X-Forwarded-User", proxies: ["10.0.0.5/32"], issuer: "proxy" };

/** Why the server does not start; undefined where it does. */
function problemOf(options: Partial<IdentityOptions>): string | undefined {
  try {
    createIdentity({ mode: "api-key", apiKeys: [], localUser: "local", ...options });
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: "invalid_config", hint: expect.stringMatching(/\w/) });
    return (error as Error).message;
  }
}

describe("the server starts", () => {
  it.each<[string, Partial<IdentityOptions>]>([
    ["without keys on loopback", {}],
    ["without keys, with the URL of this machine", { publicUrl: "http://localhost:8808/base" }],
    ["as a static user on loopback", { mode: "static-user", host: "::1" }],
    ["on every address with a long key", { host: "0.0.0.0", apiKeys: [person] }],
    [
      "on every address with a key of which it knows the hash",
      { host: "::", apiKeys: [{ hash: hash("x"), user: "ana" }] },
    ],
    ["on loopback with a short key", { apiKeys: [{ key: "secret", user: "ana" }] }],
    [
      "on every address with OAuth",
      { mode: "oauth", oauth, host: "0.0.0.0", publicUrl: "https://patchbay.example.com" },
    ],
    ["with an issuer on loopback", { mode: "oauth", oauth: { ...oauth, issuer: "http://127.0.0.1:8080/realms/a" } }],
    [
      "with sessions on every address",
      { mode: "open-webui-session", host: "0.0.0.0", openWebUiUrl: "http://open-webui:8080" },
    ],
    ["with signed headers", { mode: "open-webui-jwt", openWebuiJwt, apiKeys: [service] }],
    ["behind a proxy", { mode: "trusted-header", trustedHeader, apiKeys: [service, person] }],
    [
      "behind proxies in blocks of both families",
      {
        mode: "trusted-header",
        trustedHeader: { ...trustedHeader, proxies: ["10.0.0.0/8", "fd00::/8", "::1", "::ffff:10.0.0.0/104"] },
        apiKeys: [service],
      },
    ],
    [
      "with scopes of tools that there are",
      { toolNames: ["memory_add"], toolScopes: { memory_add: ["write"], "*": ["read"] } },
    ],
  ])("%s", (_what, options) => {
    expect(problemOf(options)).toBeUndefined();
  });
});

describe("the server does not start", () => {
  it.each(["0.0.0.0", "::", "192.0.2.1", "example.com", "127.0.0.1.example.com"])(
    "on %s where anybody could call",
    (host) => {
      expect(problemOf({ host })).toMatch(`Refusing to listen on ${host} without authentication`);
      expect(problemOf({ host, mode: "static-user" })).toMatch("without authentication");
      expect(problemOf({ host, apiKeys: [{ key: "key-of-ana", user: "ana" }] })).toMatch("less than 16 characters");
    },
  );

  it.each<[string, Partial<IdentityOptions>, RegExp]>([
    [
      "where a proxy would let anybody in",
      { publicUrl: "https://patchbay.example.com" },
      /Refusing to serve https:.*without/,
    ],
    ["with keys that protect nothing", { mode: "static-user", apiKeys: [person] }, /static-user asks for no key/],
    ["with a service that cannot name users", { apiKeys: [service] }, /no way for a service to name its user/],
    ["with a service and OAuth", { mode: "oauth", oauth, apiKeys: [service] }, /no way for a service/],
    ["with one key of two people", { apiKeys: [person, { hash: hash(KEYS.ana), user: "ben" }] }, /same key/],
    [
      "with a user whom nobody can read",
      { apiKeys: [{ key: KEYS.ana, user: "ana\u0000" }] },
      /cannot be the name of a user/,
    ],
    ["with a user of too many letters", { apiKeys: [{ key: KEYS.ana, user: "a".repeat(256) }] }, /cannot be the name/],
    ["without an issuer", { mode: "oauth" }, /needs auth\.oauth\.issuer/],
    [
      "with an issuer without TLS",
      { mode: "oauth", oauth: { ...oauth, issuer: "http://idp.example.com" } },
      /without TLS/,
    ],
    [
      "with keys without TLS",
      { mode: "oauth", oauth: { ...oauth, jwksUri: "http://10.0.0.1/jwks" } },
      /jwksUri.*without TLS/,
    ],
    [
      "with a public URL without TLS",
      { mode: "oauth", oauth, publicUrl: "http://patchbay.example.com" },
      /publicUrl.*TLS/,
    ],
    [
      "with an issuer that has a query",
      { mode: "oauth", oauth: { ...oauth, issuer: "https://a.example/?b" } },
      /no query/,
    ],
    ["with addresses as users", { mode: "oauth", oauth: { ...oauth, userClaim: "email" } }, /userClaim is email/],
    ["with OAuth and no public URL", { mode: "oauth", oauth, host: "0.0.0.0" }, /needs http\.publicUrl/],
    ["without a secret", { mode: "open-webui-jwt", apiKeys: [service] }, /needs auth\.openWebuiJwt\.secret/],
    [
      "with a short secret",
      { mode: "open-webui-jwt", apiKeys: [service], openWebuiJwt: { secret: "s" } },
      /less than 32/,
    ],
    [
      "with signed headers and no service",
      { mode: "open-webui-jwt", apiKeys: [person], openWebuiJwt },
      /needs a key of Open-WebUI/,
    ],
    ["with sessions of no Open-WebUI", { mode: "open-webui-session" }, /openWebui\.url is missing/],
    ["without proxies", { mode: "trusted-header", apiKeys: [service] }, /needs auth\.trustedHeader\.proxies/],
    [
      "without a key of the proxy",
      { mode: "trusted-header", apiKeys: [person], trustedHeader },
      /needs a key of the proxy/,
    ],
    ["with scopes of no tool", { toolNames: ["memory_add"], toolScopes: { memory_ad: ["x"] } }, /no tool "memory_ad"/],
    [
      "with an account of two users",
      { users: { ana: [{ issuer: "a", subject: "1" }], ben: [{ issuer: "a", subject: "1" }] } },
      /stands for two users, ana and ben/,
    ],
  ])("%s", (_what, options, message) => {
    expect(problemOf(options)).toMatch(message);
  });

  it.each(["0.0.0.0/0", "::/0", "0.0.0.0/1", "::ffff:0.0.0.0/96", "2000::/3", "10.0.0.0/33", "10.1/16", "proxy", ""])(
    "with %j as the proxies",
    (block) => {
      const options = { mode: "trusted-header", apiKeys: [service] } as const;
      expect(problemOf({ ...options, trustedHeader: { ...trustedHeader, proxies: [block] } })).toMatch("proxies:");
    },
  );

  it.each(["Authorization", "x-api-key", "Cookie", "Host", "X-OpenWebUI-User-Email", "X-Forwarded-For"])(
    "with %s as the header of users",
    (header) => {
      const options = { mode: "trusted-header", apiKeys: [service] } as const;
      expect(problemOf({ ...options, trustedHeader: { ...trustedHeader, header } })).toMatch("something else");
    },
  );
});
