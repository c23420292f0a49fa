import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import {
  type ScriptedAnswer,
  startHttpServer,
  startRawServer,
  unusedPort,
} from "../../../test/fixtures/http-server.ts";
import { startTokenEndpoint, type TokenEndpointOptions } from "../../../test/fixtures/token-endpoint.ts";
import type { ApiSettings, AuthSettings } from "../configured-api.ts";

const SECRET = "bay-secret-1234";

/** An API that takes the tokens of an endpoint, and a client of it. */
async function openApi(
  options: TokenEndpointOptions = {},
  auth: Partial<AuthSettings> = {},
  more: Partial<ApiSettings> = {},
) {
  const endpoint = await startTokenEndpoint(options);
  const api = await startHttpServer(({ headers }) => {
    const client = endpoint.clientOf(headers.authorization);
    return client === undefined ? { status: 401, json: { error: "who are you?" } } : { json: { client } };
  });
  const client = openClient({
    x: { apiUrl: api.url, allow: ["* /*"], auth: oauth2(endpoint.url, auth), ...more },
  });
  const get = (user?: string, signal?: AbortSignal) => call(client, { api: "x", operation: "GET /a" }, user, signal);
  return { endpoint, api, client, get };
}

function oauth2(tokenUrl: string, more: Partial<AuthSettings> = {}): AuthSettings {
  return { type: "oauth2", prefix: "", clientAuth: "basic", tokenUrl, clientId: "bay", clientSecret: SECRET, ...more };
}

/** A client whose token endpoint answers like this. */
async function openFailing(answer: ScriptedAnswer, more: Partial<ApiSettings> = {}) {
  const opened = await openApi({}, {}, more);
  opened.endpoint.failNext(answer);
  return opened;
}

