/** Shorter values are placeholders, and replacing them would mangle ordinary text. */
const MIN_LENGTH = 6;
const MAX_DEPTH = 200;
const HIDDEN = "[redacted]";

export interface SecretHider {
  inText(text: string): string;
  /** The value with every text in it, names included, cleared of secrets. Undefined where it is nested too deeply. */
  inValue(value: unknown): { value: unknown } | undefined;
}

/** Replaces an API's secrets wherever the API says them back: as they are, encoded, or without their scheme. */
export function createSecretHider(secrets: readonly string[]): SecretHider {
  const needles = new Set<string>();
  for (const secret of secrets) {
    // "Bearer abc" may come back as "abc".
    for (const part of [secret, ...secret.split(/\s+/).slice(1)]) {
      if (part.length < MIN_LENGTH) continue;
      for (const form of formsOf(part)) needles.add(form);
    }
  }
  const all = [...needles].sort((a, b) => b.length - a.length);
  const digits = all.some((needle) => /^[\d.e+-]+$/.test(needle));

  const inText = (text: string): string => {
    let result = text;
    for (const needle of all) if (result.includes(needle)) result = result.replaceAll(needle, HIDDEN);
    return result;
  };
  const walk = (value: unknown, depth: number): unknown => {
    if (depth > MAX_DEPTH) throw new RangeError("nested too deeply");
    if (typeof value === "string") return inText(value);
    if (typeof value === "number" && digits) return inText(String(value)) === String(value) ? value : HIDDEN;
    if (Array.isArray(value)) return value.map((item) => walk(item, depth + 1));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [inText(key), walk(item, depth + 1)]));
  };
  return {
    inText,
    inValue(value) {
      try {
        return { value: walk(value, 0) };
      } catch (error) {
        if (error instanceof RangeError) return undefined;
        throw error;
      }
    },
  };
}

/** A secret as it is, as JSON of different writers, percent-encoded, and as base64. */
function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const unicode = (upper: boolean) =>
    secret.replace(/[^A-Za-z0-9 ._-]/g, (char) => {
      const hex = char.charCodeAt(0).toString(16).padStart(4, "0");
      return `\\u${upper ? hex.toUpperCase() : hex}`;
    });
  return [
    secret,
    json,
    json.replaceAll("/", "\\/"),
    unicode(true),
    unicode(false),
    encodeURIComponent(secret.toWellFormed()),
    Buffer.from(secret).toString("base64"),
  ];
}
