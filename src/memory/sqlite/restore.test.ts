import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "../../../test/fixtures/cleanup.ts";
import type { MemoryStore } from "../store.ts";
import { collect, contents } from "../store-behaviour.ts";
import { MIGRATIONS } from "./migrations.ts";
import { checkBackup, restoreBackup } from "./restore.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const ana = { id: "ana" };
const ben = { id: "ben" };

async function openStore(file: string): Promise<MemoryStore> {
  const store = await openSqliteStore({ file, maxMemories: 100_000, maxMemoryLength: 5000, enableSearch: true });
  whenDone(() => store.close());
  return store;
}

/** A database of two users, and a backup of it. */
async function setUp() {
  const folder = temporaryFolder();
  const file = join(folder, "memory.db");
  const backup = join(folder, "backup.db");
  const store = await openStore(file);
  await store.add(ana, { content: "Ana prefers tea", tags: ["drinks"], source: "chat 1" });
  const changed = await store.add(ana, { content: "Ana lives in Porto" });
  await store.update(ana, changed.id, { content: "Ana lives in Lisbon" });
  await store.add(ben, { content: "Ben plays chess" });
  await store.backup(backup);
  const all = async (from: MemoryStore) => [await collect(from.export(ana)), await collect(from.export(ben))];
  return { folder, file, backup, store, all, saved: await all(store) };
}

const filesOf = (folder: string) => readdirSync(folder).sort();

