import type { Credential, JsonObject } from "../operation.ts";
import { type ApiDocument, isObject } from "./document.ts";

/** How the key of an operation may travel, by the document's security schemes. */
export interface OperationSecurity {
  /** The first way; undefined: the document names none; null: the operation takes none. */
  credential: Credential | null | undefined;
  /** Every way: first the schemes that suffice alone, then those that others have to come with. */
  credentials: readonly Credential[];
}

/**
 * Reads the security requirements of an operation, or else of the document: alternatives, each of one scheme or more
 * (OpenAPI 3.1.1, "Security Requirement Object"). An empty list, or only the empty requirement, takes the document's away.
 */
export function readSecurity(document: ApiDocument, node: JsonObject): OperationSecurity {
  const none = { credential: null, credentials: [] };
  const own = Array.isArray(node.security);
  const requirements = (own ? node.security : document.root.security) as unknown;
  if (!Array.isArray(requirements)) return { credential: undefined, credentials: [] };
  const given = requirements.filter(isObject);
  // An empty requirement says that the operation can be called without, which does not keep a key from being sent.
  if (given.every((requirement) => Object.keys(requirement).length === 0) && (own || given.length > 0)) return none;

  const schemes = schemesOf(document);
  const alone: Credential[] = [];
  const together: Credential[] = [];
  for (const requirement of given) {
    const found = Object.keys(requirement)
      .map((name) => document.resolve(schemeNamed(document, schemes, name)))
      // A client certificate is no key; it comes with the connection.
      .filter((scheme) => scheme.type !== "mutualTLS");
    const credentials = found.map(credentialOf).filter((credential) => credential !== undefined);
    (found.length === 1 ? alone : together).push(...credentials);
  }
  const credentials = [...alone, ...together];
  return { credential: credentials[0], credentials };
}

/**
 * The way that fits what is configured: a `user:password` as Basic, any other key otherwise where that is possible; not in a
 * header that is configured anyway.
 */
export function chooseCredential(
  {
    credential,
    credentials = [],
  }: { credential: Credential | null | undefined; credentials?: readonly Credential[] | undefined },
  key: string | undefined,
  configuredHeaders: readonly string[],
): Credential | null | undefined {
  if (credential === null || key === undefined) return credential;
  const taken = new Set(configuredHeaders.map((name) => name.toLowerCase()));
  const open = credentials.filter((each) => each.in !== "header" || !taken.has(each.name.toLowerCase()));
  const pair = key.includes(":");
  return open.find(({ scheme }) => (scheme === "Basic") === pair) ?? open[0] ?? credential;
}

function schemesOf(document: ApiDocument): JsonObject {
  const { components, securityDefinitions } = document.root;
  const named = document.version === "2.0" ? securityDefinitions : document.resolve(components).securitySchemes;
  return document.resolve(named ?? securityDefinitions);
}

/** A scheme by its name or, since 3.2, by a reference. */
function schemeNamed(document: ApiDocument, schemes: JsonObject, name: string): unknown {
  if (Object.hasOwn(schemes, name)) return schemes[name];
  return name.includes("#") ? document.lookUp(name) : undefined;
}

function credentialOf(scheme: JsonObject): Credential | undefined {
  const type = String(scheme.type).toLowerCase();
  const basic = type === "basic" || (type === "http" && /^basic$/i.test(String(scheme.scheme)));
  if (basic) return { in: "header", name: "Authorization", scheme: "Basic" };
  if (type === "http" || type === "oauth2" || type === "openidconnect") {
    return { in: "header", name: "Authorization", scheme: "Bearer" };
  }
  const place = scheme.in;
  if (type !== "apikey" || typeof scheme.name !== "string" || scheme.name.trim() === "") return undefined;
  if (place !== "header" && place !== "query" && place !== "cookie") return undefined;
  return { in: place, name: scheme.name.trim(), scheme: "" };
}
