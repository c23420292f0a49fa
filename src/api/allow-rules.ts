import { ToolError } from "../errors.ts";
import { decodeFully } from "./contained-path.ts";

/** `GET /v1/*` of the configuration, ready to be matched. */
export interface AllowRule {
  /** As it was written, with the method in capitals. */
  text: string;
  /** Upper case, or `*` for every method. */
  method: string;
  path: string;
  /** Names of its `{name}` segments. */
  placeholders: readonly string[];
  matches(method: string, path: string): boolean;
}

/** Methods that a call can have. */
export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/**
 * Reads `METHOD /path`: `*` stands for any characters, `{name}` for one segment, the method `*` for every method.
 * @throws ToolError `invalid_config`
 */
export function parseAllowRule(text: string, api: string): AllowRule {
  const parts = /^(\*|[A-Za-z]+)\s+(\/\S*)$/.exec(text.trim());
  const method = parts?.[1]?.toUpperCase();
  const path = parts?.[2];
  if (!method || !path || /[?#\\]/.test(path) || !(method === "*" || METHODS.includes(method as never))) {
    throw new ToolError(
      "invalid_config",
      `apis.${api}.allow: ${JSON.stringify(text)} is no rule. Write METHOD /path, such as "GET /v1/*".`,
    );
  }
  const tokens = tokensOf(decodeFully(path, path));
  const pattern = new RegExp(`^${tokens.map(patternOf).join("")}$`, "su");
  return {
    text: `${method} ${path}`,
    method,
    path,
    placeholders: placeholdersOf(path),
    matches(asked, concrete) {
      if (method !== "*" && method !== asked) return false;
      // A server may take an encoded slash for a separator: the rule has to allow both readings.
      const decoded = decodeFully(concrete, concrete);
      return pattern.test(decoded) && pattern.test(decodeFully(concrete.replace(/%(?:25)*2f/gi, "_"), concrete));
    },
  };
}

/** Names inside `{…}`, in order. */
export function placeholdersOf(path: string): string[] {
  return [...path.matchAll(/\{([^{}/]+)\}/g)].map((match) => match[1] as string);
}

/** Whether some path that fits the template may be allowed; the exact answer needs the values. */
export function mayAllow(rules: readonly AllowRule[], method: string, template: string): boolean {
  if (rules.length === 0) return true;
  const tokens = tokensOf(template.replaceAll("*", "_"));
  return rules.some((rule) => (rule.method === "*" || rule.method === method) && overlap(tokensOf(rule.path), tokens));
}

/** A character, `*` for any characters, or `{}` for one or more without a slash. */
type Token = string;

function tokensOf(path: string): Token[] {
  return [...path.replace(/\{[^{}/]*\}/g, "\u0000")].map((char) => (char === "\u0000" ? "{}" : char));
}

function patternOf(token: Token): string {
  if (token === "*") return ".*";
  if (token === "{}") return "[^/]+";
  return token.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
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
    if (a === undefined) found = b === undefined;
    else if (a === "*") found = from(i + 1, j) || (b !== undefined && from(i, j + 1));
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
