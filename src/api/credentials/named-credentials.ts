import type { Target } from "../api-request.ts";
import type { Credential, SecurityScheme } from "../operation.ts";
import { sameToServers } from "../request/forbidden-headers.ts";
import type { PlacedCredential } from "../request/request-headers.ts";
import { type Holder, placedValue } from "./own-credentials.ts";

/** What a call carries of the credentials that are configured by security scheme. */
export interface NamedCredentials {
  placed: readonly PlacedCredential[];
  /** Schemes of the chosen alternative that none is configured for; undefined where none had to be chosen. */
  left?: readonly Credential[];
}

/**
 * Chooses among the document's alternatives the one that the credentials configured by scheme fit best, one more scheme being
 * left to the holder's other credential (OpenAPI 3.1.1, "Security Requirement Object": alternatives of schemes that go together).
 */
export function placeNamed(
  { credentials, sharedHeaders, ownHeaders }: Holder,
  target: Pick<Target, "details" | "base">,
  hasOther: boolean,
): NamedCredentials {
  const { alternatives, declared = [], credential } = target.details;
  const isNamed = ({ id }: SecurityScheme) => Object.hasOwn(credentials, id) && credentials[id] !== "";
  const place = (schemes: readonly SecurityScheme[]) =>
    schemes
      .filter(isNamed)
      // Documents also name one place twice.
      .filter((scheme, at, all) => all.findIndex((other) => isSamePlace(scheme, other)) === at)
      .map((scheme) => placedValue(scheme, credentials[scheme.id] as string));
  if (credential === null || Object.keys(credentials).length === 0) return { placed: [] };
  // A document that says nowhere what needs them still says how they travel.
  if (!alternatives) return { placed: place(declared) };

  const query = target.base.searchParams;
  const headers = new Set(Object.keys({ ...sharedHeaders, ...ownHeaders }).map((name) => name.toLowerCase()));
  const isSet = ({ in: where, name }: SecurityScheme) =>
    where === "header" ? headers.has(name.toLowerCase()) : where === "query" && query.has(name);
  const choices = alternatives
    .filter((schemes) => schemes.some(isNamed))
    .map((schemes) => ({
      schemes,
      left: schemes.filter(
        (scheme) => !isSet(scheme) && !schemes.some((other) => isNamed(other) && isSamePlace(scheme, other)),
      ),
    }));
  const [best] = choices.sort((a, b) => a.left.length - b.left.length);
  if (!best) return { placed: [] };
  // Another alternative that the other credential suffices for is better than one that lacks something.
  const room = hasOther ? 1 : 0;
  const isOtherEnough = hasOther && alternatives.some((schemes) => schemes.length === 1);
  if (best.left.length > room && isOtherEnough) return { placed: [] };
  return { placed: place(best.schemes), left: best.left };
}

/** Whether two credentials would be one header, parameter or cookie. */
export function isSamePlace(a: Credential, b: Credential): boolean {
  return a.in === b.in && (a.in === "header" ? sameToServers(a.name) === sameToServers(b.name) : a.name === b.name);
}
