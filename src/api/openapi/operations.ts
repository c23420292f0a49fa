import type {
  BodyContent,
  Credential,
  FormEncoding,
  JsonObject,
  Operation,
  OperationDetails,
  Parameter,
  Place,
  RequestBody,
  Style,
} from "../operation.ts";
import { PLACES } from "../operation.ts";
import { type ApiDocument, isObject } from "./document.ts";
import { readSwaggerParts } from "./swagger2.ts";

const DOCUMENT_METHODS = ["get", "head", "post", "put", "patch", "delete", "options"] as const;

/** An operation of a document; its details are read when they are asked for. */
export interface DocumentOperation extends Operation {
  /** Query that the document writes into the path itself, such as `action=list`; sent with every call. */
  fixedQuery: string;
  details(): OperationDetails;
}

/** Every operation of the document, in its order. */
export function readOperations(document: ApiDocument, api: string): DocumentOperation[] {
  const found: { operation: DocumentOperation; operationId: string }[] = [];
  const uses = new Map<string, number>();
  for (const [template, pathNode] of Object.entries(document.root.paths as JsonObject)) {
    if (template.startsWith("x-")) continue;
    const item = document.resolve(pathNode);
    for (const key of DOCUMENT_METHODS) {
      const node = item[key];
      if (!isObject(node)) continue;
      const operationId = typeof node.operationId === "string" ? node.operationId.trim() : "";
      uses.set(operationId, (uses.get(operationId) ?? 0) + 1);
      found.push({ operation: operationOf(document, api, key, template, item, node), operationId });
    }
  }
  for (const { operation, operationId } of found) {
    // An id that two operations share names neither.
    if (operationId !== "" && uses.get(operationId) === 1) operation.id = operationId;
  }
  return found.map(({ operation }) => operation);
}

