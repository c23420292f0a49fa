import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { whenDone } from "../../test/fixtures/cleanup.ts";
import { createIdentity } from "../identity/create-identity.ts";
import { type HttpServer, serveHttp } from "./serve.ts";

const KEY = "key-of-ana-0123456789";

interface Options extends Partial<Parameters<typeof serveHttp>[0]> {
  apiKeys?: { key: string; user: string }[];
  localUser?: string;
}

async function serve({ apiKeys = [], localUser = "local", ...options }: Options = {}): Promise<HttpServer> {
  const server = await serveHttp({
    host: "127.0.0.1",
    port: 0,
    mcp: { fetch: async () => Response.json({ ok: true }), close: async () => {} },
    identity: createIdentity({ mode: "api-key", apiKeys, localUser, ...(options.host && { host: options.host }) }),
    allowedHosts: [],
    allowedOrigins: [],
    ready: async () => ({ ready: true }),
    ...options,
  });
  whenDone(() => server.close(0));
  return server;
}

describe("serveHttp", () => {
  it("names the address by which this machine reaches it", async () => {
    expect((await serve()).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await serve({ host: "0.0.0.0", apiKeys: [{ key: KEY, user: "ana" }] })).url).toMatch(
      /^http:\/\/127\.0\.0\.1:/,
    );
    const { url } = await serve({ host: "localhost" });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  it.each(["0.0.0.0", "::", "192.0.2.1", "example.com"])(
    "serves %s only with keys that nobody guesses",
    async (host) => {
      await expect(serve({ host })).rejects.toMatchObject({
        code: "invalid_config",
        message: expect.stringContaining("without authentication"),
      });
      await expect(serve({ host, apiKeys: [{ key: "key-of-ana", user: "ana" }] })).rejects.toMatchObject({
        code: "invalid_config",
        message: expect.stringMatching(/key of less than 16 characters/),
      });
    },
  );

  it("says what is wrong with an address", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => other.once("listening", done));
    whenDone(() => other.close());
    const { port } = other.address() as AddressInfo;
    await expect(serve({ port })).rejects.toMatchObject({
      code: "invalid_config",
      message: `Port ${port} on 127.0.0.1 is in use.`,
    });
    await expect(serve({ host: "192.0.2.1", apiKeys: [{ key: KEY, user: "ana" }] })).rejects.toMatchObject({
      code: "invalid_config",
      message: "Cannot listen on 192.0.2.1:0 (EADDRNOTAVAIL).",
    });
  });

  it("says whether it is ready, and nothing of a bug", async () => {
    const { url } = await serve({ ready: async () => ({ ready: false, reason: "The memory database is locked." }) });
    const response = await fetch(`${url}/readyz`);
    expect([response.status, await response.text()]).toEqual([503, "The memory database is locked."]);

    const bugs: Error[] = [];
    const broken = await serve({
      mcp: { fetch: () => Promise.reject(new Error("/srv/secret/path")), close: async () => {} },
      onerror: (error) => bugs.push(error),
    });
    const failed = await fetch(`${broken.url}/mcp`, { method: "POST" });
    expect([failed.status, await failed.json()]).toEqual([
      500,
      { jsonrpc: "2.0", id: null, error: { code: -32000, message: "The server failed." } },
    ]);
    expect(bugs.map(({ message }) => message)).toEqual(["/srv/secret/path"]);
  });

  it("gives the user of the key to the handler, or the local user where there are none", async () => {
    const users: string[] = [];
    const mcp = {
      fetch: async (_request: Request, _auth: unknown, owner: string) => {
        users.push(owner);
        return Response.json({});
      },
      close: async () => {},
    };
    const open = await serve({ mcp, localUser: "eva" });
    await fetch(`${open.url}/mcp`, { method: "POST", headers: { authorization: "Bearer anything" } });
    await fetch(`${open.url}/mcp/`, { method: "POST" });
    const keyed = await serve({
      mcp,
      apiKeys: [
        { key: KEY, user: "ana" },
        { key: "key-of-ben-0123456789", user: "ben" },
      ],
    });
    for (const authorization of [
      `Bearer ${KEY}`,
      `bearer  ${KEY}`,
      "Bearer key-of-ben-0123456789",
      `Bearer ${KEY} x`,
      "",
    ]) {
      await fetch(`${keyed.url}/mcp`, { method: "POST", headers: { authorization } });
    }
    expect(users).toEqual(["eva", "eva", "ana", "ana", "ben"]);
  });

  describe.each(["/mcp", "/mcp/", "/v1/chat/completions"])("at %s", (path) => {
    const JSON_TYPES = ["application/json", "Application/JSON; charset=utf-8", "application/json ; x=text/plain"];
    const SIMPLE = [
      "text/plain",
      "text/plain; application/json",
      "text/plain;x=application/json",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=application/json",
      "application/json-seq",
      "",
    ];
    const BROWSERS = [
      { origin: "http://localhost:3000" },
      { origin: "https://chat.example.com" },
      ...["same-site", "cross-site", "same-origin", "none"].map((site) => ({ "sec-fetch-site": site })),
    ] as Record<string, string>[];

    async function start() {
      let reached = 0;
      const reach = async () => {
        reached += 1;
        return Response.json({});
      };
      const mcp = { fetch: reach, close: async () => {} };
      const { url } = await serve({ mcp, modelProvider: { fetch: reach }, allowedOrigins: ["chat.example.com"] });
      /** What came of a POST, as a browser or another program sends it. */
      const post = async (type: string, from: Record<string, string>) => {
        const before = reached;
        const body = new Blob([JSON.stringify({ model: "x" })]);
        const headers = { ...from, ...(type !== "" && { "content-type": type }) };
        const response = await fetch(`${url}${path}`, { method: "POST", headers, body });
        const answer = (await response.json()) as { error: { message: string; type?: string } };
        return { status: response.status, answer, reached: reached > before };
      };
      return { url, post };
    }

    it("takes nothing of a browser that a page could have sent without asking first", async () => {
      const { post } = await start();
      for (const from of BROWSERS) {
        for (const type of SIMPLE) {
          const { answer, ...refused } = await post(type, from);
          expect([type, from, refused]).toEqual([type, from, { status: 415, reached: false }]);
          expect(answer.error).toMatchObject({ message: expect.stringContaining("application/json") });
          expect(answer.error.type).toBe(path.startsWith("/v1") ? "invalid_request_error" : undefined);
        }
        for (const type of JSON_TYPES) expect(await post(type, from)).toMatchObject({ status: 200, reached: true });
      }
    });

    it("leaves the type of what other programs send to what answers it", async () => {
      const { post } = await start();
      for (const type of [...JSON_TYPES, ...SIMPLE]) expect(await post(type, {})).toMatchObject({ reached: true });
    });

    it("allows a page only what the configuration names to ask first", async () => {
      const { url } = await start();
      const allowed = async (origin: string) => {
        const asked = { origin, "access-control-request-method": "POST" };
        const { headers } = await fetch(`${url}${path}`, {
          method: "OPTIONS",
          headers: { ...asked, "access-control-request-headers": "content-type" },
        });
        return headers.get("access-control-allow-origin");
      };
      expect(await allowed("https://chat.example.com")).toBe("https://chat.example.com");
      for (const origin of ["http://localhost:3000", "https://evil.example"]) expect(await allowed(origin)).toBe(null);
    });
  });
});
