import { createHmac, randomBytes } from "node:crypto";

// Makes marks that are the same for the same data, so that a provider can reuse the prompt, and that nobody outside can know.
const key = randomBytes(32);

/** As `newMark` of the fence, but the same for the same data, in this process: 128 bits of their HMAC. Data cannot hold their own mark. */
export function markOf(data: string): string {
  return createHmac("sha256", key).update(data).digest("hex").slice(0, 32);
}
