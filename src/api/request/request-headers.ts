import { ToolError } from "../../errors.ts";
import type { Target } from "../api-request.ts";
import type { ApiDescription } from "../configured-api.ts";
import { encodeStrictly } from "../contained-path.ts";
import type { CallCredential } from "../credentials/credentials.ts";
import { bareType, isJsonType } from "../media-types.ts";
import { isSafe } from "../network/safe-methods.ts";
import type { Credential, Parameter } from "../operation.ts";
import { scalarText } from "../scalar-text.ts";
import { decidesByMethod, isOfConnection, overridesMethod, sameToServers, whyForbidden } from "./forbidden-headers.ts";
import type { Reserves } from "./reserved-names.ts";
import { serializeInCookie, serializeInHeader } from "./serialize-parameter.ts";

const MAX_HEADER_VALUE = 8192;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Where the API's key goes, and what it looks like there. */
export interface PlacedCredential extends Credential {
  value: string;
}

/**
 * The headers of a request, names in lower case: what the model gives, below what the configuration sets.
 * @throws ToolError `forbidden` for a header that a call cannot set, `invalid_input` for one that cannot be sent,
 * `invalid_config` for a configured value that cannot be sent.
 */
export function buildHeaders(
  api: ApiDescription,
  target: Target,
  given: Readonly<Record<string, unknown>>,
  cookies: Readonly<Record<string, unknown>>,
  carried: CallCredential,
  secretHeaders: ReadonlySet<string> = NO_NAMES,
): Record<string, string> {
  const { placed, reserves } = carried;
  const headers: Record<string, string> = { accept: acceptOf(target), "user-agent": "patchbay-mcp" };
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase();
    if (!TOKEN.test(name)) throw invalid(name, "is no header name");
    const declared = target.details.parameters.find((entry) => entry.in === "header" && entry.name === name);
    const isOverride = overridesMethod(name);
    // What the user gave for this call is no model's credential, where the configuration has none of its own.
    const isUsers = lower === "authorization" && secretHeaders.has(lower) && !authorizes(api, carried);
    const isForApi = sameToServers(name) === "authorization" && !isUsers;
    const isTaken = isForApi || isOfConnection(name) || reserves("header", name);
    if (isTaken || (isOverride && (!declared || decidesByMethod(api.settings)))) {
      const why = whyForbidden(name);
      throw new ToolError("forbidden", `The header "${name.slice(0, 80)}" cannot be set by a call.`, {
        hint: why
          ? `${why[0]!.toUpperCase()}${why.slice(1)}.`
          : "Credentials and the connection's own headers come from the configuration.",
        issues: [{ path: `/header/${name.slice(0, 80)}`, message: "cannot be set by a call" }],
      });
    }
    if (isOverride && declared) assertListed(api, target.method, declared, value);
    const text = serializeInHeader(
      declared ?? { name, style: "simple", explode: false, allowReserved: false },
      value,
    ).trim();
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) {
      const hint = secretHeaders.has(lower) ? OF_SECRET : undefined;
      throw invalid(name, "holds characters that a header cannot carry", { hint });
    }
    if (text.length > MAX_HEADER_VALUE) throw invalid(name, `is longer than ${MAX_HEADER_VALUE} characters`);
    headers[lower] = text;
  }
  const fixed = fixedHeaders(api.name, carried);
  for (const [name, value] of fixed) headers[name] = value;
  const pairs = cookiePairs(target, cookies, placed, reserves);
  if (pairs.length > 0) {
    if (fixed.has("cookie") && Object.keys(cookies).length > 0) {
      throw new ToolError("forbidden", "Cookies cannot be set by a call of this API.", {
        hint: `apis.${api.name}.headers sets them.`,
      });
    }
    headers.cookie = [headers.cookie, ...pairs].filter(Boolean).join("; ");
  }
  return headers;
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Whether the configuration sets the header Authorization, or will when it has got a token. */
function authorizes({ settings }: ApiDescription, { headers, placed }: CallCredential): boolean {
  const isAuthorization = (name: string) => sameToServers(name) === "authorization";
  const isPlaced = placed.some((each) => each.in === "header" && isAuthorization(each.name));
  return settings.auth !== undefined || isPlaced || Object.keys(headers).some(isAuthorization);
}

/**
 * A header that changes the method has its operation's own, or one that the document lists for it. One that only reads is sent
 * again and kept as such, and changes nothing. @throws ToolError `invalid_input`
 */
