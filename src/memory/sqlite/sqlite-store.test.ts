import { join } from "node:path";
import { temporaryFolder, whenDone } from "../../../test/fixtures/cleanup.ts";
import { describeForgetting } from "../forget-behaviour.ts";
import { describeLifecycle } from "../lifecycle-behaviour.ts";
import { describeSearch } from "../search-behaviour.ts";
import type { MemoryLimits } from "../store.ts";
import { describeStore } from "../store-behaviour.ts";
import { describeTransfer } from "../transfer-behaviour.ts";
import { openSqliteStore } from "./sqlite-store.ts";

async function openStore(limits: Partial<MemoryLimits> = {}) {
  const file = join(temporaryFolder(), "memory.db");
  const store = await openSqliteStore({ maxMemories: 1000, maxMemoryLength: 500, enableSearch: true, ...limits, file });
  whenDone(() => store.close());
  return store;
}

describeStore("SQLite", openStore);
describeLifecycle("SQLite", openStore);
describeForgetting("SQLite", openStore);
describeTransfer("SQLite", openStore);
describeSearch("SQLite", openStore);