describe("a token", () => {
  it("is asked for with the first call and kept for the next ones", async () => {
    const { endpoint, get } = await openApi(
      {},
      { scope: "read write", audience: "https://x.example", resource: "https://x.example/api" },
    );
    expect((await get()).data).toEqual({ client: "bay" });
    await get();
    expect(endpoint.issued).toMatchObject([
      { client: "bay", scope: "read write", audience: "https://x.example", resource: "https://x.example/api" },
    ]);
  });

  it("is asked for once by calls that come at the same time", async () => {
    const { endpoint, api, get } = await openApi({ delayMs: 50 });
    await Promise.all(Array.from({ length: 50 }, () => get()));
    expect(endpoint.requests).toHaveLength(1);
    expect(api.requests).toHaveLength(50);
  });

  it("is asked for anew shortly before its end", async () => {
    const { endpoint, get } = await openApi({ expiresIn: 1 });
    await get();
    await get();
    expect(endpoint.issued).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 950));
    expect((await get()).http_status).toBe(200);
    expect(endpoint.issued).toHaveLength(2);
  });

  it("is used once where it ends at once, and till it is refused where it says nothing of its end", async () => {
    const short = await openApi({ expiresIn: 0 });
    await failure(short.get());
    const endless = await openApi({ expiresIn: null });
    await endless.get();
    await endless.get();
    expect(endless.endpoint.issued).toHaveLength(1);
  });

  it("that the API refuses is replaced once, and the call repeated", async () => {
    const { endpoint, api, get } = await openApi();
    await get();
    endpoint.revokeAll();
    const result = await get();
    expect(result).toMatchObject({ data: { client: "bay" }, attempts: 2 });
    expect(endpoint.issued).toHaveLength(2);
    expect(api.requests).toHaveLength(3);
  });

  it("that many calls find refused is replaced once for all of them", async () => {
    const { endpoint, get } = await openApi({ delayMs: 30 });
    await get();
    endpoint.revokeAll();
    const results = await Promise.all(Array.from({ length: 20 }, () => get()));
    expect(results.every(({ http_status }) => http_status === 200)).toBe(true);
    expect(endpoint.issued).toHaveLength(2);
  });

  it("that is refused again is not replaced a second time in the same call, nor without end in others", async () => {
    const endpoint = await startTokenEndpoint();
    const api = await startHttpServer({ status: 401, json: { error: "never" } });
    const client = openClient({ x: { apiUrl: api.url, allow: ["* /*"], auth: oauth2(endpoint.url) } });
    const get = () => failure(call(client, { api: "x", operation: "GET /a" }));
    expect(await get()).toMatchObject({ code: "upstream_error", details: { http_status: 401 } });
    expect([endpoint.requests.length, api.requests.length]).toEqual([2, 2]);
    for (let n = 0; n < 40; n++) await get();
    expect(endpoint.requests.length).toBeLessThanOrEqual(31);
  });

  it("of one client is not another's", async () => {
    const clients = { bay: SECRET, ana: "ana-secret-1234" };
    const users = { ana: { clientId: "ana", clientSecret: "ana-secret-1234", headers: {} } };
    const { get } = await openApi({ clients }, {}, { users });
    expect(await Promise.all([get("ana"), get("bob"), get("ana")])).toMatchObject([
      { data: { client: "ana" } },
      { data: { client: "bay" } },
      { data: { client: "ana" } },
    ]);
  });

  it("travels in another header and behind other words where the configuration says so", async () => {
    const endpoint = await startTokenEndpoint();
    const api = await startHttpServer();
    const auth = oauth2(endpoint.url, { name: "X-Auth", prefix: "Zoho-oauthtoken " });
    await call(openClient({ x: { apiUrl: api.url, auth } }), { api: "x" });
    expect(api.requests[0]?.headers["x-auth"]).toBe(`Zoho-oauthtoken ${endpoint.issued[0]?.token}`);
    expect(api.requests[0]?.headers.authorization).toBeUndefined();
  });

  it("is never shown, and neither is the one before it", async () => {
    const endpoint = await startTokenEndpoint();
    const seen: string[] = [];
    const api = await startHttpServer(({ headers }) => {
      const token = String(headers.authorization).slice(7);
      if (!seen.includes(token)) seen.push(token);
      return endpoint.clientOf(headers.authorization) ? { json: { seen } } : { status: 401 };
    });
    const client = openClient({ x: { apiUrl: api.url, auth: oauth2(endpoint.url) } });
    await call(client, { api: "x" });
    endpoint.revokeAll();
    expect((await call(client, { api: "x" })).data).toEqual({ seen: ["[redacted]", "[redacted]"] });
  });

  it("is not asked for by a dry run or where the arguments are wrong", async () => {
    const { client, endpoint } = await openApi();
    const { request } = await call(client, { api: "x", operation: "GET /a", dryRun: true });
    expect(JSON.stringify(request)).toContain("[redacted]");
    await failure(call(client, { api: "x", operation: "GET /a", header: { Authorization: "mine" } }));
    expect(endpoint.requests).toHaveLength(0);
  });
});

describe("the client's secret", () => {
  it.each(["basic", "post"] as const)("arrives as it is by %s, whatever it holds", async (clientAuth) => {
    const text = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }).filter((part) => part.isWellFormed());
    // A client may be called `__proto__`.
    const clients = Object.create(null) as Record<string, string>;
    const endpoint = await startTokenEndpoint({ clients, authentication: clientAuth });
    const api = await startHttpServer();
    await fc.assert(
      fc.asyncProperty(text, text, async (id, secret) => {
        clients[id] = secret;
        const auth = oauth2(endpoint.url, { clientId: id, clientSecret: secret, clientAuth });
        const client = openClient({ x: { apiUrl: api.url, auth } });
        await call(client, { api: "x" });
        expect(endpoint.issued.at(-1)?.client).toBe(id);
        await client.close();
      }),
      {
        numRuns: 40,
        examples: [
          ["a:b%20 +", "s/e=c&r+e%t ü:"],
          ["__proto__", " "],
        ],
      },
    );
  });

  it("is written as a form writes it, so that servers that do not decode take the usual ones", async () => {
    const endpoint = await startTokenEndpoint({ clients: { "my-app_1": "a-b_c.d*e" } });
    const api = await startHttpServer();
    const auth = oauth2(endpoint.url, { clientId: "my-app_1", clientSecret: "a-b_c.d*e" });
    await call(openClient({ x: { apiUrl: api.url, auth } }), { api: "x" });
    const sent = endpoint.requests[0]?.headers.authorization?.slice(6) ?? "";
    expect(Buffer.from(sent, "base64").toString()).toBe("my-app_1:a-b_c.d*e");
  });
});

