import type { Operation } from "../operation.ts";
import { CORE, createOperationIndex, type OperationIndex, TARGET } from "./operation-index.ts";
import { type Query, readQuery } from "./search-query.ts";
import { createSearchSpace, type SearchSpace } from "./search-space.ts";
import { areOpposite, GETTING, verbsLike } from "./search-thesaurus.ts";
import { stemsOf } from "./search-words.ts";

export interface OperationHit {
  operation: Operation;
  score: number;
  /** How much of what is asked for it has, 0 to 1. */
  fit: number;
}

export interface SearchHits {
  hits: OperationHit[];
  /** Operations that have about as much of what is asked for as the best one has, at least the hits. */
  total: number;
  /** Whether the hits are only the nearest there are: none has half of what is asked for. */
  weak: boolean;
}

/** Shares of the score that hang on how much of the query an operation has, and on how much of the operation is asked for. */
const COVERAGE = 0.7;
const PRECISION = 0.7;
/** What the score is multiplied by where an operation does what is asked for, or something else. */
const INTENT_FITS = 1.25;
const INTENT_DIFFERS = 0.7;
const VERB_IS = 1.15;
const VERB_LIKE = 1.08;
const VERB_OPPOSITE = 0.6;
/** What a hit is multiplied by where the path ends with the thing that is asked for. */
const TARGET_FITS = 1.2;
const SCOPE_FITS = 1.15;
const OWN_FITS = 1.1;
const API_NAMED = 4;
const API_MEANT = 1.2;
const DEPRECATED = 0.5;
/** What each part of the path takes off: the nearer to the root, the more likely it is the thing itself. */
const DEPTH = 0.02;
const MAX_DEPTH = 10;
const NAMED = 1e6;
/** Operations that have less of what is asked for are only the nearest there are. */
const REAL_FIT = 0.5;
/** Nor do those count that have so much less than the one that has most. */
const NEAR_BEST = 0.8;
/** What to do with a thing says less of what is asked for than the thing. */
const VERB_SHARE = 0.5;
/** Words of less importance only name an API. */
const THING = 0.3;
/** How much one rare word can outweigh the others. */
/** From this weight on a stem is another form of the word, not a synonym. */
const FORM = 0.9;
const MAX_IMPORTANCE = 5;
const OWN_STEMS = stemsOf("me myself authenticated current self");

/**
 * Finds operations by what they do, best first; ties in the order of the documents. Fielded BM25 over words and their
 * synonyms, times how much fits on both sides, times whether the intent does. Nothing where no word fits.
 */
export function searchOperations(space: SearchSpace, text: string, limit: number): SearchHits {
  const query = readQuery(text, space);
  const { scores, fits } = scoresOf(space, query);
  const exact = text.trim().toLowerCase();
  const best: OperationHit[] = [];
  let most = 0;
  for (const { index, from } of space.sources) {
    const { operations, named } = index;
    for (const at of named.get(exact) ?? []) {
      scores[from + at] = scores[from + at]! + NAMED;
      fits[from + at] = 1;
    }
    for (let at = 0; at < operations.length; at++) {
      const score = scores[from + at]!;
      if (score <= 0) continue;
      const fit = fits[from + at]!;
      if (fit > most) most = fit;
      if (best.length < limit || score > best.at(-1)!.score)
        keep(best, { score, fit, operation: operations[at]! }, limit);
    }
  }
  const bar = Math.max(REAL_FIT, most * NEAR_BEST);
  let total = 0;
  for (const fit of fits) if (fit >= bar) total++;
  return { hits: best, total: Math.max(total, best.length), weak: best.length > 0 && most < REAL_FIT };
}

/** Puts a hit where it belongs among the best. */
function keep(best: OperationHit[], hit: OperationHit, limit: number): void {
  let at = best.length;
  while (at > 0 && best[at - 1]!.score < hit.score) at--;
  best.splice(at, 0, hit);
  if (best.length > limit) best.pop();
}

/** How much a word that so many operations have tells. */
function idfOf({ size }: SearchSpace, count: number): number {
  return Math.log(1 + (size - count + 0.5) / (count + 0.5));
}

