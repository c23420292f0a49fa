import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { ToolError } from "../errors.ts";
import type { LedgerEntry, Spending } from "../llm/account.ts";

/** What was used in a day (UTC, `2026-11-28`) by a user with a model. */
export interface UsageRow {
  day: string;
  user: string;
  model: string;
  requests: number;
  promptTokens: number;
  completionTokens: number;
  /** Of the requests whose price was known, in billionths of a USD. */
  nanoUsd: number;
  unpricedRequests: number;
}

/** What a user has set aside in a day. */
export interface HeldRow {
  user: string;
  tokens: number;
  nanoUsd: number;
}

/** Something to write: what was used in a day, and the hold that it replaces. */
export interface Note {
  day: string;
  used: LedgerEntry | undefined;
  holdId: number | undefined;
}

/** What only looks. */
export interface UsageReader {
  /** Newest days first. */
  rows(sinceDay: string): UsageRow[];
  /** What requests that are under way have set aside. */
  held(day: string): HeldRow[];
  close(): void;
}

/** Each method fails at once (`isLocked`) where another process writes for longer than that takes. */
export interface UsageDatabase {
  /** In one transaction. */
  write(notes: readonly Note[]): void;
  /** Adds a hold if `check` does not throw, in one transaction that no other writer comes between. Gives its number. */
  hold(day: string, entry: LedgerEntry, expiresAt: number, check: (user: Spending, all: Spending) => void): number;
  close(): void;
}

const DAY_MS = 86_400_000;
const KEPT_DAYS = 400;
/** The event loop stands still for as long as SQLite waits for a lock. */
const LOCK_TIMEOUT_MS = 20;
/** Each entry leads from one version of the file (`user_version`) to the next. */
const MIGRATIONS = [
  `create table usage (
     day text not null, user text not null, model text not null, requests integer not null,
     prompt_tokens integer not null, completion_tokens integer not null,
     nano_usd integer not null, unpriced_requests integer not null,
     primary key (day, user, model)
   ) without rowid;
   create table holds (
     id integer primary key autoincrement, day text not null, user text not null,
     tokens integer not null, nano_usd integer not null, expires_at integer not null
   );`,
];

const SPENT = `select
  (select coalesce(sum(prompt_tokens + completion_tokens), 0) from usage where day = @day and (@user is null or user = @user))
    + (select coalesce(sum(tokens), 0) from holds where day = @day and (@user is null or user = @user)) as tokens,
  (select coalesce(sum(nano_usd), 0) from usage where day = @day and (@user is null or user = @user))
    + (select coalesce(sum(nano_usd), 0) from holds where day = @day and (@user is null or user = @user)) as nanoUsd`;

/** Day of a time, in UTC. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Whether the error means that another process is writing now. */
export const isLocked = (error: unknown): boolean =>
  /^SQLITE_(BUSY|LOCKED)/.test(String((error as { code?: unknown } | undefined)?.code ?? ""));

/** Opens the file, which is made where there is none. @throws what SQLite or the file system says (see `usageError`) */
export async function openUsageDatabase(file: string): Promise<UsageDatabase> {
  mkdirSync(dirname(file), { recursive: true });
  const { default: Sqlite } = await import("better-sqlite3");
  const sqlite = new Sqlite(file, { timeout: LOCK_TIMEOUT_MS });
  try {
    return prepare(sqlite);
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

/**
 * Opens the file for a look, without a change of it. Undefined where nothing has been noted yet.
 * @throws ToolError `storage_…`
 */
export async function openUsageReader(file: string): Promise<UsageReader | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    const { default: Sqlite } = await import("better-sqlite3");
    const sqlite = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: 2_000 });
    try {
      const version = versionOf(sqlite);
      if (version > 0 && version < MIGRATIONS.length) throw olderVersion();
      if (version > 0) return reader(sqlite);
      sqlite.close();
      return undefined;
    } catch (error) {
      sqlite.close();
      throw error;
    }
  } catch (error) {
    throw usageError(error);
  }
}

function reader(sqlite: import("better-sqlite3").Database): UsageReader {
  const rows = sqlite.prepare<[string], UsageRow>(
    `select day, user, model, requests, prompt_tokens as promptTokens, completion_tokens as completionTokens,
       nano_usd as nanoUsd, unpriced_requests as unpricedRequests
     from usage where day >= ? order by day desc, user, model`,
  );
  const held = sqlite.prepare<[string, number], HeldRow>(
    `select user, sum(tokens) as tokens, sum(nano_usd) as nanoUsd from holds where day = ? and expires_at > ? group by user`,
  );
  return {
    rows: (since) => rows.all(since),
    held: (day) => held.all(day, Date.now()),
    close: () => sqlite.close(),
  };
}

