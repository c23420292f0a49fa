import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./fixtures/cleanup.ts";
import { ECHOES, startEchoServer } from "./fixtures/echo-server.ts";
import { type RunningServer, startHttpServer } from "./fixtures/spawn.ts";
import { startTokenEndpoint, type TokenEndpoint } from "./fixtures/token-endpoint.ts";

/** A secret with everything that encodings change. */
const secret = (name: string) => `${mark(name, "a")}/+"Zq9=&<x>'Wm7%41 ${mark(name, "b")}`;
/** One that a header can hold as it is and a URL or a name of a host too. */
const plain = (name: string) => `${mark(name, "c")}-${mark(name, "d")}`;
/** Letters and digits that stand nowhere else, always the same for a name. */
function mark(name: string, part: string): string {
  return createHash("sha256")
    .update(name + part)
    .digest("hex")
    .slice(0, 14)
    .replace(/^./, "K");
}

/** Ways to be recognised, each with the secrets that no answer may show. */
const KINDS: Record<string, { api: Record<string, unknown>; secrets: string[] }> = {
  bearer: { api: { apiKey: secret("bearer") }, secrets: [secret("bearer")] },
  plain: { api: { apiKey: plain("plain") }, secrets: [plain("plain")] },
  header: {
    api: { apiKey: secret("header"), auth: { type: "header", name: "X-Key", prefix: "Key " } },
    secrets: [secret("header")],
  },
  query: { api: { apiKey: secret("query"), auth: { type: "query", name: "k" } }, secrets: [secret("query")] },
  cookie: { api: { apiKey: secret("cookie"), auth: { type: "cookie", name: "sid" } }, secrets: [secret("cookie")] },
  basic: {
    api: { auth: { type: "basic", username: "bay", password: secret("basic") } },
    secrets: [secret("basic")],
  },
  userinfo: { api: { userinfo: plain("userinfo") }, secrets: [plain("userinfo")] },
  configured: {
    api: { headers: { "X-Unremarkable": secret("configured"), Cookie: `a=${plain("configured")}; b=2` } },
    secrets: [secret("configured"), plain("configured")],
  },
  own: {
    api: {
      apiKey: secret("shared"),
      users: {
        ana: { apiKey: secret("own"), headers: { "X-Own": plain("own") } },
        bob: { apiKey: secret("bobs") },
      },
    },
    secrets: [secret("shared"), secret("own"), plain("own"), secret("bobs")],
  },
  checked: {
    api: { apiKey: secret("schema"), responseSchema: { enum: [1], required: ["x"] } },
    secrets: [secret("schema")],
  },
  documented: {
    api: { apiKey: secret("document"), openapi: "DOCUMENT" },
    secrets: [secret("document")],
  },
  oauth2: {
    api: { auth: { type: "oauth2", clientId: "bay", clientSecret: secret("oauth2") } },
    secrets: [secret("oauth2")],
  },
};

const KEY_OF_ANA = "ana-key-0123456789";
let server: RunningServer;
let endpoint: TokenEndpoint;
let client: Client;
let echoed: () => number;
const told: string[] = [];

beforeAll(async () => {
  const echo = await startEchoServer();
  echoed = echo.requests;
  endpoint = await startTokenEndpoint({ clients: { bay: secret("oauth2") } });
  const apis = Object.fromEntries(
    Object.entries(KINDS).map(([name, { api }]) => {
      const { userinfo, auth, ...rest } = api;
      if (rest.openapi) rest.openapi = documentOfEchoes();
      const apiUrl = userinfo === undefined ? echo.url : echo.url.replace("//", `//bay:${userinfo}@`);
      const isToken = (auth as { type?: string } | undefined)?.type === "oauth2";
      const authentication = isToken ? { ...(auth as object), tokenUrl: endpoint.url } : auth;
      const allow = ["GET /*", "POST /*"];
      return [
        name,
        { apiUrl, allow, retries: 0, cacheTtl: 60, ...rest, ...(authentication ? { auth: authentication } : {}) },
      ];
    }),
  );
  server = await startHttpServer({
    config: { logLevel: "debug", auth: { apiKeys: [{ key: KEY_OF_ANA, user: "ana" }] }, apis },
  });
  client = new Client({ name: "test", version: "0" });
  const headers = { Authorization: `Bearer ${KEY_OF_ANA}` };
  await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", server.url), { requestInit: { headers } }));
  return () => client.close();
}, 60_000);

/** A document that every answer of the echo server differs from. */
function documentOfEchoes(): string {
  const content = {
    "application/json": { schema: { type: "object", properties: { x: { enum: [1] } }, required: ["x"] } },
  };
  const operation = { responses: { default: { description: "", content } } };
  const paths = Object.fromEntries(Object.keys(ECHOES).map((way) => [`/${way}`, { get: operation, post: operation }]));
  const file = join(temporaryFolder(), "echoes.json");
  writeFileSync(file, JSON.stringify({ openapi: "3.1.0", info: { title: "echoes", version: "1" }, paths }));
  return file;
}

/** Characters of a secret in a row that count as a leak. */
const RUN = 6;

