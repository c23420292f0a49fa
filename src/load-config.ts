import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { z } from "zod";
import { type Config, configSchema } from "./config.ts";
import { ToolError } from "./errors.ts";

/** Where a value came from, such as `patchbay.yaml:12`, `PATCHBAY_HTTP_PORT`, `--port` or `default`. */
export type Origins = Map<string, string>;

export interface LoadedConfig {
  config: Config & { dataDir: string };
  /** Path of each value (`memory.maxMemories`) → its origin. What is missing is a default. */
  origins: Origins;
  /** The file that was read, if any. */
  file: string | undefined;
  /** Every secret value, for redaction. */
  secrets: string[];
}

export interface LoadOptions {
  /** `--config`; otherwise `$PATCHBAY_CONFIG`, the working folder, the user's configuration folder. */
  file?: string | undefined;
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** Values of command-line options by path, such as `{ "http.port": 8080 }`; they win over everything. */
  flags?: Record<string, unknown>;
}

type Tree = Record<string, unknown>;
interface Leaf {
  path: string[];
  schema: z.core.$ZodType;
}

/**
 * The effective configuration: defaults, then the file, then the environment, then the command line.
 * @throws ToolError `invalid_config` that names every wrong key with its value and line.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const file = findFile(options);
  const origins: Origins = new Map();
  const tree = file ? await readTree(file, origins) : {};
  const base = file ? dirname(file) : options.cwd;

  for (const [variable, path, value] of environmentValues(options.env, tree)) {
    setAt(tree, path, value);
    origins.set(path.join("."), variable);
  }
  for (const [path, value] of Object.entries(options.flags ?? {})) {
    setAt(tree, path.split("."), value);
    origins.set(
      path,
      `--${path
        .split(".")
        .at(-1)
        ?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    );
  }

  const problems: string[] = [];
  const where = (path: readonly PropertyKey[]): string => {
    for (let length = path.length; length > 0; length--) {
      const origin = origins.get(path.slice(0, length).join("."));
      if (origin) return ` (${origin})`;
    }
    return "";
  };
  const secrets: string[] = [];
  const read = resolveReferences(tree, [], { env: options.env, base, problems, where, secrets });
  const parsed = configSchema.safeParse(read);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(explain(issue, read, where));
  }
  if (problems.length > 0 || !parsed.success) {
    throw new ToolError(
      "invalid_config",
      `The configuration is wrong:\n${problems.map((problem) => `  ${problem}`).join("\n")}`,
      {
        hint: "docs/configuration.md lists every key.",
      },
    );
  }
  const config = parsed.data;
  for (const api of Object.values(config.apis)) if (api.openapi) api.openapi = resolve(base, api.openapi);
  const dataDir = config.dataDir ? resolve(base, config.dataDir) : defaultDataDir(options.env);
  return { config: { ...config, dataDir }, origins, file, secrets };
}

function findFile(options: LoadOptions): string | undefined {
  const named = options.file ?? options.env.PATCHBAY_CONFIG;
  if (named) {
    const path = resolve(options.cwd, named);
    if (!existsSync(path)) throw new ToolError("invalid_config", `There is no configuration file "${named}".`);
    return path;
  }
  const folder = options.env.XDG_CONFIG_HOME || join(homedir(), ".config");
  const names = ["patchbay.yaml", "patchbay.yml", "patchbay.json"];
  return [options.cwd, join(folder, "patchbay-mcp")]
    .flatMap((place) => names.map((name) => join(place, name)))
    .find(existsSync);
}

/** Outside any package or cache folder, so that an update of the program never takes the data with it. */
function defaultDataDir(env: NodeJS.ProcessEnv): string {
  if (process.platform === "win32" && env.LOCALAPPDATA) return join(env.LOCALAPPDATA, "patchbay-mcp");
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support", "patchbay-mcp");
  return join(env.XDG_DATA_HOME || join(homedir(), ".local", "share"), "patchbay-mcp");
}

async function readTree(file: string, origins: Origins): Promise<Tree> {
  const { isMap, isScalar, isSeq, LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const name = file.split(/[\\/]/).at(-1);
  const document = parseDocument(readFileSync(file, "utf8"), { lineCounter: lines });
  const broken = document.errors[0];
  if (broken) {
    const line = broken.linePos?.[0]?.line;
    throw new ToolError(
      "invalid_config",
      `${name}${line ? `:${line}` : ""} is not valid YAML: ${broken.message.split("\n")[0]}`,
    );
  }
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
      if (offset !== undefined) origins.set(at.join("."), `${name}:${lines.linePos(offset).line}`);
      visit(value, at);
    }
  };
  visit(document.contents, []);
  const tree: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  if (typeof tree !== "object" || Array.isArray(tree))
    throw new ToolError("invalid_config", `${name} must hold a mapping of sections.`);
  return tree as Tree;
}

/** Every value that an environment variable gives, as `PATCHBAY_` and the path in capitals. Structured values are YAML text. */
function* environmentValues(
  env: NodeJS.ProcessEnv,
  tree: Tree,
): Generator<[variable: string, path: string[], value: unknown]> {
  for (const { path, schema } of leavesOf(configSchema, [], tree)) {
    const variable = environmentName(path);
    const text = env[variable];
    if (text === undefined || text === "") continue;
    yield [variable, path, parseText(text, typeOf(schema))];
  }
}

