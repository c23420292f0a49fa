/** What of a request may be a key or a token. */
export interface GivenCredentials {
  /** The token of `Authorization: Bearer …`. */
  bearer?: string | undefined;
  /** `X-API-Key`. */
  apiKey?: string | undefined;
  /** Whether one of them is there and cannot be read: sent twice, of several words, beyond ASCII, or far too long. */
  malformed: boolean;
}

/** Access tokens have a few kB; more is not worth a look. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/;

/**
 * The credentials in a request's headers. Another scheme than Bearer (RFC 6750, section 2.1) is none of ours, and an empty
 * header is as good as none.
 */
export function readCredentials(headers: Headers): GivenCredentials {
  const authorization = headers.get("authorization") ?? "";
  // A header that was sent twice arrives as one, joined by a comma and a blank, which no token has.
  const words = authorization.split(/ +/);
  const isBearer = words[0]?.toLowerCase() === "bearer";
  const bearer = isBearer ? words.slice(1).join(" ") : undefined;
  const apiKey = headers.get("x-api-key") || undefined;
  const given = [bearer, apiKey].filter((text) => text !== undefined);
  const schemes = /(?:^|,)\s*bearer(?:\s|,|$)/i.test(authorization) && !isBearer;
  return { bearer, apiKey, malformed: schemes || given.some((text) => !TOKEN.test(text)) };
}
