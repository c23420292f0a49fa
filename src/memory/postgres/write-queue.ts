import { ToolError } from "../../errors.ts";
import type { MemoryUser } from "../store.ts";
import type { Connection, Session } from "./connection.ts";
import type { Owner } from "./rows.ts";

/**
 * The writes of one user follow each other: in this process by a queue, among processes by a lock on the user's row, so that
 * limits are exact. Writes that wait share the next transaction, and with it the round trips and the wait for the disk.
 */
export interface WriteQueue {
  /**
   * Runs `job` in a transaction that has locked the user, and gives its result once that is durable. A job may run again. It must
   * throw a ToolError before it changes anything, and only that one write fails then. It keeps `owner` up to date.
   * @throws ToolError `storage_…`, and what `job` throws
   */
  write<T>(user: MemoryUser, job: Job<T>): Promise<T>;
  /** Resolves when nothing is waiting any more. */
  idle(): Promise<void>;
}

export type Job<T> = (session: Session, owner: Owner) => Promise<T>;

interface Write {
  job: Job<unknown>;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
}

/** Writes of one transaction. */
const MAX_GROUP = 64;
/** Milliseconds that one statement of a write may take: an import is long. */
const WRITE_MS = 120_000;

export function createWriteQueue(connection: Connection): WriteQueue {
  const waiting = new Map<string, Write[]>();
  const running = new Set<Promise<void>>();

  async function run(key: string, queue: Write[]): Promise<void> {
    // What other callers ask for in this turn of the event loop joins the group.
    await new Promise((resolve) => setImmediate(resolve));
    while (queue.length > 0) await commit(key, queue.splice(0, MAX_GROUP));
    waiting.delete(key);
  }

  async function commit(key: string, group: Write[]): Promise<void> {
    let settle: (() => void)[] = [];
    try {
      await connection.write(
        async (session) => {
          settle = [];
          const owner = await lockOwner(session, key);
          let succeeded = false;
          for (const write of group) {
            try {
              const value = await write.job(session, owner);
              succeeded = true;
              settle.push(() => write.resolve(value as never));
            } catch (error) {
              if (!(error instanceof ToolError)) throw error;
              settle.push(() => write.reject(error));
            }
          }
          if (!succeeded) throw new NothingWritten();
          await saveOwner(session, owner);
        },
        { timeoutMs: WRITE_MS },
      );
    } catch (error) {
      if (!(error instanceof NothingWritten)) {
        if (group.length === 1) {
          group[0]?.reject(error);
          return;
        }
        // One of them fails, and which is not known; unless it is the database that fails all of them.
        if (error instanceof ToolError) for (const write of group) write.reject(error);
        else for (const write of group) await commit(key, [write]);
        return;
      }
    }
    for (const done of settle) done();
  }

  return {
    write<T>({ id }: MemoryUser, job: Job<T>) {
      return new Promise<T>((resolve, reject) => {
        const write = { job, resolve, reject } as Write;
        const queue = waiting.get(id);
        if (queue) {
          queue.push(write);
          return;
        }
        const first = [write];
        waiting.set(id, first);
        const done = run(id, first).finally(() => running.delete(done));
        running.add(done);
      });
    },
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

/** Undoes a transaction in which every write was refused. */
class NothingWritten extends Error {}

const OWNER = "select uid, n, bytes, last from patchbay.owner where key = $1";

/** The user, made where there is none. Nobody else writes for them until the transaction ends. */
export async function lockOwner(session: Session, key: string): Promise<Owner> {
  for (;;) {
    const owner = await session.row<Owner>(`${OWNER} for update`, [key]);
    if (owner) return owner;
    await session.run("insert into patchbay.owner (key) values ($1) on conflict do nothing", [key]);
  }
}

async function saveOwner(session: Session, { uid, n, bytes, last }: Owner): Promise<void> {
  if (last === 0) await session.run("delete from patchbay.owner where uid = $1", [uid]);
  else
    await session.run("update patchbay.owner set n = $2, bytes = $3, last = $4 where uid = $1", [uid, n, bytes, last]);
}

export async function readOwner(session: Session, user: MemoryUser): Promise<Owner | undefined> {
  return session.row<Owner>(OWNER, [user.id]);
}
