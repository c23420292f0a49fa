import type { JWTPayload, JWTVerifyGetKey, JWTVerifyResult } from "jose";
import { createIssuerKeys, IssuerUnavailable } from "./issuer-keys.ts";
import { isUserId } from "./user-names.ts";

export interface AccessTokenSettings {
  issuer: string;
  jwksUri?: string | undefined;
  userClaim: string;
}

/** What a valid token says, or why it is none; `unavailable` where that cannot be told now. */
export type TokenOutcome =
  | { subject: string; scopes: string[] }
  | { invalid: string; unavailable?: undefined }
  | { unavailable: string };

/** Only signatures that the issuer alone can make: never a shared secret, never `none` (RFC 8725, section 3.1). */
const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
/** Types of a token that is given for access (RFC 9068, section 2.1); a plain JWT is what most servers call theirs. */
const TYPES = ["at+jwt", "application/at+jwt", "jwt", "application/jwt"];
/** Characters of an issuer that a message shows. */
const MAX_SHOWN = 200;
/** Seconds that two clocks may differ. */
const CLOCK_SECONDS = 10;

/**
 * Verifies access tokens (RFC 9068; RFC 7519): signature, issuer, audience, times and type. What is no token for this server
 * by any of them is refused, and so are ID tokens and tokens that are bound to a key of their sender, which nobody proves here.
 */
export function createAccessTokens({
  issuer,
  jwksUri,
  userClaim,
}: AccessTokenSettings): (token: string, audience: readonly string[]) => Promise<TokenOutcome> {
  const keys = createIssuerKeys(issuer, jwksUri);

  return async (token, audience) => {
    try {
      const { payload, protectedHeader } = await verify(token, keys, { issuer, audience: [...audience] });
      const wrong = whyNoAccess(payload, protectedHeader.typ);
      if (wrong !== undefined) return { invalid: wrong };
      const subject = Object.hasOwn(payload, userClaim) ? payload[userClaim] : undefined;
      if (!isUserId(subject)) return { invalid: `The access token names no user in ${userClaim}.` };
      return { subject, scopes: scopesOf(payload) };
    } catch (error) {
      if (error instanceof IssuerUnavailable) return { unavailable: error.message };
      return { invalid: reasonOf(error, issuer) };
    }
  };
}

async function verify(
  token: string,
  keys: JWTVerifyGetKey,
  claims: { issuer: string; audience: string[] },
): Promise<JWTVerifyResult> {
  const { jwtVerify, errors } = await import("jose");
  const options = { ...claims, algorithms: ALGORITHMS, requiredClaims: ["exp"], clockTolerance: CLOCK_SECONDS };
  try {
    return await jwtVerify(token, keys, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    // A token that names no key may be of any that fit.
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, options);
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** Why a token that the issuer made for this audience is none that gives access. */
function whyNoAccess(payload: JWTPayload, typ: string | undefined): string | undefined {
  if (typ !== undefined && !TYPES.includes(typ.toLowerCase())) return "The token is no access token.";
  const isDeclared = typ !== undefined && /at\+jwt$/i.test(typ);
  // Keycloak and Cognito name the use in a claim; ID tokens of others are known by what only they carry.
  const use = payload.typ ?? payload.token_use;
  if (use !== undefined && (typeof use !== "string" || !/^(?:bearer|access|jwt|at\+jwt)$/i.test(use)))
    return "The token is no access token.";
  if ("at_hash" in payload || "c_hash" in payload || "events" in payload) return "The token is no access token.";
  if ("nonce" in payload && !isDeclared && use === undefined) return "The token is no access token.";
  if (payload.cnf !== undefined)
    return "The access token is bound to a key of its sender, which this server does not ask for.";
  return undefined;
}

/** `scope` is a text with blanks (RFC 8693, section 4.2); `scp` the same, or a list, at others. */
function scopesOf({ scope, scp }: JWTPayload): string[] {
  return [scope, scp]
    .flat()
    .flatMap((each) => (typeof each === "string" ? each.split(" ") : []))
    .filter((each, index, all) => each !== "" && all.indexOf(each) === index);
}

/** What is wrong, in words for the person who set up the client. jose looks at claims only once the signature is right. */
function reasonOf(error: unknown, issuer: string): string {
  const { code, claim, payload } = error as { code?: unknown; claim?: unknown; payload?: JWTPayload };
  if (code === "ERR_JWT_EXPIRED") return "The access token has expired.";
  if (code === "ERR_JWT_CLAIM_VALIDATION_FAILED" && claim === "aud")
    return "The access token is not made for this server.";
  if (code === "ERR_JWT_CLAIM_VALIDATION_FAILED" && claim === "iss" && typeof payload?.iss === "string")
    return `The access token is of the issuer ${payload.iss.slice(0, MAX_SHOWN)}, and auth.oauth.issuer is ${issuer}.`;
  if (code === "ERR_JWKS_NO_MATCHING_KEY")
    return "The access token is signed with a key that its issuer does not have.";
  if (code === "ERR_JWT_CLAIM_VALIDATION_FAILED" && claim === "nbf") return "The access token does not count yet.";
  return "The access token is not valid.";
}
