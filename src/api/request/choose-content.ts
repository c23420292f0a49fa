import type { Target } from "../api-request.ts";
import { bareType, isJsonType } from "../media-types.ts";
import { isObject } from "../openapi/document.ts";
import type { BodyContent } from "../operation.ts";
import { isFileObject } from "./file-value.ts";
import { namesAnswer } from "./kept-file.ts";
import { FORM } from "./serialize-parameter.ts";

/** What a body was given as. */
export type GivenBody =
  | { kind: "value"; value: unknown }
  | { kind: "text"; text: string }
  | { kind: "bytes"; bytes: Uint8Array; contentType?: string; at: string };

/** Whether a body of this type is a sequence of JSON values (OpenAPI 3.2.0, "Sequential Media Types"). */
export function isSequenceType(type: string): boolean {
  return /^application\/(x-)?(ndjson|jsonl|jsonlines|json-lines|json-seq)$|\+json-seq$/.test(type);
}

/** `application/form-data` is what documents write that mean `multipart/form-data`. */
export function isMultipart(type: string): boolean {
  return type.startsWith("multipart/") || type === "application/form-data";
}

export function isText(type: string): boolean {
  return type.startsWith("text/") || /[/+](xml|yaml|csv|javascript|graphql|sql)$/.test(type) || isSequenceType(type);
}

/** The media types that bytes are: not text, nor written from an object. */
export function isBinaryType(type: string): boolean {
  return (
    type !== "" && !isJsonType(type) && !isText(type) && !isMultipart(type) && type !== FORM && !type.endsWith("/*")
  );
}

/**
 * The content of an operation's body that is meant: the one that the header names, the most specific first (OpenAPI 3.2.0,
 * "Request Body Object"), else the first that fits what is given. Undefined where the header names none that there is.
 */
export function chooseContent(target: Target, wanted: string | undefined, given: GivenBody): BodyContent | undefined {
  const contents = target.details.body?.contents ?? [];
  if (wanted !== undefined) {
    const type = bareType(wanted);
    const fitting = contents.filter((content) => content.type === type || matchesRange(content.type, type));
    const isOther = ({ written }: BodyContent) => Number(plain(written) !== plain(wanted));
    return fitting.sort(
      (a, b) =>
        isOther(a) - isOther(b) ||
        Number(a.type.includes("*")) - Number(b.type.includes("*")) ||
        b.type.length - a.type.length,
    )[0];
  }
  const first = (...tests: ((type: string) => boolean)[]) => {
    for (const test of tests) {
      const found = contents.find(({ type }) => test(type));
      if (found) return found;
    }
    return contents[0];
  };
  const isForm = (type: string) => type === FORM || isMultipart(type);
  const isRange = (type: string) => type.includes("*");
  if (given.kind === "bytes") return first(isBinaryType, isRange, (type) => !isForm(type) && !isJsonType(type));
  if (given.kind === "text") {
    const others = [isText, (type: string) => type === FORM, isBinaryType, isRange];
    return readsAsJson(given.text) ? first(isJsonType, ...others) : first(...others, isJsonType);
  }
  const { value } = given;
  if (isFileObject(value)) return first(isBinaryType, isRange, isText, isJsonType);
  if (isObject(value)) {
    const isFile = (item: unknown) => isFileObject(item) || namesAnswer(item);
    const files = Object.values(value).some((item) => (Array.isArray(item) ? item.some(isFile) : isFile(item)));
    return files ? first(isMultipart, isJsonType) : first(isJsonType, isForm, isSequenceType, isRange);
  }
  return typeof value === "string"
    ? first(isJsonType, isText, isRange)
    : first(isJsonType, isSequenceType, isMultipart, isRange);
}

/** What two ways to write one media type share. */
function plain(type: string): string {
  return type.toLowerCase().replace(/[\s"]/g, "");
}

function matchesRange(range: string, type: string): boolean {
  return range === "*/*" || (range.endsWith("/*") && type.startsWith(range.slice(0, -1)));
}

export function readsAsJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
