import { type IncomingHttpHeaders, request } from "node:http";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./fixtures/cleanup.ts";
import { type AnyClient, roadOf, roads, type Server, startServer } from "./fixtures/clients.ts";
import { serverCommand } from "./fixtures/spawn.ts";

const KEYS = { ana: "key-of-ana-0123456789", ben: "key-of-ben-0123456789" };
const apiKeys = Object.entries(KEYS).map(([user, key]) => ({ user, key }));

let server: Server;
beforeAll(async () => {
  const http = {
    allowedHosts: ["patchbay.example.com", "https://proxy.example.com:8443"],
    allowedOrigins: ["chat.example.com"],
  };
  server = await startServer({ config: { auth: { apiKeys }, http, logLevel: "debug" } });
});

interface Received {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** One request with any headers, Host included. */
function send(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Received> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${server.http.url}${path}`,
      { method, headers, setHost: !("Host" in headers) },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    );
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const stateless = roadOf("the 2025 era over HTTP, stateless");

const MCP = { "Content-Type": "application/json", Accept: "application/json, text/event-stream" };
const LIST = { jsonrpc: "2.0", id: 1, method: "tools/list" };
const call = (name: string, args: object = {}, id = 1) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name, arguments: args },
});
const initialize = (capabilities: object) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities, clientInfo: { name: "test", version: "0" } },
});
const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

describe("every route", () => {
  const port = () => server.http.port;
  /** With the status of the refusal; what is no host at all is refused before any route is looked for. */
  const hosts: [string, () => Record<string, string>, refusal?: 400 | 403][] = [
    ["its own host", () => ({})],
    ["localhost", () => ({ Host: `localhost:${port()}` })],
    ["an allowed host", () => ({ Host: "PATCHBAY.example.com" })],
    ["an allowed host that the configuration names by its URL", () => ({ Host: "proxy.example.com" })],
    ["a foreign host", () => ({ Host: `evil.example.com:${port()}` }), 403],
    ["an allowed host as a prefix", () => ({ Host: "patchbay.example.com.evil.example" }), 403],
    ["a host behind a user name", () => ({ Host: "evil.example.com@127.0.0.1" }), 400],
    ["a path in the host", () => ({ Host: "127.0.0.1/evil.example.com" }), 400],
    ["an empty host", () => ({ Host: "" }), 403],
  ];
  /** Only an origin that the configuration names may read answers in a browser. */
  const origins: [string, Record<string, string>, "refused" | "heard" | "shared"][] = [
    ["no origin", {}, "heard"],
    ["a local origin", { Origin: "http://localhost:6274" }, "heard"],
    ["an allowed origin", { Origin: "https://chat.example.com" }, "shared"],
    ["a foreign origin", { Origin: "https://evil.example.com" }, "refused"],
    ["a hidden origin", { Origin: "null" }, "refused"],
    ["an allowed origin as a prefix", { Origin: "https://chat.example.com.evil.example" }, "refused"],
  ];
  const credentials: [string, Record<string, string>, boolean][] = [
    ["no key", {}, false],
    ["a wrong key", bearer("key-of-eve-0123456789"), false],
    ["a key cut short", bearer(KEYS.ana.slice(0, -1)), false],
    ["another scheme", { Authorization: `Basic ${Buffer.from(`ana:${KEYS.ana}`).toString("base64")}` }, false],
    ["ana's key", bearer(KEYS.ana), true],
    ["ben's key", bearer(KEYS.ben), true],
  ];
  const routes: [name: string, method: string, path: string, body: object | undefined, open: boolean, good: number][] =
    [
      ["livez", "GET", "/livez", undefined, true, 200],
      ["readyz", "GET", "/readyz", undefined, true, 200],
      ["an unknown path", "GET", "/nothing", undefined, true, 404],
      ["an MCP request", "POST", "/mcp", LIST, false, 200],
      ["an MCP call", "POST", "/mcp", call("display_result"), false, 200],
      ["an MCP stream without a session", "GET", "/mcp", undefined, false, 405],
      ["the end of no session", "DELETE", "/mcp", undefined, false, 405],
      ["an MCP preflight", "OPTIONS", "/mcp", undefined, false, 405],
    ];

  it.each(routes)("checks host, origin and key: %s", async (_name, method, path, body, open, good) => {
    for (const [hostName, host, refusal] of hosts)
      for (const [originName, origin, sharing] of origins)
        for (const [keyName, key, keyOk] of credentials) {
          const shared = !refusal && sharing === "shared";
          let expected = refusal ?? (sharing === "refused" ? 403 : open || keyOk ? good : 401);
          if (shared && method === "OPTIONS") expected = 204;
          const { status, headers, text } = await send(method, path, { ...MCP, ...host(), ...origin, ...key }, body);
          const what = `${hostName}, ${originName}, ${keyName}`;
          expect(`${status} ${what}`).toBe(`${expected} ${what}`);
          expect(headers["access-control-allow-origin"]).toBe(shared ? origin.Origin : undefined);
          if (status === 401) expect(headers["www-authenticate"]).toMatch(/^Bearer/);
          expect(text).not.toMatch(/key-of-/);
        }
  });

  it("keeps keys out of the log, also those that are wrong", () => {
    expect(server.http.stderr() + server.http.stdout()).not.toMatch(/key-of-(ana|ben|eve)/);
  });
});

describe("a session", () => {
  it("answers nobody but its owner", async () => {
    const opened = await send("POST", "/mcp", { ...MCP, ...bearer(KEYS.ana) }, initialize({ elicitation: {} }));
    const session = {
      "Mcp-Session-Id": String(opened.headers["mcp-session-id"]),
      "Mcp-Protocol-Version": "2025-11-25",
    };
    expect(session["Mcp-Session-Id"]).toMatch(/^[0-9a-f-]{36}$/);
    const as = (key: string, method: string, body?: object) =>
      send(method, "/mcp", { ...MCP, ...bearer(key), ...session }, body);

    for (const [method, body] of [["POST", LIST], ["GET"], ["DELETE"]] as const) {
      const { status, text } = await as(KEYS.ben, method, body);
      expect([status, JSON.parse(text).error]).toEqual([404, { code: -32001, message: "Session not found" }]);
    }
    expect((await as(KEYS.ana, "POST", LIST)).status).toBe(200);
    expect((await as(KEYS.ana, "DELETE")).status).toBe(200);
    expect((await as(KEYS.ana, "POST", LIST)).status).toBe(404);
  });

  it("is opened only for clients that can be asked", async () => {
    const plain = await send("POST", "/mcp", { ...MCP, ...bearer(KEYS.ana) }, initialize({}));
    expect(plain.status).toBe(200);
    expect(plain.headers["mcp-session-id"]).toBeUndefined();
  });
});

describe.each(roads.filter(({ transport }) => transport === "http"))("memories, $name", ({ connect }) => {
  it("are seen, changed and deleted by nobody but their owner", async () => {
    const ana = await connect(server, { key: KEYS.ana });
    const ben = await connect(server, { key: KEYS.ben });
    const added = await ana.call("memory_add", { content: "Ana's dentist is Dr. Weber", tags: ["health"] });
    const { id } = added.json.memory as { id: string };

    expect(await contents(ben, "memory_list", {})).toEqual([]);
    expect(await contents(ben, "memory_search", { query: "dentist" })).toEqual([]);
    expect(await contents(ben, "memory_list", { tag: "health" })).toEqual([]);
    for (const [tool, change] of [
      ["memory_update", { content: "Ben was here" }],
      ["memory_delete", {}],
    ] as const) {
      expect(await ben.call(tool, { memory_id: id, ...change })).toMatchObject({
        isError: true,
        json: { code: "not_found", message: "Memory not found" },
      });
    }
    expect(await contents(ana, "memory_search", { query: "dentist" })).toEqual(["Ana's dentist is Dr. Weber"]);
    expect((await ana.call("memory_delete", { memory_id: id })).json.status).toBe("success");
    expect(await contents(ana, "memory_list", {})).toEqual([]);
  });

  it("need a key", async () => {
    await expect(connect(server)).rejects.toThrow();
    await expect(connect(server, { key: "key-of-eve-0123456789" })).rejects.toThrow();
  });
});

describe("the user over stdio", () => {
  it("is the one that the command line names, else the configuration's, else local", async () => {
    const dataDir = temporaryFolder();
    const asUser = (era: string, args: string[], config = {}) =>
      roadOf(`${era} over stdio`).connect({
        http: server.http,
        command: serverCommand({ args, config: { dataDir, ...config } }),
      });
    const ana = await asUser("2026-07-28", ["--user", "ana"]);
    const anaToo = await asUser("the 2025 era", ["--user", "ana"]);
    const ben = await asUser("the 2025 era", [], { user: "ben" });
    const local = await asUser("2026-07-28", []);
    await ana.call("memory_add", { content: "Written by Ana" });
    await ben.call("memory_add", { content: "Written by Ben" });
    expect(await contents(ana, "memory_list", {})).toEqual(["Written by Ana"]);
    expect(await contents(anaToo, "memory_list", {})).toEqual(["Written by Ana"]);
    expect(await contents(ben, "memory_list", {})).toEqual(["Written by Ben"]);
    expect(await contents(local, "memory_list", {})).toEqual([]);
  });
});

describe("a question", () => {
  const FORM = { fields: [{ name: "guests", type: "integer", required: true }] };

  it("that a client waits for is answered only by its user, for its call, as it was sealed", async () => {
    const ask = async (key: string, args: object, more: object = {}) => {
      const _meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { name: "test", version: "0" },
        "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } },
      };
      const headers = { "Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "collect_input" };
      const params = { name: "collect_input", arguments: args, _meta, ...more };
      const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
      const { status, text } = await send("POST", "/mcp", { ...MCP, ...headers, ...bearer(key) }, message);
      expect(status).toBe(200);
      return JSON.parse(text) as { result: Record<string, unknown>; error?: { code: number } };
    };
    const { result } = await ask(KEYS.ana, FORM);
    expect(result.resultType).toBe("input_required");
    const requestState = String(result.requestState);
    const inputResponses = { form: { action: "accept", content: { guests: 2 } } };
    const sealed = { requestState, inputResponses };
    const invalid = { error: { code: -32602, message: "Invalid or expired requestState" } };

    expect(await ask(KEYS.ben, FORM, sealed)).toMatchObject(invalid);
    for (const at of [0, Math.floor(requestState.length / 2), requestState.length - 5]) {
      const tampered = `${requestState.slice(0, at)}${requestState[at] === "A" ? "B" : "A"}${requestState.slice(at + 1)}`;
      expect(await ask(KEYS.ana, FORM, { requestState: tampered, inputResponses })).toMatchObject(invalid);
    }
    const other = await ask(KEYS.ana, { fields: [{ name: "guests", type: "text" }] }, sealed);
    expect(JSON.stringify(other.result)).toContain("These answers belong to another call.");
    expect((await ask(KEYS.ana, FORM, { inputResponses })).result.resultType).toBe("input_required");
    expect((await ask(KEYS.ana, FORM, sealed)).result.structuredContent).toMatchObject({ data: { guests: 2 } });
  });

  it("that was put to the chat is answered only by its user, and once", async () => {
    const ana = await stateless.connect(server, { key: KEYS.ana });
    const ben = await stateless.connect(server, { key: KEYS.ben });
    const { json } = await ana.call("collect_input", FORM);
    expect(json.status).toBe("needs_input");
    const answer = { answers: { guests: 2 }, resume_token: json.resume_token };
    expect((await ben.call("collect_input", answer)).json).toMatchObject({ code: "invalid_input" });
    const tampered = `${String(json.resume_token).slice(0, -3)}AAA`;
    expect((await ana.call("collect_input", { ...answer, resume_token: tampered })).json.code).toBe("invalid_input");
    expect((await ana.call("confirm_action", { answer: true, resume_token: json.resume_token })).json.code).toBe(
      "invalid_input",
    );
    expect((await ana.call("collect_input", answer)).json).toMatchObject({ data: { guests: 2 } });
    expect((await ana.call("collect_input", answer)).json).toMatchObject({ code: "invalid_input" });
  });
});

describe("an argument", () => {
  it("never says who calls: every tool refuses it by name", async () => {
    const client = await stateless.connect(server, { key: KEYS.ben });
    const names = await client.toolNames();
    expect(names.length).toBeGreaterThanOrEqual(14);
    for (const name of names)
      for (const parameter of ["user", "user_id", "userId", "__user__"]) {
        const answer = await client.call(name, { [parameter]: "ana" });
        expect(answer, `${name} ${parameter}`).toMatchObject({ isError: true, json: { code: "invalid_input" } });
        expect(answer.json.message, name).toContain(`"${parameter}" is no parameter of ${name}.`);
      }
  });

  it("has no say in the protocol's own fields either", async () => {
    const params = {
      name: "memory_list",
      _meta: { user: "ana", user_id: "ana", "patchbay/user": "ana" },
      user: "ana",
    };
    const headers = {
      ...MCP,
      ...bearer(KEYS.ben),
      "X-User": "ana",
      "X-OpenWebUI-User-Id": "ana",
      "X-Forwarded-User": "ana",
    };
    await send("POST", "/mcp", { ...MCP, ...bearer(KEYS.ana) }, call("memory_add", { content: "Only Ana's" }));
    const { status, text } = await send("POST", "/mcp", headers, {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params,
    });
    expect(status).toBe(200);
    expect(text).not.toContain("Only Ana's");
  });
});

async function contents(client: AnyClient, tool: string, args: object): Promise<string[]> {
  const { json } = await client.call(tool, { ...args });
  expect(json).toMatchObject({ status: "success" });
  return ((json.memories ?? json.results) as { content: string }[]).map(({ content }) => content);
}
