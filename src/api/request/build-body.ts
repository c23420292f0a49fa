import type { ApiRequest, Target } from "../api-request.ts";
import { writeExactJson } from "../exact-json.ts";
import { bareType, isJsonType, readMediaType } from "../media-types.ts";
import { type ApiDocument, isObject } from "../openapi/document.ts";
import type { BodyContent, JsonObject } from "../operation.ts";
import { buildParts, fileProperty, filesIn, propertySchema, writtenIn } from "./build-parts.ts";
import { type ArgumentChecker, type CheckedBody, invalidArguments, pointer } from "./check-arguments.ts";
import { checkWritten } from "./check-written.ts";
import {
  chooseContent,
  type GivenBody,
  isBinaryType,
  isMultipart,
  isSequenceType,
  readsAsJson,
} from "./choose-content.ts";
import { isFileObject, readFileValue } from "./file-value.ts";
import { formAsWhole, readGiven, wrong } from "./given-body.ts";
import { type KeptAnswers, looksLikePath, NOT_KEPT, SENT_AS_TEXT, withKept } from "./kept-file.ts";
import { type Part, writeMultipart } from "./multipart.ts";
import { encodeForm, FORM } from "./serialize-parameter.ts";

export interface BuiltBody {
  body: string | Uint8Array | null;
  /** Undefined where there is no body. */
  contentType: string | undefined;
  /** Of a multipart body. */
  parts?: readonly Part[];
  /** What is sent although the API does not take it. */
  warnings?: readonly string[];
}

interface BodyMeans {
  document: ApiDocument | undefined;
  checker: ArgumentChecker;
  kept: KeptAnswers;
}

/**
 * The body of a request, checked against what the operation takes.
 * @throws ToolError `invalid_input`
 */
export async function buildBody(
  target: Target,
  request: ApiRequest,
  wantedType: string | undefined,
  means: BodyMeans,
): Promise<BuiltBody> {
  const given = readGiven(target, request, means.kept);
  const takesBody = target.open ? !["GET", "HEAD"].includes(target.method) : target.details.body !== undefined;
  if (given && !takesBody) {
    const why = ["GET", "HEAD"].includes(target.method)
      ? `cannot be sent with ${target.method}; give the values in query`
      : "is not taken by this operation";
    throw wrong(target, "/body", why);
  }
  if (target.open) return buildOpenBody(target, given, wantedType, means);
  if (!given) {
    if (target.details.body?.required) throw wrong(target, "/body", "is required");
    return { body: null, contentType: undefined };
  }
  const content = chooseContent(target, wantedType, given);
  if (!content) {
    const offered = target.details.body?.contents.map(({ written }) => written).join(", ");
    throw wrong(target, "/header/content-type", `must be one of ${offered}`);
  }
  const type = wantedType ?? (content.type.includes("*") ? guessType(given) : content.written);
  const form = given.kind === "value" ? undefined : formAsWhole(given, type);
  if (form) throw wrong(target, form.at, `${form.why}${exampleOfFile(fileProperty(means.document, content))}`);
  if (given.kind === "text" && isBinaryType(bareType(type)) && looksLikePath(given.text)) {
    return { body: given.text, contentType: type, warnings: [`/body_text ${SENT_AS_TEXT}`] };
  }
  if (given.kind !== "value") {
    const warnings = await checkWritten(target, content, type, given, means);
    return { body: given.kind === "text" ? given.text : given.bytes, contentType: type, warnings };
  }
  return encode(target, content, given.value, type, means);
}

function exampleOfFile(name = "file"): string {
  return `, a file as {${JSON.stringify(name)}: {"base64": "…", "filename": "…"}}`;
}

function buildOpenBody(
  target: Target,
  given: GivenBody | undefined,
  wantedType: string | undefined,
  means: BodyMeans,
): Promise<BuiltBody> | BuiltBody {
  if (given && given.kind !== "value") {
    const type = wantedType ?? guessType(given);
    const form = formAsWhole(given, type);
    if (form) throw wrong(target, form.at, `${form.why}${exampleOfFile()}`);
    return { body: given.kind === "text" ? given.text : given.bytes, contentType: type };
  }
  // A call of the API's own URL posts its parameters, even if there are none.
  const posts = target.itself && target.method === "POST";
  if (!given && !posts) return { body: null, contentType: undefined };
  const type = wantedType ?? "application/json";
  return encode(target, { ...readMediaType(type), schema: {}, encoding: {} }, given?.value ?? {}, type, means);
}

