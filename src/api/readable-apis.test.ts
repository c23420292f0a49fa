import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openClient, SHOP } from "../../test/fixtures/api-client.ts";
import { type Script, startHttpServer, startSilentServer } from "../../test/fixtures/http-server.ts";

const document = minimalDocument({ "/parcels": { get: { operationId: "listParcels", summary: "List all parcels" } } });
const parcels = { query: "list parcels", limit: 5 };
const orders = { query: "list orders", limit: 5 };

/** How long something takes, in ms, with what comes of it. */
async function timed<T>(work: () => Promise<T>): Promise<[ms: number, result: T]> {
  const startedAt = performance.now();
  const result = await work();
  return [performance.now() - startedAt, result];
}

/** A client of the shop, whose document is in a file, and of an API whose document comes from this server. */
async function openBoth(script: Script, timeout = 20) {
  const server = await startHttpServer(script);
  const slow = { openapi: `${server.url}/openapi.json`, privateNetwork: true, timeout };
  return { server, client: openClient({ shop: { openapi: SHOP, apiUrl: server.url }, slow }) };
}

describe("an API whose document does not come", () => {
  it("holds a question to all up for two seconds, and the next ones not at all", async () => {
    const { port } = await startSilentServer();
    const openapi = `http://127.0.0.1:${port}/openapi.json`;
    const client = openClient({ shop: { openapi: SHOP }, silent: { openapi, timeout: 20 } });
    const [first, reply] = await timed(() => client.search(orders));
    expect(first).toBeLessThan(4000);
    expect(reply.operations[0]).toMatchObject({ api: "shop" });
    expect(reply.warnings).toContain('The OpenAPI document of API "silent" has not arrived yet.');
    const { operation } = reply.operations[0]!;
    const [next] = await timed(async () => {
      await client.search(orders);
      await client.describe({ operation });
    });
    expect(next).toBeLessThan(1000);
  });

  it("is remembered also after it failed, and tells why", async () => {
    const { server, client } = await openBoth({ fault: "hang" }, 0.5);
    await client.search(orders);
    const [next, { warnings }] = await timed(() => client.search(orders));
    expect(next).toBeLessThan(300);
    expect(warnings).toContain('The OpenAPI document of API "slow" did not arrive in full within 0.5 s.');
    expect(server.requests).toHaveLength(1);
  });

  it("is still read meanwhile, and found once it is there", async () => {
    const { server, client } = await openBoth({ json: document, delayMs: 2600 });
    expect((await client.search(parcels)).warnings?.join()).toContain("has not arrived yet");
    await sleep(1000);
    const reply = await client.search(parcels);
    expect(reply.operations[0]).toMatchObject({ api: "slow", operation: "listParcels" });
    expect(reply).not.toHaveProperty("warnings");
    expect(server.requests).toHaveLength(1);
  });

  it("is read anew by a call of it, and found from then on", async () => {
    const { client } = await openBoth((_, count) => (count === 1 ? { fault: "hang" } : { json: document }), 0.5);
    expect((await client.search(parcels)).warnings?.join()).toContain("did not arrive");
    await call(client, { api: "slow", operation: "listParcels" });
    expect((await client.search(parcels)).operations[0]).toMatchObject({ api: "slow" });
  });

  it("is waited for where it is named, or where there is no other", async () => {
    const { client } = await openBoth({ json: document, delayMs: 2300 });
    expect((await client.search({ ...parcels, api: "slow" })).operations).toHaveLength(1);
    const server = await startHttpServer({ json: document, delayMs: 2300 });
    const alone = openClient({ x: { openapi: `${server.url}/openapi.json`, timeout: 20 } });
    expect((await alone.search(parcels)).operations).toHaveLength(1);
  });
});

it("a document that is refused at once is asked for again by the next question", async () => {
  const { client } = await openBoth((_, count) => (count === 1 ? { status: 404 } : { json: document }));
  expect((await client.search(parcels)).warnings?.join()).toContain("404");
  expect((await client.search(parcels)).operations[0]).toMatchObject({ api: "slow" });
});

it("where nothing can be read, the first reason is given", async () => {
  const server = await startHttpServer({ status: 404 });
  const client = openClient({ a: { openapi: `${server.url}/a.json` }, b: { openapi: `${server.url}/b.json` } });
  expect((await failure(client.search(parcels))).message).toContain('API "a"');
  expect((await failure(client.describe({ operation: "listParcels" }))).message).toContain('API "a"');
});
