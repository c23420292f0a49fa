import { show } from "../rows.ts";

/** Characters of a text whose broken place is looked for. */
const MAX_LOCATED = 2_000_000;

/** What is wrong with a text that JSON.parse refused, and the index where it stops making sense, where that is found. */
export function explainJson(error: unknown, text: string): { problem: string; at: number | undefined } {
  const at = locateError(text);
  if (at === undefined) return { problem: parserWords(error), at };
  const words = parserWords(error);
  const cut = at < text.length && words.startsWith("Unexpected end");
  return { problem: commonFault(text, at) ?? (cut ? "this is no JSON value" : words), at };
}

/** Line and column, both from 1, of an index in a text that begins at `line` and `column`. */
export function placeIn(text: string, index: number, line = 1, column = 1): { line: number; column: number } {
  let lines = 0;
  let start = -1;
  const before = text.slice(0, index);
  for (let at = before.indexOf("\n"); at >= 0; at = before.indexOf("\n", at + 1)) {
    lines++;
    start = at;
  }
  return { line: line + lines, column: lines === 0 ? column + index : index - start };
}

/** The text at an index, for a message: a comma, the word "near" and its first characters; empty at the end. */
export function near(text: string, index: number): string {
  const rest = text.slice(index, index + 20);
  return rest.trim() === "" ? "" : `, near ${show(rest)}`;
}

/** The parser's own message without the excerpt that V8 puts into it, and without the place. */
function parserWords(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/, (\.\.\.)?".*$/s, "").replace(/ (in JSON )?at position.*$/s, "");
}

/** What people and other languages write that JSON has not (RFC 8259). */
function commonFault(text: string, at: number): string | undefined {
  const rest = text.slice(at, at + 20);
  const number = /^[+-]?(?:nan|inf(?:inity)?)\b/i.exec(rest);
  if (number) return `${number[0]} is no JSON number (use null)`;
  const word = /^(?:None|True|False|TRUE|FALSE|NULL|undefined)\b/.exec(rest);
  if (word) return `${word[0]} is no JSON value (use null, true or false)`;
  if (/^(?:\/[/*]|#)/.test(rest)) return "JSON has no comments";
  if (rest.startsWith("'")) return "texts and names must be in double quotes";
  if (/^[\]}]/.test(rest) && /,\s*$/.test(text.slice(Math.max(0, at - 200), at))) {
    return "a comma stands before the closing bracket";
  }
  if (/^[\p{L}_$][\p{L}\p{N}_$]*\s*:/u.test(text.slice(at, at + 100))) return "names must be in double quotes";
  if (/^[+-]?0\d|^\+|^-?\./.test(rest)) return "numbers must begin with a digit or a minus, without a needless 0";
  return undefined;
}

// A string is unrolled, so that one without an end costs no more than its length.
const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|("[^"\\\0-\x1f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\0-\x1f]*)*")|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;

/** Where broken JSON stops making sense; the parser itself tells it for some errors only. */
function locateError(text: string): number | undefined {
  if (text.length > MAX_LOCATED) return undefined;
  const open: string[] = [];
  // What may come next: a value, a key, a colon, or a comma or the end of what is open.
  let next: "value" | "key" | "colon" | "end" = "value";
  let fresh = false;
  for (let at = 0; at < text.length; ) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    const start = skipBlank(text, at);
    if (!match) return start;
    at = TOKEN.lastIndex;
    const [, symbol, string] = match;
    const closes = symbol === "}" || symbol === "]";
    if (closes) {
      const fits = open.at(-1) === (symbol === "}" ? "{" : "[");
      if (!fits || !(next === "end" || fresh)) return start;
      open.pop();
      next = "end";
    } else if (symbol === ",") {
      if (next !== "end" || open.length === 0) return start;
      next = open.at(-1) === "{" ? "key" : "value";
    } else if (symbol === ":") {
      if (next !== "colon") return start;
      next = "value";
    } else if (symbol === "{" || symbol === "[") {
      if (next !== "value") return start;
      open.push(symbol);
      next = symbol === "{" ? "key" : "value";
    } else {
      if (next === "key" && string !== undefined) next = "colon";
      else if (next === "value") next = "end";
      else return start;
    }
    fresh = symbol === "{" || symbol === "[";
  }
  return text.length;
}

function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length && " \t\r\n".includes(text[at] as string)) at++;
  return at;
}
