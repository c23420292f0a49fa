import { basename, dirname } from "node:path";
import type { z } from "zod";
import { ToolError } from "../errors.ts";
import { dataDirOf, readConfigFile, resolvePath } from "./config-file.ts";
import { configSchema } from "./config-schema.ts";
import { readEnvironment, unknownVariables } from "./environment.ts";
import type { LoadedConfig, LoadOptions, Origins } from "./loaded-config.ts";
import { nearKeys } from "./near-keys.ts";
import { resolveReferences } from "./references.ts";
import { mayHoldSecret, schemaAt, viewOf } from "./schema-paths.ts";

type Tree = Record<string, unknown>;
type Path = readonly string[];

/**
 * The effective configuration of a file, the environment and the command line, later ones winning, with the defaults of the
 * schema. Relative paths are relative to the file where they stand in it, and to the working folder otherwise.
 * @throws ToolError `invalid_config` that names every wrong key with its value and line
 */
export async function mergeConfig(file: string | undefined, options: LoadOptions): Promise<LoadedConfig> {
  const { env, cwd } = options;
  const { tree, lines: origins }: { tree: Tree; lines: Origins } = file
    ? await readConfigFile(file)
    : { tree: {}, lines: new Map() };

  const fromOutside = new Set<string>();
  const problems: string[] = [];
  const onProblem = (path: Path, problem: string): void => {
    problems.push(`${path.join(".")}${originOf(path, origins)}: ${problem}.`);
  };
  const set = (path: Path, value: unknown, origin: string): void => {
    const key = path.join(".");
    for (const known of origins.keys()) if (known.startsWith(`${key}.`)) origins.delete(known);
    origins.set(key, origin);
    fromOutside.add(key);
    setAt(tree, path, value);
  };
  await readEnvironment(env, tree, ({ path, value, problem, variable }) => {
    set(path, value, variable);
    if (problem) onProblem(path, problem);
  });
  for (const [path, value] of Object.entries(options.flags ?? {})) set(path.split("."), value, optionName(path));

  const baseOf = (path: Path): { folder: string; name: string } => {
    const outside = path.some((_part, index) => fromOutside.has(path.slice(0, index + 1).join(".")));
    return file && !outside
      ? { folder: dirname(file), name: `the folder of ${basename(file)}` }
      : { folder: cwd, name: "the working folder" };
  };
  const secrets = new Set<string>();
  const secretPaths = new Set<string>();
  const onSecret = (secret: string, path: Path | undefined): void => {
    secrets.add(secret);
    if (path) secretPaths.add(path.join("."));
  };
  const referred = new Set<string>();
  const onReference = (variable: string): void => void referred.add(variable);
  const { needed } = options;
  const isNeeded = (path: Path): boolean =>
    needed === undefined || needed.some((each) => `${path.join(".")}.`.startsWith(`${each}.`));
  let isWhole = true;
  const onUnread = (path: Path, problem: string): void => {
    if (isNeeded(path)) onProblem(path, problem);
    else isWhole = false;
  };
  const resolved = resolveReferences(tree, { env, baseOf, onProblem: onUnread, onReference, onSecret });
  const read = isWhole ? resolved : partsOf(resolved as Tree, needed ?? []);
  // Parsed once: compiling the schema, as zod does by itself, would cost more than it saves.
  const parsed = configSchema.safeParse(read, { jitless: true });
  // A value that could not be read is no value: what the schema says of it would mislead.
  if (!parsed.success && problems.length === 0)
    problems.push(...parsed.error.issues.flatMap((issue) => explain(issue, read, origins)));
  if (problems.length > 0 || !parsed.success) {
    const list = problems.map((problem) => `  ${problem}`).join("\n");
    throw new ToolError("invalid_config", `The configuration is wrong:\n${list}`, {
      hint: "docs/configuration.md lists every key.",
    });
  }

  const { dataDir: configured, ...config } = parsed.data;
  const writtenPaths = new Map<string, string>();
  for (const [name, api] of Object.entries(config.apis)) {
    if (!api.openapi || /^https?:\/\//i.test(api.openapi)) continue;
    const path = ["apis", name, "openapi"];
    writtenPaths.set(path.join("."), api.openapi);
    api.openapi = resolvePath(api.openapi, baseOf(path).folder, env);
  }
  for (const [name, folder] of Object.entries(config.pipelineRuns.folders)) {
    const path = ["pipelineRuns", "folders", name];
    writtenPaths.set(path.join("."), folder);
    config.pipelineRuns.folders[name] = resolvePath(folder, baseOf(path).folder, env);
  }
  const dataDir = dataDirOf(configured, baseOf(["dataDir"]).folder, env);
  const warnings = unknownVariables(env, tree)
    .filter((name) => !referred.has(name))
    .map((name) => `The environment variable ${name} is no setting.`);
  return { config: { dataDir, ...config }, origins, file, secrets: [...secrets], secretPaths, writtenPaths, warnings };
}

/** `http.allowedHosts` → `--allowed-hosts`. */
function optionName(path: string): string {
  const key = path.split(".").at(-1) ?? "";
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function setAt(tree: Tree, path: Path, value: unknown): void {
  let at = tree;
  for (const part of path.slice(0, -1)) {
    if (typeof at[part] !== "object" || at[part] === null) at[part] = {};
    at = at[part] as Tree;
  }
  at[path.at(-1) as string] = value;
}

/** The values at these paths alone. */
function partsOf(tree: Tree, paths: readonly string[]): Tree {
  const parts: Tree = {};
  for (const path of paths.map((each) => each.split("."))) {
    const value = path.reduce<unknown>((at, part) => (at as Tree | null | undefined)?.[part], tree);
    if (value !== undefined) setAt(parts, path, value);
  }
  return parts;
}

/** Where the value comes from, or what it stands in. */
function originOf(path: Path, origins: Origins): string {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(path.slice(0, length).join("."));
    if (origin) return ` (${origin})`;
  }
  return "";
}

function explain(issue: z.core.$ZodIssue, tree: unknown, origins: Origins): string[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const schema = schemaAt(path);
    const known = Object.keys((schema && viewOf(schema).shape) ?? {});
    return issue.keys.map((key) => {
      const at = [...path, key];
      const near = nearKeys(key, known);
      const hint = near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `Known: ${known.join(", ")}.`;
      return `${at.join(".")}${originOf(at, origins)}: unknown key. ${hint}`;
    });
  }
  if (issue.code === "invalid_union") {
    const meant = meantBranch(issue);
    if (meant) return meant.flatMap((each) => explain({ ...each, path: [...issue.path, ...each.path] }, tree, origins));
  }
  const value = path.reduce<unknown>((at, part) => (at as Tree | undefined)?.[part], tree);
  return [`${path.join(".")}${originOf(path, origins)}: ${messageOf(issue, value)}${shown(value, path)}.`];
}

