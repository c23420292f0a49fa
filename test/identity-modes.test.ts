// biome-ignore-all lint/suspicious/noTemplateCurlyInString: configuration refers to variables that way
import { type IncomingHttpHeaders, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { type AuthorizationServer, startAuthorizationServer } from "./fixtures/authorization-server.ts";
import { temporaryFolder } from "./fixtures/cleanup.ts";
import { roads } from "./fixtures/clients.ts";
import {
  hash,
  JWT_SECRET,
  KEYS,
  OPEN_WEBUI_IDS,
  sessionOf,
  startSessionServer,
  userJwt,
} from "./fixtures/identities.ts";
import { type RunningServer, runProcess, serverCommand, startHttpServer } from "./fixtures/spawn.ts";

interface Received {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** Address that the request comes from. */
  from?: string;
}

const MCP = { "Content-Type": "application/json", Accept: "application/json, text/event-stream" };
const LIST = { jsonrpc: "2.0", id: 1, method: "tools/list" };
const PROXY = "127.0.0.2";
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const inKeyHeader = (key: string) => ({ "X-API-Key": key });

function send(
  server: RunningServer,
  path: string,
  { method = "GET", headers = {}, body, from }: Sent = {},
): Promise<Received> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, agent: false as const, ...(from && { localAddress: from }) };
    const sent = request(`${server.url}${path}`, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Calls a tool and gives its JSON; the connection's identity alone says for whom. */
async function call(server: RunningServer, name: string, args: object, sent: Sent): Promise<Record<string, unknown>> {
  const params = { name, arguments: args };
  const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
  const headers = { "Content-Type": "application/json", ...sent.headers };
  const { status, text } = await send(server, "/mcp", { ...sent, method: "POST", headers, body });
  expect(status, text).toBe(200);
  const { result } = JSON.parse(text) as { result: { content: { text: string }[] } };
  return JSON.parse(result.content[0]?.text ?? "null") as Record<string, unknown>;
}

let issuer: AuthorizationServer;
let openWebUi: Awaited<ReturnType<typeof startSessionServer>>;
const servers: Record<string, RunningServer> = {};
const credentials: [name: string, sent: Sent, accepted: string[]][] = [];

const persons = [
  { key: KEYS.ana, user: "ana" },
  { hash: hash(KEYS.ben), user: "ben" },
];
const MODES = ["api-key", "oauth", "open-webui-jwt", "open-webui-session", "trusted-header"];

beforeAll(async () => {
  issuer = await startAuthorizationServer();
  openWebUi = await startSessionServer();
  const withService = [...persons, { key: KEYS.service }];
  const trustedHeader = { proxies: [`${PROXY}/32`] };
  const auth: Record<string, object> = {
    "api-key": { apiKeys: persons },
    oauth: { apiKeys: persons, oauth: { issuer: issuer.issuer } },
    "open-webui-jwt": { apiKeys: withService, openWebuiJwt: { secret: JWT_SECRET } },
    "open-webui-session": { apiKeys: withService },
    "trusted-header": { apiKeys: withService, trustedHeader },
  };
  await Promise.all(
    MODES.map(async (mode) => {
      const config = { auth: { mode, ...auth[mode] }, openWebui: { url: openWebUi.url }, logLevel: "debug" };
      servers[mode] = await startHttpServer({ config });
    }),
  );
  const aud = `${servers.oauth?.url}/mcp`;
  const jwt = (token: string) => ({ "X-OpenWebUI-User-Jwt": token });
  const plain = { "X-OpenWebUI-User-Id": OPEN_WEBUI_IDS.ana, "X-OpenWebUI-User-Email": "ana@example.com" };
  const name = { "X-Forwarded-User": "ana" };
  credentials.push(
    ["nothing", {}, []],
    ["a wrong key", { headers: bearer("key-of-eve-0123456789") }, []],
    ["a key as Basic", { headers: { Authorization: `Basic ${btoa(`ana:${KEYS.ana}`)}` } }, []],
    ["ana's key", { headers: bearer(KEYS.ana) }, MODES],
    ["ben's key, of which only the hash is known, in X-API-Key", { headers: inKeyHeader(KEYS.ben) }, MODES],
    ["ana's key twice", { headers: { ...bearer(KEYS.ana), ...inKeyHeader(KEYS.ana) } }, MODES],
    ["two people's keys", { headers: { ...bearer(KEYS.ana), ...inKeyHeader(KEYS.ben) } }, []],
    ["ana's key and a wrong one", { headers: { ...bearer(KEYS.ana), ...inKeyHeader("key-of-eve-0123456789") } }, []],
    ["the hash of a key", { headers: bearer(hash(KEYS.ben)) }, []],
    ["a service alone", { headers: bearer(KEYS.service) }, []],
    ["plain headers of Open-WebUI", { headers: plain }, []],
    ["a service with plain headers", { headers: { ...bearer(KEYS.service), ...plain } }, []],
    ["a signed header alone", { headers: jwt(await userJwt()) }, []],
    [
      "a service with a signed header",
      { headers: { ...bearer(KEYS.service), ...jwt(await userJwt()) } },
      ["open-webui-jwt"],
    ],
    [
      "a service in X-API-Key with a signed header and a session",
      { headers: { ...inKeyHeader(KEYS.service), ...bearer(sessionOf("ana")), ...jwt(await userJwt()) } },
      ["open-webui-jwt", "open-webui-session"],
    ],
    [
      "a service with a header that another secret signed",
      { headers: { ...bearer(KEYS.service), ...jwt(await userJwt({}, `${JWT_SECRET}!`)), ...plain } },
      [],
    ],
    ["a session", { headers: bearer(sessionOf("ana")) }, ["open-webui-session"]],
    ["a session of nobody", { headers: bearer(sessionOf("")) }, []],
    ["a token of another service", { headers: bearer(sessionOf("ana", { iss: "https://other.example" })) }, []],
    ["a token for another service", { headers: bearer(sessionOf("ana", { aud: "other" })) }, []],
    ["a provider's key", { headers: bearer("sk-0123456789abcdef0123456789abcdef") }, []],
    ["a session that is pending", { headers: bearer(sessionOf("pending")) }, []],
    ["a name from anywhere", { headers: { ...bearer(KEYS.service), ...name } }, []],
    ["a name from the proxy without its key", { headers: name, from: PROXY }, []],
    ["a name from the proxy", { headers: { ...bearer(KEYS.service), ...name }, from: PROXY }, ["trusted-header"]],
    [
      "a name from one who says that he is the proxy",
      { headers: { ...bearer(KEYS.service), ...name, "X-Forwarded-For": PROXY, Forwarded: `for=${PROXY}` } },
      [],
    ],
    ["an access token", { headers: bearer(await issuer.token({ aud })) }, ["oauth"]],
    [
      "an access token for another server",
      { headers: bearer(await issuer.token({ aud: "https://other.example" })) },
      [],
    ],
    ["an access token without audience", { headers: bearer(await issuer.token()) }, []],
    ["an ID token", { headers: bearer(await issuer.token({ aud, nonce: "n" }, { typ: "JWT" })) }, []],
  );
}, 60_000);

describe.each(MODES)("auth.mode %s", (mode) => {
  const server = () => servers[mode] as RunningServer;
  const models = { model: "none", messages: [{ role: "user", content: "hello" }] };
  /** With the status of a caller that is let in; undefined where no credential is asked for, and what is answered then. */
  const routes: [path: string, sent: Sent, good: number[], open?: number][] = [
    ["/mcp", { method: "POST", headers: MCP, body: LIST }, [200]],
    ["/mcp/", { method: "POST", headers: MCP, body: LIST }, [200]],
    ["/mcp", { method: "GET", headers: MCP }, [405]],
    ["/v1/models", {}, [200, 404]],
    ["/v1/chat/completions", { method: "POST", headers: MCP, body: models }, [400, 404, 503]],
    ["/livez", {}, [], 200],
    ["/readyz", {}, [], 200],
    ["/.well-known/oauth-protected-resource", {}, [], mode === "oauth" ? 200 : 404],
    ["/.well-known/oauth-protected-resource/mcp", {}, [], mode === "oauth" ? 200 : 404],
    ["/.well-known/oauth-protected-resource/v1", {}, [], mode === "oauth" ? 200 : 404],
    ["/interact/x", {}, [], 404],
  ];

  it.each(routes)("lets in at %s who is known, and nobody else", async (path, sent, good, open) => {
    for (const [name, credential, accepted] of credentials) {
      const all = { ...sent, ...credential, headers: { ...sent.headers, ...credential.headers } };
      const { status, headers, text } = await send(server(), path, all);
      const isExpected =
        open !== undefined
          ? [open]
          : accepted.includes(mode)
            ? good
            : [401, ...(name.includes("pending") ? [403] : [])];
      expect(isExpected, `${name}: ${status} ${text}`).toContain(status);
      if (status === 401) expect(headers["www-authenticate"]).toMatch(/^Bearer realm="patchbay"/);
      expect(text).not.toMatch(/key-of-|session-of-|eyJ/);
    }
  });

  it("says two different keys where there are two", async () => {
    const headers = { ...bearer(KEYS.ana), ...inKeyHeader(KEYS.ben) };
    const { status, text } = await send(server(), "/mcp", {
      method: "POST",
      headers: { ...MCP, ...headers },
      body: LIST,
    });
    expect([status, text]).toEqual([
      401,
      expect.stringMatching(/two different keys, in Authorization and in X-API-Key/),
    ]);
  });

  it("writes no credential to its log", () => {
    expect(server().stdout() + server().stderr()).not.toMatch(/key-of-(ana|ben|eve)|session-of|eyJ|[0-9a-f]{64}/);
  });
});

describe("Open-WebUI", () => {
  it("is asked about what looks like its sessions, and gets nothing else to see", async () => {
    const asked = openWebUi.requests.flatMap(({ headers }) => headers.authorization ?? []);
    expect(asked).toContain(`Bearer ${sessionOf("ana")}`);
    const sessions = ["ana", "ben", "pending", ""].map((who) => `Bearer ${sessionOf(who)}`);
    expect(asked.filter((each) => !sessions.includes(each) && each !== "Bearer none")).toEqual([]);
  });

  it("is not asked for a browser at a page", async () => {
    const before = openWebUi.requests.length;
    for (let index = 0; index < 20; index++)
      await send(servers["open-webui-session"] as RunningServer, "/interact/x", {
        headers: bearer(sessionOf(`u${index}`)),
      });
    expect(openWebUi.requests.length).toBe(before);
  });
});

describe("refusals", () => {
  const refusal = async (mode: string, sent: Sent) => {
    const answer = await send(servers[mode] as RunningServer, "/mcp", { method: "POST", body: LIST, ...sent });
    return { ...answer, message: (JSON.parse(answer.text) as { error: { message: string } }).error.message };
  };

  it("say what Open-WebUI left out, once its key is right", async () => {
    const plain = { "X-OpenWebUI-User-Id": OPEN_WEBUI_IDS.ana };
    const withKey = await refusal("open-webui-jwt", { headers: { ...bearer(KEYS.service), ...plain } });
    expect(withKey.message).toMatch(/without a signature.*FORWARD_USER_INFO_HEADER_JWT_SECRET/);
    const nobody = await refusal("open-webui-jwt", { headers: bearer(KEYS.service) });
    expect(nobody.message).toMatch(/names no user.*ENABLE_FORWARD_USER_INFO_HEADERS/);
  });

  it("say nothing of how a key is wrong", async () => {
    const wrong = ["key-of-eve-0123456789", KEYS.ana.slice(0, -1), `${KEYS.ana}x`, "pb_x"];
    const headers = wrong.flatMap((key) => [bearer(key), inKeyHeader(key)]);
    const answers = await Promise.all(headers.map((each) => refusal("api-key", { headers: each })));
    expect(new Set(answers.map(({ message }) => message))).toEqual(
      new Set(["A valid API key is required: Authorization: Bearer …, or X-API-Key: …"]),
    );
  });

  it("show an OAuth client where to go, also one that only asks, as Open-WebUI does, without MCP's Accept", async () => {
    const { url } = servers.oauth as RunningServer;
    const params = {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "Open WebUI", version: "1" },
    };
    const { status, headers } = await refusal("oauth", {
      headers: { "Content-Type": "application/json" },
      body: { jsonrpc: "2.0", id: 1, method: "initialize", params },
    });
    expect(status).toBe(401);
    const metadata = `${url}/.well-known/oauth-protected-resource/mcp`;
    expect(headers["www-authenticate"]).toBe(`Bearer realm="patchbay", resource_metadata="${metadata}"`);
    expect(await (await fetch(metadata)).json()).toEqual({
      resource: `${url}/mcp`,
      authorization_servers: [issuer.issuer],
      bearer_methods_supported: ["header"],
      resource_name: "Patchbay",
    });
    const expired = await refusal("oauth", {
      headers: bearer(await issuer.token({ aud: `${url}/mcp`, exp: Math.floor(Date.now() / 1000) - 100 })),
    });
    expect(expired.headers["www-authenticate"]).toContain(
      'error="invalid_token", error_description="The access token has expired."',
    );
  });
});

