import type { Parameter } from "../operation.ts";

/** A path as documents write it, taken apart. */
export interface PathTemplate {
  /** Below the base URL, with `{name}` for parameters, else as it is sent. */
  path: string;
  /** Query that stands in the path itself and is the same with every call, such as `action=list`. */
  fixedQuery: string;
  /** What the path's query fills in: by the name that the template has for it, the one that is sent. */
  queryNames: ReadonlyMap<string, string>;
}

const PLACEHOLDER = /\{[^{}/]+\}/g;
/** `{id:[0-9]{3}}` as servers' routers have it, `{name=projects/*}` as gRPC's gateway has it. */
const CONSTRAINED = /\{([^{}:=/]+)[:=](?:[^{}]|\{[^{}]*\})*\}/g;
/** `{?limit,offset}` of RFC 6570, 3.2.8 and 3.2.9. */
const QUERY_EXPRESSION = /\{[?&]([^{}]*)\}/g;

/**
 * Takes a path of a document apart (OpenAPI 3.1.1, "Path Templating"). What OpenAPI does not know but documents have, is
 * understood: a query, a fragment, which is never sent, expressions of RFC 6570 and the patterns of routers.
 */
export function readTemplate(template: string): PathTemplate {
  const queryNames = new Map<string, string>();
  const plain = template
    .replace(QUERY_EXPRESSION, (_match, names: string) => {
      for (const name of names.split(",").map(bareName)) if (name !== "") queryNames.set(name, name);
      return "";
    })
    .replace(/\{#[^{}]*\}/g, "")
    .replace(CONSTRAINED, "{$1}")
    .replace(PLACEHOLDER, (expression) => `{${bareName(expression.slice(1, -1))}}`);
  const [bare = "", ...queries] = (plain.split("#")[0] ?? "").split("?");
  const fixed: string[] = [];
  for (const pair of queries.join("?").split("&")) {
    const [name = "", value = ""] = pair.split(/=(.*)/s);
    const placeholder = /\{([^{}]+)\}/.exec(value)?.[1];
    if (placeholder !== undefined) queryNames.set(placeholder, decode(name));
    else if (pair !== "") fixed.push(pair.replace(/[^\w.~!$'()*+,;:@/?%=[\]-]/gu, encodeLiteral));
  }
  const path = (bare.startsWith("/") ? bare : `/${bare}`)
    .split(/(\{[^{}/]+\})/)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[^\w.~!$&'()*+,;=:@/%-]/gu, encodeLiteral)))
    .join("");
  return { path, fixedQuery: fixed.join("&"), queryNames };
}

/** An expression's name: without the operators and modifiers of RFC 6570. */
function bareName(expression: string): string {
  return expression
    .trim()
    .replace(/^[+./;]/, "")
    .replace(/\*$/, "");
}

function encodeLiteral(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : "";
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The parameters as the template can take them: one that stands in the path's query is sent there; one that the path names
 * in other letters is that one; one that it does not name at all cannot be sent; one that nobody declared is a text.
 */
export function fitParameters(parameters: readonly Parameter[], { path, queryNames }: PathTemplate): Parameter[] {
  const names = [...path.matchAll(PLACEHOLDER)].map(([expression]) => expression.slice(1, -1));
  const taken = new Set<string>();
  const fitted = parameters.flatMap((parameter): Parameter[] => {
    const inQuery = queryNames.get(parameter.name);
    if (parameter.in === "query" && inQuery !== undefined) {
      taken.add(parameter.name);
      return [{ ...parameter, name: inQuery }];
    }
    if (parameter.in !== "path") return [parameter];
    const name = nameIn(names, parameter.name);
    if (name !== undefined && !taken.has(name)) {
      taken.add(name);
      return [name === parameter.name ? parameter : { ...parameter, name }];
    }
    if (inQuery === undefined || taken.has(parameter.name)) return [];
    taken.add(parameter.name);
    return [{ ...parameter, name: inQuery, in: "query", style: "form" }];
  });
  const text = { style: "simple", explode: false, allowReserved: false, description: "", required: true } as const;
  const schema = { type: ["string", "number", "boolean"] };
  const missing = names
    .filter((name, index) => !taken.has(name) && names.indexOf(name) === index)
    .map((name): Parameter => ({ ...text, name, in: "path", schema }));
  const missingInQuery = [...queryNames]
    .filter(([name, sent]) => !taken.has(name) && !fitted.some((entry) => entry.in === "query" && entry.name === sent))
    .map(
      ([name, sent]): Parameter => ({
        ...text,
        name: sent,
        in: "query",
        style: "form",
        required: name !== sent,
        schema,
      }),
    );
  return [...missing, ...fitted, ...missingInQuery];
}

function nameIn(names: readonly string[], declared: string): string | undefined {
  if (names.includes(declared)) return declared;
  const bare = (name: string) =>
    bareName(name)
      .replace(/[\s_-]/g, "")
      .toLowerCase();
  const alike = names.filter((name) => bare(name) === bare(declared));
  return alike.length === 1 ? alike[0] : undefined;
}
