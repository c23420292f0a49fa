import type { JsonObject } from "../operation.ts";
import { scalarText } from "../scalar-text.ts";

const MAX_REF_HOPS = 32;

/** A document that describes an API, as it was written: nothing in it is dereferenced. */
export interface ApiDocument {
  root: JsonObject;
  /** `2.0`, `3.0`, `3.1` … */
  version: string;
  /** Where it is, by its own `$self` or by where it was read from; undefined for a file that does not say. */
  location: URL | undefined;
  /**
   * What the `$ref` points to (RFC 6901 in a fragment, or an `$anchor` of another file); undefined where that is nothing.
   * References into other files are written anew when a document is loaded, so that they mean the same in every file.
   */
  lookUp(ref: string): unknown;
  /** The object itself, or what its chain of `$ref`s ends at; empty where that is no object. */
  resolve(node: unknown): JsonObject;
  /** Why a reference into another file leads nowhere, in words that go on from its name; undefined where it does not. */
  problemOf(ref: string): string | undefined;
}

/** Another file that a document refers to. */
export interface ExternalFile {
  /** Undefined where there is a problem. */
  root: unknown;
  problem: string | undefined;
}

export interface DocumentParts {
  /** By the name that references have for them. */
  files?: ReadonlyMap<string, ExternalFile> | undefined;
  location?: URL | undefined;
}

/** What is wrong with a document, in words that go on from its name. */
export type Wrong = (what: string, hint?: string, cause?: unknown) => Error;

/** A document that is already parsed. @throws what `wrong` makes of a reason */
export function createDocument(root: unknown, wrong: Wrong, { files, location }: DocumentParts = {}): ApiDocument {
  const version = versionOf(root, wrong);
  const document = root as JsonObject;

  const lookUp = (ref: string, hops = 0): unknown => {
    const [file, fragment] = splitReference(ref);
    let at: unknown = file === "" ? document : files?.get(file)?.root;
    if (fragment !== "" && !fragment.startsWith("/")) return findAnchor(at, fragment);
    for (const part of fragment.split("/").slice(1)) {
      const key = unescapePointer(part);
      // Pointers of careless documents pass through what is itself written elsewhere.
      for (let hop = hops; isObject(at) && typeof at.$ref === "string" && !Object.hasOwn(at, key); hop++) {
        if (hop >= MAX_REF_HOPS) return undefined;
        at = lookUp(at.$ref, hop + 1);
      }
      if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
      at = (at as JsonObject)[key];
    }
    return at;
  };
  return {
    root: document,
    version,
    location,
    lookUp: (ref) => lookUp(ref),
    resolve(node) {
      let at = node;
      for (let hop = 0; hop < MAX_REF_HOPS && isObject(at); hop++) {
        if (typeof at.$ref !== "string") return at;
        at = lookUp(at.$ref);
      }
      return {};
    },
    problemOf(ref) {
      const [file] = splitReference(ref);
      return file === "" ? undefined : files?.get(file)?.problem;
    },
  };
}

const EXPECTED = "OpenAPI 3.x and Swagger 2.0 can be read, in JSON or YAML: the first line is such as openapi: 3.1.0.";

/** What stands where a document should, without saying what it says. */
function contentOf(root: unknown): string {
  if (root === undefined || root === null || root === "") return "it is empty";
  if (Array.isArray(root)) return "it holds a list";
  return `it holds ${typeof root === "string" ? "text" : "a single value"}, no keys with values`;
}

function versionOf(root: unknown, wrong: Wrong): string {
  if (!isObject(root)) throw wrong(`is no OpenAPI document: ${contentOf(root)}`, EXPECTED);
  const written = root.openapi ?? root.swagger ?? "";
  // A number, where YAML has it without quotes.
  const version = typeof written === "number" ? written.toFixed(1) : scalarText(written);
  if (!/^(2\.0|3\.\d)/.test(version)) {
    throw wrong(version === "" ? "names no version" : `is of version ${version.slice(0, 20)}`, EXPECTED);
  }
  if (!isObject(root.paths)) {
    const others = ["webhooks", "components"].filter((key) => isObject(root[key]));
    throw wrong(
      others.length > 0 ? `has no paths, only ${others.join(" and ")}: it describes nothing to call` : "has no paths",
    );
  }
  return version.slice(0, 3);
}

/** A reference's file, empty for the document itself, and its fragment without `#`. */
export function splitReference(ref: string): [file: string, fragment: string] {
  const hash = ref.indexOf("#");
  return hash < 0 ? [ref, ""] : [ref.slice(0, hash), ref.slice(hash + 1)];
}

function findAnchor(start: unknown, name: string): unknown {
  const seen = new Set<object>();
  const left: unknown[] = [start];
  while (left.length > 0) {
    const node = left.pop();
    if (typeof node !== "object" || node === null || seen.has(node)) continue;
    seen.add(node);
    const { $anchor, $dynamicAnchor, $id } = node as JsonObject;
    if ($anchor === name || $dynamicAnchor === name || $id === `#${name}`) return node;
    left.push(...Object.values(node));
  }
  return undefined;
}

/** A part of a JSON pointer in a fragment, as the name that it stands for (RFC 6901, 6). */
export function unescapePointer(part: string): string {
  if (!/[%~]/.test(part)) return part;
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
