import { formsOf, MIN_SECRET_LENGTH } from "./secret-forms.ts";

/** What stands in the place of a secret. */
export const REDACTED = "[redacted]";

/** Secrets that are looked for in texts; in the time of the text's length, however many and however long they are. */
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
  /** How many writings are looked for; each takes some hundred bytes. */
  readonly size: number;
}

/** Characters that needles are looked up by; shorter ones are not found. */
const GRAM = 4;
/** Characters of a needle's beginning that are kept. */
const HEAD = 32;
/**
 * What looking may cost for each character of a text, and besides: a look at a first character costs 1, at a hash `HASH_COST`.
 * Only secrets that were made for it, with one ending and many lengths, cost more; a text that does is hidden as a whole.
 */
const COST = { each: 24, besides: 4_000 };
const HASH_COST = 4;
const WORD = /[A-Za-z0-9]/;
/** A line break, a blank or a mark as it is escaped in JSON and URLs: it ends with a letter or digit, but is none. */
const ESCAPED = /(?:\\(?:[bfnrtv]|x[\da-f]{2}|u[\da-f]{4})|%[\da-f]{2})$/i;
const NUMBER = /^[\d.e+-]+$/i;
/** Base of the hash: the sum of each character × its power, modulo 2^32, so that the hash of a part comes from two beginnings. */
const BASE = 0x2c1b3c6d;

/** Needles of one length with one ending. */
interface SameLength {
  length: number;
  needles: number;
  /** First characters, modulo 32, a bit for each; those of needles that were taken out may be among them. */
  firsts: number;
  /** `BASE` to the power of the length. */
  power: number;
}

interface Head {
  needles: number;
  /** Characters of the longest needle that has begun so. */
  longest: number;
}

/**
 * Needles by their last four characters, which tell keys apart better than the first: those are often the vendor's mark.
 * The needles themselves are not kept, for together they are hundreds of times as long as the secret, but numbers for them: one is
 * found where ending, length, hash and beginning are its own. Adding one and taking one out costs the same however many there are.
 */
interface Index {
  /** How many needles end with two characters; most places of a text are told by that there is none. */
  pairs: Uint32Array;
  /** The lengths of the needles with an ending, longer ones first: the longest that ends at a place is the one that counts. */
  endings: Map<number, SameLength[]>;
  /** How many needles have a hash, with their length in it. */
  hashes: Map<number, number>;
  heads: Map<string, Head>;
  /** Needles that are numbers. */
  numbers: number;
}

/**
 * Finds secrets however they are written (see `formsOf`), in base64 also as a part of a longer value, as in Basic authentication. A
 * secret of 4 or 5 characters is found as a whole word only, a shorter one never.
 */
export function findSecrets(): SecretFinder {
  const index: Index = {
    pairs: new Uint32Array(1 << 16),
    endings: new Map(),
    hashes: new Map(),
    heads: new Map(),
    numbers: 0,
  };
  return {
    add(secret) {
      if (secret.length < GRAM) return () => {};
      const needles = [...formsOf(secret)].filter((text) => text.length >= GRAM).map(needleOf);
      for (const needle of needles) count(index, needle, 1);
      let isIn = true;
      return () => {
        if (isIn) for (const needle of needles) count(index, needle, -1);
        isIn = false;
      };
    },
    hide(text, { cut = false } = {}) {
      if (index.hashes.size === 0 || text.length < GRAM) return text;
      const found = findNeedles(text, index);
      const tail = cut ? beginningAtEnd(text, index) : undefined;
      if (tail !== undefined) found.push([tail, text.length]);
      return found.length === 0 ? text : replaceAt(text, found);
    },
    get numeric() {
      return index.numbers > 0;
    },
    get size() {
      return index.hashes.size;
    },
  };
}

interface Needle {
  length: number;
  pair: number;
  ending: number;
  hash: number;
  head: string;
  isNumber: boolean;
}

function needleOf(text: string): Needle {
  return {
    length: text.length,
    pair: pairOf(text.charCodeAt(text.length - 2), text.charCodeAt(text.length - 1)),
    ending: endingAt(text, text.length - 1),
    hash: withLength(hashOf(text, 0, text.length), text.length),
    // A copy: a part of a text would keep the whole in memory.
    head: text.slice(0, HEAD).split("").join(""),
    isNumber: NUMBER.test(text),
  };
}

