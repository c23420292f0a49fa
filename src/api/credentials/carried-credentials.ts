import { REDACTED } from "../../redact/find-secrets.ts";
import type { Target } from "../api-request.ts";
import type { ApiDescription } from "../configured-api.ts";
import type { Credential } from "../operation.ts";
import type { PlacedCredential } from "../request/request-headers.ts";
import { isSamePlace, placeNamed } from "./named-credentials.ts";
import { type Holder, hasSecrets, type Source, sendsSomethingElse, sourceOf, without } from "./own-credentials.ts";

/** What a call carries, its places apart. */
export interface Carried {
  source: Source;
  /** Credentials by the names of security schemes. */
  named: readonly PlacedCredential[];
  headers: Readonly<Record<string, string>>;
}

/**
 * What the user's call of an operation carries: its credentials, and the configured headers. A configured header of a
 * credential's name takes its place, but a shared one never that of a user's own.
 */
export function carriedBy(api: ApiDescription, holder: Holder, target: Pick<Target, "details" | "base">): Carried {
  const { placed, left } = placeNamed(holder, target, hasSecrets(holder));
  const source = sourceOf(api, holder, target, left);
  const { apiKeyHeader } = api.settings;
  const key = apiKeyHeader !== undefined && sendsSomethingElse(api) ? holder.apiKey : undefined;
  const gateway = key && apiKeyHeader ? { [apiKeyHeader]: key } : {};
  const own = { ...without(gateway, Object.keys(holder.ownHeaders)), ...holder.ownHeaders };
  const names = [...placed, ...placedBy(source)].flatMap((place) => (place.in === "header" ? [place.name] : []));
  const headers = { ...without(holder.sharedHeaders, [...Object.keys(own), ...(holder.own ? names : [])]), ...own };
  const isCovered = ({ in: where, name }: Credential) =>
    where === "header" && Object.keys(without(headers, [name])).length < Object.keys(headers).length;
  const named = placed.filter((each) => !isCovered(each));
  const isTaken = placedBy(source).some((place) => isCovered(place) || named.some((each) => isSamePlace(each, place)));
  return { source: isTaken ? { kind: "none" } : source, named, headers };
}

/** The credentials of a call, each in a place of its own. */
export function placesOf({ named, source }: Carried): PlacedCredential[] {
  return [...named, ...placedBy(source)];
}

/** Of a token that has to be asked for, its place alone. */
function placedBy(source: Source): PlacedCredential[] {
  if (source.kind === "token") return [{ ...source.place, value: source.prefix + REDACTED }];
  return source.kind === "value" ? [source.placed] : [];
}
