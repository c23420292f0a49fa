/** Shorter values are no secrets worth hiding, and replacing them would mangle ordinary text. Characters. */
export const MIN_SECRET_LENGTH = 6;

/** How a secret may be written: as it is, as JSON of different writers, percent-encoded, as HTML, in base64. */
export function formsOf(secret: string): Set<string> {
  const wellFormed = secret.toWellFormed();
  const json = JSON.stringify(secret).slice(1, -1);
  const inUrls = [
    encodeURIComponent(wellFormed),
    encodeURIComponent(wellFormed).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`),
    new URLSearchParams([["", secret]]).toString().slice(1),
    encodeURI(wellFormed),
    encodeURIComponent(json.toWellFormed()),
    encodeURI(json.toWellFormed()),
  ].flatMap((text) => [
    text,
    text.replace(/%../g, (code) => code.toUpperCase()),
    text.replace(/%../g, (code) => code.toLowerCase()),
  ]);
  const inJson = [
    json,
    ...unicodeEscapes(secret, /[^A-Za-z0-9 ._-]/g),
    ...unicodeEscapes(json, /[^\x20-\x7e]/g),
    ...unicodeEscapes(json, /[<>&']/g),
    ...unicodeEscapes(json, /[<>&]/g),
  ];
  const base64 = [
    Buffer.from(secret).toString("base64"),
    ...[secret, json, encodeURIComponent(wellFormed)].flatMap(base64Cores),
  ];
  return new Set([
    secret,
    // Names of hosts are written in small letters.
    secret.toLowerCase(),
    ...inJson,
    ...inJson.map((text) => text.replaceAll("/", "\\/")),
    // A text in JSON that is itself JSON.
    JSON.stringify(json).slice(1, -1),
    ...inUrls,
    ...inUrls.map(encodeURIComponent),
    ...htmlForms(secret),
    // A quoted field of CSV.
    secret.replaceAll('"', '""'),
    // UTF-8 that was read as single bytes.
    Buffer.from(secret).toString("latin1"),
    ...base64,
    ...base64.flatMap((text) => [encodeURIComponent(text), text.replaceAll("/", "\\/")]),
  ]);
}

/** With `\uXXXX` for the characters of the set, in small and in capital letters. */
function unicodeEscapes(text: string, set: RegExp): string[] {
  const hex = (char: string) => char.charCodeAt(0).toString(16).padStart(4, "0");
  return [text.replace(set, (char) => `\\u${hex(char)}`), text.replace(set, (char) => `\\u${hex(char).toUpperCase()}`)];
}

function htmlForms(secret: string): string[] {
  const plain = secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return ["&quot;", "&#34;"].flatMap((double) =>
    ["'", "&#39;", "&#x27;", "&apos;", "&#039;"].map((single) => plain.replaceAll('"', double).replaceAll("'", single)),
  );
}

/** The part of the base64 text that does not depend on what comes before and after the secret, for the three ways it can fall. */
function base64Cores(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const start = Math.ceil((before * 8) / 6);
    const end = Math.floor(((before + bytes.length) * 8) / 6);
    const core = text.slice(start, end);
    return core.length < MIN_SECRET_LENGTH ? [] : [core, core.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
