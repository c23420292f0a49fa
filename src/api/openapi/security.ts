import type { Credential, JsonObject, SecurityScheme } from "../operation.ts";
import { scalarText } from "../scalar-text.ts";
import { type ApiDocument, isObject } from "./document.ts";

/** How the key of an operation may travel, by the document's security schemes. */
export interface OperationSecurity {
  /** The first way; undefined: the document names none; null: the operation takes none. */
  credential: Credential | null | undefined;
  /** Every way: first the schemes that suffice alone, then those that others have to come with. */
  credentials: readonly Credential[];
  /** The document's alternatives, each with the schemes that go together; an empty one needs none. Undefined: it names none. */
  alternatives?: readonly (readonly SecurityScheme[])[];
  /** Where the document names no alternatives: the schemes that it has all the same. */
  declared?: readonly SecurityScheme[];
}

/**
 * Reads the security requirements of an operation, or else of the document: alternatives, each of one scheme or more
 * (OpenAPI 3.1.1, "Security Requirement Object"). An empty list, or only the empty requirement, takes the document's away.
 */
export function readSecurity(document: ApiDocument, node: JsonObject): OperationSecurity {
  const none = { credential: null, credentials: [] };
  const own = Array.isArray(node.security);
  const requirements = (own ? node.security : document.root.security) as unknown;
  if (!Array.isArray(requirements)) return undeclared(document);
  const given = requirements.filter(isObject);
  // An empty requirement says that the operation can be called without, which does not keep a key from being sent.
  if (given.every((requirement) => Object.keys(requirement).length === 0) && (own || given.length > 0)) return none;
  if (given.length === 0) return undeclared(document);

  const schemes = schemesOf(document);
  const alternatives: SecurityScheme[][] = [];
  const alone: Credential[] = [];
  const together: Credential[] = [];
  for (const requirement of given) {
    const found = Object.keys(requirement)
      .map((name) => [idOf(name, schemes), document.resolve(schemeNamed(document, schemes, name))] as const)
      // A client certificate is no key; it comes with the connection.
      .filter(([, scheme]) => scheme.type !== "mutualTLS");
    const credentials = found.flatMap(([id, scheme]) => identified(id, scheme));
    // Of schemes that are not known, nothing can be sent.
    if (found.length === 0 || credentials.length > 0) alternatives.push(credentials);
    (found.length === 1 ? alone : together).push(...credentials.map(({ id: _id, ...credential }) => credential));
  }
  const credentials = [...alone, ...together];
  return { credential: credentials[0], credentials, alternatives };
}

/** The security schemes of a document that a request can carry. */
export function readSchemes(document: ApiDocument): SecurityScheme[] {
  return Object.entries(schemesOf(document)).flatMap(([id, scheme]) => identified(id, document.resolve(scheme)));
}

function undeclared(document: ApiDocument): OperationSecurity {
  return { credential: undefined, credentials: [], declared: readSchemes(document) };
}

function identified(id: string, scheme: JsonObject): SecurityScheme[] {
  const credential = credentialOf(scheme);
  return credential ? [{ id, ...credential }] : [];
}

/** The name of a scheme, also of one that is named by a reference. */
function idOf(name: string, schemes: JsonObject): string {
  return Object.hasOwn(schemes, name) ? name : (name.split("/").at(-1) ?? name);
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
  const type = scalarText(scheme.type).toLowerCase();
  const basic = type === "basic" || (type === "http" && /^basic$/i.test(scalarText(scheme.scheme)));
  if (basic) return { in: "header", name: "Authorization", scheme: "Basic" };
  if (type === "http" || type === "oauth2" || type === "openidconnect") {
    return { in: "header", name: "Authorization", scheme: "Bearer" };
  }
  const place = scheme.in;
  if (type !== "apikey" || typeof scheme.name !== "string" || scheme.name.trim() === "") return undefined;
  if (place !== "header" && place !== "query" && place !== "cookie") return undefined;
  return { in: place, name: scheme.name.trim(), scheme: "" };
}
