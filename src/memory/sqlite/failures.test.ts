import { chmodSync, copyFileSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "../../../test/fixtures/cleanup.ts";
import type { MemoryStore } from "../store.ts";
import { openSqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";

const ana = { id: "ana" };

async function openStore(file: string, options: Partial<SqliteStoreOptions> = {}): Promise<MemoryStore> {
  const limits = { maxMemories: 100_000, maxMemoryLength: 5000, enableSearch: true };
  const store = await openSqliteStore({ ...limits, lockTimeoutMs: 300, ...options, file });
  whenDone(() => store.close());
  return store;
}

/** A connection of another program. */
function openElsewhere(file: string) {
  const db = new Sqlite(file, { timeout: 0 });
  whenDone(() => db.close());
  return db;
}

/** What a caller must never see. */
const noHostPath = { message: expect.not.stringContaining("/"), hint: expect.not.stringMatching(/\/(tmp|var|home)/) };

describe("a new database", () => {
  it("is made with its folders, for its owner only", async () => {
    const folder = join(temporaryFolder(), "a", "b");
    const store = await openStore(join(folder, "memory.db"));
    await store.add(ana, { content: "x" });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of ["memory.db", "memory.db-wal", "memory.db-shm"]) {
      expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
    }
  });

  it("is made once by many that start at the same time", async () => {
    const file = join(temporaryFolder(), "memory.db");
    const stores = await Promise.all(Array.from({ length: 8 }, () => openStore(file, { lockTimeoutMs: 10_000 })));
    await Promise.all(stores.map((store, index) => store.add(ana, { content: `memory ${index}` })));
    expect((await stores[0]?.list(ana))?.total).toBe(8);
  });

  it("cannot be made where its folder is a file", async () => {
    const file = join(temporaryFolder(), "data");
    writeFileSync(file, "");
    await expect(openStore(join(file, "memory.db"))).rejects.toMatchObject({ code: "storage_error", ...noHostPath });
  });

  it("takes no other program's file, and leaves it as it is", async () => {
    const file = join(temporaryFolder(), "memory.db");
    openElsewhere(file).exec("create table contacts (name text); insert into contacts values ('x')");
    const before = readFileSync(file);
    await expect(openStore(file)).rejects.toMatchObject({
      code: "storage_error",
      message: "The file memory.db in the data folder is no memory database of Patchbay.",
    });
    expect(openElsewhere(file).prepare("select name from contacts").pluck().get()).toBe("x");
    expect(before.length).toBe(readFileSync(file).length);
  });

  it("takes no database of a newer version", async () => {
    const file = join(temporaryFolder(), "memory.db");
    await (await openStore(file)).close();
    openElsewhere(file).pragma("user_version = 99");
    await expect(openStore(file)).rejects.toMatchObject({
      code: "storage_error",
      message: expect.stringMatching(/newer/),
    });
  });
});

describe("a database that another program has locked", () => {
  it("is read meanwhile; a write waits, without holding the server up, and then says so", async () => {
    const file = join(temporaryFolder(), "memory.db");
    const store = await openStore(file);
    await store.add(ana, { content: "tea" });
    const other = openElsewhere(file);
    other.exec("begin immediate");

    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const write = store.add(ana, { content: "coffee" });
    expect(await store.list(ana)).toMatchObject({ total: 1 });
    expect((await store.search(ana, { query: "tea" })).results).toHaveLength(1);
    await expect(write).rejects.toMatchObject({
      code: "storage_locked",
      retryable: true,
      retryAfterMs: 1000,
      ...noHostPath,
    });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);

    const patient = store.add(ana, { content: "cocoa" });
    setTimeout(() => other.exec("commit"), 50);
    await patient;
    expect(await store.list(ana)).toMatchObject({ total: 2 });
  });

  it("holds reads up too where the lock is exclusive, until it is free", async () => {
    const file = join(temporaryFolder(), "memory.db");
    await (await openStore(file)).close();
    const other = openElsewhere(file);
    other.pragma("locking_mode = exclusive");
    other.exec("begin exclusive");
    await expect(openStore(file)).rejects.toMatchObject({ code: "storage_locked", retryable: true });
    const opening = openStore(file, { lockTimeoutMs: 5000 });
    setTimeout(() => other.close(), 50);
    await (await opening).add(ana, { content: "x" });
  });
});

