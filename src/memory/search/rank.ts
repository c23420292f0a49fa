import { matchTimes } from "./dates.ts";
import type { Query, QueryTerm } from "./query.ts";
import { TIME_TERMS } from "./words.ts";

/**
 * How well a memory answers a query: BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
 * 2009) without length normalisation, over a window of neighbours. The inverse document frequency is that of Lucene's
 * BM25Similarity, which is never negative, taken over the user's own memories: what is rare for others says nothing. The
 * weights were tuned on LoCoMo (Maharana et al., 2024), conversations 1–5, where a memory is one turn of a dialogue.
 */
const WEIGHTS = {
  /** How soon further occurrences of a term stop counting (k1 of BM25). */
  saturation: 1.2,
  /** What an occurrence counts that stands so many memories before or after, in the same source: answers follow questions. */
  before: [0.5, 0.2],
  after: [0.4, 0.2],
  /** The same of the one just before, where that asks a question. */
  questionBefore: 0.6,
  /** Share of the score that depends on how many terms of the query occur at all. */
  coverage: 0.2,
  /** For a memory of the speaker that the query names. */
  speakerNamed: 1.6,
  /** For a memory that tells a time, where the query asks for one. */
  tellsTime: 1.7,
  /** For a memory of the month, and of the day, that the query names. */
  ofMonth: 2.5,
  ofDay: 3.25,
  /** For a memory that ends with a question: it asks, it does not answer. */
  asks: 0.75,
  /** From the least important memory to the most important one; one without importance stands in the middle. */
  importance: [0.85, 1.15],
} as const;

/** Parts of the search that can be switched off. */
export interface SearchParts {
  /** What stands next to a memory in its source counts too. */
  neighbours: boolean;
  /** What the person said whom the query names comes first. */
  speaker: boolean;
  /** A query that asks when prefers memories that tell a time, and one that names a time those of then. */
  time: boolean;
  /** Memories with more of the query's terms come first. */
  coverage: boolean;
  importance: boolean;
  /** A word that nothing has stands for words spelled alike. */
  spelling: boolean;
}

export const EVERY_PART: SearchParts = {
  neighbours: true,
  speaker: true,
  time: true,
  coverage: true,
  importance: true,
  spelling: true,
};

/** How far the neighbours of a memory count. */
export const REACH = WEIGHTS.before.length;

/** What ranking needs to know of a memory. */
export interface Candidate {
  /** What `tokenize` gave for it, separated by spaces. */
  terms: string;
  /** Terms of who said it. */
  speaker: readonly string[];
  /** From 0 to 1. */
  importance?: number | null;
  /** When it happened, or else when it was added, in milliseconds since 1970. */
  time?: number;
  /** Whether it ends with a question mark, and whether the memory just before does. */
  asks?: boolean;
  afterQuestion?: boolean;
  /** Neighbours in the same source, the nearest first. */
  before: readonly Occurrences[];
  after: readonly Occurrences[];
  own: Occurrences;
}

/** How often each term of the query occurs in a memory; undefined where none does. */
export type Occurrences = Float64Array | undefined;

/** How much it says that a memory has a term which `frequency` of `total` memories have. */
export function inverseFrequency(frequency: number, total: number): number {
  const known = Math.min(frequency, total);
  return Math.log(1 + (total - known + 0.5) / (known + 0.5));
}

/** Counts a query's terms in the terms of memories. */
export function createCounter(terms: readonly QueryTerm[]): (text: string) => Occurrences {
  const exact = new Map<string, { index: number; weight: number }[]>();
  const prefixes: { text: string; index: number; weight: number }[] = [];
  terms.forEach(({ forms }, index) => {
    for (const { text, prefix, weight } of forms) {
      if (text === "") continue;
      if (prefix) prefixes.push({ text, index, weight });
      else {
        const others = exact.get(text)?.filter((other) => other.index !== index) ?? [];
        const known = exact.get(text)?.find((other) => other.index === index)?.weight ?? 0;
        exact.set(text, [...others, { index, weight: Math.max(weight, known) }]);
      }
    }
  });
  return (text) => {
    let counts: Float64Array | undefined;
    const count = (index: number, weight: number): void => {
      counts ??= new Float64Array(terms.length);
      counts[index] = (counts[index] as number) + weight;
    };
    // To look for each form is faster than to go through all terms of a text, most of which are no form.
    for (const [form, found] of exact) {
      for (let at = wholeTerm(text, form, 0); at >= 0; at = wholeTerm(text, form, at + form.length)) {
        for (const { index, weight } of found) count(index, weight);
      }
    }
    for (const { text: beginning, index, weight } of prefixes) {
      for (let at = text.indexOf(beginning); at >= 0; at = text.indexOf(beginning, at + 1)) {
        if (at > 0 && text.charCodeAt(at - 1) !== SPACE) continue;
        const end = text.indexOf(" ", at);
        const term = end < 0 ? text.slice(at) : text.slice(at, end);
        if (!exact.get(term)?.some((other) => other.index === index)) count(index, weight);
      }
    }
    return counts;
  };
}

