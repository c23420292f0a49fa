import { beforeAll, describe, expect, it, vi } from "vitest";
import { whenDone } from "../../../test/fixtures/cleanup.ts";
import { meaningOf } from "../../../test/fixtures/meaning.ts";
import { NO_POSTGRES, type PostgresServer, startPostgres } from "../../../test/fixtures/postgres.ts";
import type { Embedder } from "../embeddings/embedder.ts";
import { openPostgresStore } from "./postgres-store.ts";

const ana = { id: "ana" };
const ben = { id: "ben" };

describe.skipIf(NO_POSTGRES)(NO_POSTGRES ?? "meaning in PostgreSQL", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });

  /** A store with an embedder, and what it was given. */
  async function openStore(url: string) {
    const embedded: string[] = [];
    const embedder: Embedder = {
      id: "fake/a",
      async embed(texts, side) {
        if (side === "memory") embedded.push(...texts);
        return texts.map((text) => Float32Array.from(meaningOf(text)));
      },
    };
    const limits = { maxMemories: 10_000, maxMemoryLength: 5_000, enableSearch: true };
    const store = await openPostgresStore({ ...limits, url, embedder });
    whenDone(() => store.close());
    return { store, embedded };
  }

  async function whenEmbedded(url: string, count: number): Promise<void> {
    await vi.waitFor(
      async () => expect(await server.query(url, "select from patchbay.embedding")).toHaveLength(count),
      { timeout: 10_000, interval: 30 },
    );
  }

  it("finds what no word of the query is in, within the filter and the user's own memories", async () => {
    const url = await server.newDatabase();
    const { store } = await openStore(url);
    const tea = await store.add(ana, { content: "Mornings begin with green tea", tags: ["habit"] });
    await store.add(ana, { content: "Strong coffee at eight", tags: ["work"] });
    await store.add(ana, { content: "The garage has a new roof" });
    await store.add(ben, { content: "Ben likes tea" });
    await whenEmbedded(url, 4);
    const { results } = await store.search(ana, { query: "favourite beverage", tag: "habit" });
    expect(results).toMatchObject([{ id: tea.id, reason: { matched: [], boosts: ["meaning"] } }]);
    const all = await store.search(ana, { query: "beverage" });
    expect(all.results.map(({ content }) => content).sort()).toEqual([
      "Mornings begin with green tea",
      "Strong coffee at eight",
    ]);
  });

  it("leaves no vector of what was changed, superseded or deleted", async () => {
    const url = await server.newDatabase();
    const { store } = await openStore(url);
    const [tea, car, dog] = await store.addAll(ana, [{ content: "tea" }, { content: "car" }, { content: "dog" }]);
    await whenEmbedded(url, 3);
    await store.delete(ana, tea?.id ?? "");
    await store.update(ana, car?.id ?? "", { content: "bicycle" });
    await store.add(ana, { content: "cat", supersedes: dog?.id ?? "" });
    await whenEmbedded(url, 2);
    expect((await store.search(ana, { query: "puppy" })).results.map(({ content }) => content)).not.toContain("dog");
    expect(await store.verify()).toEqual([]);
    await store.forget(ana, { all: true });
    expect(await server.query(url, "select from patchbay.embedding")).toEqual([]);
  });

  it("computes vectors of what is there already, once", async () => {
    const url = await server.newDatabase();
    const first = await openStore(url);
    const texts = Array.from({ length: 700 }, (_, index) => ({ content: `memory ${index}`, speaker: "Ana" }));
    await first.store.import(ana, JSON.stringify(texts));
    await whenEmbedded(url, 700);
    expect(first.embedded[0]).toMatch(/^Ana: memory/);
    const second = await openStore(url);
    await second.store.add(ben, { content: "one more" });
    await whenEmbedded(url, 701);
    expect([...first.embedded, ...second.embedded].filter((text) => text !== "one more")).toHaveLength(700);
  });
});
