import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  call,
  failure,
  minimalDocument,
  openClient,
  openDocumented,
  settings,
} from "../../../test/fixtures/api-client.ts";
import { temporaryFolder } from "../../../test/fixtures/cleanup.ts";
import { type ReceivedRequest, startHttpServer } from "../../../test/fixtures/http-server.ts";
import { startTokenEndpoint } from "../../../test/fixtures/token-endpoint.ts";
import type { Target } from "../api-request.ts";
import { type ApiSettings, describeApi, type UserCredentials } from "../configured-api.ts";
import { findTarget } from "../find-target.ts";
import { createCredentials } from "./credentials.ts";

const KEY = "shared-key-1";
const basic = (pair: string) => `Basic ${Buffer.from(pair).toString("base64")}`;
const own = (given: Partial<UserCredentials>): UserCredentials => ({ headers: {}, ...given });

/** The request that the API receives for a call of the user. */
async function received(given: Partial<ApiSettings>, user = "ana", path = ""): Promise<ReceivedRequest> {
  const server = await startHttpServer();
  const url = (given.apiUrl ?? "http://SERVER").replace("SERVER", server.url.slice(7));
  await call(openClient({ x: { ...given, apiUrl: url + path } }), { api: "x" }, user);
  return server.requests[0] as ReceivedRequest;
}

describe("the key of an API travels", () => {
  it.each<[how: string, settings: Partial<ApiSettings>, expected: Record<string, string>]>([
    ["as a bearer token", {}, { authorization: `Bearer ${KEY}` }],
    ["as a bearer token", { auth: { type: "bearer" } as never }, { authorization: `Bearer ${KEY}` }],
    ["once behind its scheme", { apiKey: `Bearer ${KEY}` }, { authorization: `Bearer ${KEY}` }],
    ["behind another word", { auth: { type: "bearer", prefix: "Token " } as never }, { authorization: `Token ${KEY}` }],
    [
      "once behind another word",
      { apiKey: `Token ${KEY}`, auth: { type: "header", name: "Authorization", prefix: "Token " } as never },
      { authorization: `Token ${KEY}` },
    ],
    ["in a header", { auth: { type: "header", name: "X-Key" } as never }, { "x-key": KEY }],
    [
      "in a header with a prefix",
      { auth: { type: "header", name: "X-Key", prefix: "k=" } as never },
      { "x-key": `k=${KEY}` },
    ],
    ["in apiKeyHeader, before all", { apiKeyHeader: "X-Own", auth: { type: "bearer" } as never }, { "x-own": KEY }],
    ["in a cookie", { auth: { type: "cookie", name: "sid" } as never }, { cookie: `sid=${KEY}` }],
    [
      "in a cookie, encoded where it must be",
      { apiKey: "a;b c-12", auth: { type: "cookie", name: "sid" } as never },
      { cookie: "sid=a%3Bb%20c-12" },
    ],
    [
      "in a cookie, else as it is",
      { apiKey: "a+/=b-1", auth: { type: "cookie", name: "sid" } as never },
      { cookie: "sid=a+/=b-1" },
    ],
    [
      "as a user's name and password",
      { apiKey: undefined, auth: { type: "basic", username: "bay", password: "pä:ss" } as never },
      { authorization: basic("bay:pä:ss") },
    ],
    [
      "as a user's name alone",
      { apiKey: undefined, auth: { type: "basic", username: "sk_1234567" } as never },
      { authorization: basic("sk_1234567:") },
    ],
    [
      "as user:password",
      { apiKey: "bay:pass-word", auth: { type: "basic" } as never },
      { authorization: basic("bay:pass-word") },
    ],
    [
      "in base64 as it was given",
      { apiKey: "YmF5OnBhc3M=", auth: { type: "basic" } as never },
      { authorization: "Basic YmF5OnBhc3M=" },
    ],
    [
      "as user information of the URL",
      { apiKey: undefined, apiUrl: "http://bay:pass%20word@SERVER" },
      { authorization: basic("bay:pass word") },
    ],
    [
      "as user information of the URL",
      { apiKey: undefined, apiUrl: "http://bay:pass%20word@SERVER", auth: { type: "basic" } as never },
      { authorization: basic("bay:pass word") },
    ],
    [
      "besides a name and a password, as a gateway's key",
      { apiKeyHeader: "X-Gate", auth: { type: "basic", username: "bay", password: "pass-word" } as never },
      { authorization: basic("bay:pass-word"), "x-gate": KEY },
    ],
    [
      "not at all where a configured header takes its place",
      { headers: { authorization: "Custom 1" } },
      { authorization: "Custom 1" },
    ],
  ])("%s: %j", async (_how, given, expected) => {
    const { headers } = await received({ apiKey: KEY, ...given });
    expect(headers).toMatchObject(expected);
    for (const name of ["authorization", "cookie", "x-key", "x-own"]) {
      if (!(name in expected)) expect(headers[name]).toBeUndefined();
    }
  });

  it("in the query, encoded", async () => {
    const auth = { type: "query", name: "api key" } as never;
    const { url, headers } = await received({ apiKey: "a&b=c+d#", auth }, "ana", "/v1?v=2");
    expect(url).toBe("/v1?v=2&api%20key=a%26b%3Dc%2Bd%23");
    expect(headers.authorization).toBeUndefined();
  });

  it("as the configuration says and not as the document does, and to no operation that is open to all", async () => {
    const document = minimalDocument(
      { "/a": { get: { operationId: "a" } }, "/b": { get: { operationId: "b", security: [] } } },
      {
        security: [{ k: [] }],
        components: { securitySchemes: { k: { type: "apiKey", in: "query", name: "key" } } },
      },
    );
    const auth = { type: "header", name: "X-Key" } as never;
    const { client, requests } = await openDocumented(document, { apiKey: KEY, auth });
    await call(client, { api: "x", operation: "a" });
    await call(client, { api: "x", operation: "b" });
    expect(requests.map(({ url, headers }) => [url, headers["x-key"]])).toEqual([
      ["/a", KEY],
      ["/b", undefined],
    ]);
  });
});

