import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "../../../test/fixtures/cleanup.ts";
import { NO_POSTGRES, startPostgres } from "../../../test/fixtures/postgres.ts";
import { openSqliteStore } from "../sqlite/sqlite-store.ts";
import type { ListRequest, MemoryStore, SearchRequest } from "../store.ts";
import { openPostgresStore } from "./postgres-store.ts";

const ana = { id: "ana" };
const LIMITS = { maxMemories: 10_000, maxMemoryLength: 500, enableSearch: true };

const WORDS =
  `garden kitchen train Porto Lisbon birthday sister brother tea coffee meeting project deadline heating invoice
  mountain river holiday guitar doctor school teacher yesterday Monday 2026 getUserById ADR-016 Müller São 東京 猫 C++`.split(
    /\s+/,
  );
const PEOPLE = ["Ana", "Ben", "Cleo"];
const day = (number: number): string => new Date(Date.UTC(2026, 0, 1 + number)).toISOString().slice(0, 10);

describe.skipIf(NO_POSTGRES)(NO_POSTGRES ?? "SQLite and PostgreSQL", () => {
  it("answer the same searches and lists with the same memories and scores", async () => {
    const server = await startPostgres();
    const sqlite = await openSqliteStore({ ...LIMITS, file: join(temporaryFolder(), "memory.db") });
    const postgres = await openPostgresStore({ ...LIMITS, url: await server.newDatabase() });
    whenDone(() => Promise.all([sqlite.close(), postgres.close()]));

    const [given] = fc.sample(fc.array(memory, { minLength: 600, maxLength: 600 }), { numRuns: 1, seed: 7 });
    // Sources turn by turn: SQLite looks for neighbours elsewhere in the table only so often.
    const sources = ["chat 1", "chat 2", "Chat 3", undefined];
    const lines = (given ?? []).map((each, index) =>
      JSON.stringify({ ...each, source: sources[Math.floor(index / 150)] }),
    );
    for (const store of [sqlite, postgres]) await store.import(ana, lines.join("\n"), { exact: true });
    const { memories } = await sqlite.list(ana, { limit: 100, offset: 100 });
    for (const [index, { id }] of memories.entries()) {
      for (const store of [sqlite, postgres]) {
        if (index % 10 === 0) await store.delete(ana, id);
        else if (index % 10 === 1) await store.update(ana, id, { content: `the garden of ${index}`, tags: ["New"] });
      }
    }
    expect(await statistics(postgres)).toEqual(await statistics(sqlite));

    await fc.assert(
      fc.asyncProperty(search, list, async (searched, listed) => {
        expect(await searchOf(postgres, searched)).toEqual(await searchOf(sqlite, searched));
        expect(await listOf(postgres, listed)).toEqual(await listOf(sqlite, listed));
        const { limit: _limit, offset: _offset, sort: _sort, superseded: _superseded, ...filter } = listed;
        if (Object.values(filter).some((value) => value !== undefined)) {
          const [some, others] = [postgres, sqlite].map((store) => store.forget(ana, filter, { dryRun: true }));
          expect(await some).toBe(await others);
        }
      }),
      { numRuns: 100 },
    );
  }, 60_000);
});

const word = fc.constantFrom(...WORDS);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const memory = fc.record({
  content: fc.array(word, { minLength: 2, maxLength: 12 }).map((words) => words.join(" ")),
  tags: fc.uniqueArray(fc.constantFrom("Home", "work", "pets", "Café"), { maxLength: 3 }),
  speaker: optional(fc.constantFrom(...PEOPLE)),
  kind: optional(fc.constantFrom("fact", "event")),
  importance: optional(fc.constantFrom(0, 0.25, 0.5, 1)),
  occurred_at: optional(fc.integer({ min: 0, max: 90 }).map(day)),
  id: fc.uuid(),
});

const filter = {
  tag: optional(fc.constantFrom("home", "WORK", "cafe\u0301", "new", "none")),
  source: optional(fc.constantFrom("chat 1", "CHAT 3")),
  speaker: optional(fc.constantFrom("ana", "Ben")),
  kind: optional(fc.constantFrom("fact", "Event")),
  after: optional(fc.integer({ min: 0, max: 90 }).map(day)),
  before: optional(fc.integer({ min: 0, max: 90 }).map((number) => `${day(number)}T12:00Z`)),
};
/** Words as they are, begun, misspelled, run together, quoted. */
const queryWord = fc.oneof(
  { weight: 5, arbitrary: word },
  { weight: 1, arbitrary: word.map((text) => text.slice(0, 4)) },
  { weight: 1, arbitrary: word.map((text) => `${text.slice(0, 2)}${text.slice(3)}`) },
  { weight: 1, arbitrary: fc.tuple(word, word).map((pair) => pair.join("")) },
  { weight: 1, arbitrary: fc.tuple(word, word).map((pair) => `"${pair.join(" ")}"`) },
  { weight: 1, arbitrary: fc.constantFrom("when", "the", "what did", "?", ...PEOPLE) },
);
const search = fc.record({
  query: fc.array(queryWord, { minLength: 1, maxLength: 6 }).map((words) => words.join(" ")),
  // All that is ranked: of equals the one or the other may be the last of a page.
  limit: fc.constant(100),
  ...Object.fromEntries(
    Object.entries(filter).map(([name, value]) => [name, fc.option(value, { nil: undefined, freq: 1 })]),
  ),
}) as fc.Arbitrary<SearchRequest>;
const list = fc.record(
  {
    limit: fc.integer({ min: 0, max: 100 }),
    offset: fc.integer({ min: 0, max: 300 }),
    sort: fc.constantFrom("newest", "oldest", "occurred", "importance"),
    superseded: fc.boolean(),
    ...filter,
  },
  { requiredKeys: [] },
) as fc.Arbitrary<ListRequest>;

/** Scores with why, and ids, those of the same score in the order of the ids, without the last score, which may go on. */
async function searchOf(store: MemoryStore, request: SearchRequest): Promise<unknown> {
  const { results, next_offset } = await store.search(ana, request);
  const found = results.map(({ id, score, reason }) => ({ id, score, reason }));
  const last = found.at(-1)?.score;
  return found
    .filter(({ score }) => next_offset === undefined || score !== last)
    .sort((a, b) => b.score - a.score || a.id.localeCompare(b.id));
}

async function listOf(store: MemoryStore, request: ListRequest): Promise<unknown> {
  const { memories, total } = await store.list(ana, request);
  return { total, ids: memories.map((each) => each.id) };
}

async function statistics(store: MemoryStore): Promise<unknown> {
  const { oldest: _oldest, newest: _newest, ...counts } = await store.stats(ana);
  return counts;
}
