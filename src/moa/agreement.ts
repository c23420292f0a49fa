/** Characters up to which an answer is compared as a whole. */
const SHORT = 120;
/** Words of a shingle, and the share of shingles that two long answers have in common where they say the same. */
const SHINGLE = 3;
const ALIKE = 0.6;
/** Characters of an answer that are compared: longer ones that agree so far are taken to agree. */
const COMPARED = 100_000;

/**
 * Whether so many of the answers say the same: short ones by their words, without case, punctuation and markup; long ones by the
 * shingles that they share (A. Broder, On the resemblance of documents, 1997). Gives the places of those that do, and whether
 * they are one short answer.
 */
export function agreeing(texts: readonly string[], quorum: number): { places: number[]; isShort: boolean } | undefined {
  const groups = texts.map((text) => [...texts.keys()].filter((other) => likeness(text, texts[other]!) >= ALIKE));
  const largest = groups.reduce<number[]>((best, group) => (group.length > best.length ? group : best), []);
  if (largest.length < Math.max(2, quorum)) return undefined;
  return { places: largest, isShort: largest.every((place) => isShort(texts[place]!)) };
}

/**
 * The share, from 0 to 1, of the answers that are the same short answer as most others are. Undefined where there is only one, or
 * one is longer: how many words long answers share says little about whether they say the same.
 */
export function sameShortAnswer(texts: readonly string[]): number | undefined {
  if (texts.length < 2 || !texts.every(isShort)) return undefined;
  const groups = Map.groupBy(texts, normalized);
  return Math.max(...[...groups.values()].map(({ length }) => (length === 1 ? 0 : length))) / texts.length;
}

/** How alike two answers are, from 0 to 1: of short ones, 1 or 0. */
export function likeness(one: string, other: string): number {
  const [a, b] = [normalized(one.slice(0, COMPARED)), normalized(other.slice(0, COMPARED))];
  if (a === b) return 1;
  if (isShort(one) || isShort(other)) return 0;
  const [first, second] = [shinglesOf(a), shinglesOf(b)];
  let shared = 0;
  for (const shingle of first) if (second.has(shingle)) shared += 1;
  return shared / (first.size + second.size - shared || 1);
}

function isShort(text: string): boolean {
  return text.trim().length <= SHORT;
}

/** Without case, markup, quotes and punctuation, but with all that changes what is said: signs, points within numbers, units. */
export function normalized(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/−/g, "-")
    .replace(/[*_`~"'“”‘’]/g, "")
    .replace(/[.,:;!?](?!\d)/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

function shinglesOf(text: string): Set<string> {
  const words = text.split(" ");
  const shingles = new Set<string>();
  for (let at = 0; at + SHINGLE <= words.length; at++) shingles.add(words.slice(at, at + SHINGLE).join(" "));
  return shingles;
}
