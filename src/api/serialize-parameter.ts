import { ToolError } from "../errors.ts";
import { encodeStrictly } from "./contained-path.ts";
import { isObject } from "./openapi/document.ts";
import type { Parameter } from "./operation.ts";

/** What decides how a value becomes text. */
export type Serialization = Pick<Parameter, "name" | "style" | "explode" | "allowReserved">;

type Encode = (text: string) => string;

/** Characters that a query can hold as they are without being taken for its own structure. */
const KEPT_WHERE_RESERVED_IS_ALLOWED = /%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/g;

const reserved: Encode = (text) =>
  encodeStrictly(text).replace(KEPT_WHERE_RESERVED_IS_ALLOWED, (match) => decodeURIComponent(match));
const plain: Encode = (text) => text;

/** The value as it stands in a path: styles simple, label and matrix (OpenAPI 3.1.1, "Style Examples"; RFC 6570). */
export function serializeInPath(parameter: Serialization, value: unknown): string {
  const { name, style, explode } = parameter;
  const key = encodeStrictly(name);
  if (style === "json") return encodeStrictly(toJson(value));
  if (style === "matrix") {
    const one = (member: string, text: string) => (text === "" ? `;${member}` : `;${member}=${text}`);
    if (Array.isArray(value)) {
      const items = value.map((item) => encodeStrictly(toText(item)));
      return explode ? items.map((item) => one(key, item)).join("") : one(key, items.join(","));
    }
    if (!isObject(value)) return one(key, encodeStrictly(toText(value)));
    if (!explode) return one(key, joined(value, encodeStrictly, ",", ","));
    return entriesOf(value)
      .map(([member, text]) => one(encodeStrictly(member), encodeStrictly(text)))
      .join("");
  }
  const label = style === "label";
  const prefix = label ? "." : "";
  const separator = label && explode ? "." : ",";
  if (Array.isArray(value)) return prefix + value.map((item) => encodeStrictly(toText(item))).join(separator);
  if (isObject(value)) return prefix + joined(value, encodeStrictly, explode ? "=" : ",", separator);
  return prefix + encodeStrictly(toText(value));
}

/** The value as it stands in a header: style simple, nothing encoded. */
export function serializeInHeader(parameter: Serialization, value: unknown): string {
  if (parameter.style === "json") return toJson(value);
  if (Array.isArray(value)) return value.map(toText).join(",");
  if (isObject(value)) return joined(value, plain, parameter.explode ? "=" : ",", ",");
  return toText(value);
}

/** The `name=value` pairs of a query or form body: styles form, spaceDelimited, pipeDelimited and deepObject. */
export function serializeInQuery(parameter: Serialization, value: unknown): string[] {
  const { name, style, explode } = parameter;
  const encode = parameter.allowReserved ? reserved : encodeStrictly;
  const key = encodeStrictly(name);
  if (style === "json") return [`${key}=${encode(toJson(value))}`];
  if (style === "deepObject" && typeof value === "object" && value !== null) return deep(key, value, encode);
  const delimiter = style === "spaceDelimited" ? "%20" : style === "pipeDelimited" ? "%7C" : ",";
  if (Array.isArray(value)) {
    const items = value.map((item) => encode(toText(item)));
    return explode ? items.map((item) => `${key}=${item}`) : [`${key}=${items.join(delimiter)}`];
  }
  if (!isObject(value)) return [`${key}=${encode(toText(value))}`];
  if (!explode || style !== "form") return [`${key}=${joined(value, encode, delimiter, delimiter)}`];
  return entriesOf(value).map(([member, text]) => `${encodeStrictly(member)}=${encode(text)}`);
}

/** The `name=value` pairs of a cookie: style form. Several values of one name are joined, for a cookie has one. */
export function serializeInCookie(parameter: Serialization, value: unknown): string[] {
  return serializeInQuery({ ...parameter, style: "form", explode: parameter.explode && isObject(value) }, value);
}

function deep(key: string, value: object, encode: Encode): string[] {
  const list = Array.isArray(value);
  return Object.entries(value).flatMap(([member, item]) => {
    if (item === null || item === undefined) return [];
    if (typeof item !== "object") {
      return [`${list ? key : `${key}%5B${encodeStrictly(member)}%5D`}=${encode(toText(item))}`];
    }
    return deep(`${key}%5B${encodeStrictly(member)}%5D`, item, encode);
  });
}

/** JSON even of a text, which `toText` leaves as it is. */
function toJson(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : toText(value);
}

function joined(value: Record<string, unknown>, encode: Encode, between: string, separator: string): string {
  return entriesOf(value)
    .map(([member, text]) => `${encode(member)}${between}${encode(text)}`)
    .join(separator);
}

function entriesOf(value: Record<string, unknown>): [string, string][] {
  return Object.entries(value).flatMap(([member, item]) =>
    item === null || item === undefined ? [] : [[member, toText(item)] as [string, string]],
  );
}

/**
 * A single value as text; what is nested where no style says how is JSON.
 * @throws ToolError `invalid_input`
 */
export function toText(value: unknown): string {
  let text: string;
  try {
    text = typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value);
  } catch {
    throw new ToolError("invalid_input", "A parameter is nested too deeply.");
  }
  if (!text.isWellFormed()) throw new ToolError("invalid_input", "A parameter holds half a surrogate pair.");
  return text;
}