/** Of each operation of the space its score, 0 where no word fits, and how much of what is asked for it has. */
function scoresOf(space: SearchSpace, query: Query): { scores: Float64Array; fits: Float64Array } {
  const scores = new Float64Array(space.size);
  /** Of the query's words, how much each operation has; of its own words, how many are asked for. */
  const covered = new Float64Array(space.size);
  const fits = new Float64Array(space.size);
  const explained = new Float64Array(space.size);
  // Of the words that stand for one that was asked for, the best counts.
  const score = new Float64Array(space.size);
  const closeness = new Float64Array(space.size);
  const roles = new Uint8Array(space.size);
  const onTarget = new Float64Array(space.size);
  /** Of several APIs that are not named, what only does the same with other things is no hit. */
  const isThing = ({ word, weight }: Query["terms"][number]) => word !== query.verb && weight >= THING;
  const needsThing = space.sources.length > 1 && query.terms.some(isThing);
  const hasThing = new Uint8Array(needsThing ? space.size : 0);
  let wanted = 0;
  /** All that is asked for, also what stands nowhere. */
  let all = 0;
  for (const term of query.terms) {
    const { word: asked, stems, weight: importance, head } = term;
    const isNeeded = needsThing && isThing(term);
    const itself = space.words.get(asked);
    // A rare synonym, not another form, of a word that stands everywhere tells no more than the word does.
    const limit = itself ? idfOf(space, itself.count) : Number.POSITIVE_INFINITY;
    const touched: number[] = [];
    let most = 0;
    for (const [stem, weight] of stems) {
      const word = space.words.get(stem);
      if (!word) continue;
      const worth = weight * Math.min(idfOf(space, word.count), weight >= FORM ? Number.POSITIVE_INFINITY : limit);
      most = Math.max(most, worth);
      const posting = word.posting();
      for (let i = 0; i < word.count; i++) {
        const at = posting.at[i]!;
        const each = worth * posting.weights[i]!;
        const best = score[at]!;
        if (best === 0) touched.push(at);
        if (each > best) score[at] = each;
        if (weight > closeness[at]!) closeness[at] = weight;
        const role = posting.roles[i]!;
        if (role === 0) continue;
        roles[at] = roles[at]! | role;
        if (head && (role & TARGET) !== 0 && weight > onTarget[at]!) onTarget[at] = weight;
      }
    }
    const matters = importance * Math.min(most, MAX_IMPORTANCE);
    wanted += matters;
    const share = asked === query.verb ? VERB_SHARE : 1;
    // A word that stands nowhere is missing everywhere, unless it names the API.
    if (most > 0 || !space.names.has(asked))
      all += share * importance * (most > 0 ? Math.min(most, MAX_IMPORTANCE) : MAX_IMPORTANCE);
    for (const at of touched) {
      scores[at] = scores[at]! + score[at]! * importance;
      const has = matters * Math.sqrt(closeness[at]!);
      covered[at] = covered[at]! + has;
      fits[at] = fits[at]! + share * has;
      if (isNeeded) hasThing[at] = 1;
      if ((roles[at]! & CORE) !== 0) explained[at] = explained[at]! + 1;
      score[at] = 0;
      closeness[at] = 0;
      roles[at] = 0;
    }
  }
  const owned = new Uint8Array(space.size);
  for (const stem of query.own ? OWN_STEMS : []) {
    for (const at of space.words.get(stem)?.posting().at ?? []) owned[at] = 1;
  }
  const alike = new Set(verbsLike(query.verb));
  // Who gets several lists them.
  if (query.scope === "all" && GETTING.has(query.verb)) alike.add("list");
  for (const source of space.sources) {
    const { factor: ofApi, weight: ofName } = apiFits(source, query, space);
    const { from } = source;
    // What a rule allows may do more than it says.
    const leastFit = source.isPlain ? REAL_FIT : 0;
    const { operations, traits: traitsOf } = source.index;
    for (let at = 0; at < operations.length; at++) {
      const place = from + at;
      if (scores[place] === 0) continue;
      if (needsThing && hasThing[place] === 0 && ofApi < API_NAMED) {
        scores[place] = 0;
        fits[place] = 0;
        continue;
      }
      const traits = traitsOf[at]!;
      const coverage = Math.min(1, covered[place]! / Math.max(wanted - ofName, 1e-9));
      fits[place] = Math.min(1, Math.max(leastFit, fits[place]! / Math.max(all - ofName, 1e-9)));
      const precision = Math.min(1, explained[place]! / traits.core);
      let factor = ofApi * (1 - COVERAGE * (1 - coverage)) * (1 - PRECISION * (1 - precision));
      factor *= (traits.intent & query.intent) !== 0 ? INTENT_FITS : INTENT_DIFFERS;
      if (query.verb !== "" && traits.verb !== "") {
        if (traits.verb === query.verb) factor *= VERB_IS;
        else if (areOpposite(traits.verb, query.verb)) factor *= VERB_OPPOSITE;
        else if (alike.has(traits.verb)) factor *= VERB_LIKE;
      }
      factor *= 1 + (TARGET_FITS - 1) * onTarget[place]!;
      if (traits.scope !== undefined && traits.scope === query.scope) factor *= SCOPE_FITS;
      if (owned[place] === 1) factor *= OWN_FITS;
      if (operations[at]!.deprecated) factor *= DEPRECATED;
      scores[place] = scores[place]! * factor * (1 - DEPTH * Math.min(MAX_DEPTH, traits.depth));
    }
  }
  return { scores, fits };
}

/** Whether the query says which of several APIs it means, and the importance of the words by which it does. */
function apiFits({ index, about }: SearchSpace["sources"][number], query: Query, space: SearchSpace) {
  let factor = 1;
  let weight = 0;
  if (space.sources.length === 1) return { factor, weight };
  for (const term of query.terms) {
    if (index.nameWords.has(term.word)) {
      factor = API_NAMED;
      const word = space.words.get(term.word);
      if (word) weight += term.weight * Math.min(idfOf(space, word.count), MAX_IMPORTANCE);
    } else if (about.has(term.word)) factor = Math.max(factor, API_MEANT);
  }
  return { factor, weight };
}

const indexes = new WeakMap<readonly Operation[], OperationIndex>();
const spaces = new WeakMap<readonly Operation[], SearchSpace>();

/** The words of a list of operations, read when they are first needed. */
export function indexOf(operations: readonly Operation[]): OperationIndex {
  const known = indexes.get(operations);
  if (known) return known;
  const index = createOperationIndex(operations);
  indexes.set(operations, index);
  return index;
}

/** One list of operations to search in. */
export function spaceOf(operations: readonly Operation[]): SearchSpace {
  const known = spaces.get(operations);
  if (known) return known;
  const space = createSearchSpace([{ index: indexOf(operations) }]);
  spaces.set(operations, space);
  return space;
}
