import type { OperationIndex, Posting } from "./operation-index.ts";

/** An API to search in. */
export interface SearchSource {
  index: OperationIndex;
  /** What the API is said to be. */
  about?: string;
}

/** Several APIs as one: each operation has a number, those of an API follow each other. */
export interface SearchSpace {
  sources: readonly { source: SearchSource; from: number }[];
  /** Number of operations. */
  size: number;
  /** Who has a word, by its stem. */
  words: ReadonlyMap<string, Places>;
  /** The stems, sorted. */
  vocabulary: readonly string[];
}

export interface Places {
  /** Number of operations that have the word. */
  count: number;
  parts: { from: number; posting: Posting }[];
}

/** Puts the words of APIs side by side; what an API's index has is not copied. */
export function createSearchSpace(given: readonly SearchSource[]): SearchSpace {
  const words = new Map<string, Places>();
  let size = 0;
  const sources = given.map((source) => {
    const from = size;
    for (const [stem, posting] of source.index.postings) {
      const places = words.get(stem);
      if (places) {
        places.count += posting.at.length;
        places.parts.push({ from, posting });
      } else words.set(stem, { count: posting.at.length, parts: [{ from, posting }] });
    }
    size += source.index.operations.length;
    return { source, from };
  });
  return { sources, size, words, vocabulary: [...words.keys()].sort() };
}
