import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { MemoryStore, NewMemory } from "./store.ts";
import { collect, contents, type OpenStore } from "./store-behaviour.ts";

const ana = { id: "ana" };
const ben = { id: "ben" };
const listed = async (store: MemoryStore, request = {}): Promise<string[]> =>
  contents((await store.list(ana, request)).memories);
const found = async (store: MemoryStore, query: string): Promise<string[]> =>
  contents((await store.search(ana, { query })).results);

/** What becomes of memories in every store: said again, changed, taken back, outdated, forgotten. */
export function describeLifecycle(name: string, openStore: OpenStore): void {
  describe(`${name}: the same memory again`, () => {
    it("is recognised, gives the one that is there, and loses no tag", async () => {
      const store = await openStore();
      const first = await store.add(ana, { content: "Ana prefers tea", tags: ["drinks"] });
      expect(await store.add(ana, { content: "Ana prefers tea" })).toEqual({ ...first, existing: true });
      const again = await store.add(ana, { content: "Ana prefers tea", tags: ["Drinks", "tea"] });
      expect(again).toMatchObject({ id: first.id, tags: ["drinks", "tea"], existing: true, version: 2 });
      expect((await store.list(ana)).total).toBe(1);
      expect(await listed(store, { tag: "tea" })).toHaveLength(1);
    });

    it("takes over what is said anew of it, and stays for good where it is said for good", async () => {
      const store = await openStore();
      const add = (more: NewMemory) => store.add(ana, { content: "a", ...more });
      const first = await add({ kind: "fact", expires_at: "2999-01-01" });
      expect(await add({ importance: 0.9, occurred_at: "2026", expires_at: "2998-01-01" })).toMatchObject({
        id: first.id,
        kind: "fact",
        importance: 0.9,
        occurred_at: "2026",
        expires_at: "2998-01-01T00:00:00.000Z",
        version: 2,
        existing: true,
      });
      const last = await add({});
      expect(last.expires_at).toBeUndefined();
      expect(await add({})).toEqual(last);
    });

    it("is another one where user, source, speaker or any character differs", async () => {
      const store = await openStore();
      const ids = new Set<string>();
      const memories = [
        { content: "yes" },
        { content: "Yes" },
        { content: "yes " },
        { content: "yes", source: "chat 1" },
        { content: "yes", speaker: "Ben" },
      ];
      for (const memory of memories) ids.add((await store.add(ana, memory)).id);
      ids.add((await store.add(ben, { content: "yes" })).id);
      expect(ids.size).toBe(6);
    });

    it("is a new one once the first was deleted, superseded or changed", async () => {
      const store = await openStore();
      const first = await store.add(ana, { content: "a" });
      await store.delete(ana, first.id);
      const second = await store.add(ana, { content: "a" });
      expect(second.existing).toBeUndefined();
      await store.add(ana, { content: "b", supersedes: second.id });
      const third = await store.add(ana, { content: "a" });
      expect(third.existing).toBeUndefined();
      await store.update(ana, third.id, { content: "c" });
      expect((await store.add(ana, { content: "a" })).existing).toBeUndefined();
      expect((await store.add(ana, { content: "c" })).id).toBe(third.id);
    });

    it("is one of many at the same time", async () => {
      const store = await openStore();
      const added = await Promise.all(Array.from({ length: 20 }, () => store.add(ana, { content: "same" })));
      expect(new Set(added.map((memory) => memory.id)).size).toBe(1);
      expect(added.filter((memory) => !memory.existing)).toHaveLength(1);
    });
  });

  describe(`${name}: several memories at once`, () => {
    it("are added in their order, all or none", async () => {
      const store = await openStore({ maxMemories: 4 });
      const added = await store.addAll(ana, [{ content: "a" }, { content: "b", tags: ["t"] }, { content: "a" }]);
      expect(contents(added)).toEqual(["a", "b", "a"]);
      expect(added[2]).toMatchObject({ id: added[0]?.id, existing: true });
      expect(await listed(store)).toEqual(["b", "a"]);
      const three = ["c", "d", "e"].map((content) => ({ content }));
      await expect(store.addAll(ana, three)).rejects.toMatchObject({ code: "limit_reached" });
      await expect(store.addAll(ana, [{ content: "c" }, { content: "" }, { tags: [] }])).rejects.toMatchObject({
        code: "invalid_input",
        message: "2 of 3 memories cannot be stored.",
        issues: [{ path: "memories/1" }, { path: "memories/2" }],
      });
      expect(await listed(store)).toEqual(["b", "a"]);
    });
  });

  describe(`${name}: a call with an idempotency key`, () => {
    it("adds once, however often and however late it is repeated", async () => {
      const store = await openStore();
      const add = () => store.add(ana, { content: "a" }, { idempotencyKey: "k1" });
      const [first, ...others] = await Promise.all([add(), add(), add()]);
      expect(new Set([first, ...others].map((memory) => memory?.id)).size).toBe(1);
      await store.update(ana, first?.id ?? "", { content: "b" });
      expect(await add()).toMatchObject({ id: first?.id, content: "b", existing: true });
      expect((await store.list(ana)).total).toBe(1);
    });

    it("says so where its memory was deleted meanwhile", async () => {
      const store = await openStore();
      const add = () => store.add(ana, { content: "a" }, { idempotencyKey: "k" });
      await store.delete(ana, (await add()).id);
      await expect(add()).rejects.toMatchObject({
        code: "not_found",
        message: "The memory that this idempotency key added was deleted.",
      });
    });

    it("is refused where the key was used for something else, and belongs to its user", async () => {
      const store = await openStore();
      await store.add(ana, { content: "a" }, { idempotencyKey: "k" });
      await expect(store.add(ana, { content: "b" }, { idempotencyKey: "k" })).rejects.toMatchObject({
        code: "invalid_input",
        message: '"idempotency_key" was used for other memories before.',
      });
      expect((await store.add(ben, { content: "b" }, { idempotencyKey: "k" })).existing).toBeUndefined();
    });
  });

  describe(`${name}: versions`, () => {
    it("are kept when a memory is changed, and can be gone back to", async () => {
      const store = await openStore();
      const first = await store.add(ana, {
        content: "Ana drives a Volvo",
        tags: ["car"],
        kind: "Fact",
        importance: 0.9,
      });
      const second = await store.update(
        ana,
        first.id,
        { content: "Ana rides a bicycle", tags: [] },
        { origin: "test" },
      );
      expect(second).toMatchObject({ version: 2, origin: "test", kind: "fact", importance: 0.9 });
      expect(await store.history(ana, first.id)).toEqual([
        {
          version: 1,
          content: "Ana drives a Volvo",
          tags: ["car"],
          kind: "fact",
          importance: 0.9,
          origin: "store",
          updated_at: first.updated_at,
          replaced_at: second.updated_at,
        },
      ]);
      const restored = await store.update(ana, first.id, { restore_version: 1 });
      expect(restored).toMatchObject({ id: first.id, version: 3, content: "Ana drives a Volvo", tags: ["car"] });
      expect(await found(store, "Volvo")).toHaveLength(1);
      expect(await found(store, "bicycle")).toHaveLength(0);
      expect(await listed(store, { tag: "car" })).toHaveLength(1);
      expect((await store.update(ana, first.id, { restore_version: 2 })).content).toBe("Ana rides a bicycle");
    });

    it("are not made by a change that changes nothing", async () => {
      const store = await openStore();
      const memory = await store.add(ana, { content: "a", tags: ["t"] });
      expect(await store.update(ana, memory.id, { content: "a", tags: ["t"] })).toEqual(memory);
      expect(await store.update(ana, memory.id, { restore_version: 1 })).toEqual(memory);
      expect(await store.history(ana, memory.id)).toEqual([]);
    });

    it("are kept up to the configured number", async () => {
      const store = await openStore({ keepVersions: 2 });
      const { id } = await store.add(ana, { content: "v1" });
      for (const content of ["v2", "v3", "v4", "v5"]) await store.update(ana, id, { content });
      expect((await store.history(ana, id)).map((version) => version.content)).toEqual(["v3", "v4"]);
      await expect(store.update(ana, id, { restore_version: 1 })).rejects.toMatchObject({
        code: "not_found",
        message: "Version 1 of the memory is not kept.",
        hint: "Versions that can be restored: 3, 4, 5.",
      });
      const none = await openStore({ keepVersions: 0 });
      const memory = await none.add(ana, { content: "v1" });
      await none.update(ana, memory.id, { content: "v2" });
      expect(await none.history(ana, memory.id)).toEqual([]);
    });

    it("belong to their user, and take no other change with them", async () => {
      const store = await openStore();
      const { id } = await store.add(ana, { content: "a" });
      await store.update(ana, id, { content: "b" });
      await expect(store.history(ben, id)).rejects.toMatchObject({ code: "not_found" });
      await expect(store.update(ben, id, { restore_version: 1 })).rejects.toMatchObject({ code: "not_found" });
      await expect(store.update(ana, id, { restore_version: 1, content: "c" })).rejects.toMatchObject({
        code: "invalid_input",
      });
    });
  });

  describe(`${name}: outdated memories`, () => {
    it("give their place to the one that supersedes them, and are listed on request", async () => {
      const store = await openStore();
      const old = await store.add(ana, { content: "Ana lives in Rome" });
      const now = await store.add(ana, { content: "Ana lives in Paris", supersedes: old.id.toUpperCase() });
      expect(await found(store, "Where does Ana live?")).toEqual(["Ana lives in Paris"]);
      expect(await listed(store)).toEqual(["Ana lives in Paris"]);
      const all = await store.list(ana, { superseded: true, sort: "oldest" });
      expect(all.memories).toEqual([{ ...old, superseded_by: now.id }, now]);
      expect(await store.get(ana, old.id)).toMatchObject({ superseded_by: now.id });
      expect(await store.stats(ana)).toMatchObject({ memories: 2, superseded: 1 });
      await store.update(ana, old.id, { restore_version: 1 });
      expect(await found(store, "Rome")).toEqual(["Ana lives in Rome"]);
      expect(await store.verify()).toEqual([]);
    });

    it("have one successor, however often it is told", async () => {
      const store = await openStore();
      const rome = await store.add(ana, { content: "Rome" });
      const paris = await store.add(ana, { content: "Paris", supersedes: rome.id });
      expect(await store.add(ana, { content: "Paris", supersedes: rome.id })).toEqual({ ...paris, existing: true });
      const refused = { code: "invalid_input", message: "The memory that is to be superseded is outdated already." };
      await expect(store.add(ana, { content: "Oslo", supersedes: rome.id })).rejects.toMatchObject({
        ...refused,
        hint: `Its place was taken by ${paris.id}: supersede that one.`,
      });
      const both = ["Oslo", "Bern"].map((content) => ({ content, supersedes: paris.id }));
      await expect(store.addAll(ana, both)).rejects.toMatchObject(refused);
      expect(await listed(store)).toEqual(["Paris"]);
    });

    it("count again once their successor is deleted, forgotten or has expired", async () => {
      const store = await openStore();
      const rome = await store.add(ana, { content: "Ana lives in Rome" });
      const paris = await store.add(ana, { content: "Ana lives in Paris", supersedes: rome.id, tags: ["t"] });
      await store.delete(ana, paris.id);
      expect(await found(store, "Where does Ana live?")).toEqual(["Ana lives in Rome"]);
      expect(await listed(store)).toEqual(["Ana lives in Rome"]);
      expect((await store.add(ana, { content: "Ana lives in Rome" })).existing).toBe(true);
      await store.add(ana, { content: "Ana lives in Oslo", supersedes: rome.id, tags: ["t"] });
      await store.forget(ana, { tag: "t" });
      expect(await found(store, "Where does Ana live?")).toEqual(["Ana lives in Rome"]);
      await store.update(ana, rome.id, { tags: ["t"] });
      await store.add(ana, { content: "Ana lives in Bern", supersedes: rome.id, tags: ["t"] });
      expect(await store.forget(ana, { tag: "t" })).toBe(2);
      expect(await store.stats(ana)).toMatchObject({ memories: 0 });
      expect(await store.verify()).toEqual([]);
    });

    it("may be said twice in one call, with what is new in each", async () => {
      const store = await openStore();
      await store.add(ana, { content: "apple" });
      await store.addAll(
        ana,
        Array.from({ length: 80 }, (_, index) => ({ content: `filler ${index}` })),
      );
      const apple = (tags: string[]) => ({ content: "apple", tags });
      await store.addAll(ana, [apple(["x"]), apple(["x"]), apple(["y"])]);
      expect((await store.search(ana, { query: "apple" })).results).toMatchObject([{ tags: ["x", "y"], version: 3 }]);
      expect(await store.verify()).toEqual([]);
      expect(await store.forget(ana, { all: true })).toBe(81);
      expect(await store.verify()).toEqual([]);
    });

    it("may be said again in the call that supersedes them", async () => {
      const store = await openStore();
      const { id } = await store.add(ana, { content: "Rome" });
      for (const memories of [
        [
          { content: "Rome", kind: "fact" },
          { content: "Paris", supersedes: id },
        ],
        [
          { content: "Oslo", supersedes: id },
          { content: "Rome", tags: ["x"] },
        ],
      ]) {
        const added = await store.addAll(ana, memories);
        const successor = added.find((memory) => memory.id !== id);
        expect(await store.get(ana, id)).toMatchObject({ kind: "fact", superseded_by: successor?.id });
        expect(await store.verify()).toEqual([]);
        await store.delete(ana, successor?.id ?? "");
        expect((await store.get(ana, id)).superseded_by).toBeUndefined();
      }
      expect((await store.get(ana, id)).tags).toEqual(["x"]);
      expect(await store.verify()).toEqual([]);
    });

    it("must be there, and the user's own", async () => {
      const store = await openStore();
      const { id } = await store.add(ben, { content: "a" });
      for (const supersedes of [id, "00000000-0000-4000-8000-000000000000", "x"]) {
        await expect(store.add(ana, { content: "b", supersedes })).rejects.toMatchObject({ code: "not_found" });
      }
      expect((await store.list(ana)).total).toBe(0);
    });

    it("are found by nothing once they have expired", async () => {
      const store = await openStore();
      const soon = new Date(Date.now() + 400).toISOString();
      const { id } = await store.add(ana, { content: "the code is 1234", expires_at: soon, tags: ["code"] });
      const kept = await store.add(ana, { content: "the code is changed often", expires_at: "2999-01-01" });
      expect(kept.expires_at).toBe("2999-01-01T00:00:00.000Z");
      expect(await found(store, "code")).toHaveLength(2);
      await sleep(450);
      expect(await found(store, "code")).toEqual(["the code is changed often"]);
      expect(await store.list(ana)).toMatchObject({ memories: [kept], total: 1 });
      expect(await store.list(ana, { tag: "code" })).toMatchObject({ memories: [], total: 0 });
      await expect(store.get(ana, id)).rejects.toMatchObject({ code: "not_found" });
      await expect(store.update(ana, id, { content: "x" })).rejects.toMatchObject({ code: "not_found" });
      expect(contents(await collect(store.export(ana)))).toEqual(["the code is changed often"]);
      expect((await store.update(ana, kept.id, { expires_at: "never" })).expires_at).toBeUndefined();
    });

    it("cannot be born expired", async () => {
      const store = await openStore();
      await expect(store.add(ana, { content: "a", expires_at: "2020-01-01" })).rejects.toMatchObject({
        code: "invalid_input",
        message: '"expires_at" must be in the future, not "2020-01-01".',
      });
    });
  });

  describe(`${name}: changes`, () => {
    it("are told with their user, and not what changed nothing", async () => {
      const store = await openStore();
      const told: unknown[] = [];
      const stop = store.onChange((change) => told.push(change));
      const { id } = await store.add(ana, { content: "a" });
      await store.add(ana, { content: "a" });
      await store.update(ana, id, { content: "b" });
      await store.delete(ana, id);
      await store.addAll(ben, [{ content: "x" }, { content: "y" }]);
      await store.forget(ben, { all: true });
      stop();
      await store.add(ana, { content: "z" });
      expect(told).toEqual([
        { user: "ana", ids: [id] },
        { user: "ana", ids: [id] },
        { user: "ana", ids: [id] },
        { user: "ben", ids: [expect.any(String), expect.any(String)] },
        { user: "ben" },
      ]);
    });
  });

  describe(`${name}: details`, () => {
    it.each([
      [{ importance: 1.1 }, '"importance" must be from 0 to 1, not 1.1.'],
      [{ importance: -0.1 }, '"importance" must be from 0 to 1, not -0.1.'],
      [{ importance: Number.NaN }, '"importance" must be from 0 to 1, not NaN.'],
      [{ kind: "x".repeat(51) }, '"kind" has 51 characters; the limit is 50.'],
      [{ kind: "a\u0000" }, '"kind" contains a NUL character, which text must not contain.'],
      [{ expires_at: "soon" }, '"expires_at" must be an ISO 8601 date or time, not "soon".'],
    ])("refuse %j", async (details, message) => {
      const store = await openStore();
      const { id } = await store.add(ana, { content: "b" });
      await expect(store.add(ana, { content: "a", ...details })).rejects.toMatchObject({
        code: "invalid_input",
        message,
      });
      await expect(store.update(ana, id, details)).rejects.toMatchObject({ code: "invalid_input", message });
      expect((await store.get(ana, id)).version).toBe(1);
    });

    it("are counted by tag, source and kind", async () => {
      const store = await openStore();
      await store.addAll(ana, [
        { content: "a", tags: ["X", "y"], source: "s", kind: "fact" },
        { content: "b", tags: ["x"], source: "s", kind: "Fact" },
        { content: "c", kind: "event" },
      ]);
      expect(await store.stats(ana)).toMatchObject({
        byTag: { x: 2, y: 1 },
        bySource: { s: 2 },
        byKind: { fact: 2, event: 1 },
        bytes: 3,
      });
    });
  });
}
