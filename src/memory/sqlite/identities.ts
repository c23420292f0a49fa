import type { CheckedMemory } from "../memory-input.ts";
import type { MemoryRow } from "../memory-row.ts";
import type { Database } from "./database.ts";
import { isExpired, readUser } from "./read-memories.ts";
import { baseOf, COLUMNS, identityOf, type UserRow } from "./rows.ts";

/**
 * How memories are recognised that were stored before. The table identity is written in batches together with the full-text
 * index, since each write to it would be one more page to sync; the identities of the tail are kept in memory meanwhile.
 */

/** A user as the last write of this connection left them, while nobody else has written. */
export interface KnownUser extends UserRow {
  /** Ids of the memories that are not indexed yet, by their identity; with the same one, the last of them. */
  tail: Map<number, number>;
}

const MAX_USERS = 200;

/** The user, read again only where something else was written since. Part of a transaction of its caller. */
export function knownUser(database: Database, key: string): KnownUser | undefined {
  const known = database.users.get(key);
  if (known) return known;
  const owner = readUser(database, { id: key });
  if (!owner) return undefined;
  const base = baseOf(owner);
  const rows = database.all<{ identity: number; id: number }>(
    "select identity, id from memory where id > ? and id <= ? and superseded_by is null order by id",
    base + owner.indexed,
    base + owner.last,
  );
  const user = { ...owner, tail: new Map(rows.map(({ identity, id }) => [identity, id])) };
  if (database.users.size >= MAX_USERS) database.users.clear();
  database.users.set(key, user);
  return user;
}

/** A current memory with the same content, source and speaker. */
export function findSame(
  database: Database,
  owner: KnownUser,
  memory: Pick<CheckedMemory, "content" | "source" | "speaker">,
): MemoryRow | undefined {
  const wanted = { content: memory.content, source: memory.source ?? null, speaker: memory.speaker ?? null };
  const identity = identityOf(owner.uid, wanted);
  const recent = owner.tail.get(identity);
  const ids = owner.indexed > 0 ? database.column<number>("select id from identity where identity = ?", identity) : [];
  if (recent !== undefined) ids.push(recent);
  for (const id of ids) {
    const row = database.get<MemoryRow>(`select ${COLUMNS}, terms from memory where id = ?`, id);
    const same = row?.content === wanted.content && row.source === wanted.source && row.speaker === wanted.speaker;
    if (row && same && row.superseded_by === null && !isExpired(row)) return row;
  }
  return undefined;
}

/** Writes the identities of the memories that were indexed, after the number `from`. */
export function indexIdentities(database: Database, owner: UserRow, from: number): void {
  const base = baseOf(owner);
  database.run(
    `insert into identity (identity, id)
     select identity, id from memory where id > ? and id <= ? and superseded_by is null order by identity`,
    base + from,
    base + owner.indexed,
  );
}

export function addIdentity(database: Database, owner: UserRow, row: MemoryRow): void {
  database.run("insert into identity (identity, id) values (?, ?)", identityOf(owner.uid, row), row.id);
}

export function removeIdentity(database: Database, owner: UserRow, row: MemoryRow): void {
  database.run("delete from identity where identity = ? and id = ?", identityOf(owner.uid, row), row.id);
}
