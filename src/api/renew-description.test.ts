import { afterEach, describe, expect, it, vi } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../test/fixtures/http-server.ts";

const HOUR = 3_600_000;

/** Time goes on, and what is read in the background is there. */
function later(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });
}

const describing = (...names: string[]) =>
  minimalDocument(Object.fromEntries(names.map((name) => [`/${name}`, { get: { operationId: name } }])));

async function openServed() {
  const state = { document: describing("old") as object | undefined };
  const server = await startHttpServer(({ path }) => {
    if (path !== "/api.json") return { json: { at: path } };
    return state.document ? { json: state.document } : { status: 503 };
  });
  const client = openClient({ x: { openapi: `${server.url}/api.json` } });
  const fetched = () => server.requests.filter(({ path }) => path === "/api.json").length;
  return { state, client, fetched };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("a document with a URL", () => {
  it("is read again when its copy is an hour old, which serves until then", async () => {
    const { state, client, fetched } = await openServed();
    await call(client, { api: "x", operation: "old" });
    state.document = describing("old", "added");
    later(HOUR - 1000);
    await call(client, { api: "x", operation: "old" });
    expect(fetched()).toBe(1);
    later(1001);
    expect(await failure(call(client, { api: "x", operation: "added" }))).toMatchObject({ code: "unknown_operation" });
    await vi.waitFor(async () => {
      expect(await call(client, { api: "x", operation: "added" })).toMatchObject({ data: { at: "/added" } });
    });
    expect(fetched()).toBe(2);
    const { operations } = await client.search({ query: "added", limit: 5 });
    expect(operations.map(({ operation }) => operation)).toContain("added");
  });

  it("serves as it was while it cannot be read, and is tried again a minute later", async () => {
    const { state, client, fetched } = await openServed();
    await call(client, { api: "x", operation: "old" });
    state.document = undefined;
    later(HOUR + 1);
    await call(client, { api: "x", operation: "old" });
    await vi.waitFor(() => expect(fetched()).toBe(2));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await call(client, { api: "x", operation: "old" })).toMatchObject({ data: { at: "/old" } });
    expect(fetched()).toBe(2);
    state.document = describing("new");
    later(60_001);
    await vi.waitFor(async () => {
      expect(await call(client, { api: "x", operation: "new" })).toMatchObject({ data: { at: "/new" } });
    });
    expect(fetched()).toBe(3);
  });
});

it("a document in a file is read once", async () => {
  const { client } = await openDocumented(describing("old"));
  await call(client, { api: "x", operation: "old" });
  later(3 * HOUR);
  expect(await call(client, { api: "x", operation: "old" })).toMatchObject({ data: { ok: true } });
});