/** What a text shows of the secrets, however it is written there. */
function leaksIn(text: string, secrets: readonly string[]): string[] {
  const readings = new Set<string>();
  const read = (value: string, depth: number) => {
    if (readings.has(value) || depth > 2) return;
    readings.add(value);
    read(
      value.replace(/\\u([\da-f]{4})/gi, (_m, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
      depth + 1,
    );
    read(value.replace(/\\(["\\/])/g, "$1"), depth + 1);
    read(
      value.replace(/(?:%[\da-f]{2})+/gi, (codes) => Buffer.from(codes.replaceAll("%", ""), "hex").toString()),
      depth + 1,
    );
    const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
    read(
      value.replace(/&(amp|lt|gt|quot|#39);/g, (_m, name: string) => entities[name] ?? ""),
      depth + 1,
    );
    read(
      value.replace(/&#(\d+);/g, (_m, point) => String.fromCodePoint(Number(point))),
      depth + 1,
    );
    for (const [run] of value.matchAll(/(?:[\da-f]{2}){12,}/gi)) read(Buffer.from(run, "hex").toString(), 2);
    for (const [run] of value.matchAll(/[\w+/-]{12,}/g)) {
      for (const start of [0, 1, 2, 3]) read(Buffer.from(run.slice(start), "base64").toString("latin1"), 2);
    }
  };
  read(text, 0);
  const all = [...readings].join("\n").toLowerCase();
  return secrets.flatMap((value) =>
    Array.from({ length: value.length - RUN + 1 }, (_, at) => value.slice(at, at + RUN).toLowerCase()).filter((run) =>
      all.includes(run),
    ),
  );
}

function secretsOf(kind: string): string[] {
  return [...(KINDS[kind]?.secrets ?? []), ...(kind === "oauth2" ? endpoint.issued.map(({ token }) => token) : [])];
}

async function callApi(args: Record<string, unknown>): Promise<string> {
  const onprogress = (progress: object) => void told.push(JSON.stringify(progress));
  return JSON.stringify(await client.callTool({ name: "call_api", arguments: args }, { onprogress }));
}

it("the search for leaks finds them in every writing", () => {
  const value = secret("x");
  const writings = [
    JSON.stringify(JSON.stringify(value)),
    encodeURIComponent(value),
    new URLSearchParams({ value }).toString(),
    Buffer.from(`a:${value}`).toString("base64"),
    Buffer.from(value).toString("hex"),
    Array.from(value, (char) => `&#${char.codePointAt(0)};`).join(""),
    value.slice(3, 12),
    value.toLowerCase(),
  ];
  for (const text of writings) expect(leaksIn(text, [value]).length).toBeGreaterThan(0);
  expect(leaksIn("nothing of it", [value])).toEqual([]);
});

describe.each(Object.keys(KINDS))("credentials of kind %s", (api) => {
  it("are shown by no answer of an API that says everything back", async () => {
    const before = echoed();
    const found: Record<string, string[]> = {};
    const calls = [
      ...Object.keys(ECHOES).map((way) => ({ operation: `GET /${way}` })),
      { operation: "GET /json", dry_run: true },
      { operation: "GET /json", select: "[@, headers]" },
      { operation: "GET /json", fields: ["raw"] },
      ...["pages", "cursor", "redirect-inside"].map((way) => ({ operation: `GET /${way}`, max_pages: 3 })),
    ];
    for (const args of calls) {
      const answer = await callApi({ api, ...args });
      const leaks = leaksIn(answer, secretsOf(api));
      if (leaks.length > 0) found[JSON.stringify(args)] = [...leaks.slice(0, 3), answer.slice(0, 300)];
    }
    expect(found).toEqual({});
    expect(echoed() - before).toBeGreaterThanOrEqual(Object.keys(ECHOES).length);
  }, 60_000);

  it("are shown by no answer to a body, no part of a long one, and nothing that is kept", async () => {
    const texts = [await callApi({ api, operation: "POST /json", body: { a: 1 } })];
    const long = await callApi({ api, operation: "GET /long" });
    texts.push(long);
    const { resources } = await client.listResources();
    for (const { uri } of resources) {
      if (uri.startsWith("api://")) texts.push(JSON.stringify(await client.readResource({ uri })));
    }
    texts.push(JSON.stringify(resources));
    for (const text of texts) expect(leaksIn(text, secretsOf(api))).toEqual([]);
    expect(resources.some(({ uri }) => uri.startsWith("api://answers/"))).toBe(true);
  }, 60_000);
});

describe("all of them together", () => {
  it("are shown by no search, description or list", async () => {
    const all = Object.keys(KINDS).flatMap(secretsOf);
    const texts = [
      JSON.stringify(await client.callTool({ name: "api_search", arguments: { query: "get" } })),
      JSON.stringify(await client.callTool({ name: "api_describe", arguments: { api: "query", operation: "GET /*" } })),
      JSON.stringify(await client.listTools()),
    ];
    for (const text of texts) expect(leaksIn(text, all)).toEqual([]);
  });

  it("are shown by no status event and no line of the log at level debug", async () => {
    const all = Object.keys(KINDS).flatMap(secretsOf);
    expect(told.length).toBeGreaterThan(100);
    expect(leaksIn(told.join("\n"), all)).toEqual([]);
    const log = server.stderr();
    expect(log).toContain("call_api");
    expect(leaksIn(log, all)).toEqual([]);
  });
});
