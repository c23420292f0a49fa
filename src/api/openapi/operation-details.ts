import { isJsonType, readMediaType } from "../media-types.ts";
import {
  type BodyContent,
  type FormEncoding,
  type JsonObject,
  type OperationDetails,
  type Parameter,
  PLACES,
  type Place,
  type RequestBody,
  type Style,
} from "../operation.ts";
import { scalarText } from "../scalar-text.ts";
import { type ApiDocument, isObject } from "./document.ts";
import { fitParameters, type PathTemplate } from "./path-template.ts";
import { readSecurity } from "./security.ts";
import { readSwaggerParts } from "./swagger2.ts";

/** What calling an operation takes. `item` is its path's, `nodes` its parameters with their references followed. */
export function readDetails(
  document: ApiDocument,
  item: JsonObject,
  node: JsonObject,
  nodes: readonly JsonObject[],
  template: PathTemplate,
): OperationDetails {
  const swagger = document.version === "2.0" ? readSwaggerParts(document, node, nodes) : undefined;
  const responses = document.resolve(node.responses);
  const contentOf = (response: JsonObject): BodyContent[] =>
    swagger ? swagger.contentsOf(response) : readContents(document, response.content);
  return {
    parameters: fitParameters(
      swagger?.parameters ?? nodes.flatMap((parameter) => readParameter(document, parameter)),
      template,
    ),
    body: swagger ? swagger.body : readBody(document, node.requestBody),
    produces: [
      ...new Set(
        Object.entries(responses)
          .filter(([status]) => status.startsWith("2") || status === "default")
          .flatMap(([, response]) => contentOf(document.resolve(response)).map(({ written }) => written)),
      ),
    ],
    ...readSecurity(document, node),
    problems: problemsOf(document, item, node),
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
      ...exampleOf(document, node),
      schema: node.schema ?? content?.schema ?? {},
      ...(content && (whole || byContent) && { content }),
    },
  ];
}

/** A parameter's own example, or the first of several (OpenAPI 3.1.1, "Working with Examples"). */
function exampleOf(document: ApiDocument, node: JsonObject): { example?: unknown } {
  if (node.example !== undefined) return { example: node.example };
  const [first] = isObject(node.examples) ? Object.values(node.examples) : [];
  const { value, dataValue } = document.resolve(first);
  const example = value ?? dataValue;
  return example === undefined ? {} : { example };
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
  return Object.entries(document.resolve(content)).map(([type, node]) => {
    const media = document.resolve(node);
    const encoding = isObject(media.encoding) ? media.encoding : {};
    return {
      ...readMediaType(type),
      schema: media.schema ?? wholeOf(media.itemSchema) ?? {},
      encoding: Object.fromEntries(
        Object.entries(encoding).map(([name, value]) => [name, readEncoding(document, document.resolve(value))]),
      ),
    };
  });
}

/** The schema of a sequence whose items alone are described (OpenAPI 3.2.0, "itemSchema"). */
function wholeOf(itemSchema: unknown): JsonObject | undefined {
  return itemSchema === undefined ? undefined : { type: "array", items: itemSchema };
}

function readEncoding(document: ApiDocument, node: JsonObject): FormEncoding {
  const style = STYLES.query.includes(scalarText(node.style)) ? (node.style as Style) : undefined;
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

/** References of an operation that lead nowhere, as sentences: it can be called, but what they stand for is not known. */
function problemsOf(document: ApiDocument, item: JsonObject, node: JsonObject): string[] {
  const lists = [item.parameters, node.parameters].flatMap((list) => (Array.isArray(list) ? list : []));
  const lost = [item, node, node.requestBody, ...lists].flatMap((part) => lostReference(document, part) ?? []);
  return [...new Set(lost)];
}

function lostReference(document: ApiDocument, start: unknown): string | undefined {
  let at = start;
  for (let hop = 0; hop < 32 && isObject(at) && typeof at.$ref === "string"; hop++) {
    const ref = at.$ref;
    at = document.lookUp(ref);
    if (at === undefined) {
      return `The document refers to ${ref.slice(0, 200)}, which ${document.problemOf(ref) ?? "it does not define"}.`;
    }
  }
  return undefined;
}
