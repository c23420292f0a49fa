import { chmod, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { ToolError } from "../../errors.ts";

/** Pages of 4 KiB that are copied at once; in between the process does other work. */
const PAGES_AT_ONCE = 250;

/**
 * Writes a consistent copy of the database to a new file, readable by its owner only, in pieces, so that this process goes on.
 * Others may write meanwhile. The copy has its own connection, whose read transaction keeps one state of the database: with
 * that of the store, each write of another process would begin the copy anew.
 *
 * Pages are copied as they are. What was deleted is in none of them, for `secure_delete` has overwritten it with zeros.
 * @throws ToolError `invalid_input` when the file is there already, and what SQLite and the file system throw
 */
export async function backUp(database: string, file: string): Promise<void> {
  // It gets its name only once it is whole and on disk.
  const partial = `${file}.partial`;
  await createFile(file, partial);
  try {
    await copyPages(database, partial);
    await chmod(partial, 0o600);
    await syncFile(partial, "r+");
    await rename(partial, file);
    // Not every system can do this with a folder.
    await syncFile(dirname(file), "r").catch(() => undefined);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function copyPages(database: string, copy: string): Promise<void> {
  const { default: Sqlite } = await import("better-sqlite3");
  const db = new Sqlite(database, { readonly: true, fileMustExist: true });
  const file = await open(copy, "r+");
  let syncing: Promise<void> | undefined;
  try {
    db.exec("begin");
    db.prepare("select count(*) from sqlite_schema").get();
    await db.backup(copy, {
      progress() {
        // To disk bit by bit, in another thread: at its end SQLite waits in this one for all that is not there yet.
        syncing ??= file.datasync().finally(() => {
          syncing = undefined;
        });
        syncing.catch(() => undefined);
        return PAGES_AT_ONCE;
      },
    });
  } finally {
    db.close();
    await syncing?.catch(() => undefined);
    await file.close();
  }
  // One file with nothing beside it, which can be read where nothing can be written.
  const written = new Sqlite(copy);
  try {
    written.pragma("journal_mode = delete");
  } finally {
    written.close();
  }
}

async function createFile(file: string, partial: string): Promise<void> {
  try {
    // Nobody else takes the name meanwhile.
    await (await open(file, "wx", 0o600)).close();
  } catch (error) {
    const there = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw new ToolError(
      "invalid_input",
      `The file of the backup ${there ? "is there already" : "cannot be written"}.`,
      {
        hint: there ? "Name a new file, or remove the old one first." : "Its folder must be there and writable.",
        cause: error,
      },
    );
  }
  await rm(file);
  await rm(partial, { force: true });
  await (await open(partial, "wx", 0o600)).close();
}

async function syncFile(path: string, flags: string): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
