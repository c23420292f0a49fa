import { describe, expect, it, vi } from "vitest";
import { call, failure, openClient } from "../../test/fixtures/api-client.ts";
import { type Script, startHttpServer } from "../../test/fixtures/http-server.ts";

const TWENTY = Array.from({ length: 20 });

async function open(script: Script, cacheTtl = 60) {
  const server = await startHttpServer(script);
  const client = openClient({ x: { apiUrl: server.url, allow: ["* /*"], cacheTtl, retries: 0 } });
  const get = (user = "ana", signal?: AbortSignal) => call(client, { api: "x", operation: "GET /a" }, user, signal);
  return { client, server, get };
}

describe("the same read by the same user at the same time", () => {
  it("is one request, whose answer each caller has for itself", async () => {
    const { server, get } = await open((_request, count) => ({ json: { items: [{ count }] }, delayMs: 100 }));
    const results = await Promise.all(TWENTY.map(() => get()));
    expect(server.requests).toHaveLength(1);
    expect(results.filter(({ cached }) => cached)).toHaveLength(19);
    const answers = [...results, await get()].map(({ data }) => data as { items: unknown[] });
    for (const answer of answers) expect(answer.items.splice(0)).toEqual([{ count: 1 }]);
  });

  it("is one for each user", async () => {
    const { server, get } = await open({ json: 1, delayMs: 50 });
    await Promise.all(TWENTY.map((_each, n) => get(n % 2 === 0 ? "ana" : "ben")));
    expect(server.requests).toHaveLength(2);
  });

  it("is a request each where nothing is kept, by the configuration or by the answer", async () => {
    const without = await open({ json: 1, delayMs: 50 }, 0);
    await Promise.all(TWENTY.map(() => without.get()));
    expect(without.server.requests).toHaveLength(20);
    const { server, get } = await open((_request, count) => ({
      json: { ticket: count },
      headers: { "cache-control": "no-store" },
      delayMs: 50,
    }));
    const tickets = await Promise.all(TWENTY.map(() => get()));
    expect(new Set(tickets.map(({ data }) => (data as { ticket: number }).ticket)).size).toBe(20);
    expect(server.requests).toHaveLength(20);
  });

  it("fails for those who waited, and is asked for anew after that", async () => {
    const { server, get } = await open((_request, count) => ({
      status: count === 1 ? 403 : 200,
      json: {},
      delayMs: 50,
    }));
    const errors = await Promise.all(TWENTY.map(() => failure(get())));
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["upstream_error"]));
    expect(await get()).toMatchObject({ http_status: 200 });
    expect(server.requests).toHaveLength(2);
  });

  it("goes on while somebody waits, whoever leaves", async () => {
    const { server, get } = await open({ json: 1, delayMs: 200 });
    const gone = new AbortController();
    const first = failure(get("ana", gone.signal));
    const others = [get(), get()];
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    gone.abort();
    expect(await first).toMatchObject({ code: "aborted" });
    expect(await Promise.all(others)).toMatchObject([{ data: 1 }, { data: 1 }]);
    expect(server.requests).toHaveLength(1);
  });

  it("ends with the last one who waits, and does not hold up the next", async () => {
    const { server, get } = await open((_request, count) => (count === 1 ? { fault: "hang" } : { json: count }));
    const gone = new AbortController();
    const leaving = [get("ana", gone.signal), get("ana", gone.signal)].map(failure);
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    expect(server.openSockets).toBe(1);
    gone.abort();
    expect(await Promise.all(leaving)).toMatchObject([{ code: "aborted" }, { code: "aborted" }]);
    await vi.waitFor(() => expect(server.openSockets).toBe(0));
    expect(await get()).toMatchObject({ data: 2 });
  });

  it("is another one after the user has changed something", async () => {
    let stock = 1;
    const { client, server, get } = await open(({ method }) => {
      if (method === "POST") stock += 1;
      return { json: { stock }, delayMs: method === "POST" ? 0 : 300 };
    });
    const before = get();
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    await call(client, { api: "x", operation: "POST /a", body: {} });
    expect((await get()).data).toEqual({ stock: 2 });
    expect((await before).data).toEqual({ stock: 1 });
  });
});
