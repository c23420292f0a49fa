import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, it, vi } from "vitest";
import { temporaryFolder, whenDone } from "../../../test/fixtures/cleanup.ts";
import { meaningOf } from "../../../test/fixtures/meaning.ts";
import type { Embedder } from "../embeddings/embedder.ts";
import { toBytes } from "../embeddings/vector.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const ana = { id: "ana" };
const ben = { id: "ben" };

type Embed = Embedder["embed"];
const embedAll: Embed = async (texts) => texts.map((text) => Float32Array.from(meaningOf(text)));

/** A store in the folder, an embedder that counts the memories it was given, and what the operator was told. */
async function openStore(folder = temporaryFolder(), { id = "fake/a", embed = embedAll as Embed } = {}) {
  const embedded: string[] = [];
  const warnings: string[] = [];
  const embedder: Embedder = {
    id,
    embed(texts, side, signal) {
      if (side === "memory") embedded.push(...texts);
      return embed(texts, side, signal);
    },
  };
  const file = join(folder, "memory.db");
  const store = await openSqliteStore({
    file,
    maxMemories: 10_000,
    maxMemoryLength: 5_000,
    enableSearch: true,
    embedder,
    warn: (message) => warnings.push(message),
  });
  whenDone(() => store.close());
  return { store, folder, embedded, warnings };
}

/** Vectors in the database, of the model if one is named. */
function vectorsIn(folder: string, model?: string): Buffer[] {
  const db = new Sqlite(join(folder, "memory.db"), { readonly: true });
  try {
    return db
      .prepare("select vector from embedding join embedding_model on mid = model where name = coalesce(?, name)")
      .pluck()
      .all(model) as Buffer[];
  } finally {
    db.close();
  }
}

async function whenEmbedded(folder: string, count: number, model?: string): Promise<void> {
  await vi.waitFor(() => expect(vectorsIn(folder, model)).toHaveLength(count), { timeout: 5_000, interval: 20 });
}

it("finds by meaning what no word of the query is in, and says so", async () => {
  const { store, folder } = await openStore();
  const tea = await store.add(ana, { content: "Mornings begin with green tea" });
  await store.add(ana, { content: "The garage has a new roof" });
  await store.add(ana, { content: "Lisbon was sunny in May" });
  await whenEmbedded(folder, 3);
  const { results } = await store.search(ana, { query: "favourite beverage" });
  expect(results[0]).toMatchObject({ id: tea.id, reason: { matched: [], boosts: ["meaning"] } });
});

it("gives nothing for what no memory has to do with, and tells by the score how much one has", async () => {
  const { store, folder } = await openStore();
  for (const content of ["Green tea at seven", "The roof leaks", "Lisbon was sunny"]) await store.add(ana, { content });
  await whenEmbedded(folder, 3);
  expect((await store.search(ana, { query: "zzz qqq" })).results).toEqual([]);
  const [one] = (await store.search(ana, { query: "beverage" })).results;
  const [less] = (await store.search(ana, { query: "beverage zzz qqq" })).results;
  expect([one?.content, less?.content]).toEqual(["Green tea at seven", "Green tea at seven"]);
  expect(one?.score).toBeGreaterThan(less?.score ?? 1);
  expect(one?.score).toBeLessThan(1);
});

it("asks for anything as without meaning: the newest first, all", async () => {
  const { store, folder } = await openStore();
  for (const content of ["Green tea at seven", "The roof leaks", "Lisbon was sunny"]) await store.add(ana, { content });
  await whenEmbedded(folder, 3);
  for (const query of ["*", "what do you know about me?"]) {
    const { results } = await store.search(ana, { query });
    expect(results.map(({ content }) => content)).toEqual(["Lisbon was sunny", "The roof leaks", "Green tea at seven"]);
  }
});

it("keeps filters, quoted phrases and other users' memories apart from meaning", async () => {
  const { store, folder } = await openStore();
  await store.add(ana, { content: "Green tea at seven", tags: ["habit"], source: "diary" });
  await store.add(ana, { content: "Strong coffee at eight", tags: ["work"] });
  await store.add(ana, { content: "The roof leaks" });
  await store.add(ben, { content: "Ben likes tea" });
  await whenEmbedded(folder, 4);
  const contents = async (request: Parameters<typeof store.search>[1]) =>
    (await store.search(ana, request)).results.map(({ content }) => content);
  expect((await contents({ query: "beverage" })).sort()).toEqual(["Green tea at seven", "Strong coffee at eight"]);
  expect(await contents({ query: "beverage", tag: "work" })).toEqual(["Strong coffee at eight"]);
  expect(await contents({ query: "beverage", source: "Diary" })).toEqual(["Green tea at seven"]);
  expect(await contents({ query: '"roof leaks" beverage' })).toEqual(["The roof leaks"]);
});

