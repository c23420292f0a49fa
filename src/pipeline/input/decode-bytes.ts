import { isAscii } from "node:buffer";
import { ToolError } from "../../errors.ts";
import type { TextChunks } from "../formats/row-reader.ts";
import { show } from "../rows.ts";
import { declaredEncoding, detectEncoding, markedEncoding, unmarkedUtf16 } from "./detect-encoding.ts";
import { refuseBinary, refuseControls } from "./refuse-binary.ts";
import { createDecoder } from "./text-decoders.ts";

/** Bytes at the beginning that marks and UTF-16 are looked for in. */
const START_BYTES = 4096;
/** Bytes from the first that is not ASCII on, by which an encoding is told. */
const SAMPLE_BYTES = 65_536;

export interface DecodeOptions {
  /** A label of the Encoding Standard; a byte order mark goes before it. Undefined: found out. */
  encoding?: string | undefined;
}

export interface DecodedBytes {
  /** Name in the Encoding Standard. `utf-8` as long as all was ASCII; final once all was read. */
  readonly encoding: string;
  /** Whether the encoding is a guess by single bytes that are not ASCII, once there were some. */
  readonly guessed: boolean;
  /** Place of the first byte so far that the encoding has no character for, from 0; exact for Unicode, else some place before it. */
  readonly invalidAt: number | undefined;
  /** The text, once, without a byte order mark; `INVALID` where bytes are no character. */
  chunks: TextChunks;
}

/**
 * Decodes bytes as they come. Without a label, a mark or an XML declaration, UTF-16 is told by its zeros, and what is ASCII so far is passed on until
 * the first other byte: by the lines from there on the encoding is found out.
 * @throws ToolError `invalid_input` for a label that is none; while reading, for files that are no text
 */
export function decodeBytes(bytes: Iterable<Uint8Array>, options: DecodeOptions = {}): DecodedBytes {
  const label = options.encoding === undefined ? undefined : encodingOf(options.encoding);
  let encoding = label ?? "utf-8";
  let guessed = false;
  let invalidAt: number | undefined;

  function* decode(): TextChunks {
    const source = bytes[Symbol.iterator]();
    const start = take(source, START_BYTES);
    const mark = markedEncoding(start);
    refuseBinary(start);
    let rest = start.subarray(mark?.length ?? 0);
    const known = mark?.encoding ?? label ?? declaredEncoding(start) ?? unmarkedUtf16(start.subarray(0, START_BYTES));
    if (!known?.startsWith("utf-16")) refuseControls(start.subarray(0, START_BYTES));
    let passed = mark?.length ?? 0;
    if (known === undefined) {
      while (rest.length > 0 && isAscii(rest)) {
        yield rest.toString("latin1");
        passed += rest.length;
        rest = take(source, 1);
      }
      const foreign = firstForeign(rest);
      if (rest.length > 0) {
        // The line that it is in tells more than what is left of that.
        const from = rest.lastIndexOf(10, foreign) + 1;
        rest = Buffer.concat([rest, take(source, SAMPLE_BYTES - (rest.length - from))]);
        encoding = detectEncoding(rest.subarray(from));
        guessed = encoding !== "utf-8";
      }
    } else encoding = known;
    const before = passed;
    const decoder = createDecoder(encoding, (byte) => {
      invalidAt = before + byte;
    });
    for (; rest.length > 0; rest = take(source, 1)) {
      const text = decoder.decode(rest);
      if (text !== "") yield text;
    }
    const end = decoder.end();
    if (end !== "") yield end;
  }

  return {
    get encoding() {
      return encoding;
    },
    get guessed() {
      return guessed;
    },
    get invalidAt() {
      return invalidAt;
    },
    chunks: decode(),
  };
}

/** The next pieces, of at least so many bytes together where there are so many. */
function take(source: Iterator<Uint8Array>, length: number): Buffer {
  const pieces: Uint8Array[] = [];
  for (let taken = 0; taken < length; ) {
    const next = source.next();
    if (next.done) break;
    pieces.push(next.value);
    taken += next.value.length;
  }
  const [only] = pieces;
  if (pieces.length === 1 && only) return Buffer.from(only.buffer, only.byteOffset, only.length);
  return Buffer.concat(pieces);
}

function firstForeign(bytes: Uint8Array): number {
  const at = bytes.findIndex((byte) => byte >= 0x80);
  return at < 0 ? bytes.length : at;
}

function encodingOf(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    throw new ToolError("invalid_input", `There is no encoding ${show(label)}.`, {
      hint: "Name one of the Encoding Standard, such as utf-8, utf-16le, windows-1252, iso-8859-2, shift_jis, gb18030, big5 or euc-kr, or leave it out to have it found.",
    });
  }
}
