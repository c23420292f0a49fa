import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { whenDone } from "../../../test/fixtures/cleanup.ts";
import { NO_POSTGRES, type PostgresServer, startPostgres } from "../../../test/fixtures/postgres.ts";
import { runProcess } from "../../../test/fixtures/spawn.ts";
import type { MemoryLimits, MemoryStore } from "../store.ts";
import { createConnection } from "./connection.ts";
import { removeAllOutdated } from "./maintenance.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { createWriteQueue } from "./write-queue.ts";

const ana = { id: "ana" };
const ben = { id: "ben" };
const LIMITS = { maxMemories: 1_000_000, maxMemoryLength: 500, enableSearch: true };

/** A process of test/fixtures/memory-writer.ts. */
function write(url: string, prefix: string, count: number, options: { atOnce?: number; maxMemories?: number } = {}) {
  const { atOnce = 1, maxMemories = 1_000_000 } = options;
  const words = [url, ana.id, prefix, count, atOnce, maxMemories].map(String);
  return runProcess({
    command: process.execPath,
    args: ["test/fixtures/memory-writer.ts", ...words],
    env: { PATH: process.env.PATH ?? "" },
  });
}

const linesOf = (output: string): string[] => output.trim().split("\n").slice(1);

async function storedContents(store: MemoryStore): Promise<Set<string>> {
  const contents = new Set<string>();
  for await (const memory of store.export(ana)) contents.add(memory.content);
  return contents;
}

