/** What stands in the place of a secret. */
export const REDACTED = "[redacted]";
/** Shorter values are no secrets worth hiding, and replacing them would mangle ordinary text. Characters. */
const MIN_SECRET_LENGTH = 6;
/** What people write where a key is asked for and none is needed. */
const PLACEHOLDER =
  /^(?:sk-)?(?:no[-_ ]?(?:api[-_ ]?)?key(?:[-_ ]?(?:required|needed|necessary))?|not[-_ ]?(?:needed|required|used)|(?:your|my)[-_ ]?(?:api[-_ ]?)?key(?:[-_ ]?here)?|(?:api[-_ ]?)?key|none|null|undefined|empty|dummy(?:[-_ ]?key)?|test(?:ing)?(?:[-_ ]?key)?|fake(?:[-_ ]?key)?|placeholder|changeme|anything|whatever|local(?:host)?|ollama|lm[-_ ]?studio|llama[-_.]?cpp|vllm|localai|open-?webui|x+|\*+|0+)$/i;
/** Names of headers, parameters and variables that carry credentials. */
export const CREDENTIAL_NAME =
  /(^|[_-])(api[_-]?key|key|token|secret|passw(or)?d|auth(orization)?|credentials?|cookie|signature)s?($|[_-])/i;
const SCHEME = /^(?:Bearer|Basic|Token)\s+(\S+)$/i;
/** A long word of letters and digits, such as a key. */
const LOOKS_SECRET = /^(?=\S*[a-z])(?=\S*\d)[\w+/=.~-]{24,}$/i;
const PLAIN_WORD = /^[a-z]{1,20}$/;

/** Whether a value is a secret by its look: long enough, and none of the usual words in the place of a key. */
function isWorthHiding(value: string): boolean {
  return value.length >= MIN_SECRET_LENGTH && !PLACEHOLDER.test(value);
}

/** The values of headers that are secret: those that are named like credentials or look like one, and what follows a scheme. */
export function secretsOfHeaders(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    const key = SCHEME.exec(value)?.[1];
    if (key !== undefined) return [value, key];
    return CREDENTIAL_NAME.test(name) || LOOKS_SECRET.test(value) ? [value] : [];
  });
}

/** A function that replaces every given secret in a text, however it is written there (see `findSecrets`). */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const found = findSecrets();
  for (const secret of secrets) if (isWorthHiding(secret)) found.add(secret);
  return (text) => found.hide(text);
}

/**
 * The values of environment variables that are named like credentials, so that they are redacted wherever they turn up. A
 * plain word, as in `SORT_KEY=content`, is none: replacing it would mangle ordinary text.
 */
export function secretsOfEnvironment(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    /(_KEY|_TOKEN|_SECRET|_PASSWORD)$/.test(name) && value && !PLAIN_WORD.test(value) ? [value] : [],
  );
}

/** Secrets that are looked for in texts; in the time of the text's length, however many they are. */
export interface SecretFinder {
  /** Has a secret found from now on. Gives what takes it out again. */
  add(secret: string): () => void;
  /**
   * The text without the secrets. `cut`: its end was taken off, so that a beginning of a secret at the end goes too.
   * What overlaps or touches is replaced as one.
   */
  hide(text: string, options?: { cut?: boolean | undefined }): string;
  /** Whether a number may be a secret. */
  readonly numeric: boolean;
}

interface Needle {
  text: string;
  /** Whether it counts only where no letter or digit stands beside it: a short one would mangle longer words. */
  whole: boolean;
}

/** Characters that needles are looked up by; shorter ones are not found. */
const GRAM = 4;
const WORD = /[A-Za-z0-9]/;
const NUMBER = /^[\d.e+-]+$/i;

/**
 * Needles by their last four characters, which tell keys apart better than the first: those are often the vendor's mark.
 * Adding one and taking one out costs the same however many there are.
 */
interface Index {
  /** How many secrets are written so. */
  uses: Map<string, number>;
  /** How many needles end with two characters; most places of a text are told by that there is none. */
  pairs: Uint32Array;
  endings: Map<number, Needle[]>;
  /** Needles that are numbers. */
  numbers: number;
}

/**
 * Finds secrets as they are, as JSON of different writers, percent-encoded, as HTML, and in base64, also as a part of a longer
 * value, as in Basic authentication. A secret of 4 or 5 characters is found as a whole word only, a shorter one never.
 */
