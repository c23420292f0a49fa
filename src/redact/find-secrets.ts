import { formsOf, MIN_SECRET_LENGTH } from "./secret-forms.ts";

/** What stands in the place of a secret. */
export const REDACTED = "[redacted]";

/** Secrets that are looked for in texts; in the time of the text's length, however many they are. */
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
}

interface Needle {
  text: string;
  /** Whether it counts only where no letter or digit stands beside it: a short one would mangle longer words. */
  whole: boolean;
}

/** Characters that needles are looked up by; shorter ones are not found. */
const GRAM = 4;
const WORD = /[A-Za-z0-9]/;
/** A line break, a blank or a mark as it is escaped in JSON and URLs: it ends with a letter or digit, but is none. */
const ESCAPED = /(?:\\(?:[bfnrtv]|x[\da-f]{2}|u[\da-f]{4})|%[\da-f]{2})$/i;
const NUMBER = /^[\d.e+-]+$/i;

/**
 * Needles by their last four characters, which tell keys apart better than the first: those are often the vendor's mark.
 * Adding one and taking one out costs the same however many there are.
 */
interface Index {
  /** How many secrets are written so. */
  uses: Map<string, number>;
  /** How many needles end with two characters; most places of a text are told by that there is none. */
  pairs: Uint32Array;
  endings: Map<number, Needle[]>;
  /** Needles that are numbers. */
  numbers: number;
}

/**
 * Finds secrets however they are written (see `formsOf`), in base64 also as a part of a longer value, as in Basic authentication. A
 * secret of 4 or 5 characters is found as a whole word only, a shorter one never.
 */
export function findSecrets(): SecretFinder {
  const index: Index = { uses: new Map(), pairs: new Uint32Array(1 << 16), endings: new Map(), numbers: 0 };
  return {
    add(secret) {
      if (secret.length < GRAM) return () => {};
      const texts = [...formsOf(secret)].filter((text) => text.length >= GRAM);
      for (const text of texts) addNeedle(index, text);
      let isIn = true;
      return () => {
        if (isIn) for (const text of texts) removeNeedle(index, text);
        isIn = false;
      };
    },
    hide(text, { cut = false } = {}) {
      if (index.uses.size === 0 || text.length < GRAM) return text;
      const found = findNeedles(text, index);
      const tail = cut ? beginningAtEnd(text, index) : undefined;
      if (tail !== undefined) found.push([tail, text.length]);
      return found.length === 0 ? text : replaceAt(text, found);
    },
    get numeric() {
      return index.numbers > 0;
    },
  };
}

function addNeedle(index: Index, text: string): void {
  const uses = index.uses.get(text) ?? 0;
  index.uses.set(text, uses + 1);
  if (uses > 0) return;
  index.pairs[lastPairOf(text)]! += 1;
  if (NUMBER.test(text)) index.numbers += 1;
  const needle = { text, whole: text.length < MIN_SECRET_LENGTH };
  const ending = endingAt(text, text.length - 1);
  const others = index.endings.get(ending) ?? [];
  // Longer ones first: the longest that ends at a place is the one that counts.
  const at = others.findIndex((other) => other.text.length < text.length);
  others.splice(at < 0 ? others.length : at, 0, needle);
  index.endings.set(ending, others);
}

function removeNeedle(index: Index, text: string): void {
  const uses = index.uses.get(text) ?? 0;
  if (uses > 1) {
    index.uses.set(text, uses - 1);
    return;
  }
  index.uses.delete(text);
  index.pairs[lastPairOf(text)]! -= 1;
  if (NUMBER.test(text)) index.numbers -= 1;
  const ending = endingAt(text, text.length - 1);
  const others = (index.endings.get(ending) ?? []).filter((other) => other.text !== text);
  if (others.length > 0) index.endings.set(ending, others);
  else index.endings.delete(ending);
}

function lastPairOf(text: string): number {
  return pairOf(text.charCodeAt(text.length - 2), text.charCodeAt(text.length - 1));
}

type Span = [start: number, end: number];

function findNeedles(text: string, { pairs, endings }: Index): Span[] {
  const found: Span[] = [];
  let before = text.charCodeAt(GRAM - 2);
  for (let at = GRAM - 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const pair = pairOf(before, code);
    before = code;
    if (pairs[pair] === 0) continue;
    for (const { text: needle, whole } of endings.get(endingAt(text, at)) ?? []) {
      const start = at + 1 - needle.length;
      if (start < 0 || !text.startsWith(needle, start)) continue;
      if (whole && (followsWord(text, start) || WORD.test(text.charAt(at + 1)))) continue;
      found.push([start, at + 1]);
      break;
    }
  }
  return found;
}

/** Whether a letter or digit stands right before this place, and not as the end of an escape such as `\\n` or `%20`. */
export function followsWord(text: string, at: number): boolean {
  return WORD.test(text.charAt(at - 1)) && !ESCAPED.test(text.slice(Math.max(0, at - 6), at));
}

/** Where the text's end is the beginning of a secret: the first such place. */
function beginningAtEnd(text: string, { uses }: Index): number | undefined {
  let first: number | undefined;
  for (const needle of uses.keys()) {
    const beginning = needle.slice(0, GRAM);
    let at = text.indexOf(beginning, Math.max(0, text.length - needle.length + 1));
    while (at >= 0 && !needle.startsWith(text.slice(at))) at = text.indexOf(beginning, at + 1);
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
