import { type CheckedFilter, digestOf, MAX_OLDEST, MAX_SHOWN } from "../memory-filter.ts";
import type { MemoryRow } from "../memory-row.ts";
import type { Forgettable, MemoryLimits, MemoryUser } from "../store.ts";
import type { Database } from "./database.ts";
import { currentMemories, satisfying } from "./filter-sql.ts";
import { emptyTrash } from "./history.ts";
import { removeRow, reviveSuperseded } from "./memory-table.ts";
import { readUser } from "./read-memories.ts";
import { baseOf, COLUMNS } from "./rows.ts";
import { discard } from "./write-memories.ts";

/** Memories that are removed in one transaction, in which nothing else runs. */
const AT_ONCE = 500;
/** Days that the keys of calls are kept. */
const KEEP_KEYS_DAYS = 7;
const DAY_MS = 86_400_000;
/** Milliseconds after which a transaction that removes memories leaves the rest to the next one. */
const MAX_TURN_MS = 100;
/** What the name of a user begins with of whom everything was forgotten. */
export const FORGOTTEN = "\u{e000}forgotten ";

/** How many memories the filter names, superseded ones too; without one all of the user's. */
export function countToForget(database: Database, user: MemoryUser, filter: CheckedFilter | undefined): number {
  const owner = readUser(database, user);
  if (!owner) return 0;
  const { sql, parameters } = satisfying(owner, filter ?? {}, currentMemories(owner, { superseded: true }));
  return database.column<number>(`select count(*) from memory where ${sql}`, ...parameters)[0] ?? 0;
}

/** As `countToForget`, and which they are. */
export function findToForget(database: Database, user: MemoryUser, filter: CheckedFilter | undefined): Forgettable {
  const owner = readUser(database, user);
  if (!owner) return { matched: 0, oldest: [], digest: "" };
  const { sql, parameters } = satisfying(owner, filter ?? {}, currentMemories(owner, { superseded: true }));
  const versions = `select memory.id, version from memory where ${sql} order by memory.id`;
  const row = database.get<{ matched: number; ids: string | null }>(
    `select count(*) as matched, group_concat(id || ':' || version) as ids from (${versions})`,
    ...parameters,
  );
  const oldest = database.column<string>(
    `select substr(content, 1, ${MAX_SHOWN}) from memory where ${sql} order by memory.id limit ${MAX_OLDEST}`,
    ...parameters,
  );
  return { matched: row?.matched ?? 0, oldest, digest: digestOf(row?.ids ?? "") };
}

/** Removes some of them, up to the memory `last`, and gives how many; part of a transaction of its caller. */
export function forgetSome(
  database: Database,
  user: MemoryUser,
  filter: CheckedFilter,
  last: number,
  limits: MemoryLimits,
): number {
  const owner = readUser(database, user);
  if (!owner) return 0;
  const { sql, parameters } = satisfying(owner, filter, currentMemories(owner, { superseded: true, last }));
  const select = `select memory.id from memory where ${sql} order by memory.id limit ${AT_ONCE}`;
  const ids = database.column<number>(select, ...parameters);
  const until = performance.now() + MAX_TURN_MS;
  for (const [done, id] of ids.entries()) {
    if (performance.now() > until) return done;
    // Read one by one: removing one may bring back another that it had superseded.
    const row = database.get<MemoryRow>(`select ${COLUMNS}, terms from memory where id = ?`, id) as MemoryRow;
    discard(database, owner, row, limits);
  }
  return ids.length;
}

/**
 * Removes some memories of the user, up to the memory `last`; when none is left, also what hangs on the user: deleted memories
 * that were kept, keys of calls, the name. Gives how many memories. Part of a transaction of its caller.
 */
export function forgetUser(database: Database, user: MemoryUser, last: number): number {
  const owner = readUser(database, user);
  if (!owner) return 0;
  const range = [baseOf(owner), baseOf(owner) + last];
  const select = `select ${COLUMNS}, terms from memory where id > ? and id <= ? order by id limit ${AT_ONCE}`;
  const rows = database.all<MemoryRow>(select, ...range);
  const until = performance.now() + MAX_TURN_MS;
  for (const [done, row] of rows.entries()) {
    if (performance.now() > until) return done;
    removeRow(database, owner, row);
  }
  if (rows.length > 0) return rows.length;
  for (const table of ["trash", "history"]) {
    database.run(`delete from ${table} where id > ? and id <= ?`, ...range);
  }
  database.run("delete from idempotency where uid = ?", owner.uid);
  // The row stays without the name, so that no other user ever gets this one's numbers.
  if (owner.n === 0 && owner.last <= last) {
    database.run("update user set key = ? where uid = ?", `${FORGOTTEN}${owner.uid}`, owner.uid);
  }
  return 0;
}

/** Whether anything has run out: memories that have expired, deleted ones and keys of calls that are kept no longer. */
export function hasOutdated(database: Database, keepDeletedDays: number): boolean {
  const [found] = database.column<number>(
    `select exists (select 1 from memory where expires <= ?) or exists (select 1 from trash where deleted <= ?)
       or exists (select 1 from idempotency where created <= ?)`,
    ...outdatedBefore(keepDeletedDays),
  );
  return found === 1;
}

/** Removes what has run out, at most so much at once; part of a transaction of its caller. */
export function removeOutdated(database: Database, keepDeletedDays: number): void {
  const [expired, deleted, keys] = outdatedBefore(keepDeletedDays);
  const rows = database.all<MemoryRow & { key: string }>(
    `select ${COLUMNS}, terms, key from memory join user using (uid) where expires <= ? limit ${AT_ONCE}`,
    expired,
  );
  for (const row of rows) {
    const owner = readUser(database, { id: row.key });
    if (!owner) continue;
    removeRow(database, owner, row);
    reviveSuperseded(database, owner, row.uuid);
  }
  const trash = database.column<number>(`select id from trash where deleted <= ? limit ${AT_ONCE}`, deleted);
  for (const id of trash) emptyTrash(database, id);
  database.run("delete from idempotency where created <= ?", keys);
}

function outdatedBefore(keepDeletedDays: number): [expired: number, deleted: number, keys: number] {
  const now = Date.now();
  return [now, now - keepDeletedDays * DAY_MS, now - KEEP_KEYS_DAYS * DAY_MS];
}
