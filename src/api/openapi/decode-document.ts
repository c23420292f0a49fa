import { isAscii } from "node:buffer";

/** Bytes from which on it matters how much memory the decoding takes. */
export const LARGE = 4_000_000;
const CHUNK = 65_536;
/** Chunks with other characters than ASCII, at most one in this many, with which a text is still taken for nearly ASCII. */
const NEARLY = 4;

/**
 * The text of a document in UTF-8 or UTF-16, with a byte order mark or without, which is taken off. JSON may come with
 * characters escaped that are written out. The bytes are given up: their memory is free afterwards, where they are many.
 */
export function decodeDocument(bytes: Uint8Array): string {
  const text = decode(bytes);
  release(bytes);
  return text;
}

function decode(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) {
    return new TextDecoder("utf-16le").decode(bytes);
  }
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) {
    return new TextDecoder("utf-16be").decode(bytes);
  }
  // A text of ASCII takes half the memory of any other, and reading JSON of it half the time.
  if (isAscii(bytes)) return oneByteText(bytes);
  if (bytes.length > LARGE && (first === 0x7b || first === 0x5b)) {
    const escaped = escapeJson(bytes);
    if (escaped) {
      release(bytes);
      const text = oneByteText(escaped);
      release(escaped);
      return text;
    }
  }
  return new TextDecoder("utf-8").decode(bytes);
}

/** The JSON in ASCII, what is not is escaped, for that can only stand in strings; undefined where that is more than a little. */
function escapeJson(bytes: Uint8Array): Uint8Array | undefined {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const pieces: (Uint8Array | Buffer)[] = [];
  let others = 0;
  let length = 0;
  for (let start = 0; start < bytes.length; ) {
    let end = Math.min(start + CHUNK, bytes.length);
    // Not within a character (RFC 3629, 3).
    while (end < bytes.length && end > start + 1 && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
    const chunk = bytes.subarray(start, end);
    let piece = chunk;
    if (!isAscii(chunk)) {
      others += 1;
      if (others * NEARLY * CHUNK > bytes.length) return undefined;
      piece = Buffer.from(decoder.decode(chunk).replace(/[^\0-\x7f]/g, escapeUnit), "latin1");
    }
    pieces.push(piece);
    length += piece.length;
    start = end;
  }
  const result = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function oneByteText({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
}

/** Frees the memory at once, which the garbage collector would do late: it does not know how large it is. */
function release({ buffer, byteLength }: Uint8Array): void {
  if (byteLength > LARGE && buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0);
}