function prepare(sqlite: import("better-sqlite3").Database): UsageDatabase {
  sqlite.pragma("journal_mode = wal");
  sqlite.pragma("synchronous = normal");
  sqlite.transaction(() => migrate(sqlite)).immediate();
  const spent = sqlite.prepare<{ day: string; user: string | null }, Spending>(SPENT);
  const addHold = sqlite.prepare("insert into holds (day, user, tokens, nano_usd, expires_at) values (?, ?, ?, ?, ?)");
  const release = sqlite.prepare("delete from holds where id = ?");
  const expire = sqlite.prepare("delete from holds where expires_at <= ?");
  const addUsage = sqlite.prepare(
    `insert into usage values (?, ?, ?, 1, ?, ?, ?, ?) on conflict do update set requests = requests + 1,
       prompt_tokens = prompt_tokens + excluded.prompt_tokens,
       completion_tokens = completion_tokens + excluded.completion_tokens,
       nano_usd = nano_usd + excluded.nano_usd, unpriced_requests = unpriced_requests + excluded.unpriced_requests`,
  );
  const forget = sqlite.prepare("delete from usage where day < ?");
  let forgotOn = "";
  const forgetOld = () => {
    const today = dayOf(Date.now());
    if (today === forgotOn) return;
    forget.run(dayOf(Date.now() - KEPT_DAYS * DAY_MS));
    forgotOn = today;
  };

  const write = sqlite.transaction((notes: readonly Note[]) => {
    forgetOld();
    for (const { day, used, holdId } of notes) {
      if (holdId !== undefined) release.run(holdId);
      if (!used) continue;
      const { user, model, promptTokens, completionTokens, nanoUsd } = used;
      addUsage.run(day, user, model, promptTokens, completionTokens, nanoUsd ?? 0, nanoUsd === undefined ? 1 : 0);
    }
  });
  const hold = sqlite.transaction<UsageDatabase["hold"]>((day, entry, expiresAt, check) => {
    expire.run(Date.now());
    check(spent.get({ day, user: entry.user })!, spent.get({ day, user: null })!);
    const tokens = entry.promptTokens + entry.completionTokens;
    return Number(addHold.run(day, entry.user, tokens, entry.nanoUsd ?? 0, expiresAt).lastInsertRowid);
  });
  return {
    write: (notes) => write.immediate(notes),
    hold: (...parameters) => hold.immediate(...parameters),
    close: () => sqlite.close(),
  };
}

function migrate(sqlite: import("better-sqlite3").Database): void {
  const version = versionOf(sqlite);
  for (const sql of MIGRATIONS.slice(version)) sqlite.exec(sql);
  sqlite.pragma(`user_version = ${MIGRATIONS.length}`);
}

/** 0 for a file that holds nothing yet. @throws ToolError `storage_error` for a version that is not known */
function versionOf(sqlite: import("better-sqlite3").Database): number {
  const version = sqlite.pragma("user_version", { simple: true }) as number;
  if (version <= MIGRATIONS.length) return version;
  throw new ToolError("storage_error", "The database of usage was written by a newer version of Patchbay.", {
    hint: "Use that version, or move usage.db out of the data folder (dataDir).",
  });
}

function olderVersion(): ToolError {
  return new ToolError("storage_error", "The database of usage was written by an older version of Patchbay.", {
    hint: "Start the server and call a model once: that brings it up to date.",
  });
}

/** The error as callers see it, without a path of the host. */
export function usageError(error: unknown): ToolError {
  if (error instanceof ToolError) return error;
  const sign = String((error as { code?: unknown } | undefined)?.code ?? "");
  const refusals = [
    [/^SQLITE_(BUSY|LOCKED)/, "storage_locked", "is locked by another program"],
    [/^(SQLITE_READONLY|EACCES|EPERM|EROFS)/, "storage_read_only", "cannot be written"],
    [/^(SQLITE_FULL|ENOSPC|EDQUOT)/, "storage_full", "has no space left"],
    [/^SQLITE_(CORRUPT|NOTADB)/, "storage_corrupt", "is damaged"],
  ] as const;
  const [, code, what] =
    refusals.find(([test]) => test.test(sign)) ?? ([/./, "storage_error", "cannot be used"] as const);
  return new ToolError(code, `The database of usage (usage.db in the data folder) ${what}.`, {
    hint: "Without it, budgets of a user or a day cannot be kept. Check the data folder (dataDir); a damaged file may be removed, which forgets what was used.",
    retryable: code === "storage_locked" || code === "storage_full",
    cause: error,
  });
}
