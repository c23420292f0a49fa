import { ToolError } from "../errors.ts";
import { type IdentityOptions, SERVICE_MODES } from "./identity-options.ts";
import { digestOf, hashOf } from "./key-hash.ts";
import type { RingKey } from "./key-ring.ts";
import { hostOf, isLoopback, isOwnMachine, isPrivateOrProtected, isProtected } from "./loopback.ts";
import { namesSomebody } from "./names-somebody.ts";
import { OPEN_WEBUI } from "./open-webui-jwt.ts";
import { saysSomethingElse } from "./other-headers.ts";
import { createProxies } from "./trusted-header.ts";
import { createUserNames, isUserId } from "./user-names.ts";

const MIN_PUBLIC_KEY_LENGTH = 16;
/** What a shell gives for a variable that is not set, or that holds only blanks, up to as many as a key has characters at least. */
const NOTHING = Array.from({ length: MIN_PUBLIC_KEY_LENGTH + 1 }, (_, count) => " ".repeat(count)).flatMap((blanks) =>
  ["", "\n", "\r\n", "\t"].map((end) => `${blanks}${end}`),
);
/** Claims that are the same for many, or that say something else than who somebody is (RFC 7519, 8693, 9068; OpenID Connect). */
const OTHER_CLAIMS =
  /^(?:iss|aud|exp|nbf|iat|jti|auth_time|nonce|acr|amr|azp|sid|typ|cnf|act|may_act|scope|scp|client_id|clientid|appid|tid|ver|roles?|groups?|entitlements|realm_access|resource_access|token_use|allowed-origins|(?:given_|family_|middle_)?name|nickname|gender|birthdate|zoneinfo|locale|updated_at|.*_verified)$/i;
/** Claims that change hands. OpenID Connect Core 1.0, section 5.7, has `sub` alone stay with a person. */
const CHANGING_CLAIMS = /mail|phone|address/i;

/**
 * Refuses what would let in somebody that nobody meant to.
 * @throws ToolError `invalid_config` that says what to do about the first such thing
 */
export function checkOptions(options: IdentityOptions, keys: readonly RingKey[], isOpen: boolean): void {
  const { mode, apiKeys } = options;
  const exposed = exposureOf(options);
  if (mode === "static-user" && keys.length > 0)
    throw unsafe(
      "auth.mode static-user asks for no key, but there are keys, which would protect nothing.",
      "Set auth.mode: api-key, or take the keys away (auth.apiKeys, and those that patchbay-mcp keys list shows).",
    );
  if (exposed && isOpen)
    throw unsafe(
      `Refusing to ${exposed.what} without authentication: anybody who reaches it could call.`,
      `Add auth.apiKeys to the configuration or make a key with patchbay-mcp keys add, or ${exposed.otherwise}.`,
    );
  if (exposed && apiKeys.some(({ key }) => key !== undefined && key.length < MIN_PUBLIC_KEY_LENGTH))
    throw unsafe(
      `Refusing to ${exposed.what} with a key of less than ${MIN_PUBLIC_KEY_LENGTH} characters: it could be guessed.`,
      "Make a long one with: patchbay-mcp keys add",
    );
  if (exposed && apiKeys.some(({ key }) => key !== undefined && isMonotonous(key)))
    throw unsafe(
      `Refusing to ${exposed.what} with a key that repeats itself: it could be guessed.`,
      "Make a random one with: patchbay-mcp keys add",
    );
  const hashes = apiKeys.map(({ key, hash }) => hash ?? hashOf(key ?? ""));
  const nothing = new Set(hashes.length === 0 ? [] : NOTHING.map(hashOf));
  if (hashes.some((hash) => nothing.has(hash)))
    throw unsafe(
      "auth.apiKeys: a hash is that of an empty text, or of blanks alone.",
      'Make it with printf %s "$KEY" | sha256sum, where the variable is set.',
    );
  if (new Set(hashes).size < hashes.length)
    throw unsafe("auth.apiKeys: the same key stands for two entries.", "Give each entry a key of its own.");
  for (const { user } of apiKeys)
    if (user !== undefined && !isUserId(user))
      throw unsafe(
        `auth.apiKeys: ${JSON.stringify(user)} cannot be the name of a user.`,
        "A user is named by 1 to 255 characters without control characters.",
      );
  // Keys of the data folder may be for another server on it: here they are nobody, unless there are no others.
  const isNobodys = ({ user }: { user?: string | undefined }): boolean => user === undefined;
  const areAllNobodys = mode === "api-key" && keys.length > 0 && keys.every(isNobodys);
  if (!SERVICE_MODES.includes(mode) && (apiKeys.some(isNobodys) || areAllNobodys))
    throw unsafe(
      `A key without a user is that of a service, and auth.mode ${mode} has no way for a service to name its user.`,
      `Give the key a user, take it away (patchbay-mcp keys list, keys revoke), or set auth.mode to ${SERVICE_MODES.join(" or ")}.`,
    );
  createUserNames(options.users ?? {}, knownIssuers(options));
  checkToolScopes(options);
  if (mode === "oauth") checkOAuth(options);
  if (mode === "open-webui-jwt") {
    if (options.openWebuiJwt?.secret === undefined)
      throw missing(mode, "openWebuiJwt.secret", "the FORWARD_USER_INFO_HEADER_JWT_SECRET of Open-WebUI");
    if (Buffer.byteLength(options.openWebuiJwt.secret) < 32 || isMonotonous(options.openWebuiJwt.secret))
      throw unsafe(
        "auth.openWebuiJwt.secret has less than 32 bytes, or repeats itself: it could be guessed.",
        "Make one with: openssl rand -hex 32",
      );
    const digest = digestOf(options.openWebuiJwt.secret);
    if (keys.some((key) => key.digest.equals(digest)))
      throw unsafe(
        "auth.openWebuiJwt.secret is a key, too: whoever sends that key could sign for anybody.",
        "Make a secret of its own with: openssl rand -hex 32",
      );
    requireService(options, keys, "Open-WebUI");
  }
  if (mode === "open-webui-session") checkSessions(options);
  if (mode === "trusted-header") checkTrustedHeader(options, keys);
}

