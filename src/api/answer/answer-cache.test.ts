import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../../test/fixtures/http-server.ts";
import { createAnswerCache } from "./answer-cache.ts";

const counting = () =>
  startHttpServer((request, count) => ({ json: { count, key: request.headers["x-key"] ?? null } }));

describe("calls", () => {
  it("of the same user for the same thing are answered once, and the kept answer says so", async () => {
    const server = await counting();
    const client = openClient({ x: { apiUrl: server.url, allow: ["GET /*"], cacheTtl: 60 } });
    const request = { api: "x", operation: "GET /a", query: { q: 1 } };
    expect(await call(client, request)).toEqual({ data: { count: 1, key: null }, http_status: 200 });
    expect(await call(client, request)).toEqual({ data: { count: 1, key: null }, http_status: 200, cached: true });
    const changed = (await call(client, request)).data as { count: number };
    changed.count = 99;
    expect((await call(client, request)).data).toEqual({ count: 1, key: null });
    expect(server.requests).toHaveLength(1);
  });

  it("never share an answer between users, APIs, credentials, queries or headers", async () => {
    const server = await counting();
    const api = { apiUrl: server.url, allow: ["GET /*", "HEAD /*"], cacheTtl: 60, apiKeyHeader: "X-Key" };
    const client = openClient({ x: { ...api, apiKey: "key-of-ana" }, y: { ...api, apiKey: "key-of-ben" } });
    const seen = [
      await call(client, { api: "x", operation: "GET /a" }, "ana"),
      await call(client, { api: "x", operation: "GET /a" }, "ben"),
      await call(client, { api: "y", operation: "GET /a" }, "ana"),
      await call(client, { api: "x", operation: "GET /a", query: { q: 1 } }, "ana"),
      await call(client, { api: "x", operation: "GET /a", header: { "Accept-Language": "de" } }, "ana"),
      await call(client, { api: "x", operation: "GET /a", cookie: { s: "1" } }, "ana"),
    ];
    expect(seen.map(({ data }) => (data as { count: number }).count)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(seen.some(({ cached }) => cached)).toBe(false);
  });

  it("are made again after the time, and when they are no GET or failed", async () => {
    const server = await startHttpServer((request, count) => ({
      status: request.path === "/bad" ? 404 : 200,
      json: count,
    }));
    const client = openClient({ x: { apiUrl: server.url, allow: ["* /*"], cacheTtl: 0.05 } });
    const data = async (operation: string) =>
      (await call(client, { api: "x", operation }).catch(() => ({ data: "error" }))).data;
    expect([await data("GET /a"), await data("GET /a")]).toEqual([1, 1]);
    await sleep(80);
    expect([await data("GET /a"), await data("POST /a"), await data("POST /a")]).toEqual([2, 3, 4]);
    expect([await data("GET /bad"), await data("GET /bad")]).toEqual(["error", "error"]);
    expect(server.requests).toHaveLength(6);
  });
});

describe("an answer that is older than its time", () => {
  const get = { api: "x", operation: "GET /a" };
  /** A server whose answer has this mark until `change` is called. */
  async function marked(headersOf: (version: number) => Record<string, string>, more: object = {}) {
    let version = 1;
    const server = await startHttpServer((request) => {
      const headers = headersOf(version);
      const isSame =
        (headers.etag !== undefined && request.headers["if-none-match"] === headers.etag) ||
        (headers["last-modified"] !== undefined && request.headers["if-modified-since"] === headers["last-modified"]);
      return isSame ? { status: 304, headers } : { json: { version }, headers };
    });
    const client = openClient({ x: { apiUrl: server.url, allow: ["* /*"], cacheTtl: 0.05, ...more } });
    const change = () => {
      version += 1;
    };
    return { server, client, change };
  }

  it.each([
    ["ETag", (version: number) => ({ etag: `W/"v${version}"` })],
    ["Last-Modified", (version: number) => ({ "last-modified": new Date(version * 1e11).toUTCString() })],
  ])("is checked by its %s, and given where it still holds", async (_name, headersOf) => {
    const { server, client, change } = await marked(headersOf);
    expect(await call(client, get)).toEqual({ data: { version: 1 }, http_status: 200 });
    await sleep(70);
    expect(await call(client, get)).toEqual({ data: { version: 1 }, http_status: 200, cached: true });
    expect(server.requests).toHaveLength(2);
    // Fresh again, for the same time.
    expect(await call(client, get)).toMatchObject({ cached: true });
    expect(server.requests).toHaveLength(2);
    await sleep(70);
    change();
    expect(await call(client, get)).toEqual({ data: { version: 2 }, http_status: 200 });
    await sleep(70);
    expect(await call(client, get)).toMatchObject({ data: { version: 2 }, cached: true });
  });

  it("is checked at each call where the API says no-cache", async () => {
    const { server, client } = await marked(() => ({ etag: '"1"', "cache-control": "no-cache, private" }), {
      cacheTtl: 60,
    });
    await call(client, get);
    expect(await call(client, get)).toMatchObject({ data: { version: 1 }, cached: true });
    expect(server.requests).toHaveLength(2);
  });

  it("is not checked with another user's, or for a call that has marks of its own", async () => {
    const { server, client } = await marked(() => ({ etag: '"1"' }), { cacheTtl: 60 });
    await call(client, get, "ana");
    expect(await call(client, get, "ben")).not.toHaveProperty("cached");
    expect(await failure(call(client, { ...get, header: { "If-None-Match": '"1"' } }, "ana"))).toMatchObject({
      details: { http_status: 304 },
    });
    expect(server.requests.map(({ headers }) => headers["if-none-match"])).toEqual([undefined, undefined, '"1"']);
  });

  it("stays where the API fails for a moment, and goes where it says that the thing is gone", async () => {
    let status = 200;
    const server = await startHttpServer((request) =>
      status === 200 && request.headers["if-none-match"] === '"1"'
        ? { status: 304 }
        : { status, json: 1, headers: { etag: '"1"' } },
    );
    const client = openClient({ x: { apiUrl: server.url, allow: ["GET /*"], cacheTtl: 0.001, retries: 0 } });
    await call(client, get);
    await sleep(5);
    status = 503;
    await failure(call(client, get));
    status = 200;
    expect(await call(client, get)).toMatchObject({ data: 1, cached: true });
    await sleep(5);
    status = 404;
    await failure(call(client, get));
    status = 200;
    expect(await call(client, get)).not.toHaveProperty("cached");
  });
});

describe("an answer is not kept", () => {
  it.each([
    [{ headers: { "cache-control": "private, no-store" } }],
    [{ headers: { vary: "Accept, *" } }],
    [{ headers: { "cache-control": "no-cache" } }],
    [{ status: 202 }],
    [{ status: 206 }],
  ])("%j", async (more) => {
    const server = await startHttpServer({ json: 1, ...more });
    const client = openClient({ x: { apiUrl: server.url, allow: ["GET /*"], cacheTtl: 60 } });
    for (let turn = 0; turn < 2; turn++) {
      expect(await call(client, { api: "x", operation: "GET /a" })).not.toHaveProperty("cached");
    }
    expect(server.requests).toHaveLength(2);
  });

  it.each([{ "Cache-Control": "no-cache" }, { Pragma: "no-cache" }])(
    "that the call itself does not want: %j",
    async (header) => {
      const server = await startHttpServer({ json: 1 });
      const client = openClient({ x: { apiUrl: server.url, allow: ["GET /*"], cacheTtl: 60 } });
      for (let turn = 0; turn < 2; turn++) await call(client, { api: "x", operation: "GET /a", header });
      expect(server.requests).toHaveLength(2);
    },
  );
});

describe("a write", () => {
  it.each([
    ["POST /items", ["/items", "/items/1", "/items?page=2"], ["/other"]],
    ["PUT /items/1", ["/items/1", "/items", "/items/1/parts"], ["/items/2", "/other"]],
    ["DELETE /items/1", ["/items/1"], ["/items/10"]],
  ])("%s makes the API be asked again", async (operation, gone, left) => {
    const server = await startHttpServer({ json: 1 });
    const client = openClient({ x: { apiUrl: server.url, allow: ["* /*"], cacheTtl: 60 } });
    const read = (url: string, user: string) => {
      const [path, page] = url.split("?page=");
      return call(client, { api: "x", operation: `GET ${path}`, ...(page && { query: { page } }) }, user);
    };
    for (const url of [...gone, ...left]) for (const user of ["ana", "ben"]) await read(url, user);
    await call(client, { api: "x", operation }, "ana");
    for (const url of gone)
      for (const user of ["ana", "ben"]) expect(await read(url, user)).not.toHaveProperty("cached");
    for (const url of left) expect(await read(url, "ana")).toMatchObject({ cached: true });
  });

  it("also what it says that it changed elsewhere, and what it may have done before it failed", async () => {
    const server = await startHttpServer((request) => {
      if (request.path === "/actions") return { status: 201, headers: { location: "/made/7" }, json: 1 };
      return request.path === "/broken" && request.method === "POST" ? { fault: "reset" } : { json: 1 };
    });
    const client = openClient({ x: { apiUrl: server.url, allow: ["* /*"], cacheTtl: 60 } });
    const read = (path: string) => call(client, { api: "x", operation: `GET ${path}` });
    await read("/made/7");
    await read("/broken");
    await call(client, { api: "x", operation: "POST /actions" });
    await failure(call(client, { api: "x", operation: "POST /broken" }));
    expect(await read("/made/7")).not.toHaveProperty("cached");
    expect(await read("/broken")).not.toHaveProperty("cached");
  });

  it("keeps out of the cache what was read before it and arrives after it", async () => {
    let version = 1;
    const server = await startHttpServer((request) => {
      if (request.method === "GET") return { json: version, delayMs: version === 1 ? 150 : 0 };
      version = 2;
      return { json: "written" };
    });
    const client = openClient({ x: { apiUrl: server.url, allow: ["* /*"], cacheTtl: 60 } });
    const slow = call(client, { api: "x", operation: "GET /a" });
    await expect.poll(() => server.requests.length).toBe(1);
    await call(client, { api: "x", operation: "PUT /a" });
    expect((await slow).data).toBe(1);
    expect((await call(client, { api: "x", operation: "GET /a" })).data).toBe(2);
  });
});

describe("the cache", () => {
  const about = { api: "x", path: "/a", ttlMs: 1000, validators: {} };

  it("keeps to its number of entries, the least recently used go first", () => {
    const cache = createAnswerCache({ entries: 2, bytes: 1_000_000 });
    cache.set("a", "1", about);
    cache.set("b", "2", about);
    cache.get("a");
    cache.set("c", "3", about);
    expect(["a", "b", "c"].map((key) => cache.get(key)?.answer)).toEqual(["1", undefined, "3"]);
  });

  it("keeps to its bytes, and takes nothing that is larger than all of it", () => {
    const cache = createAnswerCache({ entries: 100, bytes: 1000 });
    cache.set("a", "x".repeat(600), about);
    cache.set("b", "x".repeat(600), about);
    expect(cache.size).toBe(1);
    cache.set("c", "x".repeat(1200), about);
    expect([cache.get<string>("b")?.answer.length, cache.get("c")]).toEqual([600, undefined]);
  });

  it("gives everybody a copy, in which bytes are bytes", () => {
    const cache = createAnswerCache();
    cache.set("a", { data: { list: [1] }, bytes: Buffer.from([1, 2]) }, about);
    const one = cache.get<{ data: { list: number[] }; bytes: Buffer }>("a")!.answer;
    one.data.list.push(2);
    one.bytes[0] = 9;
    expect(cache.get("a")!.answer).toEqual({ data: { list: [1] }, bytes: Buffer.from([1, 2]) });
    expect(Buffer.isBuffer(one.bytes)).toBe(true);
  });
});
