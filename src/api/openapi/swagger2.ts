import type { BodyContent, JsonObject, Parameter, Place, RequestBody, Style } from "../operation.ts";
import { type ApiDocument, isObject } from "./document.ts";

/** What Swagger 2.0 writes otherwise than OpenAPI 3: bodies as parameters, media types apart, collection formats. */
export interface SwaggerParts {
  parameters: Parameter[];
  body: RequestBody | undefined;
  contentsOf(response: JsonObject): BodyContent[];
}

const NOT_SCHEMA = new Set(["name", "in", "required", "description", "collectionFormat", "allowEmptyValue", "schema"]);

export function readSwaggerParts(document: ApiDocument, node: JsonObject, nodes: JsonObject[]): SwaggerParts {
  const types = (list: unknown, other: unknown): string[] => {
    const found = Array.isArray(list) ? list : Array.isArray(other) ? other : [];
    return found.filter((type) => typeof type === "string").map((type) => type.toLowerCase());
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
        schema: schemaOf(parameter),
      })),
    body: readBody(nodes, consumes),
    contentsOf(response) {
      if (!isObject(response.schema)) return [];
      const answered = produces.length > 0 ? produces : ["application/json"];
      return answered.map((type) => ({ type, schema: response.schema, encoding: {} }));
    },
  };
}

function readBody(nodes: JsonObject[], consumes: string[]): RequestBody | undefined {
  const whole = nodes.find((parameter) => parameter.in === "body");
  if (whole) {
    const types = consumes.length > 0 ? consumes : ["application/json"];
    return {
      required: whole.required === true,
      description: typeof whole.description === "string" ? whole.description : "",
      contents: types.map((type) => ({ type, schema: whole.schema ?? {}, encoding: {} })),
    };
  }
  const fields = nodes.filter((parameter) => parameter.in === "formData");
  if (fields.length === 0) return undefined;
  const files = fields.some((field) => field.type === "file");
  const type =
    consumes.find((name) => name === "multipart/form-data" || name === "application/x-www-form-urlencoded") ??
    (files ? "multipart/form-data" : "application/x-www-form-urlencoded");
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
  return { required: required.length > 0, description: "", contents: [{ type, schema, encoding }] };
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
  if (schema.type === "file") return { type: "string", format: "binary" };
  return typeof parameter.description === "string" ? { ...schema, description: parameter.description } : schema;
}
