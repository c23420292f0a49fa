import { BATCH_ROWS, type Batch } from "../../batch.ts";
import type { Row } from "../../rows.ts";
import type { RunningOperation } from "./operation.ts";

/** What an operation gives while it keeps all rows for the end. */
export function nothing(): Batch {
  return { rows: [], numbers: [] };
}

/** The rows of a batch that are wanted, in place. `keep` is asked once for each row, in order. */
export function chosen(batch: Batch, keep: (row: Row) => boolean): Batch {
  const { rows, numbers } = batch;
  let kept = 0;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] as Row;
    if (!keep(row)) continue;
    rows[kept] = row;
    numbers[kept++] = numbers[index] as number;
  }
  rows.length = kept;
  numbers.length = kept;
  return batch;
}

/** An operation that makes any number of rows of each one. */
export function spreading(each: (row: Row) => Iterable<Row>): RunningOperation {
  return {
    *push({ rows, numbers }) {
      let made = nothing();
      for (let index = 0; index < rows.length; index++) {
        for (const one of each(rows[index] as Row)) {
          made.rows.push(one);
          made.numbers.push(numbers[index] as number);
          if (made.rows.length < BATCH_ROWS) continue;
          yield made;
          made = nothing();
        }
      }
      if (made.rows.length > 0) yield made;
    },
  };
}

/** Rows with their numbers as batches. */
export function* inBatches(rows: Iterable<readonly [row: Row, number: number]>): Generator<Batch> {
  let made = nothing();
  for (const [row, number] of rows) {
    made.rows.push(row);
    made.numbers.push(number);
    if (made.rows.length < BATCH_ROWS) continue;
    yield made;
    made = nothing();
  }
  if (made.rows.length > 0) yield made;
}
