import type { ApiDescription } from "../configured-api.ts";
import { configuredSecrets } from "../credentials/configured-secrets.ts";
import { withoutRequiredKeys } from "../credentials/key-parameters.ts";
import type { OperationDetails } from "../operation.ts";
import { decidesByMethod, isOfConnection, overridesMethod, sameToServers } from "./forbidden-headers.ts";

/** Whether a call must not set the header, the cookie or the query parameter of this name. */
export type Reserves = (place: "header" | "cookie" | "query", name: string) => boolean;

/**
 * The name of a parameter or cookie as the most lenient server sees it: PHP takes `api.key`, `api key` and `api_key[]` for
 * `api_key`, others do not look at case.
 */
function sameToLenient(name: string): string {
  let text = name;
  try {
    text = decodeURIComponent(name);
  } catch {
    // It is no percent-encoding.
  }
  return text
    .trim()
    .toLowerCase()
    .replace(/[[\0].*$/s, "")
    .replace(/[.\s-]/g, "_");
}

/** Reserved names of an API; `and` adds all places where the document says that the key of an operation travels. */
export interface ReservedNames {
  /** Whether calls carry anything secret, for whatever user. */
  hasKey: boolean;
  /** Whether no call sets the header, whatever its operation. */
  forbids(header: string): boolean;
  and(details: Pick<OperationDetails, "credential" | "credentials" | "declared">): Reserves;
}

/** The names that the configuration sets, for whatever user. */
export function reservedNames({
  base,
  settings,
  userInfo,
}: Pick<ApiDescription, "base" | "settings" | "userInfo">): ReservedNames {
  const { apiKeyHeader, auth, headers, users } = settings;
  const names = { header: new Set<string>(), cookie: new Set<string>(), query: new Set<string>() };
  const configured = [headers, ...Object.values(users).map((user) => user.headers)].flatMap(Object.keys);
  for (const name of [...configured, ...(apiKeyHeader === undefined ? [] : [apiKeyHeader])]) {
    names.header.add(sameToServers(name));
  }
  for (const name of new URLSearchParams(base.search).keys()) names.query.add(sameToLenient(name));
  if (auth?.name !== undefined) {
    if (auth.type === "query" || auth.type === "cookie") names[auth.type].add(sameToLenient(auth.name));
    else names.header.add(sameToServers(auth.name));
  }
  const byScheme = [settings, ...Object.values(users)].map(({ credentials = {} }) => credentials);
  const hasKey = configuredSecrets(settings, undefined, userInfo).length > 0;
  const decides = decidesByMethod(settings);
  return {
    hasKey,
    forbids: (header) => isOfConnection(header) || (decides && overridesMethod(header)),
    and({ credential, credentials = [], declared = [] }) {
      const named = declared.filter(({ id }) => byScheme.some((given) => Object.hasOwn(given, id)));
      const keys = hasKey ? [credential ?? undefined, ...credentials, ...named] : [];
      const placed = (place: "header" | "cookie" | "query", same: (name: string) => string) => {
        const own = keys.flatMap((key) => (key?.in === place ? [same(key.name)] : []));
        return new Set([...names[place], ...own]);
      };
      const header = placed("header", sameToServers);
      const others = { cookie: placed("cookie", sameToLenient), query: placed("query", sameToLenient) };
      return (place, name) =>
        place === "header"
          ? header.has(sameToServers(name))
          : others[place].size > 0 && others[place].has(sameToLenient(name));
    },
  };
}

/**
 * The details without the parameters that a call cannot set, for documents also list those that carry the key, and with none
 * required that is the key in another place than the one where it is sent.
 */
export function withoutReserved(details: OperationDetails, reserved: ReservedNames): OperationDetails {
  const reserves = reserved.and(details);
  const open = details.parameters.filter(
    ({ in: place, name }) =>
      place === "path" || !(reserves(place, name) || (place === "header" && reserved.forbids(name))),
  );
  const parameters = reserved.hasKey && details.credential !== null ? withoutRequiredKeys(open) : open;
  return parameters === open && open.length === details.parameters.length ? details : { ...details, parameters };
}
