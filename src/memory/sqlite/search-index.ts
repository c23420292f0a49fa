import type { MemoryRow } from "../memory-row.ts";
import { timeOf } from "../memory-time.ts";
import { facetsOfRow } from "../search/facets.ts";
import type { Database } from "./database.ts";
import { baseOf, type UserRow } from "./rows.ts";

/**
 * The full-text index (FTS5) over the terms of memories, and over the facets that filters go by. It keeps no text of its own: what is removed from it has to be told
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
  const tail = database.all<IndexedRow>(
    `select id, terms, tags, kind, source, speaker, occurred_at, created from memory
     where id > ? and id <= ? and superseded_by is null order by id`,
    base + user.indexed,
    base + user.last,
  );
  for (const row of tail) addToIndex(database, user, row);
  database.run("update user set indexed = ? where uid = ?", user.last, user.uid);
  user.indexed = user.last;
}

export function isIndexed(user: UserRow, id: number): boolean {
  return id <= baseOf(user) + user.indexed;
}

/** What the index has of a memory comes from these. */
export type IndexedRow = Pick<
  MemoryRow,
  "id" | "terms" | "tags" | "kind" | "source" | "speaker" | "occurred_at" | "created"
>;

export function addToIndex(database: Database, user: UserRow, row: IndexedRow): void {
  database.run("insert into memory_index (rowid, terms) values (?, ?)", row.id, indexTerms(user.uid, row));
}

/** `row` is as it was added. */
export function removeFromIndex(database: Database, user: UserRow, row: IndexedRow): void {
  database.run(
    "insert into memory_index (memory_index, rowid, terms) values ('delete', ?, ?)",
    row.id,
    indexTerms(user.uid, row),
  );
}

/** A term as the index has it: with its user in front. */
export function termOf(user: Pick<UserRow, "uid">, term: string): string {
  return `${user.uid.toString(36)}_${term}`;
}

/** The text that a memory has in the index. */
export function indexTerms(uid: number, row: Omit<IndexedRow, "id">): string {
  const facets = facetsOfRow({ ...row, time: timeOf(row.occurred_at, row.created) });
  const terms = row.terms === "" ? facets : [row.terms, ...facets];
  return termOf({ uid }, terms.join(" ").replaceAll(" ", ` ${termOf({ uid }, "")}`));
}
