import { ToolError } from "../../errors.ts";
import { MAX_COLUMNS } from "../rows.ts";

/**
 * Characters of one record. A quote that is never closed is found by it at the latest, and it bounds the memory that reading
 * takes.
 */
const MAX_RECORD = 8_388_608;

const DELIMITER_NAMES: Record<string, string> = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes" };

/** A delimiter in the words of a message: `commas`. */
export function delimiterName(delimiter: string): string {
  return DELIMITER_NAMES[delimiter] ?? `"${delimiter}"`;
}

/** What is wrong with the quotes of a record whose end is clear all the same. */
export interface QuoteFault {
  /** Which cell, counted from 0. */
  cell: number;
  problem: string;
  /** The way out, to be appended to the problem. */
  help: string;
}

export interface RecordOptions {
  /** The line of the text's beginning. */
  firstLine?: number;
  /** Whether cells may stand in quotes; else a quote is a sign like others. */
  quotes?: boolean | undefined;
  /** What a line begins with that is no record. */
  comment?: string | undefined;
}

/** The records of delimited text, one at a time as the text comes. */
export interface DelimitedRecords {
  /** Adds text. Only when `next` has returned false. */
  feed(chunk: string): void;
  /** No more text will come. */
  finish(): void;
  /** Goes to the next record that is no empty line; false where more text is needed, or none is left. */
  next(): boolean;
  /** The cells of the record; overwritten by the next one, and not more than one beyond the columns that a table may have. */
  readonly cells: string[];
  /** How many cells the record has. */
  readonly count: number;
  readonly fault: QuoteFault | undefined;
  /** The start of the record's own text. */
  raw(length: number): string;
  /** The line where the record begins, from 1. */
  line(): number;
  /** The line where it ends. */
  lastLine(): number;
  /** Characters of the record. */
  readonly length: number;
}

const LF = 10;
const CR = 13;
const QUOTE = 34;

const STRAY_QUOTE = "a quote stands inside a cell that does not begin with one";
const STRAY_HELP = 'put the whole cell in quotes and write the quote inside it as "": x"y becomes "x""y"';
const AFTER_QUOTE = "text follows the closing quote of a cell";
const NOT_CLOSED_HELP =
  'A cell that begins with a quote must end with one; write a quote inside it as "". Where quotes are signs like others, set "quote": "none" in "input_options".';

/**
 * Cuts text into records and cells (RFC 4180, with any line end, empty lines left out). A broken quote is a fault of its record
 * where the record's end is clear; where the cell had begun on an earlier line, nobody can tell how many records it has
 * swallowed, and it is an error.
 *
 * Every search for a delimiter, a quote or a line end goes on from where the last one ended and is kept until it is passed, so
 * the text is searched once for each. Text whose record is incomplete is tried again when twice as much is there.
 * @throws ToolError `invalid_input` for a quote that is not closed, or is closed amid text on a later line; `too_large` for a
 * record beyond the limit
 */
