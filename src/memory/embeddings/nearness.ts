import { type Direction, similarity } from "./vector.ts";

/** How near a user's memories are to a query in meaning, as far as they have vectors. */
export interface Nearness {
  /** Numbers of the nearest memories, the nearest first, at most NEAREST. */
  nearest: readonly number[];
  /**
   * How many standard deviations a memory is nearer than the average one; undefined without a vector. Cosines themselves cannot
   * be compared between models.
   */
  of(number: number): number | undefined;
  /**
   * How much a memory has to do with the query: 1 for the same direction, 0 for no more than unrelated texts have. Undefined
   * where either is not known.
   */
  relation(number: number): number | undefined;
}

/** Memories that meaning brings. */
export const NEAREST = 100;

export interface NearnessScan {
  /** Takes a memory's vector; numbers come in descending order. */
  add(number: number, bytes: Uint8Array): void;
  /** Undefined where there was no vector to compare. */
  end(): Nearness | undefined;
}

export function createNearnessScan(query: Direction): NearnessScan {
  const numbers: number[] = [];
  const cosines: number[] = [];
  return {
    add(number, bytes) {
      const cosine = similarity(query, bytes);
      if (cosine === undefined) return;
      numbers.push(number);
      cosines.push(cosine);
    },
    end() {
      const count = cosines.length;
      if (count === 0) return undefined;
      const mean = cosines.reduce((sum, cosine) => sum + cosine, 0) / count;
      const deviation = Math.sqrt(cosines.reduce((sum, cosine) => sum + (cosine - mean) ** 2, 0) / count) || 1;
      // The nearest are few: they alone are put in order.
      const least = Float64Array.from(cosines).sort().at(-Math.min(NEAREST, count)) as number;
      const nearest: number[] = [];
      for (let index = 0; index < count; index++) if ((cosines[index] as number) >= least) nearest.push(index);
      nearest.sort((a, b) => (cosines[b] as number) - (cosines[a] as number));
      return {
        nearest: nearest.slice(0, NEAREST).map((index) => numbers[index] as number),
        of(number) {
          const index = indexIn(numbers, number);
          return index === undefined ? undefined : ((cosines[index] as number) - mean) / deviation;
        },
        relation(number) {
          const { unrelated } = query;
          const index = indexIn(numbers, number);
          if (index === undefined || unrelated === undefined || unrelated >= 1) return undefined;
          return Math.max(0, (cosines[index] as number) - unrelated) / (1 - unrelated);
        },
      };
    },
  };
}

/** Where a number stands in a descending list. */
function indexIn(numbers: readonly number[], wanted: number): number | undefined {
  let low = 0;
  let high = numbers.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const number = numbers[middle] as number;
    if (number === wanted) return middle;
    if (number > wanted) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}
