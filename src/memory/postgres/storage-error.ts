import { ToolError } from "../../errors.ts";

/**
 * What the model and the human read when PostgreSQL, or the way to it, refuses. Never with the URL, a host or a password; the
 * cause keeps the driver's words for the log. Anything that is no such refusal is given back as it is.
 * Codes: PostgreSQL manual, appendix A, and Node's system errors.
 */
export function storageError(error: unknown): unknown {
  if (error instanceof ToolError) return error;
  const code = codeOf(error);
  const refusal = code === undefined ? undefined : REFUSALS.find(([test]) => test.test(code));
  if (!refusal) return error;
  const [, kind, message, hint, retryAfterMs] = refusal;
  return new ToolError(kind, message, { hint, retryable: retryAfterMs !== undefined, retryAfterMs, cause: error });
}

/** Whether the transaction was undone for the sake of another one, so that it can be tried again at once. */
export function isConflict(error: unknown): boolean {
  return /^(?:40001|40P01)$/.test(codeOf(error) ?? "");
}

/** Whether the connection has gone, and with it the transaction, unless it was being committed. */
export function isConnectionLost(error: unknown): boolean {
  return LOST.test(codeOf(error) ?? "");
}

/** Whether the server is there but takes no connection just now, as while it starts. */
export function isStarting(error: unknown): boolean {
  return codeOf(error) === "57P03";
}

/** SQLSTATE, Node's code, or for errors of the driver, which have neither, a word for what its message says. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string") return code;
  // Node reports several addresses tried in vain as one error.
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return DRIVER_MESSAGES.find(([test]) => test.test(error.message))?.[1];
}

const DRIVER_MESSAGES: [RegExp, string][] = [
  [/^Connection terminated due to connection timeout|^timeout e(?:xceeded|xpired)/i, "timeout"],
  [/^Query read timeout/, "timeout"],
  [/^Connection terminated|^Client has encountered a connection error|^Client was closed/, "lost"],
  [/does not support SSL|SSL connection/i, "ssl"],
  [/^SASL|password must be a string/i, "28P01"],
];

const LOST = /^(?:08\w{3}|57P0[12]|25P03|lost|ECONNRESET|EPIPE|ETIMEDOUT)$/;

type Refusal = [
  test: RegExp,
  kind: "storage_locked" | "storage_read_only" | "storage_full" | "storage_corrupt" | "storage_error",
  message: string,
  hint: string,
  retryAfterMs?: number,
];

const REFUSALS: Refusal[] = [
  [
    /^28/,
    "storage_error",
    "PostgreSQL refused the user or the password.",
    "Correct them in memory.database, or allow the user in the server's pg_hba.conf.",
  ],
  [
    /^(?:3D000)$/,
    "storage_error",
    "The PostgreSQL server has no such database.",
    "Create it, or correct the name in memory.database.",
  ],
  [
    /^(?:53300|57P03)$/,
    "storage_locked",
    "PostgreSQL takes no further connections just now.",
    "Nothing was changed. Try again in a moment; if it stays so, raise max_connections of the server.",
    1000,
  ],
  [
    /^(?:40001|40P01|55P03)$/,
    "storage_locked",
    "The memories are locked by another server.",
    "Nothing was changed. Try again in a moment.",
    1000,
  ],
  [
    /^(?:57014|timeout)$/,
    "storage_error",
    "The memory database (PostgreSQL) did not answer in time.",
    "Try again in a moment; if it stays so, the server is overloaded or cannot be reached.",
    2000,
  ],
  [
    LOST,
    "storage_error",
    "The connection to the memory database (PostgreSQL) was lost.",
    "Try again in a moment: a new connection is made by itself.",
    1000,
  ],
  [
    /^(?:ECONNREFUSED|ENOENT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EACCES|EPERM)$/,
    "storage_error",
    "The memory database (PostgreSQL) cannot be reached.",
    "Start the server, or correct the host and the port in memory.database. The connection is made again by itself.",
    2000,
  ],
  [
    /^(?:ssl|ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+)$/,
    "storage_error",
    "No encrypted connection to the memory database (PostgreSQL) could be made.",
    "Correct sslmode, and sslrootcert, in the URL of memory.database.",
  ],
  [
    /^25006$/,
    "storage_read_only",
    "The memory database (PostgreSQL) is read-only.",
    "Nothing was changed. memory.database must name the primary server, and a database that can be written.",
  ],
  [
    /^42501$/,
    "storage_read_only",
    "The user of memory.database may not do this in the PostgreSQL database.",
    "Nothing was changed. It has to own the schema `patchbay`, or be allowed to create it: grant create on database … to ….",
  ],
  [
    /^(?:53100|54000|ENOSPC)$/,
    "storage_full",
    "There is no space left for the memory database (PostgreSQL).",
    "Nothing was changed and nothing is lost. Free space on the server's disk, then try again.",
    5000,
  ],
  [
    /^(?:42P01|3F000|42703)$/,
    "storage_error",
    "The tables of the memory database (PostgreSQL) are missing, or not the ones of this version.",
    "Restart the server, which makes them or brings them to its version.",
  ],
  [
    /^(?:XX00[12])$/,
    "storage_corrupt",
    "The memory database (PostgreSQL) is damaged.",
    "Run `patchbay-mcp memory verify`. To repair it, restore the database from a backup of the server.",
  ],
  [
    /^(?:53\w{3}|58\w{3})$/,
    "storage_error",
    "The memory database (PostgreSQL) could not be read or written.",
    "Try again; if it stays so, look into the log of the PostgreSQL server.",
    2000,
  ],
];