export function findSecrets(): SecretFinder {
  const index: Index = { uses: new Map(), pairs: new Uint32Array(1 << 16), endings: new Map(), numbers: 0 };
  return {
    add(secret) {
      if (secret.length < GRAM) return () => {};
      const texts = [...formsOf(secret)].filter((text) => text.length >= GRAM);
      for (const text of texts) addNeedle(index, text);
      let isIn = true;
      return () => {
        if (isIn) for (const text of texts) removeNeedle(index, text);
        isIn = false;
      };
    },
    hide(text, { cut = false } = {}) {
      if (index.uses.size === 0 || text.length < GRAM) return text;
      const found = findNeedles(text, index);
      const tail = cut ? beginningAtEnd(text, index) : undefined;
      if (tail !== undefined) found.push([tail, text.length]);
      return found.length === 0 ? text : replaceAt(text, found);
    },
    get numeric() {
      return index.numbers > 0;
    },
  };
}

function addNeedle(index: Index, text: string): void {
  const uses = index.uses.get(text) ?? 0;
  index.uses.set(text, uses + 1);
  if (uses > 0) return;
  index.pairs[lastPairOf(text)]! += 1;
  if (NUMBER.test(text)) index.numbers += 1;
  const needle = { text, whole: text.length < MIN_SECRET_LENGTH };
  const ending = endingAt(text, text.length - 1);
  const others = index.endings.get(ending) ?? [];
  // Longer ones first: the longest that ends at a place is the one that counts.
  const at = others.findIndex((other) => other.text.length < text.length);
  others.splice(at < 0 ? others.length : at, 0, needle);
  index.endings.set(ending, others);
}

function removeNeedle(index: Index, text: string): void {
  const uses = index.uses.get(text) ?? 0;
  if (uses > 1) {
    index.uses.set(text, uses - 1);
    return;
  }
  index.uses.delete(text);
  index.pairs[lastPairOf(text)]! -= 1;
  if (NUMBER.test(text)) index.numbers -= 1;
  const ending = endingAt(text, text.length - 1);
  const others = (index.endings.get(ending) ?? []).filter((other) => other.text !== text);
  if (others.length > 0) index.endings.set(ending, others);
  else index.endings.delete(ending);
}

function lastPairOf(text: string): number {
  return pairOf(text.charCodeAt(text.length - 2), text.charCodeAt(text.length - 1));
}

type Span = [start: number, end: number];

function findNeedles(text: string, { pairs, endings }: Index): Span[] {
  const found: Span[] = [];
  let before = text.charCodeAt(GRAM - 2);
  for (let at = GRAM - 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const pair = pairOf(before, code);
    before = code;
    if (pairs[pair] === 0) continue;
    for (const { text: needle, whole } of endings.get(endingAt(text, at)) ?? []) {
      const start = at + 1 - needle.length;
      if (start < 0 || !text.startsWith(needle, start)) continue;
      if (whole && (WORD.test(text.charAt(start - 1)) || WORD.test(text.charAt(at + 1)))) continue;
      found.push([start, at + 1]);
      break;
    }
  }
  return found;
}

/** Where the text's end is the beginning of a secret: the first such place. */
function beginningAtEnd(text: string, { uses }: Index): number | undefined {
  let first: number | undefined;
  for (const needle of uses.keys()) {
    const beginning = needle.slice(0, GRAM);
    let at = text.indexOf(beginning, Math.max(0, text.length - needle.length + 1));
    while (at >= 0 && !needle.startsWith(text.slice(at))) at = text.indexOf(beginning, at + 1);
    if (at >= 0 && (first === undefined || at < first)) first = at;
  }
  return first;
}

/** The text with each span replaced; spans that overlap or touch as one. */
function replaceAt(text: string, spans: Span[]): string {
  spans.sort((a, b) => a[0] - b[0]);
  const parts: string[] = [];
  let kept = 0;
  let [start, end] = spans[0] as Span;
  for (const [nextStart, nextEnd] of spans) {
    if (nextStart > end) {
      parts.push(text.slice(kept, start), REDACTED);
      kept = end;
      start = nextStart;
    }
    end = Math.max(end, nextEnd);
  }
  parts.push(text.slice(kept, start), REDACTED, text.slice(end));
  return parts.join("");
}

function pairOf(first: number, second: number): number {
  return ((first << 8) ^ second) & 0xffff;
}

function endingAt(text: string, last: number): number {
  const first = text.charCodeAt(last - 3) | (text.charCodeAt(last - 2) << 16);
  const second = text.charCodeAt(last - 1) | (text.charCodeAt(last) << 16);
  return Math.imul(first, 0x9e3779b1) ^ second;
}

/** How a secret may be written. */
function formsOf(secret: string): Set<string> {
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
