import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder, whenDone } from "../../../test/fixtures/cleanup.ts";
import type { MemoryStore, NewMemory } from "../store.ts";
import { openSqliteStore } from "./sqlite-store.ts";

/** What only many memories show: how the index is asked depends on how many have a word. */

const ana = { id: "ana" };

async function storeWith(memories: readonly NewMemory[]): Promise<MemoryStore> {
  const file = join(temporaryFolder(), "memory.db");
  const store = await openSqliteStore({ file, maxMemories: 100_000, maxMemoryLength: 500, enableSearch: true });
  whenDone(() => store.close());
  await addAll(store, memories);
  return store;
}

async function addAll(store: MemoryStore, memories: readonly NewMemory[]): Promise<void> {
  const calls: Promise<unknown>[] = [];
  for (let from = 0; from < memories.length; from += 100) {
    calls.push(store.addAll(ana, memories.slice(from, from + 100)));
  }
  await Promise.all(calls);
}

const notes = (count: number, word: string, details: Partial<NewMemory> = {}): NewMemory[] =>
  Array.from({ length: count }, (_, index) => ({ content: `note ${word} ${index}`, ...details }));

async function found(
  store: MemoryStore,
  query: string,
  filter: { after?: string; before?: string; tag?: string } = {},
) {
  const { results } = await store.search(ana, { query, limit: 100, ...filter });
  return results.map((memory) => memory.content);
}

it("finds the memories of a time among thousands of newer ones with the same word", async () => {
  const store = await storeWith([
    ...notes(30, "harbour", { occurred_at: "2014-05-06", tags: ["trip"] }),
    ...notes(3_000, "mountain", { occurred_at: "2020-05-06", tags: ["trip"] }),
    ...notes(2_100, "river", { occurred_at: "2014-05-07" }),
  ]);
  const harbour = notes(30, "harbour").map(({ content }) => content as string);
  const of2014 = { after: "2014-01-01", before: "2015-01-01" };
  expect((await found(store, "note", { ...of2014, tag: "trip" })).toSorted()).toEqual(harbour.toSorted());
  expect(await found(store, "note", { before: "2014-05-07" })).toHaveLength(30);
  expect(await found(store, "note", { after: "2014-05-06T00:00:01Z", before: "2014-06-01" })).toHaveLength(100);
  expect(await found(store, "note", { after: "2014-05-06T12:00:00Z", before: "2014-05-06T13:00:00Z" })).toEqual([]);
  expect(await found(store, "mountain", of2014)).toEqual([]);
  expect((await found(store, "mountain", { after: "2014-01-01" })).length).toBe(100);
}, 60_000);

it("finds the memories of many years, of some of which there are none", async () => {
  const years = Array.from({ length: 60 }, (_, index) => 1950 + index);
  const store = await storeWith(
    years.flatMap((year) => notes(45, `harbour ${year}`, { occurred_at: `${year}-0${1 + (year % 9)}-15` })),
  );
  const all = await found(store, "1963 harbour", { after: "1960-01-01", before: "2005-01-01" });
  expect(all).toHaveLength(100);
  expect(all.slice(0, 45).every((content) => content.startsWith("note harbour 1963"))).toBe(true);
  expect(all.every((content) => Number(content.slice(13, 17)) >= 1960)).toBe(true);
  expect((await found(store, "harbour", { before: "1951-01-01" })).length).toBe(45);
}, 60_000);

it("corrects slips of words that came after the first slip", async () => {
  const store = await storeWith(notes(600, "harbour"));
  expect((await found(store, "harbuor"))[0]).toContain("harbour");
  expect(await found(store, "hippopotamis")).toEqual([]);
  await addAll(store, notes(600, "hippopotamus"));
  expect((await found(store, "hippopotamis"))[0]).toContain("hippopotamus");
  expect((await found(store, "harbuor"))[0]).toContain("harbour");
}, 60_000);
