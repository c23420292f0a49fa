import { ToolError } from "../errors.ts";
import { type AllowRule, parseAllowRule } from "./allow-rules.ts";
import type { ApiSettings } from "./configured-api.ts";

/** Methods that change nothing (RFC 9110, 9.2.1, and the HTTP QUERY method), and that calls may have. */
const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "QUERY"]);

/** Whether calls with this method (upper case) only read. */
export function isRead(method: string): boolean {
  return READS.has(method);
}

/** @throws ToolError `forbidden` where the API is read-only and the method may change something; before any other rule. */
export function assertReads(api: { name: string; settings: Pick<ApiSettings, "readOnly"> }, method: string): void {
  if (!api.settings.readOnly || isRead(method)) return;
  throw new ToolError("forbidden", `API "${api.name}" is read-only: ${method} is not possible.`, {
    hint: `Only GET and HEAD are. readOnly in the configuration, or apis.${api.name}.readOnly, says so.`,
  });
}

/** Tells which calls the human is asked about first. */
export type ConsentRules = (method: string, path: string) => boolean;

/** The rules of `apis.X.confirm`. @throws ToolError `invalid_config` */
export function readConsentRules(name: string, { confirm }: Pick<ApiSettings, "confirm">): ConsentRules {
  if (typeof confirm === "boolean") return (method) => confirm && !isRead(method);
  const rules = confirm.map((text): AllowRule => parseAllowRule(lowerPath(text), name, "confirm"));
  return (method, path) => {
    const readings = readingsOf(path);
    return rules.some((rule) => readings.some((reading) => rule.matches(method, reading)));
  };
}

/**
 * The ways in which a server may read a path: one that a rule fits in any of them is asked about, so that no spelling of a
 * path gets around the question.
 */
function readingsOf(path: string): string[] {
  const low = path.toLowerCase();
  const slashes = low.replace(/%(?:25)*2f/g, "/");
  const texts = [low, slashes, low.replace(/%(?:25)*2f/g, "_")];
  const short = texts.map((text) => text.replace(/\/{2,}/g, "/").replace(/(?<=.)\/$/, ""));
  return [...new Set([...texts, ...short])];
}

function lowerPath(rule: string): string {
  return rule.replace(/\/.*$/s, (path) => path.toLowerCase());
}
