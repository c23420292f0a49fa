/**
 * A sum of numbers in which small ones are not lost beside large ones (Kahan's method, improved by Neumaier in 1974), and which
 * may be beyond the range of numbers on its way.
 */
export interface Sum {
  sum: number;
  /** What was rounded away so far. */
  rest: number;
  /** What no longer went into `sum`, divided by SCALE. */
  large: Sum | undefined;
}

/** A power of two: dividing by it changes no digit of a large number. */
const SCALE = 2 ** 64;

export function emptySum(): Sum {
  return { sum: 0, rest: 0, large: undefined };
}

export function addTo(total: Sum, value: number): void {
  const { sum } = total;
  const next = sum + value;
  if (!Number.isFinite(next)) {
    total.large ??= emptySum();
    addTo(total.large, sum / SCALE);
    total.sum = value;
    return;
  }
  total.rest += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
  total.sum = next;
}

/** The sum; not finite where it is too large for a number. */
export function totalOf(total: Sum): number {
  return meanOf(total, 1);
}

/** The sum divided by a count. */
export function meanOf(total: Sum, count: number): number {
  const { sum, rest, large } = total;
  if (!large) return (sum + rest) / count;
  const scaled = { ...large };
  addTo(scaled, sum / SCALE);
  addTo(scaled, rest / SCALE);
  return (totalOf(scaled) / count) * SCALE;
}