describe("a token endpoint that gives no token", () => {
  it.each<[name: string, answer: ScriptedAnswer, error: object]>([
    [
      "does not know the client",
      { status: 401, json: { error: "invalid_client", error_description: `no ${SECRET}` } },
      {
        code: "upstream_error",
        message: expect.stringMatching(/401 "invalid_client" "no \[redacted\]"/),
        retryable: false,
      },
    ],
    [
      "does not like the scope",
      { status: 400, json: { error: "invalid_scope" } },
      { hint: "Check apis.x.auth.scope." },
    ],
    ["fails", { status: 500, text: "oops" }, { code: "upstream_error", retryable: true }],
    [
      "is busy",
      { status: 429, headers: { "retry-after": "7" } },
      { code: "rate_limited", retryable: true, retryAfterMs: 7000 },
    ],
    [
      "answers HTML",
      { text: "<html>log in</html>", headers: { "content-type": "text/html" } },
      { code: "invalid_response" },
    ],
    ["answers a list", { json: [1] }, { code: "invalid_response" }],
    ["answers without a token", { json: { token_type: "Bearer" } }, { code: "invalid_response" }],
    ["answers without a type", { json: { access_token: "abcdefgh" } }, { code: "invalid_response" }],
    [
      "answers another type",
      { json: { access_token: "abcdefgh", token_type: "mac" } },
      { code: "invalid_response", message: expect.stringContaining('type "mac"') },
    ],
    ["answers DPoP", { json: { access_token: "abcdefgh", token_type: "DPoP" } }, { code: "invalid_response" }],
    [
      "answers a line break",
      { json: { access_token: "a\r\nX: b", token_type: "Bearer" } },
      { code: "invalid_response" },
    ],
    [
      "answers too much",
      { json: { access_token: "a".repeat(300_000), token_type: "Bearer" } },
      {
        code: "too_large",
        message: expect.stringMatching(
          /^Request failed: the token endpoint of API "x": its answer is larger than \d+ bytes\.$/,
        ),
      },
    ],
    [
      "answers what cannot be decoded",
      { json: {}, headers: { "content-encoding": "zstd" } },
      {
        code: "invalid_response",
        message: expect.stringMatching(
          /^Request failed: the token endpoint of API "x": the compressed answer is damaged/,
        ),
      },
    ],
    ["redirects", { status: 307, headers: { location: "https://other.example/token" } }, { code: "upstream_error" }],
    ["breaks off", { fault: "reset" }, { code: "upstream_unreachable", hint: "Check apis.x.auth.tokenUrl." }],
  ])("%s", async (_name, answer, error) => {
    const { api, get } = await openFailing(answer);
    const thrown = await failure(get());
    expect(thrown).toMatchObject(error);
    expect(thrown.message).toMatch(/token endpoint of API "x"/);
    expect(JSON.stringify(thrown.toResult())).not.toContain(SECRET);
    // The failure is not kept: the next call has a token.
    if (answer.status !== 429) expect((await get()).data).toEqual({ client: "bay" });
    expect(api.requests.length).toBeLessThanOrEqual(1);
  });

  it("is slow: the call ends in time", async () => {
    for (const fault of ["hang", "drip"] as const) {
      const { get } = await openFailing({ fault }, { timeout: 0.3 });
      const start = performance.now();
      expect(await failure(get())).toMatchObject({ code: "deadline_exceeded", retryable: true });
      expect(performance.now() - start).toBeLessThan(1500);
    }
  });

  it("is not there or is no HTTP server", async () => {
    const api = await startHttpServer();
    for (const tokenUrl of [`http://127.0.0.1:${await unusedPort()}/`, (await startRawServer("hello\r\n\r\n")).url]) {
      const client = openClient({ x: { apiUrl: api.url, auth: oauth2(tokenUrl) } });
      const error = await failure(call(client, { api: "x" }));
      expect(["upstream_unreachable", "invalid_response"]).toContain(error.code);
      expect(error.hint).toBe("Check apis.x.auth.tokenUrl.");
    }
    expect(api.requests).toHaveLength(0);
  });

  it("is left alone for a while after failing twice", async () => {
    const { endpoint, get } = await openApi();
    endpoint.failNext({ status: 500 }, { status: 500 });
    const all = await Promise.all([1, 2, 3].map(() => failure(get())));
    expect(all.map(({ code }) => code)).toEqual(["upstream_error", "upstream_error", "upstream_error"]);
    await failure(get());
    await failure(get());
    await failure(get());
    expect(endpoint.requests).toHaveLength(2);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect((await get()).data).toEqual({ client: "bay" });
  });

  it("keeps no caller who goes, and the others go on waiting", async () => {
    const { endpoint, get } = await openApi({ delayMs: 200 });
    const leaving = new AbortController();
    const [left, stayed] = [failure(get("ana", leaving.signal)), get("bob")];
    setTimeout(() => leaving.abort(), 50);
    expect((await left).code).toBe("aborted");
    expect((await stayed).http_status).toBe(200);
    expect(endpoint.requests).toHaveLength(1);
  });
});

