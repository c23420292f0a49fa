import { type AccessTokenSettings, createAccessTokens } from "./access-token.ts";
import type { Refusal, ResourceName } from "./identity.ts";
import type { IdentityOptions } from "./identity-options.ts";
import { createUserJwt, hasPlainUser, JWT_HEADER, OPEN_WEBUI } from "./open-webui-jwt.ts";
import { createSessions } from "./open-webui-session.ts";
import type { OwnUrls } from "./own-urls.ts";
import { challenge, metadataUrlOf, resourceOf } from "./resource-metadata.ts";
import { createProxies, readUserHeader } from "./trusted-header.ts";
import { createUserNames } from "./user-names.ts";

/** What a request says of its user, besides keys. */
export interface Assertable {
  headers: Headers;
  peer: string | undefined;
  /** A bearer token that is no key. */
  bearer: string | undefined;
  resource: ResourceName;
}

/** Whom a request names in the way of the mode; undefined where it names nobody. */
export type Asserted =
  | { user: string; scopes?: readonly string[] | undefined; byAccessToken?: boolean }
  | { refusal: Refusal; reason: string }
  | undefined;

/** How a mode has its users named. */
export interface Assertions {
  read(request: Assertable): Promise<Asserted>;
  /** Whether a name counts only together with a key of a service. */
  needsService: boolean;
  /** Whether somebody else is asked, or may be, who a token is of. */
  asksOthers: boolean;
  /** What a service has to add, where it named nobody. */
  missing(headers: Headers): string;
  /** The challenge for a request without a credential. */
  challenge(resource: ResourceName, headers: Headers): string;
}

export const PLAIN_CHALLENGE = challenge({});

export function createAssertions(options: IdentityOptions, urls: OwnUrls): Assertions | undefined {
  switch (options.mode) {
    case "oauth":
      return accessTokens(options, urls);
    case "open-webui-jwt":
      return userJwts(options);
    case "open-webui-session":
      return sessions(options);
    case "trusted-header":
      return trustedHeaders(options);
    default:
      return undefined;
  }
}

function accessTokens({ oauth, users = {} }: IdentityOptions, urls: OwnUrls): Assertions {
  const settings = oauth as AccessTokenSettings & NonNullable<IdentityOptions["oauth"]>;
  const userOf = createUserNames(users);
  const verify = createAccessTokens(settings);
  const required = settings.requiredScopes;
  const challengeOf = (resource: ResourceName, headers: Headers, error: Record<string, string> = {}) =>
    challenge({ ...error, scope: required.join(" "), resource_metadata: metadataUrlOf(urls.of(headers), resource) });
  // What may call tools may ask models too, for tools do; a token for the models alone calls no tool.
  const audienceOf = (resource: ResourceName) =>
    settings.audience.length > 0
      ? settings.audience
      : [...new Set([resource, "mcp"] as const)].flatMap((name) => urls.all().map((url) => resourceOf(url, name)));

  return {
    needsService: false,
    asksOthers: true,
    missing: () => "This key is that of a service; the user's access token is missing: Authorization: Bearer …",
    challenge: challengeOf,
    async read({ bearer, resource, headers }) {
      if (bearer === undefined) return undefined;
      const outcome = await verify(bearer, audienceOf(resource));
      if ("subject" in outcome) {
        const lacking = required.filter((scope) => !outcome.scopes.includes(scope));
        if (lacking.length === 0)
          return { user: userOf(settings.issuer, outcome.subject), scopes: outcome.scopes, byAccessToken: true };
        const message = `The access token lacks the scope ${lacking.join(" ")}.`;
        const error = { error: "insufficient_scope", error_description: message };
        return { reason: message, refusal: { status: 403, message, challenge: challengeOf(resource, headers, error) } };
      }
      if (outcome.unavailable !== undefined) {
        const message = `Access tokens cannot be checked now: ${settings.issuer} is the authorization server, and ${outcome.unavailable}.`;
        return { reason: message, refusal: { status: 503, message } };
      }
      const error = { error: "invalid_token", error_description: outcome.invalid };
      return {
        reason: outcome.invalid,
        refusal: { status: 401, message: outcome.invalid, challenge: challengeOf(resource, headers, error) },
      };
    },
  };
}

function userJwts({ openWebuiJwt, users = {} }: IdentityOptions): Assertions {
  const userOf = createUserNames(users);
  const verify = createUserJwt(openWebuiJwt?.secret ?? "");
  return {
    needsService: true,
    asksOthers: false,
    challenge: () => PLAIN_CHALLENGE,
    missing: (headers) =>
      hasPlainUser(headers)
        ? "Open-WebUI sent its user without a signature (X-OpenWebUI-User-Id …), which anybody can write: set FORWARD_USER_INFO_HEADER_JWT_SECRET there, and look for errors in its log where it is set."
        : "This key is that of Open-WebUI, and the request names no user: set ENABLE_FORWARD_USER_INFO_HEADERS and FORWARD_USER_INFO_HEADER_JWT_SECRET there.",
    async read({ headers }) {
      const token = headers.get(JWT_HEADER);
      if (token === null) return undefined;
      const subject = await verify(token);
      if (subject !== undefined) return { user: userOf(OPEN_WEBUI, subject) };
      const message =
        "X-OpenWebUI-User-Jwt is not valid: the secret has to be the same on both sides, and the clocks have to agree.";
      return refused(message);
    },
  };
}

function sessions({ openWebUiUrl = "", users = {}, sessionScopes }: IdentityOptions): Assertions {
  const userOf = createUserNames(users);
  const ask = createSessions(openWebUiUrl);
  return {
    needsService: false,
    asksOthers: true,
    challenge: () => PLAIN_CHALLENGE,
    missing: () =>
      "This key is that of a service, and the request carries no session of a user: choose the authentication Session for the connection in Open-WebUI.",
    async read({ bearer, peer }) {
      if (bearer === undefined) return undefined;
      const outcome = await ask(bearer, peer);
      if (outcome === "unavailable")
        return {
          reason: "Open-WebUI gave no answer",
          refusal: { status: 503, message: "Open-WebUI could not be asked whose session this is. Try again." },
        };
      if (outcome === "pending") {
        const message = "This account of Open-WebUI still waits to be activated.";
        return { reason: message, refusal: { status: 403, message } };
      }
      if (outcome) return { user: userOf(OPEN_WEBUI, outcome.subject), scopes: sessionScopes };
      return refused("Open-WebUI knows no such session, and it is no API key either: Authorization: Bearer …");
    },
  };
}

function trustedHeaders({ trustedHeader, users = {} }: IdentityOptions): Assertions {
  const { header = "", proxies = [], issuer = "" } = trustedHeader ?? {};
  const userOf = createUserNames(users);
  const isProxy = createProxies(proxies);
  return {
    needsService: true,
    asksOthers: false,
    challenge: () => PLAIN_CHALLENGE,
    missing: () => `This key is that of a proxy, and the request has no ${header} that names the user.`,
    async read({ headers, peer }) {
      const read = readUserHeader(headers, header);
      if (read === undefined) return undefined;
      if (!isProxy(peer))
        return refused(`${header} comes from ${peer ?? "nowhere"}, which auth.trustedHeader.proxies does not name.`);
      if (read === "wrong") return refused(`${header} has to name one user, in 1 to 255 characters without commas.`);
      return { user: userOf(issuer, read.subject) };
    },
  };
}

function refused(message: string): { refusal: Refusal; reason: string } {
  return { reason: message, refusal: { status: 401, message, challenge: PLAIN_CHALLENGE } };
}
