/**
 * Whether two words are so alike that one may be a slip of the other: one insertion, deletion, substitution or swap of
 * neighbouring letters (Damerau 1964), two in words of eight letters and more. Words with digits are names and never slips.
 */
export function resembles(word: string, other: string): boolean {
  const allowed = slipsAllowed(word);
  if (allowed === 0 || Math.abs(word.length - other.length) > allowed || /\d/.test(other)) return false;
  return distance(word, other) <= allowed;
}

/** How many slips a word of this length may hold. */
export function slipsAllowed(word: string): number {
  return word.length < 4 || /\d/.test(word) ? 0 : word.length < 8 ? 1 : 2;
}

/** Optimal string alignment distance. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(
        (last[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (last[column - 1] as number) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, (beforeLast[column - 2] as number) + 1);
      }
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] as number;
}
