import { ToolError } from "../../errors.ts";
import type { ApiUser } from "../api-client.ts";
import type { Target } from "../api-request.ts";
import type { ApiDescription } from "../configured-api.ts";
import { chooseCredential } from "../openapi/security.ts";
import type { Credential } from "../operation.ts";
import { sameToServers } from "../request/forbidden-headers.ts";
import type { PlacedCredential } from "../request/request-headers.ts";
import type { OAuthClient } from "./request-token.ts";

/** Whose secrets a call carries: the user's own, or those that the users without an entry share. Never some of both. */
export interface Holder {
  apiKey: string | undefined;
  username: string | undefined;
  password: string | undefined;
  clientId: string | undefined;
  clientSecret: string | undefined;
  /** By the names of the document's security schemes. */
  credentials: Readonly<Record<string, string>>;
  /** `user:password` of the configured URL. */
  userInfo: string | undefined;
  /** Headers of the API that the user's calls carry as well. */
  sharedHeaders: Readonly<Record<string, string>>;
  ownHeaders: Readonly<Record<string, string>>;
  /** Whether the user has an entry. */
  own: boolean;
  /** Where to write what is missing, such as `apis.crm.users.ana`. */
  key: string;
}

/** Where a call's credential comes from: it is there, it has to be asked for, or the call carries none. */
export type Source =
  | { kind: "value"; placed: PlacedCredential }
  | { kind: "token"; client: OAuthClient; place: Credential; prefix: string }
  | { kind: "none" };

/** Shared headers that are credentials whatever they say, so that a user with credentials of their own is sent without them. */
const SHARED_ONLY = ["authorization", "proxy-authorization", "cookie"];

/**
 * The secrets of a user. An entry in `users` takes the place of all shared credentials; names, which are no secrets, may be
 * shared.
 * @throws ToolError `not_configured` where the user needs an entry and has none, or one that holds nothing
 */
export function holderOf(api: ApiDescription, user: ApiUser): Holder {
  const { name } = api;
  const { users, requireUserCredentials, auth, headers } = api.settings;
  const key = `apis.${name}.users.${user.id.slice(0, 60)}`;
  const entry = Object.hasOwn(users, user.id) ? users[user.id] : undefined;
  if (!entry) {
    if (requireUserCredentials) {
      throw new ToolError("not_configured", `API "${name}" has no credentials for you.`, {
        hint: `Set ${key} in the configuration; this API is called with the credentials of single users only.`,
      });
    }
    return sharedHolder(api);
  }
  const { headers: ownHeaders, credentials = {}, ...secrets } = entry;
  if (![secrets, credentials, ownHeaders].flatMap(Object.values).some(isFilled)) {
    throw new ToolError(
      "not_configured",
      `API "${name}" has an entry for the user "${user.id.slice(0, 60)}" that holds no credentials.`,
      {
        hint: `Set ${key} in the configuration; a variable that it refers to may be empty.`,
      },
    );
  }
  const { username, password, clientId, clientSecret } = secrets;
  return {
    apiKey: secrets.apiKey,
    username: username ?? (password === undefined ? undefined : auth?.username),
    password,
    clientId: clientId ?? (clientSecret === undefined ? undefined : auth?.clientId),
    clientSecret,
    credentials,
    userInfo: undefined,
    sharedHeaders: without(headers, [...SHARED_ONLY, ...Object.keys(ownHeaders)]),
    ownHeaders,
    own: true,
    key,
  };
}

/** What users without an entry share. */
export function sharedHolder({ name, settings, userInfo }: ApiDescription): Holder {
  const { apiKey, auth, credentials = {} } = settings;
  return {
    apiKey,
    username: auth?.username,
    password: auth?.password,
    clientId: auth?.clientId,
    clientSecret: auth?.clientSecret,
    credentials,
    userInfo,
    sharedHeaders: settings.headers,
    ownHeaders: {},
    own: false,
    key: `apis.${name}`,
  };
}

/** Whether there is anything to make a credential of, besides those by scheme. */
export function hasSecrets({ apiKey, username, password, clientId, clientSecret, userInfo }: Holder): boolean {
  return [apiKey, username, password, clientId, clientSecret, userInfo].some(isFilled);
}

/** The headers but those of these names, whatever their case and whether they are written with `_` or `-`. */
export function without(
  headers: Readonly<Record<string, string>>,
  names: readonly string[],
): Readonly<Record<string, string>> {
  const left = new Set(names.map(sameToServers));
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !left.has(sameToServers(name))));
}

/** A credential that is configured for a scheme, as the scheme says that it is sent. */
export function placedValue({ in: place, name, scheme }: Credential, text: string): PlacedCredential {
  const where = { in: place, name, scheme };
  return { ...where, value: scheme === "Basic" ? basic(text) : prefixed(scheme, text) };
}

/**
 * The credential of a call beside those by scheme: in `apiKeyHeader`, else as `auth` says, else as the document does, else as a bearer token; none
 * where the document says that the operation takes none. `target` undefined: of any operation. `left`: the schemes that no
 * credential is configured for, where the others are.
 * @throws ToolError `not_configured` where `auth` wants what is not there, `invalid_config`
 */
