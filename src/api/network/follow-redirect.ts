import { ToolError } from "../../errors.ts";
import type { PreparedRequest } from "../api-request.ts";
import type { ApiDescription } from "../configured-api.ts";
import { assertContained, basePathOf } from "../contained-path.ts";
import { assertAllowed } from "../find-target.ts";
import type { HttpAnswer, HttpRequest } from "./exchange.ts";
import { isSafe } from "./safe-methods.ts";

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Whoever calls; what the call or the configuration says instead is for the API alone. */
const USER_AGENT = "patchbay-mcp";

/**
 * The request that a redirect asks for (RFC 9110, 15.4); undefined where the answer is none. Inside the API it has to be a call
 * that is allowed and that the human need not be asked about: what was confirmed is the call that was shown. Reads may lead on to
 * other origins, with `accept` as all that they are told of the call; which addresses those may have is checked when they are
 * connected to.
 * @throws ToolError `upstream_error` where it is not followed
 */
export function followRedirect(
  api: ApiDescription,
  prepared: PreparedRequest,
  request: HttpRequest,
  { status, headers }: HttpAnswer,
): HttpRequest | undefined {
  const { location } = headers;
  if (location === undefined || !REDIRECTS.has(status)) return undefined;
  if (!URL.canParse(location, request.url.href)) throw refusedRedirect(api, status, "to what is no URL");
  const url = new URL(location, request.url);
  if (url.username !== "" || url.password !== "") throw refusedRedirect(api, status, "to a URL with a password");
  url.hash = "";
  return url.origin === prepared.target.base.origin
    ? insideApi(api, prepared, request, status, url)
    : elsewhere(api, prepared, request, status, url);
}

function insideApi(
  api: ApiDescription,
  prepared: PreparedRequest,
  request: HttpRequest,
  status: number,
  url: URL,
): HttpRequest {
  const becomesGet = status === 303 ? request.method !== "HEAD" : status <= 302 && request.method === "POST";
  const method = becomesGet ? "GET" : request.method;
  const basePath = basePathOf(prepared.target.base);
  const withSlash = (path: string) => `${path.replace(/\/+$/, "")}/`;
  const shown = api.secrets.inText(url.pathname).slice(0, 200);
  const sameCall = method === prepared.method && withSlash(url.pathname) === withSlash(prepared.url.pathname);
  try {
    if (!sameCall) {
      if (!url.pathname.startsWith(`${basePath}/`)) throw new Error("outside the base path");
      const path = url.pathname.slice(basePath.length);
      assertContained(path);
      if (api.document && api.rules.length === 0) {
        // Every operation of the document is allowed; what only reads may lead on to what it does not list.
        if (!isSafe(method)) throw new Error("not a call that only reads");
      } else assertAllowed(api, method, path);
    }
  } catch {
    throw refusedRedirect(api, status, `to ${method} ${shown}, which is no allowed call`);
  }
  if (!sameCall && api.consent(method, url.pathname.slice(basePath.length))) {
    throw refusedRedirect(api, status, `to ${method} ${shown}, which the user has to confirm first`, {
      hint: "Make that call itself, with its own arguments: the user is then asked about it.",
    });
  }
  // Marks are of one resource, and keys of repetitions are of one request.
  const dropped = becomesGet ? /^(content-|if-|idempotency-key$)/ : /^if-/;
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !dropped.test(name)));
  return { method, url, headers, body: becomesGet ? null : request.body };
}

function elsewhere(
  api: ApiDescription,
  prepared: PreparedRequest,
  request: HttpRequest,
  status: number,
  url: URL,
): HttpRequest {
  const shown = api.secrets.inText(url.host === "" ? url.protocol : url.origin).slice(0, 200);
  const refuse = (why: string) => {
    const isHttp = url.protocol === "http:" || url.protocol === "https:";
    return refusedRedirect(api, status, `to ${shown}, which is another host${why}`, {
      other: isHttp ? url : undefined,
    });
  };
  if (url.protocol !== "http:" && url.protocol !== "https:") throw refuse("");
  // What would reach another host, and its name server.
  if (api.secrets.inText(url.href) !== url.href) throw refuse(", with a secret in its address");
  if (request.url.protocol === "https:" && url.protocol === "http:") throw refuse(" and not encrypted");
  const reads = (method: string) => method === "GET" || method === "HEAD";
  if (!reads(prepared.method) || !reads(request.method)) throw refuse("");
  const { accept = "*/*" } = request.headers;
  return { method: request.method, url, headers: { accept, "user-agent": USER_AGENT }, body: null };
}

/** `more.other`: the place that it leads to, where that may be what the configuration should name. */
export function refusedRedirect(
  api: ApiDescription,
  status: number,
  where: string,
  more: { other?: URL | undefined; hint?: string } = {},
): ToolError {
  const hint = more.other
    ? `If that is where the API is, write it as apis.${api.name}.apiUrl in the configuration; if reads may lead there, name it in apis.${api.name}.redirectHosts.`
    : `apis.${api.name}.allow in the configuration lists the allowed calls.`;
  return new ToolError("upstream_error", `API "${api.name}" redirects (${status}) ${where}; it was not followed.`, {
    hint: more.hint ?? hint,
    details: { http_status: status },
  });
}
