import { beforeAll, describe } from "vitest";
import { whenDone } from "../../../test/fixtures/cleanup.ts";
import { NO_POSTGRES, type PostgresServer, startPostgres } from "../../../test/fixtures/postgres.ts";
import { describeForgetting } from "../forget-behaviour.ts";
import { describeLifecycle } from "../lifecycle-behaviour.ts";
import { describeSearch } from "../search-behaviour.ts";
import type { MemoryLimits } from "../store.ts";
import { describeStore } from "../store-behaviour.ts";
import { describeTransfer } from "../transfer-behaviour.ts";
import { openPostgresStore } from "./postgres-store.ts";

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

  describeStore("PostgreSQL", openStore);
  describeLifecycle("PostgreSQL", openStore);
  describeForgetting("PostgreSQL", openStore);
  describeTransfer("PostgreSQL", openStore);
  describeSearch("PostgreSQL", openStore);
});
