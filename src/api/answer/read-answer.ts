import { ToolError } from "../../errors.ts";
import type { SecretHider } from "../credentials/hide-secrets.ts";
import { bareType, isJsonType } from "../media-types.ts";
import type { HttpAnswer } from "../network/exchange.ts";
import { shorten } from "../shorten.ts";
import { decodeText, isHtml, isReadable, isText } from "./answer-text.ts";
import { readEvents } from "./read-events.ts";
import { parseJson, parseJsonLines } from "./read-json.ts";

/** What an API answered, as plain JSON, without secrets. */
export interface AnswerContent {
  /** Parsed JSON, a list of what came in lines or events, a text, or null; of a binary answer null. */
  data: unknown;
  /** Where the answer is not JSON. */
  content_type?: string;
  /** The bytes of a binary answer. */
  base64?: string;
  /** Their name as the API says it. */
  filename?: string;
  /** What else the caller needs, such as where the next page is; whole, see `shownHeaders`. */
  headers?: Record<string, string>;
  warnings: string[];
}

/** Bytes of a binary answer that is given at once, as base64. */
export const MAX_BASE64_BYTES = 8192;
const SHOWN_HEADERS = ["link", "location", "content-range", "x-total-count", "x-total-pages", "x-next-page"];
const HEAD_HEADERS = ["content-type", "content-length", "etag", "last-modified", ...SHOWN_HEADERS];
/** Characters of a header that are shown. */
const MAX_HEADER = 2000;
const LINES = /[/+](?:x-)?(?:ndjson|jsonl|jsonlines|json-seq)$/;

/**
 * The content of a successful answer, by its media type; secrets in it are hidden.
 * @throws ToolError `invalid_response` for JSON that is none, or is nested too deeply.
 */
export function readAnswer(answer: HttpAnswer, method: string, api: string, secrets: SecretHider): AnswerContent {
  const { bytes } = answer;
  const header = answer.headers["content-type"] ?? "";
  // What says how to read the rest is taken as it came, and only shown without secrets.
  const type = bareType(header);
  const headers = pickHeaders(answer, method === "HEAD" ? HEAD_HEADERS : SHOWN_HEADERS, secrets);
  const base = {
    ...(headers && { headers }),
    warnings: answer.cut ? ["The stream was ended at its limit of time or size; this is what had come."] : [],
  };
  if (bytes.length === 0) return { data: null, ...base };
  const read = (data: unknown, content_type: string | undefined, ...warnings: string[]): AnswerContent => ({
    data,
    ...(content_type !== undefined && { content_type: secrets.inText(content_type) }),
    ...base,
    warnings: [...base.warnings, ...warnings],
  });

  if (isJsonType(type) && !LINES.test(type)) {
    const text = decodeText(bytes, header);
    if (text.trim() === "") return { data: null, ...base };
    const { data, warnings } = jsonOf(text, answer, api, secrets);
    return read(data, undefined, ...warnings);
  }
  if (!isText(type, bytes)) {
    const filename = filenameOf(answer.headers["content-disposition"]);
    const clean = secrets.inBytes(bytes);
    const named = filename === undefined ? {} : { filename: secrets.inText(filename) };
    return { ...read(null, type || "application/octet-stream"), base64: clean.toString("base64"), ...named };
  }
  const text = decodeText(bytes, header);
  if (type === "text/event-stream") {
    const { events, warnings } = readEvents(text);
    return read(cleanOf(events, answer, api, secrets), type, ...warnings);
  }
  if (LINES.test(type)) {
    const lines = parseJsonLines(text, answer.cut);
    if (lines) return read(cleanOf(lines.values, answer, api, secrets), type, ...lines.warnings);
    return read(secrets.inText(text), type, "Not every line is JSON; the answer is given as text.");
  }
  if ((type === "" || type === "text/plain") && /^\s*[[{]/.test(text)) {
    // Servers that name no type, or the wrong one, still answer JSON.
    try {
      const { data, warnings } = jsonOf(text, answer, api, secrets);
      return read(data, undefined, ...warnings);
    } catch {
      // Text that only looks like it.
    }
  }
  const page = isHtml(type) ? ["The answer is an HTML page, not data; perhaps the address is not the API's."] : [];
  return read(secrets.inText(text), type || "text/plain", ...page);
}

/** The text of a failed answer, short and without secrets: an HTML page as its words. */
export function readErrorText(answer: HttpAnswer, secrets: SecretHider, limit = 1000): string {
  const header = answer.headers["content-type"] ?? "";
  // Before anything is taken out of the text, for that would cut secrets into what is not found any more.
  let text = isReadable(answer.bytes) ? decodeText(answer.bytes, header) : "";
  text = parsedText(text, secrets) ?? secrets.inText(text, { cut: answer.cut });
  if (isHtml(bareType(header)) || /^\s*<(?:!doctype|html)/i.test(text)) text = wordsOf(text);
  const clean = text.trim();
  return shorten(clean, limit);
}

/** JSON written anew, cleared of secrets however they were escaped; undefined where the text is none. */
function parsedText(text: string, secrets: SecretHider): string | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    const clean = secrets.inValue(JSON.parse(text));
    return clean && JSON.stringify(clean.value);
  } catch {
    return undefined;
  }
}

