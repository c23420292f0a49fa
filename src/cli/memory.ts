import { existsSync } from "node:fs";
import { join } from "node:path";
import { ToolError } from "../errors.ts";
import { createServices } from "../services.ts";
import type { CommandContext } from "./command-context.ts";
import { backup, restore, verify } from "./memory-backup.ts";
import { FILTER, type MemoryCall, printable } from "./memory-call.ts";
import type { MemoryOption, MemoryOptions } from "./memory-options.ts";
import { checkForget, forget, list, search, stats, users } from "./memory-show.ts";
import { exportTo, importFrom } from "./memory-transfer.ts";
import { MEMORY_USAGE } from "./memory-usage.ts";
import { wrongValue } from "./memory-values.ts";

interface MemoryCommand {
  /** Absent of `migrate`, which opens two databases. */
  run?(call: MemoryCall): Promise<number>;
  /** The least and the greatest number of words after the command's name. */
  words: readonly [number, number];
  options?: readonly MemoryOption[];
  /** What else is wrong with them. */
  check?(words: readonly string[], options: MemoryOptions): string | undefined;
  /** Whether it may be the first to make the database. */
  begins?: boolean;
}

const COMMANDS: Record<string, MemoryCommand> = {
  stats: { run: stats, words: [0, 0], options: ["json"] },
  list: { run: list, words: [0, 0], options: [...FILTER, "limit", "offset", "sort", "json"] },
  search: { run: search, words: [1, Number.POSITIVE_INFINITY], options: [...FILTER, "limit", "offset", "json"] },
  forget: { run: forget, words: [0, 1], options: [...FILTER, "all", "yes"], check: checkForget },
  export: { run: exportTo, words: [0, 1], options: ["format"] },
  import: { run: importFrom, words: [1, 1], options: ["format", "partial", "dry-run", "verbose"], begins: true },
  users: { run: users, words: [0, 0] },
  verify: { run: verify, words: [0, 1] },
  backup: { run: backup, words: [1, 1], options: ["keep-days"] },
  restore: { run: restore, words: [1, 1], options: ["dry-run", "yes"], begins: true },
  migrate: {
    words: [0, 0],
    options: ["to"],
    check: (_words, { to }) => (to?.trim() ? undefined : "migrate needs --to."),
  },
};

/** Looks after the memories: those of the configured user (`--user`), or the whole database. */
export async function memoryCommand(context: CommandContext): Promise<number> {
  const { loaded, env, words, options = {} } = context;
  const [name = "", ...rest] = words;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) return misused(name === "" ? undefined : `There is no memory command "${name}".`);
  const wrong = wrongUse(name, command, rest, options);
  if (wrong !== undefined) return misused(wrong);
  if (!command.run) return (await import("./migrate-memory.ts")).migrateMemory(context);
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

/** What is wrong with the words and the options of a command. */
function wrongUse(
  name: string,
  { words: [least, most], options: known = [], check }: MemoryCommand,
  words: readonly string[],
  options: MemoryOptions,
): string | undefined {
  if (words.length < least) return `${name} needs ${name === "search" ? "words to search for" : "the name of a file"}.`;
  if (words.length > most) return `${name} takes no ${JSON.stringify(words[most])}.`;
  const given = Object.keys(options) as MemoryOption[];
  const foreign = given.find((option) => !known.includes(option));
  if (foreign !== undefined) return `${name} takes no --${foreign}.`;
  for (const option of given) {
    const wrong = wrongValue(option, options[option]);
    if (wrong !== undefined) return wrong;
  }
  return check?.(words, options);
}

/** Without a command, the help is the answer; else what is wrong, and where the help is. */
function misused(what: string | undefined): number {
  const help = "patchbay-mcp memory --help shows how it is used.\n";
  process.stderr.write(what === undefined ? MEMORY_USAGE : `patchbay-mcp: ${printable(what)}\n${help}`);
  return 2;
}

/** Says what is wrong with a file or the database; the words of the command were right. */
function fail(error: ToolError): number {
  const issues = (error.issues ?? []).map(({ path, message }) => `${path}: ${message}`);
  const lines = [...issues, `patchbay-mcp: ${error.message}`, error.hint ?? ""].map(printable);
  process.stderr.write(`${lines.join("\n").trimEnd()}\n`);
  return 1;
}
