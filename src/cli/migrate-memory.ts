import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config-schema.ts";
import { loadConfig } from "../config/load-config.ts";
import { ToolError } from "../errors.ts";
import type { MemoryStore, MemoryUser, StoredMemory } from "../memory/store.ts";
import { createRedactor } from "../redact/redact.ts";
import { openMemoryStore } from "../services.ts";
import type { CommandContext } from "./command-context.ts";
import { memoriesOf } from "./memory-call.ts";

/** Memories that are written at once, and the characters of them. */
const AT_ONCE = 1_000;
const LENGTH_AT_ONCE = 16_000_000;
/** What was stored under other limits is copied all the same. */
const NO_LIMITS = {
  maxMemories: 2 ** 31 - 1,
  maxMemoryLength: 1_000_000,
  maxTotalSize: Number.MAX_SAFE_INTEGER,
  keepVersions: 1_000,
  keepDeletedDays: 0,
} satisfies Partial<Config["memory"]>;

/**
 * `memory migrate --to …`: copies the memories of all users from the configured database to another one, and compares what it
 * reads back from there. The configuration is left alone. Exit code 1 where a copy differs.
 */
export async function migrateMemory({ loaded, env, options: { to = "" } = {} }: CommandContext): Promise<number> {
  const { config } = loaded;
  const flags = { "memory.database": to };
  const target = await loadConfig({ file: loaded.file, env, cwd: process.cwd(), flags }).catch(aboutTarget);
  const redact = createRedactor([...loaded.secrets, ...target.secrets]);
  if (target.config.memory.database === config.memory.database) {
    throw new ToolError("invalid_config", "The memories are there already: --to names the configured database.", {
      hint: "memory.database in the configuration is where they are copied from.",
    });
  }
  if (config.memory.database === "sqlite" && !existsSync(join(config.dataDir, "memory.db"))) {
    throw new ToolError("not_found", `There is no memory database in ${config.dataDir} yet.`, {
      hint: "--data-dir names another folder.",
    });
  }
  const from = await openMemoryStore({ ...config.memory, ...NO_LIMITS }, config.dataDir);
  try {
    const database = target.config.memory.database;
    const into = await openMemoryStore({ ...config.memory, ...NO_LIMITS, database }, config.dataDir).catch(aboutTarget);
    try {
      return await copyAll(from, into, redact);
    } finally {
      await into.close();
    }
  } finally {
    await from.close();
  }
}

/** Throws what is wrong with the target, which `--to` has named and not the configuration. */
function aboutTarget(error: unknown): never {
  if (!(error instanceof ToolError)) throw error;
  const wrong = /^ *memory\.database \(--\w+\):? (.*)$/m.exec(error.message)?.[1];
  if (wrong !== undefined) {
    const hint = "For instance --to postgres://USER:PASSWORD@HOST/DATABASE, or --to sqlite.";
    throw new ToolError("invalid_config", `--to: ${wrong}`, { hint });
  }
  const hint = error.hint?.replaceAll("memory.database", "--to");
  throw new ToolError(error.code, `${error.message} It is the one that --to names.`, { hint, cause: error });
}

async function copyAll(from: MemoryStore, into: MemoryStore, redact: (text: string) => string): Promise<number> {
  const users = await from.users();
  let memories = 0;
  let copied = 0;
  const failed: string[] = [];
  for (const id of users) {
    const user = { id };
    try {
      const { added, existing } = await copyMemories(from, into, user);
      const { count, checksum, differing } = await compare(from, into, user);
      memories += count;
      copied += added;
      const written = existing === 0 ? `${added} copied` : `${added} copied, ${existing} there already`;
      if (differing.length > 0) {
        failed.push(id);
        const some = differing.slice(0, 5).join(", ");
        process.stderr.write(
          `${id}: ${differing.length} of ${count} memories differ in the copy: ${some}${differing.length > 5 ? ", …" : ""}\n`,
        );
      } else process.stdout.write(`${id}: ${memoriesOf(count)} (${written}), checksum ${checksum}\n`);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      failed.push(id);
      const issues = (error.issues ?? []).slice(0, 5).map(({ path, message }) => `${path}: ${message}`);
      process.stderr.write(redact(`${[`${id}: ${error.message}`, ...issues].join("\n  ")}\n`));
      if (error.code.startsWith("storage_")) {
        process.stderr.write(`${error.hint ?? ""}\n`);
        return 1;
      }
    }
  }
  if (failed.length === 0) {
    const there = memories - copied;
    const what =
      there === 0
        ? `Copied ${memoriesOf(memories)}`
        : `Copied ${memoriesOf(copied)}; ${there} ${there === 1 ? "was" : "were"} there already, of all ${memories}`;
    process.stdout.write(
      `${what} of ${users.length === 1 ? "1 user" : `${users.length} users`}; read back, they are the same. Set memory.database to use the copy.\n`,
    );
    return 0;
  }
  process.stderr.write(
    `${failed.length} of ${users.length} users were not copied as they are. Stop the servers and repeat it; what was changed in the copy stays as it is there.\n`,
  );
  return 1;
}

async function copyMemories(
  from: MemoryStore,
  into: MemoryStore,
  user: MemoryUser,
): Promise<{ added: number; existing: number }> {
  const copied = { added: 0, existing: 0 };
  let lines: string[] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    if (lines.length === 0) return;
    const { added, existing } = await into.import(user, lines.join("\n"), { exact: true, format: "ndjson" });
    copied.added += added;
    copied.existing += existing;
    lines = [];
    length = 0;
  };
  for await (const memory of from.export(user)) {
    const line = JSON.stringify(memory);
    if (lines.length === AT_ONCE || length + line.length > LENGTH_AT_ONCE) await flush();
    lines.push(line);
    length += line.length;
  }
  await flush();
  return copied;
}

/** Reads both and compares them memory by memory. The checksum is over the memories of the source, in the order of their ids. */
async function compare(
  from: MemoryStore,
  into: MemoryStore,
  user: MemoryUser,
): Promise<{ count: number; checksum: string; differing: string[] }> {
  const original = await digests(from, user);
  const copy = await digests(into, user);
  const differing = [...original].filter(([id, digest]) => copy.get(id) !== digest).map(([id]) => id);
  const all = createHash("sha256");
  for (const id of [...original.keys()].sort()) all.update(`${id} ${original.get(id)}\n`);
  return { count: original.size, checksum: all.digest("hex").slice(0, 16), differing };
}

async function digests(store: MemoryStore, user: MemoryUser): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const memory of store.export(user)) found.set(memory.id, digestOf(memory));
  return found;
}

function digestOf(memory: StoredMemory): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(memory)))
    .digest("base64url")
    .slice(0, 22);
}

/** With the fields of objects in the order of their names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, field]) => [name, sorted(field)]));
}
