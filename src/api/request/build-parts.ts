import { bareType, isJsonType } from "../media-types.ts";
import { type ApiDocument, isObject } from "../openapi/document.ts";
import type { BodyContent, FormEncoding, JsonObject } from "../operation.ts";
import { isBinaryType, readsAsJson } from "./choose-content.ts";
import { isFileObject, readFileValue } from "./file-value.ts";
import { namesAnswer } from "./kept-file.ts";
import type { Part } from "./multipart.ts";
import { mediaTypeOf, serializeInQuery } from "./serialize-parameter.ts";
import { toJson, toText } from "./value-text.ts";

const MAX_DEPTH = 8;

/** What the document says of a property, wherever the schema has it; undefined where it says nothing. */
export function propertySchema(
  document: ApiDocument | undefined,
  schema: unknown,
  name: string,
): JsonObject | undefined {
  return document && findProperty(document, schema, name, 0);
}

function findProperty(document: ApiDocument, node: unknown, name: string, depth: number): JsonObject | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const schema = document.resolve(node);
  if (isObject(schema.properties) && Object.hasOwn(schema.properties, name)) {
    return document.resolve(schema.properties[name]);
  }
  for (const key of ["allOf", "anyOf", "oneOf"]) {
    const list = schema[key];
    for (const part of Array.isArray(list) ? list : []) {
      const found = findProperty(document, part, name, depth + 1);
      if (found) return found;
    }
  }
  return undefined;
}

/** Whether a schema describes bytes: OpenAPI 3.0's `format: binary`, Swagger's `file`, or a content type since 3.1. */
function isFileSchema(schema: JsonObject | undefined, encoding: FormEncoding | undefined): boolean {
  if (schema === undefined || isBase64(schema)) return false;
  if (schema.format === "binary" || schema.type === "file") return true;
  const scalar = [schema.type].flat().includes("string") || schema.type === undefined;
  const type = mediaTypeOf(encoding?.contentType) || String(schema.contentMediaType ?? "");
  return (
    scalar && schema.properties === undefined && (schema.contentMediaType !== undefined || isBinaryType(bareType(type)))
  );
}

/** A text that holds bytes: OpenAPI 3.0's `format: byte`, `contentEncoding` since 3.1. */
function isBase64(schema: JsonObject): boolean {
  return schema.format === "byte" || /^base64(url)?$/i.test(String(schema.contentEncoding ?? ""));
}

interface Property {
  name: string;
  schema: JsonObject | undefined;
  encoding: FormEncoding | undefined;
}

function propertyOf(document: ApiDocument | undefined, content: BodyContent, name: string): Property {
  const whole = propertySchema(document, content.schema, name);
  const item = whole?.items !== undefined && document ? document.resolve(whole.items) : undefined;
  return {
    name,
    schema: item ?? whole,
    encoding: Object.hasOwn(content.encoding, name) ? content.encoding[name] : undefined,
  };
}

/** The properties of a multipart body that are given as files, which their schemas do not describe. */
export function filesIn(document: ApiDocument | undefined, content: BodyContent, body: JsonObject): Set<string> {
  const names = Object.keys(body).filter((name) => {
    const { schema, encoding } = propertyOf(document, content, name);
    if (isFileSchema(schema, encoding)) return true;
    // Where a property is described as a text, a URI is one.
    return [body[name]].flat().some((item) => isFileObject(item) || (schema === undefined && namesAnswer(item)));
  });
  return new Set(names);
}

/** Properties that are written in a media type of their own, as objects are not (OpenAPI 3.1.1, `encoding.contentType`). */
export interface WrittenProperties {
  /** Those given as text, whatever their schemas say of what it means. */
  texts: ReadonlySet<string>;
  /** Those given as objects, with the media type that wants a text. */
  misfits: readonly { name: string; type: string }[];
}

/** What of a form has to be the text of a media type that is not JSON. Plain text may be JSON. */
export function writtenIn(
  document: ApiDocument | undefined,
  content: BodyContent,
  body: JsonObject,
): WrittenProperties {
  const texts = new Set<string>();
  const misfits: { name: string; type: string }[] = [];
  for (const [name, value] of Object.entries(body)) {
    const { schema, encoding } = propertyOf(document, content, name);
    const types = (encoding?.contentType ?? "").split(",").map(mediaTypeOf);
    const isStyled = encoding?.style !== undefined || encoding?.explode !== undefined;
    if (isStyled || types.some((type) => mayBeJson(type)) || isFileSchema(schema, encoding)) continue;
    const items = [value].flat();
    const isText = [schema?.type].flat().includes("string");
    if (items.every((item) => typeof item === "string") && !isText) texts.add(name);
    if (items.some((item) => isObject(item) && !isFileObject(item))) misfits.push({ name, type: types[0] as string });
  }
  return { texts, misfits };
}

