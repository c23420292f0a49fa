import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { temporaryFolder, whenDone } from "../../../test/fixtures/cleanup.ts";
import { killWhileChanging } from "../../../test/fixtures/memory-kills.ts";
import { startProcess } from "../../../test/fixtures/spawn.ts";
import type { MemoryStore } from "../store.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const ana = { id: "ana" };
const newFile = () => join(temporaryFolder(), "data", "memory.db");

/** A process of test/fixtures/memory-writer.ts. */
function startWriter(
  file: string,
  prefix: string,
  count: number,
  options: { atOnce?: number; maxMemories?: number } = {},
) {
  const { atOnce = 1, maxMemories = 1_000_000 } = options;
  const words = [file, ana.id, prefix, count, atOnce, maxMemories].map(String);
  return startProcess({
    command: process.execPath,
    args: ["test/fixtures/memory-writer.ts", ...words],
    env: { PATH: process.env.PATH ?? "" },
  });
}

async function openStore(file: string): Promise<MemoryStore> {
  const store = await openSqliteStore({ file, maxMemories: 1_000_000, maxMemoryLength: 500, enableSearch: true });
  whenDone(() => store.close());
  return store;
}

async function storedContents(store: MemoryStore): Promise<Set<string>> {
  const contents = new Set<string>();
  for await (const memory of store.export(ana)) contents.add(memory.content);
  return contents;
}

/** The whole lines that a process has written, without the first, which says that it is ready. */
const linesOf = (output: string): string[] => output.split("\n").slice(1, -1);

it("loses no acknowledged memory when the process is killed at any time", async () => {
  const file = newFile();
  const acknowledged: string[] = [];
  for (let round = 0; round < 20; round++) {
    const writer = startWriter(file, `r${round}n`, 1_000_000, { atOnce: round % 2 === 0 ? 1 : 8 });
    while (!writer.stdout().includes("\n", 6)) await sleep(1);
    await sleep(Math.random() * 60);
    writer.process.kill("SIGKILL");
    await once(writer.process, "close");
    acknowledged.push(...linesOf(writer.stdout()));
  }
  const store = await openStore(file);
  const stored = await storedContents(store);
  expect(acknowledged.length).toBeGreaterThan(20);
  expect(acknowledged.filter((content) => !stored.has(content))).toEqual([]);
  expect(await store.verify()).toEqual([]);
}, 60_000);

it("keeps every acknowledged change of any sort, and does none by half, when the process is killed at any time", async () => {
  const { acknowledged, wrong, problems } = await killWhileChanging(newFile(), 20);
  expect(acknowledged).toBeGreaterThan(20);
  expect(wrong).toEqual([]);
  expect(problems).toEqual([]);
}, 60_000);

it.each([2, 4])(
  "keeps every memory of %i processes that write at once, from making the file on",
  async (count) => {
    const file = newFile();
    const writers = Array.from({ length: count }, (_, index) =>
      startWriter(file, `p${index}n`, 150, { atOnce: 1 + index }),
    );
    const store = await openStore(file);
    const reads = { done: 0, slowest: 0 };
    while (writers.some((writer) => writer.process.exitCode === null)) {
      const start = performance.now();
      await store.search(ana, { query: "p0n1 remembers" });
      await store.list(ana);
      reads.slowest = Math.max(reads.slowest, performance.now() - start);
      reads.done++;
      await sleep(5);
    }
    for (const writer of writers) {
      expect(writer.stderr()).toBe("");
      expect(writer.process.exitCode).toBe(0);
      expect(linesOf(writer.stdout())).toHaveLength(150);
    }
    const stored = await storedContents(store);
    expect(stored.size).toBe(150 * count);
    for (const writer of writers)
      for (const content of linesOf(writer.stdout())) expect(stored.has(content)).toBe(true);
    expect(reads.done).toBeGreaterThan(0);
    expect((await store.search(ana, { query: "p1n149" })).results).toHaveLength(1);
    expect(await store.verify()).toEqual([]);
  },
  60_000,
);

it("counts the limit exactly over processes", async () => {
  const file = newFile();
  const writers = [0, 1, 2].map((index) => startWriter(file, `p${index}n`, 60, { atOnce: 3, maxMemories: 100 }));
  await Promise.all(writers.map((writer) => once(writer.process, "close")));
  const lines = writers.flatMap((writer) => linesOf(writer.stdout()));
  expect(lines.filter((line) => line === "failed limit_reached")).toHaveLength(80);
  expect(lines).toHaveLength(180);
  expect(await (await openStore(file)).stats(ana)).toMatchObject({ memories: 100 });
}, 60_000);
