import { join } from "node:path";
import { openSqliteStore } from "../src/memory/sqlite/sqlite-store.ts";
import { openBareTable } from "./bare-table.ts";
import { median } from "./figure.ts";

/**
 * `node bench/store-adds.ts FOLDER [WARM_UP [EACH]]`: durable adds of the memory store and bare inserts on the same disk, one at a time, in turn;
 * prints the rates of both as JSON, and that of 64 writers at once. The first of both do not count, for their code is not compiled
 * yet; WARM_UP says how many.
 */
const [folder = ".", warmUp = "2000", each = "250"] = process.argv.slice(2);
const WARM_UP = Number(warmUp);
const ROUNDS = 20;
const EACH = Number(each);
const WRITERS = 64;

const insert = openBareTable(join(folder, "bare.db"));
const store = await openSqliteStore({
  file: join(folder, "memory.db"),
  maxMemories: 1_000_000,
  maxMemoryLength: 500,
  enableSearch: true,
});

let number = 0;
const text = () => `Ana prefers green tea in the afternoon, note ${number++}`;
const bare = async () => insert(text());
const add = () => store.add({ id: "local" }, { content: text() });

/** Of so many writers, each of which goes on once its write is acknowledged. */
async function perSecond(write: () => Promise<unknown>, count: number, writers = 1): Promise<number> {
  const startedAt = performance.now();
  let left = count;
  const work = async (): Promise<void> => {
    while (left-- > 0) await write();
  };
  await Promise.all(Array.from({ length: writers }, work));
  return (count * 1000) / (performance.now() - startedAt);
}

await perSecond(bare, WARM_UP);
await perSecond(add, WARM_UP);
const rates = { bare: [] as number[], add: [] as number[], many: [] as number[] };
for (let round = 0; round < ROUNDS; round++) {
  rates.bare.push(await perSecond(bare, EACH));
  rates.add.push(await perSecond(add, EACH));
  rates.many.push(await perSecond(add, EACH * 16, WRITERS));
}
await store.close();
console.log(JSON.stringify({ bare: median(rates.bare), add: median(rates.add), many: median(rates.many) }));
