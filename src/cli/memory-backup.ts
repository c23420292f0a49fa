import { existsSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { ToolError } from "../errors.ts";
import { memoryBackups } from "../services.ts";
import { type MemoryCall, memoriesOf, numberOf } from "./memory-call.ts";

/** The commands that look after the whole database. */

/** What backups in a folder are named: by the time they were made. */
const NAME = /^memory-(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)Z\.db$/;
const DAY_MS = 24 * 60 * 60 * 1000;

export async function verify({ open, words: [file], config }: MemoryCall): Promise<number> {
  if (file !== undefined) {
    const { users, memories, problems } = await (await memoryBackups()).checkBackup(file, folderOf(config));
    if (problems.length > 0) return damaged("The backup", problems, "Take another backup.");
    process.stdout.write(`The backup is sound. It holds ${memoriesOf(memories)}, of ${usersOf(users)}.\n`);
    return 0;
  }
  const problems = await (await open()).verify();
  if (problems.length === 0) {
    process.stdout.write("The memory database is sound.\n");
    return 0;
  }
  const hint =
    config.memory.database === "sqlite"
      ? "`patchbay-mcp memory restore FILE --yes` puts a backup in its place. What can still be read, `patchbay-mcp memory export` writes."
      : "Restore a backup of the server.";
  return damaged("The memory database", problems, hint);
}

/** Into a new file, or into a folder under a name of its own. */
export async function backup({ open, words: [target = ""], options }: MemoryCall): Promise<number> {
  const keepDays = numberOf(options["keep-days"]);
  const isFolder = (await stat(target).catch(() => undefined))?.isDirectory() ?? false;
  if (!isFolder && /[/\\]$/.test(target)) {
    throw new ToolError("invalid_input", `There is no folder ${target}.`, {
      hint: "Make the folder first, or name a new file without a slash at its end.",
    });
  }
  if (keepDays !== undefined && !isFolder) {
    throw new ToolError("invalid_input", `--keep-days needs a folder, which ${target} is not.`, {
      hint: "Make the folder first; each backup in it is named by its time.",
    });
  }
  const now = new Date();
  const name = `memory-${now.toISOString().slice(0, 19).replaceAll(":", "-")}Z.db`;
  const file = isFolder ? join(target, name) : target;
  await (await open()).backup(resolve(file));
  process.stdout.write(`Copied the database of all users to ${file}.\n`);
  if (keepDays !== undefined) await removeOld(target, now.getTime() - keepDays * DAY_MS);
  return 0;
}

/** Only counts and checks, unless `--yes` is given. */
export async function restore({ open, words: [file = ""], options, config }: MemoryCall): Promise<number> {
  if (config.memory.database !== "sqlite") {
    throw new ToolError("invalid_input", "A backup file cannot be restored into PostgreSQL.", {
      hint: "Restore it with `memory.database: sqlite`, then copy it with `patchbay-mcp memory migrate`.",
    });
  }
  const { checkBackup, restoreBackup } = await memoryBackups();
  if (!options.yes || options["dry-run"]) {
    const { users, memories, problems } = await checkBackup(file, folderOf(config));
    if (problems.length > 0) return damaged("The backup", problems, "Nothing would be restored from it.");
    const there = existsSync(join(config.dataDir, "memory.db")) ? await countAll(open) : "nothing";
    process.stdout.write(
      `${memoriesOf(memories)}, of ${usersOf(users)}, would be restored, in the place of ${there}. Nothing was changed; --yes does it.\n`,
    );
    return 0;
  }
  const { users, memories, ...kept } = await restoreBackup({ file: join(config.dataDir, "memory.db") }, file);
  process.stdout.write(
    `Restored ${memoriesOf(memories)}, of ${usersOf(users)}, in the place of all that were there.\n`,
  );
  if (kept.replaced !== undefined) {
    process.stdout.write(`What was there before is kept as ${kept.replaced}, until you remove it.\n`);
  }
  if (kept.damaged !== undefined) {
    process.stdout.write(`The database before was damaged; it is kept as ${kept.damaged}. Start the servers again.\n`);
  }
  return 0;
}

/** What the whole database holds, in words. */
async function countAll(open: MemoryCall["open"]): Promise<string> {
  try {
    const store = await open();
    const users = await store.users();
    let memories = 0;
    for (const id of users) memories += (await store.stats({ id })).memories;
    return `${memoriesOf(memories)}, of ${usersOf(users.length)}`;
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return "a database that cannot be read";
  }
}

/** Where there is room for a copy of the database. */
function folderOf({ dataDir }: MemoryCall["config"]): string {
  return existsSync(dataDir) ? dataDir : tmpdir();
}

function usersOf(count: number): string {
  return count === 1 ? "1 user" : `${count} users`;
}

function damaged(what: string, problems: readonly string[], hint: string): number {
  const lines = problems.map((problem) => `  ${problem}\n`).join("");
  process.stderr.write(`${what} is damaged:\n${lines}${hint}\n`);
  return 1;
}

/** Removes the backups that were made before that time, in milliseconds since 1970. */
async function removeOld(folder: string, before: number): Promise<void> {
  for (const name of (await readdir(folder)).sort()) {
    const time = Date.parse(name.replace(NAME, "$1:$2:$3Z"));
    if (!NAME.test(name) || !(time < before)) continue;
    await rm(join(folder, basename(name)));
    process.stdout.write(`Removed ${name}.\n`);
  }
}