/** What is wrong with the only kind of value that was tried, where the others are of another type altogether. */
function meantBranch({ errors }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | undefined {
  const close = errors.filter((issues) =>
    issues.every(
      ({ path, code }) => path.length > 0 || !["invalid_type", "invalid_value", "invalid_union"].includes(code),
    ),
  );
  return close.length === 1 ? close[0] : undefined;
}

/** What the schema's types are called in YAML. */
const TYPES: Record<string, string> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "a mapping",
  record: "a mapping",
  string: "a text",
};

const BOUNDS: Record<string, string> = { "<": "less than", "<=": "at most", ">": "more than", ">=": "at least" };

/** The issue in plain words; what a schema says in its own words stays. */
function messageOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === "invalid_key") return "a name may have letters, digits, - and _";
  const bound = /^Too (?:big|small): expected (?:number|int) to be ([<>]=?)(\S+)$/.exec(issue.message);
  if (bound) return `must be ${BOUNDS[bound[1]!]} ${bound[2]}`;
  const count = /^Too (?:big|small): expected (string|array) to have ([<>]=?)(\d+) (?:characters|items)$/.exec(
    issue.message,
  );
  if (count) {
    const [, type, bound, number] = count;
    const what = type === "array" ? ["entry", "entries"] : ["character", "characters"];
    return `must have ${BOUNDS[bound!]} ${number} ${what[number === "1" ? 0 : 1]}`;
  }
  if (issue.code === "invalid_value" && issue.message.startsWith("Invalid option: expected one of"))
    return `must be one of ${issue.values.join(", ")}`;
  const { expected } = issue as { expected?: string };
  const isPlain = issue.code === "invalid_type" && issue.message.startsWith("Invalid input: expected");
  if (!isPlain || expected === undefined) return issue.message;
  const type = TYPES[expected] ?? expected;
  return value === undefined ? `is missing; give ${type}` : `must be ${type}`;
}

function shown(value: unknown, path: Path): string {
  if (value === undefined) return "";
  if (mayHoldSecret(path)) return " (the value may be a secret and is not shown)";
  if (Array.isArray(value)) return " (got a list)";
  if (typeof value === "object" && value !== null) return " (got a mapping)";
  const text = JSON.stringify(value) ?? String(value);
  return ` (got ${text.length > 80 ? `${text.slice(0, 80)}…` : text})`;
}
