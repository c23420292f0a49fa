import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ToolError } from "../errors.ts";
import { hashOf } from "./key-hash.ts";

/** A key of `keys.json`: everything but the key itself. */
export interface KeptKey {
  /** By which it is revoked. */
  id: string;
  /** `sha256:` and hexadecimal digits. */
  hash: string;
  /** Undefined: a service. */
  user?: string | undefined;
  name?: string | undefined;
  scopes?: string[] | undefined;
  /** ISO 8601. */
  created: string;
  /** ISO 8601. Undefined: never. */
  expires?: string | undefined;
}

/** What every key begins with that `keys add` makes, so that it is known for one wherever it turns up. */
export const KEY_PREFIX = "pb_";
/** Milliseconds that a change waits for another process to finish its own. */
const LOCK_MS = 10_000;

/** Where the keys of a data folder are kept. */
export function keyFileOf(dataDir: string): string {
  return join(dataDir, "keys.json");
}

/** The keys that a text of the file holds. @throws ToolError `invalid_config` where it is something else */
function parseKeys(text: string, file: string): KeptKey[] {
  try {
    const { version, keys } = JSON.parse(text) as { version?: unknown; keys?: unknown };
    if (version === 1 && Array.isArray(keys) && keys.every(isKeptKey)) return keys;
  } catch {
    // What it is not is said below.
  }
  throw new ToolError("invalid_config", `${file} is not a list of keys.`, {
    hint: "Restore it from a backup, or delete it and make the keys anew with: patchbay-mcp keys add",
  });
}

/** The keys of a file; undefined where there is none. @throws ToolError `invalid_config` where it cannot be read */
export function readKeysNow(file: string): KeptKey[] | undefined {
  return whereThere(file, () => parseKeys(readFileSync(file, "utf8"), file));
}

export async function readKeys(file: string): Promise<KeptKey[] | undefined> {
  const text = await readFile(file, "utf8").catch((error: unknown) => whereThere(file, () => fail(error)));
  return text === undefined ? undefined : parseKeys(text, file);
}

/** Makes a key and keeps its hash. The key itself is nowhere but in what this gives. */
export async function addKey(
  file: string,
  { user, name, scopes, expires }: Pick<KeptKey, "user" | "name" | "scopes" | "expires">,
): Promise<{ key: string; kept: KeptKey }> {
  const key = KEY_PREFIX + randomBytes(32).toString("base64url");
  const kept: KeptKey = {
    id: randomBytes(4).toString("hex"),
    hash: hashOf(key),
    ...(user !== undefined && { user }),
    ...(name !== undefined && { name }),
    ...(scopes !== undefined && { scopes }),
    created: new Date().toISOString(),
    ...(expires !== undefined && { expires }),
  };
  await changeKeys(file, (keys) => [...keys, kept]);
  return { key, kept };
}

/** Takes a key away. @throws ToolError `not_found` */
export async function revokeKey(file: string, id: string): Promise<KeptKey> {
  let revoked: KeptKey | undefined;
  await changeKeys(file, (keys) => {
    revoked = keys.find((key) => key.id === id);
    return keys.filter((key) => key !== revoked);
  });
  if (revoked === undefined)
    throw new ToolError("not_found", `There is no key "${id}".`, { hint: "patchbay-mcp keys list shows them." });
  return revoked;
}

/**
 * Writes the file anew, whole or not at all, while no other process does. The lock is SQLite's, which ends with the process that
 * holds it, however that ends; waiting for it stops this process, so that nothing is awaited while it is held.
 */
async function changeKeys(file: string, change: (keys: KeptKey[]) => KeptKey[]): Promise<void> {
  const { default: Database } = await import("better-sqlite3");
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const lock = new Database(`${file}.lock`, { timeout: LOCK_MS });
  try {
    lock.exec("BEGIN EXCLUSIVE");
    const before = readKeysNow(file) ?? [];
    const after = change(before);
    if (after.length !== before.length) replace(file, `${JSON.stringify({ version: 1, keys: after }, null, 2)}\n`);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "SQLITE_BUSY") throw error;
    throw new ToolError("storage_locked", `Another process is changing ${file}.`, { hint: "Try again." });
  } finally {
    lock.close();
  }
}

/** A reader sees the old text or the new one, and after a power failure there is one of the two. */
function replace(file: string, text: string): void {
  const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const opened = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(opened, text);
      fsyncSync(opened);
    } finally {
      closeSync(opened);
    }
    renameSync(temporary, file);
    syncFolder(dirname(file));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Makes a new name in a folder last; not every file system has that, and then the name lasts soon enough. */
function syncFolder(folder: string): void {
  try {
    const opened = openSync(folder, "r");
    fsyncSync(opened);
    closeSync(opened);
  } catch {
    // The file itself is written.
  }
}

function isKeptKey(value: unknown): value is KeptKey {
  if (typeof value !== "object" || value === null) return false;
  const { id, hash, user, scopes, created, expires } = value as Record<string, unknown>;
  return (
    typeof id === "string" &&
    typeof hash === "string" &&
    /^sha256:[0-9a-f]{64}$/.test(hash) &&
    (user === undefined || (typeof user === "string" && user !== "")) &&
    (scopes === undefined || (Array.isArray(scopes) && scopes.every((scope) => typeof scope === "string"))) &&
    typeof created === "string" &&
    // A time that cannot be read must not mean "never".
    (expires === undefined || (typeof expires === "string" && !Number.isNaN(Date.parse(expires))))
  );
}

function whereThere<Value>(file: string, read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === "ENOENT") return undefined;
    if (error instanceof ToolError) throw error;
    throw new ToolError("invalid_config", `${file} cannot be read (${String(code)}).`, {
      hint: "It belongs to the user that the server runs as, who alone may read and write it.",
    });
  }
}

function fail(error: unknown): never {
  throw error;
}
