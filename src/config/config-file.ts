import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { ToolError } from "../errors.ts";

/** What a configuration file holds, with the line of each value by its path (`memory.maxMemories`). */
export interface ConfigFile {
  tree: Record<string, unknown>;
  /** Such as `patchbay.yaml:12`. */
  lines: Map<string, string>;
}

/**
 * The configuration file to read: the one that is named, else the one in the working folder, else the user's.
 * @throws ToolError `invalid_config` where the named one is missing
 */
export function findConfigFile(named: string | undefined, cwd: string, env: NodeJS.ProcessEnv): string | undefined {
  if (named) {
    const path = resolve(cwd, named);
    if (!existsSync(path)) throw new ToolError("invalid_config", `There is no configuration file "${named}".`);
    return path;
  }
  const folder = env.XDG_CONFIG_HOME || join(homeOf(env), ".config");
  const names = ["patchbay.yaml", "patchbay.yml", "patchbay.json"];
  return [cwd, join(folder, "patchbay-mcp")]
    .flatMap((place) => names.map((name) => join(place, name)))
    .find(existsSync);
}

/** @throws ToolError `invalid_config` that names the line */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  const { isMap, isScalar, isSeq, LineCounter, parseDocument } = await import("yaml");
  const name = basename(file);
  const counter = new LineCounter();
  // JSON is YAML, but for tabs between its values.
  const text = readText(file, name);
  const document = parseDocument(name.endsWith(".json") ? text.replace(/^\t+/gm, " ") : text, { lineCounter: counter });
  const broken = document.errors[0];
  if (broken) {
    const line = broken.linePos?.[0]?.line;
    const reason = broken.message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "");
    throw new ToolError("invalid_config", `${name}${line ? `:${line}` : ""} is not valid YAML: ${reason}`);
  }

  const lines = new Map<string, string>();
  const visit = (node: unknown, path: string[]): void => {
    const children: [string, unknown, number | undefined][] = isMap(node)
      ? node.items.map((pair) => [
          String(isScalar(pair.key) ? pair.key.value : pair.key),
          pair.value,
          isScalar(pair.key) ? pair.key.range?.[0] : undefined,
        ])
      : isSeq(node)
        ? node.items.map((item, index) => [String(index), item, (item as { range?: [number] }).range?.[0]])
        : [];
    for (const [key, value, offset] of children) {
      const at = [...path, key];
      if (offset !== undefined) lines.set(at.join("."), `${name}:${counter.linePos(offset).line}`);
      visit(value, at);
    }
  };
  visit(document.contents, []);

  let tree: unknown;
  try {
    tree = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch {
    throw new ToolError("invalid_config", `${name} uses aliases (*name) in excess.`);
  }
  if (typeof tree !== "object" || tree === null || Array.isArray(tree))
    throw new ToolError("invalid_config", `${name} must hold a mapping of sections.`);
  return { tree: tree as Record<string, unknown>, lines };
}

function readText(file: string, name: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ToolError("invalid_config", `${name} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** A path of the configuration: relative to `base`, `~` is the home folder. */
export function resolvePath(path: string, base: string, env: NodeJS.ProcessEnv): string {
  return /^~(?=[\\/]|$)/.test(path) ? join(homeOf(env), path.slice(1)) : resolve(base, path);
}

/** The folder of the database: the configured one, relative to `base`, or the user's data folder. */
export function dataDirOf(configured: string | undefined, base: string, env: NodeJS.ProcessEnv): string {
  return configured ? resolvePath(configured, base, env) : defaultDataDir(env);
}

/** Outside any package or cache folder, so that an update of the program never takes the data with it. */
function defaultDataDir(env: NodeJS.ProcessEnv): string {
  if (process.platform === "win32" && env.LOCALAPPDATA) return join(env.LOCALAPPDATA, "patchbay-mcp");
  if (process.platform === "darwin") return join(homeOf(env), "Library", "Application Support", "patchbay-mcp");
  return join(env.XDG_DATA_HOME || join(homeOf(env), ".local", "share"), "patchbay-mcp");
}

function homeOf(env: NodeJS.ProcessEnv): string {
  return env.HOME || homedir();
}
