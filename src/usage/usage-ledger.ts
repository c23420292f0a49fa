import type { UsageLedger } from "../llm/account.ts";
import { dayOf, type Note, openUsageDatabase, type UsageDatabase, usageError } from "./usage-database.ts";

export interface UsageLedgerOptions {
  file: string;
  /** Milliseconds after which a hold counts no longer: those of a process that ended in the middle of a call. */
  holdMs: number;
  /** Is told once that usage cannot be noted. */
  warn?: ((message: string) => void) | undefined;
}

const WRITE_AFTER_MS = 1_000;
/** Notes that wait for a database that cannot be written; more are lost. */
const MOST_NOTES = 10_000;

/**
 * A ledger in an SQLite file, which is opened with the first hold, or when the first notes are written: neither a start nor a
 * call without a budget waits for it.
 */
export function createUsageLedger({
  file,
  holdMs,
  warn,
}: UsageLedgerOptions): UsageLedger & { close(): Promise<void> } {
  let opening: Promise<UsageDatabase> | undefined;
  let notes: Note[] = [];
  let timer: NodeJS.Timeout | undefined;
  let hasWarned = false;

  function open(): Promise<UsageDatabase> {
    if (!opening) {
      const opened = openUsageDatabase(file);
      opening = opened;
      opened.catch(() => {
        if (opening === opened) opening = undefined;
      });
    }
    return opening;
  }

  function note(one: Note): void {
    if (notes.length < MOST_NOTES) notes.push(one);
    timer ??= setTimeout(() => void flush(), WRITE_AFTER_MS).unref();
  }

  function write(database: UsageDatabase): void {
    const written = notes;
    notes = [];
    try {
      if (written.length > 0) database.write(written);
    } catch (error) {
      notes = [...written, ...notes];
      throw error;
    }
  }

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    try {
      write(await open());
    } catch (error) {
      if (!hasWarned) warn?.(`What models use is not noted: ${usageError(error).message}`);
      hasWarned = true;
    }
  }

  return {
    async hold(entry, check) {
      const database = await open();
      const now = Date.now();
      const day = dayOf(now);
      let holdId: number;
      try {
        // What was used has to be counted before more is allowed.
        write(database);
        holdId = database.hold(day, entry, now + holdMs, check);
      } catch (error) {
        throw usageError(error);
      }
      return (used) => {
        note({ day, used, holdId });
        try {
          write(database);
        } catch {
          // The note waits for the timer, and its hold stays until then.
        }
      };
    },
    record: (used) => note({ day: dayOf(Date.now()), used, holdId: undefined }),
    async close() {
      if (notes.length > 0) await flush();
      clearTimeout(timer);
      const opened = await opening?.catch(() => undefined);
      opening = undefined;
      opened?.close();
    },
  };
}
