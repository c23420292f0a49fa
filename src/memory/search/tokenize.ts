import { stemmer } from "stemmer";
import { BASE_FORMS, NAMES, STOP_WORDS } from "./words.ts";

/**
 * Text as the terms that it is found by, in its order, repeated as often as they occur; none for stop words. Both sides of a
 * search use it, so that what it conflates is found: case, accents, inflections (Porter 1980), `maxLength`, `max_length` and `max-length`.
 * A term holds lower-case letters, digits, `_` and any character beyond ASCII, but no other ASCII: an index may rely on it.
 *
 * Runs of unspaced script become pairs of characters, and the last character alone, so that each character begins a term. A
 * query leaves the last one out, unless it is the only one, which then stands for every term that begins with it.
 */
export function tokenize(text: string, side: Side = "memory"): string[] {
  const terms = termsIn(text, side);
  return terms === "" ? [] : terms.split(" ");
}

/** The same terms, separated by spaces. */
export function termsIn(text: string, side: Side = "memory"): string {
  const ascii = isAscii(text);
  const found: string[] = [];
  for (const chunk of (ascii ? text : fold(text)).match(ascii ? ASCII_CHUNK : CHUNK) ?? []) {
    const terms = termsOfChunk(chunk, side);
    if (terms !== "") found.push(terms);
  }
  // At the end, where they stand between no words of a phrase.
  if (text.includes(",")) for (const [number] of text.matchAll(THOUSANDS)) found.push(number.replaceAll(",", ""));
  return found.join(" ");
}

export interface Span {
  start: number;
  end: number;
}

/** Where the terms of a query stand in it, each where it does first; of a term that only folding the whole text makes, nothing. */
export function spansOf(text: string): Map<string, Span> {
  const spans = new Map<string, Span>();
  const add = (piece: string, start: number): string[] => {
    const terms = tokenize(piece, "query");
    const bare = piece.replace(POSSESSIVE, "");
    for (const term of terms) {
      const at = piece.indexOf(term);
      const unspaced = UNSPACED_TERM.test(term) && at >= 0;
      const span = unspaced
        ? { start: start + at, end: start + at + term.length }
        : { start, end: start + (bare.length > 0 ? bare.length : piece.length) };
      if (!spans.has(term)) spans.set(term, span);
    }
    return terms;
  };
  const plain = text.replace(/[’ʼ]/g, "'").replace(/[‐‑]/g, "-");
  for (const chunk of plain.matchAll(CHUNK)) {
    const [word] = chunk;
    if (/[-_./:@]|[a-z0-9][A-Z]|[A-Z]{2}[a-z]/.test(word)) {
      for (const part of word.matchAll(CHUNK_PART)) add(part[0], chunk.index + part.index);
    }
    add(word, chunk.index);
  }
  return spans;
}

type Side = "memory" | "query";

/** Terms of words seen before: most words of a text are. */
const remembered: Record<Side, Map<string, string>> = { memory: new Map(), query: new Map() };
const MAX_REMEMBERED = 20_000;
/** V8 copies words up to this length; a longer one, kept, would keep the whole text that it was cut from. */
const MAX_REMEMBERED_LENGTH = 12;

function termsOfChunk(chunk: string, side: Side): string {
  const known = remembered[side].get(chunk);
  if (known !== undefined) return known;
  const terms: string[] = [];
  addChunk(chunk, side, terms);
  const joined = terms.join(" ");
  if (chunk.length <= MAX_REMEMBERED_LENGTH) {
    if (remembered[side].size >= MAX_REMEMBERED) remembered[side].clear();
    remembered[side].set(chunk, joined);
  }
  return joined;
}

/** Longer terms are cut: nobody types them, and an index should not hold them. */
const MAX_TERM = 64;
/** Words of an identifier such as `get_user_by_id`, beyond which it is no single name. */
const MAX_PARTS = 8;

