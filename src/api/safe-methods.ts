/** Methods that only read (RFC 9110, 9.2.1; QUERY of the IETF's draft). */
const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"]);

/** Whether a call of this method changes nothing. */
export function isSafe(method: string): boolean {
  return SAFE.has(method);
}

/** Whether a call may be made twice: it changes nothing, or carries a key that tells its repetition from a new one. */
export function isRepeatable(call: { method: string; idempotent?: boolean | undefined }): boolean {
  return call.idempotent ?? isSafe(call.method);
}
