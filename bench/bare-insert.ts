import { join } from "node:path";
import { openBareTable } from "./bare-table.ts";

/** `node bench/bare-insert.ts FOLDER COUNT`: that many durable inserts, one at a time, with nothing around them; prints the rate. */
const [folder = ".", count = "1000"] = process.argv.slice(2);
const insert = openBareTable(join(folder, "bare.db"));
const startedAt = performance.now();
for (let index = 0; index < Number(count); index++) insert(`Ana prefers green tea in the afternoon, note ${index}`);
console.log((Number(count) * 1000) / (performance.now() - startedAt));
