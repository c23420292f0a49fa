import { ToolError } from "../../errors.ts";
import { bareType, isJsonType } from "../media-types.ts";
import { isObject } from "../openapi/document.ts";
import type { BodyContent, JsonObject, Operation, OperationDetails } from "../operation.ts";
import { findPart } from "./find-part.ts";

/**
 * The content of a body that is described: JSON first, unless a media type is named.
 * @throws ToolError `invalid_input` with those that there are
 */
export function chosenContent(
  operation: Operation,
  { body }: OperationDetails,
  mediaType: string | undefined,
): BodyContent | undefined {
  const contents = body?.contents ?? [];
  if (mediaType === undefined) return contents.find(({ type }) => isJsonType(type)) ?? contents[0];
  const named = contents.find(({ type }) => type === bareType(mediaType));
  if (named) return named;
  throw new ToolError(
    "invalid_input",
    `${operation.id} takes no body of type ${JSON.stringify(mediaType.slice(0, 100))}.`,
    {
      hint:
        contents.length > 0
          ? `It takes ${contents.map(({ type }) => type).join(", ")}. A part of the call is a JSON pointer, such as /body.`
          : "It takes no body. A part of the call is a JSON pointer, such as /query/limit.",
    },
  );
}

/** How the body is given to call_api, where it is not simply an object. */
export function bodyNotes(content: BodyContent, schema: JsonObject, definitions: Record<string, unknown>): string[] {
  const { type } = content;
  if (isJsonType(type) || type === "*/*") return [];
  if (type.startsWith("multipart/") || type === "application/x-www-form-urlencoded") {
    const files = type.startsWith("multipart/") ? filesOf(schema, definitions) : [];
    if (files.length === 0) return [];
    const [verb, noun] = files.length > 1 ? ["are", "files"] : ["is", "a file"];
    return [
      `${files.join(", ")} ${verb} ${noun}: give a text, a data: URL, "api://answers/{id}", or {"base64": "…", "filename": "…", "content_type": "…"}.`,
    ];
  }
  const text = type.startsWith("text/") || /[/+](xml|yaml|x-yaml|csv|graphql|javascript|x-ndjson|jsonl)$/.test(type);
  return [
    text
      ? "Give the body as body_text."
      : "Give the bytes of the body in base64 as body_base64, or a text as body_text.",
  ];
}

/** The fields of a form that are files, or lists of them (OpenAPI 3.1.1, "Considerations for File Uploads"). */
function filesOf(schema: JsonObject, definitions: Record<string, unknown>): string[] {
  const isFile = (value: unknown): boolean => {
    const found = findPart(value, [], definitions);
    if (!("schema" in found)) return false;
    const { format, contentMediaType, contentEncoding, type, items } = found.schema;
    if (type === "array") return isObject(items) && isFile(items);
    const media =
      contentMediaType !== undefined && contentEncoding === undefined && contentMediaType !== "application/json";
    return format === "binary" || media;
  };
  const root = findPart(schema, [], definitions);
  const properties = "schema" in root && isObject(root.schema.properties) ? root.schema.properties : {};
  return Object.entries(properties).flatMap(([name, value]) => (isFile(value) ? [name] : []));
}

/** How the body can be given in another media type. */
export function otherContents({ body }: OperationDetails, chosen: BodyContent | undefined): string[] {
  const others = body?.contents.filter((entry) => entry !== chosen).map(({ type }) => type) ?? [];
  if (others.length === 0) return [];
  return [
    `The body may also be ${others.join(", ")}: name it in header as Content-Type, and here as part to see its schema.`,
  ];
}
