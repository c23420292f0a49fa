import { METHODS } from "../allow-rules.ts";
import type { JsonObject, Operation, OperationDetails } from "../operation.ts";
import { readBodyNames } from "./body-names.ts";
import { type ApiDocument, isObject } from "./document.ts";
import { readDetails } from "./operation-details.ts";
import { readTemplate } from "./path-template.ts";
import { readOwnServer } from "./servers.ts";

/** An operation of a document; its details are read when they are asked for. */
export interface DocumentOperation extends Operation {
  /** Query that the document writes into the path itself, such as `action=list`; sent with every call. */
  fixedQuery: string;
  /** The server that the operation or its path has for itself, relative to the API's base where the document has no place. */
  serverFrom(base: URL): URL | undefined;
  details(): OperationDetails;
}

/** Every operation of the document that can be called, in its order. */
export function readOperations(document: ApiDocument, api: string): DocumentOperation[] {
  const found: { operation: DocumentOperation; operationId: string }[] = [];
  const uses = new Map<string, number>();
  const tagsAbove = readTagParents(document);
  for (const [template, pathNode] of Object.entries(document.resolve(document.root.paths))) {
    if (template.startsWith("x-")) continue;
    const item = itemOf(document, pathNode);
    for (const [method, node] of methodsOf(document, item)) {
      const operationId = typeof node.operationId === "string" ? node.operationId.trim().replace(/\s+/g, " ") : "";
      uses.set(operationId, (uses.get(operationId) ?? 0) + 1);
      found.push({ operation: operationOf(document, api, method, template, item, node, tagsAbove), operationId });
    }
  }
  for (const { operation, operationId } of found) {
    if (operationId === "") continue;
    // An id that two operations share names neither.
    if (uses.get(operationId) === 1) operation.id = operationId;
    else operation.sharedId = operationId;
  }
  return found.map(({ operation }) => operation);
}

/** A path item; what stands beside its `$ref` is more of it (OpenAPI 3.0.3, "Path Item Object"). */
function itemOf(document: ApiDocument, node: unknown): JsonObject {
  const item = document.resolve(node);
  if (!isObject(node) || typeof node.$ref !== "string") return item;
  const { $ref, ...siblings } = node;
  // A reference that leads nowhere is told with the operations that stand beside it.
  return Object.keys(item).length === 0 ? node : { ...item, ...siblings };
}

/** The operations of a path item by method: those that a call can have. TRACE is none, for it shows credentials. */
function methodsOf(document: ApiDocument, item: JsonObject): [method: string, node: JsonObject][] {
  const found: [string, JsonObject][] = [];
  const since32 = /^3\.[2-9]/.test(document.version);
  const add = (method: string, node: unknown) => {
    if (!METHODS.includes(method as never) || !isObject(node) || found.some(([known]) => known === method)) return;
    const { $ref, ...own } = node;
    found.push([method, $ref === undefined ? node : { ...document.resolve(node), ...own, $ref }]);
  };
  for (const [key, node] of Object.entries(item)) {
    if (key !== "query" || since32) add(key.toUpperCase(), node);
  }
  const additional = since32 ? document.resolve(item.additionalOperations) : {};
  // Methods have a case (RFC 9110, 9.1).
  for (const [method, node] of Object.entries(additional)) add(method, node);
  return found;
}

function operationOf(
  document: ApiDocument,
  api: string,
  method: string,
  template: string,
  item: JsonObject,
  node: JsonObject,
  tagsAbove: (tag: string) => string[],
): DocumentOperation {
  const parts = readTemplate(template);
  const text = (value: unknown) => (typeof value === "string" ? value.trim() : "");
  const tags: string[] = Array.isArray(node.tags) ? node.tags.filter((tag) => typeof tag === "string") : [];
  let details: OperationDetails | undefined;
  const parameters = () => mergedParameters(document, item, node);
  return {
    api,
    id: `${method} ${template.startsWith("/") ? template : parts.path}`,
    method,
    path: parts.path,
    fixedQuery: parts.fixedQuery,
    summary: text(node.summary) || text(item.summary),
    description: text(node.description) || text(item.description),
    tags: [...new Set([...tags, ...tags.flatMap(tagsAbove)])],
    deprecated: node.deprecated === true,
    parameterNames: parameters().map((parameter) => String(parameter.name)),
    bodyNames: () => readBodyNames(document, node, parameters()),
    serverFrom: (base) => readOwnServer(document, item, node, base),
    details() {
      details ??= readDetails(document, item, node, parameters(), parts);
      return details;
    },
  };
}

/** The path's parameters, overridden by the operation's of the same name and place. */
function mergedParameters(document: ApiDocument, item: JsonObject, node: JsonObject): JsonObject[] {
  const merged = new Map<string, JsonObject>();
  for (const list of [item.parameters, node.parameters]) {
    for (const entry of Array.isArray(list) ? list : []) {
      const parameter = document.resolve(entry);
      if (typeof parameter.name !== "string" || typeof parameter.in !== "string") continue;
      // Since 3.1 a reference may word its own description.
      const described = isObject(entry) && entry !== parameter && typeof entry.description === "string";
      const worded = described ? { ...parameter, description: entry.description } : parameter;
      merged.set(`${parameter.in} ${parameter.name}`, worded);
    }
  }
  return [...merged.values()];
}

/** What is above each tag by its `parent` (OpenAPI 3.2.0, "Tag Object"), nearest first. */
function readTagParents({ root }: ApiDocument): (tag: string) => string[] {
  const parents = new Map<string, string>();
  for (const tag of Array.isArray(root.tags) ? root.tags.filter(isObject) : []) {
    if (typeof tag.name === "string" && typeof tag.parent === "string") parents.set(tag.name, tag.parent);
  }
  return (tag) => {
    const above = new Set<string>();
    for (let at = parents.get(tag); at !== undefined && at !== tag && !above.has(at); at = parents.get(at))
      above.add(at);
    return [...above];
  };
}
