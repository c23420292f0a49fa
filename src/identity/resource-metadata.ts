import type { Identity, ResourceName } from "./identity.ts";
import type { OwnUrls } from "./own-urls.ts";

const WELL_KNOWN = "/.well-known/oauth-protected-resource";
const RESOURCES = ["mcp", "v1"] as const;

/** The identifier of a resource (RFC 8707), such as `https://patchbay.example.com/mcp`. */
export function resourceOf(base: string, name: ResourceName): string {
  return `${base}/${name}`;
}

/** Where the metadata of a resource are, below the URL by which this server is reached, whatever proxy is before it. */
export function metadataUrlOf(base: string, name: ResourceName): string {
  return `${base}${WELL_KNOWN}/${name}`;
}

/**
 * Protected resource metadata (RFC 9728) by path. The path without a resource is where clients look that were not told of one.
 */
export function resourceMetadata(
  urls: OwnUrls,
  { issuer, scopes }: { issuer: string; scopes: readonly string[] },
): Identity["metadata"] {
  const of = (name: ResourceName) => (headers: Headers) => ({
    resource: resourceOf(urls.of(headers), name),
    authorization_servers: [issuer],
    bearer_methods_supported: ["header"],
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    resource_name: "Patchbay",
  });
  return new Map([[WELL_KNOWN, of("mcp")], ...RESOURCES.map((name) => [`${WELL_KNOWN}/${name}`, of(name)] as const)]);
}

/** A challenge of RFC 6750, section 3. */
export function challenge(parameters: Readonly<Record<string, string | undefined>>): string {
  const list = Object.entries({ realm: "patchbay", ...parameters }).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [`${name}="${value.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "")}"`],
  );
  return `Bearer ${list.join(", ")}`;
}
