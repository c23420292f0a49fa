import { ToolError } from "../errors.ts";
import { METHODS, placeholdersOf } from "./allow-rules.ts";
import type { ApiRequest, Target } from "./api-request.ts";
import { assertReads } from "./call-policy.ts";
import type { ApiDescription } from "./configured-api.ts";
import { basePathOf, canonicalPath } from "./contained-path.ts";
import { nameKey, operationLike, operationWithId } from "./named-operation.ts";
import type { ApiDocument } from "./openapi/document.ts";
import type { DocumentOperation } from "./openapi/operations.ts";
import type { Operation, OperationDetails, Parameter } from "./operation.ts";
import { isPlaceholder, writtenInPath, writtenInQuery } from "./request/written-values.ts";
import { closestOperations } from "./search/closest-operations.ts";
import { quoted, shorten } from "./shorten.ts";

/**
 * The operation that a request names.
 * @throws ToolError `unknown_operation` with the closest ones, `invalid_input`, `forbidden`.
 */
export function findTarget(api: ApiDescription, request: Pick<ApiRequest, "operation">): Target {
  const named = request.operation?.trim();
  if (named !== undefined && named !== "") return api.document ? findDocumented(api, named) : readPlain(api, named);
  if (api.operations.length === 0) throw nothingPossible(api);
  if (api.operations.length !== 1 || api.operations[0]!.path.includes("*")) {
    throw new ToolError("invalid_input", `"operation" is required: API "${api.name}" has more than one call.`, {
      hint: `${api.document ? "api_search finds operations, such as" : "Allowed:"} ${idsOf(api.operations)}.`,
      issues: [{ path: "/operation", message: "is required" }],
    });
  }
  const only = api.operations[0]!.id;
  return api.document ? findDocumented(api, only) : readPlain(api, only);
}

/** The listed operation that a name means: its own, or the rule or template that a path fits. Undefined where there is none. */
export function findOperation(api: ApiDescription, named: string): Operation | undefined {
  const listed = api.operations.find(({ id, method, path }) => id === named || `${method} ${path}` === named);
  if (listed) return listed;
  let target: Target;
  try {
    target = findTarget(api, { operation: named });
  } catch (error) {
    if (error instanceof ToolError) return undefined;
    throw error;
  }
  if (api.document) return api.operations.find((operation) => operation === target.operation);
  const rule = api.rules.find((each) => each.matches(target.method, target.template));
  return api.operations.find(
    ({ method, path }) => path === rule?.path && (method === rule.method || method === target.method),
  );
}

/** @throws ToolError `forbidden` where no rule of the configuration allows the call. */
export function assertAllowed(api: ApiDescription, method: string, path: string, itself = false): void {
  assertReads(api, method);
  if (api.document && api.rules.length === 0) return;
  const rules = api.rules;
  const allowed = rules.length === 0 ? itself && method === "POST" : rules.some((rule) => rule.matches(method, path));
  if (allowed) return;
  if (api.operations.length === 0) throw nothingPossible(api);
  const possible = api.document ? rules.map(({ text }) => text) : api.operations.map(({ id }) => id);
  const list = rules.length === 0 ? "POST / (the API's URL itself)" : possible.join(", ");
  throw new ToolError("forbidden", `API "${api.name}" does not allow ${method} ${shorten(path)}. Allowed: ${list}.`, {
    hint: `apis.${api.name}.allow in the configuration lists the allowed calls.`,
  });
}

/** Where rules, or what the API is, leave no call. */
function nothingPossible({ name, document, rules, settings: { readOnly } }: ApiDescription): ToolError {
  const why = readOnly ? " It is read-only, and none of its calls is GET or HEAD." : "";
  const missing = !document && rules.length === 0;
  return new ToolError("forbidden", `No call of API "${name}" is possible.${why}`, {
    hint: missing
      ? `Without rules, only POST of its URL is: name what may be read in apis.${name}.allow, such as "GET /*".`
      : `apis.${name}.allow and readOnly in the configuration say which calls are possible.`,
  });
}

