import { expect, it } from "vitest";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import { type HttpServer, type Script, startHttpServer } from "../../../test/fixtures/http-server.ts";

const get = { api: "x", operation: "GET /a" };

/** An API that redirects `/a` to another server, whose host its configuration names. */
async function pair(script: Script = { json: "elsewhere" }, status = 302, more: object = {}) {
  const other = await startHttpServer(script);
  const own = await startHttpServer((request) =>
    request.path === "/a" || request.path === "/a/"
      ? { status, headers: { location: `${other.url}/there?x=1` } }
      : { json: { path: request.path, key: request.headers.authorization ?? null } },
  );
  const client = openClient({
    x: { apiUrl: own.url, allow: ["* /*"], apiKey: "key-123456", redirectHosts: [`127.0.0.1:${other.port}`], ...more },
  });
  return { own, other, client };
}

it.each(["GET", "HEAD"])("%s follows a redirect to another host, and says so", async (method) => {
  const { other, client } = await pair();
  const result = await call(client, { api: "x", operation: `${method} /a` });
  expect(result).toMatchObject({ http_status: 200, warnings: [`Answered by ${other.url} after a redirect.`] });
  expect(other.requests[0]).toMatchObject({ method, url: "/there?x=1" });
});

it("another host is told nothing that the configuration or the model gave but the formats that are wanted", async () => {
  const { other, client } = await pair(undefined, 307, {
    apiKeyHeader: "X-Key",
    headers: { "X-Tenant": "tenant-1", Cookie: "session=1" },
  });
  const header = {
    "X-Mine": "a",
    Accept: "text/csv",
    "Accept-Language": "de",
    "User-Agent": "ana/1",
    Range: "bytes=0-9",
    "If-None-Match": '"1"',
    Referer: "http://x",
  };
  await call(client, { ...get, header });
  const { connection, host, ...told } = other.requests[0]!.headers;
  expect(told).toEqual({ accept: "text/csv", "accept-encoding": "gzip, br", "user-agent": "patchbay-mcp" });
  expect(JSON.stringify(other.requests)).not.toMatch(/key-123456|tenant-1|session/);
});

it("a way back to the API regains no credentials", async () => {
  let own: HttpServer | undefined;
  const { client, ...servers } = await pair(() => ({ status: 302, headers: { location: `${own!.url}/b` } }));
  own = servers.own;
  expect((await call(client, get)).data).toEqual({ path: "/b", key: null });
});

it("a way back to what the configuration does not allow is not followed", async () => {
  let own: HttpServer | undefined;
  const { client, ...servers } = await pair(() => ({ status: 302, headers: { location: `${own!.url}/admin` } }), 302, {
    allow: ["GET /a"],
  });
  own = servers.own;
  expect(await failure(call(client, get))).toMatchObject({ message: expect.stringContaining("no allowed call") });
  expect(own.requests).toHaveLength(1);
});

it.each([
  ["POST", 307],
  ["POST", 303],
  ["POST", 302],
  ["PUT", 308],
  ["DELETE", 301],
])("%s never follows a redirect (%i) to another host", async (method, status) => {
  const { other, client } = await pair(undefined, status);
  expect(await failure(call(client, { api: "x", operation: `${method} /a` }))).toMatchObject({
    code: "upstream_error",
    message: expect.stringContaining("another host"),
  });
  expect(other.requests).toEqual([]);
});

it("a host that the configuration does not name has to be public", async () => {
  const { other, client } = await pair(undefined, 302, { redirectHosts: ["127.0.0.1:1", "cdn.example.com"] });
  const error = await failure(call(client, get));
  expect(error).toMatchObject({ code: "upstream_error", details: { http_status: 302 } });
  expect(error.message).toBe(
    `API "x" redirects (302) to ${other.url}, which is another host and not a public one; it was not followed.`,
  );
  expect(other.connections).toBe(0);
});

it("a name that the configuration names counts on each port, and its address is looked up", async () => {
  const other = await startHttpServer({ json: "cdn" });
  const own = await startHttpServer({
    status: 302,
    headers: { location: `http://CDN.example.com:${other.port}/file` },
  });
  const client = openClient(
    { x: { apiUrl: own.url, allow: ["GET /*"], redirectHosts: ["cdn.example.com"] } },
    { lookup: (_name, _options, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]) },
  );
  expect((await call(client, get)).data).toBe("cdn");
  expect(other.requests[0]!.headers.host).toBe(`cdn.example.com:${other.port}`);
});

it("chains are bounded whatever hosts they lead through", async () => {
  const other: HttpServer = await startHttpServer((request) => ({
    status: 302,
    headers: { location: `${request.url}1` },
  }));
  const own = await startHttpServer({ status: 302, headers: { location: `${other.url}/` } });
  const client = openClient({ x: { apiUrl: own.url, allow: ["GET /*"], redirectHosts: ["127.0.0.1"] } });
  expect(await failure(call(client, get))).toMatchObject({ message: expect.stringContaining("more than 3 times") });
  expect(other.requests).toHaveLength(3);
});

it("an error elsewhere is the answer, and says nothing of the API", async () => {
  const { own, client } = await pair({ status: 503, text: "down" }, 302, {
    retries: 0,
    breaker: { failures: 1, cooldown: 60 },
  });
  for (let turn = 0; turn < 3; turn++) {
    expect(await failure(call(client, get))).toMatchObject({ message: "API returned error: down" });
  }
  expect(own.requests).toHaveLength(3);
});

it("an answer from elsewhere is kept, and not checked with the marks of another place", async () => {
  const { own, other, client } = await pair({ json: 1, headers: { etag: '"other"' } }, 302, { cacheTtl: 0.05 });
  expect(await call(client, get)).not.toHaveProperty("cached");
  expect(await call(client, get)).toMatchObject({ data: 1, cached: true });
  await expect.poll(async () => (await call(client, get)).cached).toBe(undefined);
  expect([...own.requests, ...other.requests].some(({ headers }) => headers["if-none-match"])).toBe(false);
});
