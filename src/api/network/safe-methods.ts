/** Methods that only read (RFC 9110, 9.2.1; QUERY of the IETF's draft). */
const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"]);

/** Whether a call of this method changes nothing. */
export function isSafe(method: string): boolean {
  return SAFE.has(method);
}
