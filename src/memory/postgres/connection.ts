import { setTimeout as sleep } from "node:timers/promises";
import type { PoolClient } from "pg";
import { ToolError } from "../../errors.ts";
import { isConflict, isConnectionLost, isStarting, storageError } from "./storage-error.ts";

/** Statements within one transaction. `bigint` comes as a number. */
export interface Session {
  rows<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  row<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row | undefined>;
  /** Gives how many rows it has changed. */
  run(sql: string, parameters?: readonly unknown[]): Promise<number>;
  /** Several statements, separated by semicolons, without parameters. */
  script(sql: string): Promise<void>;
}

export interface TransactionOptions {
  /** Milliseconds that one statement may take. Default 30 s. */
  timeoutMs?: number;
}

/** The connections of a store. They are made when needed, and made again where one was lost. */
export interface Connection {
  /** Runs `work` on one state of the database, without waiting for writers. @throws ToolError `storage_…`, and what `work` throws */
  read<T>(work: (session: Session) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * Runs `work` in a transaction and gives its result once that is durable. `work` may run several times: where the
   * transaction had to make way for another one, or its connection was lost, and nothing was written.
   * @throws ToolError `storage_…`, and what `work` throws; nothing is written then
   */
  write<T>(work: (session: Session) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/** Connections of a process. Each is a process of the server, which by default has 100 for everyone. */
const MAX_CONNECTIONS = 10;
const CONNECT_MS = 10_000;
const IDLE_MS = 30_000;
const STATEMENT_MS = 30_000;
const LOCK_MS = 10_000;
/** Beyond the server's own time limit: for a server that has gone without a word. */
const SILENCE_MS = 5_000;
const ATTEMPTS = 6;
/** Milliseconds until a lost connection is given up, from the first attempt to make it again. */
const RECONNECT_MS = 5_000;

/** Reads count on one snapshot; writes lock the rows of their user and see what others have committed until then. */
const READ = "begin isolation level repeatable read read only";
const WRITE = "begin isolation level read committed";

/** @throws ToolError `invalid_config` when the URL is none */
export async function createConnection(url: string): Promise<Connection> {
  const { Client, Pool, types } = await import("pg");
  const INT8 = 20;
  const numbers = {
    getTypeParser: (oid: number, format?: "text" | "binary") =>
      oid === INT8 ? Number : types.getTypeParser(oid, format as "text"),
  };
  const config = {
    connectionString: url,
    application_name: "patchbay-mcp",
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    // Statements that do not wait for each other's results go out together.
    pipeline: true,
    allowExitOnIdle: true,
    types: numbers as never,
  };
  try {
    // Reads the URL, and connects to nothing.
    new Client(config);
  } catch (error) {
    // The error may quote the URL, and with it the password.
    throw new ToolError("invalid_config", "memory.database is no URL of a PostgreSQL database.", {
      hint: "Write postgres://USER:PASSWORD@HOST/DATABASE, with %-escapes for special characters of the password.",
      cause: new Error((error as { code?: string }).code ?? "not parsed"),
    });
  }
  const pool = new Pool(config);
  // A connection that dies is replaced; whoever uses it learns that from the statement. Without listeners the process ends.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));

  /** Runs the work in one transaction on a connection of its own. */
  async function transact<T>(begin: string, work: (session: Session) => Promise<T>, timeoutMs: number): Promise<T> {
    const client = await pool.connect();
    let broken = false;
    let committing: { xid: string; result: T } | undefined;
    let ending: Promise<unknown> | undefined;
    // Sent together with the first statement of the work.
    const started = start(client, begin, timeoutMs);
    started.catch(() => {});
    try {
      const result = await work(sessionOn(client, timeoutMs));
      const xid = await started;
      const committed = query(client, "commit", [], timeoutMs);
      if (xid === undefined) {
        // There is nothing to wait for.
        ending = committed;
        return result;
      }
      committing = { xid, result };
      await committed;
      return result;
    } catch (error) {
      // Where the beginning has failed, that is why the rest did.
      const first = await started.then(
        () => error,
        (reason: unknown) => reason,
      );
      broken = isConnectionLost(first) || !(await rollBack(client));
      if (!committing || !broken) throw first;
      // It may have been committed just before.
      if (await wasCommitted(committing.xid)) return committing.result;
      throw first;
    } finally {
      if (ending)
        ending.then(
          () => client.release(),
          () => client.release(true),
        );
      else client.release(broken);
    }
  }

  /** Whether a transaction whose end was not seen has been committed. @throws when the server does not tell */
  async function wasCommitted(xid: string): Promise<boolean> {
    for (const until = performance.now() + RECONNECT_MS; ; ) {
      try {
        const { rows } = await pool.query<{ status: string | null }>("select pg_xact_status($1::xid8) as status", [
          xid,
        ]);
        if (rows[0]?.status !== "in progress") return rows[0]?.status === "committed";
      } catch (error) {
        if (performance.now() > until) {
          throw new ToolError("storage_error", "The connection to PostgreSQL was lost while it was writing.", {
            hint: "Look whether the change was made before making it again.",
            cause: error,
          });
        }
      }
      await pause();
    }
  }

  let closing: Promise<void> | undefined;

  async function again<T>(attempt: () => Promise<T>): Promise<T> {
    let lostAt: number | undefined;
    for (let attempts = 1; ; attempts++) {
      try {
        return await attempt();
      } catch (error) {
        const lost = isConnectionLost(error) || isStarting(error);
        if (lost) lostAt ??= performance.now();
        const inTime = lost ? performance.now() - (lostAt ?? 0) < RECONNECT_MS : attempts < ATTEMPTS;
        if (!inTime || !(lost || isConflict(error))) throw storageError(error);
      }
      await pause();
    }
  }

  return {
    read: (work, { timeoutMs = STATEMENT_MS } = {}) => again(() => transact(READ, work, timeoutMs)),
    write: (work, { timeoutMs = STATEMENT_MS } = {}) => again(() => transact(WRITE, work, timeoutMs)),
    close: () => {
      // The pool throws when it is ended twice.
      closing ??= pool.end();
      return closing;
    },
  };
}

/**
 * Begins the transaction, with limits that hold for it alone, so that poolers between server and client change nothing. Gives
 * the id of a transaction that writes.
 */
async function start(client: PoolClient, begin: string, timeoutMs: number): Promise<string | undefined> {
  const limits = `set local statement_timeout = ${timeoutMs}; set local lock_timeout = ${Math.min(LOCK_MS, timeoutMs)};
    set local idle_in_transaction_session_timeout = ${2 * timeoutMs}; set local jit = off`;
  const id = begin === WRITE ? "; select pg_current_xact_id()::text as xid" : "";
  const results = (await client.query(`${begin}; ${limits}${id}`)) as unknown as { rows: { xid?: string }[] }[];
  return results.at(-1)?.rows[0]?.xid;
}

function sessionOn(client: PoolClient, timeoutMs: number): Session {
  return {
    rows: async <Row>(sql: string, parameters: readonly unknown[] = []) =>
      (await query(client, sql, parameters, timeoutMs)).rows as Row[],
    row: async <Row>(sql: string, parameters: readonly unknown[] = []) =>
      (await query(client, sql, parameters, timeoutMs)).rows[0] as Row | undefined,
    run: async (sql, parameters = []) => (await query(client, sql, parameters, timeoutMs)).rowCount ?? 0,
    script: async (sql) => {
      await client.query({ text: sql, query_timeout: timeoutMs + SILENCE_MS } as never);
    },
  };
}

function query(client: PoolClient, text: string, values: readonly unknown[], timeoutMs: number) {
  return client.query({
    text,
    values: [...values],
    query_timeout: timeoutMs + SILENCE_MS,
  } as never) as unknown as Promise<{
    rows: unknown[];
    rowCount: number | null;
  }>;
}

/** False where the connection is beyond use. */
async function rollBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query({ text: "rollback", query_timeout: SILENCE_MS } as never);
    return true;
  } catch {
    return false;
  }
}

/** Of random length, so that those who wait do not keep meeting. */
async function pause(): Promise<void> {
  await sleep(20 + Math.random() * 80);
}
