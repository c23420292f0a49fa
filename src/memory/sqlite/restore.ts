import { existsSync } from "node:fs";
import { constants, copyFile, mkdir, mkdtemp, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ToolError } from "../../errors.ts";
import { backUp } from "./backup.ts";
import {
  type Database,
  type DatabaseOptions,
  DEFAULT_LOCK_TIMEOUT_MS,
  openDatabase,
  pause,
  whenUnlocked,
} from "./database.ts";
import { verify } from "./maintenance.ts";
import { APPLICATION_ID, MIGRATIONS } from "./migrations.ts";
import { storageError } from "./storage-error.ts";

/** What a backup holds. */
export interface BackupContents {
  users: number;
  memories: number;
  /** What is wrong with it, in words; empty when it is sound. */
  problems: string[];
}

export interface Restored {
  users: number;
  memories: number;
  /** The backup of the state before, where there was a database. */
  replaced?: string;
  /** Where the database before is kept, when it was too damaged to be written over. */
  damaged?: string;
}

/** Pages of 4 KiB that are written at once. */
const PAGES_AT_ONCE = 10_000;
/** Names that files of one database end in, and the one that SQLite makes only while it is open. */
const FILES = ["", "-wal"];
const SHARED = "-shm";
/** How folders with copies begin. */
const COPIES = "memory.restore-";
/** Milliseconds after which nobody works on one any more. */
const ABANDONED_MS = 60 * 60 * 1000;

/**
 * Checks a backup, of this version or an earlier one, on a copy of it in `folder`; the file itself is only read.
 * @throws ToolError `invalid_input` when it is no database of ours or cannot be read, and `storage_…`
 */
export async function checkBackup(file: string, folder: string): Promise<BackupContents> {
  return withCopy(file, folder, async (_copy, contents) => contents);
}

/**
 * Puts a backup in the place of everything in the database, in one transaction, while servers go on: they see all of the old
 * state or all of the new one, and writers wait. The backup is checked first, and the state before is backed up beside the database
 * as `memory.replaced-TIME.db`; nothing removes that file. Where it fails, all is as it was.
 * @throws ToolError `invalid_input` when the file is no backup, `storage_corrupt` when it is damaged, and `storage_…`
 */
export async function restoreBackup(options: DatabaseOptions, file: string): Promise<Restored> {
  await mkdir(dirname(options.file), { recursive: true, mode: 0o700 });
  return withCopy(file, dirname(options.file), async (copy, { users, memories, problems }) => {
    if (problems.length > 0) {
      throw new ToolError("storage_corrupt", "The backup is damaged; nothing was changed.", {
        hint: "Take another backup.",
        issues: problems.map((message) => ({ path: file, message })),
      });
    }
    let live: Database | undefined;
    let replaced: string | undefined;
    try {
      const existed = existsSync(options.file);
      live = await openDatabase(options);
      if (existed) replaced = await keep(options.file);
    } catch (error) {
      live?.close();
      const failure = storageError(error);
      if (!(failure instanceof ToolError && failure.code === "storage_corrupt")) throw failure;
      return { users, memories, damaged: await replaceFiles(options.file, copy) };
    }
    try {
      await whenUnlocked(() => writePages(copy, options.file, options.lockTimeoutMs), options.lockTimeoutMs);
      await emptyLog(live);
    } catch (error) {
      if (replaced !== undefined) await rm(replaced, { force: true });
      throw storageError(error);
    } finally {
      live.close();
    }
    return { users, memories, ...(replaced !== undefined && { replaced }) };
  });
}

/** Backs the database up beside itself. Gives the name of the backup. */
async function keep(database: string): Promise<string> {
  const file = join(dirname(database), `memory.replaced-${new Date().toISOString().replace(/[:.]/g, "-")}.db`);
  await backUp(database, file);
  return file;
}

/**
 * SQLite's backup, the other way round: writes all pages of the copy into the database in one transaction.
 * @throws what SQLite throws; with code SQLITE_BUSY when another connection writes
 */
