/** Characters of a secret for which keys are rewritten too. A shorter one may be a plain word that is a field of a result. */
const MIN_IN_KEY = 12;
/** What `redact` puts in the place of a secret. */
const REDACTED = "[redacted]";

/** Shorter numbers are no secrets: fewer digits than the shortest has characters. */
const MIN_NUMBER = 1000;

/**
 * Plain JSON with the secrets in its strings and, where they are long, in its keys replaced by `redact`; a number is replaced
 * where it is a secret as a whole. Value by value: in JSON text a replacement could break it, and what stands beside a value
 * could hide that it is a secret. A value without secrets is given as it is.
 */
export function redactJson(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value === "number") return redactNumber(value, redact);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return redactList(value, redact);
  return redactObject(value as Record<string, unknown>, redact);
}

function redactNumber(value: number, redact: (text: string) => string): unknown {
  if (Math.abs(value) < MIN_NUMBER && Number.isInteger(value)) return value;
  const text = String(value);
  const clean = redact(text);
  return clean !== text && !/\d/.test(clean) ? clean : value;
}

function redactList(list: readonly unknown[], redact: (text: string) => string): unknown {
  let copy: unknown[] | undefined;
  for (const [index, item] of list.entries()) {
    const clean = redactJson(item, redact);
    if (clean === item) continue;
    copy ??= [...list];
    copy[index] = clean;
  }
  return copy ?? list;
}

function redactObject(value: Record<string, unknown>, redact: (text: string) => string): unknown {
  let entries: [string, unknown][] | undefined;
  let index = 0;
  for (const key in value) {
    const [name, item] = [redactKey(key, redact), redactJson(value[key], redact)];
    if (name !== key || item !== value[key]) {
      entries ??= Object.entries(value);
      entries[index] = [name, item];
    }
    index += 1;
  }
  return entries ? Object.fromEntries(entries) : value;
}

function redactKey(key: string, redact: (text: string) => string): string {
  if (key.length < MIN_IN_KEY) return key;
  const clean = redact(key);
  const kept = clean.replaceAll(REDACTED, "").length;
  return key.length - kept >= MIN_IN_KEY ? clean : key;
}