describe.skipIf(NO_POSTGRES)(NO_POSTGRES ?? "several servers on one PostgreSQL database", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });

  async function openStore(url: string, limits: Partial<MemoryLimits> = {}): Promise<MemoryStore> {
    const store = await openPostgresStore({ ...LIMITS, ...limits, url });
    whenDone(() => store.close());
    return store;
  }

  it("keep every memory of four processes that begin with an empty database at once", async () => {
    const url = await server.newDatabase();
    const runs = await Promise.all([1, 2, 3, 4].map((index) => write(url, `p${index}n`, 100, { atOnce: index })));
    for (const run of runs) expect(run).toMatchObject({ code: 0, stderr: "" });
    const store = await openStore(url);
    const stored = await storedContents(store);
    expect(stored.size).toBe(400);
    for (const run of runs) for (const content of linesOf(run.stdout)) expect(stored.has(content)).toBe(true);
    expect(await store.verify()).toEqual([]);
  });

  it("make the tables of an empty database once, however many of them start", async () => {
    for (let round = 0; round < 5; round++) {
      const url = await server.newDatabase();
      const stores = await Promise.all(Array.from({ length: 8 }, () => openStore(url)));
      await Promise.all(stores.map((store, index) => store.add(ana, { content: `memory ${index}` })));
      expect((await stores[0]?.list(ana))?.total).toBe(8);
    }
  });

  it("count a limit exactly together", async () => {
    const url = await server.newDatabase();
    const runs = await Promise.all(
      [1, 2, 3].map((index) => write(url, `p${index}n`, 60, { atOnce: 3, maxMemories: 100 })),
    );
    for (const run of runs) expect(run).toMatchObject({ code: 0, stderr: "" });
    const lines = runs.flatMap((run) => linesOf(run.stdout));
    expect(lines.filter((line) => line === "failed limit_reached")).toHaveLength(80);
    expect(lines).toHaveLength(180);
    const store = await openStore(url);
    expect(await store.stats(ana)).toMatchObject({ memories: 100 });
    expect(await store.verify()).toEqual([]);
  });

  it("see each other's changes at once", async () => {
    const url = await server.newDatabase();
    const [one, other] = [await openStore(url), await openStore(url)];
    const { id } = await one.add(ana, { content: "Ana prefers tea" });
    expect((await other.search(ana, { query: "tea" })).results).toHaveLength(1);
    await other.update(ana, id, { content: "Ana prefers coffee" });
    expect(await one.get(ana, id)).toMatchObject({ content: "Ana prefers coffee", version: 2 });
    await one.delete(ana, id);
    expect(await other.list(ana)).toMatchObject({ total: 0 });
  });

  it("add the same content, and what has the same idempotency key, once", async () => {
    const url = await server.newDatabase();
    const stores = [await openStore(url), await openStore(url)];
    const adds = Array.from({ length: 40 }, (_, index) => {
      const store = stores[index % 2] as MemoryStore;
      return index < 20
        ? store.add(ana, { content: "Ana prefers tea" })
        : store.add(ana, { content: "Ana has a cat" }, { idempotencyKey: "call 1" });
    });
    const ids = (await Promise.all(adds)).map((memory) => memory.id);
    expect(new Set(ids.slice(0, 20)).size).toBe(1);
    expect(new Set(ids.slice(20)).size).toBe(1);
    expect((await stores[0]?.list(ana))?.total).toBe(2);
  });

  it("change one memory at once without losing a version", async () => {
    const url = await server.newDatabase();
    const stores = [await openStore(url), await openStore(url)];
    const { id } = (await stores[0]?.add(ana, { content: "draft" })) ?? { id: "" };
    const texts = Array.from({ length: 12 }, (_, index) => `text ${index}`);
    await Promise.all(texts.map((content, index) => stores[index % 2]?.update(ana, id, { content })));
    const versions = await stores[1]?.history(ana, id);
    expect(versions?.map((version) => version.version)).toEqual(texts.map((_, index) => index + 1));
    const last = await stores[0]?.get(ana, id);
    expect(new Set([...(versions ?? []), last].map((version) => version?.content))).toEqual(
      new Set(["draft", ...texts]),
    );
  });

  it("go on when the database was restarted, or a connection was ended", async () => {
    const own = await startPostgres();
    const url = await own.newDatabase();
    const store = await openStore(url);
    await store.add(ana, { content: "before" });
    await own.stop();
    await expect(store.add(ana, { content: "meanwhile" })).rejects.toMatchObject({
      code: "storage_error",
      retryable: true,
      message: "The memory database (PostgreSQL) cannot be reached.",
    });
    await own.start();
    await store.add(ana, { content: "after" });
    for (let round = 0; round < 5; round++) {
      await own.query(
        url,
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'patchbay-mcp'",
      );
      await store.add(ana, { content: `round ${round}` });
      await own.query(
        url,
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'patchbay-mcp'",
      );
      expect((await store.list(ana)).total).toBe(3 + round);
    }
    expect(await store.verify()).toEqual([]);
  });

  it("lose and double nothing where connections are ended while they write", async () => {
    const url = await server.newDatabase();
    const store = await openStore(url);
    const acknowledged: string[] = [];
    const writers = [ana, ben].map(async (user) => {
      for (let index = 0; index < 150; index++) {
        const content = `${user.id} ${index}`;
        await store.add(user, { content });
        acknowledged.push(content);
      }
    });
    const all = Promise.all(writers);
    let done = false;
    void all.finally(() => {
      done = true;
    });
    let ended = 0;
    while (!done) {
      const rows = await server.query<{ done: boolean }>(
        url,
        `select pg_terminate_backend(pid) as done from pg_stat_activity
         where application_name = 'patchbay-mcp' and datname = current_database()`,
      );
      ended += rows.length;
      await sleep(20 + Math.random() * 40);
    }
    await all;
    const stored: string[] = [];
    for (const user of [ana, ben]) for await (const memory of store.export(user)) stored.push(memory.content);
    expect(stored.sort()).toEqual(acknowledged.sort());
    expect(ended).toBeGreaterThan(5);
    expect(await store.verify()).toEqual([]);
  });

  it("remove what has expired for good, also when several do so at once", async () => {
    const url = await server.newDatabase();
    const store = await openStore(url, { keepDeletedDays: 1 });
    const soon = new Date(Date.now() + 300).toISOString();
    const { id } = await store.add(ana, { content: "for a moment", tags: ["soon"], expires_at: soon });
    await store.update(ana, id, { content: "for a short moment" });
    await store.add(ana, { content: "for good" }, { idempotencyKey: "call 1" });
    const deleted = await store.add(ben, { content: "deleted" });
    await store.delete(ben, deleted.id);
    await sleep(350);
    expect((await store.list(ana)).memories).toMatchObject([{ content: "for good" }]);
    expect((await store.search(ana, { query: "moment" })).results).toEqual([]);

    await server.query(url, "update patchbay.trash set deleted = 0; update patchbay.idempotency set created = 0");
    const connections = await Promise.all([1, 2, 3].map(() => createConnection(url)));
    await Promise.all(connections.map((connection) => removeAllOutdated(connection, createWriteQueue(connection), 1)));
    await Promise.all(connections.map((connection) => connection.close()));
    const left = await server.query<Record<string, number>>(
      url,
      `select (select count(*)::int from patchbay.memory) as memories, (select count(*)::int from patchbay.history) as history,
         (select count(*)::int from patchbay.trash) as trash, (select count(*)::int from patchbay.idempotency) as keys,
         (select count(*)::int from patchbay.posting) as postings`,
    );
    expect(left).toEqual([{ memories: 1, history: 0, trash: 0, keys: 0, postings: 1 }]);
    expect(await store.stats(ana)).toMatchObject({ memories: 1, bytes: 8 });
    expect(await store.verify()).toEqual([]);
  });
});
