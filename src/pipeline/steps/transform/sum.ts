/** A sum of numbers in which small ones are not lost beside large ones (Kahan's method, improved by Neumaier in 1974). */
export interface Sum {
  sum: number;
  /** What was rounded away so far. */
  rest: number;
}

export function emptySum(): Sum {
  return { sum: 0, rest: 0 };
}

export function addTo(total: Sum, value: number): void {
  const { sum } = total;
  const next = sum + value;
  total.rest += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
  total.sum = next;
}

/** The sum; not finite where it is too large for a number. */
export function totalOf({ sum, rest }: Sum): number {
  return sum + rest;
}
