import type BetterSqlite3 from "better-sqlite3";
import { ToolError } from "../../errors.ts";
import { timeOf } from "../memory-time.ts";
import { identityOf } from "./rows.ts";
import { indexTerms } from "./search-index.ts";

/** "Patc" as a number: tells our files from other programs' SQLite files. */
export const APPLICATION_ID = 0x50617463;

/** Each takes the database one version up. A migration that was released never changes. */
export const MIGRATIONS: readonly string[] = [
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
  `
  alter table memory add column version integer not null default 1;
  -- what wrote this version
  alter table memory add column origin text not null default 'unknown';
  alter table memory add column kind text;
  alter table memory add column importance real;
  -- milliseconds since 1970
  alter table memory add column expires integer;
  -- public id of the memory that has taken its place; it is in the index no longer
  alter table memory add column superseded_by text;
  -- when it happened, or else when it was added, in milliseconds since 1970
  alter table memory add column time integer not null default 0;
  -- identityOf(): what tells whether the same was stored before
  alter table memory add column identity integer not null default 0;
  -- bytes of the contents of the user's memories as they were added, up to this one
  alter table memory add column running integer not null default 0;
  update memory set
    time = memory_time(occurred_at, created),
    identity = memory_identity(uid, content, source, speaker);
  update memory set running = sums.running from (
    select id, sum(octet_length(content)) over (partition by uid order by id) as running from memory
  ) as sums where memory.id = sums.id;
  -- which memories of the index have an identity
  create table identity (
    identity integer not null,
    id integer not null,
    primary key (identity, id)
  ) strict, without rowid;
  insert into identity (identity, id)
    select identity, memory.id from memory join user using (uid) where memory.id - (uid << 32) <= indexed;
  create index memory_expires on memory (expires) where expires is not null;
  create index memory_superseded on memory (uid, superseded_by) where superseded_by is not null;

  -- bytes that the running sum counts, as far as it was known when a memory was removed, and what is to be added to it for
  -- memories that were removed or changed
  alter table user add column running_at_removal integer not null default 0;
  alter table user add column bytes_changed integer not null default 0;
  update user set running_at_removal = coalesce((select max(running) from memory where memory.uid = user.uid), 0);

  -- earlier versions: a JSON object of what toMemory() gives of them
  create table history (
    id integer not null,
    version integer not null,
    data text not null,
    -- milliseconds since 1970
    replaced integer not null,
    primary key (id, version)
  ) strict, without rowid;

  -- deleted memories that can be brought back: a JSON object of their columns
  create table trash (
    id integer primary key,
    data text not null,
    -- milliseconds since 1970
    deleted integer not null
  ) strict;

  -- calls that were made with a key, and the public ids of what they added: a JSON array
  create table idempotency (
    uid integer not null,
    key text not null,
    digest text not null,
    ids text not null,
    created integer not null,
    primary key (uid, key)
  ) strict, without rowid;

  create table embedding_model (
    mid integer primary key,
    name text not null unique
  ) strict;

  create table embedding (
    -- that of the memory
    id integer primary key,
    model integer not null references embedding_model (mid),
    vector blob not null
  ) strict;

  -- the index has facets, too, from now on (see search-index.ts)
  insert into memory_index (memory_index) select 'delete-all' where exists (select * from memory);
  insert into memory_index (rowid, terms)
    select memory.id, memory_index_terms(uid, terms, tags, source, speaker, occurred_at, created)
    from memory join user using (uid) where memory.id - (uid << 32) <= indexed;
  `,
];

/**
 * Brings a database to the newest version. Several processes may do so at once: one migrates, the others find it done.
 * @throws ToolError `storage_error` when the file is another program's, or of a newer version
 */
export function migrate(db: BetterSqlite3.Database): void {
  db.function("memory_time", { deterministic: true }, (occurredAt, created) =>
    timeOf(occurredAt as string | null, created as number),
  );
  db.function("memory_identity", { deterministic: true }, (uid, content, source, speaker) =>
    identityOf(uid as number, {
      content: content as string,
      source: source as string | null,
      speaker: speaker as string | null,
    }),
  );
  db.function("memory_index_terms", { deterministic: true }, (uid, terms, tags, source, speaker, occurredAt, created) =>
    indexTerms(uid as number, {
      terms: terms as string,
      tags: tags as string,
      kind: null,
      source: source as string | null,
      speaker: speaker as string | null,
      occurred_at: occurredAt as string | null,
      created: created as number,
    }),
  );
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

/** Whether there are memories of an earlier version. */
export function isOlder(db: BetterSqlite3.Database): boolean {
  const version = versionOf(db);
  return version > 0 && version < MIGRATIONS.length;
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
