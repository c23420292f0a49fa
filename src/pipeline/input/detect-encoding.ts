import { isUtf8 } from "node:buffer";
import { analyse } from "chardet";
import { guessScript } from "./guess-script.ts";
import { openTail } from "./text-decoders.ts";

/** Bytes that the detector is given, in whole lines. */
const MAX_LINES = 16_384;
/** Up to it, of 100, a guess of the detector is none: it says so much of any bytes that East Asian encodings have characters for. */
const NO_CONFIDENCE = 10;

/** Bytes that an XML declaration has at most. */
const DECLARATION_BYTES = 256;
/** From these on, a guess needs no other that looks at single characters. */
const SURE_OF_SCRIPT = 35;
const SURE_OF_LATIN = 50;

const UTF_8 = "utf-8";
const FALLBACK = "windows-1252";

/** The encoding that a byte order mark tells, with its length in bytes. */
export function markedEncoding(bytes: Uint8Array): { encoding: string; length: number } | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return { encoding: UTF_8, length: 3 };
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { encoding: "utf-16le", length: 2 };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { encoding: "utf-16be", length: 2 };
  return undefined;
}

/** UTF-16 without a mark, by the zeros that every other byte of most text in it is. */
export function unmarkedUtf16(bytes: Uint8Array): string | undefined {
  const pairs = Math.floor(bytes.length / 2);
  if (pairs < 2) return undefined;
  const zeros = [0, 0];
  for (let at = 0; at < 2 * pairs; at++) if (bytes[at] === 0) zeros[at % 2] = (zeros[at % 2] as number) + 1;
  const [even, odd] = zeros as [number, number];
  if (odd > 0.4 * pairs && even < 0.05 * pairs) return "utf-16le";
  if (even > 0.4 * pairs && odd < 0.05 * pairs) return "utf-16be";
  return undefined;
}

/** The encoding that the first line of an XML document names (XML 1.0, 4.3.3), where it can be true of bytes like ASCII. */
export function declaredEncoding(bytes: Buffer): string | undefined {
  const start = bytes.toString("latin1", 0, DECLARATION_BYTES);
  const label = /^<\?xml\s(?:[^>]*?\s)?encoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1];
  const encoding = label === undefined ? undefined : standardName(label);
  return encoding?.startsWith("utf-16") ? undefined : encoding;
}

/**
 * The encoding of bytes that are not all ASCII: UTF-8 where they are valid, or mostly; else the best guess of the detector that
 * has a character for each of them, or of `guessScript` where that is unsure; windows-1252 where there is none. What would be no text in that either is broken UTF-8.
 */
export function detectEncoding(sample: Buffer): string {
  const bytes = sample.subarray(0, sample.length - openTail(sample));
  if (isUtf8(bytes)) return UTF_8;
  const { valid, invalid } = countSequences(bytes);
  if (valid >= 2 * invalid) return UTF_8;
  const lines = foreignLines(bytes);
  const guesses = analyse(lines).flatMap(({ name: label, confidence }) => {
    const name = confidence > NO_CONFIDENCE ? standardName(label) : undefined;
    return name !== undefined && mayBe(name, lines) ? [{ name, confidence }] : [];
  });
  const [best] = guesses;
  const sure = best !== undefined && best.confidence >= (isScript(best.name) ? SURE_OF_SCRIPT : SURE_OF_LATIN);
  const script = sure || standAlone(lines) ? undefined : guessScript(lines);
  const guess = script ?? best?.name ?? FALLBACK;
  const encoding = guess === FALLBACK && looksCentral(lines) ? "windows-1250" : guess;
  return isLatin(encoding) && !looksLatin(lines) ? UTF_8 : encoding;
}

