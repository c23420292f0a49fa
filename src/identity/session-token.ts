const MAX_LENGTH = 8_192;
/** Chats that run by a schedule, or by another chat, carry a session of their own type; older releases name none. */
const TYPES: readonly unknown[] = [undefined, "session", "automation", "subagent"];

/**
 * Whether a token looks like a session of Open-WebUI: a JWT with a shared secret that names a user by `id`, has not expired, and
 * has neither `iss` nor `aud`, which tokens of other services do. Only Open-WebUI can verify it; this keeps keys and tokens
 * that are meant for somebody else from being sent there.
 */
export function isSessionToken(token: string): boolean {
  if (token.length > MAX_LENGTH || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return false;
  const [header, claims] = token.split(".").map(readPart);
  if (!header || !claims) return false;
  const { id, typ, exp, iss, aud } = claims;
  const isCurrent = exp === undefined || (typeof exp === "number" && exp * 1000 > Date.now());
  const isOurs = typeof id === "string" && id !== "" && iss === undefined && aud === undefined && TYPES.includes(typ);
  return isOurs && isCurrent && /^HS(?:256|384|512)$/.test(String(header.alg));
}

function readPart(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
