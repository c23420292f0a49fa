import { ToolError } from "../../errors.ts";
import { encodeStrictly } from "../contained-path.ts";
import { writeExactJson } from "../exact-json.ts";
import { isObject } from "../openapi/document.ts";

/** Writes a text so that it can stand at its place in a request. */
export type Encode = (text: string) => string;

export const plain: Encode = (text) => text;

/**
 * Reserved expansion (RFC 6570, 3.2.3): percent-encoded triples and reserved characters stay, without those that would end the
 * value where it stands, so that a value never becomes two, nor something else than a value.
 */
function keeping(reserved: string): Encode {
  const kept = new Set([...reserved].map((char) => encodeStrictly(char)));
  return (text) =>
    text.replace(/(%[0-9a-f]{2})|(?:[^%]|%(?![0-9a-f]{2}))+/gi, (part, triple?: string) =>
      triple === undefined
        ? encodeStrictly(part).replace(/%[0-9A-F]{2}/g, (code) => (kept.has(code) ? decodeURIComponent(code) : code))
        : part,
    );
}

/** RFC 3986, 3.4, without `&` and `+`, which have a meaning of their own in a query of pairs. */
export const reservedInQuery = keeping(":/?@!$'()*,;=");
/** RFC 3986, 3.3; `/`, `?` and `#` are forbidden by OpenAPI 3.2.0, "Path Templating". */
export const reservedInPath = keeping(":@!$&'()*+,;=");
/** The query as a whole: RFC 3986, 3.4. */
export const reservedInWholeQuery = keeping(":/?@!$&'()*+,;=");
/** RFC 6265, 4.1.1. */
export const reservedInCookie = keeping(":/?#[]@!$&'()*+=");

/** JSON even of a text, which `toText` leaves as it is. */
export function toJson(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.toWellFormed()) : toText(value);
}

export function joined(value: Record<string, unknown>, encode: Encode, between: string, separator: string): string {
  return membersOf(value)
    .map(([member, text]) => `${encode(member)}${between}${encode(text)}`)
    .join(separator);
}

/** Whether RFC 6570 counts it as undefined. */
export function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (Array.isArray(value)) return value.every((item) => item === null || item === undefined);
  return isObject(value) && membersOf(value).length === 0;
}

export function itemsOf(value: readonly unknown[], encode: Encode): string[] {
  return value.filter((item) => item !== null && item !== undefined).map((item) => encode(toText(item)));
}

export function membersOf(value: Record<string, unknown>): [string, string][] {
  return Object.entries(value).flatMap(([member, item]) =>
    item === null || item === undefined ? [] : [[toText(member), toText(item)] as [string, string]],
  );
}

/**
 * A single value as text; what is nested where no style says how is JSON.
 * @throws ToolError `invalid_input`
 */
export function toText(value: unknown): string {
  let text: string;
  try {
    text = typeof value === "string" ? value : typeof value === "object" ? writeExactJson(value) : String(value);
  } catch {
    throw new ToolError("invalid_input", "A parameter is nested too deeply.");
  }
  if (!text.isWellFormed()) throw new ToolError("invalid_input", "A parameter holds half a surrogate pair.");
  return text;
}
