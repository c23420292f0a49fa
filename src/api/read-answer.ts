import { ToolError } from "../errors.ts";
import type { HttpAnswer } from "./exchange.ts";
import type { SecretHider } from "./hide-secrets.ts";
import { isJsonType } from "./openapi/operations.ts";

/** What an API answered, ready to be shown. */
export interface AnswerContent {
  /** Parsed JSON, a text, base64 of a small binary, or null. */
  data: unknown;
  /** Where the answer is not JSON. */
  content_type?: string;
  /** `base64` where `data` is that. */
  encoding?: "base64";
  /** Size of a binary answer. */
  bytes?: number;
  /** What else the caller needs, such as where the next page is. */
  headers?: Record<string, string>;
  warnings: string[];
}

const MAX_BASE64_BYTES = 8192;
const SHOWN_HEADERS = ["link", "location", "content-range", "x-total-count", "x-total-pages", "x-next-page"];
const HEAD_HEADERS = ["content-type", "content-length", "etag", "last-modified", ...SHOWN_HEADERS];
const MAX_HEADER = 2000;

/**
 * The content of a successful answer, by its media type; secrets in it are hidden.
 * @throws ToolError `invalid_response` for JSON that is none, or is nested too deeply.
 */
export function readAnswer(answer: HttpAnswer, method: string, api: string, secrets: SecretHider): AnswerContent {
  const header = answer.headers["content-type"] ?? "";
  const type = mediaType(header);
  const headers = pickHeaders(answer, method === "HEAD" ? HEAD_HEADERS : SHOWN_HEADERS, secrets);
  const base = { ...(headers && { headers }), warnings: [] as string[] };
  if (answer.bytes.length === 0) return { data: null, ...base };

  if (isJsonType(type)) {
    const text = decodeText(answer.bytes, header);
    if (text.trim() === "") return { data: null, ...base };
    return { ...base, ...parseJson(text, answer.status, api, secrets) };
  }
  if (type === "" || type === "text/plain") {
    // Servers that name no type, or the wrong one, still answer JSON.
    const parsed = tryJson(answer.bytes, header, answer.status, api, secrets);
    if (parsed) return { ...base, ...parsed };
  }
  if (!isTextType(type) && !(type === "" && isReadable(answer.bytes))) {
    return { ...base, ...binary(answer.bytes, type || "application/octet-stream") };
  }
  const warnings = isHtml(type) ? ["The answer is an HTML page, not data; perhaps the address is not the API's."] : [];
  return {
    data: secrets.inText(decodeText(answer.bytes, header)),
    content_type: type || "text/plain",
    ...base,
    warnings,
  };
}

/** The text of a failed answer, short and without secrets: an HTML page as its words. */
export function readErrorText(answer: HttpAnswer, secrets: SecretHider, limit = 1000): string {
  const header = answer.headers["content-type"] ?? "";
  let text = isReadable(answer.bytes) ? decodeText(answer.bytes, header) : "";
  if (isHtml(mediaType(header)) || /^\s*<(?:!doctype|html)/i.test(text)) text = wordsOf(text);
  const json = parsedText(text, secrets);
  const whole = json ?? secrets.inText(text);
  // A secret that the end cuts in two is not found.
  const clean = (answer.cut ? whole.slice(0, -512) : whole).trim();
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean;
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

function parseJson(
  text: string,
  status: number,
  api: string,
  secrets: SecretHider,
): { data: unknown; warnings: string[] } {
  const bad = (reason: string, cause?: unknown) =>
    new ToolError("invalid_response", `API "${api}" answered ${status} with JSON that ${reason}.`, {
      hint: "The API itself is at fault, or something in front of it.",
      details: { http_status: status },
      cause,
    });
  const warnings: string[] = [];
  let value: unknown;
  try {
    value = /\d{16}|\d[eE]\+?\d{2}/.test(text)
      ? JSON.parse(text, keepLargeNumbers(warnings) as never)
      : JSON.parse(text);
  } catch (error) {
    const reason = error instanceof RangeError ? "is nested too deeply" : "cannot be read";
    throw bad(`${reason}: ${JSON.stringify(secrets.inText(text).slice(0, 100))}`, error);
  }
  const clean = secrets.inValue(value);
  if (!clean) throw bad("is nested too deeply");
  return { data: clean.value, warnings };
}

/** A reviver that gives what a number cannot hold as text: whole numbers beyond 2^53, ids as a rule, and ones like 1e999. */
function keepLargeNumbers(warnings: string[]) {
  const warn = (text: string) => {
    if (!warnings.includes(text)) warnings.push(text);
  };
  return (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source;
    if (typeof value !== "number" || Number.isSafeInteger(value) || !source) return value;
    if (/^-?\d+$/.test(source)) warn("Whole numbers beyond 2^53 are given as texts, to keep them exact.");
    else if (!Number.isFinite(value)) warn("Numbers too large to be held are given as texts.");
    else return value;
    return source;
  };
}

function tryJson(bytes: Buffer, header: string, status: number, api: string, secrets: SecretHider) {
  const text = decodeText(bytes, header);
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return parseJson(text, status, api, secrets);
  } catch {
    return undefined;
  }
}

function binary(bytes: Buffer, type: string): Omit<AnswerContent, "warnings"> {
  const kind = { content_type: type, bytes: bytes.length };
  if (bytes.length <= MAX_BASE64_BYTES) return { data: bytes.toString("base64"), encoding: "base64", ...kind };
  return { data: `(binary answer of ${bytes.length} bytes, ${type}, left out)`, ...kind };
}

function mediaType(header: string): string {
  return (header.split(";")[0] ?? "").trim().toLowerCase();
}

function isHtml(type: string): boolean {
  return type === "text/html" || type === "application/xhtml+xml";
}

function isTextType(type: string): boolean {
  return (
    type.startsWith("text/") ||
    /[/+](xml|yaml|x-yaml|csv|ndjson|x-ndjson|jsonl|json-seq|javascript|graphql|toml|sql|x-www-form-urlencoded)$/.test(
      type,
    )
  );
}

/** Whether bytes are UTF-8 text rather than something else. */
function isReadable(bytes: Buffer): boolean {
  const start = bytes.subarray(0, 4096);
  if (start.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(start, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function decodeText(bytes: Buffer, header: string): string {
  const charset = /;\s*charset="?([\w.:-]+)/i.exec(header)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

function wordsOf(html: string): string {
  return html
    .replace(/<(script|style)\b[\s\S]*?(<\/\1\s*>|$)/gi, " ")
    .replace(/<[^<>]*>/g, " ")
    .replace(/\s+/g, " ");
}

function pickHeaders(answer: HttpAnswer, names: string[], secrets: SecretHider): Record<string, string> | undefined {
  const found = names.flatMap((name) => {
    const value = answer.headers[name];
    return value === undefined ? [] : [[name, secrets.inText(value).slice(0, MAX_HEADER)]];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}
