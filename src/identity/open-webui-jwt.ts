import { isUserId } from "./user-names.ts";

/** What Open-WebUI calls itself as an issuer. */
export const OPEN_WEBUI = "open-webui";
export const JWT_HEADER = "x-openwebui-user-jwt";
/** Open-WebUI's user headers without a signature, which anybody can write. */
const PLAIN_HEADERS = [
  "x-openwebui-user-id",
  "x-openwebui-user-email",
  "x-openwebui-user-name",
  "x-openwebui-user-role",
];
const MAX_LENGTH = 8_192;
/** Seconds that two clocks may differ. */
const CLOCK_SECONDS = 10;

/** Whether Open-WebUI sent its user without a signature. */
export function hasPlainUser(headers: Headers): boolean {
  return PLAIN_HEADERS.some((name) => headers.has(name));
}

/**
 * Verifies `X-OpenWebUI-User-Jwt`: HS256 with the secret that both sides know. Gives the user's id at Open-WebUI, or undefined
 * where the token is not right.
 */
export function createUserJwt(secret: string): (token: string) => Promise<string | undefined> {
  const key = new TextEncoder().encode(secret);
  return async (token) => {
    if (token.length > MAX_LENGTH) return undefined;
    const { jwtVerify } = await import("jose");
    try {
      const { payload, protectedHeader } = await jwtVerify(token, key, {
        algorithms: ["HS256"],
        issuer: OPEN_WEBUI,
        requiredClaims: ["exp", "sub"],
        clockTolerance: CLOCK_SECONDS,
      });
      if (protectedHeader.typ !== undefined && protectedHeader.typ.toUpperCase() !== "JWT") return undefined;
      return isUserId(payload.sub) ? payload.sub : undefined;
    } catch {
      return undefined;
    }
  };
}
