import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { MemoryStore, NewMemory } from "./store.ts";
import { contents, type OpenStore } from "./store-behaviour.ts";

const ana = { id: "ana" };
const ben = { id: "ben" };
const listed = async (store: MemoryStore, request = {}): Promise<string[]> =>
  contents((await store.list(ana, request)).memories);
const found = async (store: MemoryStore, query: string): Promise<string[]> =>
  contents((await store.search(ana, { query })).results);

/** How every store lists, and forgets what a list may name. */
export function describeForgetting(name: string, openStore: OpenStore): void {
  describe(`${name}: lists`, () => {
    it("go on after a cursor, whatever is added or deleted meanwhile", async () => {
      const store = await openStore();
      for (let index = 0; index < 25; index++) await store.add(ana, { content: `m${index}` });
      const first = await store.list(ana, { limit: 10 });
      await store.delete(ana, first.memories.at(-1)?.id ?? "");
      await store.add(ana, { content: "newer" });
      const second = await store.list(ana, { limit: 10, cursor: first.next_cursor });
      const third = await store.list(ana, { limit: 10, cursor: second.next_cursor });
      const all = contents([...first.memories, ...second.memories, ...third.memories]);
      expect(all).toEqual(Array.from({ length: 25 }, (_, index) => `m${24 - index}`));
      expect(third.next_cursor).toBeUndefined();
    });

    it("are sorted as asked, by cursor and by offset alike", async () => {
      const store = await openStore();
      const occurred = ["2026-03-01", "2026-01-01", "2026-02", "2026-01-01T10:00"];
      const importance = [0.2, 0.9, undefined, 0.9];
      for (let index = 0; index < 4; index++) {
        await store.add(ana, { content: `m${index}`, occurred_at: occurred[index], importance: importance[index] });
      }
      const [last] = (await store.list(ana, { sort: "oldest", limit: 1 })).memories;
      await sleep(2);
      await store.update(ana, last?.id ?? "", { tags: ["x"] });
      for (const [sort, wanted] of [
        ["newest", ["m3", "m2", "m1", "m0"]],
        ["oldest", ["m0", "m1", "m2", "m3"]],
        ["updated", ["m0"]],
        ["occurred", ["m0", "m2", "m3", "m1"]],
        ["importance", ["m3", "m1", "m2", "m0"]],
      ] as const) {
        const byCursor: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await store.list(ana, { sort, limit: 1, cursor });
          byCursor.push(...contents(page.memories));
          cursor = page.next_cursor;
        } while (cursor);
        const byOffset = await Promise.all([0, 1, 2, 3].map((offset) => listed(store, { sort, limit: 1, offset })));
        expect(byCursor.slice(0, wanted.length), sort).toEqual(wanted);
        expect(byOffset.flat()).toEqual(byCursor);
      }
      await expect(store.list(ana, { sort: "size" })).rejects.toMatchObject({ code: "invalid_input" });
      const { next_cursor } = await store.list(ana, { limit: 1 });
      for (const cursor of ["x", "W10", next_cursor?.slice(1)]) {
        await expect(store.list(ana, { cursor })).rejects.toMatchObject({ code: "invalid_input" });
      }
      await expect(store.list(ana, { cursor: next_cursor, sort: "oldest" })).rejects.toMatchObject({
        code: "invalid_input",
      });
    });
  });

  describe(`${name}: forgetting`, () => {
    const NOTES: NewMemory[] = [
      { content: "one", tags: ["Work"], source: "chat 1", speaker: "Ana", kind: "fact", occurred_at: "2025-12-31" },
      { content: "two", tags: ["work"], source: "Chat 1", speaker: "Ben", kind: "event", occurred_at: "2026-01-01" },
      { content: "three", source: "chat 2", speaker: "ana", kind: "Fact", occurred_at: "2026-02" },
      { content: "four", tags: ["home"] },
    ];
    const withNotes = async (limits = {}): Promise<MemoryStore> => {
      const store = await openStore(limits);
      await store.addAll(ana, NOTES);
      await store.add(ben, { content: "one", tags: ["work"] });
      return store;
    };

    it.each([
      [{ tag: "WORK" }, ["one", "two"]],
      [{ source: "CHAT 1" }, ["one", "two"]],
      [{ speaker: "Ana" }, ["one", "three"]],
      [{ kind: "FACT" }, ["one", "three"]],
      [{ before: "2026-01-01" }, ["one"]],
      [{ after: "2026-01-01T00:00Z", before: "2026-03" }, ["two", "three"]],
      [{ after: "2026-02-02" }, ["four"]],
      [{ kind: "fact", source: "chat 2" }, ["three"]],
      [{ tag: "none" }, []],
    ])("names by %j what is listed by it, counts it, and removes it", async (filter, names) => {
      const store = await withNotes();
      expect(await listed(store, { ...filter, sort: "oldest" })).toEqual(names);
      expect((await store.list(ana, filter)).total).toBe(names.length);
      expect(await store.forget(ana, filter, { dryRun: true })).toBe(names.length);
      expect((await store.list(ana)).total).toBe(4);
      expect(await store.forget(ana, filter)).toBe(names.length);
      const rest = NOTES.map((note) => note.content).filter((content) => !names.includes(content ?? ""));
      expect(await listed(store, { sort: "oldest" })).toEqual(rest);
      for (const content of names) expect(await found(store, content)).toEqual([]);
      expect((await store.list(ben)).total).toBe(1);
      expect(await store.verify()).toEqual([]);
    });

    it("tells beforehand which they are, and in which versions", async () => {
      const store = await withNotes();
      const before = await store.toForget(ana, { kind: "fact" });
      expect(before).toMatchObject({ matched: 2, oldest: ["one", "three"], digest: expect.stringMatching(/\w/) });
      expect(await store.toForget(ana, { kind: "FACT" })).toEqual(before);
      const { matched, oldest, digest } = await store.toForget(ana, { all: true });
      expect([matched, oldest]).toEqual([4, ["one", "two", "three"]]);
      expect(digest).not.toBe(before.digest);
      expect(await store.toForget(ana, { tag: "none" })).toMatchObject({ matched: 0, oldest: [] });
      expect(await store.toForget({ id: "nobody" }, { all: true })).toMatchObject({ matched: 0, oldest: [] });

      const { memories } = await store.list(ana, { sort: "oldest" });
      const idOf = (content: string) => memories.find((memory) => memory.content === content)?.id ?? "";
      await store.update(ana, idOf("three"), { importance: 0.5 });
      const changed = await store.toForget(ana, { kind: "fact" });
      expect(changed).toMatchObject({ matched: 2, oldest: ["one", "three"] });
      expect(changed.digest).not.toBe(before.digest);
      await store.delete(ana, idOf("three"));
      await store.add(ana, { content: "three", kind: "fact" });
      const other = await store.toForget(ana, { kind: "fact" });
      expect(other).toMatchObject({ matched: 2, oldest: ["one", "three"] });
      expect([before.digest, changed.digest]).not.toContain(other.digest);
      await expect(store.toForget(ana, {})).rejects.toMatchObject({ code: "invalid_input" });
    });

    it("takes everything of the user, and nothing of others", async () => {
      const store = await withNotes({ keepDeletedDays: 30, maxMemories: 2000 });
      await store.import(ana, JSON.stringify(Array.from({ length: 1200 }, (_, index) => ({ content: `n${index}` }))));
      expect(await store.forget(ana, { all: true }, { dryRun: true })).toBe(1204);
      expect(await store.forget(ana, { all: true })).toBe(1204);
      expect(await store.stats(ana)).toMatchObject({ memories: 0, bytes: 0, byTag: {} });
      expect(await store.users()).toEqual(["ben"]);
      expect(await store.forget(ana, { all: true })).toBe(0);
      await store.add(ana, { content: "new" });
      expect(await listed(store)).toEqual(["new"]);
      expect(await store.verify()).toEqual([]);
    });

    it("needs to be told what", async () => {
      const store = await withNotes();
      for (const request of [{}, { tag: "" }, { all: false }, { all: true, tag: "work" }, { after: "soon" }]) {
        await expect(store.forget(ana, request)).rejects.toMatchObject({ code: "invalid_input" });
      }
      expect((await store.list(ana)).total).toBe(4);
    });

    it("cannot be taken back where what comes back is too large, and nothing has changed then", async () => {
      const store = await openStore({ keepDeletedDays: 5, maxTotalSize: 100 });
      const { id } = await store.add(ana, { content: "x".repeat(80) });
      await store.update(ana, id, { content: "small" });
      await store.delete(ana, id);
      await store.add(ana, { content: "y".repeat(60) });
      await expect(store.update(ana, id, { restore_version: 1 })).rejects.toMatchObject({ code: "limit_reached" });
      expect((await store.list(ana)).total).toBe(1);
      expect(await store.verify()).toEqual([]);
    });

    it("is for good where it is deleted a second time", async () => {
      const store = await openStore({ keepDeletedDays: 30 });
      const { id } = await store.add(ana, { content: "a" });
      await store.update(ana, id, { content: "b" });
      await store.delete(ana, id);
      await store.delete(ana, id);
      await expect(store.update(ana, id, { restore_version: 1 })).rejects.toMatchObject({ code: "not_found" });
      await expect(store.delete(ana, id)).rejects.toMatchObject({ code: "not_found" });
      expect(await store.verify()).toEqual([]);
    });

    it("can be taken back for some days, where that is configured", async () => {
      const store = await openStore({ keepDeletedDays: 30, maxMemories: 2 });
      const memory = await store.add(ana, { content: "Ana prefers tea", tags: ["drinks"] });
      await store.update(ana, memory.id, { content: "Ana prefers coffee" });
      await store.delete(ana, memory.id);
      expect(await found(store, "Ana")).toEqual([]);
      await expect(store.get(ana, memory.id)).rejects.toMatchObject({ code: "not_found" });
      await expect(store.update(ben, memory.id, { restore_version: 2 })).rejects.toMatchObject({ code: "not_found" });
      expect(await store.update(ana, memory.id, { restore_version: 2 })).toMatchObject({
        id: memory.id,
        content: "Ana prefers coffee",
      });
      expect(await found(store, "coffee")).toHaveLength(1);
      await store.delete(ana, memory.id);
      expect(await store.update(ana, memory.id, { restore_version: 1 })).toMatchObject({ content: "Ana prefers tea" });
      expect(await listed(store, { tag: "drinks" })).toEqual(["Ana prefers tea"]);

      await store.delete(ana, memory.id);
      await store.addAll(ana, [{ content: "a" }, { content: "b" }]);
      await expect(store.update(ana, memory.id, { restore_version: 1 })).rejects.toMatchObject({
        code: "limit_reached",
      });
      expect(await store.verify()).toEqual([]);
    });
  });

  describe(`${name}: the size of all memories`, () => {
    it("is limited in bytes, exactly, through every change", async () => {
      const store = await openStore({ maxTotalSize: 20 });
      const memory = await store.add(ana, { content: "é".repeat(5) });
      await store.add(ana, { content: "x".repeat(8) });
      expect(await store.stats(ana)).toMatchObject({ bytes: 18, maxTotalSize: 20 });
      const refused = { code: "limit_reached", message: expect.stringContaining("18 of 20 bytes") };
      await expect(store.add(ana, { content: "abc" })).rejects.toMatchObject(refused);
      await expect(store.update(ana, memory.id, { content: "x".repeat(13) })).rejects.toMatchObject(refused);
      await store.update(ana, memory.id, { content: "é" });
      expect(await store.stats(ana)).toMatchObject({ bytes: 10 });
      await store.delete(ana, memory.id);
      await store.add(ana, { content: "x".repeat(12) });
      expect(await store.stats(ana)).toMatchObject({ bytes: 20 });
    });
  });
}
