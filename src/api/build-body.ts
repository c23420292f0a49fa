import type { FormData } from "undici";
import type { ToolError } from "../errors.ts";
import type { ApiRequest, Target } from "./api-request.ts";
import { type ArgumentChecker, chooseContent, invalidArguments } from "./check-arguments.ts";
import { isObject } from "./openapi/document.ts";
import { isJsonType } from "./openapi/operations.ts";
import type { BodyContent } from "./operation.ts";
import { type Serialization, serializeInQuery, toText } from "./serialize-parameter.ts";

export interface BuiltBody {
  body: string | FormData | null;
  /** Undefined where there is no body, or where the client writes it itself (multipart). */
  contentType: string | undefined;
}

const FORM = "application/x-www-form-urlencoded";
const MULTIPART = "multipart/form-data";

/**
 * The body of a request, checked against what the operation takes.
 * @throws ToolError `invalid_input`
 */
export async function buildBody(
  target: Target,
  request: ApiRequest,
  wantedType: string | undefined,
  checker: ArgumentChecker,
): Promise<BuiltBody> {
  const body: unknown = request.body ?? undefined;
  const text = request.bodyText ?? undefined;
  if (body !== undefined && text !== undefined) throw wrong(target, "/body", "and body_text exclude each other");
  if (body !== undefined && !isObject(body)) {
    throw wrong(target, "/body", "must be an object; send lists, strings and other text as body_text");
  }
  if (text !== undefined && !text.isWellFormed()) throw wrong(target, "/body_text", "holds half a surrogate pair");
  const bodiless = (target.method === "GET" || target.method === "HEAD") && !target.details.body;
  if ((body !== undefined || text !== undefined) && bodiless) {
    throw wrong(target, "/body", `cannot be sent with ${target.method}; give the values in query`);
  }
  if (target.open) return buildOpenBody(target, body, text, wantedType);

  if (body === undefined && text === undefined) {
    if (target.details.body?.required) throw wrong(target, "/body", "is required");
    return { body: null, contentType: undefined };
  }
  if (!target.details.body) throw wrong(target, "/body", "is not taken by this operation");
  const content = chooseContent(target, wantedType);
  if (!content) {
    const offered = target.details.body.contents.map(({ type }) => type).join(", ");
    throw wrong(target, "/header/content-type", `must be one of ${offered}`);
  }
  const type = wantedType ?? (content.type.includes("*") ? "application/json" : content.type);
  if (text !== undefined) {
    if (isJsonType(content.type)) await checker.body(target, content, parseText(target, text));
    return { body: text, contentType: type };
  }
  const built = await encode(target, content, body as Record<string, unknown>, type);
  await checker.body(target, content, body);
  return built;
}

function buildOpenBody(
  target: Target,
  body: Record<string, unknown> | undefined,
  text: string | undefined,
  wantedType: string | undefined,
): Promise<BuiltBody> | BuiltBody {
  if (text !== undefined) return { body: text, contentType: wantedType ?? guessType(text) };
  // A call of the API's own URL posts its parameters, even if there are none.
  const posts = target.itself && target.method === "POST";
  if (body === undefined && !posts) return { body: null, contentType: undefined };
  const type = wantedType ?? "application/json";
  const content = { type: (type.split(";")[0] ?? "").trim().toLowerCase(), schema: {}, encoding: {} };
  return encode(target, content, body ?? {}, type);
}

async function encode(
  target: Target,
  content: BodyContent,
  body: Record<string, unknown>,
  contentType: string,
): Promise<BuiltBody> {
  const kind = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  if (isJsonType(kind)) return { body: toJson(target, body), contentType };
  if (kind === FORM) return { body: encodeForm(content, body), contentType };
  if (kind === MULTIPART) return { body: await encodeMultipart(content, body), contentType: undefined };
  throw wrong(target, "/body", `cannot be written as ${kind}; send the text as body_text`);
}

/** OpenAPI 3.1.1, "Encoding the x-www-form-urlencoded Media Type". */
function encodeForm(content: BodyContent, body: Record<string, unknown>): string {
  return Object.entries(body)
    .filter(([, value]) => value !== null && value !== undefined)
    .flatMap(([name, value]) => {
      const encoding = content.encoding[name];
      const nested =
        typeof value === "object" && (!Array.isArray(value) || value.some((item) => typeof item === "object"));
      const how: Serialization = {
        name,
        style: encoding?.style ?? (nested ? "json" : "form"),
        explode: encoding?.explode ?? true,
        allowReserved: false,
      };
      return serializeInQuery(how, value);
    })
    .join("&");
}

async function encodeMultipart(content: BodyContent, body: Record<string, unknown>): Promise<FormData> {
  const undici = await import("undici");
  const form = new undici.FormData();
  const properties = isObject(content.schema) && isObject(content.schema.properties) ? content.schema.properties : {};
  for (const [name, value] of Object.entries(body)) {
    if (value === null || value === undefined) continue;
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const file = isObject(schema) && (schema.format === "binary" || schema.contentMediaType !== undefined);
    for (const item of Array.isArray(value) ? value : [value]) {
      if (file) form.append(name, new Blob([toText(item)]), name);
      else form.append(name, toText(item));
    }
  }
  return form;
}

function toJson(target: Target, value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    throw wrong(target, "/body", "is nested too deeply");
  }
}

function parseText(target: Target, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrong(target, "/body_text", `must be JSON: ${error instanceof Error ? error.message.slice(0, 120) : ""}`);
  }
}

function guessType(text: string): string {
  try {
    JSON.parse(text);
    return "application/json";
  } catch {
    return "text/plain; charset=utf-8";
  }
}

function wrong(target: Target, path: string, message: string): ToolError {
  return invalidArguments(target, [{ path, message }]);
}
