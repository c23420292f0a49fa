import type { ToolError } from "../../errors.ts";
import type { ApiRequest, Target } from "../api-request.ts";
import { readStructure } from "../exact-json.ts";
import { bareType, isJsonType } from "../media-types.ts";
import { isObject } from "../openapi/document.ts";
import type { BodyContent } from "../operation.ts";
import { invalidArguments } from "./check-arguments.ts";
import { type GivenBody, isBinaryType, isMultipart, isSequenceType, isText } from "./choose-content.ts";
import { decodeBase64, type FileValue, isFileObject, readFileValue } from "./file-value.ts";
import { fileOf, type KeptAnswers, NOT_KEPT, namesAnswer, withKept } from "./kept-file.ts";
import { FORM } from "./serialize-parameter.ts";

/** What is given as body, in one of three ways, with the kept answer that it names in its place. @throws ToolError `invalid_input` */
export function readGiven(target: Target, request: ApiRequest, kept: KeptAnswers): GivenBody | undefined {
  const value = readJsonText(target, request.body ?? undefined);
  const text = request.bodyText ?? undefined;
  const base64 = request.bodyBase64 ?? undefined;
  if ([value, text, base64].filter((each) => each !== undefined).length > 1) {
    throw wrong(target, "/body", "and body_text and body_base64 exclude each other");
  }
  const keptBytes = (uri: string, at: string): GivenBody => {
    const file = readFileValue(fileOf(uri, kept, () => wrong(target, at, NOT_KEPT))) as FileValue;
    return { kind: "bytes", bytes: file.content, at, ...(file.contentType && { contentType: file.contentType }) };
  };
  if (base64 !== undefined) {
    if (namesAnswer(base64)) return keptBytes(base64, "/body_base64");
    const bytes = decodeBase64(base64);
    if (!bytes) throw wrong(target, "/body_base64", "is no base64");
    return { kind: "bytes", bytes, at: "/body_base64" };
  }
  if (text !== undefined) {
    if (!text.isWellFormed()) throw wrong(target, "/body_text", "holds half a surrogate pair");
    return { kind: "text", text };
  }
  if (value === undefined) return undefined;
  if (namesAnswer(value) && takesBytes(target)) return keptBytes(value, "/body");
  if (isFileObject(value) && !target.open && takesBytes(target)) {
    return { kind: "value", value: withKept(value, kept, () => wrong(target, "/body", NOT_KEPT)) };
  }
  if (target.open && !isObject(value)) {
    throw wrong(target, "/body", "must be an object; send lists, strings and other text as body_text");
  }
  return { kind: "value", value };
}

/** Models write objects and lists as JSON text. Where the operation takes nothing but text, such a text is one. */
function readJsonText(target: Target, value: unknown): unknown {
  const contents = target.details.body?.contents ?? [];
  if (contents.length > 0 && contents.every(takesText)) return value;
  return readStructure(value);
}

/** Whether a body that names a kept answer means that answer, and not the text. */
function takesBytes({ open, details }: Target): boolean {
  const types = (details.body?.contents ?? []).map(({ type }) => type);
  return open || !types.some(isJsonType) || types.some((type) => isBinaryType(type) || type.includes("*"));
}

/** What is wrong with bytes or a text as the whole of a form; undefined where nothing is. */
export function formAsWhole(
  given: Exclude<GivenBody, { kind: "value" }>,
  type: string,
): { at: string; why: string } | undefined {
  const bare = bareType(type);
  const at = given.kind === "text" ? "/body_text" : given.at;
  if (isMultipart(bare)) {
    if (/;\s*boundary\s*=/i.test(type)) return undefined;
    return { at, why: `cannot be a whole ${bare} body; give its fields in body` };
  }
  if (bare !== FORM || given.kind === "text" || given.bytes.every((byte) => byte > 32 && byte < 127)) return undefined;
  return { at, why: `is no ${bare}; give its fields in body` };
}

function takesText({ type, schema }: BodyContent): boolean {
  if (isJsonType(type)) return isObject(schema) && schema.type === "string";
  return isText(type) && !isSequenceType(type);
}

/** The error of one argument that is wrong. */
export function wrong(target: Target, path: string, message: string): ToolError {
  return invalidArguments(target, [{ path, message }]);
}
