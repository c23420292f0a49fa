import type { Operation } from "./operation.ts";
import { createOperationIndex, type OperationIndex } from "./operation-index.ts";
import { type Query, readQuery } from "./search-query.ts";
import { stemsOf } from "./search-words.ts";

/** An API to search in. */
export interface SearchSource {
  index: OperationIndex;
  /** What the API is said to be. */
  about?: string;
}

export interface OperationHit {
  operation: Operation;
  score: number;
}

const K1 = 1.2;
/** Shares of the score that hang on how much of the query an operation has, and how much of the operation is asked for. */
const COVERAGE = Number(process.env.W_COV ?? 0.7);
const PRECISION = Number(process.env.W_PREC ?? 0.4);
const INTENT_FITS = Number(process.env.W_FIT ?? 1.35);
const INTENT_CONTRADICTS = Number(process.env.W_CON ?? 0.7);
const SCOPE_FITS = Number(process.env.W_SCOPE ?? 1.15);
const OWN_FITS = Number(process.env.W_OWN ?? 1.1);
const API_NAMED = Number(process.env.W_NAMED ?? 2.5);
const API_TOLD = 1.2;
const DEPRECATED = 0.5;
const DEPTH = Number(process.env.W_DEPTH ?? 0.02);
const NAMED = 1e6;
const OWN_STEMS = ["me", "myself", "authent", "current", "my"];

/** Finds operations by what they do: fielded BM25 over the words, their synonyms and intents. Best first; ties by place. */
export function searchOperations(
  sources: readonly SearchSource[],
  text: string,
  limit: number,
): { hits: OperationHit[]; total: number } {
  const indexes = sources.map(({ index }) => index);
  const query = readQuery(text, indexes);
  const size = indexes.reduce((sum, { operations }) => sum + operations.length, 0);
  const idfs = new Map<string, number>();
  const idfOf = (stem: string): number => {
    let idf = idfs.get(stem);
    if (idf === undefined) {
      const count = indexes.reduce((sum, { postings }) => sum + (postings.get(stem)?.at.length ?? 0), 0);
      idf = count === 0 ? 0 : Math.log(1 + (size - count + 0.5) / (count + 0.5));
      idfs.set(stem, idf);
    }
    return idf;
  };
  const hits: OperationHit[] = [];
  let total = 0;
  for (const source of sources) {
    const { index } = source;
    const scores = scoresIn(source, query, idfOf, sources.length > 1);
    for (const at of index.named.get(text.trim().toLowerCase()) ?? []) scores[at] = scores[at]! + NAMED;
    for (let at = 0; at < scores.length; at++) {
      const score = scores[at]!;
      if (score <= 0) continue;
      total++;
      keep(hits, { operation: index.operations[at]!, score }, limit);
    }
  }
  return { hits, total };
}

/** Puts a hit where it belongs in a list that has at most `limit`. */
function keep(hits: OperationHit[], hit: OperationHit, limit: number): void {
  let at = hits.length;
  if (at >= limit && hit.score <= hits[at - 1]!.score) return;
  while (at > 0 && hits[at - 1]!.score < hit.score) at--;
  hits.splice(at, 0, hit);
  if (hits.length > limit) hits.pop();
}

/** The score of each operation of an index, 0 where no word fits. */
function scoresIn(
  { index, about = "" }: SearchSource,
  query: Query,
  idfOf: (stem: string) => number,
  several: boolean,
): Float64Array {
  const aboutWords = new Set(several ? stemsOf(about) : []);
  const count = index.operations.length;
  const scores = new Float64Array(count);
  const covered = new Float64Array(count);
  const explained = new Float64Array(count);
  const best = new Float64Array(count);
  const bestWeight = new Float64Array(count);
  const bestCore = new Float64Array(count);
  let wanted = 0;
  let ofApi = 1;
  for (const { word, stems, weight: importance } of query.terms) {
    const touched: number[] = [];
    const named = several && index.nameWords.has(word);
    if (named) ofApi = API_NAMED;
    else if (several && aboutWords.has(word)) ofApi = Math.max(ofApi, API_TOLD);
    let most = 0;
    for (const [stem, weight] of stems) {
      const idf = idfOf(stem);
      if (idf > most) most = weight === 1 ? idf : Math.max(most, idf * weight);
      const posting = index.postings.get(stem);
      if (!posting) continue;
      for (let i = 0; i < posting.at.length; i++) {
        const at = posting.at[i]!;
        const frequency = posting.weights[i]!;
        const score = (weight * idf * frequency * (K1 + 1)) / (frequency + K1);
        if (best[at] === 0) touched.push(at);
        if (score > best[at]!) best[at] = score;
        if (weight > bestWeight[at]!) bestWeight[at] = weight;
        if (posting.core[i] === 1) bestCore[at] = 1;
      }
    }
    if (most === 0) continue;
    const matters = importance * Math.min(most, 5);
    if (!named) wanted += matters;
    for (const at of touched) {
      scores[at] = scores[at]! + best[at]! * importance;
      covered[at] = covered[at]! + matters * Math.sqrt(bestWeight[at]!);
      explained[at] = explained[at]! + bestCore[at]!;
      best[at] = 0;
      bestWeight[at] = 0;
      bestCore[at] = 0;
    }
  }
  const owns = new Uint8Array(query.own ? count : 0);
  if (query.own) for (const stem of OWN_STEMS) for (const at of index.postings.get(stem)?.at ?? []) owns[at] = 1;
  for (let at = 0; at < count; at++) {
    if (scores[at] === 0) continue;
    const traits = index.traits[at]!;
    let factor = 1 - COVERAGE * (1 - Math.min(1, covered[at]! / Math.max(wanted, 1e-9)));
    factor *= 1 - PRECISION * (1 - Math.min(1, explained[at]! / traits.core));
    if (query.intent !== 0) factor *= (traits.intent & query.intent) !== 0 ? INTENT_FITS : INTENT_CONTRADICTS;
    if (query.scope !== undefined && traits.scope !== undefined)
      factor *= traits.scope === query.scope ? SCOPE_FITS : 1;
    if (query.own && owns[at] === 1) factor *= OWN_FITS;
    factor *= ofApi;
    if (index.operations[at]!.deprecated) factor *= DEPRECATED;
    scores[at] = scores[at]! * factor * (1 - DEPTH * Math.min(10, traits.depth));
  }
  return scores;
}

const indexes = new WeakMap<readonly Operation[], OperationIndex>();

/** The index of a list of operations, made when it is first needed. */
export function indexOf(operations: readonly Operation[]): OperationIndex {
  let index = indexes.get(operations);
  if (!index) {
    index = createOperationIndex(operations);
    indexes.set(operations, index);
  }
  return index;
}

/** The operations whose names are nearest to one that does not exist. */
export function closestOperations(operations: readonly Operation[], named: string, limit: number): Operation[] {
  const { hits } = searchOperations([{ index: indexOf(operations) }], named.slice(0, 200), limit);
  return hits.map(({ operation }) => operation);
}
