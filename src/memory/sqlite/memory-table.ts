import { type CheckedImport, type CheckedMemory, tagKey } from "../memory-input.ts";
import { sizeOf } from "../memory-limits.ts";
import { type MemoryRow, newMemoryRow } from "../memory-row.ts";
import { timeOf } from "../memory-time.ts";
import type { Database } from "./database.ts";
import { addIdentity, indexIdentities, type KnownUser, knownUser, removeIdentity } from "./identities.ts";
import { baseOf, COLUMNS, identityOf, type UserRow } from "./rows.ts";
import { addToIndex, indexLongTail, isIndexed, removeFromIndex } from "./search-index.ts";

/**
 * Rows of the table memory, together with what hangs on them: tags, the search index, and what is counted of the user. Each
 * function is part of a transaction of its caller.
 */

export function createUser(database: Database, key: string): KnownUser {
  database.run("insert into user (key) values (?)", key);
  return knownUser(database, key) as KnownUser;
}

/** Writes a new memory as the user's last one, and keeps `owner` up to date. */
export function appendMemory(
  database: Database,
  owner: KnownUser,
  memory: CheckedMemory & Partial<CheckedImport>,
  terms: string,
  origin: string,
): MemoryRow {
  const row: MemoryRow = newMemoryRow(baseOf(owner) + owner.last + 1, owner.last + 1, memory, terms, origin);
  const bytes = sizeOf(row.content);
  insertRow(database, owner, row, owner.running + bytes);
  addTags(database, owner, row);
  owner.n++;
  owner.last++;
  owner.running += bytes;
  owner.bytes += bytes;
  if (row.superseded_by === null) owner.tail.set(identityOf(owner.uid, row), row.id);
  const indexed = owner.indexed;
  indexLongTail(database, owner, terms);
  if (owner.indexed > indexed) {
    indexIdentities(database, owner, indexed);
    owner.tail.clear();
  }
  return row;
}

/** Puts a memory that was removed back to its place. */
export function putBack(database: Database, owner: UserRow, row: MemoryRow): void {
  insertRow(database, owner, row, owner.running);
  addTags(database, owner, row);
  if (row.superseded_by === null && isIndexed(owner, row.id)) {
    addToIndex(database, owner, row);
    addIdentity(database, owner, row);
  }
  database.run(
    "update user set removed = removed - 1, bytes_changed = bytes_changed + ? where uid = ?",
    sizeOf(row.content),
    owner.uid,
  );
}

/** Writes what has changed of a memory, and what it is found by. */
export function replaceRow(database: Database, owner: UserRow, old: MemoryRow, row: MemoryRow): void {
  const wasFound = old.superseded_by === null;
  const isFound = row.superseded_by === null;
  if (isIndexed(owner, row.id)) {
    if (wasFound) {
      removeFromIndex(database, owner, old);
      removeIdentity(database, owner, old);
    }
    if (isFound) {
      addToIndex(database, owner, row);
      addIdentity(database, owner, row);
    }
  }
  // A vector tells what the old text said; a new one is computed for what can be found.
  if (old.terms !== row.terms || old.content !== row.content || !isFound) {
    database.run("delete from embedding where id = ?", row.id);
  }
  if (old.tags !== row.tags) {
    removeTags(database, owner, old);
    addTags(database, owner, row);
  }
  database.run(
    `update memory set content = ?, terms = ?, tags = ?, kind = ?, importance = ?, source = ?, speaker = ?, occurred_at = ?,
       expires = ?, updated = ?, version = ?, origin = ?, superseded_by = ?, time = ?, identity = ? where id = ?`,
    row.content,
    row.terms,
    row.tags,
    row.kind,
    row.importance,
    row.source,
    row.speaker,
    row.occurred_at,
    row.expires,
    row.updated,
    row.version,
    row.origin,
    row.superseded_by,
    timeOf(row.occurred_at, row.created),
    identityOf(owner.uid, row),
    row.id,
  );
  const grown = sizeOf(row.content) - sizeOf(old.content);
  if (grown !== 0) {
    database.run("update user set bytes_changed = bytes_changed + ? where uid = ?", grown, owner.uid);
    owner.bytes += grown;
  }
}

/** Removes a memory; of its earlier versions and its vector nothing is left either, unless `keepHistory`. */
export function removeRow(database: Database, owner: UserRow, row: MemoryRow, { keepHistory = false } = {}): void {
  if (row.superseded_by === null && isIndexed(owner, row.id)) {
    removeFromIndex(database, owner, row);
    removeIdentity(database, owner, row);
  }
  removeTags(database, owner, row);
  database.run("delete from memory where id = ?", row.id);
  database.run("delete from embedding where id = ?", row.id);
  if (!keepHistory) database.run("delete from history where id = ?", row.id);
  const bytes = sizeOf(row.content);
  database.run(
    `update user set removed = removed + 1, last_at_removal = ?, running_at_removal = ?, bytes_changed = bytes_changed - ?
     where uid = ?`,
    owner.last,
    owner.running,
    bytes,
    owner.uid,
  );
  owner.n--;
  owner.bytes -= bytes;
}

/** What the memory with this public id has superseded counts again. */
export function reviveSuperseded(database: Database, owner: UserRow, uuid: string): void {
  const rows = database.all<MemoryRow>(
    `select ${COLUMNS}, terms from memory indexed by memory_superseded
     where uid = ? and superseded_by is not null and superseded_by = ?`,
    owner.uid,
    uuid,
  );
  for (const row of rows) replaceRow(database, owner, row, { ...row, superseded_by: null });
}

export function tagsOf(row: Pick<MemoryRow, "tags">): string[] {
  return JSON.parse(row.tags) as string[];
}

function insertRow(database: Database, owner: UserRow, row: MemoryRow, running: number): void {
  database.run(
    `insert into memory (id, uid, uuid, content, terms, tags, kind, importance, source, speaker, occurred_at, expires, created,
       updated, version, origin, superseded_by, time, identity, running)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.id,
    owner.uid,
    row.uuid,
    row.content,
    row.terms,
    row.tags,
    row.kind,
    row.importance,
    row.source,
    row.speaker,
    row.occurred_at,
    row.expires,
    row.created,
    row.updated,
    row.version,
    row.origin,
    row.superseded_by,
    timeOf(row.occurred_at, row.created),
    identityOf(owner.uid, row),
    running,
  );
}

function addTags(database: Database, owner: UserRow, row: MemoryRow): void {
  if (row.tags === "[]") return;
  for (const tag of tagsOf(row)) {
    database.run("insert into tag (uid, name, id) values (?, ?, ?)", owner.uid, tagKey(tag), row.id);
  }
}

function removeTags(database: Database, owner: UserRow, row: MemoryRow): void {
  if (row.tags === "[]") return;
  for (const tag of tagsOf(row)) {
    database.run("delete from tag where uid = ? and name = ? and id = ?", owner.uid, tagKey(tag), row.id);
  }
}
