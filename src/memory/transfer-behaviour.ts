import { describe, expect, it } from "vitest";
import { collect, contents, type OpenStore } from "./store-behaviour.ts";

const ana = { id: "ana" };
const ben = { id: "ben" };

/** How every store hands its memories on: exports, imports and statistics. */
export function describeTransfer(name: string, openStore: OpenStore): void {
  describe(`${name}: export, import and statistics`, () => {
    it("imports what was exported, with ids, times and order, once", async () => {
      const from = await openStore();
      await from.add(ana, { content: "Ana prefers tea", tags: ["drinks"], speaker: "Ana", source: "chat 1" });
      await from.add(ana, { content: 'says "hi"\n\u2028 — 🎉', occurred_at: "2026-03-01" });
      const exported = await collect(from.export(ana));
      const file = exported.map((memory) => JSON.stringify(memory)).join("\n");

      const to = await openStore();
      await to.add(ana, { content: "here before" });
      expect(await to.import(ana, file)).toEqual({ added: 2, existing: 0 });
      expect(await to.import(ana, file)).toEqual({ added: 0, existing: 2 });
      expect((await to.list(ana)).memories.slice(0, 2)).toEqual(exported.toReversed());
      expect((await to.search(ana, { query: "tea" })).results).toMatchObject([{ id: exported[0]?.id }]);
      expect(await to.import(ben, file)).toEqual({ added: 2, existing: 0 });
      await to.delete(ana, exported[0]?.id ?? "");
      await to.update(ana, exported[1]?.id ?? "", { content: "changed" });
      expect(contents((await to.list(ben)).memories)).toEqual(exported.map((memory) => memory.content).reverse());
    });

    it("takes a list such as Open-WebUI's, with times in seconds and fields that it does not know", async () => {
      const store = await openStore();
      const list = [
        {
          id: "4f6c1c0e-5d0c-4b6e-9a53-0d8f1a3f8c11",
          user_id: "u",
          type: "user",
          content: "likes jazz",
          meta: null,
          created_at: 1700000000,
          updated_at: 1700000500,
        },
        { content: "plays chess" },
      ];
      expect(await store.import(ana, JSON.stringify(list, null, 2))).toEqual({ added: 2, existing: 0 });
      const { memories } = await store.list(ana);
      expect(contents(memories)).toEqual(["plays chess", "likes jazz"]);
      expect(memories[1]).toMatchObject({
        id: list[0]?.id,
        created_at: "2023-11-14T22:13:20.000Z",
        updated_at: "2023-11-14T22:21:40.000Z",
      });
    });

    it("imports nothing of a file with a mistake, and names the places", async () => {
      const store = await openStore({ maxMemories: 3 });
      const lines = [
        '{"content":"good"}',
        "",
        "{",
        "[1]",
        '{"content":5}',
        '{"content":"x","tags":"t"}',
        '{"id":"1","content":"x"}',
        '{"content":"x","created_at":"soon"}',
        "{}",
      ];
      await expect(store.import(ana, lines.join("\n"))).rejects.toMatchObject({
        code: "invalid_input",
        message: "7 of 8 memories cannot be imported.",
        issues: [3, 4, 5, 6, 7, 8, 9].map((line) => ({ path: `line ${line}`, message: expect.any(String) })),
      });
      await expect(store.import(ana, "[1, 2")).rejects.toMatchObject({ code: "invalid_input" });
      const four = Array.from({ length: 4 }, (_, index) => ({ content: `memory ${index}` }));
      await expect(store.import(ana, JSON.stringify(four))).rejects.toMatchObject({ code: "limit_reached" });
      expect((await store.list(ana)).total).toBe(0);
      expect(await store.import(ana, "")).toEqual({ added: 0, existing: 0 });
    });

    it("exports many memories, oldest first", async () => {
      const store = await openStore({ maxMemories: 2000 });
      const list = Array.from({ length: 1234 }, (_, index) => ({ content: `memory ${index}` }));
      await store.import(ana, JSON.stringify(list));
      expect(contents(await collect(store.export(ana)))).toEqual(list.map((memory) => memory.content));
    });

    it("counts a user's memories", async () => {
      const store = await openStore();
      expect(await store.stats(ana)).toEqual({ memories: 0, maxMemories: 1000, characters: 0, tags: 0 });
      const first = await store.add(ana, { content: "12345", tags: ["a", "b"] });
      const second = await store.add(ana, { content: "🎉🎉", tags: ["B"] });
      await store.add(ben, { content: "not hers" });
      expect(await store.stats(ana)).toEqual({
        memories: 2,
        maxMemories: 1000,
        characters: 7,
        tags: 2,
        oldest: first.created_at,
        newest: second.created_at,
      });
    });
  });
}
