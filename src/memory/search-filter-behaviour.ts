import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MemoryFilter, MemoryStore, NewMemory } from "./store.ts";
import type { OpenStore } from "./store-behaviour.ts";

const ana = { id: "ana" };

/** Filters, pages, packs, and what raises a memory. */
export function describeSearchFilters(name: string, openStore: OpenStore): void {
  const found = async (store: MemoryStore, query: string, filter: MemoryFilter = {}): Promise<string[]> => {
    const { results } = await store.search(ana, { query, limit: 100, ...filter });
    return results.map((result) => result.content).sort();
  };

  describe(`${name}: filters of a search`, () => {
    it("leave what satisfies all of them, whatever the case", async () => {
      const store = await openStore();
      const common = { source: "Chat 1", speaker: "Ana", kind: "event", tags: ["Trip"], occurred_at: "2026-03-15" };
      const others: Partial<NewMemory>[] = [
        {},
        { source: "Chat 2" },
        { speaker: "Ben" },
        { kind: "fact" },
        { tags: ["work"] },
        { occurred_at: "2026-04-01" },
      ];
      for (const [index, other] of others.entries()) {
        await store.add(ana, { content: `train ${index}`, ...common, ...other });
      }
      const without = (index: number) => [0, 1, 2, 3, 4, 5].filter((other) => other !== index).map((n) => `train ${n}`);
      expect(await found(store, "train", { source: "chat 1" })).toEqual(without(1));
      expect(await found(store, "train", { speaker: "ANA" })).toEqual(without(2));
      expect(await found(store, "train", { kind: "Event" })).toEqual(without(3));
      expect(await found(store, "train", { tag: "trip" })).toEqual(without(4));
      expect(await found(store, "train", { after: "2026-03-01", before: "2026-04-01" })).toEqual(without(5));
      const all = { source: "Chat 1", speaker: "Ana", kind: "event", tag: "trip", before: "2026-03-16" };
      expect(await found(store, "train", all)).toEqual(["train 0"]);
      expect(await found(store, "train", { ...all, tag: "none" })).toEqual([]);
      expect(await found(store, "?!", all)).toEqual([]);
      expect(await found(store, "rai", { speaker: "Ben" })).toEqual(["train 2"]);
      expect(await found(store, "what do you know about me?", { kind: "fact" })).toEqual(["train 3"]);
    });

    it("find each of them in thousands with the same words, those just added too", async () => {
      const store = await openStore({ maxMemories: 10_000 });
      const day = 86_400_000;
      const list = Array.from({ length: 6000 }, (_, index) => ({
        content: `the plan of Ana number n${index}`,
        tags: index % 1500 === 7 ? ["rare"] : ["common"],
        source: `s${index % 400}`,
        occurred_at: new Date(Date.UTC(2010, 0, 1) + index * day).toISOString(),
      }));
      await store.import(ana, JSON.stringify(list));
      await store.addAll(ana, [{ content: "the plan of Ana at last", tags: ["rare"], occurred_at: "2010-01-03" }]);
      const numbers = (indexes: number[]) => indexes.map((index) => `the plan of Ana number n${index}`);
      const rare = [...numbers([7, 1507, 3007, 4507]), "the plan of Ana at last"].sort();
      expect(await found(store, "plan of Ana", { tag: "rare" })).toEqual(rare);
      expect(await found(store, '"plan of Ana"', { tag: "rare", before: "2012-01-01" })).toEqual(
        ["the plan of Ana at last", ...numbers([7])].sort(),
      );
      expect(await found(store, "number plan", { source: "S17", tag: "common" })).toHaveLength(15);
      expect(await found(store, "plan", { after: "2010-01-02", before: "2010-01-04T12:00:00Z" })).toEqual(
        ["the plan of Ana at last", ...numbers([1, 2, 3])].sort(),
      );
      expect(await found(store, "plan", { after: "2010-03-31T00:00:01Z", before: "2010-04-01T00:00:01Z" })).toEqual(
        numbers([90]),
      );
      expect(await found(store, "plan", { after: "2024-01-01" })).toHaveLength(100);
      expect(await found(store, "plan", { before: "2010-01-01" })).toEqual([]);
      expect(await found(store, "plan n5000", { after: "2026-06-04" })).toEqual(numbers([5998, 5999]).sort());
    });

    it("agree with list on every filter", async () => {
      const store = await openStore();
      const values = fc.record(
        {
          tags: fc.subarray(["a", "B b", "ß"], { minLength: 1 }),
          source: fc.constantFrom("s", "S", "t 1"),
          speaker: fc.constantFrom("Ana", "Björn"),
          kind: fc.constantFrom("fact", "event"),
          occurred_at: fc.constantFrom("2025-12-31T23:59:59Z", "2026-01", "2026-01-01T00:00:00+02:00", "2026-02-10"),
        },
        { requiredKeys: [] },
      );
      const memories = fc.sample(values, { numRuns: 300, seed: 7 }) as NewMemory[];
      for (let start = 0; start < memories.length; start += 100) {
        const some = memories.slice(start, start + 100);
        await store.addAll(
          ana,
          some.map((memory, index) => ({ ...memory, content: `word ${start + index}` })),
        );
      }
      const filters = fc.record(
        {
          tag: fc.constantFrom("A", "b b", "none"),
          source: fc.constantFrom("s", "T 1"),
          speaker: fc.constantFrom("ana", "BJÖRN"),
          kind: fc.constantFrom("fact", "EVENT"),
          after: fc.constantFrom("2025-12-31", "2026-01-01", "2026-01-15T10:00:00Z"),
          before: fc.constantFrom("2026-01-01", "2026-01-01T00:00:01Z", "2026-02-10", "2026-03"),
        },
        { requiredKeys: [] },
      );
      await fc.assert(
        fc.asyncProperty(filters as fc.Arbitrary<MemoryFilter>, async (filter) => {
          const { total, memories: listed } = await store.list(ana, { ...filter, limit: 100 });
          const contents = await found(store, "word", filter);
          expect(contents).toHaveLength(Math.min(total, 100));
          if (total <= 100) expect(contents).toEqual(listed.map((memory) => memory.content).sort());
        }),
        { numRuns: 60 },
      );
    });

    it("look past what was superseded or has expired, and follow what was changed", async () => {
      const store = await openStore();
      const old = await store.add(ana, { content: "the code is 1111", kind: "fact" });
      await store.add(ana, { content: "the code is 2222", kind: "fact", supersedes: old.id });
      await store.add(ana, { content: "the code is 3333", expires_at: new Date(Date.now() + 150).toISOString() });
      const moved = await store.add(ana, { content: "the code is 4444", kind: "event" });
      await store.update(ana, moved.id, { kind: "fact", occurred_at: "2020-02-02" });
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await found(store, "code")).toEqual(["the code is 2222", "the code is 4444"]);
      expect(await found(store, "code", { kind: "fact" })).toEqual(["the code is 2222", "the code is 4444"]);
      expect(await found(store, "code", { kind: "event" })).toEqual([]);
      expect(await found(store, "code", { before: "2021-01-01" })).toEqual(["the code is 4444"]);
      expect(await found(store, "3333")).toEqual([]);
    });
  });

  describe(`${name}: pages and packs of a search`, () => {
    it("goes on where the page before ended", async () => {
      const store = await openStore();
      for (let index = 0; index < 25; index++) await store.add(ana, { content: `tea ${"x ".repeat(index)}` });
      const all = (await store.search(ana, { query: "tea", limit: 100 })).results.map((result) => result.id);
      const seen: string[] = [];
      let offset: number | undefined = 0;
      const offsets: number[] = [];
      while (offset !== undefined) {
        offsets.push(offset);
        const page = await store.search(ana, { query: "tea", limit: 10, offset });
        seen.push(...page.results.map((result) => result.id));
        offset = page.next_offset;
      }
      expect(offsets).toEqual([0, 10, 20]);
      expect(seen).toEqual(all);
      expect(await store.search(ana, { query: "tea", offset: 500 })).toEqual({ results: [] });
    });

    it("packs what fits into a number of tokens, without what says nearly the same", async () => {
      const store = await openStore();
      const said = "The boiler of the house was serviced by the company Wärme GmbH in spring";
      for (const end of ["", ".", " again", "!"]) await store.add(ana, { content: `${said}${end}` });
      await store.add(ana, { content: "The house has a boiler in the cellar" });
      await store.add(ana, { content: `boiler manual: ${"page ".repeat(80)}` });
      const pack = await store.search(ana, { query: "boiler house", maxTokens: 300 });
      expect(pack.results).toHaveLength(3);
      expect(pack.near_duplicates).toBe(3);
      expect(pack.tokens).toBeLessThanOrEqual(300);
      const small = await store.search(ana, { query: "boiler house", maxTokens: 75 });
      expect(small.results).toHaveLength(1);
      expect(small.tokens).toBeLessThanOrEqual(75);
      expect(small.next_offset).toBeGreaterThan(0);
      expect(await store.search(ana, { query: "boiler", maxTokens: 5 })).toEqual({
        results: [],
        tokens: 0,
        near_duplicates: 0,
        next_offset: 0,
      });
      await expect(store.search(ana, { query: "boiler", maxTokens: 0 })).rejects.toMatchObject({
        code: "invalid_input",
      });
    });
  });

  describe(`${name}: what raises a memory in a search`, () => {
    const best = async (store: MemoryStore, query: string) => (await store.search(ana, { query })).results[0];

    it("is importance, gently", async () => {
      const store = await openStore();
      await store.add(ana, { content: "tea is green", importance: 0.9 });
      await store.add(ana, { content: "tea is black" });
      await store.add(ana, { content: "tea is white", importance: 0.1 });
      const { results } = await store.search(ana, { query: "tea" });
      expect(results.map((result) => result.content)).toEqual(["tea is green", "tea is black", "tea is white"]);
      expect(results[0]?.reason).toEqual({ matched: ["tea"], boosts: ["importance"] });
      expect(results[1]?.reason).toEqual({ matched: ["tea"] });
      expect((await best(store, "white tea"))?.content).toBe("tea is white");
    });

    it("is the speaker and the time that the query names", async () => {
      const store = await openStore();
      for (const [month, speaker] of ["Ana", "Ben", "Ana", "Ben"].entries()) {
        await store.add(ana, {
          content: `We went sailing ${"again ".repeat(month)}`,
          speaker,
          occurred_at: `2025-0${month + 5}-08`,
        });
      }
      expect(await best(store, "Where did Ben go sailing in June 2025?")).toMatchObject({
        speaker: "Ben",
        occurred_at: "2025-06-08",
        reason: { boosts: ["speaker", "time"] },
      });
      expect(await best(store, "sailing on 8 July")).toMatchObject({ occurred_at: "2025-07-08" });
    });

    it("is what stands next to it in its source, also between those of other sources", async () => {
      const store = await openStore();
      for (let index = 0; index < 30; index++) {
        await store.add(ana, { content: `remark ${index}`, source: "b" });
        if (index === 10) await store.add(ana, { content: "Which restaurant do you like best?", source: "a" });
        if (index === 15) await store.add(ana, { content: "Chez Louis, by far", source: "a" });
      }
      const { results } = await store.search(ana, { query: "best restaurant" });
      expect(results.map((result) => result.content)).toContain("Chez Louis, by far");
      const louis = results.find((result) => result.content.startsWith("Chez"));
      expect(louis?.reason).toEqual({ matched: [], neighbours: ["best", "restaurant"] });
    });
  });
}