/** `METHOD /path?query`, apart: what stands in the query is checked like what is given in `query`. @throws ToolError `invalid_input`, `forbidden` */
function splitCall(named: string, apiName: string): { method: string; path: string; query: string } {
  const parts = /^([A-Za-z]+)[ \t]+(\S.*)$/s.exec(named);
  const method = parts?.[1]?.toUpperCase() ?? "";
  if (!parts) {
    // What is wrong with a path says more than that its method is missing.
    if (/^[/\\.%]|:\/\//.test(named)) canonicalPath(named);
    throw new ToolError(
      "invalid_input",
      `"operation" must be METHOD /path for API "${apiName}", not ${quoted(named)}.`,
      {
        hint: `Methods: ${METHODS.join(", ")}. api_search lists what "${apiName}" allows.`,
        issues: [{ path: "/operation", message: 'must be METHOD /path, such as "GET /v1/items"' }],
      },
    );
  }
  if (!METHODS.includes(method as never)) {
    throw new ToolError("forbidden", `The method ${quoted(method)} cannot be used.`, {
      hint: `Methods: ${METHODS.join(", ")}.`,
    });
  }
  const [path = "", query = ""] = (parts[2] as string).split(/\?([^#]*)$/s);
  return { method, path, query };
}

const NO_DETAILS: OperationDetails = {
  parameters: [],
  body: undefined,
  produces: [],
  credential: undefined,
  responses: () => [],
  responseSchema: () => undefined,
};

function readPlain(api: ApiDescription, named: string): Target {
  const { method, path, query } = splitCall(named, api.name);
  if (path.includes("*") && api.rules.some((rule) => rule.path === path)) {
    throw new ToolError("invalid_input", `${method} ${path} is a rule: write the real path, without *.`, {
      hint: `Such as ${method} ${path.replaceAll("*", "items")}.`,
    });
  }
  const template = canonicalPath(path).replace(
    /%7B(.*?)%7D/g,
    (_match, name: string) => `{${decodeURIComponent(name)}}`,
  );
  return {
    api: api.name,
    id: `${method} ${template}`,
    method,
    base: api.base,
    template,
    itself: template === "/",
    open: true,
    details: { ...NO_DETAILS, parameters: placeholdersOf(template).map(placeholderParameter) },
    fixedQuery: "",
    pathValues: {},
    queryValues: writtenInQuery(query, [], undefined),
    operation: undefined,
  };
}

export function placeholderParameter(name: string): Parameter {
  const schema = { type: ["string", "number", "boolean"] };
  const fixed = { in: "path", required: true, style: "simple", explode: false, allowReserved: false } as const;
  return { name, ...fixed, description: "", schema };
}

function findDocumented(api: ApiDescription, named: string): Target {
  const all = api.document!.operations;
  // `GET /items` is no name, though `getItems` may be one.
  const isCall = /^(?:[A-Za-z]+\s+)?\//.test(named);
  const operation = operationWithId(all, named) ?? (isCall ? undefined : operationLike(all, api.name, named));
  if (operation) return plainTarget(api, operation);
  const [, verb = "", behind] = /^([A-Za-z]+)\s+([^/\s].*)$/s.exec(named) ?? [];
  if (behind !== undefined && METHODS.includes(verb.toUpperCase() as never)) {
    const meant = operationWithId(all, behind) ?? operationLike(all, api.name, behind);
    if (meant?.method === verb.toUpperCase()) return plainTarget(api, meant);
  }
  if (!isCall) throw unknownOperation([api], named);

  const { method, path, query } = splitCall(named, api.name);
  const template = all.find((entry) => entry.method === method && entry.path === path);
  if (template) return documentedTarget(api, template, { query });
  const concrete = withCommas(canonicalPath(path), path);
  const basePath = basePathOf(api.base);
  const below = basePath !== "" && concrete.startsWith(`${basePath}/`) ? concrete.slice(basePath.length) : undefined;
  for (const candidate of below === undefined ? [concrete] : [concrete, below]) {
    // A slash at the end means nothing, unless the document says that it does.
    const other = candidate.endsWith("/") ? candidate.replace(/\/+$/, "") : `${candidate}/`;
    const match = matchTemplates(all, method, candidate) ?? matchTemplates(all, method, other);
    if (match) return documentedTarget(api, match.operation, { query, inPath: match.values });
  }
  throw unknownOperation([api], named);
}

/** What stands where a path has parameters: values, or the caller's own names for them, as `{name}` or `:name`. */
function readValues(
  found: Readonly<Record<string, string>>,
  parameters: readonly Parameter[],
  document: ApiDocument,
): Pick<Target, "pathValues" | "pathAliases"> {
  const entries = Object.entries(found).map(([name, raw]): [string, unknown] => {
    const parameter = parameters.find((entry) => entry.in === "path" && entry.name === name);
    return [name, writtenInPath(raw, parameter, document)];
  });
  const isName = (entry: [string, unknown]): entry is [string, string] => {
    const [name, value] = entry;
    return typeof value === "string" && (isPlaceholder(value) || value === `:${name}`);
  };
  return {
    pathValues: Object.fromEntries(entries.filter((entry) => !isName(entry))),
    pathAliases: Object.fromEntries(
      entries.filter(isName).map(([name, value]) => [value.replace(/^:|[{}]/g, ""), name]),
    ),
  };
}

/** A canonical path with those commas encoded that were so in the text: they delimit nothing. Nothing else becomes a comma. */
function withCommas(canonical: string, text: string): string {
  const commas = text.match(/,|%2C/gi) ?? [];
  return canonical.replaceAll(",", () => commas.shift()?.toUpperCase() ?? ",");
}

/** Targets of calls that give no values with the operation's name. Each operation is of one API. */
const plainTargets = new WeakMap<DocumentOperation, Target>();

function plainTarget(api: ApiDescription, operation: DocumentOperation): Target {
  const known = plainTargets.get(operation);
  if (known) return known;
  const target = readTarget(api, operation);
  plainTargets.set(operation, target);
  return target;
}

function documentedTarget(
  api: ApiDescription,
  operation: DocumentOperation,
  written: { query: string; inPath?: Readonly<Record<string, string>> },
): Target {
  const target = plainTarget(api, operation);
  const { parameters } = target.details;
  const document = api.document!.source;
  return {
    ...target,
    ...readValues(written.inPath ?? {}, parameters, document),
    queryValues: writtenInQuery(written.query, parameters, document),
  };
}

function readTarget(api: ApiDescription, operation: DocumentOperation): Target {
  const details = operation.details();
  const declared = new Set(details.parameters.filter((entry) => entry.in === "path").map((entry) => entry.name));
  // Documents forget to declare what their paths name.
  const undeclared = placeholdersOf(operation.path).filter((name) => !declared.has(name));
  return {
    api: api.name,
    id: operation.id,
    method: operation.method,
    base: api.baseOf(operation),
    template: operation.path,
    itself: false,
    open: false,
    details:
      undeclared.length === 0
        ? details
        : { ...details, parameters: [...undeclared.map(placeholderParameter), ...details.parameters] },
    fixedQuery: operation.fixedQuery,
    pathValues: {},
    operation,
  };
}

/** The operation whose template fits a canonical path, the one with the most literal text first. */
function matchTemplates(
  operations: readonly DocumentOperation[],
  method: string,
  path: string,
): { operation: DocumentOperation; values: Record<string, string> } | undefined {
  let best: { operation: DocumentOperation; values: Record<string, string>; literal: number } | undefined;
  const segments = path.split("/");
  for (const operation of operations) {
    if (operation.method !== method) continue;
    const templates = operation.path.split("/");
    const literal = operation.path.replace(PLACEHOLDER, "").length;
    if (templates.length !== segments.length || (best && best.literal >= literal)) continue;
    const found: string[] = [];
    const fits = templates.every((template, index) => {
      const values = matchSegment(template, segments[index] as string);
      if (values) found.push(...values);
      return values !== undefined;
    });
    if (!fits) continue;
    const values = placeholdersOf(operation.path).map((name, index) => [name, found[index]]);
    best = { operation, values: Object.fromEntries(values), literal };
  }
  return best;
}

const PLACEHOLDER = /\{[^{}/]+\}/g;

/**
 * The values of a segment's placeholders, still percent-encoded, each as short as it can be, in linear time: the first place where the text
 * between two placeholders stands is as good as any later one. Undefined where the segment does not fit.
 */
function matchSegment(template: string, segment: string): string[] | undefined {
  const literals = template.split(PLACEHOLDER);
  const first = literals[0] as string;
  if (literals.length === 1) return segment === first ? [] : undefined;
  if (!segment.startsWith(first)) return undefined;
  const values: string[] = [];
  let start = first.length;
  for (const [index, text] of literals.slice(1).entries()) {
    const isLast = index === literals.length - 2;
    const end = isLast ? segment.length - text.length : segment.indexOf(text, start + 1);
    if (end <= start || !segment.startsWith(text, end)) return undefined;
    values.push(segment.slice(start, end));
    start = end + text.length;
  }
  try {
    values.map(decodeURIComponent);
    return values;
  } catch {
    // A placeholder that ends amid a percent-encoding.
    return undefined;
  }
}

export function unknownOperation(apis: readonly ApiDescription[], named: string): ToolError {
  const [only] = apis.length === 1 ? apis : [];
  const operations = only?.operations ?? apis.flatMap((api) => api.operations);
  const sharing = operations.filter(({ sharedId }) => sharedId !== undefined && nameKey(sharedId) === nameKey(named));
  if (sharing.length > 0) {
    return new ToolError("unknown_operation", `${quoted(named)} is the id of more than one operation.`, {
      hint: `Name one by METHOD and path: ${sharing
        .slice(0, 8)
        .map((one) => (only ? one.id : `${one.id} (${one.api})`))
        .join(", ")}.`,
    });
  }
  const close = closestOperations(operations, named, 5).map(({ id, api }) => (only ? id : `${id} (${api})`));
  const whose = only ? `API "${only.name}" has no operation` : "No API has an operation";
  return new ToolError("unknown_operation", `${whose} ${quoted(named)}.`, {
    hint:
      close.length > 0
        ? `Closest: ${close.join(", ")}. api_search finds others.`
        : "api_search finds operations by what they do.",
  });
}

function idsOf(operations: readonly { id: string }[]): string {
  const shown = operations.slice(0, 8).map(({ id }) => id);
  return `${shown.join(", ")}${operations.length > shown.length ? ", …" : ""}`;
}
