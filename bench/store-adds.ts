import { join } from "node:path";
import { openSqliteStore } from "../src/memory/sqlite/sqlite-store.ts";
import { openBareTable } from "./bare-table.ts";
import { median } from "./figure.ts";

/**
 * `node bench/store-adds.ts FOLDER`: durable adds of the memory store and bare inserts on the same disk, one at a time, in turn;
 * prints the rates of both as JSON. The first of both do not count, for their code is not compiled yet.
 */
const [folder = "."] = process.argv.slice(2);
const WARM_UP = 2_000;
const ROUNDS = 20;
const EACH = 250;

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

async function perSecond(write: () => Promise<unknown>, count: number): Promise<number> {
  const startedAt = performance.now();
  for (let index = 0; index < count; index++) await write();
  return (count * 1000) / (performance.now() - startedAt);
}

await perSecond(bare, WARM_UP);
await perSecond(add, WARM_UP);
const rates = { bare: [] as number[], add: [] as number[] };
for (let round = 0; round < ROUNDS; round++) {
  rates.bare.push(await perSecond(bare, EACH));
  rates.add.push(await perSecond(add, EACH));
}
await store.close();
console.log(JSON.stringify({ bare: median(rates.bare), add: median(rates.add) }));
