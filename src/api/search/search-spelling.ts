import { editsBetween } from "../../edits.ts";

/** Shorter words have too many neighbours to guess from. */
const MIN_LENGTH = 4;
const MAX_LENGTH = 30;

/**
 * The words of a list that a misspelt one may mean: one letter added, left out, changed or swapped with its neighbour; two in
 * words of eight letters or more. Only the nearest ones.
 */
export function nearestWords(word: string, words: Iterable<string>): string[] {
  if (word.length < MIN_LENGTH || word.length > MAX_LENGTH) return [];
  let limit = word.length >= 8 ? 2 : 1;
  let found: string[] = [];
  for (const other of words) {
    if (Math.abs(other.length - word.length) > limit || other.length < MIN_LENGTH - 1) continue;
    // Hardly anybody mistakes the first letter, but two may be swapped.
    if (other[0] !== word[0] && (other[0] !== word[1] || other[1] !== word[0])) continue;
    const distance = editsBetween(word, other, limit);
    if (distance > limit) continue;
    if (distance < limit) found = [];
    limit = distance;
    found.push(other);
  }
  return found;
}