describe("one person", () => {
  it("is the same over a key, a signed header, a session, an access token, a proxy and stdio, where they are linked", async () => {
    const dataDir = temporaryFolder();
    const users = {
      ana: [
        { issuer: "open-webui", subject: OPEN_WEBUI_IDS.ana },
        { issuer: issuer.issuer, subject: "ana-at-idp" },
        { issuer: "proxy", subject: "ana@corp" },
      ],
    };
    const service = [...persons, { key: KEYS.service }];
    const start = (auth: object) =>
      startHttpServer({ config: { dataDir, auth: { users, ...auth }, openWebui: { url: openWebUi.url } } });
    const [jwts, sessions, oauth, proxy] = await Promise.all([
      start({ mode: "open-webui-jwt", apiKeys: service, openWebuiJwt: { secret: JWT_SECRET } }),
      start({ mode: "open-webui-session" }),
      start({ mode: "oauth", apiKeys: persons, oauth: { issuer: issuer.issuer } }),
      start({ mode: "trusted-header", apiKeys: service, trustedHeader: { proxies: [PROXY] } }),
    ]);
    const key = bearer(KEYS.service);
    const aud = `${oauth.url}/mcp`;
    const roads: [string, RunningServer, (ana: boolean) => Promise<Sent>][] = [
      ["a key", oauth, async (ana) => ({ headers: bearer(ana ? KEYS.ana : KEYS.ben) })],
      [
        "a signed header",
        jwts,
        async (ana) => ({
          headers: { ...key, "X-OpenWebUI-User-Jwt": await userJwt(ana ? {} : { sub: OPEN_WEBUI_IDS.ben }) },
        }),
      ],
      ["a session", sessions, async (ana) => ({ headers: bearer(ana ? sessionOf("ana") : sessionOf("ben")) })],
      [
        "an access token",
        oauth,
        async (ana) => ({ headers: bearer(await issuer.token({ aud, ...(ana ? {} : { sub: "ben-at-idp" }) })) }),
      ],
      [
        "a proxy",
        proxy,
        async (ana) => ({ headers: { ...key, "X-Forwarded-User": ana ? "ana@corp" : "ben@corp" }, from: PROXY }),
      ],
    ];
    for (const [name, server, sent] of roads)
      await call(server, "memory_add", { content: `Ana by ${name}` }, await sent(true));
    for (const [name, server, sent] of roads) {
      const { memories } = await call(server, "memory_list", {}, await sent(true));
      const contents = (memories as { content: string }[]).map(({ content }) => content);
      expect(contents.sort(), name).toEqual(roads.map(([road]) => `Ana by ${road}`).sort());
      expect((await call(server, "memory_list", {}, await sent(false))).memories, `ben by ${name}`).toEqual([]);
    }
    // Who is not linked is the same person over what names the same account.
    const stranger = { "X-OpenWebUI-User-Jwt": await userJwt({ sub: OPEN_WEBUI_IDS.ben }) };
    await call(jwts, "memory_add", { content: "Ben at Open-WebUI" }, { headers: { ...key, ...stranger } });
    const again = await call(sessions, "memory_list", {}, { headers: bearer(sessionOf("ben")) });
    expect(again.memories).toMatchObject([{ content: "Ben at Open-WebUI" }]);

    const options = { config: { dataDir }, args: ["memory", "list", "--user", "ana", "--json"] };
    expect((await runProcess(serverCommand(options))).stdout).toContain("Ana by a proxy");
  }, 60_000);
});

