import { ToolError } from "../errors.ts";
import { decodeFully, decodeOnce } from "./contained-path.ts";

/** `GET /v1/*` of the configuration, ready to be matched. */
export interface AllowRule {
  /** As it was written, with the method in capitals. */
  text: string;
  /** Upper case, or `*` for every method. */
  method: string;
  path: string;
  /** Names of its `{name}` segments. */
  placeholders: readonly string[];
  /** Whether the rule fits every way in which a server may read the path, as what is allowed has to. */
  matches(method: string, path: string): boolean;
  /** Whether the rule fits one reading of a path, which is not decoded any further. */
  fits(method: string, reading: string): boolean;
}

/** Methods that a call can have. */
export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"] as const;

/**
 * Reads `METHOD /path`: `*` stands for any characters, `{name}` for one segment, the method `*` for every method.
 * @throws ToolError `invalid_config`
 */
export function parseAllowRule(text: string, api: string, key: "allow" | "confirm" = "allow"): AllowRule {
  const parts = /^(\*|[A-Za-z]+)\s+(\/\S*)$/.exec(text.trim());
  const method = parts?.[1]?.toUpperCase();
  const path = parts?.[2];
  if (!method || !path || /[?#\\]/.test(path) || !(method === "*" || METHODS.includes(method as never))) {
    throw new ToolError(
      "invalid_config",
      `apis.${api}.${key}: ${JSON.stringify(text)} is no rule. Write METHOD /path, such as "GET /v1/*".`,
    );
  }
  // Servers that fold letters are many, and a question too many does no harm: rules of `confirm` are in small letters.
  const fold = (text: string) => (key === "confirm" ? text.toLowerCase() : text);
  const once = tokensOf(fold(decodeOnce(path)));
  const fully = tokensOf(fold(decodeFully(path, path)));
  const hasMethod = (asked: string) => method === "*" || method === asked;
  return {
    text: `${method} ${path}`,
    method,
    path,
    placeholders: placeholdersOf(path),
    matches(asked, concrete) {
      const readings = readingsOf(concrete);
      return hasMethod(asked) && fits(once, readings.once) && readings.fully.every((reading) => fits(fully, reading));
    },
    fits: (asked, reading) => hasMethod(asked) && (fits(fully, reading) || fits(once, reading)),
  };
}

/** The ways in which servers decode a path: once; or until nothing changes, with encoded slashes as separators or as none. */
export function readingsOf(path: string): { once: string; fully: readonly string[] } {
  const fully = decodeFully(path, path);
  const kept = path.replace(/%(?:25)*2f/gi, "_");
  return { once: decodeOnce(path), fully: kept === path ? [fully] : [fully, decodeFully(kept, path)] };
}

/** Names inside `{…}`, in order. */
export function placeholdersOf(path: string): string[] {
  return [...path.matchAll(/\{([^{}/]+)\}/g)].map((match) => match[1] as string);
}

/** Whether some path that fits the template may be allowed; the exact answer needs the values. */
export function mayAllow(rules: readonly AllowRule[], method: string, template: string): boolean {
  if (rules.length === 0) return true;
  return rules.some((rule) => mayMeet(rule, { method, path: template.replaceAll("*", "_") }));
}

/** Whether some call fits both: the rule, and another rule or the template of an operation (without `*`, which would stand for any characters). */
export function mayMeet(rule: Pick<AllowRule, "method" | "path">, other: { method: string; path: string }): boolean {
  const sameMethod = rule.method === "*" || other.method === "*" || rule.method === other.method;
  return sameMethod && overlap(tokensOf(rule.path), tokensOf(other.path));
}

/** A character, `*` for any characters, or `{}` for one or more without a slash. */
type Token = string;

function tokensOf(path: string): Token[] {
  return [...path.replace(/\{[^{}/]*\}/g, "\u0000")].map((char) => (char === "\u0000" ? "{}" : char));
}

/** Whether a text fits, in time that grows with tokens × characters at worst: all ways to read it are followed at once. */
function fits(tokens: readonly Token[], text: string): boolean {
  let places = new Set<number>();
  /** A `*` may stand for nothing, so what comes after it may come at once. */
  const enter = (set: Set<number>, place: number): void => {
    let at = place;
    while (!set.has(at)) {
      set.add(at);
      if (tokens[at] === "*") at++;
    }
  };
  enter(places, 0);
  for (const char of text) {
    const next = new Set<number>();
    for (const at of places) {
      const token = tokens[at];
      if (token === "*") enter(next, at);
      else if (token === "{}") {
        if (char === "/") continue;
        next.add(at);
        enter(next, at + 1);
      } else if (token === char) enter(next, at + 1);
    }
    if (next.size === 0) return false;
    places = next;
  }
  return places.has(tokens.length);
}

function overlap(left: readonly Token[], right: readonly Token[]): boolean {
  const seen = new Map<number, boolean>();
  const from = (i: number, j: number): boolean => {
    const key = i * (right.length + 1) + j;
    const known = seen.get(key);
    if (known !== undefined) return known;
    seen.set(key, false);
    const a = left[i];
    const b = right[j];
    let found: boolean;
    if (a === undefined) found = b === undefined || (b === "*" && from(i, j + 1));
    else if (a === "*") found = from(i + 1, j) || (b !== undefined && from(i, j + 1));
    else if (b === "*") found = from(i, j + 1) || from(i + 1, j);
    else if (b === undefined) found = false;
    else if (a === "{}" || b === "{}") {
      const both = a === "{}" && b === "{}";
      const other = a === "{}" ? b : a;
      found = (both || other !== "/") && (from(i + 1, j + 1) || from(a === "{}" ? i : i + 1, b === "{}" ? j : j + 1));
      if (both) found ||= from(i + 1, j) || from(i, j + 1);
    } else found = a === b && from(i + 1, j + 1);
    seen.set(key, found);
    return found;
  };
  return from(0, 0);
}
