import type { MemoryRow } from "../memory-row.ts";
import type { Connection, Session } from "./connection.ts";
import { findOutdated, removeOutdated } from "./forget-memories.ts";
import { type Owner, postingsOf } from "./rows.ts";
import type { WriteQueue } from "./write-queue.ts";

/** Milliseconds that one statement of a check of the whole database may take. */
const VERIFY_MS = 600_000;
/** Memories whose index entries are compared at once. */
const AT_ONCE = 500;
/** Names the lock of the server that removes what has run out: "Patc" and a counter. */
const OUTDATED_LOCK = "1348564067, 2";

/** What is wrong with the database, in words; empty when it is sound. */
export async function verify(connection: Connection): Promise<string[]> {
  return connection.read(
    async (session) => {
      const problems: string[] = [];
      const wrong = await session.rows<{
        uid: number;
        n: number;
        found: number;
        bytes: number;
        size: number;
        last: number;
      }>(
        `select owner.uid, n, bytes, last, coalesce(found, 0) as found, coalesce(size, 0) as size from patchbay.owner left join
           (select uid, count(*) as found, sum(octet_length(content))::bigint as size, max(number) as greatest
            from patchbay.memory group by uid) as memory using (uid)
         where n <> coalesce(found, 0) or bytes <> coalesce(size, 0) or last < coalesce(greatest, 0)
         order by 1`,
      );
      for (const { uid, n, found, bytes, size } of wrong) {
        if (n !== found) problems.push(`user ${uid} has ${found} memories, but ${n} are counted`);
        if (bytes !== size) problems.push(`user ${uid} has ${size} bytes of memories, but ${bytes} are counted`);
        if (n === found && bytes === size) problems.push(`user ${uid} has memories with numbers that were not given`);
      }
      problems.push(...(await compareIndex(session)));
      for (const table of ["posting", "trash", "idempotency"]) {
        const row = await session.row<{ n: number }>(
          `select count(*) as n from patchbay.${table} where uid not in (select uid from patchbay.owner)`,
        );
        if (row?.n) problems.push(`table ${table} holds ${row.n} rows of users who are not there`);
      }
      for (const table of ["embedding", "history"]) {
        const row = await session.row<{ n: number }>(
          `select count(*) as n from patchbay.${table} where (uid, number) not in
             (select uid, number from patchbay.memory union all select uid, number from patchbay.trash)`,
        );
        if (row?.n) problems.push(`${row.n} rows of the table ${table} belong to memories that are not there`);
      }
      return problems;
    },
    { timeoutMs: VERIFY_MS },
  );
}

/** Compares the search index with what the memories say, and finds entries of memories that are not there. */
async function compareIndex(session: Session): Promise<string[]> {
  const problems: string[] = [];
  const owners = await session.rows<Owner>("select uid, n, bytes, last from patchbay.owner order by uid");
  for (const { uid } of owners) {
    let expected = 0;
    let missing = 0;
    for (let last = 0; ; ) {
      const rows = await session.rows<MemoryRow>(
        `select number as id, terms, tags, source, speaker, kind, superseded_by from patchbay.memory
         where uid = $1 and number > $2 order by number limit ${AT_ONCE}`,
        [uid, last],
      );
      if (rows.length === 0) break;
      const postings = rows.map((row) => postingsOf(row));
      const terms = postings.flat();
      const numbers = rows.flatMap((row, index) => (postings[index] ?? []).map(() => row.id));
      const there = await session.row<{ n: number }>(
        `select count(*) as n from patchbay.posting p join unnest($2::text[], $3::integer[]) as wanted (term, number)
           on p.uid = $1 and p.term = wanted.term and p.number = wanted.number`,
        [uid, terms, numbers],
      );
      expected += terms.length;
      missing += terms.length - (there?.n ?? 0);
      last = rows.at(-1)?.id ?? last;
    }
    const all = await session.row<{ n: number }>("select count(*) as n from patchbay.posting where uid = $1", [uid]);
    const extra = (all?.n ?? 0) - (expected - missing);
    if (missing) problems.push(`${missing} entries of user ${uid} are missing from the search index`);
    if (extra) problems.push(`the search index holds ${extra} entries of user ${uid} that belong to nothing`);
  }
  return problems;
}

/**
 * Removes memories that have expired, and deleted ones and keys of calls that are kept no longer. Of several servers one does so
 * at a time.
 */
export async function removeAllOutdated(
  connection: Connection,
  writes: WriteQueue,
  keepDeletedDays: number,
): Promise<void> {
  for (;;) {
    const users = await connection.read((session) => findOutdated(session, keepDeletedDays));
    if (users.length === 0) return;
    for (const id of users) {
      const done = await writes.write({ id }, async (session, owner) => {
        const lock = await session.row<{ mine: boolean }>(`select pg_try_advisory_xact_lock(${OUTDATED_LOCK}) as mine`);
        if (lock?.mine) await removeOutdated(session, owner, keepDeletedDays);
        return lock?.mine ?? false;
      });
      if (!done) return;
    }
  }
}
