import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeSearchFilters } from "./search-filter-behaviour.ts";
import { describeSearchWords } from "./search-words-behaviour.ts";
import type { MemoryStore, NewMemory } from "./store.ts";
import type { OpenStore } from "./store-behaviour.ts";

const ana = { id: "ana" };

const NOTES: NewMemory[] = [
  { content: "Ana keeps the spare key in the left kitchen drawer", tags: ["home"] },
  { content: "The meeting with Dr. Müller about the new heating is on 2026-03-01 at 10:30", tags: ["home", "dates"] },
  { content: "Ana's brother Will lives in São Paulo and works as a nurse" },
  { content: "Decision ADR-016: getUserById reads from the replica, max_batch_size is 250", tags: ["work"] },
  { content: "The cat went to the vet last week; its children's names are Mo and Bo" },
  { content: "我的猫很可爱，住在東京", tags: ["pets"] },
  { content: "Ana learns C++ and TypeScript in the evenings" },
  { content: "Favourite emoji 🎉, never 👍" },
  { content: "Ana prefers deliveries on Friday" },
  { content: "Nina painted a sunrise over the lake" },
];

/** What every store's search does. */
export function describeSearch(name: string, openStore: OpenStore): void {
  const withNotes = async (): Promise<MemoryStore> => {
    const store = await openStore();
    for (const note of NOTES) await store.add(ana, note);
    return store;
  };
  const best = async (store: MemoryStore, query: string): Promise<string | undefined> =>
    (await store.search(ana, { query })).results[0]?.content;

  describeSearchWords(name, openStore);
  describeSearchFilters(name, openStore);

  describe(`${name}: search`, () => {
    it.each([
      ["a plain question", "Where is the spare key?", 0],
      ["other forms of the words", "where does she keep keys", 0],
      ["an irregular form", "did the cats go to a vet?", 4],
      ["a name without its accents", "meeting with muller", 1],
      ["a place typed plainly", "who lives in sao paulo", 2],
      ["a name that is a common word elsewhere", "What does Will do?", 2],
      ["an identifier", "ADR-016", 3],
      ["an identifier in another style", "get_user_by_id", 3],
      ["part of an identifier", "batch size", 3],
      ["a date", "2026-03-01", 1],
      ["two characters of an unspaced script", "可爱", 5],
      ["one character of it", "猫", 5],
      ["the last character of a run", "京", 5],
      ["a programming language", "C++", 6],
      ["a beginning of a word", "deliv", 8],
      ["a beginning with a star", "sunr*", 9],
      ["a phrase", '"spare key"', 0],
      ["an emoji", "🎉", 7],
      ["a slip of the keys", "Where is the spere kye drawr?", 0],
      ["a slip in a name", "what did Nian paint", 9],
      ["a part of a word that nothing begins with", "rawer", 0],
      ["a tag", "pets", 5],
      ["capitals", "SPARE KEY", 0],
    ])("finds by %s", async (_, query, index) => {
      expect(await best(await withNotes(), query)).toBe(NOTES[index]?.content);
    });

    it("gives the best first, with scores that fall, as many as asked", async () => {
      const store = await openStore();
      for (const content of ["tea", "green tea", "green tea in the garden", "the garden", "unrelated"]) {
        await store.add(ana, { content });
      }
      const { results } = await store.search(ana, { query: "green tea garden" });
      expect(results).toHaveLength(4);
      expect(results[0]?.content).toBe("green tea in the garden");
      const scores = results.map((result) => result.score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      expect(scores.every((score) => score > 0)).toBe(true);
      expect((await store.search(ana, { query: "tea", limit: 2 })).results).toHaveLength(2);
      expect((await store.search(ana, { query: "tea", limit: 0 })).results).toHaveLength(0);
      expect((await store.search(ana, { query: "tea", limit: 1e6 })).results).toHaveLength(3);
    });

    it("gives what list gives of a memory, with the score and the reason", async () => {
      const store = await openStore();
      const memory = await store.add(ana, {
        content: "tea",
        tags: ["a"],
        speaker: "Ana",
        source: "s",
        occurred_at: "2026-01-02",
      });
      expect((await store.search(ana, { query: "tea" })).results).toEqual([
        { ...memory, score: expect.any(Number), reason: { matched: ["tea"] } },
      ]);
    });

    it("looks only at memories with the tag", async () => {
      const store = await openStore({ maxMemories: 1000 });
      await store.add(ana, { content: "the old plan", tags: ["Work"] });
      const many = Array.from({ length: 500 }, (_, index) => ({ content: `the plan plan plan ${index}` }));
      await store.import(ana, JSON.stringify(many));
      expect((await store.search(ana, { query: "plan", tag: "work" })).results).toMatchObject([
        { content: "the old plan" },
      ]);
      expect((await store.search(ana, { query: "plan", tag: "none" })).results).toEqual([]);
      expect((await store.search(ana, { query: "plan", tag: "" })).results).toHaveLength(10);
    });

    it("wants a quoted phrase in its order, and takes the words alone where nobody wrote it so", async () => {
      const store = await openStore();
      await store.add(ana, { content: "garden of green tea, tea garden" });
      await store.add(ana, { content: "tea green" });
      const found = async (query: string) => (await store.search(ana, { query })).results.length;
      expect(await found("green tea")).toBe(2);
      expect(await found('"green tea"')).toBe(1);
      expect(await found("“tea garden”")).toBe(1);
      expect(await found('"garden tea green"')).toBe(2);
    });

    it("weighs a word by the user's own memories, not by others'", async () => {
      const store = await openStore();
      for (let index = 0; index < 30; index++) await store.add({ id: "ben" }, { content: `rocket ${index}` });
      for (let index = 0; index < 30; index++) await store.add(ana, { content: `garden ${index}` });
      await store.add(ana, { content: "a garden" });
      await store.add(ana, { content: "a rocket" });
      expect(await best(store, "garden rocket")).toBe("a rocket");
    });

    it("answers a question of nothing but common words with what contains it, or with the newest", async () => {
      const store = await openStore();
      await store.add(ana, { content: "To be or not to be" });
      await store.add(ana, { content: "Ana prefers tea" });
      expect(await best(store, "to be or not to be")).toBe("To be or not to be");
      expect(await best(store, "what do you know about me?")).toBe("Ana prefers tea");
      expect((await store.search(ana, { query: "?!" })).results).toEqual([]);
      expect((await store.search(ana, { query: "*" })).results).toHaveLength(2);
    });

    it("finds what an answer says without the question's words, next to it in the same source", async () => {
      const store = await openStore();
      const turns = [
        ["Ben", "Where did you go for your birthday?"],
        ["Ana", "We took the train to Porto."],
        ["Ben", "Sounds lovely."],
      ];
      for (const [speaker, content] of turns)
        await store.add(ana, { content: content as string, speaker: speaker as string, source: "chat 1" });
      for (let index = 0; index < 20; index++) await store.add(ana, { content: `note ${index}`, source: "chat 2" });
      const { results } = await store.search(ana, { query: "Where did Ana go for her birthday?" });
      expect(results.slice(0, 2).map((result) => result.content)).toContain("We took the train to Porto.");
    });

    it("prefers what the named speaker said", async () => {
      const store = await openStore();
      await store.add(ana, { content: "I collect stamps", speaker: "Ben" });
      await store.add(ana, { content: "I collect coins", speaker: "Cleo" });
      await store.add(ana, { content: "I collect shells", speaker: "Dora" });
      expect(await best(store, "What does Cleo collect?")).toBe("I collect coins");
    });

    it("finds numbers with and without their separators, and numbered names with and without the space", async () => {
      const store = await openStore();
      for (const content of ["The rent is 1,250.00 a month", "Flight LH1234 leaves at noon", "Desk 12, row 34"]) {
        await store.add(ana, { content });
      }
      expect(await best(store, "1250")).toMatch(/rent/);
      expect(await best(store, "1,250")).toMatch(/rent/);
      expect(await best(store, '"1,250.00 a month"')).toMatch(/rent/);
      expect(await best(store, "LH 1234")).toMatch(/LH1234/);
      expect(await best(store, "when does lh-1234 leave?")).toMatch(/LH1234/);
    });

    it("prefers what answers over what the named speaker said of something else", async () => {
      const store = await openStore();
      await store.add(ana, { content: "Ana Kowalski lives in Lisbon with her cat" });
      await store.add(ana, { content: "Ana said the C++ compiler is slow", speaker: "Ana" });
      for (const content of ["Ana likes tea", "Ben lives in Porto", "The roof leaks"])
        await store.add(ana, { content });
      expect(await best(store, "Where does Ana live?")).toMatch(/Lisbon/);
    });

    it("gives the memories of a time to a query that is only a time", async () => {
      const store = await openStore();
      const may = await store.add(ana, { content: "Flew to Porto", occurred_at: "2026-05-08T10:00:00Z" });
      await store.add(ana, { content: "Paid 2026 invoices, 8 of them", occurred_at: "2026-01-02" });
      const yesterday = new Date(Date.now() - 86_400_000).toISOString();
      const late = await store.add(ana, { content: "Bought a lamp", occurred_at: yesterday });
      const added = await store.add(ana, { content: "Said that yesterday was long" });
      const first = async (query: string) => (await store.search(ana, { query })).results[0]?.id;
      for (const query of ["2026-05-08", "8 May 2026", "What happened on 8 May 2026?", "May 8", "in May 2026"]) {
        expect(await first(query), query).toBe(may.id);
      }
      expect(await first("what happened yesterday?")).toBe(late.id);
      expect(await first("what did I add yesterday?")).toBe(late.id);
      expect(await first("today")).toBe(added.id);
      expect(await first("invoices on 8 May 2026")).not.toBe(may.id);
      expect((await store.search(ana, { query: "1 April 1999" })).results.map(({ id }) => id)).not.toContain(may.id);
      expect((await store.search(ana, { query: "8 May 2026", before: "2026-05-01" })).results).not.toContainEqual(
        expect.objectContaining({ id: may.id }),
      );
    });

    it("finds each of many memories again, those just added and those added long ago", async () => {
      const store = await openStore({ maxMemories: 5000 });
      const wrong: number[] = [];
      for (let index = 0; index < 700; index += 100) {
        await Promise.all(
          Array.from({ length: 100 }, (_, k) => store.add(ana, { content: `fact number n${index + k}x` })),
        );
      }
      for (let index = 0; index < 700; index += 7) {
        const { results } = await store.search(ana, { query: `n${index}x`, limit: 3 });
        if (results.length !== 1 || results[0]?.content !== `fact number n${index}x`) wrong.push(index);
      }
      expect(wrong).toEqual([]);
    });

    it("keeps working with words that nearly every one of thousands of memories has", async () => {
      const store = await openStore({ maxMemories: 30_000 });
      const list = Array.from({ length: 25_000 }, (_, index) => ({
        content: `Ana visits the project office on day d${index}`,
      }));
      list[17] = { content: "Ana visits the project office with Ximena on a day" };
      await store.import(ana, JSON.stringify(list));
      expect(await best(store, "Who visits the project office with Ximena?")).toBe(list[17]?.content);
      expect((await store.search(ana, { query: "Ana visits project office day" })).results).toHaveLength(10);
      expect(await best(store, "office project d18 Ana")).toBe(list[18]?.content);
    });

    it("finds memories as long as a book, among many", async () => {
      const store = await openStore({ maxMemoryLength: 1_000_000 });
      const filler = "lorem ipsum dolor sit amet ".repeat(20_000);
      for (let index = 0; index < 12; index++) await store.add(ana, { content: `${filler} chapter${index} end` });
      await store.add(ana, { content: "lorem ipsum chapter99" });
      expect((await store.search(ana, { query: "chapter7" })).results[0]?.content).toMatch(/chapter7 end$/);
      expect(await best(store, "lorem chapter99")).toBe("lorem ipsum chapter99");
      expect((await store.search(ana, { query: "lorem ipsum" })).results).not.toHaveLength(0);
    });

    it("takes any query whatsoever, and answers with the user's own memories only", async () => {
      const store = await withNotes();
      await store.add({ id: "ben" }, { content: "Ben keeps the spare key too: Will, cat, key, tea AND OR NOT NEAR *" });
      const own = new Set((await store.list(ana, { limit: 100 })).memories.map((memory) => memory.id));
      const special = [
        '"',
        "'",
        "*",
        "^",
        "(",
        ")",
        ":",
        "-",
        "+",
        "{",
        "}",
        "AND",
        "OR",
        "NOT",
        "NEAR(",
        "key",
        "猫",
        "🎉",
        "--",
        ";",
        "%",
        "_",
        "\\",
        "1_key",
        "terms:",
        "\t",
        "​",
        "é",
        "will",
      ];
      const query = fc.oneof(
        fc.array(fc.constantFrom(...special), { maxLength: 12 }).map((parts) => parts.join("")),
        fc.array(fc.constantFrom(...special), { maxLength: 12 }).map((parts) => parts.join(" ")),
        fc.string({ unit: "binary", maxLength: 60 }),
        fc.string({ unit: "grapheme", maxLength: 60 }),
        fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
      );
      await fc.assert(
        fc.asyncProperty(query, async (text) => {
          const bad = text.includes("\u0000") || !text.isWellFormed() || text.trim() === "";
          const answer = store.search(ana, { query: text });
          if (bad) await expect(answer).rejects.toMatchObject({ code: "invalid_input" });
          else expect((await answer).results.every((result) => own.has(result.id))).toBe(true);
        }),
        { numRuns: 500 },
      );
    });

    it.each([
      ["one word", "x".repeat(1_000_000)],
      ["many words", "key ".repeat(250_000)],
      ["different words", Array.from({ length: 150_000 }, (_, index) => `w${index}`).join(" ")],
      ["joined words", "a-b_c.".repeat(170_000)],
      ["quotes", '"'.repeat(1_000_000)],
      ["stars", "ab*".repeat(333_333)],
      ["apostrophes", "a'".repeat(500_000)],
      ["an unspaced script", "猫".repeat(500_000)],
      ["marks", `e${"\u0301".repeat(500_000)}`],
      ["capitals", "aB".repeat(500_000)],
    ])("answers a query of a megabyte: %s", async (_, query) => {
      const store = await withNotes();
      expect((await store.search(ana, { query })).results.length).toBeLessThanOrEqual(10);
    });

    it.each(["", "   ", "\n"])("asks for a query instead of %j", async (query) => {
      const store = await openStore();
      await expect(store.search(ana, { query })).rejects.toMatchObject({
        code: "invalid_input",
        message: "Search query is required",
      });
    });

    it("says so where it is switched off", async () => {
      const store = await openStore({ enableSearch: false });
      await store.add(ana, { content: "x" });
      await expect(store.search(ana, { query: "x" })).rejects.toMatchObject({
        code: "disabled",
        message: "Search functionality is disabled",
      });
    });
  });
}
