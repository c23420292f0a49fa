import { createHash } from "node:crypto";

/** SHA-256 of a key. Keys are long and random, so that nothing slower is needed to keep their hashes from being guessed. */
export function digestOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

/** The form in which the configuration and `keys.json` hold a key: `sha256:` and hexadecimal digits. */
export function hashOf(key: string): string {
  return `sha256:${digestOf(key).toString("hex")}`;
}
