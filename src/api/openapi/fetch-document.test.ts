import type { LookupFunction } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { call, failure, minimalDocument, openClient } from "../../../test/fixtures/api-client.ts";
import { type HttpServer, type Script, startHttpServer, unusedPort } from "../../../test/fixtures/http-server.ts";
import { isSameSite } from "./fetch-document.ts";
import { readDocument } from "./load-document.ts";
import { readOperations } from "./operations.ts";

const paths = { "/a": { get: { operationId: "a" } } };

/** A server of a document at `/spec/api.json` and of what it describes. */
function serveDocument(document: object = minimalDocument(paths), more: Script = { json: { ok: true } }) {
  return startHttpServer((request, count) =>
    request.path === "/spec/api.json" ? { json: document } : typeof more === "function" ? more(request, count) : more,
  );
}

const urlOf = (server: HttpServer) => `${server.url}/spec/api.json`;

describe("documents with a URL", () => {
  it("are fetched once, without the API's credentials; servers are relative to the URL", async () => {
    const server = await serveDocument(minimalDocument(paths, { servers: [{ url: "../v1" }] }));
    const client = openClient({
      x: { openapi: urlOf(server), apiKey: "key-123456", headers: { "x-team": "secret-team" } },
    });
    await call(client, { api: "x", operation: "a" });
    await call(client, { api: "x", operation: "a" });
    await client.search({ query: "", limit: 5 });
    expect(server.requests.map(({ url }) => url)).toEqual(["/spec/api.json", "/v1/a", "/v1/a"]);
    expect(JSON.stringify(server.requests[0]?.headers)).not.toMatch(/key-123456|secret-team/);
    expect(server.requests[1]?.headers).toMatchObject({ authorization: "Bearer key-123456", "x-team": "secret-team" });
  });

  it.each([
    ["no servers", "3.1.0", {}, "/a"],
    ["a path", "3.1.0", { servers: [{ url: "/base" }] }, "/base/a"],
    ["a variable", "3.0.0", { servers: [{ url: "/{v}", variables: { v: { default: "v2" } } }] }, "/v2/a"],
    ["a place of its own", "3.2.0", { $self: "/elsewhere/api.json", servers: [{ url: "live" }] }, "/elsewhere/live/a"],
    ["only a base path", "2.0", { basePath: "/old" }, "/old/a"],
  ])("that have %s are called where they are", async (_what, version, more, path) => {
    const names = version === "2.0" ? { swagger: version } : { openapi: version };
    const server = await serveDocument({ ...names, paths, ...more });
    await call(openClient({ x: { openapi: urlOf(server) } }), { api: "x", operation: "a" });
    expect(server.requests.at(-1)?.url).toBe(path);
  });

  it("may be compressed, YAML, or of any content type", async () => {
    const server = await startHttpServer({
      text: "openapi: 3.1.0\npaths: {/a: {get: {operationId: a}}}",
      compress: "gzip",
    });
    expect(readOperations(await readDocument(server.url, "x"), "x")).toHaveLength(1);
  });

  it("bring the user information of their URL along to their own origin, and never show it", async () => {
    const server = await startHttpServer(({ path, headers }) => {
      if (headers.authorization === undefined) return { status: 401 };
      if (path === "/spec/api.json") return { json: minimalDocument({ "/a": { $ref: "a.json" } }) };
      return path === "/spec/a.json" ? { json: { get: { operationId: "a" } } } : { status: 404 };
    });
    const withUser = urlOf(server).replace("http://", "http://ana:p%40ss@");
    expect(readOperations(await readDocument(withUser, "x"), "x").map(({ id }) => id)).toEqual(["a"]);
    const sent = `Basic ${Buffer.from("ana:p@ss").toString("base64")}`;
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([sent, sent]);
    const error = await failure(readDocument(`${withUser}.old?token=secret-token`, "x"));
    expect(error.message).toContain(`${urlOf(server)}.old, answers 404`);
    expect(JSON.stringify(error.toResult())).not.toMatch(/p%40ss|p@ss|secret-token/);
  });

  it("are read again when the first time failed", async () => {
    let up = false;
    const server = await startHttpServer((request) =>
      request.path.endsWith("json") ? (up ? { json: minimalDocument(paths) } : { status: 503 }) : { json: 1 },
    );
    const client = openClient({ x: { openapi: urlOf(server) } });
    expect(await failure(call(client, { api: "x", operation: "a" }))).toMatchObject({
      code: "upstream_unreachable",
      retryable: true,
      message: `The OpenAPI document of API "x", ${urlOf(server)}, answers 503.`,
    });
    up = true;
    expect(await call(client, { api: "x", operation: "a" })).toMatchObject({ data: 1 });
  });

  it.each<[string, Script, string, string]>([
    ["does not exist", { status: 404 }, "invalid_config", "answers 404"],
    ["needs a login", { status: 401 }, "invalid_config", "answers 401"],
    ["is a web page", { text: "<!doctype html><title>Login</title>" }, "invalid_config", "is an HTML or XML page"],
    ["is no document", { json: { hello: 1 } }, "invalid_config", "names no version"],
    ["is empty", { text: "" }, "invalid_config", "is no OpenAPI document: it is empty"],
    ["breaks off", { json: minimalDocument(paths), fault: "truncate" }, "upstream_unreachable", "cannot be fetched"],
    ["is reset", { fault: "reset" }, "upstream_unreachable", "cannot be fetched"],
    ["never comes", { fault: "hang" }, "deadline_exceeded", "did not arrive in full within 0.3 s"],
    ["comes without end", { fault: "drip" }, "deadline_exceeded", "did not arrive in full within 0.3 s"],
    ["is a bomb", { bytes: Buffer.alloc(65 * 1024 * 1024, " "), compress: "gzip" }, "too_large", "is larger than"],
    [
      "redirects in a circle",
      { status: 302, headers: { location: "/spec/api.json" } },
      "invalid_config",
      "redirects more than 5 times",
    ],
    [
      "redirects to a file",
      { status: 302, headers: { location: "file:///etc/hostname" } },
      "invalid_config",
      "no http or https URL",
    ],
  ])("that %s are told as such", async (_what, script, code, words) => {
    const server = await startHttpServer(script);
    const timeout = code === "deadline_exceeded" ? 0.3 : 20;
    const error = await failure(
      call(openClient({ x: { openapi: urlOf(server), timeout } }), { api: "x", operation: "a" }),
    );
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(error.message).not.toContain("apiUrl");
  });

  it("are told as unreachable where nothing listens", async () => {
    const url = `http://127.0.0.1:${await unusedPort()}/api.json`;
    expect(await failure(call(openClient({ x: { openapi: url } }), { api: "x" }))).toMatchObject({
      code: "upstream_unreachable",
      retryable: true,
      message: `The OpenAPI document of API "x", ${url}, cannot be fetched: nothing listens there.`,
      hint: expect.stringContaining("apis.x.openapi"),
    });
  });

  it("may name themselves, whatever query their URL has", async () => {
    const document = {
      ...minimalDocument({ "/a": { $ref: "api.json#/components/pathItems/A" }, "/b": { $ref: "b.json" } }),
    };
    const server = await startHttpServer(({ path }) =>
      path === "/spec/b.json"
        ? { json: { get: { operationId: "b", parameters: [{ $ref: "../spec/api.json#/components/parameters/P" }] } } }
        : {
            json: {
              ...document,
              components: {
                pathItems: { A: { get: { operationId: "a" } } },
                parameters: { P: { name: "p", in: "query" } },
              },
            },
          },
    );
    const operations = readOperations(await readDocument(`${urlOf(server)}?version=3`, "x"), "x");
    expect(operations.map(({ id, parameterNames }) => [id, parameterNames])).toEqual([
      ["a", []],
      ["b", ["p"]],
    ]);
    expect(server.requests.map(({ url }) => url)).toEqual(["/spec/api.json?version=3", "/spec/b.json"]);
  });

  it("are not waited for by a caller who goes, nor by a server that closes", async () => {
    const server = await startHttpServer({ fault: "hang" });
    const client = openClient({ x: { openapi: urlOf(server), timeout: 60 } });
    const caller = new AbortController();
    const going = failure(call(client, { api: "x", operation: "a" }, "ana", caller.signal));
    const staying = failure(call(client, { api: "x", operation: "a" }));
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    caller.abort();
    expect(await going).toMatchObject({ code: "aborted" });
    expect(await client.check(AbortSignal.timeout(50))).toMatchObject([
      { error: "The time limit of this call has passed." },
    ]);
    await client.close();
    expect(await staying).toMatchObject({ code: "aborted" });
    await vi.waitFor(() => expect(server.openSockets).toBe(0));
  });

  it("may redirect within their origin, and are relative to where they are then", async () => {
    const server = await startHttpServer((request) => {
      if (request.path === "/latest") return { status: 302, headers: { location: "/docs/v3/api.json" } };
      if (request.path === "/docs/v3/api.json") return { json: minimalDocument({ "/a": { $ref: "a.json" } }) };
      return { json: { get: { operationId: "a" } } };
    });
    const document = await readDocument(`${server.url}/latest`, "x");
    expect(readOperations(document, "x")).toHaveLength(1);
    expect(server.requests.map(({ path }) => path)).toEqual(["/latest", "/docs/v3/api.json", "/docs/v3/a.json"]);
  });
});

