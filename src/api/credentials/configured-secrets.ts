import { isCredentialName, looksSecret } from "../../redact/redact.ts";
import type { ApiSettings, AuthSettings } from "../configured-api.ts";

/** Headers that say how to answer, or who asks, to everybody. */
const HARMLESS_HEADERS =
  /^(accept(-charset|-encoding|-language)?|cache-control|content-language|content-type|date|from|origin|prefer|referer|user-agent|.*-version)$/i;
const MEDIA_TYPE = /^(application|audio|font|image|message|model|multipart|text|video|\*)\/[\w.+*-]+/i;
/** A word such as `production`, under a name that says nothing of a key: hiding it would mangle answers. */
const PLAIN_WORD = /^[a-z]{1,10}$/i;
const VERSION = /^v?\d{1,4}([.-]\d{1,4}){0,3}$/i;

/** Everything of an API's configuration that no answer may show to anybody: the secrets of all users. */
export function configuredSecrets(
  { apiKey, auth, credentials, headers, users }: ApiSettings,
  base: URL | undefined,
  userInfo: string | undefined,
): string[] {
  const holders = Object.values(users);
  const all = [
    apiKey,
    ...pairs(apiKey),
    ...pairs(userInfo),
    ...(auth ? secretsOf(auth) : []),
    ...holders.flatMap((holder) => [
      holder.apiKey,
      ...pairs(holder.apiKey),
      ...secretsOf({ username: auth?.username, clientId: auth?.clientId, ...given(holder) }),
    ]),
    ...[credentials, ...holders.map((holder) => holder.credentials)]
      .flatMap((named) => Object.values(named ?? {}))
      .flatMap((secret) => [secret, ...pairs(secret)]),
    ...[headers, ...holders.map((holder) => holder.headers)].flatMap(secretsOfHeaders),
    ...(base ? secretsOfQuery(base.searchParams) : []),
  ];
  return [...new Set(all.filter((secret) => secret !== undefined && secret !== ""))] as string[];
}

type Secrets = Partial<Pick<AuthSettings, "username" | "password" | "clientId" | "clientSecret">>;

function secretsOf({ username = "", password = "", clientId = "", clientSecret = "" }: Secrets): string[] {
  return [
    // Without a password, the name is the key.
    ...(password === ""
      ? [username, ...(username === "" ? [] : pairs(`${username}:`))]
      : pairs(`${username}:${password}`)),
    ...(clientSecret === "" ? [] : [`${clientId}:${clientSecret}`, clientPair(clientId, clientSecret)].flatMap(pairs)),
  ];
}

/** `user:password` as it travels, its password alone, and, since both may be encoded once more, in base64. */
function pairs(pair: string | undefined): string[] {
  if (!pair?.includes(":")) return [];
  return [pair, pair.slice(pair.indexOf(":") + 1), Buffer.from(pair).toString("base64")];
}

function secretsOfHeaders(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (isCredentialName(name)) return [value];
    const isHarmless = [MEDIA_TYPE, PLAIN_WORD, VERSION].some((pattern) => pattern.test(value));
    return HARMLESS_HEADERS.test(name) || isHarmless ? [] : [value];
  });
}

function secretsOfQuery(query: URLSearchParams): string[] {
  return [...query].flatMap(([name, value]) => (isSecretParameter(name, value) ? [value] : []));
}

/** Whether a parameter of the configured URL is a secret. Such as `format=json` are none: hiding them would mangle answers. */
export function isSecretParameter(name: string, value: string): boolean {
  return looksSecret(value) || (isCredentialName(name) && !/^(true|false)$/i.test(value));
}

/** What is there, so that it can be laid over something else. */
function given(holder: Secrets): Secrets {
  return Object.fromEntries(Object.entries(holder).filter(([, value]) => value !== undefined));
}

/** `id:secret` of an OAuth2 client, both form-encoded first (RFC 6749, 2.3.1). */
export function clientPair(id: string, secret: string): string {
  return `${formEncode(id)}:${formEncode(secret)}`;
}

/** What a form may leave as it is, such as `-` and `_`, is left: some servers do not decode. */
function formEncode(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}
