import type { ToolError } from "../errors.ts";
import { type Answer, ENDS_BYTES, errorAnswer, type MessageLimits, refusal, tooLong } from "./message-guard.ts";
import { readJson } from "./read-json.ts";

/** What a line held: parsed JSON, or the answer to a line that cannot be read. */
export type Line = { value: unknown } | { answer: Answer };

export interface LineReader {
  /** Takes the next bytes and gives the lines that are complete with them. */
  read(chunk: Buffer): Line[];
  /** The rest, when nothing more comes. */
  end(): Line[];
}

const LINE_FEED = 0x0a;

/**
 * Splits a stream of bytes into lines of JSON. A line beyond the limits, or that is no JSON in UTF-8, becomes the answer to
 * its sender: one bad line must not end the connection, and no more of it is kept than both its ends.
 */
export function createLineReader(limits: MessageLimits): LineReader {
  let kept: Buffer[] = [];
  let length = 0;
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);

  const add = (piece: Buffer): void => {
    length += piece.length;
    if (length <= limits.maxBytes) {
      kept.push(piece);
      return;
    }
    if (kept.length > 0) {
      const whole = Buffer.concat(kept);
      head = Buffer.from(whole.subarray(0, ENDS_BYTES));
      tail = Buffer.from(whole.subarray(-ENDS_BYTES));
      kept = [];
    }
    if (head.length < ENDS_BYTES) head = Buffer.concat([head, piece]).subarray(0, ENDS_BYTES);
    tail = Buffer.concat([tail, piece.subarray(-ENDS_BYTES)]).subarray(-ENDS_BYTES);
  };
  const endLine = (): Line | undefined => {
    const line = length > limits.maxBytes ? refuse(head, tail, tooLong(limits.maxBytes)) : readLine(join(kept), limits);
    kept = [];
    length = 0;
    head = Buffer.alloc(0);
    tail = Buffer.alloc(0);
    return line;
  };

  return {
    read(chunk) {
      const lines: Line[] = [];
      let from = 0;
      for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
        add(chunk.subarray(from, at));
        const line = endLine();
        if (line) lines.push(line);
        from = at + 1;
      }
      if (from < chunk.length) add(chunk.subarray(from));
      return lines;
    },
    end() {
      const line = endLine();
      return line ? [line] : [];
    },
  };
}

function readLine(bytes: Buffer, limits: MessageLimits): Line | undefined {
  if (isBlank(bytes)) return undefined;
  const read = readJson(bytes, limits);
  return "value" in read ? read : refuse(bytes, bytes, read.error, read.code);
}

/** Whether the line holds nothing but spaces, tabs and carriage returns. */
function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

function refuse(start: Buffer, end: Buffer, error: ToolError, code?: number): Line {
  const answer = refusal(String(start.subarray(0, ENDS_BYTES)), String(end.subarray(-ENDS_BYTES)), error, code);
  return { answer: answer ?? errorAnswer(null, undefined, error, code) };
}

function join(pieces: Buffer[]): Buffer {
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
}