describe("a database that is full", () => {
  it("refuses what it has no room for, keeps and finds the rest, and goes on when there is room", async () => {
    const store = await openStore(join(temporaryFolder(), "memory.db"), { maxPages: 80 });
    const kept: string[] = [];
    let failure: unknown;
    for (let index = 0; index < 500 && failure === undefined; index++) {
      const content = `fact n${index}x ${"text ".repeat(100)}`;
      await store.add(ana, { content }).then(
        (memory) => kept.push(memory.id),
        (error: unknown) => (failure = error),
      );
    }
    expect(failure).toMatchObject({ code: "storage_full", retryable: true, ...noHostPath });
    expect(kept.length).toBeGreaterThan(50);
    expect(await store.list(ana)).toMatchObject({ total: kept.length });
    expect((await store.search(ana, { query: "n3x" })).results).toHaveLength(1);

    // Deleting makes room, and works although there is none.
    for (const id of kept.slice(0, 20)) await store.delete(ana, id);
    await store.add(ana, { content: "there is room again" });
    expect(await store.list(ana)).toMatchObject({ total: kept.length - 20 + 1 });
    expect(await store.verify()).toEqual([]);
  });

  it("refuses only the write that does not fit of several at once", async () => {
    const store = await openStore(join(temporaryFolder(), "memory.db"), { maxPages: 40, maxMemoryLength: 1_000_000 });
    const outcomes = await Promise.allSettled([
      store.add(ana, { content: "small" }),
      store.add(ana, { content: "big ".repeat(200_000) }),
      store.add(ana, { content: "small too" }),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await store.list(ana)).memories.map((memory) => memory.content)).toEqual(["small too", "small"]);
  });
});

describe("a database that may not be written", () => {
  /** Acts as a user without rights for `work`: root may write everything. */
  async function unprivileged(work: () => Promise<void>): Promise<void> {
    const root = process.geteuid?.() === 0;
    if (root) process.seteuid?.(65_534);
    try {
      await work();
    } finally {
      if (root) process.seteuid?.(0);
    }
  }

  it("says so for writes, and works again when it may be written", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "memory.db");
    const first = await openStore(file);
    await first.add(ana, { content: "tea" });
    await first.close();
    chmodSync(file, 0o444);
    chmodSync(folder, 0o555);
    await unprivileged(async () => {
      await expect(openStore(file)).rejects.toMatchObject({
        code: "storage_read_only",
        retryable: false,
        ...noHostPath,
      });
      await expect(openStore(join(folder, "sub", "memory.db"))).rejects.toMatchObject({ code: "storage_read_only" });
    });
    chmodSync(folder, 0o755);
    chmodSync(file, 0o644);
    await (await openStore(file)).add(ana, { content: "coffee" });
  });

  it("is read as far as its folder allows", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "memory.db");
    const first = await openStore(file);
    await first.add(ana, { content: "tea" });
    await first.close();
    chmodSync(file, 0o444);
    chmodSync(folder, 0o777);
    await unprivileged(async () => {
      const store = await openStore(file);
      expect((await store.search(ana, { query: "tea" })).results).toHaveLength(1);
      await expect(store.add(ana, { content: "x" })).rejects.toMatchObject({ code: "storage_read_only" });
      expect(await store.list(ana)).toMatchObject({ total: 1 });
    });
    chmodSync(file, 0o644);
  });
});

