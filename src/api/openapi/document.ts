import { readFile, stat } from "node:fs/promises";
import { ToolError } from "../../errors.ts";
import type { JsonObject } from "../operation.ts";

const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;
const MAX_REF_HOPS = 32;

/** A document that describes an API, as it was written: nothing in it is dereferenced. */
export interface ApiDocument {
  root: JsonObject;
  /** `2.0`, `3.0`, `3.1` … */
  version: string;
  /** What the local `$ref` points to (RFC 6901 in a fragment); undefined where that is nothing. */
  lookUp(ref: string): unknown;
  /** The object itself, or what its chain of `$ref`s ends at; empty where that is no object. */
  resolve(node: unknown): JsonObject;
}

/**
 * Reads an OpenAPI 3.x or Swagger 2.0 document, JSON or YAML.
 * @throws ToolError `invalid_config` that says what is wrong with it; never the path on this machine.
 */
export async function readDocument(file: string, api: string): Promise<ApiDocument> {
  const wrong = (what: string, hint?: string, cause?: unknown) =>
    new ToolError("invalid_config", `The OpenAPI document of API "${api}" ${what}.`, {
      hint: hint ?? `Check apis.${api}.openapi in the configuration.`,
      cause,
    });
  let text: string;
  try {
    if ((await stat(file)).size > MAX_DOCUMENT_BYTES) throw wrong(`is larger than ${MAX_DOCUMENT_BYTES} bytes`);
    text = (await readFile(file, "utf8")).replace(/^\uFEFF/, "");
  } catch (error) {
    if (error instanceof ToolError) throw error;
    const missing = (error as { code?: unknown }).code === "ENOENT";
    const url = /https?:\//.test(file);
    throw wrong(
      missing ? "does not exist" : "cannot be read",
      url ? `apis.${api}.openapi is the path of a file, not a URL: download the document first.` : undefined,
      error,
    );
  }
  let root: unknown;
  try {
    root = /^\s*\{/.test(text) ? JSON.parse(text) : await parseYaml(text);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "").slice(0, 200) : "";
    throw wrong(`is neither valid JSON nor YAML: ${reason}`, undefined, error);
  }
  return createDocument(root, wrong);
}

/** A document that is already parsed. @throws what `wrong` makes of a reason */
export function createDocument(root: unknown, wrong: (what: string, hint?: string) => Error): ApiDocument {
  if (!isObject(root)) throw wrong("holds no object");
  const version = String(root.openapi ?? root.swagger ?? "");
  if (!/^(2\.0|3\.\d)/.test(version)) {
    throw wrong(
      version === "" ? "names no version" : `is of version ${version.slice(0, 20)}`,
      "OpenAPI 3.x and Swagger 2.0 can be read: its first line is such as openapi: 3.1.0.",
    );
  }
  if (!isObject(root.paths)) throw wrong("has no paths");

  const lookUp = (ref: string): unknown => {
    if (!ref.startsWith("#")) return undefined;
    let at: unknown = root;
    for (const part of ref.slice(1).split("/").slice(1)) {
      const key = unescapePointer(part);
      if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
      at = (at as JsonObject)[key];
    }
    return at;
  };
  return {
    root,
    version: version.slice(0, 3),
    lookUp,
    resolve(node) {
      let at = node;
      for (let hop = 0; hop < MAX_REF_HOPS && isObject(at); hop++) {
        if (typeof at.$ref !== "string") return at;
        at = lookUp(at.$ref);
      }
      return {};
    },
  };
}

async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import("yaml");
  return parse(text, { maxAliasCount: 10_000, merge: true, logLevel: "silent" });
}

/** A part of a JSON pointer in a fragment, as the name that it stands for (RFC 6901, 6). */
export function unescapePointer(part: string): string {
  let decoded = part;
  try {
    decoded = decodeURIComponent(part);
  } catch {
    // Written without percent-encoding.
  }
  return decoded.replaceAll("~1", "/").replaceAll("~0", "~");
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
