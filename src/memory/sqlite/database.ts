import { closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type BetterSqlite3 from "better-sqlite3";
import { tagKey } from "../memory-input.ts";
import type { KnownUser } from "./identities.ts";
import { isOlder, migrate } from "./migrations.ts";
import { isLocked } from "./storage-error.ts";

export interface DatabaseOptions {
  file: string;
  /** Milliseconds to wait for another process that holds the database. Default 10 s. */
  lockTimeoutMs?: number | undefined;
  /** Pages of 4 KiB that the file may have. Default: what the disk has room for. */
  maxPages?: number | undefined;
}

/** An open database. Statements are prepared once. All calls are synchronous. */
export interface Database {
  all<Row>(sql: string, ...parameters: unknown[]): Row[];
  get<Row>(sql: string, ...parameters: unknown[]): Row | undefined;
  /** The first column of each row. */
  column<Value>(sql: string, ...parameters: unknown[]): Value[];
  run(sql: string, ...parameters: unknown[]): void;
  inTransaction(): boolean;
  /** Users as this connection's last writes left them; empty where another connection has written since. */
  users: Map<string, KnownUser>;
  /** Begins a transaction that writes. */
  beginWrite(): void;
  /** Moves the log into the database file and empties it. False where another connection is reading it. */
  emptyLog(): boolean;
  /** Whether the file has been removed or replaced, so that writes would vanish with it. */
  file(): "there" | "removed" | "replaced";
  close(): void;
}

export const DEFAULT_LOCK_TIMEOUT_MS = 10_000;
/** Milliseconds that SQLite itself may wait for a lock, in which the whole server stands still. */
const BUSY_TIMEOUT_MS = 3;
/** Milliseconds to wait for another process that brings the database to the newest version. */
const MIGRATION_TIMEOUT_MS = 600_000;
const MIN_PAUSE_MS = 1;
const MAX_PAUSE_MS = 25;
/** Pages of log after which they are moved into the file. A short log is written over, which is faster than a growing one. */
const CHECKPOINT_PAGES = 500;
const MAX_LOG_BYTES = 16 * 1024 * 1024;

/** Opens the file, made with its folder where there is none, and brings it to the newest version. @throws what SQLite throws */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { default: Sqlite } = await import("better-sqlite3");
  prepareFile(options.file);
  const db = new Sqlite(options.file, { timeout: BUSY_TIMEOUT_MS });
  try {
    await whenUnlocked(() => {
      db.pragma("journal_mode = wal");
      db.pragma("synchronous = full");
      db.pragma("secure_delete = on");
      db.pragma("foreign_keys = on");
      db.pragma("trusted_schema = off");
      db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      if (options.maxPages !== undefined) db.pragma(`max_page_count = ${options.maxPages}`);
      db.pragma(`journal_size_limit = ${MAX_LOG_BYTES}`);
      // Sorting and other passing work leaves no text in files of its own.
      db.pragma("temp_store = memory");
      db.function("fold", { deterministic: true }, (text) => (typeof text === "string" ? tagKey(text) : null));
    }, options.lockTimeoutMs);
    // Another process may be migrating, which takes its time where there is much.
    const wait = await whenUnlocked(
      () => (isOlder(db) ? MIGRATION_TIMEOUT_MS : options.lockTimeoutMs),
      options.lockTimeoutMs,
    );
    await whenUnlocked(() => migrate(db), wait);
    await whenUnlocked(() => {
      db.exec("create virtual table if not exists temp.memory_vocabulary using fts5vocab(main, memory_index, row)");
      db.exec(
        "create virtual table if not exists temp.memory_occurrence using fts5vocab(main, memory_index, instance)",
      );
    }, options.lockTimeoutMs);
  } catch (error) {
    db.close();
    throw error;
  }
  return wrap(db, options.file);
}

/**
 * Tries until nobody else holds the lock, with a pause of random length between two tries, in which the server goes on.
 * @throws what SQLite throws, when `timeoutMs` have passed or for any other reason
 */
export async function whenUnlocked<T>(attempt: () => T | Promise<T>, timeoutMs = DEFAULT_LOCK_TIMEOUT_MS): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isLocked(error) || performance.now() >= deadline) throw error;
      await pause();
    }
  }
}

/** Until the next try for a lock. Random, so that processes do not keep meeting. */
export async function pause(): Promise<void> {
  await sleep(MIN_PAUSE_MS + Math.random() * (MAX_PAUSE_MS - MIN_PAUSE_MS));
}

/** The file and its folder; where they are new, only their owner may read them, for the memories of all users are in there. */
function prepareFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (statSync(file, { throwIfNoEntry: false })) return;
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function wrap(db: BetterSqlite3.Database, file: string): Database {
  const rows = new Map<string, BetterSqlite3.Statement>();
  const columns = new Map<string, BetterSqlite3.Statement>();
  const prepared = (sql: string): BetterSqlite3.Statement => {
    const statement = rows.get(sql) ?? db.prepare(sql);
    rows.set(sql, statement);
    return statement;
  };
  const preparedColumn = (sql: string): BetterSqlite3.Statement => {
    const statement = columns.get(sql) ?? db.prepare(sql).pluck();
    columns.set(sql, statement);
    return statement;
  };
  const opened = statSync(file);
  const users = new Map<string, KnownUser>();
  // Changes when another connection has committed (https://www.sqlite.org/pragma.html#pragma_data_version).
  const dataVersion = db.prepare("pragma data_version").pluck();
  let lastVersion: unknown;
  return {
    all: <Row>(sql: string, ...parameters: unknown[]) => prepared(sql).all(...parameters) as Row[],
    get: <Row>(sql: string, ...parameters: unknown[]) => prepared(sql).get(...parameters) as Row | undefined,
    column: <Value>(sql: string, ...parameters: unknown[]) => preparedColumn(sql).all(...parameters) as Value[],
    run(sql, ...parameters) {
      prepared(sql).run(...parameters);
    },
    inTransaction: () => db.inTransaction,
    users,
    beginWrite() {
      prepared("begin immediate").run();
      const version = dataVersion.get();
      if (version !== lastVersion) users.clear();
      lastVersion = version;
    },
    emptyLog() {
      const [outcome] = db.pragma("wal_checkpoint(truncate)") as { busy: number }[];
      return outcome?.busy === 0;
    },
    file() {
      const now = statSync(file, { throwIfNoEntry: false });
      if (!now) return "removed";
      return now.ino === opened.ino ? "there" : "replaced";
    },
    close: () => void db.close(),
  };
}
