/** Characters of a secret for which keys are rewritten too. A shorter one may be a plain word that is a field of a result. */
const MIN_IN_KEY = 12;
/** What `redact` puts in the place of a secret. */
const REDACTED = "[redacted]";

/**
 * Plain JSON with the secrets in its strings and, where they are long, in its keys replaced by `redact`; a number is replaced
 * where it is a secret as a whole. Value by value, because a replacement in JSON text could break it.
 */
export function redactJson(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value === "number") {
    const text = String(value);
    const clean = redact(text);
    return clean !== text && !/\d/.test(clean) ? clean : value;
  }
  if (Array.isArray(value)) return value.map((item) => redactJson(item, redact));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [redactKey(key, redact), redactJson(item, redact)]),
  );
}

function redactKey(key: string, redact: (text: string) => string): string {
  if (key.length < MIN_IN_KEY) return key;
  const clean = redact(key);
  const kept = clean.replaceAll(REDACTED, "").length;
  return key.length - kept >= MIN_IN_KEY ? clean : key;
}
