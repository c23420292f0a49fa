import { ToolError } from "../../errors.ts";
import type { Connection } from "./connection.ts";
import { type Database, DEFAULT_LOCK_TIMEOUT_MS, pause } from "./database.ts";
import { isLocked } from "./storage-error.ts";

/**
 * Writes that wait while another is being written to disk share the next transaction, and with it one wait for the disk
 * (group commit). A write is acknowledged only after its transaction is on disk.
 */
export interface GroupCommit {
  /**
   * Runs `job` in the next transaction and gives its result once that is durable. A job may run again where another one of
   * its group has failed. It must throw a ToolError before it changes anything, and only that one write fails then.
   * `erases` says that it removes text; `adds` that it keeps what is known of users (`Database.users`) up to date.
   * @throws ToolError `storage_…`, and what `job` throws
   */
  write<T>(job: (database: Database) => T, options?: GroupWriteOptions<T>): Promise<T>;
  /** Resolves when nothing is waiting any more. */
  idle(): Promise<void>;
}

interface GroupWriteOptions<T> {
  erases?: boolean | ((value: T) => boolean);
  adds?: boolean;
}

interface Write {
  job: (database: Database) => unknown;
  erases: boolean | ((value: unknown) => boolean);
  adds: boolean;
  /** When it no longer waits for the lock (performance.now()). */
  deadline: number;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
}

/** Writes of one transaction; while it runs nothing else does. */
const MAX_GROUP = 256;

export function createGroupCommit(connection: Connection, lockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS): GroupCommit {
  const waiting: Write[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      // What other callers ask for in this turn of the event loop joins the group.
      await new Promise((resolve) => setImmediate(resolve));
      await commit(waiting);
    }
    running = undefined;
  }

  /** Writes a group from the front of `pending` as soon as no other process writes. */
  async function commit(pending: Write[]): Promise<void> {
    while (pending.length > 0) {
      try {
        const opened = connection.open();
        const database = opened instanceof Promise ? await opened : opened;
        database.beginWrite();
        // From here to its end nothing else may run: reads use the same connection.
        const failed = transact(database, pending.splice(0, MAX_GROUP));
        for (const write of failed) await commit([write]);
        return;
      } catch (error) {
        const failure = connection.fail(error);
        const now = performance.now();
        const inTime = isLocked(error) ? pending.findIndex((write) => write.deadline > now) : -1;
        for (const write of pending.splice(0, inTime < 0 ? pending.length : inTime)) write.reject(failure);
      }
      if (pending.length > 0) await pause();
    }
  }

  /** Runs the group and ends its transaction. Gives the writes to be done each for itself where the group has failed. */
  function transact(database: Database, group: Write[]): Write[] {
    const settle: (() => void)[] = [];
    try {
      for (const write of group) settle.push(attempt(database, write));
      database.run("commit");
    } catch (error) {
      const failure = rollBack(database, error);
      // One of them fails, and which is not known.
      if (group.length > 1) return group;
      group[0]?.reject(failure);
      return [];
    }
    try {
      connection.checkCommitted(database);
    } catch (error) {
      for (const write of group) write.reject(error);
      return [];
    }
    if (group.some((write) => write.erases === true)) connection.eraseLog();
    for (const done of settle) done();
    return [];
  }

  function rollBack(database: Database, error: unknown): unknown {
    try {
      database.users.clear();
      if (database.inTransaction()) database.run("rollback");
    } catch {
      // The connection is broken, and what was not committed with it.
    }
    return connection.fail(error);
  }

  return {
    write<T>(job: (database: Database) => T, { erases = false, adds = false }: GroupWriteOptions<T> = {}) {
      return new Promise<T>((resolve, reject) => {
        waiting.push({
          job,
          erases: erases as Write["erases"],
          adds,
          deadline: performance.now() + lockTimeoutMs,
          resolve,
          reject,
        });
        running ??= run();
      });
    },
    async idle() {
      await running;
    },
  };
}

/** Runs a write within the transaction; gives what tells its caller once that is durable. */
function attempt(database: Database, write: Write): () => void {
  try {
    if (!write.adds) database.users.clear();
    const value = write.job(database);
    if (typeof write.erases === "function") write.erases = write.erases(value);
    if (!write.adds) database.users.clear();
    return () => write.resolve(value as never);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return () => write.reject(error);
  }
}