function operationOf(
  document: ApiDocument,
  api: string,
  key: string,
  template: string,
  item: JsonObject,
  node: JsonObject,
): DocumentOperation {
  const method = key.toUpperCase();
  const [bare = "", query = ""] = (template.split("#")[0] ?? "").split("?");
  const path = (bare.startsWith("/") ? bare : `/${bare}`).replace(/[^\w.~!$&'()*+,;=:@/%{}-]/gu, encodeURIComponent);
  const text = (value: unknown) => (typeof value === "string" ? value.trim() : "");
  let details: OperationDetails | undefined;
  const parameters = () => mergedParameters(document, item, node);
  return {
    api,
    id: `${method} ${template.startsWith("/") ? template : path}`,
    method,
    path,
    fixedQuery: query,
    summary: text(node.summary) || text(item.summary),
    description: text(node.description),
    tags: Array.isArray(node.tags) ? node.tags.filter((tag) => typeof tag === "string") : [],
    deprecated: node.deprecated === true,
    parameterNames: parameters().map((parameter) => String(parameter.name)),
    details() {
      details ??= readDetails(document, node, parameters());
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
      if (typeof parameter.name === "string" && typeof parameter.in === "string") {
        merged.set(`${parameter.in} ${parameter.name}`, parameter);
      }
    }
  }
  return [...merged.values()];
}

function readDetails(document: ApiDocument, node: JsonObject, nodes: JsonObject[]): OperationDetails {
  const swagger = document.version === "2.0" ? readSwaggerParts(document, node, nodes) : undefined;
  const responses = isObject(node.responses) ? node.responses : {};
  const contentOf = (response: JsonObject): BodyContent[] =>
    swagger ? swagger.contentsOf(response) : readContents(document, response.content);
  return {
    parameters: swagger?.parameters ?? nodes.flatMap((parameter) => readParameter(document, parameter)),
    body: swagger ? swagger.body : readBody(document, node.requestBody),
    produces: [
      ...new Set(
        Object.entries(responses)
          .filter(([status]) => status.startsWith("2") || status === "default")
          .flatMap(([, response]) => contentOf(document.resolve(response)).map(({ type }) => type)),
      ),
    ],
    credential: readCredential(document, node),
    responses: () =>
      Object.entries(responses)
        .filter(([status]) => /^([1-5](\d\d|XX)|default)$/i.test(status))
        .map(([status, node]) => {
          const response = document.resolve(node);
          const { description } = response;
          return {
            status: status.toUpperCase().replace("DEFAULT", "default"),
            description: typeof description === "string" ? description : "",
            contents: contentOf(response),
          };
        }),
    responseSchema(status) {
      const range = `${Math.floor(status / 100)}XX`;
      const key = [String(status), range, range.toLowerCase(), "default"].find((name) =>
        Object.hasOwn(responses, name),
      );
      if (key === undefined) return undefined;
      const contents = contentOf(document.resolve(responses[key]));
      return (contents.find(({ type }) => isJsonType(type)) ?? contents.find(({ type }) => type === "*/*"))?.schema;
    },
  };
}

const DEFAULT_STYLE: Record<Place, Style> = { path: "simple", query: "form", header: "simple", cookie: "form" };
const STYLES: Record<Place, readonly string[]> = {
  path: ["simple", "label", "matrix"],
  query: ["form", "spaceDelimited", "pipeDelimited", "deepObject"],
  header: ["simple"],
  cookie: ["form", "cookie"],
};
/** Headers that OpenAPI describes elsewhere (3.1.1, "Parameter Object"). */
const OTHERWISE_DESCRIBED = /^(accept|content-type|authorization)$/i;

function readParameter(document: ApiDocument, node: JsonObject): Parameter[] {
  const whole = node.in === "querystring";
  const place = whole ? "query" : (node.in as Place);
  const name = String(node.name);
  if (!PLACES.includes(place) || (place === "header" && OTHERWISE_DESCRIBED.test(name))) return [];
  const content = readContents(document, node.content)[0];
  const named =
    typeof node.style === "string" && STYLES[place].includes(node.style) ? (node.style as Style) : undefined;
  const byContent = content && node.schema === undefined;
  const style = whole ? "querystring" : byContent ? "content" : (named ?? DEFAULT_STYLE[place]);
  return [
    {
      name,
      in: place,
      required: node.required === true || place === "path",
      description: typeof node.description === "string" ? node.description : "",
      style,
      explode: typeof node.explode === "boolean" ? node.explode : ["form", "cookie", "deepObject"].includes(style),
      // Before 3.2 the field has no meaning elsewhere.
      allowReserved: node.allowReserved === true && (place === "query" || /^3\.[2-9]/.test(document.version)),
      ...(node.allowEmptyValue === true && place === "query" && { allowEmptyValue: true }),
      ...(node.deprecated === true && { deprecated: true }),
      schema: node.schema ?? content?.schema ?? {},
      ...(content && (whole || byContent) && { content }),
    },
  ];
}

function readBody(document: ApiDocument, node: unknown): RequestBody | undefined {
  if (!isObject(node)) return undefined;
  const body = document.resolve(node);
  const contents = readContents(document, body.content);
  if (contents.length === 0) return undefined;
  return {
    required: body.required === true,
    description: typeof body.description === "string" ? body.description : "",
    contents,
  };
}

function readContents(document: ApiDocument, content: unknown): BodyContent[] {
  if (!isObject(content)) return [];
  return Object.entries(content).map(([type, node]) => {
    const media = document.resolve(node);
    const encoding = isObject(media.encoding) ? media.encoding : {};
    return {
      type: (type.split(";")[0] ?? "").trim().toLowerCase(),
      schema: media.schema ?? {},
      encoding: Object.fromEntries(
        Object.entries(encoding).map(([name, value]) => [name, readEncoding(document, document.resolve(value))]),
      ),
    };
  });
}

function readEncoding(document: ApiDocument, node: JsonObject): FormEncoding {
  const style = STYLES.query.includes(String(node.style)) ? (node.style as Style) : undefined;
  const headers = Object.entries(isObject(node.headers) ? node.headers : {}).flatMap(([name, value]) => {
    const text = fixedValue(document, document.resolve(value));
    return text === undefined ? [] : [[name, text] as const];
  });
  return {
    ...(style && { style }),
    ...(typeof node.explode === "boolean" && { explode: node.explode }),
    ...(typeof node.allowReserved === "boolean" && { allowReserved: node.allowReserved }),
    ...(typeof node.contentType === "string" && { contentType: node.contentType }),
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
  };
}

/** The only value that a header can have, or its default. */
function fixedValue(document: ApiDocument, header: JsonObject): string | undefined {
  const schema = document.resolve(header.schema);
  const only = Array.isArray(schema.enum) && schema.enum.length === 1 ? schema.enum[0] : undefined;
  const value = schema.const ?? only ?? schema.default;
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/**
 * How the key travels: by the first scheme of the operation's, else the document's, security that a key can serve. Null where
 * the operation itself lists none, which takes the document's away (OpenAPI 3.1.1, "Operation Object").
 */
function readCredential(document: ApiDocument, node: JsonObject): Credential | null | undefined {
  if (Array.isArray(node.security) && node.security.length === 0) return null;
  const requirements = Array.isArray(node.security) ? node.security : document.root.security;
  const components = isObject(document.root.components) ? document.root.components : {};
  const schemes = components.securitySchemes ?? document.root.securityDefinitions;
  if (!Array.isArray(requirements) || !isObject(schemes)) return undefined;
  for (const requirement of requirements.filter(isObject)) {
    for (const name of Object.keys(requirement)) {
      const credential = credentialOf(document.resolve(Object.hasOwn(schemes, name) ? schemes[name] : undefined));
      if (credential) return credential;
    }
  }
  return undefined;
}

function credentialOf(scheme: JsonObject): Credential | undefined {
  const basic = scheme.type === "basic" || (scheme.type === "http" && /^basic$/i.test(String(scheme.scheme)));
  if (basic) return { in: "header", name: "Authorization", scheme: "Basic" };
  if (scheme.type === "http" || scheme.type === "oauth2" || scheme.type === "openIdConnect") {
    return { in: "header", name: "Authorization", scheme: "Bearer" };
  }
  const place = scheme.in;
  if (scheme.type !== "apiKey" || typeof scheme.name !== "string") return undefined;
  if (place !== "header" && place !== "query" && place !== "cookie") return undefined;
  return { in: place, name: scheme.name, scheme: "" };
}

/** Whether a media type is JSON (RFC 6839). */
export function isJsonType(type: string): boolean {
  return type === "application/json" || type === "text/json" || type.endsWith("+json");
}

/**
 * The absolute URL of the document's first server, its variables at their defaults.
 * Undefined where it is relative or there is none: a document in a file has no place of its own.
 */
export function readServer(document: ApiDocument): URL | undefined {
  const { root } = document;
  let text: string | undefined;
  if (document.version === "2.0") {
    const scheme = Array.isArray(root.schemes) && !root.schemes.includes("https") ? root.schemes[0] : "https";
    if (typeof root.host === "string") text = `${scheme}://${root.host}${root.basePath ?? ""}`;
  } else {
    const server = document.resolve(Array.isArray(root.servers) ? root.servers[0] : undefined);
    const variables = isObject(server.variables) ? server.variables : {};
    if (typeof server.url === "string") {
      text = server.url.replace(/\{([^{}]+)\}/g, (match, name: string) => {
        const fallback = document.resolve(Object.hasOwn(variables, name) ? variables[name] : undefined).default;
        return typeof fallback === "string" ? fallback : match;
      });
    }
  }
  if (text === undefined || !/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  // A document is data: it does not name credentials.
  url.username = "";
  url.password = "";
  url.hash = "";
  return url;
}