export function createRecords(
  delimiter: string,
  format: string,
  { firstLine = 1, quotes = true, comment }: RecordOptions = {},
): DelimitedRecords {
  const delimiterCode = delimiter.charCodeAt(0);
  const cells: string[] = [];
  let text = "";
  let position = 0;
  let ended = false;
  let waiting: string[] = [];
  let waitingLength = 0;
  let wanted = 0;
  let incomplete = false;
  // The next of each at or after the position, `text.length` where there is none.
  let nextDelimiter = 0;
  let nextQuote = 0;
  let nextLf = 0;
  let nextCr = 0;
  let start = 0;
  let end = 0;
  let count = 0;
  let fault: QuoteFault | undefined;
  // The line at a place of the text, up to which lines are counted.
  let line = firstLine;
  let lineAt = 0;

  function find(what: string, from: number): number {
    const at = text.indexOf(what, from);
    return at < 0 ? text.length : at;
  }

  /** The next line end at or after `from`. */
  function lineEnd(from: number): number {
    if (nextLf < from) nextLf = find("\n", from);
    if (nextCr < from) nextCr = find("\r", from);
    return Math.min(nextLf, nextCr);
  }

  /** Where the text goes on after a line end; `undefined` where that depends on what comes. */
  function afterLineEnd(at: number): number | undefined {
    if (at >= text.length) return ended ? at : undefined;
    if (at === nextLf) return at + 1;
    if (at + 1 < text.length) return text.charCodeAt(at + 1) === LF ? at + 2 : at + 1;
    return ended ? at + 1 : undefined;
  }

  function lineOf(at: number): number {
    line += countLineEnds(text, lineAt, at);
    lineAt = at;
    return line;
  }

  function broken(at: number, problem: string, hint: string): ToolError {
    return new ToolError("invalid_input", `The ${format} input is broken at line ${lineOf(at)}: ${problem}.`, { hint });
  }

  function put(cell: string): void {
    if (count <= MAX_COLUMNS) cells[count] = cell;
    count++;
  }

  /** A line without quotes. */
  function cutPlain(from: number, to: number): void {
    let begin = from;
    let next = nextDelimiter < begin ? find(delimiter, begin) : nextDelimiter;
    let cell = 0;
    while (next < to) {
      if (cell <= MAX_COLUMNS) cells[cell] = text.slice(begin, next);
      cell++;
      begin = next + 1;
      next = text.indexOf(delimiter, begin);
      if (next < 0) next = text.length;
    }
    nextDelimiter = next;
    count = cell;
    put(text.slice(begin, to));
  }

  /** A record with quotes. Gives where it ends, `undefined` where more text is needed. */
  function cutQuoted(from: number): number | undefined {
    let begin = from;
    for (;;) {
      let after: number;
      if (text.charCodeAt(begin) === QUOTE) {
        const close = closingQuote(begin);
        if (close === undefined) return undefined;
        after = close + 1;
        if (after === text.length && !ended) return undefined;
        const code = after === text.length ? LF : text.charCodeAt(after);
        if (code === delimiterCode || code === LF || code === CR) {
          const cell = text.slice(begin + 1, close);
          put(cell.includes('"') ? cell.replaceAll('""', '"') : cell);
        } else {
          if (lineEnd(begin) < close) {
            const opened = lineOf(begin);
            throw broken(
              close,
              `text follows the closing quote of the cell that begins at line ${opened}`,
              afterHelp(),
            );
          }
          after = cellEnd(after);
          if (after === text.length && !ended) return undefined;
          fault ??= { cell: count, problem: AFTER_QUOTE, help: lowerFirst(afterHelp()) };
          put(text.slice(begin, after));
        }
      } else {
        after = cellEnd(begin);
        if (after === text.length && !ended) return undefined;
        if (nextQuote < begin) nextQuote = find('"', begin);
        if (nextQuote < after) fault ??= { cell: count, problem: STRAY_QUOTE, help: STRAY_HELP };
        put(text.slice(begin, after));
      }
      if (after === text.length || text.charCodeAt(after) !== delimiterCode) return after;
      begin = after + 1;
    }
  }

  function cellEnd(from: number): number {
    if (nextDelimiter < from) nextDelimiter = find(delimiter, from);
    return Math.min(nextDelimiter, lineEnd(from));
  }

  function closingQuote(open: number): number | undefined {
    for (let from = open + 1; ; ) {
      const close = text.indexOf('"', from);
      if (close < 0) {
        if (ended) throw broken(open, "the text ends inside a quoted cell that begins there", NOT_CLOSED_HELP);
        if (text.length - start > MAX_RECORD) {
          throw broken(
            open,
            `the quoted cell that begins there has no end within ${MAX_RECORD} characters`,
            NOT_CLOSED_HELP,
          );
        }
        return undefined;
      }
      if (text.charCodeAt(close + 1) !== QUOTE) return close;
      from = close + 2;
    }
  }

  function afterHelp(): string {
    return `After a quoted cell comes the end of the line or the delimiter (${delimiterName(delimiter)} here); write a quote inside a cell as "".`;
  }

  function needMore(): false {
    checkLength(text.length - start);
    incomplete = true;
    wanted = Math.min(2 * (text.length - start), MAX_RECORD + 1);
    return false;
  }

  function checkLength(length: number): void {
    if (length <= MAX_RECORD) return;
    throw new ToolError(
      "too_large",
      `The ${format} input has a row of more than ${MAX_RECORD} characters, at line ${lineOf(start)}.`,
      { hint: "Check the line ends of the text and the quotes in that row, or send the rows as ndjson." },
    );
  }

  /** Takes in what waits, and forgets what was read. */
  function refill(): void {
    lineOf(position);
    lineAt = 0;
    wanted = 0;
    incomplete = false;
    text = text.slice(position) + (waiting.length === 1 ? waiting[0] : waiting.join(""));
    waiting = [];
    waitingLength = 0;
    position = nextDelimiter = nextQuote = nextLf = nextCr = 0;
    nextDelimiter = find(delimiter, 0);
    nextQuote = quotes ? find('"', 0) : Number.POSITIVE_INFINITY;
    nextLf = find("\n", 0);
    nextCr = find("\r", 0);
  }

  return {
    cells,
    get count() {
      return count;
    },
    get fault() {
      return fault;
    },
    get length() {
      return end - start;
    },
    raw: (length) => text.slice(start, Math.min(end, start + length)),
    line: () => lineOf(start),
    lastLine: () => lineOf(start) + countLineEnds(text, start, end),
    feed(chunk) {
      waiting.push(chunk);
      waitingLength += chunk.length;
    },
    finish() {
      ended = true;
    },
    next() {
      if (waitingLength > 0 || incomplete) {
        if (!ended && text.length - position + waitingLength < wanted) return false;
        refill();
      }
      for (;;) {
        start = position;
        if (start >= text.length) return false;
        count = 0;
        fault = undefined;
        if (nextQuote < start) nextQuote = find('"', start);
        end = lineEnd(start);
        const ignored = comment !== undefined && text.startsWith(comment, start);
        if (nextQuote < end && !ignored) {
          const quotedEnd = cutQuoted(start);
          if (quotedEnd === undefined) return needMore();
          end = quotedEnd;
          lineEnd(end);
        } else {
          if (end === text.length && !ended) return needMore();
          if (end > start && !ignored) cutPlain(start, end);
        }
        const after = afterLineEnd(end);
        if (after === undefined) return needMore();
        position = after;
        if (end === start || ignored) continue;
        if (end - start > MAX_RECORD) checkLength(end - start);
        return true;
      }
    },
  };
}

function lowerFirst(sentence: string): string {
  return `${sentence.charAt(0).toLowerCase()}${sentence.slice(1).replace(/\.$/, "")}`;
}

/** Line ends in a part of a text that does not begin between \r and \n. */
function countLineEnds(text: string, from: number, to: number): number {
  // So that no search goes beyond the part.
  const part = text.slice(from, to);
  let count = 0;
  for (let at = part.indexOf("\n"); at >= 0; at = part.indexOf("\n", at + 1)) {
    if (part.charCodeAt(at - 1) !== CR) count++;
  }
  for (let at = part.indexOf("\r"); at >= 0; at = part.indexOf("\r", at + 1)) count++;
  return count;
}
