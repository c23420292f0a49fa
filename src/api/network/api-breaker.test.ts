import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openClient } from "../../../test/fixtures/api-client.ts";
import {
  type ScriptedAnswer,
  startHttpServer,
  startSilentServer,
  unusedPort,
} from "../../../test/fixtures/http-server.ts";

const get = { api: "x", operation: "GET /a" };

/** A client of a server that answers as `answer.now` says. */
async function open(now: ScriptedAnswer, more: object = {}) {
  const answer = { now };
  const server = await startHttpServer(() => answer.now);
  const breaker = { failures: 2, cooldown: 0.3 };
  const client = openClient({
    x: { apiUrl: server.url, allow: ["* /*"], retries: 0, timeout: 0.5, breaker, ...more },
    other: { apiUrl: server.url, allow: ["* /*"], retries: 0 },
  });
  return { answer, server, client };
}

describe("an API that failed in a row is left alone", () => {
  it.each([
    ["broken connections", { fault: "reset" as const }],
    ["server errors", { status: 503 }],
    ["time limits", { fault: "hang" as const }],
  ])("by %s", async (_what, now) => {
    const { server, client } = await open(now);
    await failure(call(client, get));
    await failure(call(client, get, "ben"));
    const error = await failure(call(client, { ...get, operation: "POST /b" }, "cy"));
    expect(error.toResult()).toMatchObject({
      code: "upstream_unreachable",
      message: 'Request failed: API "x" failed 2 times in a row and is left alone for 1 s.',
      hint: expect.stringMatching(/^The last failure: .+/),
      retryable: true,
      left_alone: true,
    });
    expect(error.retryAfterMs).toBeGreaterThan(100);
    expect(error.retryAfterMs).toBeLessThanOrEqual(300);
    expect(server.requests).toHaveLength(2);
  });

  it.each([
    ["is refused", async () => `http://127.0.0.1:${await unusedPort()}`],
    ["is never complete", async () => `https://127.0.0.1:${(await startSilentServer()).port}`],
  ])("by one user's calls, where the connection %s", async (_what, place) => {
    const { client } = await open({}, { apiUrl: await place() });
    await failure(call(client, get));
    await failure(call(client, get));
    const error = await failure(call(client, { ...get, operation: "GET /b" }, "ben"));
    expect(error).toMatchObject({
      details: { left_alone: true },
      message: expect.stringContaining(`API "x" failed 2`),
    });
  });

  it("for one user only, where several operations fail that user alone", async () => {
    const { answer, client } = await open({ status: 500 });
    await failure(call(client, get));
    await failure(call(client, { ...get, operation: "GET /b" }));
    const other = { ...get, operation: "GET /c" };
    expect((await failure(call(client, other))).details).toEqual({ left_alone: true });
    answer.now = { json: "fine" };
    expect((await call(client, other, "ben")).data).toBe("fine");
  });

  it("and no other API with it", async () => {
    const { server, client } = await open({ status: 500 });
    for (let turn = 0; turn < 3; turn++) await failure(call(client, get));
    await failure(call(client, { ...get, api: "other" }));
    expect(server.requests).toHaveLength(3);
  });

  it("but what it kept is still given", async () => {
    const { answer, client } = await open({ json: 1 }, { cacheTtl: 60 });
    await call(client, get);
    answer.now = { status: 500 };
    for (let turn = 0; turn < 3; turn++) await failure(call(client, { ...get, operation: "GET /b" }));
    expect(await call(client, get)).toMatchObject({ data: 1, cached: true });
  });
});

