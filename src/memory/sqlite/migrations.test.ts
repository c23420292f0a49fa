import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "../../../test/fixtures/cleanup.ts";
import { APPLICATION_ID, MIGRATIONS } from "./migrations.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const ana = { id: "ana" };
const INDEXED = 300;
const MEMORIES = 320;

/** A database as version 1 left it: the first memories are indexed, the last are not yet. */
function fillVersion1(file: string): void {
  const db = new Sqlite(file);
  db.pragma("journal_mode = wal");
  db.exec(MIGRATIONS[0] as string);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma("user_version = 1");
  db.prepare("insert into user (key, indexed) values ('ana', ?)").run(INDEXED);
  const memory = db.prepare(
    `insert into memory (id, uid, uuid, content, terms, tags, source, speaker, occurred_at, created, updated)
     values (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const tag = db.prepare("insert into tag (uid, name, id) values (1, ?, ?)");
  const index = db.prepare("insert into memory_index (rowid, terms) values (?, ?)");
  for (let number = 1; number <= MEMORIES; number++) {
    const id = 2 ** 32 + number;
    const [source, speaker, day] = number % 2 ? ["chat", "Ana", "2025-03-08"] : [null, null, null];
    const terms = `plan n${number}x${number % 2 ? " ana" : ""} work`;
    const uuid = `01a21427-f181-73c0-9305-${number.toString(16).padStart(12, "0")}`;
    const created = Date.UTC(2026, 0, 1) + number;
    memory.run(id, uuid, `Plan n${number}x`, terms, '["Work"]', source, speaker, day, created, created);
    tag.run("work", id);
    if (number <= INDEXED) index.run(id, terms.replace(/\S+/g, "1_$&"));
  }
  db.close();
}

describe("a database of version 1", () => {
  it("is taken over whole, and its memories are found by words and by filters", async () => {
    const file = join(temporaryFolder(), "memory.db");
    fillVersion1(file);
    const stores = await Promise.all(
      Array.from({ length: 4 }, () =>
        openSqliteStore({ file, maxMemories: 1000, maxMemoryLength: 500, enableSearch: true }),
      ),
    );
    for (const store of stores) whenDone(() => store.close());
    const [store] = stores as [(typeof stores)[0]];
    expect(await store.verify()).toEqual([]);
    expect(await store.stats(ana)).toMatchObject({ memories: MEMORIES, byTag: { work: MEMORIES } });
    for (const number of [1, INDEXED - 1, INDEXED + 1]) {
      const query = `n${number}x`;
      for (const filter of [{}, { tag: "work" }, { source: "chat", speaker: "ana" }, { before: "2025-03-09" }]) {
        const { results } = await store.search(ana, { query, ...filter });
        expect(results[0]?.content).toBe(`Plan n${number}x`);
      }
      expect((await store.search(ana, { query, after: "2026-01-01" })).results).toEqual([]);
    }
    const again = await store.add(ana, { content: "Plan n7x", source: "chat", speaker: "Ana" });
    expect(again).toMatchObject({ existing: true, version: 1 });
    for (const { id } of (await store.list(ana, { limit: 3, sort: "oldest" })).memories) await store.delete(ana, id);
    expect((await store.search(ana, { query: "n2x" })).results).toEqual([]);
    expect(await store.verify()).toEqual([]);
  });
});
