import { ToolError } from "../../errors.ts";
import { isCredentialName } from "../../redact/redact.ts";
import type { ApiProblem } from "../check-api.ts";
import type { ApiDescription } from "../configured-api.ts";
import type { DocumentOperation } from "../openapi/operations.ts";
import { readSchemes } from "../openapi/security.ts";
import type { Credential, Parameter, SecurityScheme } from "../operation.ts";
import { sameToServers } from "../request/forbidden-headers.ts";
import { type Carried, carriedBy, placesOf } from "./carried-credentials.ts";
import { isKeyParameter } from "./key-parameters.ts";
import { isSamePlace } from "./named-credentials.ts";
import { type Holder, hasSecrets, holderOf, sharedHolder } from "./own-credentials.ts";

/** Users whose credentials are looked at in full. */
const MAX_USERS = 50;

/**
 * Those who call with credentials of their own, and first, where there are any for them or nobody else, all the others.
 * @throws ToolError `not_configured` for an entry that holds nothing
 */
export function holdersOf(api: ApiDescription): Holder[] {
  const { users, requireUserCredentials } = api.settings;
  const holders = Object.keys(users).map((id) => holderOf(api, { id }));
  if (requireUserCredentials) return holders;
  const shared = sharedHolder(api);
  return holders.length === 0 || hasSecrets(shared) || Object.keys(shared.credentials).length > 0
    ? [shared, ...holders]
    : holders;
}

/** What of an API's credentials does not fit its document: calls may be refused for it. Asks nobody. */
export function credentialProblems(api: ApiDescription): ApiProblem[] {
  let holders: Holder[];
  try {
    holders = holdersOf(api).slice(0, MAX_USERS);
  } catch (error) {
    // That is why calls fail, and told as such.
    if (error instanceof ToolError) return [];
    throw error;
  }
  const groups = groupsOf(api);
  return holders.flatMap((holder) => [
    ...unknownSchemes(api, holder),
    ...badPairs(api, holder, groups),
    ...missingSchemes(api, holder, groups),
    ...otherPlaces(api, holder),
  ]);
}

/** Operations that need the same credentials at the same place. */
interface Group {
  first: DocumentOperation;
  count: number;
}

function groupsOf(api: ApiDescription): Group[] {
  const callable = new Set<unknown>(api.operations);
  const groups = new Map<string, Group>();
  for (const operation of api.document?.operations ?? []) {
    if (!callable.has(operation)) continue;
    const { credential, alternatives } = operation.details();
    const key = JSON.stringify([credential, alternatives, api.baseOf(operation).href]);
    const group = groups.get(key);
    if (group) group.count += 1;
    else groups.set(key, { first: operation, count: 1 });
  }
  return [...groups.values()];
}

function carriedTo(api: ApiDescription, holder: Holder, { first }: Group): Carried | undefined {
  try {
    return carriedBy(api, holder, { details: first.details(), base: api.baseOf(first) });
  } catch (error) {
    if (error instanceof ToolError) return undefined;
    throw error;
  }
}

function unknownSchemes(api: ApiDescription, { credentials, key }: Holder): ApiProblem[] {
  if (!api.document) return [];
  const known = readSchemes(api.document.source).map(({ id }) => id);
  const hint = known.length > 0 ? `It has ${known.join(", ")}.` : "It has none that a call can carry.";
  return Object.keys(credentials)
    .filter((id) => !known.includes(id))
    .map((id) => ({
      key: `${key}.credentials.${id}`,
      message: `The document has no security scheme ${JSON.stringify(id)}.`,
      hint,
      broken: true,
    }));
}

/** What goes as Basic authentication is a user's name and password, in base64 or not (RFC 7617). */
function badPairs(api: ApiDescription, holder: Holder, groups: readonly Group[]): ApiProblem[] {
  const isBad = (value: string) =>
    /^Basic\s/i.test(value) && !Buffer.from(value.slice(6), "base64").toString().includes(":");
  const all = groups.map((group) => carriedTo(api, holder, group));
  return all.some((carried) => carried && placesOf(carried).some(({ value }) => isBad(value)))
    ? [
        {
          key: holder.key,
          message: "A key is sent as Basic authentication, which takes a user and a password, and it has no colon.",
          hint: "Write it as user:password; where the key stands for the user, with a colon at its end.",
          broken: true,
        },
      ]
    : [];
}