it("leaves no vector of a memory that was deleted, changed, superseded or has gone with its user", async () => {
  const { store, folder } = await openStore();
  const [tea, car, dog, roof] = await store.addAll(ana, [
    { content: "tea" },
    { content: "car" },
    { content: "dog" },
    { content: "roof" },
  ]);
  await whenEmbedded(folder, 4);
  const stored = new Map(vectorsIn(folder).map((vector) => [vector.toString("latin1"), vector]));
  const vectorOf = (text: string) => Buffer.from(toBytes(Float32Array.from(meaningOf(text)))).toString("latin1");
  for (const text of ["tea", "car", "dog", "roof"]) expect(stored.has(vectorOf(text))).toBe(true);
  const isInFiles = (text: string): boolean =>
    readdirSync(folder).some((name) => readFileSync(join(folder, name)).toString("latin1").includes(vectorOf(text)));
  expect(isInFiles("tea")).toBe(true);

  await store.delete(ana, tea?.id ?? "");
  expect(isInFiles("tea")).toBe(false);
  await store.update(ana, car?.id ?? "", { content: "bicycle" });
  expect(isInFiles("car")).toBe(false);
  await vi.waitFor(() => expect(isInFiles("bicycle")).toBe(true));
  await store.add(ana, { content: "cat", supersedes: dog?.id ?? "" });
  await vi.waitFor(() => expect(isInFiles("cat")).toBe(true));
  await store.update(ana, roof?.id ?? "", { tags: ["house"] });
  expect(isInFiles("dog")).toBe(false);
  await whenEmbedded(folder, 3);
  await store.forget(ana, { all: true });
  expect(vectorsIn(folder)).toEqual([]);
  for (const text of ["bicycle", "cat", "roof"]) expect(isInFiles(text)).toBe(false);
  expect(await store.verify()).toEqual([]);
});

it("goes on after a restart, and computes the vectors of another model anew", async () => {
  const folder = temporaryFolder();
  const without = await openSqliteStore({
    file: join(folder, "memory.db"),
    maxMemories: 1000,
    maxMemoryLength: 500,
    enableSearch: true,
  });
  await without.addAll(
    ana,
    Array.from({ length: 40 }, (_, index) => ({ content: `Note ${index} about tea` })),
  );
  await without.addAll(ben, [{ content: "Ben has a car" }]);
  await without.close();

  const first = await openStore(folder);
  await whenEmbedded(folder, 41, "fake/a");
  await first.store.close();

  const again = await openStore(folder);
  await again.store.add(ana, { content: "One more" });
  await whenEmbedded(folder, 42, "fake/a");
  expect(again.embedded).toEqual(["One more"]);
  await again.store.close();

  const other = await openStore(folder, {
    id: "fake/b",
    embed: async (texts) => texts.map((text) => Float32Array.from([...meaningOf(text), 1])),
  });
  expect((await other.store.search(ben, { query: "automobile" })).results.length).toBeLessThanOrEqual(1);
  await whenEmbedded(folder, 42, "fake/b");
  expect(vectorsIn(folder, "fake/a")).toEqual([]);
  expect((await other.store.search(ben, { query: "automobile" })).results[0]?.content).toBe("Ben has a car");
});

it("answers by words while the embedder fails, tells it once, and recovers", async () => {
  let broken = true;
  const { store, folder, warnings } = await openStore(undefined, {
    embed: async (texts, side, signal) => {
      if (broken) throw new Error("no such host");
      return embedAll(texts, side, signal);
    },
  });
  await store.add(ana, { content: "Green tea at seven" });
  for (let time = 0; time < 3; time++) {
    expect((await store.search(ana, { query: "tea" })).results).toHaveLength(1);
    expect((await store.search(ana, { query: "beverage" })).results).toEqual([]);
  }
  expect(warnings).toEqual([
    "Memories are searched by words alone while memory.embeddings does not work: no such host",
  ]);
  broken = false;
  await vi.waitFor(() => expect(vectorsIn(folder)).toHaveLength(1), { timeout: 10_000, interval: 50 });
  expect((await store.search(ana, { query: "beverage" })).results).toHaveLength(1);
}, 20_000);