/** The name in the Encoding Standard, which takes Latin-1 for windows-1252. */
function standardName(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

function mayBe(encoding: string, lines: Uint8Array): boolean {
  if (encoding === UTF_8 || (isScript(encoding) && standAlone(lines))) return false;
  return readsAll(lines, encoding);
}

/** Whether a language in this encoding is written in bytes beyond ASCII throughout. */
function isScript(encoding: string): boolean {
  return /^(koi8-|ibm866|windows-125[1356]|windows-874|iso-8859-(5|6|7|8|11)|x-mac-cyrillic|euc-)/.test(encoding);
}

/** Whether most bytes beyond ASCII stand between ASCII ones, as letters with accents do. */
function standAlone(bytes: Uint8Array): boolean {
  let foreign = 0;
  let runs = 0;
  for (let at = 0; at < bytes.length; at++) {
    if ((bytes[at] as number) < 0x80) continue;
    foreign++;
    if (at === 0 || (bytes[at - 1] as number) < 0x80) runs++;
  }
  return foreign < 1.5 * runs;
}

/** Whether all bytes are characters, and none is a control character beyond ASCII, which text does not have. */
function readsAll(bytes: Uint8Array, encoding: string): boolean {
  // Streaming, for the last character may be cut.
  return !/[\u0080-\u009F\uFFFD]/.test(new TextDecoder(encoding).decode(bytes, { stream: true }));
}

/** UTF-8 sequences of more than one byte, and those that are broken. */
function countSequences(bytes: Buffer): { valid: number; invalid: number } {
  let valid = 0;
  let invalid = 0;
  for (const character of bytes.toString("utf8")) {
    if (character === "\uFFFD") invalid++;
    else if (character > "\x7f") valid++;
  }
  return { valid, invalid };
}

/** The lines that are not all ASCII, as many as the detector is to see: others tell it nothing. */
function foreignLines(bytes: Buffer): Buffer {
  const lines: Buffer[] = [];
  let length = 0;
  for (let at = 0; at < bytes.length && length < MAX_LINES; ) {
    const found = bytes.indexOf(10, at);
    const end = found < 0 ? bytes.length : found + 1;
    const line = bytes.subarray(at, Math.min(end, at + MAX_LINES - length));
    if (line.some((byte) => byte >= 0x80)) {
      lines.push(line);
      length += line.length;
    }
    at = end;
  }
  return Buffer.concat(lines);
}

function isLatin(encoding: string): boolean {
  return /^(windows-125[0247]|iso-8859-(2|3|4|10|13|14|15|16)|macintosh)$/.test(encoding);
}

/**
 * Whether bytes may be text in a Latin 8-bit encoding, where nothing is invalid: most bytes beyond ASCII stand where such text
 * has its letters and signs.
 */
function looksLatin(bytes: Uint8Array): boolean {
  let foreign = 0;
  let odd = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x80) continue;
    foreign++;
    if (isOdd(byte, bytes[at - 1] ?? 0)) odd++;
  }
  return 4 * odd < foreign;
}

/** £ ¥ ª ¯ ³ ¹ º ¼ ¾ in windows-1252, Ł Ą Ş Ż ł ą ş Ľ ľ in windows-1250. */
const SIGNS_OR_LETTERS = [0xa3, 0xa5, 0xaa, 0xaf, 0xb3, 0xb9, 0xba, 0xbc, 0xbe];

/**
 * Whether text that may be in windows-1252 has signs of it inside of words, or Ÿ and Œ after small letters, at least twice: in
 * windows-1250 these are letters of Polish, Slovak and Romanian.
 */
function looksCentral(bytes: Uint8Array): boolean {
  let central = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (SIGNS_OR_LETTERS.includes(byte)) {
      if (isLetter(bytes[at + 1]) && !isDigit(bytes[at - 1])) central++;
    } else if ((byte === 0x9f || byte === 0x8c) && isLetter(bytes[at - 1])) central++;
  }
  return central > 1;
}

/** Whether a byte is a small letter in either. */
function isLetter(byte = 0): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0xe0 && byte !== 0xf7 && byte !== 0xff);
}

function isDigit(byte = 0): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Whether a byte is rare in Latin text, by itself or after the one before. */
function isOdd(byte: number, before: number): boolean {
  // ÿ, and what windows-1252 leaves free.
  if ([0xff, 0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(byte)) return true;
  const afterSmall = (before >= 0x61 && before <= 0x7a) || before >= 0xdf;
  // A capital after a small letter.
  if ((byte >= 0xc0 && byte <= 0xde && byte !== 0xd7) || [0x8a, 0x8c, 0x8e, 0x9f].includes(byte)) return afterSmall;
  // A sign other than closing quotes, dashes and … right after a letter.
  if (byte < 0xa0 && ![0x85, 0x92, 0x94, 0x96, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9e].includes(byte)) {
    return afterSmall || (before >= 0xc0 && before !== 0xd7);
  }
  return false;
}
