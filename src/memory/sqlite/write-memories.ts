import { type CheckedImport, type CheckedMemory, limitReached, memoryNotFound, tagKey } from "../memory-input.ts";
import { termsIn } from "../search/tokenize.ts";
import type { ImportOutcome, Memory, MemoryUser } from "../store.ts";
import type { Database } from "./database.ts";
import { readIds, readUser } from "./read-memories.ts";
import { baseOf, COLUMNS, type MemoryRow, newUuid, numberOf, toMemory, type UserRow } from "./rows.ts";
import { addToIndex, indexLongTail, isIndexed, removeFromIndex } from "./search-index.ts";

/** The writes. Each is part of a transaction of its caller, and checks everything before it changes anything. */

/** What a memory is found by, separated by spaces. */
export function termsOf(memory: Pick<CheckedMemory, "content" | "speaker" | "tags">): string {
  const texts = [memory.content, ...(memory.speaker === undefined ? [] : [memory.speaker]), ...memory.tags];
  const terms = texts.map((text) => termsIn(text)).filter((found) => found !== "");
  return terms.join(" ");
}

/** @throws ToolError `limit_reached` */
export function addMemory(
  database: Database,
  user: MemoryUser,
  memory: CheckedMemory,
  terms: string,
  maxMemories: number,
): Memory {
  const known = readUser(database, user);
  if (known && known.n >= maxMemories) throw limitReached(maxMemories, known.n);
  const owner = known ?? createUser(database, user);
  const added = insert(database, owner, memory, terms);
  indexLongTail(database, owner, terms);
  return added;
}

/** Adds those that are not there yet, by their ids, or none. @throws ToolError `limit_reached` */
export function importMemories(
  database: Database,
  user: MemoryUser,
  memories: readonly { memory: CheckedImport; terms: string }[],
  maxMemories: number,
): ImportOutcome {
  const known = readUser(database, user);
  const seen = known ? readIds(database, known) : new Set<string>();
  const fresh = memories.filter(({ memory: { id } }) => {
    if (id === undefined) return true;
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
  const stored = known?.n ?? 0;
  if (stored + fresh.length > maxMemories) throw limitReached(maxMemories, stored, fresh.length);
  const owner = known ?? createUser(database, user);
  for (const { memory, terms } of fresh) {
    insert(database, owner, memory, terms);
    indexLongTail(database, owner, terms);
  }
  if (fresh.some(({ memory }) => memory.id !== undefined)) {
    database.run("update user set foreign_ids = 1 where uid = ?", owner.uid);
  }
  return { added: fresh.length, existing: memories.length - fresh.length };
}

/** @throws ToolError `not_found` */
export function updateMemory(
  database: Database,
  user: MemoryUser,
  id: string,
  change: { content?: string; tags?: string[] },
): Memory {
  const { owner, row } = ownMemory(database, user, id);
  const content = change.content ?? row.content;
  const tags = change.tags ?? tagsOf(row);
  const terms = termsOf({ content, tags, speaker: row.speaker ?? undefined });
  if (isIndexed(owner, row.id) && terms !== row.terms) {
    removeFromIndex(database, owner, row.id, row.terms);
    addToIndex(database, owner, row.id, terms);
  }
  if (change.tags) {
    removeTags(database, owner, row);
    addTags(database, owner, tags, row.id);
  }
  const changed: MemoryRow = { ...row, content, terms, tags: JSON.stringify(tags), updated: Date.now() };
  database.run(
    "update memory set content = ?, terms = ?, tags = ?, updated = ? where id = ?",
    changed.content,
    changed.terms,
    changed.tags,
    changed.updated,
    row.id,
  );
  return toMemory(changed);
}

/** @throws ToolError `not_found` */
export function deleteMemory(database: Database, user: MemoryUser, id: string): void {
  const { owner, row } = ownMemory(database, user, id);
  if (isIndexed(owner, row.id)) removeFromIndex(database, owner, row.id, row.terms);
  removeTags(database, owner, row);
  database.run("delete from memory where id = ?", row.id);
  const count = "update user set removed = removed + 1, last_at_removal = ? where uid = ?";
  database.run(count, owner.last, owner.uid);
}

function createUser(database: Database, user: MemoryUser): UserRow {
  database.run("insert into user (key) values (?)", user.id);
  return readUser(database, user) as UserRow;
}

/** Writes a memory as the user's last one, and keeps `owner` up to date. */
function insert(database: Database, owner: UserRow, memory: CheckedImport, terms: string): Memory {
  const now = Date.now();
  const created = memory.created ?? now;
  const row: MemoryRow = {
    id: baseOf(owner) + owner.last + 1,
    uuid: memory.id ?? newUuid(now, owner.last + 1),
    content: memory.content,
    terms,
    tags: JSON.stringify(memory.tags),
    source: memory.source ?? null,
    speaker: memory.speaker ?? null,
    occurred_at: memory.occurred_at ?? null,
    created,
    updated: memory.updated ?? created,
  };
  database.run(
    `insert into memory (id, uid, uuid, content, terms, tags, source, speaker, occurred_at, created, updated)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.id,
    owner.uid,
    row.uuid,
    row.content,
    row.terms,
    row.tags,
    row.source,
    row.speaker,
    row.occurred_at,
    row.created,
    row.updated,
  );
  addTags(database, owner, memory.tags, row.id);
  owner.n++;
  owner.last++;
  return toMemory(row);
}

/** @throws ToolError `not_found` */
export function ownMemory(database: Database, user: MemoryUser, id: string): { owner: UserRow; row: MemoryRow } {
  const owner = readUser(database, user);
  const row = owner && findRow(database, owner, id);
  if (!row) throw memoryNotFound();
  return { owner, row };
}

function findRow(database: Database, owner: UserRow, uuid: string): MemoryRow | undefined {
  const base = baseOf(owner);
  const select = `select ${COLUMNS}, terms from memory where`;
  const row = database.get<MemoryRow>(`${select} id = ? and uuid = ?`, base + numberOf(uuid), uuid);
  if (row || !owner.foreignIds) return row;
  return database.get<MemoryRow>(`${select} id > ? and id <= ? and uuid = ?`, base, base + owner.last, uuid);
}

function tagsOf(row: MemoryRow): string[] {
  return JSON.parse(row.tags) as string[];
}

function addTags(database: Database, owner: UserRow, tags: readonly string[], id: number): void {
  for (const tag of tags) database.run("insert into tag (uid, name, id) values (?, ?, ?)", owner.uid, tagKey(tag), id);
}

function removeTags(database: Database, owner: UserRow, row: MemoryRow): void {
  for (const tag of tagsOf(row)) {
    database.run("delete from tag where uid = ? and name = ? and id = ?", owner.uid, tagKey(tag), row.id);
  }
}