describe("scopes", () => {
  it("of keys and of access tokens decide on tools, on /v1 too, each in its own way", async () => {
    const apiKeys = [
      { key: KEYS.ana, user: "ana", scopes: ["read"] },
      { key: KEYS.ben, user: "ben" },
      { key: "key-without-scopes-0123456789", user: "ben", scopes: [] },
    ];
    const toolScopes = { memory_add: ["write"], mixture_of_agents: ["models"], "*": ["read"] };
    const server = await startHttpServer({
      config: {
        auth: { mode: "oauth", apiKeys, toolScopes, oauth: { issuer: issuer.issuer, requiredScopes: ["mcp"] } },
      },
    });
    const aud = `${server.url}/mcp`;
    const add = { content: "A dentist" };

    expect(await call(server, "memory_add", add, { headers: bearer(KEYS.ana) })).toMatchObject({
      status: "error",
      code: "insufficient_scope",
      message: "memory_add needs the scope write.",
    });
    expect(await call(server, "memory_list", {}, { headers: bearer(KEYS.ana) })).toMatchObject({ status: "success" });
    expect(await call(server, "memory_add", add, { headers: bearer(KEYS.ben) })).toMatchObject({ status: "success" });

    const as = async (scope: string, name: string, more: object = {}) =>
      send(server, "/mcp", {
        method: "POST",
        headers: { ...MCP, ...bearer(await issuer.token({ aud, scope, ...more })) },
        body: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: add } },
      });
    // What a tool gives is not to be had by another method either.
    const key = "key-without-scopes-0123456789";
    for (const [method, params] of [
      ["resources/list", {}],
      ["resources/read", { uri: "memory://list" }],
      ["resources/read", { uri: "MEMORY://list" }],
      ["prompts/get", { name: "recall", arguments: { topic: "dentist" } }],
      [
        "completion/complete",
        { ref: { type: "ref/resource", uri: "memory://{id}" }, argument: { name: "id", value: "" } },
      ],
    ] as const) {
      const headers = { "Content-Type": "application/json" };
      const body = { jsonrpc: "2.0", id: 1, method, params };
      const asked = async (by: string) =>
        (await send(server, "/mcp", { method: "POST", headers: { ...headers, ...bearer(by) }, body })).text;
      expect(await asked(key), method).toContain("needs the scope read.");
      expect(await asked(KEYS.ben), method).not.toContain("needs the scope");
    }

    const none = await as("read write", "memory_add");
    expect([none.status, none.headers["www-authenticate"]]).toEqual([
      403,
      expect.stringMatching(/error="insufficient_scope".* scope="mcp", resource_metadata="http/),
    ]);
    const few = await as("mcp read", "memory_add");
    expect([few.status, few.headers["www-authenticate"]]).toEqual([
      403,
      expect.stringMatching(/error="insufficient_scope".* scope="mcp write", resource_metadata="http/),
    ]);
    expect((await as("mcp write", "memory_add")).status).toBe(200);
    expect((await as("", "memory_add", { scope: undefined, scp: ["mcp", "write"] })).status).toBe(200);

    const models = { model: "mixture-of-agents", messages: [{ role: "user", content: "hello" }] };
    const host = `localhost:${server.port}`;
    const asModel = (token: string) =>
      send(server, "/v1/chat/completions", {
        method: "POST",
        headers: { ...MCP, ...bearer(token), Host: host },
        body: models,
      });
    const token = await issuer.token({ aud: `${server.url}/v1`, scope: "mcp read" });
    const challenge = `scope="mcp models", resource_metadata="http://${host}/.well-known/oauth-protected-resource/v1"`;
    for (const [lacking, asked] of [
      [KEYS.ana, undefined],
      [token, expect.stringContaining(challenge)],
    ] as const) {
      const { status, text, headers } = await asModel(lacking);
      expect([status, text]).toEqual([403, expect.stringContaining("mixture_of_agents needs the scope models.")]);
      expect(headers["www-authenticate"]).toEqual(asked);
      expect(JSON.parse(text).error).toMatchObject({ type: "permission_error", code: "insufficient_permissions" });
    }
    expect((await send(server, "/mcp", { method: "POST", body: LIST, headers: bearer(token) })).status).toBe(401);
  }, 30_000);
});

