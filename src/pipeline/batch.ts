import type { Row } from "./rows.ts";

/** Some rows on their way through a pipeline, in order. */
export interface Batch {
  rows: Row[];
  /** Which row of the input each one came from, counted from 1; of several rows the first. As long as `rows`. */
  numbers: number[];
}

/** Rows that travel together: few enough for the memory, enough that what is done once a batch costs nothing. */
export const BATCH_ROWS = 1000;