describe("a backup", () => {
  it("is one file that its owner only may read, written while others write", async () => {
    const { folder, file, store } = await setUp();
    await store.import(
      ana,
      Array.from({ length: 5000 }, (_, index) => `{"content":"memory ${index} ${"x".repeat(500)}"}`).join("\n"),
    );
    const other = await openStore(file);
    let going = true;
    const writing = (async () => {
      let added = 0;
      for (; going; added++) await other.add(ben, { content: `written meanwhile ${added}` });
      return added;
    })();
    const copy = join(folder, "copy.db");
    await store.backup(copy);
    going = false;
    expect(await writing).toBeGreaterThan(0);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(filesOf(folder).filter((name) => name.startsWith("copy"))).toEqual(["copy.db"]);
    expect(await checkBackup(copy, folder)).toMatchObject({ users: 2, problems: [] });
    await expect(store.backup(copy)).rejects.toMatchObject({ code: "invalid_input" });
    await expect(store.backup(join(folder, "none", "copy.db"))).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("holds nothing of what was deleted before", async () => {
    const { folder, store } = await setUp();
    const secret = await store.add(ana, { content: "xylophone-secret-4711" });
    await store.update(ana, secret.id, { content: "changed" });
    await store.delete(ana, secret.id);
    const copy = join(folder, "copy.db");
    await store.backup(copy);
    expect(readFileSync(copy).includes("xylophone")).toBe(false);
    expect(readFileSync(copy).includes("prefers tea")).toBe(true);
  });
});

describe("restoring", () => {
  it("brings back everything of all users, and nothing else is left, while stores are open", async () => {
    const { folder, file, backup, store, all, saved } = await setUp();
    const other = await openStore(file);
    await other.add(ben, { content: "xylophone-later" });
    await other.add({ id: "cleo" }, { content: "Cleo is new" });
    await store.forget(ana, { all: true });
    await store.add(ana, { content: "Ana prefers coffee now" });
    expect((await store.search(ana, { query: "coffee" })).results).toHaveLength(1);

    const before = await all(store);
    const { replaced = "", ...restored } = await restoreBackup({ file }, backup);
    expect(restored).toEqual({ users: 2, memories: 3 });

    for (const open of [store, other, await openStore(file)]) {
      expect(await all(open)).toEqual(saved);
      expect(contents((await open.search(ana, { query: "lisbon" })).results)).toEqual(["Ana lives in Lisbon"]);
      expect((await open.search(ana, { query: "coffee" })).results).toEqual([]);
      expect(await open.verify()).toEqual([]);
      const added = await open.add(ana, { content: `Ana goes on ${Math.random()}` });
      expect((await open.get(ana, added.id)).content).toBe(added.content);
      await open.delete(ana, added.id);
    }
    expect(await store.users()).toEqual(["ana", "ben"]);
    expect(filesOf(folder).filter((name) => name.includes("restore"))).toEqual([]);
    for (const name of filesOf(folder)) {
      expect([name, readFileSync(join(folder, name)).includes("xylophone")]).toEqual([
        name,
        join(folder, name) === replaced,
      ]);
    }

    expect(basename(replaced)).toMatch(/^memory\.replaced-\d{4}-\d\d-\d\dT[\d-]+Z\.db$/);
    expect(statSync(replaced).mode & 0o777).toBe(0o600);
    await restoreBackup({ file }, replaced);
    expect(await all(store)).toEqual(before);
    expect(await collect(store.export({ id: "cleo" }))).toMatchObject([{ content: "Cleo is new" }]);
  });

  it("waits for a writer, and leaves all as it was where that takes too long", async () => {
    const { file, backup, store, all } = await setUp();
    await store.add(ana, { content: "added later" });
    const before = await all(store);
    const writer = new Sqlite(file);
    whenDone(() => writer.close());
    writer.exec("begin immediate");
    await expect(restoreBackup({ file, lockTimeoutMs: 200 }, backup)).rejects.toMatchObject({ code: "storage_locked" });
    expect(await all(store)).toEqual(before);
    expect(filesOf(dirname(file)).filter((name) => name.includes("replaced"))).toEqual([]);
    setTimeout(() => writer.exec("rollback"), 100);
    expect(await restoreBackup({ file, lockTimeoutMs: 5000 }, backup)).toMatchObject({ memories: 3 });
    expect(await store.verify()).toEqual([]);
  });

  it("removes what a restore that was ended in the middle has left", async () => {
    const { folder, file, backup } = await setUp();
    const [old, current] = [join(folder, "memory.restore-old"), join(folder, "memory.restore-now")];
    for (const left of [old, current]) mkdirSync(left);
    writeFileSync(join(old, "memory.db"), "left");
    utimesSync(old, 1_700_000_000, 1_700_000_000);
    await restoreBackup({ file }, backup);
    expect([existsSync(old), existsSync(current)]).toEqual([false, true]);
  });

  it("makes the database where there is none", async () => {
    const { folder, backup, all, saved } = await setUp();
    const file = join(folder, "new", "memory.db");
    expect(await restoreBackup({ file }, backup)).toEqual({ users: 2, memories: 3 });
    expect(await all(await openStore(file))).toEqual(saved);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("takes a backup of the first version", async () => {
    const { folder, file, store } = await setUp();
    const old = join(folder, "old.db");
    const db = new Sqlite(old);
    db.exec(MIGRATIONS[0] ?? "");
    db.exec(`insert into user (uid, key) values (7, 'ana');
      insert into memory (id, uid, uuid, content, terms, tags, created, updated)
      values ((7 << 32) + 1, 7, '01a2138e-1b14-7103-a717-140f00000001', 'Ana prefers tea', 'ana prefer tea', '[]', 1000, 2000);`);
    db.pragma("application_id = 0x50617463");
    db.pragma("user_version = 1");
    db.close();
    const bytes = readFileSync(old);
    expect(await checkBackup(old, folder)).toEqual({ users: 1, memories: 1, problems: [] });
    expect(await restoreBackup({ file }, old)).toMatchObject({ users: 1, memories: 1 });
    expect(readFileSync(old).equals(bytes)).toBe(true);
    expect(await collect(store.export(ana))).toMatchObject([{ content: "Ana prefers tea", version: 1 }]);
    expect(contents((await store.search(ana, { query: "tea" })).results)).toEqual(["Ana prefers tea"]);
    expect(await store.users()).toEqual(["ana"]);
  });

  it("refuses what is no backup, or a damaged one, and changes nothing", async () => {
    const { folder, file, backup, store, all, saved } = await setUp();
    const at = (name: string) => join(folder, name);
    writeFileSync(at("text"), "no database");
    writeFileSync(at("empty"), "");
    new Sqlite(at("other.db")).exec("create table t (x)").close();
    mkdirSync(at("folder"));
    for (const name of ["text", "empty", "other.db", "folder", "none"]) {
      await expect(restoreBackup({ file }, at(name))).rejects.toMatchObject({ code: "invalid_input" });
    }
    const bytes = readFileSync(backup);
    writeFileSync(at("newer.db"), bytes);
    const newer = new Sqlite(at("newer.db"));
    newer.pragma(`user_version = ${MIGRATIONS.length + 1}`);
    newer.close();
    await expect(restoreBackup({ file }, at("newer.db"))).rejects.toMatchObject({ code: "storage_error" });
    writeFileSync(at("short.db"), bytes);
    truncateSync(at("short.db"), bytes.length / 2);
    writeFileSync(at("torn.db"), Buffer.from(bytes).fill(0x5a, 4096 * 5, 4096 * 9));
    for (const name of ["short.db", "torn.db"]) {
      expect((await checkBackup(at(name), folder)).problems).not.toEqual([]);
      await expect(restoreBackup({ file }, at(name))).rejects.toMatchObject({ code: "storage_corrupt" });
    }
    expect(await all(store)).toEqual(saved);
    expect(await store.verify()).toEqual([]);
    expect(filesOf(folder).filter((name) => name.includes("restore"))).toEqual([]);
  });

  it("replaces a database that is damaged, and keeps that one aside", async () => {
    const { folder, file, backup, store, all, saved } = await setUp();
    await store.close();
    const bytes = readFileSync(file);
    writeFileSync(file, Buffer.from(bytes).fill(0x5a, 4096));
    expect(await restoreBackup({ file }, backup)).toMatchObject({ users: 2, memories: 3 });
    expect(await all(await openStore(file))).toEqual(saved);

    const elsewhere = join(folder, "b.db");
    writeFileSync(elsewhere, "this was a database".repeat(1000));
    const { damaged = "" } = await restoreBackup({ file: elsewhere }, backup);
    expect(existsSync(damaged)).toBe(true);
    expect(await all(await openStore(elsewhere))).toEqual(saved);
  });
});