/** Adds a needle, or with -1 takes one out that was added. */
function count(index: Index, { length, pair, ending, hash, head, isNumber }: Needle, by: 1 | -1): void {
  index.pairs[pair]! += by;
  if (isNumber) index.numbers += by;
  countIn(index.hashes, hash, by);
  const begun = index.heads.get(head) ?? { needles: 0, longest: 0 };
  begun.needles += by;
  begun.longest = Math.max(begun.longest, length);
  if (begun.needles > 0) index.heads.set(head, begun);
  else index.heads.delete(head);
  const lengths = index.endings.get(ending) ?? [];
  const at = lengths.findIndex((each) => each.length <= length);
  const same = lengths[at];
  const first = 1 << (head.charCodeAt(0) & 31);
  if (same?.length === length) {
    same.needles += by;
    same.firsts |= first;
    if (same.needles === 0) lengths.splice(at, 1);
  } else lengths.splice(at < 0 ? lengths.length : at, 0, { length, needles: 1, firsts: first, power: powerOf(length) });
  if (lengths.length > 0) index.endings.set(ending, lengths);
  else index.endings.delete(ending);
}

function countIn(counts: Map<number, number>, key: number, by: number): void {
  const sum = (counts.get(key) ?? 0) + by;
  if (sum > 0) counts.set(key, sum);
  else counts.delete(key);
}

type Span = [start: number, end: number];

function findNeedles(text: string, { pairs, endings, hashes, heads }: Index): Span[] {
  const found: Span[] = [];
  let last: Span | undefined;
  const hashOfPart = partHashes(text);
  let left = text.length * COST.each + COST.besides;
  let before = text.charCodeAt(GRAM - 2);
  for (let at = GRAM - 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const pair = pairOf(before, code);
    before = code;
    if (pairs[pair] === 0) continue;
    const lengths = endings.get(endingAt(text, at));
    if (lengths === undefined) continue;
    const end = at + 1;
    for (const { length, firsts, power } of lengths) {
      const start = end - length;
      if (start < 0) continue;
      left -= 1;
      if (left < 0) return [[0, text.length]];
      if ((firsts & (1 << (text.charCodeAt(start) & 31))) === 0) continue;
      left -= HASH_COST;
      if (!hashes.has(withLength(hashOfPart(start, end, power), length))) continue;
      const isWithin = last !== undefined && last[0] <= start && start <= last[1];
      if (!isWithin && !heads.has(text.slice(start, Math.min(end, start + HEAD)))) continue;
      // A short one would mangle longer words.
      if (length < MIN_SECRET_LENGTH && (followsWord(text, start) || WORD.test(text.charAt(end)))) continue;
      if (isWithin) (last as Span)[1] = end;
      else {
        last = [start, end];
        found.push(last);
      }
      break;
    }
  }
  return found;
}

/**
 * Gives the hashes of parts of a text: each by itself as long as few are wanted, then all in the time and the memory that the
 * hashes of all beginnings take.
 */
function partHashes(text: string): (start: number, end: number, power: number) => number {
  let beginnings: Int32Array | undefined;
  let read = 0;
  return (start, end, power) => {
    if (beginnings === undefined) {
      read += end - start;
      if (read <= text.length) return hashOf(text, start, end);
      beginnings = beginningHashes(text);
    }
    return ((beginnings[end] as number) - Math.imul(beginnings[start] as number, power)) | 0;
  };
}

function beginningHashes(text: string): Int32Array {
  const hashes = new Int32Array(text.length + 1);
  let hash = 0;
  for (let at = 0; at < text.length; at++) {
    hash = (Math.imul(hash, BASE) + text.charCodeAt(at)) | 0;
    hashes[at + 1] = hash;
  }
  return hashes;
}

function hashOf(text: string, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, BASE) + text.charCodeAt(at)) | 0;
  return hash;
}

function withLength(hash: number, length: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) ^ length;
}

function powerOf(length: number): number {
  let power = 1;
  for (let bits = length, square = BASE; bits > 0; bits >>>= 1, square = Math.imul(square, square)) {
    if (bits & 1) power = Math.imul(power, square);
  }
  return power;
}

/** Whether a letter or digit stands right before this place, and not as the end of an escape such as `\\n` or `%20`. */
export function followsWord(text: string, at: number): boolean {
  return WORD.test(text.charAt(at - 1)) && !ESCAPED.test(text.slice(Math.max(0, at - 6), at));
}

/** Where the text's end is the beginning of a secret, as far as its beginning is kept: the first such place. */
function beginningAtEnd(text: string, { heads }: Index): number | undefined {
  let first: number | undefined;
  for (const [head, { longest }] of heads) {
    const beginning = head.slice(0, GRAM);
    let at = text.indexOf(beginning, Math.max(0, text.length - longest + 1));
    while (at >= 0 && !head.startsWith(text.slice(at, at + HEAD))) at = text.indexOf(beginning, at + 1);
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