describe("what a document's URL cannot reach", () => {
  /** Names of the internet that resolve to loopback, as a hostile resolver has it. */
  const lookup = ((_host: string, options: { all?: boolean }, callback: (...args: unknown[]) => void) => {
    if (options.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
    else callback(null, "127.0.0.1", 4);
  }) as LookupFunction;

  it("a private address by its name, unless the configuration says so", async () => {
    const server = await serveDocument();
    const openapi = `http://docs.example.com:${server.port}/spec/api.json`;
    const closed = openClient({ x: { openapi } }, { lookup });
    expect(await failure(call(closed, { api: "x", operation: "a" }))).toMatchObject({
      code: "forbidden",
      message: expect.stringContaining("leads to a loopback address"),
      hint: expect.stringContaining("apis.x.privateNetwork"),
    });
    expect(server.connections).toBe(0);
    const open = openClient({ x: { openapi, privateNetwork: true } }, { lookup });
    expect(await call(open, { api: "x", operation: "a" })).toMatchObject({ data: { ok: true } });
  });

  it.each([
    "http://127.0.0.1:PORT/api.json",
    "http://localhost:PORT/api.json",
    "http://[::ffff:127.0.0.1]:PORT/api.json",
    "http://2130706433:PORT/api.json",
    "http://0x7f.1:PORT/api.json",
    "http://docs.example.org:PORT/api.json",
    "http://169.254.169.254/latest/meta-data",
    "http://168.63.129.16/",
    "http://[fd00::1]/",
    "http://10.0.0.1/",
    "//127.0.0.1:PORT/api.json",
  ])("another server by a redirect to %s", async (location) => {
    const victim = await serveDocument();
    const target = location.replace("PORT", String(victim.port));
    const server = await startHttpServer({ status: 302, headers: { location: target } });
    const openapi = `http://docs.internal:${server.port}/api.json`;
    const error = await failure(readDocument(openapi, "x", { timeout: 5, lookup }));
    expect(error).toMatchObject({ code: "forbidden" });
    expect(victim.connections).toBe(0);
  });

  it.each([
    ["another port", (port: number) => `http://127.0.0.1:${port}/a.json#/x`],
    ["another name", (port: number) => `http://localhost:${port}/a.json`],
    ["a file", () => "file:///etc/hostname"],
    ["a URL with a password", (port: number) => `http://a:b@127.0.0.1:${port}/a.json`],
  ])("a file of %s", async (_what, refTo) => {
    const victim = await startHttpServer({ json: { get: { operationId: "stolen" } } });
    const server = await startHttpServer({ json: minimalDocument({ "/b": { $ref: refTo(victim.port) }, ...paths }) });
    await readDocument(`${server.url}/api.json`, "x");
    expect(victim.connections).toBe(0);
    expect(server.requests).toHaveLength(1);
  });

  it("a file that redirects to another origin", async () => {
    const victim = await startHttpServer({ json: { get: { operationId: "stolen" } } });
    const server = await startHttpServer((request) =>
      request.path === "/b.json"
        ? { status: 302, headers: { location: victim.url } }
        : { json: minimalDocument({ "/a": { $ref: "b.json", get: { operationId: "a" } } }) },
    );
    const document = await readDocument(`${server.url}/api.json`, "x");
    expect(readOperations(document, "x")[0]?.details().problems?.[0]).toContain(
      "b.json, which redirects to another origin",
    );
    expect(victim.connections).toBe(0);
  });

  it.each([
    ["another port", (port: number) => `http://127.0.0.1:${port}/v1`],
    ["localhost", (port: number) => `http://localhost:${port}`],
    ["the metadata service", () => "http://169.254.169.254/latest"],
  ])("a private server that the document names: %s", async (_what, serverUrl) => {
    const victim = await startHttpServer();
    const server = await serveDocument(minimalDocument(paths, { servers: [{ url: serverUrl(victim.port) }] }));
    const error = await failure(call(openClient({ x: { openapi: urlOf(server) } }), { api: "x", operation: "a" }));
    expect(error).toMatchObject({ code: "forbidden", hint: expect.stringContaining("apiUrl") });
    expect(victim.connections).toBe(0);
  });

  it("a private server that an operation has for itself", async () => {
    const victim = await startHttpServer();
    const own = { "/a": { servers: [{ url: victim.url }], get: { operationId: "a" } } };
    const server = await serveDocument(minimalDocument(own));
    const error = await failure(call(openClient({ x: { openapi: urlOf(server) } }), { api: "x", operation: "a" }));
    expect(error).toMatchObject({ code: "forbidden" });
    expect(victim.connections).toBe(0);
  });
});

it("takes for the same site the same origin, and https for http", () => {
  const same = (a: string, b: string) => isSameSite(new URL(a), new URL(b));
  expect(same("http://a.example/x", "http://a.example/y")).toBe(true);
  expect(same("http://a.example/x", "https://a.example/y")).toBe(true);
  expect(same("https://a.example/x", "http://a.example/y")).toBe(false);
  expect(same("http://a.example/x", "http://a.example:8080/y")).toBe(false);
  expect(same("http://a.example/x", "https://b.example/y")).toBe(false);
});
