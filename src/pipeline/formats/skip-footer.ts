import { BATCH_ROWS, type Batch } from "../batch.ts";
import type { Reason } from "../rows.ts";
import type { ReadContext } from "./row-reader.ts";

/**
 * Leaves out the last `count` rows, good or bad, of a reader that numbers both: they are held back until it is clear how many
 * there are.
 */
export function* skipFooter(
  read: (context: ReadContext) => Iterable<Batch>,
  count: number,
  context: ReadContext,
): Iterable<Batch> {
  let bad: Reason[] = [];
  let held: Batch = { rows: [], numbers: [] };
  let last = 0;

  /** Gives out what is not among the last rows. */
  function* release(): Iterable<Batch> {
    const end = last - count;
    for (const reason of bad) if (reason.row <= end) context.bad(reason);
    bad = bad.filter(({ row }) => row > end);
    const { rows, numbers } = held;
    let from = 0;
    let to = numbers.length;
    while (to > 0 && (numbers[to - 1] as number) > end) to--;
    for (; from < to; from += BATCH_ROWS) {
      const until = Math.min(to, from + BATCH_ROWS);
      yield { rows: rows.slice(from, until), numbers: numbers.slice(from, until) };
    }
    held = { rows: rows.slice(to), numbers: numbers.slice(to) };
  }

  const inner: ReadContext = {
    ...context,
    bad(reason) {
      last = Math.max(last, reason.row);
      bad.push(reason);
      if (bad.length <= 2 * count) return;
      // Bad rows come in their order, so those before are no part of the end.
      for (const early of bad.splice(0, bad.length - count)) context.bad(early);
    },
  };
  for (const batch of read(inner)) {
    held = { rows: [...held.rows, ...batch.rows], numbers: [...held.numbers, ...batch.numbers] };
    last = Math.max(last, batch.numbers.at(-1) ?? 0);
    yield* release();
  }
  yield* release();
}