function missingSchemes(api: ApiDescription, holder: Holder, groups: readonly Group[]): ApiProblem[] {
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  const counts = new Map<string, { schemes: readonly SecurityScheme[]; count: number }>();
  for (const group of groups) {
    const carried = carriedTo(api, holder, group);
    const schemes = carried ? missingOf(api, group, carried) : [];
    if (schemes.length === 0) continue;
    const names = JSON.stringify(schemes.map(({ id }) => id));
    counts.set(names, { schemes, count: (counts.get(names)?.count ?? 0) + group.count });
  }
  return [...counts.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, 3)
    .map(({ schemes, count }) => {
      const [first] = schemes as [SecurityScheme];
      const isOnly = schemes.length === 1 && !hasSecrets(holder) && Object.keys(holder.credentials).length === 0;
      const names = schemes.map(({ id }) => `${/^[\w-]+$/.test(id) ? id : JSON.stringify(id)}: …`).join(", ");
      return {
        key: holder.key,
        message: `There is no credential for ${schemes.map(wordsOf).join(" and ")}, wanted by ${count} of ${total} operations.`,
        hint:
          isOnly && first.scheme !== "Basic"
            ? `Set ${holder.key}.apiKey.`
            : `Set ${holder.key}.credentials: { ${names} }${schemes.some(({ scheme }) => scheme === "Basic") ? ", a Basic one as user:password" : ""}.`,
        broken: false,
      };
    });
}

/** Where a key goes as a bearer token, for want of a scheme, while the operations have a parameter for it. */
function otherPlaces(api: ApiDescription, { apiKey, key }: Holder): ApiProblem[] {
  const { auth, apiKeyHeader } = api.settings;
  if (!apiKey || auth || apiKeyHeader !== undefined) return [];
  const callable = new Set<unknown>(api.operations);
  const counts = new Map<string, { parameter: Parameter; count: number }>();
  for (const operation of api.document?.operations ?? []) {
    const { credential, parameters } = operation.details();
    if (!callable.has(operation) || credential !== undefined) continue;
    const parameter = parameters.find(isKeyParameter);
    if (!parameter) continue;
    const name = JSON.stringify([parameter.in, parameter.name]);
    counts.set(name, { parameter, count: (counts.get(name)?.count ?? 0) + 1 });
  }
  const [most] = [...counts.values()].sort((a, b) => b.count - a.count);
  if (!most) return [];
  const { in: place, name } = most.parameter;
  const where = `${place === "query" ? "query parameter" : place} ${name}`;
  return [
    {
      key: `${key}.apiKey`,
      message: `It is sent as a bearer token, for the document names no security scheme, but ${most.count} of its operations take a key in the ${where}.`,
      hint: `If the API wants it there, set apis.${api.name}.auth: { type: ${place}, name: ${name} }.`,
      broken: false,
    },
  ];
}

/** The schemes of the alternative that lacks the fewest; none where the document's words are replaced by the configuration's. */
function missingOf(api: ApiDescription, { first }: Group, carried: Carried): readonly SecurityScheme[] {
  const { alternatives } = first.details();
  const query = [...api.baseOf(first).searchParams.keys()];
  const headers = Object.keys(carried.headers);
  const sent = [
    ...placesOf(carried),
    ...headers.map((name): Credential => ({ in: "header", name, scheme: "" })),
    ...query.map((name): Credential => ({ in: "query", name, scheme: "" })),
  ];
  const isSent = (scheme: Credential) =>
    sent.some((other) => isSamePlace(scheme, other)) ||
    (scheme.in === "cookie" && headers.some((name) => sameToServers(name) === "cookie"));
  const lacks = (alternatives ?? []).map((schemes) => {
    const missing = schemes.filter(
      (scheme, at) => !isSent(scheme) && schemes.findIndex((other) => isSamePlace(scheme, other)) === at,
    );
    // Each that travels elsewhere than the document says is there in place of one that it names.
    const others = [...placesOf(carried), ...sent.filter(({ name }) => isCredentialName(name))].filter(
      (place) => !schemes.some((scheme) => isSamePlace(scheme, place)),
    );
    return missing.length <= new Set(others.map(({ name }) => sameToServers(name))).size ? [] : missing;
  });
  return lacks.sort((a, b) => a.length - b.length)[0] ?? [];
}

function wordsOf({ id, in: place, name, scheme }: SecurityScheme): string {
  const how = scheme === "" ? `${place === "query" ? "query parameter" : place} ${name}` : `${name}: ${scheme}`;
  return `${JSON.stringify(id)} (${how})`;
}
