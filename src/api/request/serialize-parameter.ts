import { ToolError } from "../../errors.ts";
import { encodeStrictly } from "../contained-path.ts";
import { isJsonType } from "../media-types.ts";
import { isObject } from "../openapi/document.ts";
import type { BodyContent, Parameter, Style } from "../operation.ts";
import {
  type Encode,
  isEmpty,
  itemsOf,
  joined,
  membersOf,
  plain,
  reservedInCookie,
  reservedInPath,
  reservedInQuery,
  reservedInWholeQuery,
  toJson,
  toText,
} from "./value-text.ts";

/**
 * Values as they stand in a request (OpenAPI 3.2.0, "Style Values" and "Style Examples"; RFC 6570). Of what the specification
 * leaves open: `null` and undefined members are left out (RFC 6570, 2.3), and so are empty lists and objects; what is nested
 * where no style says how is JSON; a delimited style with `explode` is `form` with `explode`; `deepObject` means the same
 * whatever `explode` is, and writes lists as servers read them that know brackets: `name[]=a&name[]=b`, `name[0][key]=a`.
 */

/** What decides how a value becomes text. */
export type Serialization = Pick<Parameter, "name" | "style" | "explode" | "allowReserved" | "content">;

const DELIMITERS: Partial<Record<Style, string>> = {
  spaceDelimited: "%20",
  pipeDelimited: "%7C",
  tabDelimited: "%09",
};

/** The value as it stands in a path: styles simple, label and matrix. Empty where there is nothing to say. */
export function serializeInPath(parameter: Serialization, value: unknown): string {
  const { name, style, explode } = parameter;
  const encode = parameter.allowReserved ? reservedInPath : encodeStrictly;
  if (style === "content") return encodeStrictly(contentText(parameter, value));
  if (isEmpty(value)) return "";
  if (style === "matrix") {
    const one = (member: string, text: string) => (text === "" ? `;${member}` : `;${member}=${text}`);
    const key = encodeStrictly(name);
    if (Array.isArray(value)) {
      const items = itemsOf(value, encode);
      return explode ? items.map((item) => one(key, item)).join("") : one(key, items.join(","));
    }
    if (!isObject(value)) return one(key, encode(toText(value)));
    if (!explode) return one(key, joined(value, encode, ",", ","));
    return membersOf(value)
      .map(([member, text]) => one(encodeStrictly(member), encode(text)))
      .join("");
  }
  const label = style === "label";
  const prefix = label ? "." : "";
  const separator = label && explode ? "." : (DELIMITERS[style] ?? ",");
  if (Array.isArray(value)) return prefix + itemsOf(value, encode).join(separator);
  if (isObject(value)) return prefix + joined(value, encode, explode ? "=" : separator, separator);
  return prefix + encode(toText(value));
}

