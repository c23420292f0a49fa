import { isObject } from "../openapi/document.ts";
import { scalarText } from "../scalar-text.ts";

/** A file as a model gives it: its text, a `data:` URL, or an object that says more. */
export interface FileValue {
  content: Uint8Array;
  filename?: string;
  contentType?: string;
  headers?: Readonly<Record<string, string>>;
}

const FILE_KEYS = new Set(["base64", "text", "filename", "content_type", "headers"]);

/**
 * Whether a value is `{base64 | text, filename?, content_type?, headers?}`, which says of itself that it is a file. With `bytes`,
 * which no JSON has, it is one that was put there (`kept-file.ts`).
 */
export function isFileObject(value: unknown): value is Record<string, unknown> {
  if (!isObject(value)) return false;
  if (value.bytes instanceof Uint8Array) return true;
  if (!Object.keys(value).every((key) => FILE_KEYS.has(key))) return false;
  if (typeof value.base64 === "string") return value.text === undefined;
  return typeof value.text === "string" && (value.filename !== undefined || value.content_type !== undefined);
}

/**
 * The file that a value means; of `{text}` and of plain text its UTF-8 bytes.
 * Undefined, with the reason, where the value is no file.
 */
export function readFileValue(value: unknown): FileValue | { wrong: string } {
  if (typeof value === "string") return readDataUrl(value) ?? { content: Buffer.from(value, "utf8") };
  if (["number", "bigint", "boolean"].includes(typeof value)) return { content: Buffer.from(String(value)) };
  const shape = 'must be a text, a data: URL, or {"base64" or "text", "filename", "content_type"}';
  if (!isObject(value)) return { wrong: shape };
  if (value.bytes instanceof Uint8Array) return { content: value.bytes, ...described(value, value.content_type) };
  const extra = Object.keys(value).find((key) => !FILE_KEYS.has(key));
  if (extra !== undefined || (value.base64 === undefined) === (value.text === undefined)) return { wrong: shape };
  const given = value.base64 ?? value.text;
  if (typeof given !== "string") return { wrong: shape };
  const inUrl = value.base64 === undefined ? undefined : readDataUrl(given);
  const content = inUrl?.content ?? (value.base64 === undefined ? Buffer.from(given, "utf8") : decodeBase64(given));
  if (!content) return { wrong: "holds what is no base64" };
  return { content, ...described(value, value.content_type ?? inUrl?.contentType) };
}

function described(value: Record<string, unknown>, contentType: unknown): Omit<FileValue, "content"> {
  return {
    ...(value.filename !== undefined && { filename: scalarText(value.filename) }),
    ...(contentType !== undefined && { contentType: scalarText(contentType) }),
    ...(isObject(value.headers) && {
      headers: Object.fromEntries(Object.entries(value.headers).map(([name, text]) => [name, scalarText(text)])),
    }),
  };
}

/** A `data:` URL (RFC 2397); undefined where it is none, or a broken one: then it is text like any other. */
function readDataUrl(text: string): FileValue | undefined {
  const parts = /^data:([^,]{0,200}),(.*)$/s.exec(text);
  if (!parts) return undefined;
  const head = parts[1] as string;
  const isBase64 = /;\s*base64\s*$/i.test(head);
  const contentType = head.replace(/;\s*base64\s*$/i, "").trim() || "text/plain";
  try {
    const content = isBase64
      ? decodeBase64(decodeURIComponent(parts[2] as string))
      : Buffer.from(decodeURIComponent(parts[2] as string), "utf8");
    return content && { content, contentType };
  } catch {
    return undefined;
  }
}

/** The bytes of base64 or base64url (RFC 4648, sections 4 and 5), white space and padding optional; undefined where it is none. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bare = text.replace(/[\s]/g, "").replace(/={1,2}$/, "");
  if (!/^[A-Za-z0-9+/_-]*$/.test(bare) || bare.length % 4 === 1) return undefined;
  return Buffer.from(bare, "base64");
}
