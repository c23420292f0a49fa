import { describe, expect, it } from "vitest";
import { MEMORY_FORMATS } from "./files/file-entry.ts";
import { writeMemoryFile } from "./files/memory-file.ts";
import { collect, contents, type OpenStore } from "./store-behaviour.ts";

const ana = { id: "ana" };
const ben = { id: "ben" };

/** How every store hands its memories on: exports, imports and statistics. */
export function describeTransfer(name: string, openStore: OpenStore): void {
  describe(`${name}: export, import and statistics`, () => {
    it("imports what was exported, with ids, times and order, once", async () => {
      const from = await openStore();
      await from.add(ana, {
        content: "Ana prefers tea",
        tags: ["drinks"],
        speaker: "Ana",
        source: "chat 1",
        importance: 0.9,
      });
      await from.add(ana, { content: 'says "hi"\n\u2028 — 🎉', occurred_at: "2026-03-01", kind: "event" });
      const exported = await collect(from.export(ana));
      const file = exported.map((memory) => JSON.stringify(memory)).join("\n");

      const to = await openStore();
      await to.add(ana, { content: "here before" });
      expect(await to.import(ana, file)).toEqual({ added: 2, existing: 0, refused: [] });
      expect(await to.import(ana, file)).toEqual({ added: 0, existing: 2, refused: [] });
      expect((await to.list(ana)).memories.slice(0, 2)).toEqual(exported.toReversed());
      expect((await to.search(ana, { query: "tea" })).results).toMatchObject([{ id: exported[0]?.id }]);
      expect(await to.import(ben, file)).toEqual({ added: 2, existing: 0, refused: [] });
      await to.delete(ana, exported[0]?.id ?? "");
      await to.update(ana, exported[1]?.id ?? "", { content: "changed" });
      expect(contents((await to.list(ben)).memories)).toEqual(exported.map((memory) => memory.content).reverse());
    });

    it("imports versions, history and what was superseded, so that it can be taken back there", async () => {
      const from = await openStore();
      const old = await from.add(ana, { content: "Ana lives in Porto" }, { origin: "memory_add" });
      await from.add(ana, { content: "Ana lives in Lisbon", supersedes: old.id });
      const tea = await from.add(ana, { content: "Ana drinks tea", tags: ["drinks"] });
      await from.update(ana, tea.id, { content: "Ana drinks coffee", tags: [] }, { origin: "memory_update" });
      const exported = await collect(from.export(ana));
      const to = await openStore();
      await to.import(ana, exported.map((memory) => JSON.stringify(memory)).join("\n"));
      expect(await collect(to.export(ana))).toEqual(exported);
      expect((await to.search(ana, { query: "porto" })).results).toEqual([]);
      expect((await to.list(ana)).total).toBe(2);
      const restored = await to.update(ana, tea.id, { restore_version: 1 });
      expect(restored).toMatchObject({ content: "Ana drinks tea", tags: ["drinks"], version: 3 });
    });

    it("gives back what any format has, and adds nothing of it twice", async () => {
      const from = await openStore();
      await from.addAll(ana, [
        { content: "# no heading\n\n  - `x`  ", tags: ["a, b"], speaker: '"Ana"', kind: "event" },
        { content: "日本語 🎉", source: "chat 7", importance: 0 },
      ]);
      const exported = await collect(from.export(ana));
      for (const format of MEMORY_FORMATS) {
        let text = "";
        for await (const piece of writeMemoryFile(from.export(ana), format, ana.id)) text += piece;
        const to = await openStore();
        expect(await to.import(ana, text)).toEqual({ added: 2, existing: 0, refused: [] });
        expect(await to.import(ana, text, { format })).toEqual({ added: 0, existing: 2, refused: [] });
        const memories = await collect(to.export(ana));
        expect(contents(memories).sort()).toEqual(contents(exported).sort());
        if (["ndjson", "json", "markdown"].includes(format)) expect(memories).toEqual(exported);
      }
    });

    it("tries an import first, and says what became of each memory", async () => {
      const store = await openStore({ maxMemories: 3 });
      await store.add(ana, { content: "here before" });
      const file =
        '{"content":"new"}\n{"content":""}\n{"content":"here before"}\n\n{"content":"new"}\n{"content":"last"}';
      const outcome = {
        added: 2,
        existing: 2,
        refused: [{ where: "line 2", message: "Memory content is required" }],
        lines: [
          { where: "line 1", outcome: "added" },
          { where: "line 2", outcome: "refused", message: "Memory content is required" },
          { where: "line 3", outcome: "existing" },
          { where: "line 5", outcome: "existing" },
          { where: "line 6", outcome: "added" },
        ],
      };
      const changes: unknown[] = [];
      store.onChange((change) => changes.push(change));
      expect(await store.import(ana, file, { partial: true, dryRun: true, lines: true })).toEqual(outcome);
      await expect(store.import(ana, file, { dryRun: true })).rejects.toMatchObject({ code: "invalid_input" });
      const more = `${file}\n{"content":"one too many"}`;
      expect((await store.import(ana, more, { partial: true, dryRun: true })).refused).toContainEqual({
        where: "line 7",
        message: "Memory limit reached: 3 of 3 memories are stored.",
      });
      expect([(await store.list(ana)).total, changes]).toEqual([1, []]);
      expect(await store.import(ana, file, { partial: true, lines: true, origin: "test" })).toEqual(outcome);
      expect(contents((await store.list(ana)).memories)).toEqual(["last", "new", "here before"]);
      expect((await store.list(ana)).memories[0]?.origin).toBe("test");
      expect(changes).toHaveLength(1);
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
      expect(await store.import(ana, JSON.stringify(list, null, 2))).toEqual({ added: 2, existing: 0, refused: [] });
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
      expect(await store.import(ana, "")).toEqual({ added: 0, existing: 0, refused: [] });
    });

    it("imports what fits into the limits where a part is enough, and says of the rest why not", async () => {
      const store = await openStore({ maxMemories: 3 });
      await store.add(ana, { content: "m1" });
      const list = JSON.stringify(["m0", "m1", "m2", "m3", ""].map((content) => ({ content })));
      const outcome = await store.import(ana, list, { partial: true, lines: true });
      expect(outcome).toMatchObject({ added: 2, existing: 1 });
      expect(outcome.refused).toEqual([
        { where: "entry 5", message: "Memory content is required" },
        { where: "entry 4", message: "Memory limit reached: 3 of 3 memories are stored." },
      ]);
      expect(outcome.lines?.map((line) => line.outcome)).toEqual(["added", "existing", "added", "refused", "refused"]);
      expect((await store.list(ana)).total).toBe(3);
    });

    it("exports many memories, oldest first", async () => {
      const store = await openStore({ maxMemories: 2000 });
      const list = Array.from({ length: 1234 }, (_, index) => ({ content: `memory ${index}` }));
      await store.import(ana, JSON.stringify(list));
      expect(contents(await collect(store.export(ana)))).toEqual(list.map((memory) => memory.content));
    });

    it("counts a user's memories", async () => {
      const store = await openStore();
      const limits = { maxMemories: 1000, maxTotalSize: expect.any(Number) };
      const none = {
        memories: 0,
        characters: 0,
        bytes: 0,
        tags: 0,
        byTag: {},
        bySource: {},
        byKind: {},
        superseded: 0,
      };
      expect(await store.stats(ana)).toEqual({ ...limits, ...none });
      const first = await store.add(ana, { content: "12345", tags: ["a", "b"], source: "chat", kind: "fact" });
      const second = await store.add(ana, { content: "🎉🎉", tags: ["B"], source: "chat" });
      await store.add(ben, { content: "not hers" });
      const two = { ...limits, memories: 2, characters: 7, bytes: 13, tags: 2, superseded: 0 };
      const counts = { byTag: { b: 2, a: 1 }, bySource: { chat: 2 }, byKind: { fact: 1 } };
      const times = { oldest: first.created_at, newest: second.created_at };
      expect(await store.stats(ana)).toEqual({ ...two, ...counts, ...times });
      expect(await store.users()).toEqual(expect.arrayContaining(["ana", "ben"]));
    });
  });
}
