import type { OperationIndex, Posting } from "./operation-index.ts";
import { stemsOf } from "./search-words.ts";

/** An API to search in. */
export interface SearchSource {
  index: OperationIndex;
  /** What the API is said to be. */
  about?: string;
  /** Whether no document tells what its calls do; then its name does. */
  isPlain?: boolean;
}

/** Several APIs as one: each operation has a number, those of an API follow each other. */
export interface SearchSpace {
  sources: readonly { index: OperationIndex; from: number; about: ReadonlySet<string>; isPlain: boolean }[];
  /** Stems of the APIs' names. */
  names: ReadonlySet<string>;
  /** Those of them that say which API is meant, not what is to be found there. */
  documentedNames: ReadonlySet<string>;
  /** Number of operations. */
  size: number;
  /** Who has a word, by its stem. */
  words: ReadonlyMap<string, Word>;
  /** The stems, sorted. */
  vocabulary: readonly string[];
}

export interface Word {
  /** Number of operations that have it. */
  count: number;
  /** Who has it, by the operations' numbers in the space. */
  posting(): Posting;
}

/** Puts the words of APIs side by side; what an API's index has is not copied. */
export function createSearchSpace(given: readonly SearchSource[]): SearchSpace {
  const parts = new Map<string, { from: number; posting: Posting }[]>();
  const names = new Set<string>();
  const plainNames = new Set<string>();
  let size = 0;
  const sources = given.map(({ index, about = "", isPlain = false }) => {
    const from = size;
    for (const [stem, posting] of index.postings) {
      const list = parts.get(stem);
      if (list) list.push({ from, posting });
      else parts.set(stem, [{ from, posting }]);
    }
    size += index.operations.length;
    for (const word of index.nameWords) names.add(word);
    if (isPlain) for (const word of index.nameWords) plainNames.add(word);
    return { index, from, about: new Set(stemsOf(about)), isPlain };
  });
  const words = new Map<string, Word>();
  for (const [stem, list] of parts) words.set(stem, wordOf(list));
  const documentedNames = new Set([...names].filter((name) => !plainNames.has(name)));
  return { sources, names, documentedNames, size, words, vocabulary: [...words.keys()].sort() };
}

/** A word whose places are put together when it is first asked for. */
function wordOf(parts: readonly { from: number; posting: Posting }[]): Word {
  const count = parts.reduce((sum, { posting }) => sum + posting.at.length, 0);
  let whole: Posting | undefined;
  return {
    count,
    posting() {
      whole ??= joined(parts, count);
      return whole;
    },
  };
}

function joined(parts: readonly { from: number; posting: Posting }[], count: number): Posting {
  const [first] = parts;
  if (first && parts.length === 1 && first.from === 0) return first.posting;
  const whole = { at: new Uint32Array(count), weights: new Float32Array(count), roles: new Uint8Array(count) };
  let to = 0;
  for (const { from, posting } of parts) {
    whole.weights.set(posting.weights, to);
    whole.roles.set(posting.roles, to);
    for (const at of posting.at) whole.at[to++] = from + at;
  }
  return whole;
}
