import { ToolError } from "../errors.ts";
import { type AllowRule, mayMeet, parseAllowRule, readingsOf } from "./allow-rules.ts";
import type { ApiSettings } from "./configured-api.ts";
import type { Operation } from "./operation.ts";

/**
 * Methods that surely change nothing (RFC 9110, 9.2.1). QUERY is safe too, but a server that does not know it may take its body
 * for that of a POST.
 */
const READS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

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

/** Methods that change or remove what is there (RFC 9110, 9.3; RFC 5789). Many APIs search by POST. */
const CHANGES: ReadonlySet<string> = new Set(["PUT", "PATCH", "DELETE"]);

/** @throws ToolError `forbidden` where a call that is only to look something up would change what is there */
export function assertLooksUp(api: string, method: string): void {
  if (!CHANGES.has(method)) return;
  throw new ToolError(
    "forbidden",
    `${method} of API "${api}" is not called for rows: a pipeline only looks things up.`,
    {
      hint: "Change data by call_api.",
    },
  );
}

/** Tells which calls the human is asked about first. */
export type ConsentRules = (method: string, path: string) => boolean;

/** A call that there is: an operation's template, or a rule of `allow`. */
export type KnownCall = Pick<Operation, "method" | "path">;

/**
 * The rules of `apis.X.confirm`. One that fits none of the calls there are is probably misspelt: it counts for every path,
 * so that nothing is done unasked that was meant. @throws ToolError `invalid_config`
 */
export function readConsentRules(
  name: string,
  { confirm }: Pick<ApiSettings, "confirm">,
  calls: readonly KnownCall[],
): ConsentRules {
  if (typeof confirm === "boolean") return (method) => confirm && !isRead(method);
  const rules = confirm.map((text) => {
    const rule = parseConsentRule(text, name);
    return fitsSome(rule, calls) ? rule : parseAllowRule(`${rule.method} /*`, name, "confirm");
  });
  return (method, path) => {
    const readings = spellingsOf(path);
    return rules.some((rule) => readings.some((reading) => rule.fits(method, reading)));
  };
}

/** Whether a rule of `confirm` fits one of the calls, in some reading of its path. */
export function fitsSome(rule: AllowRule, calls: readonly KnownCall[]): boolean {
  if (rule.path === "/*") return true;
  return calls.some(({ method, path }) =>
    spellingsOf(path).some((reading) => mayMeet(rule, { method, path: reading })),
  );
}

/** A rule of `confirm`, in small letters and without a slash at the end, as paths are read below. @throws ToolError `invalid_config` */
export function parseConsentRule(text: string, api: string): AllowRule {
  const shortened = text.trim().replace(/\/.*$/s, (path) => path.toLowerCase().replace(/(?<=.)\/$/, ""));
  return parseAllowRule(shortened, api, "confirm");
}

/**
 * The ways in which a server may read a path, decoded and in small letters: one that a rule fits in any of them is asked about,
 * so that no spelling of a path gets around the question. Servers are known to cut off parameters of segments (`;v=1`), dots
 * and spaces at their ends, and slashes too many.
 */
function spellingsOf(path: string): string[] {
  const { once, fully } = readingsOf(path);
  const decoded = [once, ...fully].map((text) => text.toLowerCase());
  const spellings = decoded.flatMap((text) => {
    const bare = text.replace(/;[^/]*/g, "");
    return [text, bare, text.replace(ENDS, ""), bare.replace(ENDS, "")];
  });
  return [
    ...new Set([...spellings, ...spellings.map((text) => text.replace(/\/{2,}/g, "/").replace(/(?<=.)\/$/, ""))]),
  ];
}

/** Dots and spaces at the end of a segment. */
const ENDS = /(?<![.\s])[.\s]+(?=\/|$)/g;