/** The value as it stands in a header: style simple, nothing encoded. What no header can hold is left to be refused. */
export function serializeInHeader(parameter: Serialization, value: unknown): string {
  if (parameter.style === "content") {
    // JSON has a spelling of every character that a header can carry.
    return contentText(parameter, value).replace(/[^\x20-\x7e]/g, (char) =>
      !isJsonType(parameter.content?.type ?? "application/json")
        ? char
        : `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  }
  const separator = decodeURIComponent(DELIMITERS[parameter.style] ?? ",");
  if (Array.isArray(value)) return itemsOf(value, plain).join(separator);
  if (isObject(value)) return joined(value, plain, parameter.explode ? "=" : separator, separator);
  return toText(value);
}

/**
 * The `name=value` pairs of a query or form body: styles form, spaceDelimited, pipeDelimited and deepObject. Of a `querystring`
 * the whole query, as its only pair.
 */
export function serializeInQuery(parameter: Serialization, value: unknown): string[] {
  const { name, style, explode } = parameter;
  const encode = parameter.allowReserved ? reservedInQuery : encodeStrictly;
  const key = encodeStrictly(name);
  if (style === "querystring") return [wholeQuery(parameter, value)];
  if (style === "content") return [`${key}=${encodeStrictly(contentText(parameter, value))}`];
  if (isEmpty(value)) return [];
  if (style === "deepObject" && typeof value === "object" && value !== null) return deep(key, value, encode);
  return pairsOf(key, value, encode, { explode, delimiter: DELIMITERS[style] ?? "," });
}

/**
 * The `name=value` pairs of a cookie: style form, encoded, or cookie, as it is. Several values of one name are pairs of their
 * own where they explode (OpenAPI 3.2.0, style `cookie`; what earlier versions say of it cannot be sent).
 * @throws ToolError `invalid_input` where a value that is sent as it is would end the cookie.
 */
export function serializeInCookie(parameter: Serialization, value: unknown): string[] {
  const { name, style, explode } = parameter;
  if (style === "content") return [`${encodeStrictly(name)}=${encodeStrictly(contentText(parameter, value))}`];
  if (isEmpty(value)) return [];
  const asItIs = style === "cookie";
  const encode = asItIs ? cookieText(name) : parameter.allowReserved ? reservedInCookie : encodeStrictly;
  return pairsOf(asItIs ? name : encodeStrictly(name), value, encode, { explode, delimiter: "," });
}

function cookieText(name: string): Encode {
  return (text) => {
    if (/^[\x20-\x3a\x3c-\x7e]*$/.test(text)) return text;
    throw new ToolError("invalid_input", `The cookie "${name.slice(0, 80)}" holds what no cookie can carry.`, {
      hint: "It is sent as it is: escape it as the API wants it.",
      issues: [
        { path: `/cookie/${name.slice(0, 80)}`, message: "holds a semicolon, a control character or one beyond ASCII" },
      ],
    });
  };
}

function pairsOf(
  key: string,
  value: unknown,
  encode: Encode,
  { explode, delimiter }: { explode: boolean; delimiter: string },
): string[] {
  if (Array.isArray(value)) {
    const items = itemsOf(value, encode);
    return explode ? items.map((item) => `${key}=${item}`) : [`${key}=${items.join(delimiter)}`];
  }
  if (!isObject(value)) return [`${key}=${encode(toText(value))}`];
  if (!explode) return [`${key}=${joined(value, encode, delimiter, delimiter)}`];
  return membersOf(value).map(([member, text]) => `${encodeMember(member, encode)}=${encode(text)}`);
}

/** A member's name is a name, whatever its value may keep: `=` would end it. */
function encodeMember(member: string, encode: Encode): string {
  return encode(member).replaceAll("=", "%3D");
}

const MAX_DEPTH = 64;

function deep(key: string, value: object, encode: Encode, depth = 0): string[] {
  if (depth > MAX_DEPTH) throw new ToolError("invalid_input", "A parameter is nested too deeply.");
  const list = Array.isArray(value);
  return Object.entries(value).flatMap(([member, item]) => {
    if (item === null || item === undefined) return [];
    const inside = encodeStrictly(toText(member));
    if (typeof item === "object") return deep(`${key}%5B${inside}%5D`, item, encode, depth + 1);
    return [`${key}%5B${list ? "" : inside}%5D=${encode(toText(item))}`];
  });
}

/** A value as the media type of its `content` says. */
function contentText({ content }: Serialization, value: unknown): string {
  const type = content?.type ?? "application/json";
  if (content && type === FORM && isObject(value)) return encodeForm(content, value);
  return isJsonType(type) ? toJson(value) : toText(value);
}

function wholeQuery(parameter: Serialization, value: unknown): string {
  const text = contentText(parameter, value);
  const type = parameter.content?.type ?? "";
  if (type === FORM && isObject(value)) return text;
  // A text is the query in the API's own format, so that what a query may hold stays.
  return type.startsWith("text/") ? reservedInWholeQuery(text) : encodeStrictly(text);
}

export const FORM = "application/x-www-form-urlencoded";

/**
 * A form (OpenAPI 3.2.0, "Encoding the x-www-form-urlencoded Media Type"): what its `encoding` gives a style is written as in a
 * query; all else as its content type says, each item of a list by itself, by the rules of the WHATWG URL Standard, section 5.
 */
export function encodeForm(content: Pick<BodyContent, "encoding">, values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== null && value !== undefined)
    .flatMap(([name, value]) => {
      const encoding = Object.hasOwn(content.encoding, name) ? content.encoding[name] : undefined;
      const { style, explode, allowReserved, contentType } = encoding ?? {};
      if (style !== undefined || explode !== undefined || allowReserved !== undefined) {
        const chosen = style ?? "form";
        return serializeInQuery(
          { name, style: chosen, explode: explode ?? chosen === "form", allowReserved: allowReserved === true },
          value,
        );
      }
      const write = isJsonType(mediaTypeOf(contentType)) ? toJson : toText;
      const items = Array.isArray(value) ? value.filter((item) => item !== null && item !== undefined) : [value];
      return items.map((item) => new URLSearchParams([[name.toWellFormed(), write(item)]]).toString());
    })
    .join("&");
}

/** The first of the media types that an `encoding` lists, without parameters. */
export function mediaTypeOf(types: string | undefined): string {
  return (types?.split(/[,;]/)[0] ?? "").trim().toLowerCase();
}
