import type { CheckedImport, CheckedMemory } from "../memory-input.ts";
import { sizeOf } from "../memory-limits.ts";
import { type MemoryRow, newMemoryRow } from "../memory-row.ts";
import type { Session } from "./connection.ts";
import { ALL_COLUMNS, integers, type Owner, postingsOf, RECORD, toColumns } from "./rows.ts";

/**
 * Rows of the table memory, together with what hangs on them: the search index, earlier versions, and what is counted of the
 * user. Each function is part of a transaction that has locked the owner.
 */

/** A memory to add and what it is found by. */
export interface Addition<M extends CheckedMemory = CheckedMemory> {
  memory: M;
  terms: string;
}

/** Rows that one statement writes. */
const AT_ONCE = 500;
/** Entries of the search index that one statement writes. */
const POSTINGS_AT_ONCE = 20_000;

/** A new memory as the user's next one; `appendRows` writes it. */
export function newRow(
  owner: Owner,
  { memory, terms }: Addition<CheckedMemory & Partial<CheckedImport>>,
  origin: string,
): MemoryRow {
  owner.n++;
  owner.last++;
  owner.bytes += sizeOf(memory.content);
  return newMemoryRow(owner.last, owner.last, memory, terms, origin);
}

/** Writes new rows, and what they are found by. */
export async function insertRows(session: Session, owner: Owner, rows: readonly MemoryRow[]): Promise<void> {
  const postings = rows.map((row) => ({ number: row.id, terms: postingsOf(row) }));
  await Promise.all([insertMemories(session, owner, rows), changePostings(session, INSERT_POSTINGS, owner, postings)]);
}

async function insertMemories(session: Session, owner: Owner, rows: readonly MemoryRow[]): Promise<void> {
  for (let start = 0; start < rows.length; start += AT_ONCE) {
    const part = rows.slice(start, start + AT_ONCE);
    await session.run(
      `insert into patchbay.memory (uid, number, uuid, content, terms, tags, kind, importance, source, speaker, occurred_at,
         expires, created, updated, version, origin, superseded_by, time, identity)
       select $1, * from json_to_recordset($2) as r (${RECORD})`,
      [owner.uid, JSON.stringify(part.map(toColumns))],
    );
  }
}

/** Writes what has changed of a memory, and what it is found by. */
export async function replaceRow(session: Session, owner: Owner, old: MemoryRow, row: MemoryRow): Promise<void> {
  await session.run(
    `update patchbay.memory m set content = r.content, terms = r.terms, tags = r.tags, kind = r.kind, importance = r.importance,
       source = r.source, speaker = r.speaker, occurred_at = r.occurred_at, expires = r.expires, updated = r.updated,
       version = r.version, origin = r.origin, superseded_by = r.superseded_by, time = r.time, identity = r.identity
     from json_to_recordset($2) as r (${RECORD}) where m.uid = $1 and m.number = r.number`,
    [owner.uid, JSON.stringify([toColumns(row)])],
  );
  // A vector tells what the old text said; a new one is computed for what can be found.
  if (old.terms !== row.terms || old.content !== row.content || row.superseded_by !== null) {
    await removeVectors(session, owner, [row.id]);
  }
  const before = new Set(postingsOf(old));
  const after = new Set(postingsOf(row));
  await deletePostings(session, owner, [{ number: row.id, terms: [...before].filter((term) => !after.has(term)) }]);
  await changePostings(session, INSERT_POSTINGS, owner, [
    { number: row.id, terms: [...after].filter((term) => !before.has(term)) },
  ]);
  owner.bytes += sizeOf(row.content) - sizeOf(old.content);
}

/** Removes memories; of their earlier versions nothing is left either, unless `keepHistory`. */
export async function removeRows(
  session: Session,
  owner: Owner,
  rows: readonly MemoryRow[],
  { keepHistory = false } = {},
): Promise<void> {
  const numbers = rows.map((row) => row.id);
  await session.run("delete from patchbay.memory where uid = $1 and number = any($2)", [owner.uid, integers(numbers)]);
  await deletePostings(
    session,
    owner,
    rows.map((row) => ({ number: row.id, terms: postingsOf(row) })),
  );
  await removeVectors(session, owner, numbers);
  if (!keepHistory) await removeHistory(session, owner, numbers);
  owner.n -= rows.length;
  owner.bytes -= rows.reduce((sum, row) => sum + sizeOf(row.content), 0);
}

async function removeVectors(session: Session, owner: Owner, numbers: readonly number[]): Promise<void> {
  await session.run("delete from patchbay.embedding where uid = $1 and number = any($2)", [
    owner.uid,
    integers(numbers),
  ]);
}

export async function removeHistory(session: Session, owner: Owner, numbers: readonly number[]): Promise<void> {
  await session.run("delete from patchbay.history where uid = $1 and number = any($2)", [owner.uid, integers(numbers)]);
}

/** What the memories with these public ids have superseded counts again. */
export async function reviveSuperseded(session: Session, owner: Owner, uuids: readonly string[]): Promise<void> {
  const rows = await session.rows<MemoryRow>(
    `select ${ALL_COLUMNS} from patchbay.memory
     where uid = $1 and superseded_by is not null and superseded_by = any($2::uuid[])`,
    [owner.uid, uuids],
  );
  for (const row of rows) await replaceRow(session, owner, row, { ...row, superseded_by: null });
}

/** Puts memories that were removed back to their places. */
export async function putBack(session: Session, owner: Owner, row: MemoryRow): Promise<void> {
  await insertRows(session, owner, [row]);
  owner.n++;
  owner.bytes += sizeOf(row.content);
}

/** The user's memories with these public ids, also superseded and expired ones. */
export async function findRows(
  session: Session,
  owner: Owner,
  uuids: readonly string[],
): Promise<Map<string, MemoryRow>> {
  const sql = `select ${ALL_COLUMNS} from patchbay.memory where uid = $1 and uuid = any($2)`;
  const rows = await session.rows<MemoryRow>(sql, [owner.uid, uuids]);
  return new Map(rows.map((row) => [row.uuid, row]));
}

interface Postings {
  number: number;
  terms: readonly string[];
}

const INSERT_POSTINGS =
  "insert into patchbay.posting (uid, term, number) select $1, * from unnest($2::text[], $3::integer[])";

async function deletePostings(session: Session, owner: Owner, postings: readonly Postings[]): Promise<void> {
  const sql = `delete from patchbay.posting p using unnest($2::text[], $3::integer[]) as gone (term, number)
    where p.uid = $1 and p.term = gone.term and p.number = gone.number`;
  await changePostings(session, sql, owner, postings);
}

async function changePostings(
  session: Session,
  sql: string,
  owner: Owner,
  postings: readonly Postings[],
): Promise<void> {
  let terms: string[] = [];
  let numbers: number[] = [];
  const flush = async (): Promise<void> => {
    if (terms.length > 0) await session.run(sql, [owner.uid, terms, integers(numbers)]);
    terms = [];
    numbers = [];
  };
  for (const { number, terms: own } of postings) {
    for (const term of own) {
      terms.push(term);
      numbers.push(number);
      if (terms.length === POSTINGS_AT_ONCE) await flush();
    }
  }
  await flush();
}
