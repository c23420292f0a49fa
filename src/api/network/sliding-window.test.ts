import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect, it } from "vitest";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import { startHttpServer, unusedPort } from "../../../test/fixtures/http-server.ts";
import { createSlidingWindow } from "./sliding-window.ts";

const never = new AbortController().signal;

/** The most times that lie in one span of `ms`. */
function worstWindow(times: readonly number[], ms: number): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + ms).length));
}

it("never lets more requests start in any span than the limit, as the server sees it", async () => {
  const server = await startHttpServer((_request, count) => ({ json: {}, delayMs: count % 7 === 0 ? 60 : 0 }));
  const client = openClient({ x: { apiUrl: server.url, rateLimit: { requests: 10, per: 1 } } });
  await Promise.all(
    Array.from({ length: 25 }, async (_, index) => {
      await sleep(index * 11);
      return call(client, { api: "x", body: { index } });
    }),
  );
  expect(server.requests).toHaveLength(25);
  expect(
    worstWindow(
      server.requests.map(({ at }) => at),
      1000,
    ),
  ).toBeLessThanOrEqual(10);
});

it("never more under retries, redirects, slow answers and users who go away, whatever the limit is", {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        requests: fc.integer({ min: 1, max: 6 }),
        per: fc.constantFrom(0.1, 0.2, 0.35),
        calls: fc.array(fc.constantFrom("/fine", "/slow", "/once", "/moved", "/broken", "/gone"), {
          minLength: 8,
          maxLength: 16,
        }),
      }),
      async ({ requests, per, calls }) => {
        const failed = new Set<string>();
        const server = await startHttpServer(({ path, query }) => {
          const isFirst = !failed.has(path + query);
          failed.add(path + query);
          if (path === "/slow") return { json: 1, delayMs: 120 };
          if (path === "/once" && isFirst) return { status: 503, headers: { "retry-after": "0" } };
          if (path === "/moved") return { status: 302, headers: { location: "/fine" } };
          if (path === "/broken" && isFirst) return { fault: "reset" };
          return { json: 1 };
        });
        const client = openClient({
          x: {
            apiUrl: server.url,
            allow: ["GET /*"],
            timeout: 30,
            rateLimit: { requests, per },
            breaker: { failures: 99, cooldown: 1 },
          },
        });
        await Promise.allSettled(
          calls.map((path, index) => {
            const signal = path === "/gone" ? AbortSignal.timeout(index * 7) : never;
            return call(client, { api: "x", operation: `GET ${path}`, query: { index } }, "ana", signal);
          }),
        );
        const arrivals = server.requests.map(({ at }) => at);
        expect(worstWindow(arrivals, per * 1000)).toBeLessThanOrEqual(requests);
        expect(arrivals.length).toBeGreaterThanOrEqual(calls.filter((path) => path !== "/gone").length);
      },
    ),
    { numRuns: 3 },
  );
});

it("a request that waits for its connection keeps its place until it was sent", async () => {
  const window = createSlidingWindow({ requests: 1, per: 0.05 }, "test");
  const first = await window.take(1000, never);
  let admitted = false;
  const second = window.take(5000, never).then((slot) => {
    admitted = true;
    return slot;
  });
  await sleep(150);
  expect(admitted).toBe(false);
  first.sent();
  first.answered();
  await second;
});

it("a request that was never sent gives its place back at once", async () => {
  const port = await unusedPort();
  const client = openClient({
    x: { apiUrl: `http://127.0.0.1:${port}`, retries: 0, timeout: 1, rateLimit: { requests: 1, per: 60 } },
  });
  for (let turn = 0; turn < 3; turn++) {
    expect(await failure(call(client, { api: "x" }))).toMatchObject({ code: "upstream_unreachable" });
  }
});

it("says at once when a place would come after the deadline, and how long to wait", async () => {
  const server = await startHttpServer();
  const client = openClient({ x: { apiUrl: server.url, timeout: 1, rateLimit: { requests: 2, per: 60 } } });
  await Promise.all([call(client, { api: "x" }), call(client, { api: "x" })]);
  const error = await failure(call(client, { api: "x" }));
  expect(error).toMatchObject({ code: "rate_limited", retryable: true, message: 'API "x" takes 2 calls in 60 s.' });
  expect(error.retryAfterMs).toBeGreaterThan(50_000);
  expect(error.retryAfterMs).toBeLessThanOrEqual(60_100);
  expect(server.requests).toHaveLength(2);
});

it("counts each user alone", async () => {
  const server = await startHttpServer();
  const client = openClient({ x: { apiUrl: server.url, timeout: 1, rateLimit: { requests: 1, per: 60 } } });
  await call(client, { api: "x" }, "ana");
  await call(client, { api: "x" }, "ben");
  expect(await failure(call(client, { api: "x" }, "ana"))).toMatchObject({ code: "rate_limited" });
});

it("counts what it sends, retries included, and not what it refuses or keeps", async () => {
  const server = await startHttpServer((_request, count) => (count === 1 ? { status: 503 } : { json: count }));
  const client = openClient({
    x: { apiUrl: server.url, timeout: 2, allow: ["GET /*"], cacheTtl: 60, rateLimit: { requests: 2, per: 60 } },
  });
  expect(await call(client, { api: "x", operation: "GET /a" })).toMatchObject({ data: 2, attempts: 2 });
  expect(await call(client, { api: "x", operation: "GET /a" })).toMatchObject({ data: 2, cached: true });
  expect(await failure(call(client, { api: "x", operation: "POST /a" }))).toMatchObject({ code: "forbidden" });
  expect(await failure(call(client, { api: "x", operation: "GET /b" }))).toMatchObject({ code: "rate_limited" });
});

it("lets those who wait in by the order of asking, and past those who went away", async () => {
  const window = createSlidingWindow({ requests: 1, per: 0.1 }, "test");
  const order: string[] = [];
  const gone = new AbortController();
  const take = (name: string, signal = never) =>
    window.take(10_000, signal).then((slot) => {
      order.push(name);
      slot.sent();
      slot.answered();
    });
  const all = [take("a"), take("b"), take("gone", gone.signal), take("c")];
  gone.abort();
  expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual([
    "fulfilled",
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  expect(order).toEqual(["a", "b", "c"]);
  await sleep(250);
  expect(window.idle).toBe(true);
});

it("reckons with those who wait already", async () => {
  const window = createSlidingWindow({ requests: 2, per: 10 }, "test");
  const stop = new AbortController();
  const waiting = Array.from({ length: 4 }, () => window.take(60_000, stop.signal).catch(() => {}));
  const error = await failure(window.take(15_000, never));
  expect(error.code).toBe("rate_limited");
  expect(error.retryAfterMs).toBeGreaterThan(19_000);
  expect(error.retryAfterMs).toBeLessThan(21_100);
  stop.abort();
  await Promise.all(waiting);
});