it("credentials are not sent where only a document says that an operation is", async () => {
  const elsewhere = await startHttpServer();
  const document = minimalDocument({
    "/a": { get: { operationId: "a" } },
    "/b": { get: { operationId: "b", servers: [{ url: elsewhere.url }] } },
  });
  const server = await startHttpServer();
  const file = join(temporaryFolder(), "api.json");
  writeFileSync(file, JSON.stringify({ ...document, servers: [{ url: server.url }] }));
  const api = await describeApi("x", settings({ openapi: file, apiKey: KEY }));
  const credentials = createCredentials(api);
  expect((await credentials.of({ id: "ana" }, findTarget(api, { operation: "a" }))).placed[0]?.value).toContain(KEY);
  const error = await failure(credentials.of({ id: "ana" }, findTarget(api, { operation: "b" })));
  expect(error).toMatchObject({ code: "forbidden", hint: expect.stringContaining(`apiUrl: ${elsewhere.url}`) });
  const open = await describeApi("x", settings({ openapi: file }));
  const none = await createCredentials(open).of({ id: "ana" }, findTarget(open, { operation: "b" }));
  expect(none.placed).toEqual([]);
});

describe("a user with an entry", () => {
  const shared = { apiKey: KEY, headers: { "X-App": "bay", "X-Team": "shared-team" } };

  it.each<[what: string, settings: Partial<ApiSettings>, entry: Partial<UserCredentials>, expected: object]>([
    ["sends their own key", shared, { apiKey: "own-key-1" }, { authorization: "Bearer own-key-1", "x-app": "bay" }],
    [
      "sends their own headers over those of the API, whatever the case",
      shared,
      { apiKey: "own-key-1", headers: { "x-team": "own-team" } },
      { "x-team": "own-team", "x-app": "bay" },
    ],
    [
      "sends no shared key where only headers are their own",
      shared,
      { headers: { "X-Own": "own-1" } },
      { "x-own": "own-1", authorization: undefined },
    ],
    [
      "sends their own key in place of a shared header",
      { headers: { Authorization: "Bearer shared-token", Cookie: "sid=shared" } },
      { apiKey: "own-key-1" },
      { authorization: "Bearer own-key-1", cookie: undefined },
    ],
    [
      "sends no shared authorization beside their own key",
      { headers: { Authorization: "Bearer shared-token" }, apiKeyHeader: "X-Key" },
      { apiKey: "own-key-1" },
      { authorization: undefined, "x-key": "own-key-1" },
    ],
    [
      "sends their own password, never the shared one with their name",
      { auth: { type: "basic", username: "bay", password: "shared-pass" } as never },
      { username: "ana" },
      { authorization: basic("ana:") },
    ],
    [
      "sends their own password with the shared name",
      { auth: { type: "basic", username: "bay", password: "shared-pass" } as never },
      { password: "own-pass" },
      { authorization: basic("bay:own-pass") },
    ],
    [
      "sends nothing of the URL",
      { apiUrl: "http://bay:shared-pass@SERVER" },
      { username: "ana", password: "own-pass" },
      { authorization: basic("ana:own-pass") },
    ],
    [
      "sends nothing of the URL",
      { apiUrl: "http://bay:shared-pass@SERVER" },
      { headers: { "X-Own": "own-1" } },
      { authorization: undefined, "x-own": "own-1" },
    ],
  ])("%s: %j %j", async (_what, given, entry, expected) => {
    const { headers } = await received({ ...given, users: { ana: own(entry) } });
    const names = Object.keys(expected);
    expect(Object.fromEntries(names.map((name) => [name, headers[name]]))).toEqual(expected);
    expect(JSON.stringify(headers)).not.toMatch(/shared-(key|pass|token)/);
  });

  it("is alone in having it: the others send the shared key", async () => {
    const { headers } = await received({ ...shared, users: { ana: own({ apiKey: "own-key-1" }) } }, "bob");
    expect(headers.authorization).toBe(`Bearer ${KEY}`);
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "named %s is nobody in particular",
    async (user) => {
      const users = { ana: own({ apiKey: "own-key-1" }) };
      expect((await received({ apiKey: KEY, users }, user)).headers.authorization).toBe(`Bearer ${KEY}`);
      const client = openClient({ x: { apiUrl: "http://127.0.0.1:1", users, requireUserCredentials: true } });
      expect((await failure(call(client, { api: "x" }, user))).code).toBe("not_configured");
    },
  );
});

describe("credentials that are missing", () => {
  const ana = own({ apiKey: "own-key-1" });
  it.each<[settings: Partial<ApiSettings>, hint: string]>([
    [{ requireUserCredentials: true, users: { ana } }, "apis.x.users.bob"],
    [{ users: { bob: own({ apiKey: "" }) } }, "apis.x.users.bob"],
    [{ apiKey: KEY, users: { bob: own({ apiKey: "" }) } }, "apis.x.users.bob"],
    [{ auth: { type: "bearer" } as never, users: { ana } }, "apis.x.apiKey"],
    [{ auth: { type: "bearer" } as never, users: { ana, bob: own({ username: "bob" }) } }, "apis.x.users.bob.apiKey"],
    [
      {
        auth: { type: "oauth2", tokenUrl: "http://127.0.0.1:1", clientId: "bay", clientSecret: "s" } as never,
        users: { bob: own({ clientId: "bob" }) },
      },
      "apis.x.users.bob.clientSecret",
    ],
  ])("are named, and nothing is sent: %j", async (given, hint) => {
    const server = await startHttpServer();
    const client = openClient({ x: { apiUrl: server.url, ...given } });
    const error = await failure(call(client, { api: "x" }, "bob"));
    expect(error).toMatchObject({ code: "not_configured", hint: expect.stringContaining(hint) });
    expect(server.requests).toHaveLength(0);
  });

  it("are found by a check, without a request, and an endpoint that gives no token by a closer one", async () => {
    const endpoint = await startTokenEndpoint();
    const auth = (clientSecret: string) =>
      ({
        type: "oauth2",
        tokenUrl: endpoint.url,
        clientId: "bay",
        clientSecret,
        prefix: "",
        clientAuth: "basic",
      }) as const;
    const signal = new AbortController().signal;
    const of = async (given: Partial<ApiSettings>) =>
      createCredentials(await describeApi("x", settings({ apiUrl: "http://127.0.0.1:1", ...given })));
    const good = await of({ auth: auth("bay-secret-1234") });
    const bad = await of({ auth: auth("wrong-secret") });
    await good.check(signal);
    await bad.check(signal);
    expect(endpoint.requests).toHaveLength(0);
    await good.check(signal, { ask: true });
    expect(await failure(bad.check(signal, { ask: true }))).toMatchObject({ code: "upstream_error" });
    const user = await of({ apiKey: KEY, users: { ana: own({ apiKey: "" }) } });
    expect(await failure(user.check(signal))).toMatchObject({ hint: expect.stringContaining("apis.x.users.ana") });
    await Promise.all([good.close(), bad.close(), user.close()]);
  });
});

describe("the id of credentials", () => {
  /** The id that a call of the user has. */
  async function idsOf(all: [given: Partial<ApiSettings>, user: string][]): Promise<string[]> {
    const apis = await Promise.all(
      all.map(async ([given, user]) => {
        const api = await describeApi("x", settings({ apiUrl: "http://127.0.0.1:1", ...given }));
        return { user, target: findTarget(api, {}) as Target, credentials: createCredentials(api) };
      }),
    );
    return Promise.all(
      apis.map(async ({ user, target, credentials }) => (await credentials.of({ id: user }, target)).id),
    );
  }

  it("tells the credentials of one API apart, and only them", async () => {
    const users = {
      ana: own({ apiKey: "own-key-1" }),
      bob: own({ apiKey: "own-key-2" }),
      cy: own({ apiKey: "own-key-1" }),
      di: own({ apiKey: "own-key-1", headers: { "X-T": "1" } }),
    };
    const api = await describeApi("x", settings({ apiUrl: "http://127.0.0.1:1", apiKey: KEY, users }));
    const credentials = createCredentials(api);
    const id = async (user: string) => (await credentials.of({ id: user }, findTarget(api, {}))).id;
    const [ana, bob, cy, di, eve, fay] = await Promise.all(["ana", "bob", "cy", "di", "eve", "fay"].map(id));
    expect(ana).toBe(cy);
    expect(eve).toBe(fay);
    expect(new Set([ana, bob, di, eve]).size).toBe(4);
  });

  it("is another in another process or API, so that nobody can try keys on it", async () => {
    const [one, other] = await idsOf([
      [{ apiKey: KEY }, "ana"],
      [{ apiKey: KEY }, "ana"],
    ]);
    expect(one).not.toBe(other);
    expect(one).not.toContain(KEY);
  });

  it("is the same for every token of a client, and another for another client", async () => {
    const endpoint = await startTokenEndpoint({ clients: { bay: "bay-secret-1234", ana: "ana-secret-1234" } });
    const auth = {
      type: "oauth2",
      tokenUrl: endpoint.url,
      clientId: "bay",
      clientSecret: "bay-secret-1234",
      prefix: "",
      clientAuth: "basic",
    } as const;
    const users = { ana: own({ clientId: "ana", clientSecret: "ana-secret-1234" }) };
    const api = await describeApi("x", settings({ apiUrl: "http://127.0.0.1:1", auth, users }));
    const credentials = createCredentials(api);
    const target = findTarget(api, {});
    const before = await credentials.of({ id: "bob" }, target);
    const prepared = { target, headers: { authorization: before.placed[0]?.value ?? "" } } as never;
    const signal = new AbortController().signal;
    const first = await credentials.completed({ id: "bob" }, prepared, signal);
    const second = await credentials.renewed({ id: "bob" }, first, signal);
    expect(second?.headers.authorization).not.toBe(first.headers.authorization);
    expect((await credentials.of({ id: "bob" }, target)).id).toBe(before.id);
    expect((await credentials.of({ id: "ana" }, target)).id).not.toBe(before.id);
    await credentials.close();
  });

  it("is never the same for different secrets, however they are cut into parts", async () => {
    const part = fc.stringMatching(/^[a:",\]\\]{1,4}$/);
    await fc.assert(
      fc.asyncProperty(part, part, part, part, async (a, b, c, d) => {
        fc.pre(!(a === c && b === d));
        const users = { one: own({ headers: { "X-A": a, "X-B": b } }), two: own({ headers: { "X-A": c, "X-B": d } }) };
        const api = await describeApi("x", settings({ apiUrl: "http://127.0.0.1:1", users }));
        const credentials = createCredentials(api);
        const target = findTarget(api, {});
        const [one, two] = await Promise.all(["one", "two"].map((id) => credentials.of({ id }, target)));
        expect(one?.id).not.toBe(two?.id);
      }),
      { numRuns: 100 },
    );
  });
});
