import type { PreparedRequest } from "../api-request.ts";
import type { ApiDescription } from "../configured-api.ts";
import { parseExactJson, writeExactJson } from "../exact-json.ts";
import { isJsonType } from "../media-types.ts";
import { isObject } from "../openapi/document.ts";
import type { JsonObject } from "../operation.ts";
import { propertySchema } from "../request/build-parts.ts";
import { withFreshKey } from "../request/idempotency-key.ts";

/** A field of the body that a page may be asked for with. */
export interface BodyField {
  name: string;
  schema: JsonObject;
  /** What was sent, as a text. */
  given: string | undefined;
}

/** Words of operations that only read, though by POST, and of those that do not. GraphQL's cursors are in the query's own text. */
const SEARCHES = /^(?:search|query|list|find|scan|filter)$/;
const CHANGES =
  /^(?:add|archive|cancel|copy|create|delete|edit|execute|export|graphql|import|insert|make|merge|move|new|patch|put|register|remove|replace|run|save|schedule|send|set|start|submit|subscribe|sync|update|upload|upsert)$/;

/**
 * The fields of a search by POST: an operation of a document that is named like one, has a JSON body and needs no confirmation.
 * Undefined for any other call: what may change something is not repeated for its pages.
 */
export function searchFields(api: ApiDescription, prepared: PreparedRequest): BodyField[] | undefined {
  const { target, method, path, parts } = prepared;
  const { operation } = target;
  if (method !== "POST" || !operation || parts || api.consent(method, path)) return undefined;
  const words = wordsOf(operation.id.replace(/^POST /, "")).concat(wordsOf(operation.path));
  if (!words.some((word) => SEARCHES.test(word)) || words.some((word) => CHANGES.test(word))) return undefined;
  const content = target.details.body?.contents.find(({ type }) => isJsonType(type));
  const body = readBody(prepared);
  if (!content || !body) return undefined;
  const given = (value: unknown) => (["string", "number", "bigint"].includes(typeof value) ? String(value) : undefined);
  return (operation.bodyNames?.() ?? []).flatMap((name) => {
    const schema = propertySchema(api.document?.source, content.schema, name);
    return schema ? [{ name, schema, given: given(body[name]) }] : [];
  });
}

/** The same search with other values of these fields; everything else of the body stays as it is. */
export function searchWith(
  api: ApiDescription,
  request: PreparedRequest,
  fields: readonly BodyField[],
  values: Readonly<Record<string, string>>,
): PreparedRequest {
  if (Object.keys(values).length === 0) return request;
  const body = readBody(request) ?? {};
  for (const [name, value] of Object.entries(values)) {
    const { schema = {} } = fields.find((field) => field.name === name) ?? {};
    const isNumber = ["number", "bigint"].includes(typeof body[name]) || /integer|number/.test(String(schema.type));
    body[name] = isNumber && /^\d{1,15}$/.test(value) ? Number(value) : value;
  }
  const type = request.target.details.body?.contents.find((content) => isJsonType(content.type))?.written;
  const headers = withFreshKey(api, { "content-type": type ?? "application/json", ...request.headers });
  return { ...request, headers, body: writeExactJson(body) };
}

/** The object that is sent, numbers digit by digit; an empty one where nothing is. */
function readBody({ body, headers }: PreparedRequest): Record<string, unknown> | undefined {
  if (body === null) return {};
  if (typeof body !== "string" || !isJsonType((headers["content-type"] ?? "").replace(/\s*;.*$/s, "")))
    return undefined;
  const value: unknown = parseExactJson(body);
  return isObject(value) ? value : undefined;
}

/** Words in small letters, `listItems` and `list_items` alike. */
function wordsOf(text: string): string[] {
  return text
    .replace(/\{[^{}]*\}/g, " ")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/);
}
