import { ToolError } from "../../errors.ts";
import { type Database, type DatabaseOptions, openDatabase, pause, whenUnlocked } from "./database.ts";
import { breaksConnection, storageError } from "./storage-error.ts";

/** The one connection of a store. After a failure of the storage it is opened again with the next call. */
export interface Connection {
  /** The open database; a promise only where it has to be opened first. @throws ToolError `storage_…` */
  open(): Database | Promise<Database>;
  /** Runs `work` on one state of the database. Does not wait for writers. @throws ToolError `storage_…`, and what `work` throws */
  read<T>(work: (database: Database) => T): Promise<T>;
  /** The error as callers see it. Leaves the connection where the error may have broken it. */
  fail(error: unknown): unknown;
  /**
   * Removes from the log what was deleted or replaced, at once, or as soon as no other process reads the log. The deleted text
   * is then in no file: `secure_delete` has already overwritten it with zeros in the pages that the log moves into the file.
   */
  eraseLog(): void;
  /** Waits a little for other processes to let go of the log, where it still holds what was removed. */
  eraseFinally(): Promise<void>;
  /** @throws ToolError `storage_error` where what was just committed is in a file that nobody will open again */
  checkCommitted(database: Database): void;
  close(): void;
}

/** Milliseconds after which the file is looked for again. */
const CHECK_FILE_MS = 100;
/** The same after a commit. Each look takes a share of what an add takes. */
const CHECK_COMMITTED_MS = 2;
/** Milliseconds until the log is tried again. */
const ERASE_AGAIN_MS = 200;
/** Milliseconds that closing waits for it. */
const ERASE_FINALLY_MS = 2_000;

export function createConnection(options: DatabaseOptions): Connection {
  let opening: Promise<Database> | undefined;
  let database: Database | undefined;
  let checkedAt = 0;
  let eraseAgain: NodeJS.Timeout | undefined;

  function leave(): void {
    clearTimeout(eraseAgain);
    eraseAgain = undefined;
    const left = database;
    database = undefined;
    opening = undefined;
    left?.close();
  }

  function fail(error: unknown): unknown {
    if (breaksConnection(error)) leave();
    return storageError(error);
  }

  function open(): Database | Promise<Database> {
    if (!database) return openAgain();
    if (performance.now() - checkedAt <= CHECK_FILE_MS) return database;
    const file = database.file();
    if (file === "removed") throw fileGone("Put it back, or restart the server to begin with an empty one.");
    if (file === "replaced") {
      leave();
      return openAgain();
    }
    checkedAt = performance.now();
    return database;
  }

  async function openAgain(): Promise<Database> {
    opening ??= openDatabase(options);
    const opened = opening;
    try {
      const result = await opened;
      if (opening === opened) database = result;
      return result;
    } catch (error) {
      if (opening === opened) opening = undefined;
      throw storageError(error);
    }
  }

  function eraseLog(): void {
    let erased = false;
    try {
      erased = database?.emptyLog() ?? true;
    } catch {
      // Full or locked: the deletion itself is done, only its trace in the log has to wait.
    }
    if (!erased) eraseAgain ??= setTimeout(retryErase, ERASE_AGAIN_MS).unref();
  }

  function retryErase(): void {
    eraseAgain = undefined;
    eraseLog();
  }

  return {
    open,
    async read(work) {
      try {
        return await whenUnlocked(async () => inReadTransaction(await open(), work), options.lockTimeoutMs);
      } catch (error) {
        throw fail(error);
      }
    },
    fail,
    eraseLog,
    async eraseFinally() {
      const deadline = performance.now() + ERASE_FINALLY_MS;
      while (eraseAgain && database && performance.now() < deadline) {
        await pause();
        clearTimeout(eraseAgain);
        eraseAgain = undefined;
        eraseLog();
      }
    },
    checkCommitted(committed) {
      const now = performance.now();
      if (now - checkedAt <= CHECK_COMMITTED_MS) return;
      checkedAt = now;
      if (committed.file() === "there") return;
      checkedAt = 0;
      throw fileGone("Nothing was stored. Put it back, or restart the server to begin with an empty one.");
    },
    close: leave,
  };
}

function fileGone(hint: string): ToolError {
  return new ToolError("storage_error", "The memory database was removed or replaced while the server was running.", {
    hint,
    retryable: true,
  });
}

function inReadTransaction<T>(database: Database, work: (database: Database) => T): T {
  database.run("begin");
  try {
    const result = work(database);
    database.run("commit");
    return result;
  } catch (error) {
    if (database.inTransaction()) database.run("rollback");
    throw error;
  }
}
