/** Whole numbers from 0 below 2^32, one for each place; 0 where none was set. Kept beside the heap of JavaScript. */
export interface NumberList {
  get(place: number): number;
  set(place: number, value: number): void;
}

export function createNumberList(): NumberList {
  let values = new Uint32Array(16);
  return {
    get: (place) => values[place] ?? 0,
    set(place, value) {
      if (place >= values.length) {
        const larger = new Uint32Array(Math.max(values.length * 2, place + 1));
        larger.set(values);
        values = larger;
      }
      values[place] = value;
    },
  };
}
