import type { ApiSettings } from "../configured-api.ts";

/** A header's name as servers see it: those that pass headers on as variables (CGI, RFC 3875, 4.1.18) cannot tell `_` from `-`. */
export function sameToServers(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** Headers of the connection and of proxies, which no call sets, and no document can ask a call for. */
const OF_CONNECTION = new Set([
  "accept-encoding",
  "connection",
  "content-encoding",
  "content-length",
  "cookie",
  "cookie2",
  "expect",
  "forwarded",
  "host",
  "http2-settings",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
  "x-original-uri",
  "x-original-url",
  "x-real-ip",
  "x-rewrite-url",
  "x-host",
]);
const PREFIXES = ["proxy-", "sec-", "x-forwarded-"];
/** Headers by which servers take a request for one with another method. */
const OVERRIDES = new Set(["x-http-method", "x-http-method-override", "x-method-override", "x-original-method"]);

/** Whether a header is the connection's own. */
export function isOfConnection(name: string): boolean {
  const read = sameToServers(name);
  return OF_CONNECTION.has(read) || PREFIXES.some((prefix) => read.startsWith(prefix));
}

/** Whether a header names another method than that of the request. */
export function overridesMethod(name: string): boolean {
  return OVERRIDES.has(sameToServers(name));
}

/** Whether the configuration decides by their methods which calls are made, or made unasked: then no header may change one. */
export function decidesByMethod({ allow, readOnly, confirm }: Pick<ApiSettings, "allow" | "readOnly" | "confirm">) {
  return readOnly || allow.length > 0 || (Array.isArray(confirm) ? confirm.length > 0 : confirm);
}

/** Why a call cannot set a header, as the end of a sentence; undefined where it is not for its name alone. */
export function whyForbidden(name: string): string | undefined {
  if (sameToServers(name) === "cookie") return "cookies are given in cookie";
  if (isOfConnection(name)) return "the connection sets it";
  if (overridesMethod(name)) {
    return "only an operation whose document lists it takes it, and only where no allow, readOnly or confirm of the configuration could be passed by";
  }
  return undefined;
}
