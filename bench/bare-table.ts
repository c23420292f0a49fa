import Database from "better-sqlite3";

/** A durable insert with nothing around it: one prepared statement on a table without any index but its key. Gives what inserts a text. */
export function openBareTable(file: string): (content: string) => void {
  const database = new Database(file);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.exec(
    "create table memory (id text primary key, user text not null, content text not null, created_at integer not null)",
  );
  const insert = database.prepare("insert into memory values (?, ?, ?, ?)");
  return (content) => void insert.run(crypto.randomUUID(), "local", content, Date.now());
}
