import type { z } from "zod";
import { schemaAt, viewOf } from "./schema-paths.ts";

type Tree = Record<string, unknown>;

/** A value that an environment variable gives; `problem` where its text cannot be read. */
export interface EnvironmentValue {
  variable: string;
  path: string[];
  value?: unknown;
  problem?: string;
}

/** `memory.maxMemories` → `PATCHBAY_MEMORY_MAX_MEMORIES`. */
export function environmentName(path: readonly string[]): string {
  const words = path.map((part) => part.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/[^A-Za-z0-9]/g, "_"));
  return `PATCHBAY_${words.join("_")}`.toUpperCase();
}

/**
 * Every value that the environment gives, wholes before their parts, so that a variable for an entry of a record wins over
 * one for the record. `apply` is called with each, before the next is looked for: a record from the environment has entries
 * that further variables may refine. An empty variable counts as unset.
 */
export async function readEnvironment(
  env: NodeJS.ProcessEnv,
  tree: Tree,
  apply: (value: EnvironmentValue) => void,
): Promise<void> {
  if (!namesOf(env).length) return;
  const visit = async (path: string[]): Promise<void> => {
    const schema = schemaAt(path);
    if (!schema) return;
    const { shape, valueType, type } = viewOf(schema);
    const variable = environmentName(path);
    const text = path.length > 0 && !shape ? env[variable] : undefined;
    if (text !== undefined && text !== "") apply({ variable, path, ...(await parseText(text, type)) });
    if (shape) for (const key of Object.keys(shape)) await visit([...path, key]);
    else if (valueType) for (const key of Object.keys(recordAt(tree, path))) await visit([...path, key]);
  };
  await visit([]);
}

/** Variables that look like settings and are none: a misspelt name must not pass in silence. */
export function unknownVariables(env: NodeJS.ProcessEnv, tree: Tree): string[] {
  const names = namesOf(env);
  if (names.length === 0) return names;
  const known = new Set(["PATCHBAY_CONFIG"]);
  const visit = (path: string[]): void => {
    const { shape, valueType } = viewOf(schemaAt(path) as z.core.$ZodType);
    if (path.length > 0 && !shape) known.add(environmentName(path));
    if (shape) for (const key of Object.keys(shape)) visit([...path, key]);
    else if (valueType) for (const key of Object.keys(recordAt(tree, path))) visit([...path, key]);
  };
  visit([]);
  // Kubernetes and Docker links set PATCHBAY_PORT… and PATCHBAY_SERVICE… for a service of that name.
  return names.filter((name) => !known.has(name) && !/^PATCHBAY_(PORT|SERVICE)(_|$)/.test(name));
}

function namesOf(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env).filter((name) => name.startsWith("PATCHBAY_"));
}

function recordAt(tree: Tree, path: readonly string[]): Tree {
  let at: unknown = tree;
  for (const part of path) at = isTree(at) && Object.hasOwn(at, part) ? at[part] : undefined;
  return isTree(at) ? at : {};
}

async function parseText(text: string, type: string): Promise<{ value?: unknown; problem?: string }> {
  const trimmed = text.trim();
  switch (type) {
    case "string":
    case "enum":
      return { value: text };
    case "number":
    case "int":
      return { value: trimmed !== "" && Number.isFinite(Number(trimmed)) ? Number(trimmed) : text };
    case "boolean":
      return { value: readBoolean(trimmed) ?? text };
    default:
      if (type === "union" && readBoolean(trimmed) !== undefined) return { value: readBoolean(trimmed) };
      if (type !== "record" && !/^[[{]/.test(trimmed)) return { value: splitList(trimmed) };
      return parseStructure(trimmed);
  }
}

function readBoolean(text: string): boolean | undefined {
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  return /^(false|0|no|off)$/i.test(text) ? false : undefined;
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

async function parseStructure(text: string): Promise<{ value?: unknown; problem?: string }> {
  try {
    return { value: JSON.parse(text) };
  } catch {
    const { parseDocument } = await import("yaml");
    const document = parseDocument(text);
    return document.errors.length > 0 ? { problem: "the value is neither JSON nor YAML" } : { value: document.toJS() };
  }
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
