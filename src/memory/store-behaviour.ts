import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Memory, MemoryLimits, MemoryStore, MemoryUser } from "./store.ts";

/** Opens an empty store that is closed when the test ends. */
export type OpenStore = (limits?: Partial<MemoryLimits>) => Promise<MemoryStore>;

const ana = { id: "ana" };
const ben = { id: "ben" };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const contents = (memories: readonly Memory[]): string[] => memories.map((memory) => memory.content);

async function addAll(store: MemoryStore, user: MemoryUser, texts: readonly string[]): Promise<Memory[]> {
  const added: Memory[] = [];
  for (const content of texts) added.push(await store.add(user, { content }));
  return added;
}

export async function collect<M extends Memory>(memories: AsyncIterable<M>): Promise<M[]> {
  const all: M[] = [];
  for await (const memory of memories) all.push(memory);
  return all;
}

/** What every store does, whatever it keeps memories in. */
export function describeStore(name: string, openStore: OpenStore): void {
  describe(`${name}: adding and listing`, () => {
    it("gives a memory with an id and times in UTC, and lists it", async () => {
      const store = await openStore();
      const before = Date.now();
      const memory = await store.add(ana, { content: "Ana prefers tea", tags: ["drinks"] });
      expect(memory).toEqual({
        id: expect.stringMatching(UUID),
        content: "Ana prefers tea",
        tags: ["drinks"],
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updated_at: memory.created_at,
        version: 1,
        origin: "store",
      });
      expect(Date.parse(memory.created_at)).toBeGreaterThanOrEqual(before);
      expect(await store.list(ana)).toEqual({ memories: [memory], total: 1, limit: 10, offset: 0 });
    });

    it("keeps source, speaker and time where they are given, and takes empty ones for absent", async () => {
      const store = await openStore();
      const full = { content: "a", source: "chat 7", speaker: "Ana", occurred_at: "2026-03-01" };
      expect(await store.add(ana, full)).toMatchObject(full);
      const bare = await store.add(ana, { content: "b", source: "", speaker: " ", occurred_at: "", tags: [""] });
      expect(Object.keys(bare).sort()).toEqual([
        "content",
        "created_at",
        "id",
        "origin",
        "tags",
        "updated_at",
        "version",
      ]);
      expect(bare.tags).toEqual([]);
    });

    it("lists the newest first, page by page, without gap or repetition", async () => {
      const store = await openStore();
      const added = await addAll(
        store,
        ana,
        Array.from({ length: 25 }, (_, index) => `memory ${index}`),
      );
      const pages = await Promise.all([0, 10, 20, 30].map((offset) => store.list(ana, { offset })));
      expect(pages.flatMap((page) => page.memories)).toEqual(added.reverse());
      expect(pages.map((page) => [page.memories.length, page.total])).toEqual([
        [10, 25],
        [10, 25],
        [5, 25],
        [0, 25],
      ]);
    });

    it("caps the limit at 100 and takes a negative offset for 0", async () => {
      const store = await openStore();
      await Promise.all(Array.from({ length: 120 }, (_, index) => store.add(ana, { content: `memory ${index}` })));
      const page = await store.list(ana, { limit: 1_000_000, offset: -5 });
      expect(page).toMatchObject({ total: 120, limit: 100, offset: 0 });
      expect(page.memories).toHaveLength(100);
      expect(await store.list(ana, { limit: 0 })).toMatchObject({ memories: [], total: 120 });
      expect(await store.list(ana, { limit: -1, offset: 1e15 })).toMatchObject({ memories: [], total: 120 });
    });

    it("lists by tag, in any case, with the total of the tag", async () => {
      const store = await openStore();
      await store.add(ana, { content: "tea", tags: ["Drinks", "home"] });
      await store.add(ana, { content: "bread", tags: ["food"] });
      await store.add(ana, { content: "coffee", tags: ["drinks"] });
      expect(contents((await store.list(ana, { tag: " DRINKS " })).memories)).toEqual(["coffee", "tea"]);
      expect(await store.list(ana, { tag: "drinks", limit: 1, offset: 1 })).toMatchObject({ total: 2, offset: 1 });
      expect(await store.list(ana, { tag: "none" })).toMatchObject({ memories: [], total: 0 });
      expect(await store.list(ana, { tag: "" })).toMatchObject({ total: 3 });
    });

    it("cleans tags: blanks, repetitions in another case, composed letters", async () => {
      const store = await openStore();
      const { tags } = await store.add(ana, { content: "x", tags: ["  To  do ", "to do", "", "cafe\u0301", "Café"] });
      expect(tags).toEqual(["To do", "café"]);
    });

    it("refuses a tag far too long at once, also as a filter", async () => {
      const store = await openStore();
      // Letters with marks in the wrong order, whose normalisation takes the square of their number: minutes for these.
      const tag = `a${"\u0301\u0315".repeat(1_000_000)}`;
      const refused = { code: "invalid_input", message: "A tag has 2000001 characters; the limit is 50." };
      await expect(store.add(ana, { content: "x", tags: [tag] })).rejects.toMatchObject(refused);
      await expect(store.list(ana, { tag })).rejects.toMatchObject(refused);
      await expect(store.search(ana, { query: "x", tag })).rejects.toMatchObject(refused);
      expect(await store.search(ana, { query: tag })).toEqual({ results: [] });
      expect((await store.add(ana, { content: "x", tags: [`a${" ".repeat(5_000)}b`] })).tags).toEqual(["a b"]);
    });
  });

  describe(`${name}: text`, () => {
    it("gives every text back exactly, or refuses it with a reason", async () => {
      const store = await openStore({ maxMemoryLength: 200, maxMemories: 10_000 });
      const text = fc.oneof(
        fc.string({ unit: "binary", maxLength: 40 }),
        fc.string({ unit: "grapheme", maxLength: 40 }),
        // Code units, so that lone surrogates and NUL come up.
        fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
        fc.constantFrom("'; drop table memory; --", '"', "%_\\", "\u0000", "\ud800", "\udc00x", "a\u0000b", "\ufeff "),
      );
      await fc.assert(
        fc.asyncProperty(text, fc.array(text, { maxLength: 3 }), async (content, tags) => {
          let memory: Memory;
          try {
            memory = await store.add(ana, { content, tags, speaker: content });
          } catch (error) {
            expect(error).toMatchObject({ code: "invalid_input", message: expect.stringMatching(/\S/) });
            const bad = [content, ...tags].some((part) => part.includes("\u0000") || !part.isWellFormed());
            const long = [...content].length > 100 || tags.some((tag) => [...tag].length > 50);
            expect(bad || long || content.trim() === "").toBe(true);
            return;
          }
          expect(memory.content).toBe(content);
          expect(await store.get(ana, memory.id)).toEqual(memory);
          expect(await store.add(ana, { content, speaker: content })).toEqual({ ...memory, existing: true });
          await store.delete(ana, memory.id);
        }),
        { numRuns: 300 },
      );
    });

    it.each([
      ["", "Memory content is required"],
      ["  \n", "Memory content is required"],
      ["x\u0000y", '"content" contains a NUL character, which text must not contain.'],
      ["x\ud83d", '"content" contains a lone surrogate, which text must not contain.'],
      ["x".repeat(501), "Memory too long: it has 501 characters, the limit is 500."],
    ])("refuses %j", async (content, message) => {
      const store = await openStore();
      await expect(store.add(ana, { content })).rejects.toMatchObject({ code: "invalid_input", message });
      expect((await store.list(ana)).total).toBe(0);
    });

    it("counts the length in characters, not in code units", async () => {
      const store = await openStore({ maxMemoryLength: 5 });
      await store.add(ana, { content: "🎉".repeat(5) });
      await expect(store.add(ana, { content: "🎉".repeat(6) })).rejects.toThrow("it has 6 characters");
    });

    it("limits tags, source and speaker, and takes no wrong time", async () => {
      const store = await openStore();
      const tags = (count: number) => Array.from({ length: count }, (_, index) => `tag ${index}`);
      expect((await store.add(ana, { content: "x", tags: tags(20) })).tags).toHaveLength(20);
      const wrong = [
        { tags: tags(21) },
        { tags: ["x".repeat(51)] },
        { source: "x".repeat(201) },
        { speaker: "x".repeat(101) },
        { tags: ["\u0000"] },
        { source: "\udfff" },
        ...["yesterday", "2026-13-01", "2026-02-30", "12:00", "2026-03-01T25:00"].map((time) => ({
          occurred_at: time,
        })),
      ];
      for (const part of wrong) {
        await expect(store.add(ana, { content: "x", ...part }), JSON.stringify(part)).rejects.toMatchObject({
          code: "invalid_input",
        });
      }
      for (const time of [
        "2026",
        "2026-03",
        "2026-03-01",
        "2026-03-01T14:30",
        "2026-03-01T14:30:00.5Z",
        "2024-02-29",
      ]) {
        expect((await store.add(ana, { content: time, occurred_at: time })).occurred_at).toBe(time);
      }
    });
  });

  describe(`${name}: the limit of memories`, () => {
    it("is exact, also for adds at the same time, and freed by deleting", async () => {
      const store = await openStore({ maxMemories: 10 });
      const attempts = Array.from({ length: 30 }, (_, index) => store.add(ana, { content: `memory ${index}` }));
      const settled = await Promise.allSettled(attempts);
      const kept = settled.filter((outcome) => outcome.status === "fulfilled");
      expect(kept).toHaveLength(10);
      for (const outcome of settled) {
        if (outcome.status === "fulfilled") continue;
        expect(outcome.reason).toMatchObject({
          code: "limit_reached",
          message: "Memory limit reached: 10 of 10 memories are stored.",
        });
      }
      await store.add(ben, { content: "another user's limit is his own" });
      await store.delete(ana, kept[0]?.value.id ?? "");
      await store.add(ana, { content: "room again" });
      await expect(store.add(ana, { content: "full again" })).rejects.toMatchObject({ code: "limit_reached" });
      expect((await store.list(ana)).total).toBe(10);
    });
  });

  describe(`${name}: updating and deleting`, () => {
    it("changes content or tags, and what it is found by", async () => {
      const store = await openStore();
      const { id, created_at } = await store.add(ana, { content: "Ana drives a Volvo", tags: ["car"] });
      const changed = await store.update(ana, id, { content: "Ana rides a bicycle" });
      expect(changed).toMatchObject({ id, content: "Ana rides a bicycle", tags: ["car"], created_at });
      expect(changed.updated_at >= created_at).toBe(true);
      expect((await store.search(ana, { query: "bicycle" })).results).toHaveLength(1);
      expect((await store.search(ana, { query: "Volvo" })).results).toHaveLength(0);

      await store.update(ana, id, { content: "", tags: ["sport", "city"] });
      expect((await store.list(ana)).memories).toMatchObject([
        { content: "Ana rides a bicycle", tags: ["sport", "city"] },
      ]);
      expect(await store.list(ana, { tag: "car" })).toMatchObject({ total: 0 });
      expect(await store.list(ana, { tag: "Sport" })).toMatchObject({ total: 1 });
      expect((await store.update(ana, id, { tags: [] })).tags).toEqual([]);
    });

    it("checks changes like new memories, and changes nothing then", async () => {
      const store = await openStore();
      const memory = await store.add(ana, { content: "x", tags: ["t"] });
      for (const changes of [
        {},
        { content: "" },
        { content: "a\u0000" },
        { content: "x".repeat(501) },
        { tags: ["\ud800"] },
      ]) {
        await expect(store.update(ana, memory.id, changes)).rejects.toMatchObject({ code: "invalid_input" });
      }
      expect((await store.list(ana)).memories).toEqual([memory]);
    });

    it("deletes once; after that the memory is not found", async () => {
      const store = await openStore();
      const [first, second] = await addAll(store, ana, ["the blue car", "the blue house"]);
      await store.delete(ana, ` ${first?.id.toUpperCase()} `);
      expect((await store.list(ana)).memories).toEqual([second]);
      expect(contents((await store.search(ana, { query: "blue" })).results)).toEqual(["the blue house"]);
      await expect(store.delete(ana, first?.id ?? "")).rejects.toMatchObject({
        code: "not_found",
        message: "Memory not found",
      });
    });

    it.each([
      ["", "invalid_input", "Memory ID is required"],
      ["17", "not_found", "Memory not found"],
      ["' or 1=1", "not_found", "Memory not found"],
      ["00000000-0000-4000-8000-000000000000", "not_found", "Memory not found"],
    ])("says of the id %j what is wrong", async (id, code, message) => {
      const store = await openStore();
      await store.add(ana, { content: "x" });
      await expect(store.get(ana, id)).rejects.toMatchObject({ code, message });
      await expect(store.delete(ana, id)).rejects.toMatchObject({ code, message });
      await expect(store.update(ana, id, { content: "y" })).rejects.toMatchObject({ code, message });
    });
  });

  describe(`${name}: users`, () => {
    it("do not see, change or delete each other's memories", async () => {
      const store = await openStore();
      const secret = await store.add(ana, { content: "Ana's secret plan", tags: ["plan"] });
      expect(await store.list(ben)).toMatchObject({ memories: [], total: 0 });
      expect(await store.list(ben, { tag: "plan" })).toMatchObject({ memories: [], total: 0 });
      expect((await store.search(ben, { query: "secret plan" })).results).toEqual([]);
      await expect(store.update(ben, secret.id, { content: "mine" })).rejects.toMatchObject({ code: "not_found" });
      await expect(store.delete(ben, secret.id)).rejects.toMatchObject({ code: "not_found" });
      await expect(store.get(ben, secret.id)).rejects.toMatchObject({ code: "not_found" });
      expect(await store.get(ana, secret.id.toUpperCase())).toEqual(secret);
      expect(await collect(store.export(ben))).toEqual([]);
      expect((await store.list(ana)).memories).toEqual([secret]);
    });

    it("may have any name", async () => {
      const store = await openStore();
      const names = ["ana", "Ana", "ana ", "1", "a_1", "'--", "🎉", "x".repeat(200)];
      for (const id of names) await store.add({ id }, { content: `memory of ${id}` });
      for (const id of names) expect(contents((await store.list({ id })).memories)).toEqual([`memory of ${id}`]);
    });

    it("get the same answers as from a plain model, whatever they do", async () => {
      const users = [ana, ben, { id: "cleo" }];
      const word = fc.constantFrom("red", "green", "blue", "car", "house", "tree", "Will", "the");
      const content = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(" "));
      const tags = fc.uniqueArray(fc.constantFrom("x", "y", "Z"), { maxLength: 2 });
      const step = fc.record({
        user: fc.constantFrom(...users),
        kind: fc.constantFrom("add", "add", "add", "add", "update", "update", "restore", "forget", "delete"),
        pick: fc.nat(),
        content,
        tags,
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const store = await openStore({ maxMemories: 8 });
          const model = new Map<string, Memory[]>(users.map((user) => [user.id, []]));
          for (const { user, kind, pick, ...given } of steps) {
            const own = model.get(user.id) ?? [];
            const target = own[pick % Math.max(own.length, 1)];
            const same = own.find((memory) => memory.content === given.content);
            if (kind === "add" && same) {
              const { existing, ...memory } = await store.add(user, given);
              expect(existing).toBe(true);
              expect(memory.id).toBe(same.id);
              expect(memory.tags).toEqual([...new Set([...same.tags, ...given.tags])]);
              own[own.indexOf(same)] = memory;
            } else if (kind === "add" && own.length === 8) {
              await expect(store.add(user, given)).rejects.toMatchObject({ code: "limit_reached" });
            } else if (kind === "add") own.push(await store.add(user, given));
            else if (target && kind === "update") own[own.indexOf(target)] = await store.update(user, target.id, given);
            else if (target && kind === "restore") {
              own[own.indexOf(target)] = await store.update(user, target.id, { restore_version: 1 });
            } else if (kind === "forget") {
              const gone = own.filter((memory) => memory.tags.includes("x"));
              expect(await store.forget(user, { tag: "x" })).toBe(gone.length);
              for (const memory of gone) own.splice(own.indexOf(memory), 1);
            } else if (target) {
              await store.delete(user, target.id);
              own.splice(own.indexOf(target), 1);
            }
          }
          for (const user of users) {
            const own = model.get(user.id) ?? [];
            expect((await store.list(user)).memories).toEqual(own.toReversed());
            expect((await collect(store.export(user))).map(({ history: _, ...memory }) => memory)).toEqual(own);
            for (const tag of ["x", "z"]) {
              const tagged = own.filter((memory) => memory.tags.map((name) => name.toLowerCase()).includes(tag));
              expect((await store.list(user, { tag })).memories).toEqual(tagged.toReversed());
            }
            const { results } = await store.search(user, { query: "red", limit: 100 });
            const red = own.filter((memory) => memory.content.split(" ").includes("red"));
            expect(new Set(results.map((result) => result.id))).toEqual(new Set(red.map((memory) => memory.id)));
          }
          expect(await store.verify()).toEqual([]);
        }),
        { numRuns: 25 },
      );
    });
  });
}