it("does not wait longer than a second for the vector of a query, and not again while that is overdue", async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { store, folder } = await openStore(undefined, {
    embed: async (texts, side, signal) => {
      if (side === "query") await held;
      return embedAll(texts, side, signal);
    },
  });
  await store.add(ana, { content: "Green tea at seven" });
  await whenEmbedded(folder, 1);
  const began = performance.now();
  expect((await store.search(ana, { query: "tea" })).results[0]?.reason.boosts).toBeUndefined();
  const first = performance.now() - began;
  expect((await store.search(ana, { query: "tea at" })).results).toHaveLength(1);
  expect(performance.now() - began - first).toBeLessThan(first);
  release();
  await vi.waitFor(async () => expect((await store.search(ana, { query: "beverage" })).results).toHaveLength(1));
});

it("leaves out a memory that the model cannot take, and embeds the others", async () => {
  const { store, folder, embedded } = await openStore(undefined, {
    embed: async (texts, side, signal) => {
      if (texts.some((text) => text.includes("too long"))) {
        throw Object.assign(new Error("The input is too long"), { code: "context_overflow" });
      }
      return embedAll(texts, side, signal);
    },
  });
  await store.addAll(ana, [{ content: "tea" }, { content: "too long" }, { content: "car" }, { content: "roof" }]);
  await whenEmbedded(folder, 3);
  expect((await store.search(ana, { query: "too long" })).results[0]?.content).toBe("too long");
  const asked = embedded.length;
  await store.add(ana, { content: "dog" });
  await whenEmbedded(folder, 4);
  expect(embedded.slice(asked)).toEqual(["dog"]);
});

it("embeds most memories once where two stores start on the same file", async () => {
  const folder = temporaryFolder();
  const without = await openSqliteStore({
    file: join(folder, "memory.db"),
    maxMemories: 10_000,
    maxMemoryLength: 500,
    enableSearch: true,
  });
  for (let part = 0; part < 20; part++) {
    await without.addAll(
      ana,
      Array.from({ length: 100 }, (_, index) => ({ content: `Note ${part} ${index}` })),
    );
  }
  await without.close();
  const one = await openStore(folder);
  const two = await openStore(folder);
  await vi.waitFor(() => expect(vectorsIn(folder)).toHaveLength(2_000), { timeout: 15_000, interval: 50 });
  expect(one.embedded.length + two.embedded.length).toBeLessThan(2_400);
}, 30_000);

it("catches up with what was added while the embedder failed, however much that was", async () => {
  let broken = true;
  const { store, folder, embedded } = await openStore(undefined, {
    embed: async (texts, side, signal) => {
      if (broken) throw Object.assign(new Error("busy"), { retryAfterMs: 100 });
      return embedAll(texts, side, signal);
    },
  });
  for (let part = 0; part < 15; part++) {
    await store.addAll(
      ana,
      Array.from({ length: 100 }, (_, index) => ({ content: `Note ${part} ${index}` })),
    );
  }
  const late = await store.add(ben, { content: "Ben has a car" });
  await store.delete(ben, late.id);
  broken = false;
  embedded.length = 0;
  await vi.waitFor(() => expect(vectorsIn(folder)).toHaveLength(1_500), { timeout: 20_000, interval: 50 });
  expect(embedded).toHaveLength(1_500);
}, 30_000);

it("changes nothing for writes that come while it works", async () => {
  const { store, folder } = await openStore();
  const added = await Promise.all(
    Array.from({ length: 200 }, (_, index) => store.add(ana, { content: `Memory ${index} of tea` })),
  );
  await Promise.all(
    added.map(({ id }, index) =>
      index % 2 ? store.delete(ana, id) : store.update(ana, id, { content: `Changed ${index}` }),
    ),
  );
  await whenEmbedded(folder, 100);
  expect(await store.verify()).toEqual([]);
  const { results } = await store.search(ana, { query: "Changed 42" });
  expect(results[0]?.content).toBe("Changed 42");
});
