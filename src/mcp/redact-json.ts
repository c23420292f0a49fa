/**
 * Plain JSON with the secrets in its strings and keys replaced by `redact`; a number is replaced where it is a secret as a
 * whole. Value by value, because a replacement in JSON text could break it.
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
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [redact(key), redactJson(item, redact)]));
}