/** Whether a key is one character, a row such as 0123456789, or one text again and again. */
function isMonotonous(key: string): boolean {
  const codes = [...key].map((char) => char.codePointAt(0) as number);
  const steps = new Set(codes.slice(1).map((code, index) => code - (codes[index] as number)));
  return steps.size <= 3 || `${key}${key}`.indexOf(key, 1) < key.length;
}

/** By what others than this machine reach the server; undefined where they do not. */
function exposureOf({
  host = "127.0.0.1",
  publicUrl,
  allowedHosts = [],
}: IdentityOptions): { what: string; otherwise: string } | undefined {
  if (!isLoopback(host)) return { what: `listen on ${host}`, otherwise: "listen on 127.0.0.1" };
  if (publicUrl !== undefined && !isLoopback(new URL(publicUrl).hostname))
    return { what: `serve ${publicUrl} (http.publicUrl)`, otherwise: "leave out http.publicUrl" };
  const name = allowedHosts.find((entry) => !isLoopback(hostOf(entry)) && !isOwnMachine(hostOf(entry)));
  return name === undefined
    ? undefined
    : { what: `serve ${name} (http.allowedHosts)`, otherwise: "leave that name out of http.allowedHosts" };
}

function checkSessions({ openWebUiUrl }: IdentityOptions): void {
  if (openWebUiUrl === undefined)
    throw unsafe(
      "auth.mode open-webui-session asks Open-WebUI whose session a request carries, but openWebui.url is missing.",
      "Set openWebui.url, such as http://127.0.0.1:3000.",
    );
  if (!isPrivateOrProtected(openWebUiUrl))
    throw unsafe(
      `openWebui.url is ${openWebUiUrl}: without TLS, sessions, and the answer whose they are, could be read and changed on their way.`,
      "Use an https URL, or an address or a name of your private network, such as http://open-webui:8080.",
    );
}

