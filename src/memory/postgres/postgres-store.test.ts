import { beforeAll, describe, expect, it } from "vitest";
import { whenDone } from "../../../test/fixtures/cleanup.ts";
import { NO_POSTGRES, type PostgresServer, startPostgres } from "../../../test/fixtures/postgres.ts";
import { describeForgetting } from "../forget-behaviour.ts";
import { describeLifecycle } from "../lifecycle-behaviour.ts";
import { describeSearch } from "../search-behaviour.ts";
import type { MemoryLimits } from "../store.ts";
import { describeStore } from "../store-behaviour.ts";
import { describeTransfer } from "../transfer-behaviour.ts";
import { createConnection } from "./connection.ts";
import { removeAllOutdated } from "./maintenance.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { createWriteQueue } from "./write-queue.ts";

describe.skipIf(NO_POSTGRES)(NO_POSTGRES ?? "a PostgreSQL server", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });

  async function openStore(limits: Partial<MemoryLimits> = {}) {
    const url = await server.newDatabase();
    const store = await openPostgresStore({
      maxMemories: 1000,
      maxMemoryLength: 500,
      enableSearch: true,
      ...limits,
      url,
    });
    whenDone(() => store.close());
    return store;
  }

  it("is closed any number of times", async () => {
    const store = await openStore();
    await store.add({ id: "ana" }, { content: "a" });
    await Promise.all([store.close(), store.close()]);
    await store.close();
  });

  it("counts memories again whose successor has expired", async () => {
    const url = await server.newDatabase();
    const limits = { maxMemories: 1000, maxMemoryLength: 500, enableSearch: true, url };
    const store = await openPostgresStore(limits);
    whenDone(() => store.close());
    const user = { id: "ana" };
    const rome = await store.add(user, { content: "Rome" });
    const paris = await store.add(user, { content: "Paris", supersedes: rome.id, expires_at: "2999-01-01" });
    await server.query(url, `update patchbay.memory set expires = 1 where uuid = '${paris.id}'`);
    const connection = await createConnection(url);
    whenDone(() => connection.close());
    await removeAllOutdated(connection, createWriteQueue(connection), 0);
    expect((await store.search(user, { query: "Rome" })).results).toMatchObject([{ id: rome.id }]);
    expect(await store.stats(user)).toMatchObject({ memories: 1, superseded: 0 });
    expect(await store.verify()).toEqual([]);
  });

  describeStore("PostgreSQL", openStore);
  describeLifecycle("PostgreSQL", openStore);
  describeForgetting("PostgreSQL", openStore);
  describeTransfer("PostgreSQL", openStore);
  describeSearch("PostgreSQL", openStore);
});
