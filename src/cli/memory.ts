import { existsSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { ToolError } from "../errors.ts";
import type { MemoryStore, MemoryUser } from "../memory/store.ts";
import { createServices } from "../services.ts";
import type { CommandContext } from "./run-command.ts";

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
  } finally {
    await services.dispose();
  }
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
  const out = file === "-" ? undefined : await createFile(file);
  let count = 0;
  try {
    for await (const memory of store.export(user)) {
      const line = `${JSON.stringify(memory)}\n`;
      if (out) await out.write(line);
      else if (!process.stdout.write(line)) await new Promise((done) => process.stdout.once("drain", done));
      count++;
    }
    await out?.sync();
  } finally {
    await out?.close();
  }
  if (out) process.stdout.write(`Exported ${count} memories of "${user.id}".\n`);
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
  try {
    const { added, existing } = await store.import(user, content);
    const known = existing > 0 ? ` ${existing} were there already.` : "";
    process.stdout.write(`Imported ${added} memories for "${user.id}".${known}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    for (const { path, message } of error.issues ?? []) process.stderr.write(`${path}: ${message}\n`);
    throw error;
  }
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