function assertListed(api: ApiDescription, method: string, { name, schema }: Parameter, value: unknown): void {
  const { enum: choices, const: only, default: usual } = api.document?.source.resolve(schema) ?? {};
  const listed = [method, only, usual, ...(Array.isArray(choices) ? choices : [])]
    .filter((each) => typeof each === "string")
    .map((each) => each.toUpperCase());
  const allowed = [...new Set(listed)].filter((each) => !isSafe(method) || isSafe(each));
  if (!allowed.includes(scalarText(value).trim().toUpperCase())) throw invalid(name, `must be ${allowed.join(" or ")}`);
}

/** What the configuration sets, by lower-case name; of each credential read once. @throws ToolError `invalid_config` */
function fixedHeaders(api: string, carried: CallCredential): ReadonlyMap<string, string> {
  const known = fixedByCredential.get(carried);
  if (known) return known;
  const { headers, placed } = carried;
  const fixed = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  for (const { in: place, name, value } of placed) {
    if (place === "header" && !fixed.has(name.toLowerCase())) fixed.set(name.toLowerCase(), value);
  }
  for (const [name, value] of fixed) {
    if (TOKEN.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) continue;
    throw new ToolError("invalid_config", `API "${api}": the configured header "${name}" cannot be sent.`, {
      hint: "Its name or value holds characters that a header cannot carry, such as a line break.",
    });
  }
  fixedByCredential.set(carried, fixed);
  return fixed;
}

const fixedByCredential = new WeakMap<CallCredential, ReadonlyMap<string, string>>();

function cookiePairs(
  target: Target,
  cookies: Readonly<Record<string, unknown>>,
  placed: readonly PlacedCredential[],
  reserves: Reserves,
): string[] {
  const secrets = placed.filter((credential) => credential.in === "cookie");
  const pairs = Object.entries(cookies).flatMap(([name, value]) => {
    const declared = target.details.parameters.find((entry) => entry.in === "cookie" && entry.name === name);
    const isSent = declared?.style === "cookie" ? name : encodeStrictly(name.toWellFormed());
    if (!TOKEN.test(isSent)) throw invalid(name, "is no cookie name", { place: "cookie" });
    const made = serializeInCookie(declared ?? { name, style: "form", explode: true, allowReserved: false }, value);
    // Compared as they are sent: an object spreads over several names.
    if ([name, ...made.map((pair) => pair.replace(/=.*$/s, ""))].some((sent) => reserves("cookie", sent))) {
      throw new ToolError(
        "forbidden",
        `The cookie "${name.slice(0, 80)}" is set by the configuration, not by a call.`,
        {
          issues: [{ path: `/cookie/${name.slice(0, 80)}`, message: "cannot be set by a call" }],
        },
      );
    }
    return made;
  });
  return [...pairs, ...secrets.map(({ name, value }) => `${cookieText(name)}=${cookieText(value)}`)];
}

/** As it is where a cookie can hold it (RFC 6265, 4.1.1), for not all servers decode; else percent-encoded. */
function cookieText(text: string): string {
  return /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/.test(text) ? text : encodeStrictly(text);
}

const accepts = new WeakMap<readonly string[], string>();

function acceptOf({ details: { produces } }: Target): string {
  const known = accepts.get(produces) ?? acceptText(produces);
  accepts.set(produces, known);
  return known;
}

function acceptText(produces: readonly string[]): string {
  if (produces.length === 0) return "application/json, text/plain;q=0.9, */*;q=0.8";
  // Charsets are not asked for here (RFC 9110, 12.5.1).
  const types = [...new Set(produces.map((type) => type.replace(/\s*;\s*charset\s*=\s*[^;]*/i, "")))];
  const json = types.filter((type) => isJsonType(bareType(type)));
  const others = types.filter((type) => !json.includes(type));
  return [...json, ...others.map((type) => `${type};q=0.9`), "*/*;q=0.5"].slice(0, 8).join(", ");
}

const OF_SECRET =
  "They may be those of the user's secret: letters beyond Latin-1 or line breaks. Ask for it again by collect_input, or send it in the body.";

function invalid(
  name: string,
  why: string,
  { place = "header", hint }: { place?: string; hint?: string | undefined } = {},
) {
  const shown = JSON.stringify(name.slice(0, 80));
  return new ToolError("invalid_input", `The ${place} ${shown} ${why}.`, {
    hint,
    issues: [{ path: `/${place}/${name.slice(0, 80)}`, message: why }],
  });
}