export function sourceOf(
  api: ApiDescription,
  holder: Holder,
  target: Pick<Target, "details"> | undefined,
  left?: readonly Credential[],
): Source {
  const { apiKeyHeader, auth } = api.settings;
  const { apiKey, username, password, userInfo } = holder;
  // A user whose own headers are all there is, or credentials by scheme.
  const byScheme = Object.values(holder.credentials).some(isFilled);
  if ((holder.own || byScheme) && !hasSecrets(holder)) return { kind: "none" };
  const hasKey = isFilled(apiKey);
  if (hasKey && apiKeyHeader !== undefined && !sendsSomethingElse(api)) {
    return value({ in: "header", name: apiKeyHeader, scheme: "" }, apiKey);
  }
  const pair = isFilled(username) || isFilled(password) ? `${username ?? ""}:${password ?? ""}` : undefined;
  const headers = Object.keys({ ...holder.sharedHeaders, ...holder.ownHeaders });
  const ways = left ? { credential: left[0] ?? null, credentials: left } : target?.details;
  const documented = ways && chooseCredential(ways, hasKey ? apiKey : pair, headers);
  // What `auth` says is sent beside those by scheme, which are all that the document wants.
  if (documented === null && (!auth || target?.details.credential === null)) return { kind: "none" };
  if (!auth) {
    const place = documented ?? { in: "header", name: "Authorization", scheme: "Bearer" };
    if (hasKey && !(pair !== undefined && place.scheme === "Basic")) {
      return { kind: "value", placed: placedValue(place, apiKey) };
    }
    const info = pair ?? userInfo;
    return info === undefined ? { kind: "none" } : value(AUTHORIZATION, basicPair(holder, info));
  }
  const place: Credential = { ...AUTHORIZATION, name: auth.name ?? "Authorization" };
  switch (auth.type) {
    case "basic": {
      const info = pair ?? (hasKey ? undefined : userInfo);
      if (info !== undefined) return value(AUTHORIZATION, basicPair(holder, info));
      if (hasKey) return value(AUTHORIZATION, basic(apiKey));
      throw missing(api, holder, holder.own ? "username" : "auth.username");
    }
    case "oauth2":
      return { kind: "token", client: clientOf(api, holder), place, prefix: auth.prefix || "Bearer " };
    case "bearer":
      if (!hasKey) throw missing(api, holder, "apiKey");
      return value(place, prefixed(auth.prefix || "Bearer", apiKey));
    default:
      if (!hasKey) throw missing(api, holder, "apiKey");
      return auth.type === "header"
        ? value(place, prefixed(auth.prefix, apiKey))
        : value({ in: auth.type, name: auth.name ?? "", scheme: "" }, apiKey);
  }
}

const AUTHORIZATION: Credential = { in: "header", name: "Authorization", scheme: "" };

/** Whether `apiKeyHeader` carries a key besides what `auth` sends, such as a gateway's. */
export function sendsSomethingElse({ settings: { auth } }: ApiDescription): boolean {
  return auth?.type === "oauth2" || (auth?.type === "basic" && isFilled(auth.username));
}

function clientOf(api: ApiDescription, holder: Holder): OAuthClient {
  const { scope, audience, resource, clientAuth = "basic" } = api.settings.auth ?? {};
  const prefix = holder.own ? "" : "auth.";
  if (!isFilled(holder.clientId)) throw missing(api, holder, `${prefix}clientId`);
  if (!isFilled(holder.clientSecret)) throw missing(api, holder, `${prefix}clientSecret`);
  return { id: holder.clientId, secret: holder.clientSecret, scope, audience, resource, clientAuth };
}

function missing(api: ApiDescription, holder: Holder, what: string): ToolError {
  return new ToolError("not_configured", `API "${api.name}" lacks a credential: ${holder.key}.${what} is not set.`, {
    hint: `Set ${holder.key}.${what} in the configuration, such as \${NAME} for an environment variable.`,
  });
}

function value(place: Credential, text: string): Source {
  return { kind: "value", placed: { ...place, value: text } };
}

/** The key behind what it begins with, which people also write into the key itself. */
function prefixed(prefix: string, key: string): string {
  if (prefix === "") return key;
  const start = /\W$/.test(prefix) ? prefix : `${prefix} `;
  return /\s$/.test(start) && key.toLowerCase().startsWith(start.toLowerCase()) ? key : start + key;
}

/** `user:password`, or what is in base64 already (RFC 7617). */
function basic(key: string): string {
  return prefixed("Basic", /^basic\s/i.test(key) || !key.includes(":") ? key : Buffer.from(key).toString("base64"));
}

function basicPair({ username, key }: Holder, pair: string): string {
  if (username?.includes(":")) {
    throw new ToolError(
      "invalid_config",
      `The user name of ${key} holds a colon, which ends a user's name (RFC 7617).`,
    );
  }
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

function isFilled(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}
