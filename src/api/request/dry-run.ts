import type { PreparedRequest } from "../api-request.ts";
import type { ApiDescription } from "../configured-api.ts";
import { isSecretParameter } from "../credentials/configured-secrets.ts";
import type { Part } from "./multipart.ts";

/** A request as it would be sent, secrets hidden. */
export interface ShownRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  /** A text as it would be sent, its beginning where it is long. */
  body?: string;
  /** Of a body of bytes. */
  body_bytes?: number;
  /** Of a multipart body. */
  parts?: ShownPart[];
  /** Where the human would be asked first. */
  needs_confirmation?: true;
}

/** A part of a multipart body: its text, or how many bytes it has. */
export interface ShownPart {
  name: string;
  filename?: string;
  content_type?: string;
  text?: string;
  bytes?: number;
}

const HIDDEN = "[redacted]";
/** Characters of a body that are shown. */
const MAX_SHOWN = 10_000;

/**
 * Shows what a call would send. What the configuration sets is hidden by its name, however short its value, but for parameters of
 * the URL that are no secret, such as `format=json`; a secret is hidden by its value wherever else it stands.
 */
export function showRequest(api: ApiDescription, prepared: PreparedRequest): ShownRequest {
  const { method, url, headers, body, parts, configured } = prepared;
  const clean = api.secrets.inText;
  const shownUrl = new URL(url);
  shownUrl.search = "";
  const query = hideNamed(url.search.slice(1), "&", secretNames(prepared));
  const shownHeaders = Object.entries(headers).map(([name, value]) => {
    if (configured.header.includes(name)) return [name, HIDDEN];
    return [name, clean(name === "cookie" ? hideNamed(value, "; ", configured.cookie) : value)];
  });
  return {
    method,
    url: clean(shownUrl.href) + (query === "" ? "" : `?${clean(query)}`),
    headers: Object.fromEntries(shownHeaders),
    ...(parts && { parts: parts.map((part) => showPart(part, clean)) }),
    ...(typeof body === "string" && { body: cut(clean(body)) }),
    ...(body instanceof Uint8Array && { body_bytes: body.byteLength }),
    ...(api.consent(method, prepared.path) && { needs_confirmation: true }),
  };
}

/** Names of the query's parameters that the configuration sets, without those of the URL that are no secret. */
function secretNames({ target, configured: { query } }: PreparedRequest): string[] {
  const fixed = [...target.base.searchParams];
  const isHarmless = (name: string) => {
    const own = fixed.filter(([each]) => each === name);
    // One more than the URL has is a credential.
    const isOnlyFixed = own.length === query.filter((each) => each === name).length;
    return isOnlyFixed && own.every(([, value]) => !isSecretParameter(name, value));
  };
  return query.filter((name) => !isHarmless(name));
}

/** `name=value` pairs with the values of some names hidden. */
function hideNamed(pairs: string, separator: string, names: readonly string[]): string {
  if (names.length === 0) return pairs;
  const isNamed = (pair: string) =>
    [...new URLSearchParams(pair.replace(/^([^=]*).*$/s, "$1")).keys()].some((name) => names.includes(name));
  return pairs
    .split(separator)
    .map((pair) => (pair !== "" && isNamed(pair) ? `${pair.split("=")[0]}=${HIDDEN}` : pair))
    .join(separator);
}

function showPart({ name, filename, contentType, content }: Part, clean: (text: string) => string): ShownPart {
  return {
    name: clean(name),
    ...(filename !== undefined && { filename: clean(filename) }),
    ...(contentType !== undefined && { content_type: contentType }),
    ...(typeof content === "string" ? { text: cut(clean(content)) } : { bytes: content.byteLength }),
  };
}

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text;
}
