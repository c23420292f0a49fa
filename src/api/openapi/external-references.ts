import type { JsonObject } from "../operation.ts";
import { type ExternalFile, splitReference } from "./document.ts";
import { parseDocument, UnreadableDocument } from "./parse-document.ts";

/** Files that a document may refer to, and their bytes together. */
const MAX_FILES = 2000;
const MAX_BYTES = 64 * 1024 * 1024;
/** Files read at once. */
const AT_ONCE = 8;

/** Where the other files of a document are. */
export interface FileSource {
  /**
   * The name of the file that a reference without its fragment means, empty for the document itself. `from` is the name of
   * the file it stands in. @throws OutOfReach
   */
  nameOf(reference: string, from: string): string;
  /** @throws OutOfReach where it cannot be had. */
  read(name: string): Promise<Uint8Array>;
}

/** Why another file is not read, in words that go on from its name. */
export class OutOfReach extends Error {}

/**
 * Reads every file that the document refers to, and those that they refer to. References are written anew in place: as
 * `name#/pointer` wherever they stand, `#/pointer` for the document itself. What cannot be read stays a problem of its own.
 * `onRead` is given the bytes of each file, in their order.
 */
export async function loadReferences(
  root: unknown,
  source: FileSource,
  onRead: (bytes: Uint8Array) => void = () => {},
): Promise<Map<string, ExternalFile>> {
  const files = new Map<string, ExternalFile>();
  let bytes = 0;
  let wanted = rewrite(root, "", source, files);
  while (wanted.length > 0) {
    const next: string[] = [];
    for (let at = 0; at < wanted.length; at += AT_ONCE) {
      const names = wanted.slice(at, at + AT_ONCE);
      const answers = await Promise.all(
        names.map((name) => source.read(name).catch((error: unknown) => asOutOfReach(error))),
      );
      // In their order, so that which are within the limits does not depend on which came first.
      for (const [index, name] of names.entries()) {
        const answer = answers[index]!;
        const file = files.get(name)!;
        if (answer instanceof OutOfReach) file.problem = answer.message;
        else if (bytes + answer.length > MAX_BYTES) file.problem = `is too much: all files may have ${MAX_BYTES} bytes`;
        else {
          bytes += answer.length;
          onRead(answer);
          await parseInto(file, answer);
          next.push(...rewrite(file.root, name, source, files));
        }
      }
    }
    wanted = next;
  }
  return files;
}

function asOutOfReach(error: unknown): OutOfReach {
  if (error instanceof OutOfReach) return error;
  throw error;
}

async function parseInto(file: ExternalFile, bytes: Uint8Array): Promise<void> {
  try {
    const { value } = await parseDocument(bytes);
    if (typeof value === "object" && value !== null) file.root = value;
    else file.problem = "holds no object";
  } catch (error) {
    if (!(error instanceof UnreadableDocument)) throw error;
    file.problem = error.message;
  }
}

/** Keys whose values are data, not description. */
const DATA = new Set(["example", "examples", "default", "enum", "const"]);
/** Keys whose members are names of the author's choice, whatever they are. */
const NAMED = new Set([
  ...["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "paths", "webhooks", "callbacks"],
  ...["responses", "parameters", "schemas", "requestBodies", "headers", "securitySchemes", "securityDefinitions"],
  ...["links", "pathItems", "mediaTypes", "content", "encoding", "variables"],
]);

/** Writes the references of a file anew; gives the files that are wanted for the first time, which are then in `files`. */
function rewrite(root: unknown, from: string, source: FileSource, files: Map<string, ExternalFile>): string[] {
  const wanted: string[] = [];
  const references: JsonObject[] = [];
  const ids = new Set<string>();
  const seen = new Set<object>();
  const left: { node: object; named: boolean }[] = [];
  const enter = (node: unknown, named = false) => {
    if (typeof node !== "object" || node === null || seen.has(node)) return;
    seen.add(node);
    left.push({ node, named });
  };
  enter(root);
  for (let next = left.pop(); next; next = left.pop()) {
    const { node, named } = next;
    if (Array.isArray(node)) {
      for (const item of node) enter(item);
      continue;
    }
    const object = node as JsonObject;
    if (typeof object.$ref === "string") references.push(object);
    if (typeof object.$id === "string") ids.add(withoutFragment(object.$id));
    for (const key in object) {
      if (named) enter(object[key]);
      else if (!DATA.has(key) && !key.startsWith("x-")) enter(object[key], NAMED.has(key));
    }
  }
  for (const node of references) {
    const ref = (node.$ref as string).trim();
    const [file, fragment] = splitReference(ref);
    // A schema's own name is no place (JSON Schema 2020-12, 8.2.1).
    if (file === "" ? from === "" : isNamedHere(file, ids)) continue;
    let name: string;
    try {
      name = file === "" ? from : source.nameOf(file, from);
    } catch (error) {
      if (!(error instanceof OutOfReach)) throw error;
      name = file;
      if (!files.has(name)) files.set(name, { root: undefined, problem: error.message });
    }
    node.$ref = name === "" ? `#${fragment}` : fragment === "" ? name : `${name}#${fragment}`;
    if (name === "" || files.has(name)) continue;
    const problem = files.size >= MAX_FILES ? `is too much: a document may have ${MAX_FILES} files` : undefined;
    files.set(name, { root: undefined, problem });
    if (problem === undefined) wanted.push(name);
  }
  return wanted;
}

function isNamedHere(file: string, ids: ReadonlySet<string>): boolean {
  if (ids.size === 0) return false;
  if (ids.has(file)) return true;
  return [...ids].some((id) => URL.canParse(file, id) && ids.has(withoutFragment(new URL(file, id).href)));
}

function withoutFragment(text: string): string {
  return splitReference(text)[0];
}
