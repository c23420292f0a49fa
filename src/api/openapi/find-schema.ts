import type { JsonObject } from "../operation.ts";
import { type ApiDocument, isObject, unescapePointer } from "./document.ts";

/** The schemas around a place that hold definitions, or have an `$id`, outermost first: references may be relative to them. */
export type Scopes = readonly JsonObject[];

export interface FoundSchema {
  node: unknown;
  scopes: Scopes;
}

export interface SchemaFinder {
  /** What a `$ref` of a schema means; undefined where that is nothing. */
  find(ref: string, scopes: Scopes): FoundSchema | undefined;
  /** What a `$dynamicRef` means, where its anchor exists once; undefined where it depends on the way there. */
  findDynamic(ref: string): FoundSchema | undefined;
}

/** Only a base to resolve relative names against; nothing is ever fetched. */
const NOWHERE = "http://document.invalid/";

/**
 * Finds what the references of a document's schemas mean: pointers into the document, anchors and `$id`s (JSON Schema 2020-12,
 * 8.2), and pointers into a schema that was written as if it stood alone, with `$defs` of its own.
 */
export function createSchemaFinder(document: ApiDocument): SchemaFinder {
  let names: Names | undefined;
  const global = new Map<string, FoundSchema | undefined>();

  const find = (ref: string, scopes: Scopes): FoundSchema | undefined => {
    const [resource, fragment] = splitRef(ref);
    if (resource !== "") {
      names ??= readNames(document.root);
      const found = findResource(names, resource, scopes);
      if (found) return within(found, fragment, names);
      const node = document.lookUp(ref);
      return node === undefined ? undefined : { node, scopes: [] };
    }
    if (fragment !== "" && !fragment.startsWith("/")) {
      names ??= readNames(document.root);
      const [anchored] = names.anchors.get(fragment) ?? [];
      return anchored && { node: anchored, scopes: [] };
    }
    // A fragment is of the nearest schema that is a resource of its own.
    const own = scopes.findLast((scope) => typeof scope.$id === "string");
    return (
      (own && walk(own, fragment)) ??
      fromRoot(ref, fragment) ??
      scopes.map((scope) => walk(scope, fragment)).findLast((found) => found !== undefined)
    );
  };

  function fromRoot(ref: string, fragment: string): FoundSchema | undefined {
    if (global.has(ref)) return global.get(ref);
    const node = document.lookUp(ref);
    const found =
      node === undefined ? undefined : { node, scopes: walk(document.root, fragment)?.scopes.slice(1) ?? [] };
    global.set(ref, found);
    return found;
  }

  return {
    find,
    findDynamic(ref) {
      const [, fragment] = splitRef(ref);
      names ??= readNames(document.root);
      const found = names.anchors.get(fragment) ?? [];
      return found.length === 1 ? { node: found[0], scopes: [] } : undefined;
    },
  };
}

function splitRef(ref: string): [resource: string, fragment: string] {
  const hash = ref.indexOf("#");
  return hash < 0 ? [ref, ""] : [ref.slice(0, hash), ref.slice(hash + 1)];
}

/** Follows a JSON pointer (RFC 6901), percent-encoded or not. The start is the first of the scopes. */
function walk(start: JsonObject, pointer: string): FoundSchema | undefined {
  const scopes = [start];
  let node: unknown = start;
  for (const part of pointer.split("/").slice(1)) {
    const key = unescapePointer(part);
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, key)) return undefined;
    node = (node as JsonObject)[key];
    if (isScope(node)) scopes.push(node);
  }
  return { node, scopes: isScope(node) ? scopes.slice(0, -1) : scopes };
}

/** Whether references inside a schema may be relative to it. */
export function isScope(node: unknown): node is JsonObject {
  return isObject(node) && (isObject(node.$defs) || isObject(node.definitions) || typeof node.$id === "string");
}

interface Names {
  /** By absolute URL without fragment. */
  resources: Map<string, JsonObject>;
  anchors: Map<string, JsonObject[]>;
}

function readNames(root: JsonObject): Names {
  const names: Names = { resources: new Map(), anchors: new Map() };
  const seen = new Set<object>();
  const left: { node: object; base: string }[] = [{ node: root, base: NOWHERE }];
  for (let next = left.pop(); next; next = left.pop()) {
    let { node, base } = next;
    if (seen.has(node)) continue;
    seen.add(node);
    if (isObject(node)) {
      if (typeof node.$id === "string" && !node.$id.startsWith("#")) {
        base = absolute(node.$id, base) ?? base;
        if (!names.resources.has(base)) names.resources.set(base, node);
      }
      for (const anchor of new Set([node.$anchor, node.$dynamicAnchor, anchorOfId(node.$id), anchorOfId(node.id)])) {
        if (typeof anchor !== "string") continue;
        names.anchors.set(anchor, [...(names.anchors.get(anchor) ?? []), node]);
      }
    }
    for (const value of Object.values(node)) {
      if (typeof value === "object" && value !== null) left.push({ node: value, base });
    }
  }
  return names;
}

/** Before 2019-09 an anchor was an id that is only a fragment. */
function anchorOfId(id: unknown): string | undefined {
  return typeof id === "string" && /^#[^/]/.test(id) ? id.slice(1) : undefined;
}

function findResource(names: Names, resource: string, scopes: Scopes): JsonObject | undefined {
  let base = NOWHERE;
  for (const { $id } of scopes) if (typeof $id === "string") base = absolute($id, base) ?? base;
  return [base, NOWHERE].map((from) => names.resources.get(absolute(resource, from) ?? "")).find(isObject);
}

function within(resource: JsonObject, fragment: string, names: Names): FoundSchema | undefined {
  if (fragment === "") return { node: resource, scopes: [] };
  if (fragment.startsWith("/")) return walk(resource, fragment);
  const [anchored] = names.anchors.get(fragment) ?? [];
  return anchored && { node: anchored, scopes: [resource] };
}

function absolute(url: string, base: string): string | undefined {
  if (!URL.canParse(url, base)) return undefined;
  const parsed = new URL(url, base);
  parsed.hash = "";
  return parsed.href;
}
