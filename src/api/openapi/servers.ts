import type { JsonObject } from "../operation.ts";
import { scalarText } from "../scalar-text.ts";
import type { ApiDocument } from "./document.ts";

/**
 * The URL of the document's first server that is a usable one, its variables at their defaults (OpenAPI 3.1.1, "Server
 * Object"; Swagger 2.0, "Swagger Object"); by https where the document offers the same place by http and by https. Relative ones are resolved against where the document is. Undefined where there is
 * none: a document in a file has no place of its own.
 */
export function readServer(document: ApiDocument): URL | undefined {
  if (document.version === "2.0") return readHost(document);
  const { servers } = document.root;
  return firstServer(
    document,
    Array.isArray(servers) && servers.length > 0 ? servers : [{ url: "/" }],
    document.location,
  );
}

/**
 * The server that an operation, or else its path, has for itself. A relative one is below the document's place, or else `base`.
 * Undefined where neither has one, or where it is the document's own again.
 */
export function readOwnServer(document: ApiDocument, item: JsonObject, node: JsonObject, base: URL): URL | undefined {
  const [own, whole] = [node.servers ?? item.servers, document.root.servers].map((list) =>
    Array.isArray(list) && list.length > 0 ? firstServer(document, list, document.location ?? base) : undefined,
  );
  return own && own.href !== whole?.href ? own : undefined;
}

function firstServer(document: ApiDocument, servers: readonly unknown[], base: URL | undefined): URL | undefined {
  const urls = servers.flatMap((node) => serverUrl(document, document.resolve(node), base) ?? []);
  const [first] = urls;
  if (first?.protocol !== "http:") return first;
  return urls.find((url) => url.protocol === "https:" && placeOf(url) === placeOf(first)) ?? first;
}

/** Ports left out: those of http and https differ. */
function placeOf({ hostname, pathname, search }: URL): string {
  return hostname + pathname.replace(/\/+$/, "") + search;
}

function serverUrl(document: ApiDocument, server: JsonObject, base: URL | undefined): URL | undefined {
  if (typeof server.url !== "string") return undefined;
  const variables = document.resolve(server.variables);
  const template = server.url.trim();
  const scheme = /^\{([^{}]+)\}:/.exec(template)?.[1];
  const text = template.replace(/\{([^{}]+)\}/g, (match, name: string) => {
    const variable = document.resolve(Object.hasOwn(variables, name) ? variables[name] : undefined);
    const values: unknown[] = Array.isArray(variable.enum) ? variable.enum : [];
    const value = variable.default ?? values[0];
    if (value === undefined || value === null || typeof value === "object") return match;
    return name === scheme && value === "http" && values.includes("https") ? "https" : String(value);
  });
  return toUrl(text, base);
}

function readHost({ root, location }: ApiDocument): URL | undefined {
  const schemes = (Array.isArray(root.schemes) ? root.schemes : []).map((scheme) => scalarText(scheme).toLowerCase());
  const known = schemes.includes("https") ? "https" : schemes.includes("http") ? "http" : undefined;
  const scheme = known ?? location?.protocol.replace(":", "") ?? "https";
  const path = typeof root.basePath === "string" ? root.basePath.trim() : "";
  const basePath = path === "" || path.startsWith("/") ? path : `/${path}`;
  const host =
    typeof root.host === "string"
      ? root.host
          .trim()
          .replace(/^\w+:\/\//, "")
          .replace(/\/+$/, "")
      : "";
  if (host !== "") return toUrl(`${scheme}://${host}${basePath}`, undefined);
  // Then it is the host that serves the document.
  return location && toUrl(`${scheme}://${location.host}${basePath}`, undefined);
}

function toUrl(text: string, base: URL | undefined): URL | undefined {
  // What is left of a variable is no place.
  if (/[{}]/.test(text)) return undefined;
  let absolute = text;
  if (text.startsWith("//")) absolute = `${base?.protocol ?? "https:"}${text}`;
  else if (/^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}(:\d+)?(\/|$)/i.test(text)) absolute = `https://${text}`;
  if (!URL.canParse(absolute, base?.href)) return undefined;
  const url = new URL(absolute, base);
  if (!/^https?:$/.test(url.protocol) || url.hostname === "") return undefined;
  // A document is data: it does not name credentials.
  url.username = "";
  url.password = "";
  url.hash = "";
  return url;
}
