import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, it } from "vitest";
import { temporaryFolder, whenDone } from "../../../test/fixtures/cleanup.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const ana = { id: "ana" };
/** A word that nothing else contains, whole or in part; letters that the stemmer leaves alone. */
const secretWord = (index: number): string => `zq${String(index).padStart(5, "0")}qz`;

async function openStore(folder: string) {
  const file = join(folder, "memory.db");
  const store = await openSqliteStore({ file, maxMemories: 10_000, maxMemoryLength: 500, enableSearch: true });
  whenDone(() => store.close());
  return store;
}

/** The secret words in any file of the folder, as they are in memory contents and in the index. */
function wordsIn(folder: string): Set<string> {
  const words = new Set<string>();
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name)).toString("latin1");
    for (const [word] of bytes.matchAll(/zq\d{5}qz/g)) words.add(word);
  }
  return words;
}

/** How often the end of any secret word is there: the index shortens a word by what it shares with the one before. */
function endsIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => {
    return sum + (readFileSync(join(folder, name)).toString("latin1").match(/\dqz/g)?.length ?? 0);
  }, 0);
}

it("leaves nothing of deleted and replaced memories in any file, at once", async () => {
  const folder = temporaryFolder();
  const store = await openStore(folder);
  const words = Array.from({ length: 400 }, (_, index) => secretWord(index));
  const added = await Promise.all(
    words.map((word) =>
      store.add(ana, { content: `Ana's pass phrase is ${word}`, tags: [`tag ${word}`], speaker: word }),
    ),
  );
  expect(wordsIn(folder).size).toBe(400);

  const gone = added.filter((_, index) => index % 3 !== 0);
  for (const [index, memory] of gone.entries()) {
    if (index % 2 === 0) await store.delete(ana, memory.id);
    else {
      await store.update(ana, memory.id, { content: "something else", tags: [] });
      await store.delete(ana, memory.id);
    }
  }
  const kept = words.filter((_, index) => index % 3 === 0);
  expect([...wordsIn(folder)].sort()).toEqual(kept);
  for (const word of kept) expect((await store.search(ana, { query: word })).results).toHaveLength(1);
  expect(await store.verify()).toEqual([]);

  for (const { id } of (await store.list(ana, { limit: 100 })).memories) await store.delete(ana, id);
  for (const { id } of (await store.list(ana, { limit: 100 })).memories) await store.delete(ana, id);
  expect(await store.stats(ana)).toMatchObject({ memories: 0 });
  expect(endsIn(folder)).toBe(0);
});

it("removes the last trace as soon as no other process reads an older state", async () => {
  const folder = temporaryFolder();
  const store = await openStore(folder);
  const { id } = await store.add(ana, { content: `the word is ${secretWord(1)}` });
  const reader = new Sqlite(join(folder, "memory.db"));
  whenDone(() => reader.close());
  reader.exec("begin");
  reader.prepare("select * from memory").all();
  await store.delete(ana, id);
  expect((await store.list(ana)).total).toBe(0);
  expect(wordsIn(folder).size).toBe(1);
  reader.exec("commit");
  await expect.poll(() => wordsIn(folder).size, { timeout: 5000 }).toBe(0);
});