describe("a token URL", () => {
  it.each([
    ["http://auth.example.com/token", "over http"],
    ["http://8.8.8.8/token", "over http"],
    ["https://id:secret-word@auth.example.com/token", "holds a user or a password"],
    ["ftp://auth.example.com/token", "no http or https URL"],
  ])("%s is refused", async (tokenUrl, why) => {
    const api = await startHttpServer();
    const settings = { apiUrl: api.url, auth: { ...oauth2("https://x.example"), tokenUrl } };
    const { createApiClient } = await import("../api-client.ts");
    const { createAnswerStore } = await import("../answer/create-answer-store.ts");
    const { settings: fill } = await import("../../../test/fixtures/api-client.ts");
    const filled = { ...fill({ ...settings, auth: oauth2("https://x.example") }), auth: settings.auth };
    const client = createApiClient({ x: filled }, createAnswerStore());
    const error = await failure(call(client, { api: "x" }));
    expect(error).toMatchObject({ code: "invalid_config", message: expect.stringContaining(why) });
    expect(error.message).not.toContain("secret-word");
  });

  it("whose name leads to this machine is refused, whatever the document or the answer says", async () => {
    const endpoint = await startTokenEndpoint();
    const port = new URL(endpoint.url).port;
    const api = await startHttpServer();
    const auth = oauth2(`https://auth.example.com:${port}/token`);
    const client = openClient(
      { x: { apiUrl: api.url, auth } },
      {
        lookup: ((_name: string, _options: object, callback: (...args: unknown[]) => void) =>
          callback(null, [{ address: "127.0.0.1", family: 4 }])) as never,
      },
    );
    const error = await failure(call(client, { api: "x" }));
    expect(error).toMatchObject({ code: "forbidden" });
    expect(endpoint.requests).toHaveLength(0);
  });
});

it("closing ends requests for tokens", async () => {
  const { endpoint, client, get } = await openApi({ delayMs: 5000 });
  const waiting = failure(get());
  while (endpoint.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await client.close();
  expect((await waiting).code).toBe("aborted");
});
