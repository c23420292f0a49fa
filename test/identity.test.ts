import { type IncomingHttpHeaders, request } from "node:http";
import { beforeAll, describe, expect, it } from "vitest";
import { type Server, startServer } from "./fixtures/clients.ts";

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
