import { type CheckedFilter, digestOf, MAX_OLDEST, MAX_SHOWN } from "../memory-filter.ts";
import type { MemoryRow } from "../memory-row.ts";
import type { Forgettable, MemoryLimits } from "../store.ts";
import type { Session } from "./connection.ts";
import { currentMemories, satisfying } from "./filter-sql.ts";
import { removeHistory, removeRows, reviveSuperseded } from "./memory-table.ts";
import { ALL_COLUMNS, type Owner } from "./rows.ts";
import { discard } from "./write-memories.ts";

/** Memories that are removed in one transaction, for which others may wait. */
const AT_ONCE = 500;
/** Days that the keys of calls are kept. */
const KEEP_KEYS_DAYS = 7;
const DAY_MS = 86_400_000;

/** How many memories the filter names, superseded ones too; without one all of the user's. */
export async function countToForget(
  session: Session,
  owner: Owner,
  filter: CheckedFilter | undefined,
): Promise<number> {
  const { sql, parameters } = satisfying(filter ?? {}, currentMemories(owner, { superseded: true }));
  const row = await session.row<{ n: number }>(`select count(*) as n from patchbay.memory m where ${sql}`, parameters);
  return row?.n ?? 0;
}

/** As `countToForget`, and which they are. */
export async function findToForget(
  session: Session,
  owner: Owner,
  filter: CheckedFilter | undefined,
): Promise<Forgettable> {
  const { sql, parameters } = satisfying(filter ?? {}, currentMemories(owner, { superseded: true }));
  const row = await session.row<{ matched: number; ids: string | null }>(
    `select count(*) as matched, md5(string_agg(number || ':' || version, ',' order by number)) as ids
       from patchbay.memory m where ${sql}`,
    parameters,
  );
  const oldest = await session.rows<{ content: string }>(
    `select left(content, ${MAX_SHOWN}) as content from patchbay.memory m where ${sql} order by number limit ${MAX_OLDEST}`,
    parameters,
  );
  const { matched = 0, ids } = row ?? {};
  return { matched, oldest: oldest.map(({ content }) => content), digest: digestOf(ids ?? "") };
}

/** Removes some of them, up to the memory `last`, and gives how many. */
export async function forgetSome(
  session: Session,
  owner: Owner,
  filter: CheckedFilter,
  last: number,
  limits: MemoryLimits,
): Promise<number> {
  const { sql, parameters } = satisfying(filter, currentMemories(owner, { superseded: true, last }));
  const select = `select ${ALL_COLUMNS} from patchbay.memory m where ${sql} order by number limit ${AT_ONCE}`;
  const rows = await session.rows<MemoryRow>(select, parameters);
  if (rows.length > 0) await discard(session, owner, rows, limits);
  return rows.length;
}

/**
 * Removes some memories of the user, up to the memory `last`; when none is left, also what hangs on the user: deleted memories
 * that were kept, keys of calls, the name. Gives how many memories.
 */
export async function forgetUser(session: Session, owner: Owner, last: number): Promise<number> {
  const rows = await session.rows<MemoryRow>(
    `select ${ALL_COLUMNS} from patchbay.memory where uid = $1 and number <= $2 order by number limit ${AT_ONCE}`,
    [owner.uid, last],
  );
  if (rows.length > 0) {
    await removeRows(session, owner, rows);
    return rows.length;
  }
  for (const table of ["trash", "history"]) {
    await session.run(`delete from patchbay.${table} where uid = $1 and number <= $2`, [owner.uid, last]);
  }
  await session.run("delete from patchbay.idempotency where uid = $1", [owner.uid]);
  // The user without a memory is not written back.
  if (owner.n === 0 && owner.last <= last) owner.last = 0;
  return 0;
}

/** The users of whom something has run out: memories that have expired, deleted ones and keys of calls that are kept no longer. */
export async function findOutdated(session: Session, keepDeletedDays: number): Promise<string[]> {
  const rows = await session.rows<{ key: string }>(
    `select key from patchbay.owner where uid in (
       select uid from patchbay.memory where expires <= $1
       union select uid from patchbay.trash where deleted <= $2
       union select uid from patchbay.idempotency where created <= $3) limit 100`,
    outdatedBefore(keepDeletedDays),
  );
  return rows.map((row) => row.key);
}

/** Removes what has run out of the user's, at most so much at once. */
export async function removeOutdated(session: Session, owner: Owner, keepDeletedDays: number): Promise<void> {
  const [expired, deleted, keys] = outdatedBefore(keepDeletedDays);
  const rows = await session.rows<MemoryRow>(
    `select ${ALL_COLUMNS} from patchbay.memory where uid = $1 and expires <= $2 limit ${AT_ONCE}`,
    [owner.uid, expired],
  );
  if (rows.length > 0) {
    await removeRows(session, owner, rows);
    await reviveSuperseded(
      session,
      owner,
      rows.map((row) => row.uuid),
    );
  }
  const trash = await session.rows<{ number: number }>(
    `delete from patchbay.trash where uid = $1 and number in
       (select number from patchbay.trash where uid = $1 and deleted <= $2 limit ${AT_ONCE}) returning number`,
    [owner.uid, deleted],
  );
  await removeHistory(
    session,
    owner,
    trash.map((row) => row.number),
  );
  await session.run("delete from patchbay.idempotency where uid = $1 and created <= $2", [owner.uid, keys]);
}

function outdatedBefore(keepDeletedDays: number): [expired: number, deleted: number, keys: number] {
  const now = Date.now();
  return [now, now - Math.round(keepDeletedDays * DAY_MS), now - KEEP_KEYS_DAYS * DAY_MS];
}
