import { ToolError } from "../errors.ts";
import { quoted } from "./shorten.ts";

/**
 * Paths that cannot leave the place that the configuration gives them. What servers, proxies and frameworks are known to
 * decode, fold or strip is decoded, folded and stripped here before it is judged, so that no two of them can disagree.
 */

const MAX_PATH = 8192;
const MAX_DECODINGS = 8;

/**
 * A path as it goes on the wire: each segment decoded once and encoded again, so that one path has one spelling.
 * @throws ToolError `invalid_input` for what is no path, `forbidden` for what tries to leave.
 */
export function canonicalPath(text: string): string {
  if (text.length > MAX_PATH) throw malformed(text, `is longer than ${MAX_PATH} characters`);
  if (!text.isWellFormed()) throw malformed(text, "holds half a surrogate pair");
  if (/^[a-z][a-z0-9+.-]*:/i.test(text)) throw escaping(text, "is a URL; only a path of the API can be given");
  if (text.startsWith("//")) throw escaping(text, "starts with //, which names another host");
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text)) throw malformed(text, "holds a control character");
  if (text.includes("\\")) throw escaping(text, "holds a backslash");
  if (!text.startsWith("/")) throw malformed(text, "does not begin with /");
  if (/[?#]/.test(text)) {
    throw malformed(text, `holds ${text.includes("?") ? "a query" : "a fragment"}`, "Give query parameters in query.");
  }
  if (/%(?![0-9a-f]{2})/i.test(text)) throw malformed(text, "holds a % that begins no percent-encoding; write %25");
  const segments = text.split("/").slice(1);
  const encoded = segments.map((segment, index) => {
    if (segment === "" && index < segments.length - 1) throw escaping(text, "holds an empty segment");
    let decoded: string;
    try {
      decoded = decodeURIComponent(segment);
    } catch {
      throw escaping(text, "holds bytes that are no UTF-8");
    }
    if (/[/\\]/.test(decodeFully(decoded, text))) {
      throw escaping(text, "holds an encoded slash", "Give such a value in path, for a {name} of the operation.");
    }
    return encodeSegment(decoded);
  });
  const path = `/${encoded.join("/")}`;
  assertContained(path);
  return path;
}

/**
 * Makes sure that a path stays where it seems to be, however often it is decoded on its way.
 * @throws ToolError `forbidden`
 */
export function assertContained(path: string): void {
  if (isPlain(path)) return;
  const decoded = decodeFully(path, path);
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(decoded)) throw escaping(path, "holds a control character");
  if (decoded.includes("\\")) throw escaping(path, "holds a backslash");
  for (const segment of decoded.split(SEPARATORS)) {
    const name = (segment.split(/[;?#]/)[0] ?? "").trim();
    if (name === "." || name === "..") throw escaping(path, `holds the segment "${name}"`);
  }
}

/** Slashes, and what servers that know one alphabet only take for such ("best fit"). */
const SEPARATORS = /[/\u2044\u2215\u2216\u2571\u2572\u29f5\u29f8\u29f9]/;

/** A value as one path segment, everything but unreserved characters encoded (RFC 3986, section 2.3). */
export function encodeStrictly(text: string): string {
  if (/^[\w.~-]*$/.test(text)) return text;
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Decoded until nothing changes, with compatibility forms folded: a fullwidth solidus is a solidus to some servers. */
export function decodeFully(text: string, path: string): string {
  if (isPlain(text)) return text;
  let current = text;
  for (let round = 0; round < MAX_DECODINGS; round++) {
    if (/%(?:c[01]|e0%[89]|f0%8)/i.test(current)) throw escaping(path, "holds an overlong encoding");
    const next = decodeOnce(current).normalize("NFKC");
    if (next === current) return current;
    current = next;
  }
  throw escaping(path, "is encoded too many times");
}

/** Decoded as a server does that keeps to RFC 3986, section 2.4: once. Bytes that are no UTF-8 stay as they are, those of ASCII excepted. */
export function decodeOnce(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, decodeRun);
}

/** Whether nothing in it can be decoded, folded or stripped, as in most paths. */
function isPlain(text: string): boolean {
  return /^[\w~/-]*$/.test(text);
}

function decodeRun(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    return run.replace(/%([0-7][0-9a-f])/gi, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}

/** A decoded segment with only those characters left that a path may hold as they are. */
function encodeSegment(decoded: string): string {
  return encodeURIComponent(decoded).replace(/%(24|26|2B|2C|3A|3B|3D|40)/g, (match) => decodeURIComponent(match));
}

function escaping(path: string, why: string, hint?: string): ToolError {
  return new ToolError("forbidden", `The path ${quoted(path)} ${why}.`, {
    hint: hint ?? "Give a plain path of the API, such as /v1/items.",
  });
}

function malformed(path: string, why: string, hint?: string): ToolError {
  return new ToolError("invalid_input", `The path ${quoted(path)} ${why}.`, {
    hint: hint ?? "Give a plain path of the API, such as /v1/items.",
  });
}

/** The path of a base URL, without slashes at its end. */
export function basePathOf(base: URL): string {
  return base.pathname.replace(/\/+$/, "");
}
