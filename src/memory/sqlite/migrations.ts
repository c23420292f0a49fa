import type BetterSqlite3 from "better-sqlite3";
import { ToolError } from "../../errors.ts";

/** "Patc" as a number: tells our files from other programs' SQLite files. */
const APPLICATION_ID = 0x50617463;

/** Each takes the database one version up. A migration that was released never changes. */
const MIGRATIONS: readonly string[] = [
  `
  create table user (
    uid integer primary key,
    key text not null unique,
    -- Memories are numbered 1, 2, 3, … and no number is given twice. As long as none was removed, the greatest in the table is
    -- the last one given, so that adding a memory leaves this row alone.
    removed integer not null default 0,
    -- the last number given when one was removed
    last_at_removal integer not null default 0,
    -- memories up to this number are in the index, later ones are not yet
    indexed integer not null default 0,
    -- whether some memories have public ids that do not end in their numbers, because they were imported
    foreign_ids integer not null default 0
  ) strict;

  create table memory (
    -- uid * 2^32 + number: a user's memories are one range, in the order they were added
    id integer primary key,
    uid integer not null references user (uid),
    -- the public id; no index, since it ends in the number (see rows.ts)
    uuid text not null,
    content text not null,
    -- what tokenize() gives for content, speaker and tags, separated by spaces
    terms text not null,
    -- JSON array, as they were given
    tags text not null,
    source text,
    speaker text,
    occurred_at text,
    -- milliseconds since 1970
    created integer not null,
    updated integer not null,
    check (id >> 32 = uid)
  ) strict;

  -- memories of one source follow each other by id
  create index memory_source on memory (uid, source) where source is not null;

  create table tag (
    uid integer not null,
    name text not null,
    id integer not null,
    primary key (uid, name, id)
  ) strict, without rowid;

  -- Terms carry the user in front (base36(uid)_term), so that a search reads one user's part of the index only. The tokenizer
  -- takes them as they are: letters, digits, _ and everything beyond ASCII.
  create virtual table memory_index using fts5(terms, content='', tokenize="ascii tokenchars '_'");
  insert into memory_index (memory_index, rank) values ('secure-delete', 1);
  `,
];

/**
 * Brings a database to the newest version. Several processes may do so at once: one migrates, the others find it done.
 * @throws ToolError `storage_error` when the file is another program's, or of a newer version
 */
export function migrate(db: BetterSqlite3.Database): void {
  if (versionOf(db) === MIGRATIONS.length) return;
  db.exec("begin exclusive");
  try {
    const version = versionOf(db);
    for (const sql of MIGRATIONS.slice(version)) db.exec(sql);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
    db.exec("commit");
  } catch (error) {
    if (db.inTransaction) db.exec("rollback");
    throw error;
  }
}

function versionOf(db: BetterSqlite3.Database): number {
  // In this order, for another process may migrate meanwhile: who sees its tables sees the rest too.
  const empty = db.prepare("select count(*) from sqlite_schema").pluck().get() === 0;
  const application = db.pragma("application_id", { simple: true }) as number;
  const version = db.pragma("user_version", { simple: true }) as number;
  if (application !== APPLICATION_ID && !empty) {
    throw new ToolError("storage_error", "The file memory.db in the data folder is no memory database of Patchbay.", {
      hint: "Move it away, or set another data folder (dataDir).",
    });
  }
  if (version > MIGRATIONS.length) {
    throw new ToolError("storage_error", "The memory database was written by a newer version of Patchbay.", {
      hint: "Update Patchbay, or set another data folder (dataDir).",
    });
  }
  return version;
}