describe("a damaged database", () => {
  async function filled(): Promise<string> {
    const file = join(temporaryFolder(), "memory.db");
    const store = await openStore(file);
    await Promise.all(Array.from({ length: 600 }, (_, index) => store.add(ana, { content: `fact n${index}x` })));
    await store.close();
    return file;
  }

  it("says so, is left as it is, and works again once it is repaired", async () => {
    const file = await filled();
    copyFileSync(file, `${file}.good`);
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 4096 * 40);
    writeFileSync(file, bytes);

    const store = await openStore(file);
    await expect(store.list(ana, { limit: 100 })).rejects.toMatchObject({ code: "storage_corrupt", ...noHostPath });
    await expect(store.add(ana, { content: "x" })).rejects.toMatchObject({ code: "storage_corrupt" });
    expect((await store.verify().catch((error: { code: string }) => [error.code])).length).toBeGreaterThan(0);
    expect(readFileSync(file).subarray(4096 * 40, 4096 * 41)).toEqual(Buffer.alloc(4096, 0x5a));

    writeFileSync(file, readFileSync(`${file}.good`));
    expect(await store.list(ana)).toMatchObject({ total: 600 });
    await store.add(ana, { content: "x" });
  });

  it("is told from something else by its first bytes", async () => {
    const file = join(temporaryFolder(), "memory.db");
    writeFileSync(file, "no database at all ".repeat(500));
    await expect(openStore(file)).rejects.toMatchObject({ code: "storage_corrupt", ...noHostPath });
    expect(readFileSync(file, "utf8")).toContain("no database at all");
  });

  it("is found by verify, also where only the index is wrong", async () => {
    const file = await filled();
    const db = openElsewhere(file);
    db.exec("insert into memory_index (memory_index) values ('delete-all'); update user set removed = removed + 1");
    expect(await (await openStore(file)).verify()).toEqual([
      expect.stringMatching(/600 memories, but 599 are counted/),
      expect.stringMatching(/memories are missing from the search index/),
    ]);
  });
});

describe("a database that was taken away from a running server", () => {
  const gone = {
    code: "storage_error",
    message: "The memory database was removed or replaced while the server was running.",
  };
  /** It is looked for the file at most every 2 ms. */
  const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
  const move = (from: string, to: string): void => {
    for (const end of ["", "-wal", "-shm"]) if (existsSync(`${from}${end}`)) renameSync(`${from}${end}`, `${to}${end}`);
  };

  it("takes no write that would vanish, and works again when it is back", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "memory.db");
    const store = await openStore(file);
    await store.add(ana, { content: "before" });
    await pause();
    move(file, join(folder, "away.db"));
    await expect(store.add(ana, { content: "lost" })).rejects.toMatchObject(gone);
    await expect(store.add(ana, { content: "lost too" })).rejects.toMatchObject(gone);
    await expect(store.list(ana)).rejects.toMatchObject(gone);
    expect(existsSync(file)).toBe(false);
    move(join(folder, "away.db"), file);
    expect(await store.add(ana, { content: "after" })).toMatchObject({ content: "after" });
  });

  it("goes on with the one that was put in its place", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "memory.db");
    const other = await openStore(join(folder, "other.db"));
    await other.add(ana, { content: "of the other" });
    await other.close();
    const store = await openStore(file);
    await store.add(ana, { content: "before" });
    move(file, join(folder, "away.db"));
    move(join(folder, "other.db"), file);
    await pause();
    await expect(store.add(ana, { content: "lost" })).rejects.toMatchObject(gone);
    expect(await store.list(ana)).toMatchObject({ memories: [{ content: "of the other" }] });
    await store.add(ana, { content: "kept" });
    expect(await store.list(ana)).toMatchObject({ total: 2 });
  });
});

describe("a backup", () => {
  it("is a whole database of its own, taken while writes go on", async () => {
    const folder = temporaryFolder();
    const store = await openStore(join(folder, "memory.db"));
    await Promise.all(Array.from({ length: 300 }, (_, index) => store.add(ana, { content: `fact n${index}x` })));
    const writes = Promise.all(Array.from({ length: 50 }, (_, index) => store.add(ana, { content: `later ${index}` })));
    const copy = join(folder, "copy.db");
    await store.backup(copy);
    await writes;
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(existsSync(`${copy}.partial`)).toBe(false);

    const restored = await openStore(copy);
    expect((await restored.list(ana)).total).toBeGreaterThanOrEqual(300);
    expect((await restored.search(ana, { query: "n123x" })).results).toHaveLength(1);
    expect(await restored.verify()).toEqual([]);
    await expect(store.backup(copy)).rejects.toMatchObject({ code: "invalid_input" });
    await expect(store.backup(join(folder, "none", "copy.db"))).rejects.toMatchObject({ code: "invalid_input" });
  });
});
