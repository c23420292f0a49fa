import type { JWTVerifyGetKey } from "jose";
import { FETCH_MS, fetchJson } from "./fetch-json.ts";
import { isProtected } from "./loopback.ts";

/** The authorization server does not tell its keys now, which is no fault of the caller. */
export class IssuerUnavailable extends Error {}

/** Milliseconds that the metadata count before they are read again. */
const METADATA_MS = 3_600_000;
/** Milliseconds in which a failure is not tried anew. */
const FAILURE_MS = 2_000;
/** Milliseconds between two looks for a key that is not there, for anybody can name one. */
const COOLDOWN_MS = 2_000;
const KEYS_MS = 600_000;

/**
 * The public keys of an issuer, as `jose` asks for them. They are found by its metadata (RFC 8414; OpenID Connect Discovery 1.0),
 * kept, and read again when a token names a key that is not among them.
 * The function rejects with IssuerUnavailable where they cannot be had.
 */
export function createIssuerKeys(issuer: string, configuredUri: string | undefined): JWTVerifyGetKey {
  let source: { keys: JWTVerifyGetKey; uri: string; until: number } | undefined;
  let failure: { error: unknown; until: number } | undefined;
  let finding: Promise<JWTVerifyGetKey> | undefined;

  async function find(): Promise<JWTVerifyGetKey> {
    const { createRemoteJWKSet } = await import("jose");
    try {
      const uri = configuredUri ?? (await discover(issuer));
      const options = { timeoutDuration: FETCH_MS, cooldownDuration: COOLDOWN_MS, cacheMaxAge: KEYS_MS };
      const keys = source?.uri === uri ? source.keys : createRemoteJWKSet(new URL(uri), options);
      source = { keys, uri, until: Date.now() + METADATA_MS };
      return keys;
    } catch (error) {
      failure = { error, until: Date.now() + FAILURE_MS };
      // Known keys are better than none while the metadata cannot be read.
      if (source) return source.keys;
      throw error;
    }
  }

  return async (header, token) => {
    try {
      if (source && source.until > Date.now()) return await source.keys(header, token);
      if (failure && failure.until > Date.now()) {
        if (source) return await source.keys(header, token);
        throw failure.error;
      }
      finding ??= find().finally(() => {
        finding = undefined;
      });
      return await (await finding)(header, token);
    } catch (error) {
      throw isOfToken(error) ? error : new IssuerUnavailable(reasonOf(error), { cause: error });
    }
  };
}

/**
 * Where the issuer's metadata say that its keys are.
 * @throws Error where it has none, or they name another issuer (RFC 8414, section 3.3)
 */
export async function discover(issuer: string): Promise<string> {
  let missing = "";
  let wrong: string | undefined;
  for (const url of metadataUrls(issuer)) {
    const { status, json } = await fetchJson(url);
    if (status !== 200) {
      missing = `its metadata are answered with HTTP ${status}`;
      continue;
    }
    const { issuer: named, jwks_uri: uri } = (json ?? {}) as { issuer?: unknown; jwks_uri?: unknown };
    if (named !== issuer) wrong ??= `its metadata name another issuer, ${JSON.stringify(named)}`;
    else if (typeof uri !== "string" || !URL.canParse(uri)) wrong ??= "its metadata have no jwks_uri";
    else if (!isProtected(uri)) wrong ??= "its jwks_uri is not https";
    else return uri;
  }
  throw new Error(wrong ?? missing);
}

/** The order of the MCP specification: RFC 8414 first, then OpenID's two ways of treating a path. */
function metadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  const [oauth, openid] = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
  return [...new Set([`${origin}${oauth}${path}`, `${origin}${openid}${path}`, `${origin}${path}${openid}`])];
}

/** Whether the token is at fault: it names no key of the issuer, or one that fits no signature. */
function isOfToken(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return (
    code === "ERR_JWKS_NO_MATCHING_KEY" ||
    code === "ERR_JWKS_MULTIPLE_MATCHING_KEYS" ||
    code === "ERR_JOSE_NOT_SUPPORTED"
  );
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { code?: unknown } };
  if (name === "TimeoutError" || name === "JWKSTimeout") return `it gave no answer within ${FETCH_MS / 1000} s`;
  return typeof cause?.code === "string" ? `it is not reached (${cause.code})` : message;
}
