import { ToolError } from "../../errors.ts";
import type { Connection, Session } from "./connection.ts";

/** Each takes the schema one version up. A migration that was released never changes. */
export const MIGRATIONS: readonly string[] = [
  `
  create table patchbay.owner (
    uid integer generated always as identity primary key,
    key text collate "C" not null unique,
    -- how many memories there are, and the bytes of their contents in UTF-8
    n integer not null default 0,
    bytes bigint not null default 0,
    -- the last number given to a memory: they are numbered 1, 2, 3, … in the order of adding, and no number is given twice
    last integer not null default 0
  );

  create table patchbay.memory (
    uid integer not null references patchbay.owner (uid),
    number integer not null,
    uuid uuid not null,
    content text collate "C" not null,
    -- what tokenize() gives for content, speaker and tags, separated by spaces
    terms text collate "C" not null,
    -- JSON array, as they were given
    tags text collate "C" not null,
    kind text collate "C",
    importance double precision,
    source text collate "C",
    speaker text collate "C",
    occurred_at text collate "C",
    -- times are milliseconds since 1970
    expires bigint,
    created bigint not null,
    updated bigint not null,
    version integer not null,
    origin text collate "C" not null,
    superseded_by uuid,
    -- when it happened, or else when it was added
    time bigint not null,
    -- identityOf(): tells whether the same was stored before
    identity bigint not null,
    primary key (uid, number)
  );
  create unique index memory_uuid on patchbay.memory (uid, uuid);
  create index memory_identity on patchbay.memory (uid, identity);
  create index memory_source on patchbay.memory (uid, source, number) where source is not null;
  create index memory_time on patchbay.memory (uid, time);
  create index memory_expires on patchbay.memory (expires) where expires is not null;
  create index memory_superseded on patchbay.memory (uid) where superseded_by is not null;

  -- The search index: a row for each term and each facet (see postings.ts) of a memory. The newest memories with a term are
  -- read from its end, however many there are, and the words of a user are a range of it. Those of superseded memories are
  -- found by their facets only.
  create table patchbay.posting (
    uid integer not null,
    term text collate "C" not null,
    number integer not null,
    primary key (uid, term, number)
  );

  -- earlier versions: a JSON object of the columns that a change replaces
  create table patchbay.history (
    uid integer not null,
    number integer not null,
    version integer not null,
    data text not null,
    replaced bigint not null,
    primary key (uid, number, version)
  );

  -- deleted memories that can be brought back: a JSON object of their columns
  create table patchbay.trash (
    uid integer not null,
    number integer not null,
    uuid uuid not null,
    data text not null,
    deleted bigint not null,
    primary key (uid, number)
  );
  create index trash_deleted on patchbay.trash (deleted);

  -- calls that were made with a key, and the public ids of what they added: a JSON array
  create table patchbay.idempotency (
    uid integer not null,
    key text collate "C" not null,
    digest text not null,
    ids text not null,
    created bigint not null,
    primary key (uid, key)
  );
  create index idempotency_created on patchbay.idempotency (created);

  create table patchbay.embedding_model (
    mid integer generated always as identity primary key,
    name text collate "C" not null unique
  );

  create table patchbay.embedding (
    uid integer not null,
    number integer not null,
    model integer not null,
    vector bytea not null,
    primary key (uid, number)
  );
  `,
];

/** Any number that other programs are unlikely to lock by: "Patc" and a counter. */
const LOCK = "1348564067, 1";
const MINIMUM_VERSION = 13;
/** Milliseconds that a migration may take, and that others wait for it. */
const MIGRATION_MS = 600_000;

/**
 * Brings the schema `patchbay` to the newest version, and makes it where there is none. Several servers may do so at once: one
 * migrates, the others wait and find it done.
 * @throws ToolError `storage_error` when the server is too old, keeps no UTF-8, or the schema is of a newer version
 */
export async function migrate(connection: Connection): Promise<void> {
  const { server, encoding } = await connection.read(async (session) => {
    const sql = "select current_setting('server_version_num')::int as server, getdatabaseencoding() as encoding";
    return (await session.row<{ server: number; encoding: string }>(sql)) as { server: number; encoding: string };
  });
  if (server < MINIMUM_VERSION * 10_000) {
    throw new ToolError(
      "storage_error",
      `PostgreSQL ${Math.trunc(server / 10_000)} is too old for the memory database.`,
      {
        hint: `Use version ${MINIMUM_VERSION} or newer.`,
      },
    );
  }
  if (encoding !== "UTF8") {
    throw new ToolError(
      "storage_error",
      `The PostgreSQL database has the encoding ${encoding}, which cannot hold every text.`,
      {
        hint: "Create it with: create database … encoding 'UTF8' template template0.",
      },
    );
  }
  if ((await connection.read(versionOf)) === MIGRATIONS.length) return;
  await connection.write(
    async (session) => {
      await session.run(`select pg_advisory_xact_lock(${LOCK})`);
      const version = await versionOf(session);
      if (version === MIGRATIONS.length) return;
      if (version === 0) {
        await session.run("create schema if not exists patchbay");
        await session.run("create table patchbay.schema_version (version integer not null)");
        await session.run("insert into patchbay.schema_version values (0)");
      }
      for (const sql of MIGRATIONS.slice(version)) await session.script(sql);
      await session.run("update patchbay.schema_version set version = $1", [MIGRATIONS.length]);
    },
    { timeoutMs: MIGRATION_MS },
  );
}

/** 0 where there is no schema yet. */
async function versionOf(session: Session): Promise<number> {
  // By a scan: a look-up by name may not know yet what another server has just made.
  const table = await session.row<{ there: boolean }>(
    `select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'patchbay' and c.relname = 'schema_version') as there`,
  );
  if (!table?.there) return 0;
  const row = await session.row<{ version: number }>("select version from patchbay.schema_version");
  const version = row?.version ?? 0;
  if (version > MIGRATIONS.length) {
    throw new ToolError("storage_error", "The memory database was written by a newer version of Patchbay.", {
      hint: "Update Patchbay, or name another database in memory.database.",
    });
  }
  return version;
}
