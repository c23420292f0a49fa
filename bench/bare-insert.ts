import { join } from "node:path";
import Database from "better-sqlite3";

/** `node bench/bare-insert.ts FOLDER COUNT`: that many durable inserts, one at a time, with nothing around them; prints the rate. */
const [folder = ".", count = "1000"] = process.argv.slice(2);
const database = new Database(join(folder, "bare.db"));
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");
database.exec(
  "create table memory (id text primary key, user text not null, content text not null, created_at integer not null)",
);
const insert = database.prepare("insert into memory values (?, ?, ?, ?)");
const startedAt = performance.now();
for (let index = 0; index < Number(count); index++) {
  insert.run(crypto.randomUUID(), "local", `Ana prefers green tea in the afternoon, note ${index}`, Date.now());
}
console.log((Number(count) * 1000) / (performance.now() - startedAt));
