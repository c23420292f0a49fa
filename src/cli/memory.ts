import { existsSync } from "node:fs";
import { join } from "node:path";
import { ToolError } from "../errors.ts";
import { createServices } from "../services.ts";
import type { CommandContext } from "./command-context.ts";
import { backup, restore, verify } from "./memory-backup.ts";
import { FILTER, type MemoryCall, printable } from "./memory-call.ts";
import type { MemoryOption } from "./memory-options.ts";
import { forget, list, search, stats, users } from "./memory-show.ts";
import { exportTo, importFrom } from "./memory-transfer.ts";

interface MemoryCommand {
  run(call: MemoryCall): Promise<number>;
  /** The least and the greatest number of words after the command's name. */
  words: readonly [number, number];
  options?: readonly MemoryOption[];
  /** Whether it may be the first to make the database. */
  begins?: boolean;
}

const COMMANDS: Record<string, MemoryCommand> = {
  stats: { run: stats, words: [0, 0] },
  list: { run: list, words: [0, 0], options: [...FILTER, "limit"] },
  search: { run: search, words: [1, Number.POSITIVE_INFINITY], options: [...FILTER, "limit"] },
  forget: { run: forget, words: [0, 1], options: [...FILTER, "all", "yes"] },
  export: { run: exportTo, words: [0, 1], options: ["format"] },
  import: { run: importFrom, words: [1, 1], options: ["format", "partial", "dry-run", "verbose"], begins: true },
  users: { run: users, words: [0, 0] },
  verify: { run: verify, words: [0, 1] },
  backup: { run: backup, words: [1, 1], options: ["keep-days"] },
  restore: { run: restore, words: [1, 1], options: ["dry-run", "yes"], begins: true },
};

const USAGE = `Of one user (--user NAME; the configured one where none is named):
  patchbay-mcp memory stats             how many memories there are, by tag, source and kind
  patchbay-mcp memory list              the newest memories
  patchbay-mcp memory search WORDS      what a search finds, best first, with scores and reasons
  patchbay-mcp memory export [FILE]     the memories, to FILE or the output
  patchbay-mcp memory import FILE       adds the memories of a file; - reads the input
  patchbay-mcp memory forget [ID]       what would be deleted; with --yes deletes it for good

Of all users:
  patchbay-mcp memory users             the users and how many memories each has
  patchbay-mcp memory backup FILE       copies the whole database, while servers go on; into FILE, or a folder
  patchbay-mcp memory restore FILE      checks a backup; with --yes puts it in the place of all memories, while servers go on
  patchbay-mcp memory verify [FILE]     checks the whole database, or a backup; exit code 1 with what is wrong
  patchbay-mcp memory migrate --to URL  copies everything to another database

  --format FORMAT        export, import: ndjson (default), markdown, json, open-webui, mem0, server-memory;
                         import recognises the format by itself
  --dry-run              import, restore: only says what would happen
  --yes                  forget, restore: does what is only counted without it
  --partial              import: what is right, where something is wrong; otherwise nothing is imported then
  --verbose              import: what became of each memory
  --tag, --source, --speaker, --kind, --after TIME, --before TIME
                         list, search, forget: only memories that satisfy all of these
  --all                  forget: everything of the user
  --limit N              list, search: at most N, default 10
  --keep-days N          backup into a folder: removes the backups there that are older than N days
`;

/** Looks after the memories: those of the configured user (`--user`), or the whole database. */
export async function memoryCommand({ loaded, env, words, options = {} }: CommandContext): Promise<number> {
  const [name = "", ...rest] = words;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const foreign = Object.keys(options).find((option) => !command?.options?.includes(option as MemoryOption));
  if (!command || rest.length < command.words[0] || rest.length > command.words[1] || foreign !== undefined) {
    if (command && foreign !== undefined) process.stderr.write(`patchbay-mcp: ${name} takes no --${foreign}.\n\n`);
    process.stderr.write(USAGE);
    return 2;
  }
  const { config } = loaded;
  const missing = config.memory.database === "sqlite" && !existsSync(join(config.dataDir, "memory.db"));
  if (missing && !command.begins && !(name === "verify" && rest.length > 0)) {
    throw new ToolError("not_found", `There is no memory database in ${config.dataDir} yet.`, {
      hint: "It is made when the first memory is stored. --data-dir names another folder.",
    });
  }
  const services = createServices(config, env);
  const open = async () => (await services.get(["memory"])).memory;
  try {
    return await command.run({ open, user: { id: config.user }, words: rest, options, config });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return fail(error);
  } finally {
    await services.dispose();
  }
}

/** Says what is wrong with a file or the database; the words of the command were right. */
function fail(error: ToolError): number {
  const issues = (error.issues ?? []).map(({ path, message }) => `${path}: ${message}`);
  const lines = [...issues, `patchbay-mcp: ${error.message}`, error.hint ?? ""].map(printable);
  process.stderr.write(`${lines.join("\n").trimEnd()}\n`);
  return 1;
}
