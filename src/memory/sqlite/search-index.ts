import type { Database } from "./database.ts";
import { baseOf, type UserRow } from "./rows.ts";

/**
 * The full-text index (FTS5) over the terms of memories. It keeps no text of its own: what is removed from it has to be told
 * as it was added. Each memory that is written alone would become a segment to be merged later, so new memories are added in
 * batches; until then they are the user's tail, which searches read as it is.
 */

/** Memories that may wait to be indexed. */
const MAX_TAIL = 256;
/** Characters of terms of one memory beyond which nothing waits, for searches would read it over and over. */
const MAX_TAIL_TERMS = 10_000;

/**
 * Adds the user's tail to the index when it has grown long. Part of the transaction of the write that made it grow, by `added`,
 * the terms of a memory.
 */
export function indexLongTail(database: Database, user: UserRow, added: string): void {
  if (user.last - user.indexed < MAX_TAIL && added.length < MAX_TAIL_TERMS) return;
  const base = baseOf(user);
  const tail = database.all<{ id: number; terms: string }>(
    "select id, terms from memory where id > ? and id <= ? and superseded_by is null order by id",
    base + user.indexed,
    base + user.last,
  );
  for (const memory of tail) addToIndex(database, user, memory.id, memory.terms);
  database.run("update user set indexed = ? where uid = ?", user.last, user.uid);
  user.indexed = user.last;
}

export function isIndexed(user: UserRow, id: number): boolean {
  return id <= baseOf(user) + user.indexed;
}

export function addToIndex(database: Database, user: UserRow, id: number, terms: string): void {
  database.run("insert into memory_index (rowid, terms) values (?, ?)", id, termsOf(user, terms));
}

/** `terms` are the ones that were added. */
export function removeFromIndex(database: Database, user: UserRow, id: number, terms: string): void {
  database.run(
    "insert into memory_index (memory_index, rowid, terms) values ('delete', ?, ?)",
    id,
    termsOf(user, terms),
  );
}

/** A term as the index has it: with its user in front. */
export function termOf(user: UserRow, term: string): string {
  return `${user.uid.toString(36)}_${term}`;
}

function termsOf(user: UserRow, terms: string): string {
  return terms === "" ? "" : termOf(user, terms.replaceAll(" ", ` ${termOf(user, "")}`));
}