async function writePages(copy: string, database: string, timeoutMs = DEFAULT_LOCK_TIMEOUT_MS): Promise<void> {
  const { default: Sqlite } = await import("better-sqlite3");
  const source = new Sqlite(copy, { readonly: true, fileMustExist: true });
  let remaining = Number.POSITIVE_INFINITY;
  let progressAt = performance.now();
  try {
    const { totalPages } = await source.backup(database, {
      progress({ remainingPages }) {
        if (remainingPages < remaining) progressAt = performance.now();
        else if (performance.now() - progressAt > timeoutMs) throw locked();
        remaining = remainingPages;
        return PAGES_AT_ONCE;
      },
    });
    // It has not begun, for another connection was writing; better-sqlite3 tells this only so.
    if (totalPages === 0) throw locked();
  } finally {
    source.close();
  }
}

function locked(): Error {
  return Object.assign(new Error("The database is locked."), { code: "SQLITE_BUSY" });
}

/** Until the old state is in no file any more, or another process has read the log for too long. */
async function emptyLog(database: Database): Promise<void> {
  for (const end = performance.now() + DEFAULT_LOCK_TIMEOUT_MS; !database.emptyLog(); ) {
    if (performance.now() > end) return;
    await pause();
  }
}

/** Keeps the damaged files under another name and puts the copy in their place. Gives that name. */
async function replaceFiles(database: string, copy: string): Promise<string> {
  const damaged = `${database}.damaged-${new Date().toISOString().replace(/[:.]/g, "-")}`;
  for (const end of FILES) if (existsSync(database + end)) await rename(database + end, damaged + end);
  await rm(database + SHARED, { force: true });
  await rename(copy, database);
  return damaged;
}

/** Runs `work` on a copy of the backup that is of the newest version, in one file; removes it afterwards. */
async function withCopy<T>(
  file: string,
  folder: string,
  work: (copy: string, contents: BackupContents) => Promise<T>,
): Promise<T> {
  await checkHeader(file);
  await removeAbandoned(folder);
  const own = await mkdtemp(join(folder, COPIES)).catch((error: unknown) => {
    throw storageError(error);
  });
  const copy = join(own, "memory.db");
  try {
    for (const end of FILES) if (existsSync(file + end)) await copyPrivately(file + end, copy + end);
    return await work(copy, await bringUp(copy, file));
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/** What was left by a process that ended in the middle. */
async function removeAbandoned(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(COPIES));
  for (const name of names) {
    const made = await stat(join(folder, name)).catch(() => undefined);
    const abandoned = made !== undefined && Date.now() - made.mtimeMs > ABANDONED_MS;
    // In the folder for passing files they may be another user's.
    if (abandoned) await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

async function copyPrivately(from: string, to: string): Promise<void> {
  try {
    await (await open(to, "wx", 0o600)).close();
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  } catch (error) {
    throw storageError(error);
  }
}

/** Brings the copy to the newest version and reads what it holds. */
async function bringUp(copy: string, file: string): Promise<BackupContents> {
  try {
    const database = await openDatabase({ file: copy });
    try {
      const problems = verify(database);
      const [counts] = database.all<{ users: number; memories: number }>(
        "select count(distinct uid) as users, count(*) as memories from memory",
      );
      database.emptyLog();
      database.run("pragma journal_mode = delete");
      return { users: counts?.users ?? 0, memories: counts?.memories ?? 0, problems };
    } finally {
      database.close();
    }
  } catch (error) {
    const failure = storageError(error);
    if (!(failure instanceof ToolError && failure.code === "storage_corrupt")) throw failure;
    return { users: 0, memories: 0, problems: [`${file} cannot be read to its end: it is damaged or cut off`] };
  }
}

/** Whether the file is ours, and of a version that is known (https://www.sqlite.org/fileformat2.html, section 1.3). */
async function checkHeader(file: string): Promise<void> {
  const header = Buffer.alloc(100);
  try {
    if (!(await stat(file)).isFile()) throw new Error("no file");
    const handle = await open(file, "r");
    await handle.read(header, 0, header.length, 0).finally(() => handle.close());
  } catch (error) {
    throw new ToolError("invalid_input", `${file} cannot be read.`, { cause: error });
  }
  if (header.toString("latin1", 0, 16) !== "SQLite format 3\0" || header.readUInt32BE(68) !== APPLICATION_ID) {
    throw new ToolError("invalid_input", `${file} is no memory database of Patchbay.`, {
      hint: "Name a file that `memory backup` has written. What `memory export` writes, `memory import` reads.",
    });
  }
  if (header.readUInt32BE(60) > MIGRATIONS.length) {
    throw new ToolError("storage_error", `${file} was written by a newer version of Patchbay.`, {
      hint: "Update Patchbay.",
    });
  }
}
