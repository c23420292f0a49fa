import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { call, openClient } from "../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../test/fixtures/http-server.ts";
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