/** A value as a media type writes it. */
async function encode(
  target: Target,
  content: BodyContent,
  value: unknown,
  contentType: string,
  { document, checker, kept }: BodyMeans,
): Promise<BuiltBody> {
  const type = bareType(contentType);
  if (isJsonType(type)) {
    const { sent, warnings } = await checker.body(target, content, value);
    return { body: toJson(target, sent), contentType, warnings: [...readOnlyIn(document, content, sent), ...warnings] };
  }
  if (isSequenceType(type)) {
    const { sent, warnings } = await checkSequence(target, content, value, checker);
    const [start, end] = type.endsWith("json-seq") ? ["\u001e", "\n"] : ["", "\n"];
    const lines = [sent].flat().map((item) => `${start}${toJson(target, item)}${end}`);
    return { body: lines.join(""), contentType, warnings };
  }
  if (isObject(value) && type === FORM) {
    const texts = textsOf(target, document, content, value);
    const { sent, warnings } = await checker.body(target, content, value, { unchecked: texts });
    const fields = { ...(sent as JsonObject), ...only(value, texts) };
    return { body: encodeForm(content, fields), contentType, warnings };
  }
  if (isObject(value) && isMultipart(type)) {
    const files = filesIn(document, content, value);
    const texts = textsOf(target, document, content, value);
    const { sent, warnings } = await checker.body(target, content, value, { unchecked: new Set([...files, ...texts]) });
    // A file stays what was given, whatever its schema would make of it.
    const given = [...files].map((name) => {
      const missing = () => wrong(target, pointer("body", name), NOT_KEPT);
      return [name, withKept(value[name], kept, missing)] as const;
    });
    const paths = given.filter(([, file]) => [file].flat().some(looksLikePath)).map(([name]) => pointer("body", name));
    const body = { ...(sent as JsonObject), ...only(value, texts), ...Object.fromEntries(given) };
    const parts = buildParts(document, content, body, (name, why) => wrong(target, pointer("body", name), why));
    return {
      ...writeMultipart(parts, type.startsWith("multipart/") ? type : "multipart/form-data"),
      parts,
      warnings: [...warnings, ...paths.map((path) => `${path} ${SENT_AS_TEXT}`)],
    };
  }
  if (typeof value === "string" && !isBinaryType(type)) return { body: value.toWellFormed(), contentType };
  if (typeof value === "string" || isFileObject(value)) {
    const file = readFileValue(value);
    if ("wrong" in file) throw wrong(target, "/body", file.wrong);
    return {
      body: file.content,
      contentType,
      ...(looksLikePath(value) && { warnings: [`/body ${SENT_AS_TEXT}`] }),
    };
  }
  throw wrong(target, "/body", `cannot be written as ${type}; send the text as body_text, bytes as body_base64`);
}

/** Names of the fields of a form that are texts in a media type of their own. @throws ToolError `invalid_input` */
function textsOf(
  target: Target,
  document: ApiDocument | undefined,
  content: BodyContent,
  value: JsonObject,
): ReadonlySet<string> {
  const { texts, misfits } = writtenIn(document, content, value);
  if (misfits.length === 0) return texts;
  const issue = ({ name, type }: (typeof misfits)[number]) => ({
    path: pointer("body", name),
    message: `is sent as ${type}: give the text of it`,
  });
  throw invalidArguments(target, misfits.map(issue));
}

function only(value: JsonObject, names: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name]) => names.has(name)));
}

/** Members that only answers should have (OpenAPI 3.2.0, "Schema Object", `readOnly`): most APIs pass over them. */
function readOnlyIn(document: ApiDocument | undefined, { schema }: BodyContent, value: unknown): string[] {
  if (!isObject(value)) return [];
  return Object.keys(value)
    .filter((name) => propertySchema(document, schema, name)?.readOnly === true)
    .map((name) => `${pointer("body", name)} is read-only: the API sets it`);
}

/** A sequence is checked as the list that its schema describes, or item by item. */
function checkSequence(
  target: Target,
  content: BodyContent,
  value: unknown,
  checker: ArgumentChecker,
): Promise<CheckedBody> {
  const isItem = !Array.isArray(value) && isObject(content.schema) && content.schema.type === "array";
  return checker.body(target, content, isItem ? [value] : value);
}

function toJson(target: Target, value: unknown): string {
  try {
    return writeExactJson(value);
  } catch {
    throw wrong(target, "/body", "is nested too deeply");
  }
}

function guessType(given: GivenBody): string {
  if (given.kind === "bytes") return given.contentType ?? "application/octet-stream";
  if (given.kind === "text") return readsAsJson(given.text) ? "application/json" : "text/plain; charset=utf-8";
  if (!isFileObject(given.value)) return "application/json";
  const file = readFileValue(given.value);
  return ("wrong" in file ? undefined : file.contentType) ?? "application/octet-stream";
}
