import { type MediaType, readMediaType } from "../media-types.ts";
import type { BodyContent, JsonObject, Parameter, Place, RequestBody, Style } from "../operation.ts";
import { type ApiDocument, isObject } from "./document.ts";

/** What Swagger 2.0 writes otherwise than OpenAPI 3: bodies as parameters, media types apart, collection formats. */
export interface SwaggerParts {
  parameters: Parameter[];
  body: RequestBody | undefined;
  contentsOf(response: JsonObject): BodyContent[];
}

const NOT_SCHEMA = new Set(["name", "in", "required", "description", "collectionFormat", "allowEmptyValue", "schema"]);

export function readSwaggerParts(document: ApiDocument, node: JsonObject, nodes: readonly JsonObject[]): SwaggerParts {
  const types = (list: unknown, other: unknown): MediaType[] => {
    const found = Array.isArray(list) ? list : Array.isArray(other) ? other : [];
    return found.filter((type) => typeof type === "string").map(readMediaType);
  };
  const consumes = types(node.consumes, document.root.consumes);
  const produces = types(node.produces, document.root.produces);
  return {
    parameters: nodes
      .filter(({ in: place }) => place === "path" || place === "query" || place === "header")
      .map((parameter) => ({
        name: String(parameter.name),
        in: parameter.in as Place,
        required: parameter.required === true || parameter.in === "path",
        description: typeof parameter.description === "string" ? parameter.description : "",
        ...styleOf(parameter),
        allowReserved: false,
        ...(parameter.allowEmptyValue === true && parameter.in === "query" && { allowEmptyValue: true }),
        schema: schemaOf(parameter),
      })),
    body: readBody(nodes, consumes),
    contentsOf(response) {
      if (!isObject(response.schema)) return [];
      const file = document.resolve(response.schema).type === "file";
      const schema = file ? FILE : response.schema;
      const usual = file ? "application/octet-stream" : "application/json";
      return (produces.length > 0 ? produces : [readMediaType(usual)]).map((type) => ({
        ...type,
        schema,
        encoding: {},
      }));
    },
  };
}

const FILE = { type: "string", format: "binary" };
const FORMS = ["multipart/form-data", "application/x-www-form-urlencoded"];

/** A body is one whole or the fields of a form. Documents that have both mean that the content type decides. */
function readBody(nodes: readonly JsonObject[], consumes: readonly MediaType[]): RequestBody | undefined {
  const whole = nodes.find((parameter) => parameter.in === "body");
  const fields = nodes.filter((parameter) => parameter.in === "formData");
  const form = fields.length > 0 ? readForm(fields, consumes) : undefined;
  if (!whole) return form;
  const others = form ? consumes.filter(({ type }) => !FORMS.includes(type)) : consumes;
  const types = others.length > 0 ? others : [readMediaType("application/json")];
  const contents = types.map((type) => ({ ...type, schema: whole.schema ?? {}, encoding: {} }));
  return {
    required: whole.required === true && !form,
    description: typeof whole.description === "string" ? whole.description : "",
    contents: [...contents, ...(form?.contents ?? [])],
  };
}

function readForm(fields: readonly JsonObject[], consumes: readonly MediaType[]): RequestBody {
  const files = fields.some((field) => field.type === "file");
  // Files need parts.
  const possible = files ? FORMS.slice(0, 1) : FORMS;
  const type = consumes.find((each) => possible.includes(each.type)) ?? readMediaType(possible.at(-1)!);
  const required = fields.filter((field) => field.required === true).map((field) => String(field.name));
  const schema = {
    type: "object",
    properties: Object.fromEntries(fields.map((field) => [String(field.name), schemaOf(field)])),
    ...(required.length > 0 && { required }),
  };
  const encoding = Object.fromEntries(
    fields
      .filter((field) => field.type === "array")
      .map((field) => [String(field.name), styleOf({ ...field, in: "query" })]),
  );
  return { required: required.length > 0, description: "", contents: [{ ...type, schema, encoding }] };
}

function styleOf(parameter: JsonObject): { style: Style; explode: boolean } {
  const format = parameter.collectionFormat;
  if (format === "ssv") return { style: "spaceDelimited", explode: false };
  if (format === "tsv") return { style: "tabDelimited", explode: false };
  if (format === "pipes") return { style: "pipeDelimited", explode: false };
  if (parameter.in !== "query") return { style: "simple", explode: false };
  return { style: "form", explode: format === "multi" };
}

function schemaOf(parameter: JsonObject): JsonObject {
  const schema = Object.fromEntries(Object.entries(parameter).filter(([key]) => !NOT_SCHEMA.has(key)));
  if (schema.type === "file")
    return typeof parameter.description === "string" ? { ...FILE, description: parameter.description } : FILE;
  return typeof parameter.description === "string" ? { ...schema, description: parameter.description } : schema;
}