function checkOAuth({ oauth, publicUrl, host = "127.0.0.1" }: IdentityOptions): void {
  const issuer = oauth?.issuer;
  if (issuer === undefined)
    throw missing("oauth", "oauth.issuer", "the URL of the authorization server, as its tokens name it");
  if (/[?#]/.test(issuer))
    throw unsafe(
      `auth.oauth.issuer is ${issuer}: an issuer has no query and no fragment.`,
      "Write it as `iss` of its tokens.",
    );
  for (const [key, url] of Object.entries({
    "auth.oauth.issuer": issuer,
    "auth.oauth.jwksUri": oauth?.jwksUri,
    "http.publicUrl": publicUrl,
  })) {
    if (url !== undefined && /^https?:\/\/[^/?#]*@/i.test(url))
      throw unsafe(`${key} has a user or a password, which everybody would be shown.`, "Leave them out of the URL.");
    if (url !== undefined && !isProtected(url))
      throw unsafe(
        `${key} is ${url}: without TLS, keys and tokens could be changed or read on their way.`,
        "Use an https URL.",
      );
  }
  const claim = oauth?.userClaim ?? "sub";
  if (CHANGING_CLAIMS.test(claim))
    throw unsafe(
      `auth.oauth.userClaim is ${claim}: addresses change hands, and not every server verifies them.`,
      "Leave it out, and link accounts by their `sub` with auth.users.",
    );
  if (OTHER_CLAIMS.test(claim) || !namesSomebody(claim))
    throw unsafe(
      `auth.oauth.userClaim is ${claim}, which many users share, or which says something else than who they are.`,
      "Leave it out, or name the claim that only one user has, such as oid.",
    );
  if (!isLoopback(host) && publicUrl === undefined)
    throw unsafe(
      "auth.mode oauth needs http.publicUrl where others than this machine are served: tokens are made for that URL.",
      "Set it to the URL by which clients reach this server, such as https://patchbay.example.com.",
    );
}

function checkTrustedHeader(options: IdentityOptions, keys: readonly RingKey[]): void {
  const { header = "", proxies = [], issuer = "" } = options.trustedHeader ?? {};
  if (proxies.length === 0)
    throw missing(
      "trusted-header",
      "trustedHeader.proxies",
      "the addresses of the proxies that may set the header, such as 10.0.0.5/32",
    );
  createProxies(proxies);
  if (saysSomethingElse(header) || !namesSomebody(header))
    throw unsafe(
      `auth.trustedHeader.header is ${header}, which says something else than who calls.`,
      "Have the proxy set one whose name says that it names a user, such as X-Forwarded-User, and name that.",
    );
  if (!isUserId(issuer) || issuer.includes("#"))
    throw unsafe(
      `auth.trustedHeader.issuer cannot be ${JSON.stringify(issuer)}.`,
      "Give the proxy a name, such as proxy.",
    );
  requireService(options, keys, "the proxy");
}

/** Who may name users here, by this configuration. */
function knownIssuers({ oauth, trustedHeader }: IdentityOptions): string[] {
  return [OPEN_WEBUI, oauth?.issuer, trustedHeader?.issuer].filter((issuer) => issuer !== undefined);
}

function requireService({ mode }: IdentityOptions, keys: readonly RingKey[], who: string): void {
  if (keys.some(({ user }) => user === undefined)) return;
  throw unsafe(
    `auth.mode ${mode} needs a key of ${who}: without one, anybody could name any user.`,
    "Make one with patchbay-mcp keys add --service, or add an entry without a user to auth.apiKeys.",
  );
}

/** A misspelt name would protect nothing. */
function checkToolScopes({ toolScopes = {}, toolNames }: IdentityOptions): void {
  const wrong = Object.keys(toolScopes).filter((name) => name !== "*" && !(toolNames?.includes(name) ?? true));
  if (wrong.length === 0) return;
  throw unsafe(
    `auth.toolScopes: there is no tool ${wrong.map((name) => `"${name}"`).join(", ")}.`,
    `Tools: ${toolNames?.join(", ")}.`,
  );
}

function missing(mode: string, key: string, what: string): ToolError {
  return unsafe(`auth.mode ${mode} needs auth.${key}.`, `Set it to ${what}.`);
}

function unsafe(message: string, hint: string): ToolError {
  return new ToolError("invalid_config", message, { hint });
}
