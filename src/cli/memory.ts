import { existsSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { ToolError } from "../errors.ts";
import type { MemoryStore, MemoryUser } from "../memory/store.ts";
import { createServices } from "../services.ts";
import type { CommandContext } from "./command-context.ts";

type Command = (store: MemoryStore, user: MemoryUser, file: string) => Promise<number>;

const USAGE = `patchbay-mcp memory stats          how many memories the user has
patchbay-mcp memory verify         checks the whole database; exit code 1 with what is wrong
patchbay-mcp memory export [FILE]  the user's memories as JSON lines, to FILE or the output
patchbay-mcp memory import FILE    adds the memories of an export, or of Open-WebUI's list; - reads the input
patchbay-mcp memory backup FILE    copies the whole database, of all users, while servers go on
`;

const COMMANDS: Record<string, { run: Command; file: "none" | "optional" | "required" }> = {
  stats: { run: stats, file: "none" },
  verify: { run: verify, file: "none" },
  export: { run: exportTo, file: "optional" },
  import: { run: importFrom, file: "required" },
  backup: { run: backup, file: "required" },
};

/** Looks after the memories: those of the configured user (`--user`), or the whole database. */
export async function memoryCommand({ loaded, env, words }: CommandContext): Promise<number> {
  const [name = "", file, ...rest] = words;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const tooMany = rest.length > 0 || (file !== undefined && command?.file === "none");
  if (!command || tooMany || (file === undefined && command.file === "required")) {
    process.stderr.write(USAGE);
    return 2;
  }
  const { config } = loaded;
  if (name !== "import" && !existsSync(join(config.dataDir, "memory.db"))) {
    throw new ToolError("not_found", `There is no memory database in ${config.dataDir} yet.`, {
      hint: "It is made when the first memory is stored. --data-dir names another folder.",
    });
  }
  const services = createServices(config, env);
  try {
    const { memory } = await services.get(["memory"]);
    return await command.run(memory, { id: config.user }, file ?? "-");
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
  process.stderr.write(`${[...issues, `patchbay-mcp: ${error.message}`, error.hint ?? ""].join("\n").trimEnd()}\n`);
  return 1;
}

async function stats(store: MemoryStore, user: MemoryUser): Promise<number> {
  const { memories, maxMemories, characters, tags, oldest, newest } = await store.stats(user);
  const lines = [`user        ${user.id}`, `memories    ${memories} of ${maxMemories}`];
  if (memories > 0) lines.push(`characters  ${characters}`, `tags        ${tags}`);
  if (oldest !== undefined && newest !== undefined) lines.push(`oldest      ${oldest}`, `newest      ${newest}`);
  process.stdout.write(`${lines.join("\n")}\n`);
  return 0;
}

async function verify(store: MemoryStore): Promise<number> {
  const problems = await store.verify();
  if (problems.length === 0) {
    process.stdout.write("The memory database is sound.\n");
    return 0;
  }
  process.stderr.write(
    `The memory database is damaged:\n${problems.map((problem) => `  ${problem}\n`).join("")}` +
      "Stop the servers and put a backup in its place. What can still be read, `patchbay-mcp memory export` writes.\n",
  );
  return 1;
}

async function exportTo(store: MemoryStore, user: MemoryUser, file: string): Promise<number> {
  let count = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const memory of store.export(user)) {
      count++;
      yield `${JSON.stringify(memory)}\n`;
    }
  }
  if (file === "-") {
    try {
      await pipeline(lines, process.stdout, { end: false });
    } catch (error) {
      // The reader, such as `head`, has had enough.
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
    }
    return 0;
  }
  const out = await createFile(file);
  await pipeline(lines, out.createWriteStream({ flush: true }));
  process.stdout.write(`Exported ${count} memories of "${user.id}".\n`);
  return 0;
}

/** A new file that only its owner may read. */
async function createFile(file: string) {
  try {
    return await open(file, "wx", 0o600);
  } catch (error) {
    const there = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw new ToolError("invalid_input", `${file} ${there ? "is there already." : "cannot be written."}`, {
      hint: "Name a new file.",
      cause: error,
    });
  }
}

async function importFrom(store: MemoryStore, user: MemoryUser, file: string): Promise<number> {
  const content = file === "-" ? await text(process.stdin) : await read(file);
  const { added, existing } = await store.import(user, content);
  const known = existing > 0 ? ` ${existing} were there already.` : "";
  process.stdout.write(`Imported ${added} memories for "${user.id}".${known}\n`);
  return 0;
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new ToolError("invalid_input", `${file} cannot be read.`, { cause: error });
  }
}

async function backup(store: MemoryStore, _user: MemoryUser, file: string): Promise<number> {
  await store.backup(resolve(file));
  process.stdout.write(`Copied the database of all users to ${file}.\n`);
  return 0;
}
