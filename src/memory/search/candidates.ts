/** The memories that have a term of the query. */
export interface TermMatches {
  /** How many of the user's memories have it, whatever the filter; estimated for a common term. */
  frequency: number;
  /** Numbers of those that the search is about, the newest first; of a common term only as many as the search needs. */
  numbers: readonly number[];
}

/** Memories that are ranked. */
export const CANDIDATES = 200;
/** Characters of terms that are ranked; beyond them only as many memories, the best picked first, as fit. */
export const MAX_RANKED_LENGTH = 2_000_000;
/** Memories, the newest, that are looked through for a text that no term finds, and how far each. */
export const SCANNED = 5_000;
export const SCANNED_LENGTH = 10_000;

/**
 * Numbers of the memories whose terms weigh most together, newer ones first among equals, at most CANDIDATES. `idf` belongs to
 * `matches`.
 */
export function pickCandidates(
  matches: readonly TermMatches[],
  idf: Float64Array,
  allowed: (number: number) => boolean,
): number[] {
  const termSets = new Map<number, number>();
  matches.forEach(({ numbers }, index) => {
    const bit = 1 << index;
    for (const number of numbers) termSets.set(number, (termSets.get(number) ?? 0) | bit);
  });
  const byTermSet = new Map<number, number[]>();
  for (const [number, set] of termSets) {
    const group = byTermSet.get(set);
    if (group) group.push(number);
    else byTermSet.set(set, [number]);
  }
  const weightOf = (set: number): number =>
    idf.reduce((sum, weight, index) => sum + (set & (1 << index) ? weight : 0), 0);
  const groups = [...byTermSet].map(([set, numbers]) => ({ weight: weightOf(set), numbers }));
  groups.sort((a, b) => b.weight - a.weight);

  const picked: number[] = [];
  for (const { numbers } of groups) {
    for (const number of numbers.sort((a, b) => b - a)) {
      if (!allowed(number)) continue;
      picked.push(number);
      if (picked.length === CANDIDATES) return picked;
    }
  }
  return picked;
}

/** What quoted phrases ask for: memories that have all of them; but where no memory has them all, their words alone count. */
export function wantPhrases(phrases: readonly ReadonlySet<number>[]): (number: number) => boolean {
  const hasAll = (number: number): boolean => phrases.every((phrase) => phrase.has(number));
  return [...(phrases[0] ?? [])].some(hasAll) ? hasAll : () => true;
}