// Words joined by what identifiers, numbers, dates, names and contractions are joined by. C++ and C# are names too.
const ASCII_CHUNK = /[A-Za-z0-9]+(?:[-_.'/:@][A-Za-z0-9]+)*(?:\+\+|#)?/g;
const CHUNK =
  /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(?:[-_.'/:@][\p{L}\p{N}][\p{L}\p{N}\p{M}]*)*(?:\+\+|#)?|\p{RI}\p{RI}|\p{Extended_Pictographic}/gu;
/** `1,250` is 1250 too. */
const THOUSANDS = /(?<![\w.,])\d{1,3}(?:,\d{3}){1,8}(?![\d,])/g;
/** Words of an identifier, as `splitCamelCase` splits them. */
const CHUNK_PART = /[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;
const POSSESSIVE = /'(?:s|ll|ve|re|d|m)$/i;
const JOINERS = /[-_./:@]/;
/** Scripts that write no spaces between words, and Hangul, whose words carry particles. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー々]+/gu;
const UNSPACED_TERM = new RegExp(`^(?:${UNSPACED.source})$`, "u");
/** Marks that readers leave out: Latin, Greek and Cyrillic accents, Hebrew points, Arabic vowels. Those of Indic scripts stay. */
const MARKS = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670]/g;
/** More marks than any writing puts on a character (UAX #15, stream-safe text). Sorting them takes the square of their number. */
const MARKS_BEYOND = /(\p{M}{30})\p{M}+/gu;
const LETTERS: Record<string, string> = {
  ß: "ss",
  ẞ: "SS",
  æ: "ae",
  Æ: "AE",
  œ: "oe",
  Œ: "OE",
  ø: "o",
  Ø: "O",
  ł: "l",
  Ł: "L",
  đ: "d",
  Đ: "D",
  ð: "d",
  Ð: "D",
  þ: "th",
  Þ: "TH",
  ı: "i",
  ς: "σ",
  "’": "'",
  ʼ: "'",
  "‐": "-",
  "‑": "-",
};
const SPECIAL_LETTERS = new RegExp(`[${Object.keys(LETTERS).join("")}]`, "g");

function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text);
}

/** NFKC without the marks that readers leave out. Hangul is taken apart by the way and put together again. */
function fold(text: string): string {
  return text
    .replace(MARKS_BEYOND, "$1")
    .normalize("NFKD")
    .replace(MARKS, "")
    .normalize("NFC")
    .replace(SPECIAL_LETTERS, (letter) => LETTERS[letter] ?? letter);
}

function addChunk(chunk: string, side: Side, terms: string[]): void {
  const sign = /^([a-z])(\+\+|#)$/i.exec(chunk);
  if (sign) {
    terms.push(`${sign[1]?.toLowerCase()}${sign[2] === "#" ? "sharp" : "plusplus"}`);
    return;
  }
  const name = contracted(chunk.replace(/(?:\+\+|#)$/, ""));
  if (name.search(UNSPACED) >= 0) {
    addUnspaced(name, side, terms);
    return;
  }
  const parts = name.split(JOINERS).flatMap(splitCamelCase).filter(Boolean);
  for (const part of parts) if (!isStopWord(part)) terms.push(stem(part.toLowerCase()));
  if (parts.length > 1 && parts.length <= MAX_PARTS) {
    // 19.90 must not become 1990.
    const numeric = parts.every((part) => /^\p{N}+$/u.test(part));
    terms.push(stem(parts.join(numeric ? "_" : "").toLowerCase()));
  }
}

/** `IT`, `US` and `Will` are names. */
function isStopWord(word: string): boolean {
  return STOP_WORDS.has(word.toLowerCase()) && !NAMES.has(word) && !/^[A-Z]{2,}$/.test(word);
}

/** Without the endings of contractions (`Ana's`, `we'll`) and the articles of French and Italian (`l'eau`); `don't` is `dont`. */
function contracted(chunk: string): string {
  if (!chunk.includes("'")) return chunk;
  return chunk
    .replace(/'(?:s|ll|ve|re|d|m)(?=$|[-_./:@])/gi, "")
    .replace(/^(?:[ldjmtscn]|qu|dell|all|nell|sull|un)'(?=.{2})/i, "")
    .replaceAll("'", "");
}

/** `HTTPServer` → HTTP, Server; `getUserById` → get, User, By, Id. Words of capitals and digits, such as `9F86D0`, are one. */
function splitCamelCase(word: string): string[] {
  if (!/[a-z0-9][A-Z]|[A-Z]{2}[a-z]/.test(word) || !/[a-z]/.test(word)) return [word];
  return word.split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/);
}

function addUnspaced(chunk: string, side: Side, terms: string[]): void {
  let end = 0;
  for (const match of chunk.matchAll(UNSPACED)) {
    if (match.index > end) addChunk(chunk.slice(end, match.index), side, terms);
    const characters = [...match[0]];
    for (let index = 0; index + 1 < characters.length; index++) {
      terms.push(`${characters[index]}${characters[index + 1]}`);
    }
    if (side === "memory" || characters.length === 1) terms.push(characters.at(-1) as string);
    end = match.index + match[0].length;
  }
  if (end < chunk.length) addChunk(chunk.slice(end), side, terms);
}

function stem(word: string): string {
  const base = BASE_FORMS.get(word) ?? word;
  if (/^[a-z]{3,40}$/.test(base)) return stemmer(base);
  return base.length <= MAX_TERM
    ? base
    : base
        .slice(0, MAX_TERM)
        .toWellFormed()
        .replace(/\ufffd$/, "");
}

/** A single word as a term may begin with it, not reduced to its stem. */
export function plainWord(word: string): string {
  return (isAscii(word) ? word : fold(word)).toLowerCase().replace(/[^a-z0-9_\u0080-\uffff]/g, "");
}

/** Whether a term of a query is a single character of a script without spaces. */
export function isUnspacedCharacter(term: string): boolean {
  return term.length <= 2 && term.replace(UNSPACED, "") === "" && [...term].length === 1;
}
