import { describe, expect, it } from "vitest";
import { minimalDocument, openDocumented } from "../../../test/fixtures/api-client.ts";
import { unusedPort } from "../../../test/fixtures/http-server.ts";
import type { ApiProblem } from "../check-api.ts";
import type { ApiSettings, AuthSettings, UserCredentials } from "../configured-api.ts";

const SCHEMES = {
  app_id: { type: "apiKey", in: "query", name: "app_id" },
  app_key: { type: "apiKey", in: "query", name: "app_key" },
  head: { type: "apiKey", in: "header", name: "X-Key" },
  sid: { type: "apiKey", in: "cookie", name: "sid" },
  tls: { type: "mutualTLS" },
  token: { type: "http", scheme: "bearer" },
  "log in": { type: "http", scheme: "basic" },
};

/** What a check finds wrong with the credentials of an API whose operations have these requirements; its host is down. */
async function problems(securities: unknown[], given: Partial<ApiSettings>): Promise<ApiProblem[]> {
  const paths = securities.map((security, at) => [`/${at}`, { get: { operationId: `o${at}`, security } }]);
  const document = minimalDocument(Object.fromEntries(paths), { components: { securitySchemes: SCHEMES } });
  const apiUrl = `http://127.0.0.1:${await unusedPort()}`;
  const { client } = await openDocumented(document, { apiUrl, ...given });
  const [check] = await client.check(new AbortController().signal);
  return check!.problems;
}

const together = [{ app_id: [], app_key: [] }];
const own = (given: Partial<UserCredentials>): UserCredentials => ({ headers: {}, ...given });
const auth = (given: Partial<AuthSettings>) => given as AuthSettings;

describe("required schemes without a credential are named", () => {
  it.each<[securities: unknown[], settings: Partial<ApiSettings>, message: string, hint: string]>([
    [
      [[{ token: [] }]],
      {},
      'There is no credential for "token" (Authorization: Bearer), wanted by 1 of 1 operations.',
      "Set apis.x.apiKey.",
    ],
    [
      [together, [], together],
      { apiKey: "k-1" },
      'There is no credential for "app_key" (query parameter app_key), wanted by 2 of 3 operations.',
      "Set apis.x.credentials: { app_key: … }.",
    ],
    [
      [together],
      {},
      'There is no credential for "app_id" (query parameter app_id) and "app_key" (query parameter app_key), wanted by 1 of 1 operations.',
      "Set apis.x.credentials: { app_id: …, app_key: … }.",
    ],
    [
      [[{ "log in": [], sid: [] }]],
      { credentials: { sid: "s-1" } },
      'There is no credential for "log in" (Authorization: Basic), wanted by 1 of 1 operations.',
      'Set apis.x.credentials: { "log in": … }, a Basic one as user:password.',
    ],
    [
      [[{ head: [] }]],
      { requireUserCredentials: true, users: { ana: own({ headers: { "X-Tenant": "7" } }) } },
      'There is no credential for "head" (header X-Key), wanted by 1 of 1 operations.',
      "Set apis.x.users.ana.apiKey.",
    ],
  ])("%j %j", async (securities, given, message, hint) => {
    expect(await problems(securities, given)).toEqual([
      { key: expect.stringMatching(/^apis\.x/), message, hint, broken: false },
    ]);
  });

  it.each<[how: string, securities: unknown[], settings: Partial<ApiSettings>]>([
    ["none is needed", [[], undefined, [{}], [{ token: [] }, {}]], {}],
    ["there is one by scheme", [together], { credentials: { app_id: "i", app_key: "k" } }],
    ["an alternative has it", [[...together, { token: [] }]], { apiKey: "k-1" }],
    ["a header has it", [[{ head: [] }]], { headers: { x_key: "k-1" } }],
    ["a header may have it", [[{ head: [] }]], { headers: { "X-Other-Token": "k-1" } }],
    ["the Cookie header may have it", [[{ sid: [] }]], { headers: { Cookie: "sid=1" } }],
    ["it is in the user information of the URL", [[{ "log in": [] }]], { apiUrl: "http://a:b@127.0.0.1:1" }],
    [
      "the URL's query has it",
      [together],
      { apiUrl: "http://127.0.0.1:1/?app_id=me", apiKey: "k-1", auth: auth({ type: "query", name: "app_key" }) },
    ],
    [
      "auth sends it otherwise",
      [[{ token: [] }], [{ head: [] }]],
      { apiKey: "k-1", auth: auth({ type: "header", name: "X-Own" }) },
    ],
    ["apiKeyHeader sends it otherwise", [[{ token: [] }]], { apiKey: "k-1", apiKeyHeader: "X-Own" }],
    ["each user has it", [[{ token: [] }]], { users: { ana: own({ apiKey: "k-1" }) } }],
    ["a client certificate is meant", [[{ tls: [] }]], {}],
  ])("but not where %s", async (_how, securities, given) => {
    expect(await problems(securities, given)).toEqual([]);
  });
});

it("names of schemes that the document does not have are told", async () => {
  expect(await problems([together], { credentials: { app_id: "i", app_kye: "k" }, apiKey: "k-1" })).toEqual([
    {
      key: "apis.x.credentials.app_kye",
      message: 'The document has no security scheme "app_kye".',
      hint: "It has app_id, app_key, head, sid, token, log in.",
      broken: true,
    },
  ]);
});

describe("a key that goes as Basic", () => {
  const basic = [[{ "log in": [] }]];
  it.each<Partial<ApiSettings>>([
    { apiKey: "abcdefgh" },
    { credentials: { "log in": "abcdefgh" } },
    { apiKey: "abcdefgh", auth: auth({ type: "basic" }) },
  ])("has to have a colon: %j", async (given) => {
    expect(await problems(basic, given)).toMatchObject([
      {
        key: "apis.x",
        message: expect.stringContaining("no colon"),
        hint: expect.stringContaining("user:password"),
        broken: true,
      },
    ]);
  });

  it.each<Partial<ApiSettings>>([
    { apiKey: "abcdefgh:" },
    { apiKey: "ana:pass" },
    { apiKey: Buffer.from("ana:pass").toString("base64") },
    { credentials: { "log in": "ana:pass" } },
    { auth: auth({ type: "basic", username: "abcdefgh" }) },
  ])("or is a pair otherwise: %j", async (given) => {
    expect(await problems(basic, given)).toEqual([]);
  });
});
