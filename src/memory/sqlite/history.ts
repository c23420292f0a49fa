import { type MemoryRow, numberOf } from "../memory-row.ts";
import { fromVersion, type Replaced, replacedColumns, toVersion } from "../memory-version.ts";
import type { MemoryVersion } from "../store.ts";
import type { Database } from "./database.ts";
import { baseOf, type UserRow } from "./rows.ts";

/** Earlier versions of memories, and deleted memories that can be brought back. Parts of transactions of their callers. */

/** Keeps a version that is being replaced, and lets go of those beyond `keep`. */
export function keepVersion(database: Database, row: MemoryRow, replaced: number, keep: number): void {
  if (keep > 0) {
    database.run(
      "insert or replace into history (id, version, data, replaced) values (?, ?, ?, ?)",
      row.id,
      row.version,
      JSON.stringify(replacedColumns(row)),
      replaced,
    );
  }
  database.run("delete from history where id = ? and version <= ?", row.id, row.version - keep);
}

/** The kept versions of a memory, oldest first. */
export function readHistory(database: Database, id: number): MemoryVersion[] {
  const rows = database.all<{ data: string; replaced: number }>(
    "select data, replaced from history where id = ? order by version",
    id,
  );
  return rows.map(({ data, replaced }) => toVersion(JSON.parse(data) as Replaced, replaced));
}

/** The columns of an earlier version; undefined where it is not kept. */
export function readVersion(database: Database, id: number, version: number): Replaced | undefined {
  const row = database.get<{ data: string }>("select data from history where id = ? and version = ?", id, version);
  return row && (JSON.parse(row.data) as Replaced);
}

export function readVersionNumbers(database: Database, id: number): number[] {
  return database.column<number>("select version from history where id = ? order by version", id);
}

/** Writes a version that a file has. */
export function importVersion(database: Database, id: number, version: MemoryVersion): void {
  const { data, replaced } = fromVersion(version);
  database.run(
    "insert or replace into history (id, version, data, replaced) values (?, ?, ?, ?)",
    id,
    version.version,
    JSON.stringify(data),
    replaced,
  );
}

export function putInTrash(database: Database, row: MemoryRow, deleted: number): void {
  const sql = "insert or replace into trash (id, data, deleted) values (?, ?, ?)";
  database.run(sql, row.id, JSON.stringify(row), deleted);
}

/** A deleted memory that is still kept, by its public id. */
export function findInTrash(database: Database, owner: UserRow, uuid: string): MemoryRow | undefined {
  const base = baseOf(owner);
  const read = (sql: string, ...parameters: unknown[]): MemoryRow | undefined => {
    const row = database.get<{ data: string }>(`select data from trash where ${sql}`, ...parameters);
    const memory = row && (JSON.parse(row.data) as MemoryRow);
    return memory?.uuid === uuid ? memory : undefined;
  };
  const found = read("id = ?", base + numberOf(uuid));
  if (found || !owner.foreignIds) return found;
  return read("id > ? and id <= ? and data ->> 'uuid' = ?", base, base + owner.last, uuid);
}

/** Lets go of a deleted memory for good, with its earlier versions. */
export function emptyTrash(database: Database, id: number): void {
  takeFromTrash(database, id);
  database.run("delete from history where id = ?", id);
}

export function takeFromTrash(database: Database, id: number): void {
  database.run("delete from trash where id = ?", id);
}
