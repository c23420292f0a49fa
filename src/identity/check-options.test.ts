import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import { hash, JWT_SECRET, KEYS } from "../../test/fixtures/identities.ts";
import { createIdentity } from "./create-identity.ts";
import type { IdentityOptions } from "./identity-options.ts";
import { addKey } from "./key-file.ts";

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
    ...[
      "https://chat.example.com",
      "http://10.1.2.3:8080",
      "http://[fd00::1]:80",
      "http://chat.lan",
      "http://localhost",
    ].map((openWebUiUrl): [string, Partial<IdentityOptions>] => [
      `with sessions of ${openWebUiUrl}`,
      { mode: "open-webui-session", openWebUiUrl },
    ]),
    [
      "without keys for what stands for this machine",
      { allowedHosts: ["host.docker.internal", "localhost:8808", "http://127.0.0.1", "patchbay.localhost", "[::1]"] },
    ],
    [
      "with a long key by other names",
      { allowedHosts: ["pb.example.com"], publicUrl: "https://pb.example.com", apiKeys: [person] },
    ],
    ["with a claim that is somebody's", { mode: "oauth", oauth: { ...oauth, userClaim: "oid" } }],
    [
      "where accounts are linked of which other servers know",
      {
        users: {
          ana: [
            { issuer: "https://idp.example.com", subject: "1" },
            { issuer: "open-webui", subject: "2" },
          ],
        },
      },
    ],
    [
      "where an account lends its name to others of the person",
      {
        users: {
          "open-webui#1": [
            { issuer: "open-webui", subject: "1" },
            { issuer: "proxy", subject: "ana" },
          ],
        },
      },
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

describe("a service's key of the data folder", () => {
  it("keeps a server of another mode on it from starting only where nobody could get in", async () => {
    const keyFile = join(temporaryFolder(), "keys.json");
    await addKey(keyFile, {});
    expect(problemOf({ mode: "oauth", oauth, keyFile })).toBeUndefined();
    expect(problemOf({ keyFile })).toMatch(/no way for a service/);
    expect(problemOf({ keyFile, apiKeys: [person] })).toBeUndefined();
    expect(problemOf({ keyFile, mode: "static-user" })).toMatch(/there are keys/);
  });
});

describe("the server does not start", () => {
  const EXPOSED: [string, Partial<IdentityOptions>][] = [
    ["a public URL", { publicUrl: "https://pb.example.com" }],
    ["a name that looks like loopback", { publicUrl: "http://127.0.0.1.nip.io" }],
    ["an allowed host", { allowedHosts: ["localhost", "pb.example.com"] }],
    ["an allowed host with a scheme and a port", { allowedHosts: ["https://pb.example.com:8443"] }],
    ["an allowed address", { allowedHosts: ["192.168.1.5"] }],
    ["any host", { allowedHosts: ["*"] }],
  ];
  it.each(EXPOSED)("behind %s where anybody could call", (_what, options) => {
    expect(problemOf(options)).toMatch(/^Refusing to serve .* without authentication/);
    expect(problemOf({ ...options, mode: "static-user" })).toMatch("without authentication");
    expect(problemOf({ ...options, apiKeys: [{ key: "abc123", user: "a" }] })).toMatch("less than 16 characters");
    expect(problemOf({ ...options, apiKeys: [person] })).toBeUndefined();
  });

  it.each([
    "iss",
    "aud",
    "email",
    "Email",
    "https://example.com/email",
    "phone_number",
    "azp",
    "name",
    "scope",
    "organization",
    "tenant_id",
  ])("with the claim %s as users", (userClaim) => {
    expect(problemOf({ mode: "oauth", oauth: { ...oauth, userClaim } })).toMatch(`userClaim is ${userClaim}`);
  });

  it.each([
    "http://com",
    "http://ai",
    "http://org.:8080",
    "http://owui.example.com",
    "http://203.0.113.5:3000",
    "http://[2001:db8::1]",
  ])("with sessions that go to %s in clear", (openWebUiUrl) => {
    expect(problemOf({ mode: "open-webui-session", openWebUiUrl })).toMatch(/openWebui\.url is .* without TLS/);
  });

  it.each<[string, NonNullable<IdentityOptions["users"]>]>([
    ["openwebui", { ana: [{ issuer: "openwebui", subject: "1" }] }],
    ["Open-WebUI", { ana: [{ issuer: "Open-WebUI", subject: "1" }] }],
    ["https://idp.example.com/", { ana: [{ issuer: "https://idp.example.com/", subject: "1" }] }],
    ["Proxy", { ana: [{ issuer: "Proxy", subject: "1" }] }],
  ])("with an account of the misspelt issuer %s", (_issuer, users) => {
    expect(problemOf({ oauth, trustedHeader, users })).toMatch(/the issuer .* is written "/);
  });

  it.each<[string, NonNullable<IdentityOptions["users"]>]>([
    ["another's name", { "open-webui#bbbb": [{ issuer: "open-webui", subject: "aaaa" }] }],
    [
      "each other's name",
      { "open-webui#b": [{ issuer: "proxy", subject: "a" }], "proxy#a": [{ issuer: "open-webui", subject: "b" }] },
    ],
    [
      "the name of an account that is somebody",
      { ana: [{ issuer: "open-webui", subject: "b" }], "open-webui#b": [{ issuer: "proxy", subject: "a" }] },
    ],
  ])("with an account that gets %s", (_what, users) => {
    expect(problemOf({ users })).toMatch(/is what an account of .* is called that is not linked/);
  });

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
      "with an issuer that has a password",
      { mode: "oauth", oauth: { ...oauth, issuer: "https://a:b@idp.example.com" } },
      /issuer has a user or a password/,
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
    [
      "with a secret that is a key",
      {
        mode: "open-webui-jwt",
        apiKeys: [service, { hash: hash(JWT_SECRET), user: "ana" }],
        openWebuiJwt: { secret: JWT_SECRET },
      },
      /secret is a key, too/,
    ],
    ["with the hash of nothing", { apiKeys: [{ hash: hash(""), user: "ana" }] }, /that of an empty text/],
    ["with the hash of an end of line", { apiKeys: [{ hash: hash("\n"), user: "ana" }] }, /that of an empty text/],
    ["with the hash of a blank", { apiKeys: [{ hash: hash(" "), user: "ana" }] }, /or of blanks alone/],
    ["with the hash of blanks", { apiKeys: [{ hash: hash("    \n"), user: "ana" }] }, /or of blanks alone/],
    ...["a".repeat(40), "0123456789abcdef", "1234567890".repeat(3), "passwordpassword", "abcabcabcabcabcab"].map(
      (key): [string, Partial<IdentityOptions>, RegExp] => [
        `with the key ${key} for others than this machine`,
        { host: "0.0.0.0", apiKeys: [{ key, user: "ana" }] },
        /a key that repeats itself/,
      ],
    ),
    [
      "with a secret that repeats itself",
      { mode: "open-webui-jwt", apiKeys: [service], openWebuiJwt: { secret: "s".repeat(64) } },
      /repeats itself/,
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

  it.each([
    "0.0.0.0/0",
    "::/0",
    "0.0.0.0/1",
    "::ffff:0.0.0.0/96",
    "2000::/3",
    "2000::/7",
    "10.0.0.0/7",
    "10.0.0.0/33",
    "10.1/16",
    "proxy",
    "",
  ])("with %j as the proxies", (block) => {
    const options = { mode: "trusted-header", apiKeys: [service] } as const;
    expect(problemOf({ ...options, trustedHeader: { ...trustedHeader, proxies: [block] } })).toMatch("proxies:");
  });

  it.each<[string, string[], boolean]>([
    ["255 blocks", Array.from({ length: 255 }, (_, index) => `${index}.0.0.0/8`), false],
    ["two blocks of the internet", ["8.0.0.0/8", "9.0.0.0/32"], false],
    ["one block twice", ["8.0.0.0/8", "8.0.0.0/8", "8.8.0.0/16"], true],
    ["two providers' blocks of IPv6", ["2400:cb00::/32", "2606:4700::/32"], true],
    ["too many of IPv6", ["2400::/16", "2606::/32"], false],
    ["all private networks", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1"], true],
  ])("with proxies that are anybody in sum, and only then: %s", (_what, proxies, starts) => {
    const problem = problemOf({
      mode: "trusted-header",
      apiKeys: [service],
      trustedHeader: { ...trustedHeader, proxies },
    });
    if (starts) expect(problem).toBeUndefined();
    else expect(problem).toMatch("so wide together");
  });

  it.each([
    ...["X-Forwarded-User", "X-Forwarded-Preferred-Username", "X-Forwarded-Email", "Remote-User", "X-WEBAUTH-USER"],
    ...["X-Auth-Request-User", "Tailscale-User-Login", "Cf-Access-Authenticated-User-Email", "X-OpenWebUI-User-Id"],
    ...["X-Amzn-Oidc-Identity", "X-MS-CLIENT-PRINCIPAL-NAME", "X-Authentik-Username", "X-SSL-Client-S-DN", "X-User-Id"],
  ])("but does with %s as the header of users", (header) => {
    const options = { mode: "trusted-header", apiKeys: [service] } as const;
    expect(problemOf({ ...options, trustedHeader: { ...trustedHeader, header } })).toBeUndefined();
  });

  it.each([
    ...[
      "Referer",
      "Sec-Fetch-Site",
      "X-Real-IP",
      "X_Real_Ip",
      "X-OpenWebUI-Chat-Id",
      "True-Client-IP",
      "If-None-Match",
    ],
    ...[
      "X-Forwarded-Groups",
      "X-Forwarded-Access-Token",
      "Traceparent",
      "X-Request-Id",
      "Access-Control-Request-Method",
    ],
    ...["OAI-Language", "X-Country", "X-Device-Name"],
    ...["Authorization", "x-api-key", "Cookie", "Host", "X-OpenWebUI-User-Email", "X-Forwarded-For"],
  ])("with %s as the header of users", (header) => {
    const options = { mode: "trusted-header", apiKeys: [service] } as const;
    expect(problemOf({ ...options, trustedHeader: { ...trustedHeader, header } })).toMatch("something else");
  });
});
