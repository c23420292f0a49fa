import fc from "fast-check";
import { expect, it } from "vitest";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import { type ReceivedRequest, startHttpServer } from "../../../test/fixtures/http-server.ts";
import { startTokenEndpoint } from "../../../test/fixtures/token-endpoint.ts";
import type { ApiSettings, AuthSettings, UserCredentials } from "../configured-api.ts";

const USERS = ["ana", "bob", "cy", "di"] as const;
type User = (typeof USERS)[number];
/** Whose credentials a user's calls carry: two have their own, two share. */
const OWNER: Record<User, string> = { ana: "ana", bob: "bob", cy: "shared", di: "shared" };
const keyOf = (owner: string) => `key-of-${owner}-1`;
const basicOf = (owner: string) => `Basic ${Buffer.from(`${owner}:${keyOf(owner)}`).toString("base64")}`;
const own = (entry: Partial<UserCredentials>): UserCredentials => ({ headers: {}, ...entry });
const keys = {
  apiKey: keyOf("shared"),
  users: { ana: own({ apiKey: keyOf("ana") }), bob: own({ apiKey: keyOf("bob") }) },
};
const auth = (given: Partial<AuthSettings>) => given as AuthSettings;

/** Whose credentials a request carries. */
type Recognise = (request: ReceivedRequest) => string | undefined;
const byKey = (key: unknown) => ["ana", "bob", "shared"].find((owner) => key === keyOf(owner));

/** Ways for credentials to travel, and how the API tells by them who calls. */
const ROADS: Record<string, { settings: Partial<ApiSettings>; recognise: Recognise }> = {
  bearer: { settings: keys, recognise: ({ headers }) => byKey(headers.authorization?.slice(7)) },
  header: {
    settings: { ...keys, auth: auth({ type: "header", name: "X-Key" }) },
    recognise: ({ headers }) => byKey(headers["x-key"]),
  },
  query: {
    settings: { ...keys, auth: auth({ type: "query", name: "key" }) },
    recognise: ({ query }) => byKey(new URLSearchParams(query).get("key")),
  },
  cookie: {
    settings: { ...keys, auth: auth({ type: "cookie", name: "sid" }) },
    recognise: ({ headers }) => byKey(headers.cookie?.replace("sid=", "")),
  },
  basic: {
    settings: {
      auth: auth({ type: "basic", username: "shared", password: keyOf("shared") }),
      users: {
        ana: own({ username: "ana", password: keyOf("ana") }),
        bob: own({ username: "bob", password: keyOf("bob") }),
      },
    },
    recognise: ({ headers }) => ["ana", "bob", "shared"].find((owner) => headers.authorization === basicOf(owner)),
  },
  headers: {
    settings: {
      headers: { "X-A": keyOf("shared") },
      users: {
        ana: own({ headers: { "X-A": keyOf("ana") } }),
        bob: own({ headers: { x_a: keyOf("bob") } }),
      },
    },
    recognise: ({ headers }) => byKey(headers["x-a"] ?? headers.x_a),
  },
};

type Step =
  | { kind: "calls"; calls: { road: string; user: User; path: string }[] }
  | { kind: "revoke" }
  | { kind: "write"; road: string; user: User };

const roads = [...Object.keys(ROADS), "oauth2"];
const aCall = fc.record({
  road: fc.constantFrom(...roads),
  user: fc.constantFrom(...USERS),
  path: fc.constantFrom("/plain", "/marked", "/search?q=a"),
});
const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("calls" as const),
      calls: fc.array(aCall, { minLength: 1, maxLength: 8 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "revoke" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      road: fc.constantFrom(...roads),
      user: fc.constantFrom(...USERS),
    }),
  },
);

it("no answer to one user's credentials is ever given to another's, in whatever order calls come and tokens change", async () => {
  const clients = { ana: keyOf("ana"), bob: keyOf("bob"), shared: keyOf("shared") };
  const endpoint = await startTokenEndpoint({ clients });
  const oauth2: (typeof ROADS)[string] = {
    settings: {
      auth: auth({
        type: "oauth2",
        tokenUrl: endpoint.url,
        clientId: "shared",
        clientSecret: keyOf("shared"),
        prefix: "",
        clientAuth: "basic",
      }),
      users: {
        ana: own({ clientId: "ana", clientSecret: keyOf("ana") }),
        bob: own({ clientId: "bob", clientSecret: keyOf("bob") }),
      },
    },
    recognise: ({ headers }) => endpoint.clientOf(headers.authorization),
  };
  const all = { ...ROADS, oauth2 };
  const servers = await Promise.all(
    Object.entries(all).map(async ([name, { settings, recognise }]) => {
      const server = await startHttpServer((request) => {
        const owner = recognise(request);
        if (owner === undefined) return { status: 401, json: {} };
        // Everybody's answer has the same mark, as those of careless APIs have.
        const marks: Record<string, string> =
          request.path === "/marked" ? { etag: '"same"', "cache-control": "no-cache" } : {};
        if (request.headers["if-none-match"] === '"same"') return { status: 304, headers: marks };
        return { json: { owner, path: request.path }, headers: marks };
      });
      const apiUrl = server.url;
      return [name, { apiUrl, allow: ["* /*"], cacheTtl: 60, ...settings }] as const;
    }),
  );
  let cached = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { minLength: 3, maxLength: 12 }), async (steps) => {
      const client = openClient(Object.fromEntries(servers));
      const make = async (road: string, user: User, operation: string, query = {}) => {
        const result = await call(client, { api: road, operation, query }, user);
        if (result.cached) cached += 1;
        expect([road, user, (result.data as { owner: string }).owner]).toEqual([road, user, OWNER[user]]);
      };
      for (const step of steps) {
        if (step.kind === "revoke") endpoint.revokeAll();
        else if (step.kind === "write") await make(step.road, step.user, "POST /plain");
        else {
          await Promise.all(
            step.calls.map(({ road, user, path }) => {
              const [name = "", search] = path.split("?");
              return make(road, user, `GET ${name}`, Object.fromEntries(new URLSearchParams(search)));
            }),
          );
        }
      }
      await client.close();
    }),
    { numRuns: 30 },
  );
  expect(cached).toBeGreaterThan(20);
}, 60_000);

it("a user without credentials is given nothing of what was kept for another", async () => {
  const server = await startHttpServer(({ headers }) => ({ json: { sent: headers["x-tenant"] ?? null } }));
  const base: Partial<ApiSettings> = {
    apiUrl: server.url,
    allow: ["GET /*"],
    cacheTtl: 60,
    requireUserCredentials: true,
  };
  const users = { ana: own({ headers: { "X-Tenant": "tenant-of-ana" } }) };
  const client = openClient({ x: { ...base, users } });
  await call(client, { api: "x", operation: "GET /a" }, "ana");
  expect((await failure(call(client, { api: "x", operation: "GET /a" }, "bob"))).code).toBe("not_configured");
  expect(
    (await failure(call(client, { api: "x", operation: "GET /a", header: { "x-tenant": "tenant-of-ana" } }, "ana")))
      .code,
  ).toBe("forbidden");
  expect(server.requests).toHaveLength(1);
});