const SPACE = 32;

/** Where the term stands in the text of terms, from `from` on; -1 where it does not. */
function wholeTerm(text: string, term: string, from: number): number {
  for (let at = text.indexOf(term, from); at >= 0; at = text.indexOf(term, at + 1)) {
    const end = at + term.length;
    const begins = at === 0 || text.charCodeAt(at - 1) === SPACE;
    if (begins && (end === text.length || text.charCodeAt(end) === SPACE)) return at;
  }
  return -1;
}

/** The score of a memory, 0 for one that has nothing to do with the query. `idf` belongs to the query's terms. */
export function score(query: Query, idf: Float64Array, memory: Candidate, parts: SearchParts = EVERY_PART): number {
  let sum = 0;
  let covered = 0;
  const [before = 0] = memory.afterQuestion ? [WEIGHTS.questionBefore] : WEIGHTS.before;
  for (let index = 0; index < idf.length; index++) {
    let frequency = memory.own?.[index] ?? 0;
    for (let distance = 0; parts.neighbours && distance < REACH; distance++) {
      const weight = distance === 0 ? before : (WEIGHTS.before[distance] ?? 0);
      frequency += (memory.before[distance]?.[index] ?? 0) * weight;
      frequency += (memory.after[distance]?.[index] ?? 0) * (WEIGHTS.after[distance] ?? 0);
    }
    if (frequency === 0) continue;
    covered++;
    sum += ((idf[index] as number) * frequency * (WEIGHTS.saturation + 1)) / (frequency + WEIGHTS.saturation);
  }
  if (covered === 0) return 0;
  if (parts.coverage) sum *= 1 - WEIGHTS.coverage + (WEIGHTS.coverage * covered) / idf.length;
  if (parts.speaker && isSpeakerPreferred(query, memory, parts)) sum *= WEIGHTS.speakerNamed;
  if (parts.time) sum *= timeFactor(query, memory);
  if (memory.asks) sum *= WEIGHTS.asks;
  if (parts.importance) sum *= importanceFactor(memory);
  return sum;
}

/** What has raised the score of a memory, besides terms. */
export function boostsOf(query: Query, memory: Candidate, parts: SearchParts = EVERY_PART): string[] {
  const boosts: string[] = [];
  if (parts.speaker && isSpeakerPreferred(query, memory, parts)) boosts.push("speaker");
  if (parts.time && timeFactor(query, memory) > 1) boosts.push("time");
  if (parts.importance && importanceFactor(memory) > 1) boosts.push("importance");
  return boosts;
}

/** Whether the query names the speaker, and the memory or what stands around it has anything else of the query, if there is. */
function isSpeakerPreferred(query: Query, memory: Candidate, parts: SearchParts): boolean {
  const isName = query.terms.map((term) => memory.speaker.includes(term.text));
  if (!isName.includes(true)) return false;
  const near = parts.neighbours ? [memory.own, ...memory.before, ...memory.after] : [memory.own];
  const has = (index: number): boolean => near.some((occurrences) => (occurrences?.[index] ?? 0) > 0);
  return isName.every(Boolean) || isName.some((name, index) => !name && has(index));
}

function timeFactor(query: Query, memory: Candidate): number {
  const match = memory.time === undefined ? 0 : matchTimes(query.times, memory.time);
  const named = match === 2 ? WEIGHTS.ofDay : match === 1 ? WEIGHTS.ofMonth : 1;
  return query.asksForTime && tellsTime(memory.terms) ? named * WEIGHTS.tellsTime : named;
}

function importanceFactor({ importance }: Candidate): number {
  const [least, most] = WEIGHTS.importance;
  return least + (most - least) * (importance ?? 0.5);
}

function tellsTime(terms: string): boolean {
  return terms.split(" ").some((term) => TIME_TERMS.has(term) || /^(?:19|20)\d\d$/.test(term));
}
