import { ToolError } from "../../errors.ts";

/**
 * What the model and the human read when SQLite, or the file system under it, refuses. Never with a path of the host; the
 * cause keeps it for the log. Anything that is no such refusal is given back as it is.
 */
export function storageError(error: unknown): unknown {
  const code = codeOf(error);
  const refusal =
    code === undefined || error instanceof ToolError ? undefined : REFUSALS.find(([test]) => test.test(code));
  if (!refusal) return error;
  const [, kind, message, hint, retryAfterMs] = refusal;
  return new ToolError(kind, message, { hint, retryable: retryAfterMs !== undefined, retryAfterMs, cause: error });
}

/** Whether another connection has what is needed just now, so that trying again soon makes sense. */
export function isLocked(error: unknown): boolean {
  return LOCKED.test(codeOf(error) ?? "");
}

/**
 * Whether the connection may be beyond use, so that a new one has to be opened. One on a full disk is not: it can still read,
 * and a new one would need room.
 */
export function breaksConnection(error: unknown): boolean {
  return /^SQLITE_(?:CORRUPT|NOTADB|IOERR|CANTOPEN|READONLY|NOMEM|PROTOCOL)/.test(codeOf(error) ?? "");
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

const LOCKED = /^SQLITE_(?:BUSY|LOCKED|PROTOCOL)/;

type Refusal = [
  test: RegExp,
  kind: "storage_locked" | "storage_read_only" | "storage_full" | "storage_corrupt" | "storage_error",
  message: string,
  hint: string,
  retryAfterMs?: number,
];

const REFUSALS: Refusal[] = [
  [
    LOCKED,
    "storage_locked",
    "The memory database is locked by another program.",
    "Nothing was changed. Try again in a moment; if it stays so, end the program that holds the database.",
    1000,
  ],
  [
    /^(?:SQLITE_(?:READONLY|PERM|AUTH)|EACCES|EPERM|EROFS)/,
    "storage_read_only",
    "The memory database cannot be written.",
    "Nothing was changed. The server needs write permission for its data folder (dataDir) and the files in it.",
  ],
  [
    /^(?:SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT)/,
    "storage_full",
    "There is no space left for the memory database.",
    "Nothing was changed and nothing is lost. Free space on the disk of the data folder (dataDir), then try again.",
    5000,
  ],
  [
    /^SQLITE_(?:CORRUPT|NOTADB)/,
    "storage_corrupt",
    "The memory database is damaged.",
    "Run `patchbay-mcp memory verify`. `patchbay-mcp memory restore FILE --yes` puts a backup in its place.",
  ],
  [
    /^SQLITE_CANTOPEN|^(?:ENOENT|ENOTDIR|EISDIR|EEXIST|ELOOP|ENAMETOOLONG)/,
    "storage_error",
    "The memory database cannot be opened.",
    "The data folder (dataDir) must be a folder that the server can read and write.",
  ],
  [
    /^(?:SQLITE_(?:IOERR|NOMEM|TOOBIG|INTERRUPT)|EIO|EMFILE|ENFILE)/,
    "storage_error",
    "The memory database could not be read or written.",
    "Try again; if it stays so, check the disk of the data folder (dataDir).",
    1000,
  ],
  [
    /^ERR_DLOPEN_FAILED|^(?:ERR_)?MODULE_NOT_FOUND/,
    "storage_error",
    "The native SQLite module could not be loaded.",
    "Install the package again for this Node version and platform: npm install, or npm rebuild better-sqlite3.",
  ],
];
