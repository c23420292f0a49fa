import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import { type ScriptedAnswer, startHttpServer } from "../../../test/fixtures/http-server.ts";

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
  const { server, client } = await open({ status: 503 }, { retries: 3 });
  for (let turn = 0; turn < 2; turn++) await failure(call(client, { ...get, operation: "POST /a" }));
  await sleep(330);
  await failure(call(client, get));
  expect(server.requests).toHaveLength(3);
  expect((await failure(call(client, get))).retryAfterMs).toBeGreaterThan(400);
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
