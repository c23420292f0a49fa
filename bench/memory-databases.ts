import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { openSqliteStore } from "../src/memory/sqlite/sqlite-store.ts";
import type { MemoryStore } from "../src/memory/store.ts";
import { createMemoryMaker } from "./zipf-memories.ts";

/** The large databases that the figures at 1,000,000 memories are measured on. */

export const maker = createMemoryMaker();
export const userOf = (number: number) => ({ id: `user ${number}` });

/** Memories that are added by one call, and by the calls of one transaction. */
const EACH_CALL = 100;
const EACH_ROUND = 5_000;

export function openBenchStore(file: string): Promise<MemoryStore> {
  return openSqliteStore({ file, maxMemories: 2_000_000, maxMemoryLength: 500, enableSearch: true });
}

/**
 * A store of `users` who have `each` memories, added by turns as users add them; user u has the memories from `u * each` on.
 * Where the file is there already, it is used as it is.
 */
export async function buildStore(file: string, { users = [0], each = 0 }: { users?: number[]; each?: number }) {
  await buildOnce(file, async (partial) => {
    const store = await openBenchStore(partial);
    let calls: Promise<unknown>[] = [];
    for (let from = 0; from < each; from += EACH_CALL) {
      for (const user of users) {
        const memories = Array.from({ length: EACH_CALL }, (_, index) => maker.memory(user * each + from + index));
        calls.push(store.addAll(userOf(user), memories));
        if (calls.length * EACH_CALL < EACH_ROUND) continue;
        await Promise.all(calls);
        calls = [];
      }
    }
    await Promise.all(calls);
    await store.close();
  });
  return { store: await openBenchStore(file), bytes: statSync(file).size };
}

/** The usual design: one full-text index (FTS5) of all users, joined with the table that says whose memory it is. */
export async function buildPlainIndex(file: string, { users, each }: { users: number; each: number }) {
  await buildOnce(file, async (partial) => {
    const db = new Sqlite(partial);
    db.pragma("journal_mode = wal");
    db.exec(`
      create table memory (id integer primary key, user text not null, content text not null);
      create virtual table memory_index using fts5(content, content='memory', content_rowid='id', tokenize='porter');
      begin`);
    const insert = db.prepare("insert into memory (user, content) values (?, ?)");
    for (let from = 0; from < each; from += EACH_CALL) {
      for (let user = 0; user < users; user++) {
        for (let index = from; index < from + EACH_CALL; index++) {
          insert.run(userOf(user).id, maker.memory(user * each + index).content);
        }
      }
    }
    db.exec(
      "create index memory_user on memory (user); insert into memory_index (memory_index) values ('rebuild'); commit",
    );
    db.close();
  });
  const db = new Sqlite(file);
  const select = db.prepare(
    `select memory.id, memory.content from memory_index join memory on memory.id = memory_index.rowid
     where memory_index match ? and user = ? order by bm25(memory_index) limit 10`,
  );
  return {
    search(user: { id: string }, query: string): unknown[] {
      const words = query.match(/[\p{L}\d]+/gu) ?? [];
      return select.all(words.map((word) => `"${word}"`).join(" OR "), user.id);
    },
    close: () => void db.close(),
  };
}

async function buildOnce(file: string, build: (partial: string) => Promise<void>): Promise<void> {
  if (existsSync(file)) return;
  const partial = `${file}.partial`;
  for (const ending of ["", "-wal", "-shm"]) rmSync(partial + ending, { force: true });
  const startedAt = performance.now();
  await build(partial);
  renameSync(partial, file);
  console.error(
    `  ${file.slice(join(file, "..").length + 1)} built in ${Math.round((performance.now() - startedAt) / 1000)} s`,
  );
}
