import { MAX_DEPTH } from "../rows.ts";
import { MAX_ROW_TEXT } from "./add-row.ts";
import { near, placeIn } from "./explain-json.ts";
import type { TextChunks } from "./row-reader.ts";

/** Thrown where the text ends in a value or its brackets do not fit; `text` is what there is of the value. */
export class BrokenValue extends Error {
  readonly kind: "end" | "brackets" | "depth" | "length";
  readonly text: string;
  constructor(kind: BrokenValue["kind"], text: string) {
    super(kind);
    this.kind = kind;
    this.text = text;
  }
}

/** Goes through JSON text as it comes and finds where values end, without looking into them more than for that. */
export interface JsonScanner {
  /** Code of the next character that is not blank, -1 at the end. It is not taken. */
  peek(): number;
  /** Takes the character that `peek` saw. */
  take(): void;
  /** Takes the value that begins where `peek` looked. Its text is kept; `undefined` where it is too long and `mayDrop`. @throws BrokenValue */
  value(mayDrop?: boolean): string | undefined;
  /** Line and column, from 1, of the character that would come next, or of the value taken last. */
  place(ofValue?: boolean): { line: number; column: number };
  /** What comes next, for a message. */
  near(): string;
  close(): void;
}

const QUOTE = 34;
const BACKSLASH = 92;
const CURLY = 123;
const SQUARE = 91;
const CURLY_END = 125;
const SQUARE_END = 93;
const COMMA = 44;

export function createJsonScanner(chunks: TextChunks): JsonScanner {
  const iterator = chunks[Symbol.iterator]();
  let buffer = "";
  // The buffer's characters: reading these is several times faster than those of a string that was put together.
  let codes = new Uint16Array(0);
  let at = 0;
  // Where the buffer begins.
  let line = 1;
  let column = 1;
  // Where the value taken last begins, for messages.
  let valueStart = { line: 1, column: 1, index: 0 };
  const open = new Uint8Array(MAX_DEPTH + 2);

  /** Drops what is before `from` and adds more text, so much that a long value is copied a few times only. False at the end. */
  function more(from: number): boolean {
    const dropped = buffer.slice(0, from);
    ({ line, column } = placeIn(dropped, dropped.length, line, column));
    valueStart.index -= from;
    at -= from;
    const kept = buffer.slice(from);
    let added = "";
    do {
      const next = iterator.next();
      if (next.done) break;
      added += next.value;
    } while (added.length === 0 || added.length < kept.length / 2);
    buffer = kept + added;
    if (codes.length < buffer.length) codes = new Uint16Array(buffer.length * 2);
    Buffer.from(codes.buffer).write(buffer, "utf16le");
    return added.length > 0;
  }

  function peek(): number {
    for (;;) {
      while (at < buffer.length) {
        const code = buffer.charCodeAt(at);
        if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return code;
        at++;
      }
      if (!more(at)) return -1;
    }
  }

  function value(mayDrop = false): string | undefined {
    const code = peek();
    valueStart = { line: 0, column: 0, index: at };
    let start = at;
    let dropped = false;
    /** More text, while the value is kept. */
    const refill = (): boolean => {
      if (buffer.length - start > MAX_ROW_TEXT) {
        if (!mayDrop) throw new BrokenValue("length", "");
        dropped = true;
        start = at;
      }
      if (valueStart.index >= 0) valueStart = { ...placeIn(buffer, valueStart.index, line, column), index: -1 };
      const got = more(start);
      start = 0;
      return got;
    };
    const broken = (kind: BrokenValue["kind"]): BrokenValue => new BrokenValue(kind, buffer.slice(start, at));

    if (code === CURLY || code === SQUARE) {
      let depth = 0;
      let quoted = false;
      for (;;) {
        if (at >= buffer.length && !refill()) throw broken("end");
        // In local variables: this loops over all characters of the input.
        const { length } = buffer;
        const text = codes;
        let index = at;
        while (index < length) {
          if (quoted) {
            const next = text[index++] as number;
            if (next === QUOTE) quoted = false;
            else if (next === BACKSLASH) index++;
            continue;
          }
          const next = text[index++] as number;
          if (next === QUOTE) quoted = true;
          else if (next < SQUARE) continue;
          else if (next === CURLY || next === SQUARE) {
            if (depth > MAX_DEPTH) {
              at = index;
              throw broken("depth");
            }
            open[depth++] = next;
          } else if (next === CURLY_END || next === SQUARE_END) {
            // A closing bracket is two after its opening one.
            if (open[--depth] !== next - 2) {
              at = index;
              throw broken("brackets");
            }
            if (depth === 0) {
              at = index;
              return dropped ? undefined : buffer.slice(start, at);
            }
          }
        }
        at = index;
      }
    }
    const quoted = code === QUOTE;
    at++;
    for (;;) {
      if (at >= buffer.length && !refill()) {
        if (quoted) throw broken("end");
        return dropped ? undefined : buffer.slice(start, at);
      }
      const next = buffer.charCodeAt(at);
      if (quoted) {
        at += next === BACKSLASH ? 2 : 1;
        if (next === QUOTE) return dropped ? undefined : buffer.slice(start, at);
      } else if (next <= 32 || next === COMMA || next === CURLY_END || next === SQUARE_END) {
        return dropped ? undefined : buffer.slice(start, at);
      } else at++;
    }
  }

  return {
    peek,
    take() {
      at++;
    },
    value,
    place(ofValue = false) {
      if (ofValue && valueStart.index < 0) return { line: valueStart.line, column: valueStart.column };
      return placeIn(buffer, ofValue ? valueStart.index : at, line, column);
    },
    near() {
      if (buffer.length - at < 20) more(at);
      return near(buffer, at);
    },
    close() {
      iterator.return?.();
    },
  };
}
