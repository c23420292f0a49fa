const SCHEME = /^[A-Za-z][\w-]*\s+(?=\S)/;
/** Shorter pieces of a value may be ordinary words. */
const MIN_PIECE = 6;

/**
 * What is secret of a value: itself, what follows its scheme, the user and password that Basic holds, and the keys among the
 * pieces of a cookie or a header such as `App key="…", id="…"`.
 */
export function partsOf(secret: string): string[] {
  const parts = [secret];
  const rest = secret.replace(SCHEME, "");
  if (rest !== secret) parts.push(rest);
  if (/^Basic\s/i.test(secret)) {
    const pair = Buffer.from(rest, "base64").toString();
    parts.push(pair, pair.slice(pair.indexOf(":") + 1));
  }
  parts.push(...secret.split(/[\s;,="']+/).filter((piece) => /\d/.test(piece) || piece.length >= 16));
  return [...new Set(parts)].filter((part) => part === secret || part.length >= MIN_PIECE);
}
