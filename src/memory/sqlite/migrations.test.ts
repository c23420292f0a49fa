import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import Sqlite from "better-sqlite3";
import { expect, it } from "vitest";
import { temporaryFolder, whenDone } from "../../../test/fixtures/cleanup.ts";
import { startProcess } from "../../../test/fixtures/spawn.ts";
import type { MemoryStore } from "../store.ts";
import { MIGRATIONS } from "./migrations.ts";
import { openSqliteStore } from "./sqlite-store.ts";

/**
 * test/fixtures/memory-v1.db.gz was written by version 1: 301 memories of ana (of notes 1 to 300 the last and number 240 were
 * deleted and 239 changed, then a conversation of two, and note 1 once more), an imported one of ben with its own id, and a user
 * who has deleted the only one.
 */
const ana = { id: "ana" };
const ben = { id: "ben@example.org" };

function copyOfVersion1(): string {
  const file = join(temporaryFolder(), "memory.db");
  writeFileSync(file, gunzipSync(readFileSync("test/fixtures/memory-v1.db.gz")));
  return file;
}

function versionOf(file: string): unknown {
  const db = new Sqlite(file, { readonly: true });
  try {
    return db.pragma("user_version", { simple: true });
  } finally {
    db.close();
  }
}

async function openStore(file: string, maxPages?: number): Promise<MemoryStore> {
  const limits = { maxMemories: 10_000, maxMemoryLength: 500, enableSearch: true };
  const store = await openSqliteStore({ file, ...limits, maxPages });
  whenDone(() => store.close());
  return store;
}

it("keeps, finds and goes on with the memories of version 1", async () => {
  const file = copyOfVersion1();
  expect(versionOf(file)).toBe(1);
  const store = await openStore(file);
  expect(versionOf(file)).toBe(MIGRATIONS.length);
  expect(await store.verify()).toEqual([]);
  expect(await store.users()).toEqual(expect.arrayContaining([ana.id, ben.id]));
  expect(await store.stats(ana)).toMatchObject({ memories: 301, characters: 2920, bytes: 2920, tags: 2 });
  expect((await store.list(ben)).memories).toEqual([
    {
      id: "018f0000-0000-7000-8000-0000000000aa",
      content: "Grüße aus Köln 東京",
      tags: ["Reise"],
      created_at: "2023-01-02T03:04:05.000Z",
      updated_at: "2023-01-02T03:04:05.000Z",
      version: 1,
      origin: expect.any(String),
    },
  ]);
  const found = async (query: string, filter = {}) =>
    (await store.search(ana, { query, ...filter })).results.map((memory) => memory.content);
  for (const word of ["n2x", "n200x", "n299x", "c239x"]) expect(await found(word), word).toHaveLength(1);
  for (const word of ["n240x", "n300x"])
    expect((await store.search(ana, { query: `"${word}"` })).results, word).toEqual([]);
  expect(await found("what does Ana drink? tea", { tag: "DRINKS", source: "conversation 1", speaker: "ana" })).toEqual([
    "Ana likes green tea",
  ]);
  expect((await store.list(ana, { before: "2024-06-01", after: "2024-05-01" })).memories).toHaveLength(1);

  // What was there is recognised, and can be changed and deleted.
  const again = await store.add(ana, { content: "note n77x" });
  expect(again).toMatchObject({ existing: true });
  await store.update(ana, again.id, { content: "note m77x", kind: "fact" });
  expect(await store.history(ana, again.id)).toMatchObject([{ version: 1, content: "note n77x" }]);
  await store.delete(ben, "018f0000-0000-7000-8000-0000000000aa");
  expect(await store.forget(ana, { all: true })).toBe(301);
  expect(await store.verify()).toEqual([]);
});

it("migrates once where several processes start at the same time, and none of them loses a write", async () => {
  const file = copyOfVersion1();
  const writers = Array.from({ length: 4 }, (_, index) =>
    startProcess({
      command: process.execPath,
      args: ["test/fixtures/memory-writer.ts", file, ana.id, `p${index}n`, "20", "2"],
      env: { PATH: process.env.PATH ?? "" },
    }),
  );
  await Promise.all(writers.map((writer) => once(writer.process, "close")));
  for (const writer of writers) {
    expect(writer.stderr()).toBe("");
    expect(writer.stdout().match(/remembers something/g)).toHaveLength(20);
  }
  const store = await openStore(file);
  expect(await store.stats(ana)).toMatchObject({ memories: 301 + 80 });
  expect(await store.verify()).toEqual([]);
}, 60_000);

it("leaves the database at its version where there is no room to migrate, and migrates once there is", async () => {
  const file = copyOfVersion1();
  const pages = statSync(file).size / 4096;
  await expect(openStore(file, pages + 2)).rejects.toMatchObject({ code: "storage_full" });
  expect(versionOf(file)).toBe(1);
  const store = await openStore(file);
  expect(await store.stats(ana)).toMatchObject({ memories: 301 });
  expect(await store.verify()).toEqual([]);
});
