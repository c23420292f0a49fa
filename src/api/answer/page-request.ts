import { ToolError } from "../../errors.ts";
import type { PreparedRequest } from "../api-request.ts";
import type { ApiDescription } from "../configured-api.ts";
import { assertContained, basePathOf, encodeStrictly } from "../contained-path.ts";
import { assertAllowed } from "../find-target.ts";

/**
 * The request for a page at an address that an answer names. It stays inside the API and is a call that is allowed; the
 * credentials are those of the request before, whatever the address says.
 * @throws ToolError `forbidden` where it leads anywhere else
 */
export function pageAt(api: ApiDescription, request: PreparedRequest, address: string): PreparedRequest {
  const text = address.replaceAll("&amp;", "&");
  if (!URL.canParse(text, request.url.href)) throw refused("at what is no address");
  const url = new URL(text, request.url);
  // Behind a proxy that ends TLS, servers take themselves for plain ones.
  if (
    url.protocol === "http:" &&
    request.url.protocol === "https:" &&
    url.hostname === request.url.hostname &&
    url.port === ""
  ) {
    url.protocol = "https:";
    url.port = request.url.port;
  }
  if (url.origin !== request.url.origin || url.username !== "" || url.password !== "") {
    throw refused(`at another place, ${api.secrets.inText(url.origin).slice(0, 200)}`);
  }
  url.hash = "";
  url.search = withConfigured(request, url);
  if (url.pathname === request.url.pathname) return { ...request, url };
  const basePath = basePathOf(api.base);
  const shown = api.secrets.inText(url.pathname).slice(0, 200);
  if (!url.pathname.startsWith(`${basePath}/`)) throw refused(`outside the API, at ${shown}`);
  const path = url.pathname.slice(basePath.length);
  assertContained(path);
  assertAllowed(api, request.method, path);
  if (api.consent(request.method, path)) throw refused(`at ${shown}, which the user has to confirm`);
  return { ...request, url, path };
}

function refused(where: string): ToolError {
  return new ToolError("forbidden", `The next page is ${where}.`);
}

/** The same request with other values of some query parameters; the others stay exactly as they are. */
export function pageWith(request: PreparedRequest, values: Readonly<Record<string, string>>): PreparedRequest {
  const url = new URL(request.url);
  url.search = replaced(url.search, Object.entries(values));
  return { ...request, url };
}

/** Query parameters that differ from those of the request before, without secrets: what asks for the page. */
export function askedBy(api: ApiDescription, before: URL, after: URL): Record<string, string> {
  const was = before.searchParams;
  const entries = [...after.searchParams].filter(
    ([name, value]) => was.get(name) !== value && api.secrets.inText(value) === value,
  );
  return Object.fromEntries(entries.map(([name, value]) => [api.secrets.inText(name), value]));
}

/** The address's query with what the configuration sets in that of the request before: credentials, and what the API's URL has. */
function withConfigured(before: PreparedRequest, after: URL): string {
  const own = [...before.url.searchParams].filter(([name]) => before.configured.query.includes(name));
  return replaced(after.search, own);
}

function replaced(search: string, values: readonly (readonly [string, string])[]): string {
  const wanted = new Map(values);
  const pairs = search.replace(/^\?/, "").split("&");
  const kept = pairs.flatMap((pair) => {
    const [[name] = [""]] = [...new URLSearchParams(pair)];
    if (pair === "" || !wanted.has(name)) return pair === "" ? [] : [pair];
    const value = wanted.get(name) as string;
    wanted.delete(name);
    return [`${pair.split("=")[0]}=${encodeStrictly(value)}`];
  });
  const added = [...wanted].map(([name, value]) => `${encodeStrictly(name)}=${encodeStrictly(value)}`);
  return [...kept, ...added].join("&");
}