function mayBeJson(type: string): boolean {
  return type === "" || type === "text/plain" || type.includes("*") || isJsonType(type);
}

/** The name of a property that is a file; undefined where the document tells of none. */
export function fileProperty(document: ApiDocument | undefined, content: BodyContent): string | undefined {
  const properties = document?.resolve(content.schema).properties;
  return Object.keys(isObject(properties) ? properties : {}).find((name) => {
    const { schema, encoding } = propertyOf(document, content, name);
    return isFileSchema(schema, encoding);
  });
}

/**
 * The parts of a multipart body (OpenAPI 3.2.0, "Encoding multipart Media Types"): one for each property and for each item of a
 * list; objects as JSON unless `encoding` says otherwise.
 * @throws what `wrong` makes of a property's name and a reason
 */
export function buildParts(
  document: ApiDocument | undefined,
  content: BodyContent,
  body: JsonObject,
  wrong: (name: string, message: string) => Error,
): Part[] {
  return Object.entries(body).flatMap(([name, value]): Part[] => {
    if (value === null || value === undefined) return [];
    const property = propertyOf(document, content, name);
    const { encoding } = property;
    const styled = encoding?.style !== undefined || encoding?.explode !== undefined;
    if (styled && typeof value === "object" && ![value].flat().some(isFileObject)) return styledParts(property, value);
    const items = Array.isArray(value) ? value.filter((item) => item !== null && item !== undefined) : [value];
    return items.map((item) => buildPart(property, item, wrong));
  });
}

/** As in a query, but that nothing is encoded (OpenAPI 3.2.0, "Fixed Fields for RFC6570-style Serialization"). */
function styledParts({ name, encoding }: Property, value: unknown): Part[] {
  const style = encoding?.style ?? "form";
  const how = { name, style, explode: encoding?.explode ?? style === "form", allowReserved: false };
  return serializeInQuery(how, value).map((pair) => {
    const end = pair.indexOf("=");
    const headers = encoding?.headers;
    return {
      name: decodeURIComponent(pair.slice(0, end)),
      ...(headers && { headers }),
      content: decodeURIComponent(pair.slice(end + 1)),
    };
  });
}

function buildPart(
  { name, schema, encoding }: Property,
  value: unknown,
  wrong: (name: string, why: string) => Error,
): Part {
  const listed = (encoding?.contentType ?? "").split(",").map((type) => type.trim());
  const chosen = isObject(value) ? (listed.find((type) => isJsonType(bareType(type))) ?? listed[0]) : listed[0];
  const named = chosen === "" || chosen?.includes("*") ? undefined : chosen;
  const common = { name, ...(encoding?.headers && { headers: encoding.headers }) };
  const isObjectSchema = isObject(schema?.properties);
  if (isFileSchema(schema, encoding) || (isFileObject(value) && !isObjectSchema)) {
    const file = readFileValue(value);
    if ("wrong" in file) throw wrong(name, file.wrong);
    if (schema && isBase64(schema)) {
      const encoded = Buffer.from(file.content).toString(
        schema.contentEncoding === "base64url" ? "base64url" : "base64",
      );
      return { ...common, ...(named !== undefined && { contentType: named }), content: encoded };
    }
    const described = typeof schema?.contentMediaType === "string" ? schema.contentMediaType : undefined;
    return {
      ...common,
      filename: file.filename ?? name,
      contentType: file.contentType ?? named ?? described ?? "application/octet-stream",
      ...(file.headers && { headers: { ...common.headers, ...file.headers } }),
      content: file.content,
    };
  }
  const structured = typeof value === "object";
  const contentType = named ?? (structured ? "application/json" : undefined);
  const asJson = isJsonType(bareType(contentType ?? "")) && !(typeof value === "string" && readsAsJson(value));
  return {
    ...common,
    ...(contentType !== undefined && { contentType }),
    content: asJson ? toJson(value) : toText(value),
  };
}
