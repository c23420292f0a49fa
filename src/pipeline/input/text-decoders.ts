import { isAscii, isUtf8 } from "node:buffer";

/**
 * Stands in decoded text for bytes that the encoding has no character for, so that they differ from a U+FFFD of the text itself.
 * A noncharacter, kept for such uses (Unicode, 23.7), that every format takes in text, as XML does not take half a surrogate pair.
 */
export const INVALID = "\uFDD0";

/** Decoded text as it may be shown: with U+FFFD for bytes that are no character. */
export function showInvalid(text: string): string {
  return text.replaceAll(INVALID, REPLACEMENT);
}

/** Turns bytes into text as they come. What it is given may end inside a character. */
export interface Decoder {
  decode(bytes: Buffer): string;
  /** What is left of a character that never ended. */
  end(): string;
}

/** Called once, with how many bytes of those given so far come before the first that are invalid. */
export type OnInvalid = (byte: number) => void;

const REPLACEMENT = "\uFFFD";
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);

/**
 * A decoder of the encoding: its name in the Encoding Standard, in small letters.
 * @throws RangeError for a name that is none
 */
export function createDecoder(encoding: string, onInvalid: OnInvalid): Decoder {
  const report = once(onInvalid);
  switch (encoding) {
    case "utf-8":
      return utf8Decoder(report);
    case "utf-16le":
    case "utf-16be":
      return utf16Decoder(encoding === "utf-16be", report);
    case "windows-1252":
      return { decode: decodeWindows1252, end: () => "" };
    default:
      return otherDecoder(encoding, report);
  }
}

/** UTF-8 (Encoding Standard, 8.1): of a broken sequence every maximal part that could have begun one is invalid. */
function utf8Decoder(report: OnInvalid): Decoder {
  let rest = Buffer.alloc(0);
  let consumed = 0;

  function decodeWhole(bytes: Buffer): string {
    if (isAscii(bytes)) return bytes.toString("latin1");
    if (isUtf8(bytes)) return bytes.toString("utf8");
    // U+FFFD of the text itself is no part of any other sequence, valid or not.
    const parts: string[] = [];
    for (let from = 0; from <= bytes.length; ) {
      const found = bytes.indexOf(REPLACEMENT_BYTES, from);
      const to = found < 0 ? bytes.length : found;
      const part = bytes.toString("utf8", from, to);
      const at = part.indexOf(REPLACEMENT);
      if (at >= 0) report(consumed + from + Buffer.byteLength(part.slice(0, at)));
      parts.push(at < 0 ? part : part.replaceAll(REPLACEMENT, INVALID));
      from = to + REPLACEMENT_BYTES.length;
    }
    return parts.join(REPLACEMENT);
  }

  return {
    decode(bytes) {
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const whole = all.subarray(0, all.length - openTail(all));
      rest = Buffer.from(all.subarray(whole.length));
      const text = decodeWhole(whole);
      consumed += whole.length;
      return text;
    },
    end() {
      const text = decodeWhole(rest);
      rest = Buffer.alloc(0);
      return text;
    },
  };
}

/** How many bytes at the end begin a UTF-8 sequence that is longer: 0 to 3. */
export function openTail(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

function utf16Decoder(bigEndian: boolean, report: OnInvalid): Decoder {
  let rest = Buffer.alloc(0);
  let consumed = 0;

  function wellFormed(text: string): string {
    if (text.isWellFormed()) return text;
    report(consumed + 2 * text.search(/\p{Surrogate}/u));
    return text.replace(/\p{Surrogate}/gu, INVALID);
  }

  return {
    decode(bytes) {
      // Copied, for swapping changes them.
      const all = Buffer.concat([rest, bytes]);
      const even = all.length - (all.length % 2);
      if (bigEndian) all.subarray(rest.length & ~1, even).swap16();
      let text = all.toString("utf16le", 0, even);
      const open = text !== "" && (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;
      if (open) text = text.slice(0, -1);
      rest = Buffer.from(all.subarray(2 * text.length));
      const decoded = wellFormed(text);
      consumed += 2 * text.length;
      return decoded;
    },
    end() {
      if (rest.length === 0) return "";
      report(consumed);
      rest = Buffer.alloc(0);
      return INVALID;
    },
  };
}

// The bytes 0x80 to 0x9F (Encoding Standard, index windows-1252); all others are the code points of the same number.
const WINDOWS_1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

// Not by TextDecoder, which some releases of Node have take this encoding for Latin-1.
function decodeWindows1252(bytes: Buffer): string {
  const text = bytes.toString("latin1");
  return text.replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252.charAt(character.charCodeAt(0) - 0x80));
}

/** All others. None but gb18030 has U+FFFD itself, in four bytes that nobody writes. */
function otherDecoder(encoding: string, report: OnInvalid): Decoder {
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  let consumed = 0;
  const mark = (text: string): string => {
    if (!text.includes(REPLACEMENT)) return text;
    report(consumed);
    return text.replaceAll(REPLACEMENT, INVALID);
  };
  return {
    decode(bytes) {
      const text = mark(decoder.decode(bytes, { stream: true }));
      consumed += bytes.length;
      return text;
    },
    end: () => mark(decoder.decode()),
  };
}

function once(onInvalid: OnInvalid): OnInvalid {
  let called = false;
  return (byte) => {
    if (!called) onInvalid(byte);
    called = true;
  };
}
