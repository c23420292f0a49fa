import { setTimeout as sleep } from "node:timers/promises";
import type { UsageLedger } from "../llm/account.ts";
import { dayOf, isLocked, type Note, openUsageDatabase, type UsageDatabase, usageError } from "./usage-database.ts";

export interface UsageLedgerOptions {
  file: string;
  /** Milliseconds after which a hold counts no longer: those of a process that ended in the middle of a call. */
  holdMs: number;
  /** Is told once that usage cannot be noted, and once that some of it is lost. */
  warn?: ((message: string) => void) | undefined;
  /** Milliseconds after which notes are written. Default 1000, and ten times that where they could not be. */
  writeAfterMs?: number | undefined;
  /** Notes that wait for a database that cannot be written; older ones are lost. Default 10 000. */
  mostNotes?: number | undefined;
  /** Milliseconds that a hold waits while others write. Default 5000. */
  lockMs?: number | undefined;
}

/** The longest pause between two attempts to write, in milliseconds. */
const MOST_PAUSE_MS = 50;

/**
 * A ledger in an SQLite file, which is opened with the first hold, or when the first notes are written: neither a start nor a
 * call without a budget waits for it.
 */
export function createUsageLedger({
  file,
  holdMs,
  warn,
  writeAfterMs = 1_000,
  mostNotes = 10_000,
  lockMs = 5_000,
}: UsageLedgerOptions): UsageLedger & { close(): Promise<void> } {
  let opening: Promise<UsageDatabase> | undefined;
  let notes: Note[] = [];
  let timer: NodeJS.Timeout | undefined;
  const warned = new Set<string>();

  function warnOnce(about: string, message: string): void {
    if (!warned.has(about)) warn?.(message);
    warned.add(about);
  }

  function open(): Promise<UsageDatabase> {
    if (!opening) {
      const opened = unlessLocked(lockMs, () => openUsageDatabase(file));
      opening = opened;
      opened.catch(() => {
        if (opening === opened) opening = undefined;
      });
    }
    return opening;
  }

  function keep(added: Note): void {
    notes.push(added);
    if (notes.length > mostNotes) {
      notes.shift();
      warnOnce("lost", "Some of what models used is lost: the database of usage could not be written for too long.");
    }
  }

  function writeLater(ms: number): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      void flush();
    }, ms).unref();
  }

  function write(database: UsageDatabase): void {
    if (notes.length === 0) return;
    database.write(notes);
    notes = [];
  }

  async function flush(): Promise<void> {
    try {
      const database = await open();
      await unlessLocked(lockMs, () => write(database));
    } catch (error) {
      warnOnce("unwritten", `What models use is not noted: ${usageError(error).message}`);
      writeLater(10 * writeAfterMs);
    }
  }

  return {
    async hold(entry, check) {
      try {
        const database = await open();
        const { day, holdId } = await unlessLocked(lockMs, () => {
          // What was used has to be counted before more is allowed.
          write(database);
          const now = Date.now();
          return { day: dayOf(now), holdId: database.hold(dayOf(now), entry, now + holdMs, check) };
        });
        return (used) => {
          keep({ day, used, holdId });
          try {
            write(database);
          } catch {
            // The hold stays until then.
            writeLater(writeAfterMs);
          }
        };
      } catch (error) {
        throw usageError(error);
      }
    },
    record(used) {
      keep({ day: dayOf(Date.now()), used, holdId: undefined });
      writeLater(writeAfterMs);
    },
    async close() {
      if (notes.length > 0) await flush();
      clearTimeout(timer);
      timer = undefined;
      const opened = await opening?.catch(() => undefined);
      opening = undefined;
      opened?.close();
    },
  };
}

/** Tries again, and lets others work in between, for as long as another process is writing. */
async function unlessLocked<Result>(ms: number, attempt: () => Result | Promise<Result>): Promise<Result> {
  const endsAt = performance.now() + ms;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isLocked(error) || performance.now() > endsAt) throw error;
      await sleep(Math.random() * MOST_PAUSE_MS);
    }
  }
}