/** `memory.maxMemories` → `PATCHBAY_MEMORY_MAX_MEMORIES`. */
export function environmentName(path: readonly string[]): string {
  return `PATCHBAY_${path.map((part) => part.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/[^A-Za-z0-9]/g, "_")).join("_")}`.toUpperCase();
}

/** Whole records come before their entries, so that a variable for an entry wins. */
function* leavesOf(schema: z.core.$ZodType, path: string[], tree: unknown): Generator<Leaf> {
  const inner = unwrap(schema);
  if (inner.def.type === "object") {
    for (const [key, child] of Object.entries(inner.def.shape ?? {}))
      yield* leavesOf(child, [...path, key], (tree as Tree | undefined)?.[key]);
    return;
  }
  yield { path, schema };
  if (inner.def.type === "record" && inner.def.valueType) {
    for (const [key, child] of Object.entries((tree ?? {}) as Tree))
      yield* leavesOf(inner.def.valueType, [...path, key], child);
  }
}

interface Unwrapped {
  def: {
    type: string;
    innerType?: z.core.$ZodType;
    shape?: Record<string, z.core.$ZodType>;
    valueType?: z.core.$ZodType;
  };
}

function unwrap(schema: z.core.$ZodType): Unwrapped {
  const view = (schema as unknown as { _zod: Unwrapped })._zod;
  return view.def.innerType && view.def.type !== "record" ? unwrap(view.def.innerType) : view;
}

function typeOf(schema: z.core.$ZodType): string {
  return unwrap(schema).def.type;
}

function parseText(text: string, type: string): unknown {
  if (type === "string" || type === "enum") return text;
  if (type === "number" || type === "int")
    return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  if (type === "boolean")
    return /^(true|1|yes|on)$/i.test(text) ? true : /^(false|0|no|off)$/i.test(text) ? false : text;
  if (type === "union" && /^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  if (!/^\s*[[{]/.test(text)) return text.split(",").map((part) => part.trim());
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function setAt(tree: Tree, path: readonly string[], value: unknown): void {
  let at = tree;
  for (const part of path.slice(0, -1)) {
    if (typeof at[part] !== "object" || at[part] === null) at[part] = {};
    at = at[part] as Tree;
  }
  at[path.at(-1) as string] = value;
}

interface Resolving {
  env: NodeJS.ProcessEnv;
  base: string;
  problems: string[];
  where: (path: readonly string[]) => string;
  secrets: string[];
}

/** Keys whose values are secrets; the schema marks the same ones. */
const SECRET_KEY = /^(apiKey|key)$/;

/** The tree with `${NAME}`, `${NAME:-default}` and, for secrets, `file:PATH` read. */
function resolveReferences(value: unknown, path: string[], context: Resolving): unknown {
  if (Array.isArray(value))
    return value.map((item, index) => resolveReferences(item, [...path, String(index)], context));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, resolveReferences(item, [...path, key], context)]),
    );
  }
  if (typeof value !== "string") return value;
  const key = path.at(-1) ?? "";
  const secret = SECRET_KEY.test(key) || (path[0] === "apis" && path[2] === "headers");
  // Pipelines carry templates and expressions of their own.
  if (path[0] === "pipelines") return value;
  let text = value.replace(
    /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
    (_match, name: string, fallback?: string) => {
      const found = context.env[name];
      if (found !== undefined && found !== "") return found;
      if (fallback !== undefined) return fallback;
      context.problems.push(
        `${path.join(".")}${context.where(path)}: the environment variable ${name} is not set. Set it, or write \${${name}:-default}.`,
      );
      return "";
    },
  );
  if (secret && text.startsWith("file:")) {
    try {
      text = readFileSync(resolve(context.base, text.slice(5)), "utf8").replace(/\r?\n$/, "");
    } catch {
      context.problems.push(`${path.join(".")}${context.where(path)}: the secret file cannot be read.`);
      return "";
    }
  }
  if (secret && text !== "") context.secrets.push(text);
  return text;
}

function explain(issue: z.core.$ZodIssue, tree: unknown, where: (path: readonly PropertyKey[]) => string): string {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${[...path, key].join(".")}${where([...path, key])}: unknown key.`).join(" ");
  }
  const value = path.reduce<unknown>((at, part) => (at as Tree | undefined)?.[part], tree);
  const secret = SECRET_KEY.test(path.at(-1) ?? "");
  const shown = value === undefined ? "" : ` (got ${secret ? "a secret" : (JSON.stringify(value) ?? "").slice(0, 80)})`;
  return `${path.join(".")}${where(path)}: ${issue.message}${shown}.`;
}

/** The configuration as it may be shown: every secret replaced. */
export function redactConfig(value: unknown, path: string[] = []): unknown {
  if (Array.isArray(value)) return value.map((item, index) => redactConfig(item, [...path, String(index)]));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactConfig(item, [...path, key])]));
  }
  const secret = SECRET_KEY.test(path.at(-1) ?? "") || (path[0] === "apis" && path[2] === "headers");
  return secret && typeof value === "string" && value !== "" ? "[redacted]" : value;
}
