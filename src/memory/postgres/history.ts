import type { MemoryRow } from "../memory-row.ts";
import { fromVersion, type Replaced, replacedColumns, toVersion } from "../memory-version.ts";
import type { MemoryVersion } from "../store.ts";
import type { Session } from "./connection.ts";
import { integers, type Owner } from "./rows.ts";

/** Earlier versions of memories, and deleted memories that can be brought back. Parts of transactions of their callers. */

interface VersionRow {
  number: number;
  version: number;
  data: string;
  replaced: number;
}

/** Rows that one statement writes. */
const AT_ONCE = 500;

const INSERT = `insert into patchbay.history (uid, number, version, data, replaced)
  select $1, * from json_to_recordset($2) as r (number integer, version integer, data text, replaced bigint)
  on conflict (uid, number, version) do update set data = excluded.data, replaced = excluded.replaced`;

/** Keeps a version that is being replaced, and lets go of those beyond `keep`. */
export async function keepVersion(
  session: Session,
  owner: Owner,
  row: MemoryRow,
  replaced: number,
  keep: number,
): Promise<void> {
  if (keep > 0) {
    await insertVersions(session, owner, [
      { number: row.id, version: row.version, data: JSON.stringify(replacedColumns(row)), replaced },
    ]);
  }
  const sql = "delete from patchbay.history where uid = $1 and number = $2 and version <= $3";
  await session.run(sql, [owner.uid, row.id, row.version - keep]);
}

/** The kept versions of memories, oldest first, by their numbers. */
export async function readHistories(
  session: Session,
  owner: Owner,
  numbers: readonly number[],
): Promise<Map<number, MemoryVersion[]>> {
  const histories = new Map<number, MemoryVersion[]>();
  const rows = await session.rows<VersionRow>(
    "select number, version, data, replaced from patchbay.history where uid = $1 and number = any($2) order by number, version",
    [owner.uid, integers(numbers)],
  );
  for (const { number, data, replaced } of rows) {
    const own = histories.get(number) ?? [];
    histories.set(number, own);
    own.push(toVersion(JSON.parse(data) as Replaced, replaced));
  }
  return histories;
}

/** The columns of an earlier version; undefined where it is not kept. */
export async function readVersion(
  session: Session,
  owner: Owner,
  number: number,
  version: number,
): Promise<Replaced | undefined> {
  const row = await session.row<{ data: string }>(
    "select data from patchbay.history where uid = $1 and number = $2 and version = $3",
    [owner.uid, number, version],
  );
  return row && (JSON.parse(row.data) as Replaced);
}

export async function readVersionNumbers(session: Session, owner: Owner, number: number): Promise<number[]> {
  const sql = "select version from patchbay.history where uid = $1 and number = $2 order by version";
  const rows = await session.rows<{ version: number }>(sql, [owner.uid, number]);
  return rows.map((row) => row.version);
}

/** Writes the versions that a file has. */
export async function importVersions(
  session: Session,
  owner: Owner,
  histories: readonly { number: number; history: readonly MemoryVersion[] }[],
): Promise<void> {
  const rows = histories.flatMap(({ number, history }) =>
    history.map((version): VersionRow => {
      const { data, replaced } = fromVersion(version);
      return { number, version: version.version, data: JSON.stringify(data), replaced };
    }),
  );
  await insertVersions(session, owner, rows);
}

/** Keeps memories that are being deleted, as they are. */
export async function putInTrash(
  session: Session,
  owner: Owner,
  rows: readonly MemoryRow[],
  deleted: number,
): Promise<void> {
  const data = rows.map((row) => ({ number: row.id, uuid: row.uuid, data: JSON.stringify(row), deleted }));
  await session.run(
    `insert into patchbay.trash (uid, number, uuid, data, deleted)
     select $1, * from json_to_recordset($2) as r (number integer, uuid uuid, data text, deleted bigint)
     on conflict (uid, number) do update set data = excluded.data, deleted = excluded.deleted`,
    [owner.uid, JSON.stringify(data)],
  );
}

/** A deleted memory that is still kept, by its public id. */
export async function findInTrash(session: Session, owner: Owner, uuid: string): Promise<MemoryRow | undefined> {
  const sql = "select data from patchbay.trash where uid = $1 and uuid = $2 order by deleted desc limit 1";
  const row = await session.row<{ data: string }>(sql, [owner.uid, uuid]);
  return row && (JSON.parse(row.data) as MemoryRow);
}

export async function takeFromTrash(session: Session, owner: Owner, number: number): Promise<void> {
  await session.run("delete from patchbay.trash where uid = $1 and number = $2", [owner.uid, number]);
}

async function insertVersions(session: Session, owner: Owner, rows: readonly VersionRow[]): Promise<void> {
  for (let start = 0; start < rows.length; start += AT_ONCE) {
    await session.run(INSERT, [owner.uid, JSON.stringify(rows.slice(start, start + AT_ONCE))]);
  }
}
