import type { QueryTerm, TermForm } from "./query.ts";
import { tokenize } from "./tokenize.ts";

/** A term that nothing has stands for what begins with it, from so many characters on. */
const MIN_PREFIX = 3;
const ENDING_WEIGHT = 0.5;
/** Words of scripts whose languages change endings, long enough to do without two letters. */
const INFLECTED = /^[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Georgian}]{6,}$/u;
/** How many words may stand for a misspelled one, and what each occurrence of them counts. */
const MAX_SPELLINGS = 5;
const SPELLING_WEIGHT = 0.4;
/** Length of the words that a term may be made of. */
const MIN_HALF = 3;

/** The words that a term may be a slip of, the most alike first. */
export function alike(word: string, words: Iterable<string>): TermForm[] {
  const found: { text: string; slips: number }[] = [];
  for (const text of words) {
    const slips = slipsBetween(word, text);
    if (slips !== undefined) found.push({ text, slips });
  }
  found.sort((a, b) => a.slips - b.slips);
  return found.slice(0, MAX_SPELLINGS).map(({ text }) => ({ text, prefix: false, weight: SPELLING_WEIGHT }));
}

/** Forms of a term that nothing has: what begins with it; of a Japanese word the character before its ending. */
export function beginningsOf({ text, forms }: QueryTerm): TermForm[] {
  const inflected = /^(\p{Script=Han})\p{Script=Hiragana}$/u.exec(text);
  if (inflected) return [...forms, { text: inflected[1] as string, prefix: true, weight: ENDING_WEIGHT }];
  return text.length < MIN_PREFIX ? [] : [...forms, { text, prefix: true, weight: 1 }];
}

/** Forms of an inflected word in an alphabet that the stemmer does not know. */
export function withoutEnding({ text }: QueryTerm): TermForm[] {
  if (!INFLECTED.test(text)) return [];
  return [{ text: text.slice(0, -2), prefix: true, weight: ENDING_WEIGHT }];
}

/** The two words that a term is made of, as where a space was forgotten; none where there are none that are known. */
export function halvesOf(term: string, isKnown: (word: string) => boolean): string[] {
  if (!/^\p{L}{6,40}$/u.test(term)) return [];
  for (let at = term.length - MIN_HALF; at >= MIN_HALF; at--) {
    const pair = [term.slice(0, at), term.slice(at)].map((word) => tokenize(word, "query")[0] ?? word);
    if (pair.every(isKnown)) return pair;
  }
  return [];
}

/**
 * Whether two words are so alike that one may be a slip of the other: one insertion, deletion, substitution or swap of
 * neighbouring letters (Damerau 1964), two in words of eight letters and more. Words with digits are names and never slips.
 */
export function resembles(word: string, other: string): boolean {
  return slipsBetween(word, other) !== undefined;
}

function slipsBetween(word: string, other: string): number | undefined {
  const allowed = slipsAllowed(word);
  if (allowed === 0 || Math.abs(word.length - other.length) > allowed || /[\d\uE000]/.test(other)) return undefined;
  // A slip changes two letters of the set at most.
  if (bits(letters(word) ^ letters(other)) > 2 * allowed) return undefined;
  const slips = distance(word, other);
  return slips <= allowed ? slips : undefined;
}

/** The letters of a word as bits, some sharing one: words that differ in many are not alike. */
function letters(word: string): number {
  let set = 0;
  for (let index = 0; index < word.length; index++) set |= 1 << (word.charCodeAt(index) & 31);
  return set;
}

function bits(set: number): number {
  let count = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** How many slips a word of this length may hold. */
export function slipsAllowed(word: string): number {
  return word.length < 4 || /\d/.test(word) ? 0 : word.length < 8 ? 1 : 2;
}

/** Optimal string alignment distance. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(
        (last[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (last[column - 1] as number) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, (beforeLast[column - 2] as number) + 1);
      }
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] as number;
}