/** The value of a JSON answer; of one with several JSON texts, one a line, the list of them. */
function jsonOf(
  text: string,
  answer: HttpAnswer,
  api: string,
  secrets: SecretHider,
): { data: unknown; warnings: string[] } {
  try {
    const { value, warnings } = parseJson(text);
    return { data: cleanOf(value, answer, api, secrets), warnings };
  } catch (error) {
    if (error instanceof ToolError) throw error;
    const lines = error instanceof RangeError ? undefined : parseJsonLines(text);
    if (lines && lines.values.length > 1) {
      const data = cleanOf(lines.values, answer, api, secrets);
      return { data, warnings: ["The answer holds several JSON texts, one a line; they are given as a list."] };
    }
    const reason = error instanceof RangeError ? "is nested too deeply" : "cannot be read";
    throw unreadable(answer, api, `${reason}: ${JSON.stringify(secrets.inText(text).slice(0, 100))}`, error);
  }
}

function cleanOf(value: unknown, answer: HttpAnswer, api: string, secrets: SecretHider): unknown {
  const clean = secrets.inValue(value);
  if (!clean) throw unreadable(answer, api, "is nested too deeply");
  return clean.value;
}

function unreadable({ status }: HttpAnswer, api: string, reason: string, cause?: unknown): ToolError {
  return new ToolError("invalid_response", `API "${api}" answered ${status} with JSON that ${reason}.`, {
    hint: "The API itself is at fault, or something in front of it.",
    details: { http_status: status },
    cause,
  });
}

/** The name in a Content-Disposition header (RFC 6266), without folders and what no file's name has. */
function filenameOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const extended = /;\s*filename\*\s*=\s*(?:utf-8|iso-8859-1)'[^']*'([^;\s]+)/i.exec(header)?.[1];
  const quoted = /;\s*filename\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(header)?.[1]?.replace(/\\(.)/g, "$1");
  const plain = quoted ?? /;\s*filename\s*=\s*([^;\s]+)/i.exec(header)?.[1];
  let name = plain;
  try {
    if (extended !== undefined) name = decodeURIComponent(extended);
  } catch {
    // Not the encoding that it says.
  }
  const clean = name
    ?.split(/[/\\]/)
    .at(-1)
    ?.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069<>:"|?*]/gu, "")
    .trim()
    .slice(0, 120);
  return clean === "" || clean === "." || clean === ".." ? undefined : clean;
}

function wordsOf(html: string): string {
  return html
    .replace(/<(script|style)\b[\s\S]*?(<\/\1\s*>|$)/gi, " ")
    .replace(/<[^<>]*>/g, " ")
    .replace(/\s+/g, " ");
}

/** Headers of an answer as they are shown: the beginning of each. */
export function shownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.slice(0, MAX_HEADER)]));
}

function pickHeaders(answer: HttpAnswer, names: string[], secrets: SecretHider): Record<string, string> | undefined {
  const found = names.flatMap((name) => {
    const value = answer.headers[name];
    return value === undefined ? [] : [[name, secrets.inText(value)]];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}