describe.each(roads.filter(({ transport }) => transport === "http"))("a key without a scope, $name", ({ connect }) => {
  it("gets an error of the tool, which every client shows its model", async () => {
    const apiKeys = [{ key: KEYS.ana, user: "ana", scopes: ["read"] }];
    const http = await startHttpServer({ config: { auth: { apiKeys, toolScopes: { memory_add: ["write"] } } } });
    const client = await connect({ http, command: serverCommand() }, { key: KEYS.ana });
    expect(await client.call("memory_add", { content: "Tea" })).toMatchObject({
      isError: true,
      json: { status: "error", code: "insufficient_scope", message: "memory_add needs the scope write." },
    });
    expect((await client.call("memory_list")).json).toMatchObject({ status: "success" });
  });
});

describe("keys of patchbay-mcp keys", () => {
  it("count and stop counting while the server runs, and end the time without keys for good", async () => {
    const dataDir = temporaryFolder();
    const config = { dataDir };
    const server = await startHttpServer({ config });
    const statusOf = async (headers: Record<string, string>) =>
      (await send(server, "/mcp", { method: "POST", body: LIST, headers: { ...MCP, ...headers } })).status;
    const keys = async (...args: string[]) => {
      const { code, stdout, stderr } = await runProcess(serverCommand({ config, args: ["keys", ...args] }));
      expect(code, stderr).toBe(0);
      return stdout.trim();
    };
    expect(await statusOf({})).toBe(200);

    const key = await keys("add", "--user", "ana", "--name", "laptop");
    expect(key).toMatch(/^pb_[\w-]{43}$/);
    await sleep(1_000);
    expect([await statusOf({}), await statusOf(bearer(key)), await statusOf(inKeyHeader(key))]).toEqual([
      401, 200, 200,
    ]);

    const [listed] = JSON.parse(await keys("list", "--json")) as { id: string }[];
    expect(listed).toMatchObject({ user: "ana", name: "laptop" });
    expect(await keys("list")).not.toContain(key);
    await keys("revoke", listed?.id ?? "");
    await sleep(1_000);
    expect([await statusOf({}), await statusOf(bearer(key))]).toEqual([401, 401]);
    expect(server.stderr() + server.stdout()).not.toContain(key);
  }, 30_000);

  it("are made where the secrets of everything else are not to be read, and listed with the minute of their end", async () => {
    const config = {
      dataDir: temporaryFolder(),
      auth: { mode: "open-webui-jwt", openWebuiJwt: { secret: "${NOT_SET_HERE}" } },
      providers: { a: { kind: "openai", apiKey: "file:none.txt" } },
    };
    const keys = (...args: string[]) => runProcess(serverCommand({ config, args: ["keys", ...args] }));
    const made = await keys("add", "--service", "--expires", "1h");
    expect([made.code, made.stderr]).toEqual([0, expect.stringMatching(/^This is the key of a service/)]);
    expect((await keys("list")).stdout).toMatch(
      /expires \(UTC\).*\n.*\(service\).* \d{4}-\d\d-\d\d \d\d:\d\d {2}everything/,
    );

    const wrong = { ...config, auth: { ...config.auth, mode: "open-webui" } };
    const refused = await runProcess(serverCommand({ config: wrong, args: ["keys", "list"] }));
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/auth\.mode .* must be one of api-key, /),
    ]);
    const unread = { ...config, dataDir: "${NOT_SET_HERE}/data" };
    const folderless = await runProcess(serverCommand({ config: unread, args: ["keys", "list"] }));
    expect([folderless.code, folderless.stderr]).toEqual([1, expect.stringContaining("NOT_SET_HERE is not set")]);
  }, 30_000);
});
