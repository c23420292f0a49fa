import { findSecrets, REDACTED } from "../../redact/find-secrets.ts";
import { partsOf } from "../../redact/secret-parts.ts";

const MAX_DEPTH = 200;

export interface SecretHider {
  /** `cut`: the end of the text was taken off, so that the beginning of a secret there is hidden too. */
  inText(text: string, options?: { cut?: boolean }): string;
  /** The value with every text in it, names included, cleared of secrets. Undefined where it is nested too deeply. */
  inValue(value: unknown): { value: unknown } | undefined;
  /** The bytes without secrets; the same ones where there is none. */
  inBytes(bytes: Buffer): Buffer;
  /** Hides one more secret, such as a token that has just been given, until what is returned is called. */
  add(secret: string): () => void;
}

/**
 * Replaces an API's secrets wherever the API says them back: as they are, encoded, or without their scheme. By value, not by
 * name: an answer may give the user a token that is meant for the user. `finder`: what finds further ones.
 */
export function createSecretHider(secrets: readonly string[], finder = findSecrets()): SecretHider {
  const add = (secret: string) => {
    const removals = partsOf(secret).map((part) => finder.add(part));
    return () => {
      for (const remove of removals) remove();
    };
  };
  for (const secret of secrets) add(secret);

  const inText: SecretHider["inText"] = (text, options) => finder.hide(text, options);
  const isSecret = (number: number): boolean => finder.numeric && inText(String(number)) !== String(number);
  const isClean = (value: unknown, depth: number): boolean => {
    if (typeof value === "string") return finder.hide(value) === value;
    if (typeof value === "number") return !isSecret(value);
    if (typeof value !== "object" || value === null) return true;
    if (depth > MAX_DEPTH) throw new RangeError("nested too deeply");
    let clean = true;
    if (Array.isArray(value)) {
      for (const item of value) clean = isClean(item, depth + 1) && clean;
      return clean;
    }
    for (const key in value) {
      clean = isClean((value as Record<string, unknown>)[key], depth + 1) && clean && finder.hide(key) === key;
    }
    return clean;
  };
  const cleared = (value: unknown): unknown => {
    if (typeof value === "string") return finder.hide(value);
    if (typeof value === "number") return isSecret(value) ? REDACTED : value;
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(cleared);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [finder.hide(key), cleared(item)]));
  };
  return {
    inText,
    inValue(value) {
      try {
        // Most hold no secret, and are given as they are.
        return { value: isClean(value, 0) ? value : cleared(value) };
      } catch (error) {
        if (error instanceof RangeError) return undefined;
        throw error;
      }
    },
    inBytes(bytes) {
      const text = bytes.toString("latin1");
      const clean = finder.hide(text);
      return clean === text ? bytes : Buffer.from(clean, "latin1");
    },
    add,
  };
}