describe("an operation that fails one user in a row", () => {
  const failing = (script: ScriptedAnswer) =>
    startHttpServer(({ path, headers }) =>
      path === "/fail" || (path === "/odd" && headers["x-odd"]) ? script : { json: path },
    );
  const settings = { allow: ["* /*"], retries: 0, timeout: 0.4, breaker: { failures: 3, cooldown: 0.3 } };

  it.each([
    ["answers 500", { status: 500 }],
    ["never answers", { fault: "hang" as const }],
    ["closes the connection", { fault: "reset" as const }],
  ])("is left alone for that user, and nothing else is (%s)", async (_what, script) => {
    const server = await failing(script);
    const client = openClient({ x: { apiUrl: server.url, ...settings } });
    const fail = { api: "x", operation: "GET /fail" };
    for (let turn = 0; turn < 4; turn++) await failure(call(client, fail, "mallory"));
    expect(server.requests).toHaveLength(3);
    const error = await failure(call(client, fail, "mallory"));
    expect(error.toResult()).toMatchObject({
      code: "upstream_unreachable",
      message: 'Request failed: GET /fail of API "x" failed 3 times in a row and is left alone for 1 s.',
      left_alone: true,
    });
    for (const user of ["mallory", "ben"]) {
      expect((await call(client, { api: "x", operation: "GET /ok" }, user)).data).toBe("/ok");
    }
  });

  it("is not left alone for others, who call it otherwise", async () => {
    const server = await failing({ status: 500 });
    const client = openClient({ x: { apiUrl: server.url, ...settings } });
    const odd = { api: "x", operation: "GET /odd" };
    for (let turn = 0; turn < 9; turn++) await failure(call(client, { ...odd, header: { "X-Odd": "1" } }, "mallory"));
    expect((await call(client, odd, "ben")).data).toBe("/odd");
  });

  it("does not count for more than half of what closes the API to all", async () => {
    const server = await failing({ status: 500 });
    const client = openClient({ x: { apiUrl: server.url, ...settings, breaker: { failures: 4, cooldown: 60 } } });
    const fail = { api: "x", operation: "GET /fail" };
    for (let turn = 0; turn < 4; turn++) await failure(call(client, fail, "mallory"));
    await failure(call(client, fail, "ben"));
    expect((await call(client, { api: "x", operation: "GET /ok" }, "cy")).data).toBe("/ok");
  });

  it("on a server of its own says nothing of the others", async () => {
    const own = { servers: [{ url: `http://127.0.0.1:${await unusedPort()}` }], get: { operationId: "own" } };
    const document = minimalDocument({ "/own": own, "/a": { get: { operationId: "a" } } });
    const server = await startHttpServer(({ path }) => ({ json: path === "/api.json" ? document : path }));
    const more = { openapi: `${server.url}/api.json`, allow: [], redirectHosts: ["127.0.0.1"] };
    const client = openClient({ x: { ...settings, ...more } });
    for (let turn = 0; turn < 3; turn++) {
      const error = await failure(call(client, { api: "x", operation: "own" }));
      expect(error.message).toContain("nothing listens there");
    }
    expect((await call(client, { api: "x", operation: "a" })).data).toBe("/a");
  });
});

it("calls that waited for their turn until little time was left are no failures", async () => {
  const server = await startHttpServer({ json: 1, delayMs: 300 });
  const client = openClient({ x: { apiUrl: server.url, allow: ["* /*"], retries: 0, timeout: 1, concurrency: 2 } });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 30 }, (_, at) => call(client, { ...get, query: { at } }, at % 2 === 0 ? "ana" : "ben")),
  );
  expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeGreaterThanOrEqual(4);
  expect(outcomes.filter(({ status }) => status === "rejected").length).toBeGreaterThan(10);
  expect((await call(client, get, "ben")).data).toBe(1);
});

it.each([[400], [401], [404], [409], [422], [429], [501]])("answers of status %i are no failures", async (status) => {
  const { server, client } = await open({ status });
  for (let turn = 0; turn < 5; turn++) await failure(call(client, get));
  expect(server.requests).toHaveLength(5);
});

it("callers who go away are no failures", async () => {
  const { server, client } = await open({ fault: "hang" }, { timeout: 5 });
  for (let turn = 0; turn < 4; turn++) {
    const gone = AbortSignal.timeout(60);
    expect(await failure(call(client, get, "ana", gone))).toMatchObject({
      code: expect.stringMatching(/aborted|deadline/),
    });
  }
  expect(server.requests).toHaveLength(4);
});

it("a success in between starts the count anew, and the tries of one call count once", async () => {
  const { answer, server, client } = await open({ status: 503 }, { retries: 1, timeout: 5 });
  await failure(call(client, get));
  expect(server.requests).toHaveLength(2);
  answer.now = { json: 1 };
  await call(client, get);
  answer.now = { status: 503 };
  await failure(call(client, get));
  expect(server.requests).toHaveLength(5);
});

it("after the time one call alone finds out whether it is back", async () => {
  const { answer, server, client } = await open({ status: 503 });
  for (let turn = 0; turn < 2; turn++) await failure(call(client, get));
  await sleep(330);
  answer.now = { json: "back", delayMs: 100 };
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => call(client, get)));
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  expect(server.requests).toHaveLength(3);
  await Promise.all([1, 2, 3].map(() => call(client, get)));
});

it("a trial that fails is one request, and the time doubles", async () => {
  const more = { retries: 3, idempotencyHeader: "Idempotency-Key" };
  const { server, client } = await open({ status: 503, headers: { "retry-after": "9" } }, more);
  const put = { ...get, operation: "PUT /a" };
  for (let turn = 0; turn < 2; turn++) await failure(call(client, put));
  await sleep(330);
  await failure(call(client, put));
  expect(server.requests).toHaveLength(3);
  expect((await failure(call(client, put))).retryAfterMs).toBeGreaterThan(400);
});

it("a trial whose caller goes away leaves the next one to try", async () => {
  const { answer, client } = await open({ status: 503 }, { timeout: 5 });
  for (let turn = 0; turn < 2; turn++) await failure(call(client, get));
  await sleep(330);
  answer.now = { fault: "hang" };
  await failure(call(client, get, "ana", AbortSignal.timeout(50)));
  answer.now = { json: "back" };
  expect((await call(client, get)).data).toBe("back");
});
