/** Shorter values are no secrets worth hiding, and replacing them would mangle ordinary text. Characters. */
export const MIN_SECRET_LENGTH = 6;

/**
 * How a secret may be written: as it is, in small or capital letters, as JSON of different writers, percent-encoded, as HTML, with
 * every character or byte as its number, in hex, in base64, and in base64 of base64.
 */
export function formsOf(secret: string): Set<string> {
  const wellFormed = secret.toWellFormed();
  const json = jsonText(secret);
  const encoded = encodeURIComponent(wellFormed);
  const strictly = encoded.replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  const inUrls = [
    encoded,
    strictly,
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
  // How it was sent, which whoever says it back may write in another way again.
  const sent = [...new Set([secret, json, encoded, strictly])];
  const once = [Buffer.from(secret).toString("base64"), Buffer.from(secret).toString("base64url")];
  const cores = sent.flatMap(base64Cores);
  const base64 = [...once, ...cores, ...[...once, ...cores].flatMap(base64Cores)];
  return new Set([
    secret,
    // Names of hosts are written in small letters, codes in capital ones.
    ...sent.flatMap((text) => [text.toLowerCase(), text.toUpperCase()]).flatMap((text) => [text, jsonText(text)]),
    ...sent.flatMap(byNumbers),
    ...inJson,
    ...inJson.map((text) => text.replaceAll("/", "\\/")),
    // A text in JSON that is itself JSON.
    jsonText(json),
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

const jsonText = (text: string): string => JSON.stringify(text).slice(1, -1);

/** Every byte as hex, `%5a` or `=5A` (quoted-printable), every character as `\u005a`, `\\u005a`, `&#90;` or `&#x5a;`. */
function byNumbers(text: string): string[] {
  const hex = Buffer.from(text).toString("hex");
  const ofBytes = ["", "%", "=", "\\x"].flatMap((mark) =>
    [hex, hex.toUpperCase()].map((bytes) => (mark === "" ? bytes : bytes.replace(/../g, `${mark}$&`))),
  );
  const points = Array.from(text, (char) => char.codePointAt(0) as number);
  const [small, capital] = [
    points.map((point) => point.toString(16)),
    points.map((point) => point.toString(16).toUpperCase()),
  ];
  const inUnicode = unicodeEscapes(text, /[\s\S]/g);
  return [
    ...ofBytes,
    ...inUnicode,
    ...inUnicode.map(jsonText),
    points.map((point) => `&#${point};`).join(""),
    ...[small, capital].map((codes) => codes.map((code) => `&#x${code};`).join("")),
  ];
}

/** With `\uXXXX` for the characters of the set, in small and in capital letters. */
function unicodeEscapes(text: string, set: RegExp): string[] {
  const written = new Map<string, string>();
  const small = (char: string) => {
    const known = written.get(char);
    if (known !== undefined) return known;
    const made = `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
    written.set(char, made);
    return made;
  };
  const capital = (char: string) => `\\u${small(char).slice(2).toUpperCase()}`;
  return [text.replace(set, small), text.replace(set, capital)];
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
