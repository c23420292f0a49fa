import { type ApiDocument, isObject } from "../openapi/document.ts";
import type { Parameter, Style } from "../operation.ts";

/**
 * Values that stand in a call as it goes on the wire, `GET /sets/a,b?ids=1,2`, read as their styles wrote them (OpenAPI 3.2.0,
 * "Style Examples"): a delimiter that is percent-encoded belongs to an item.
 */

const LABEL = /^\./;
/** Of styles in which a list without `explode` is one text. A space may be written as a plus sign. */
const DELIMITERS: Partial<Record<Style, RegExp>> = {
  form: /,/,
  simple: /,/,
  spaceDelimited: /%20|\+| /,
  pipeDelimited: /\||%7C/i,
  tabDelimited: /%09|\t/,
};

/** The value of a path parameter from the percent-encoded text in its place. @throws URIError where that cannot be decoded */
export function writtenInPath(raw: string, parameter: Parameter | undefined, document: ApiDocument): unknown {
  const { style = "simple", explode, name = "" } = parameter ?? {};
  const isList = parameter !== undefined && takesOnlyLists(parameter, document);
  if (style === "label" && LABEL.test(raw)) {
    const text = raw.replace(LABEL, "");
    return isList ? decoded(text.split(explode ? /\.|,/ : /,/)) : decodeURIComponent(text);
  }
  if (style === "matrix" && raw.startsWith(";")) {
    const texts = raw
      .split(";")
      .slice(1)
      .map((pair) => pair.slice(pair.startsWith(`${name}=`) ? name.length + 1 : 0));
    if (!isList && texts.length === 1) return decodeURIComponent(texts[0] as string);
    if (isList) return decoded(explode ? texts : texts.flatMap((text) => text.split(",")));
  }
  const delimiter = DELIMITERS[style];
  return isList && delimiter ? decoded(raw.split(delimiter)) : decodeURIComponent(raw);
}

/**
 * The parameters of a query as a call gives them: several of one name are a list, and so is one text of a list that does not
 * explode. `{name}` only says where a value would stand.
 */
export function writtenInQuery(
  query: string,
  parameters: readonly Parameter[],
  document: ApiDocument | undefined,
): Record<string, unknown> {
  const values = new Map<string, unknown[]>();
  for (const pair of query.split("&")) {
    for (const [name, value] of new URLSearchParams(pair)) {
      if (isPlaceholder(value)) continue;
      const parameter = parameters.find((entry) => entry.in === "query" && entry.name === name);
      const delimiter = parameter && !parameter.explode ? DELIMITERS[parameter.style] : undefined;
      const raw = pair.slice(pair.indexOf("=") + 1);
      const isList = delimiter && document && pair.includes("=") && takesOnlyLists(parameter as Parameter, document);
      const given = isList ? raw.split(delimiter).map((item) => textOf(item)) : [value];
      const known = values.get(name);
      values.set(name, [...(known ?? []), ...given]);
    }
  }
  return Object.fromEntries([...values].map(([name, list]) => [name, list.length === 1 ? list[0] : list]));
}

/** Whether a text is `{name}`, which stands for a value. */
export function isPlaceholder(text: string): boolean {
  return /^\{[^{}/]+\}$/.test(text);
}

/** One value of a query, as forms write it. */
function textOf(raw: string): string {
  return new URLSearchParams(`v=${raw}`).get("v") ?? "";
}

function decoded(items: readonly string[]): string[] {
  return items.map((item) => decodeURIComponent(item));
}

/** Whether a list is all that a parameter may be. */
function takesOnlyLists({ schema }: Parameter, document: ApiDocument): boolean {
  const { type, items, anyOf, oneOf } = document.resolve(schema);
  const types = [type].flat().filter((each) => each !== "null");
  if (types.length === 1 && types[0] !== undefined) return types[0] === "array";
  return types.length < 2 && isObject(items) && anyOf === undefined && oneOf === undefined;
}
