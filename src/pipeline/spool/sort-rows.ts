import { BATCH_ROWS, type Batch } from "../batch.ts";
import type { Row } from "../rows.ts";
import { ownRow } from "./own-value.ts";
import { appendRows, readRows, weightOf } from "./row-lines.ts";
import type { WorkFile, Workspace } from "./workspace.ts";

/** Bytes of rows that are sorted in memory at once. */
const SORT_MEMORY = 16_000_000;
/** Sorted files that are merged at once. */
const MERGE_WAYS = 16;
/** Characters that are read of each of them at once, and bytes of rows that are given at once. */
const MERGE_PIECE = 65_536;
const MERGED_BATCH = 1_000_000;

/** One of the things that rows are sorted by, most important first. */
export interface SortKey {
  /** What is compared of a row; found once for each row. */
  valueOf(row: Row): unknown;
  /** Negative where the first comes before the second. */
  compare(first: unknown, second: unknown): number;
}

/** Sorts any number of rows; equal ones keep their order. */
export interface RowSorter {
  /** Takes rows over. @throws ToolError `too_large` where the disk of the run is used up */
  add(batch: Batch): void;
  /** All rows in order, once, after the last was added. @throws as `add` */
  sorted(): Iterable<Batch>;
}

/** A merge sort over files of the workspace where the rows take more than `memory` bytes. */
export function createRowSorter(workspace: Workspace, keys: readonly SortKey[], memory = SORT_MEMORY): RowSorter {
  let rows: Row[] = [];
  let numbers: number[] = [];
  let weight = 0;
  // Sorted files; those of a level hold as many rows as all of the level below together, and came before them.
  const levels: WorkFile[][] = [];

  function spill(batches: Iterable<Batch>, level: number): void {
    const file = workspace.create();
    const lines = appendRows(file);
    for (const batch of batches) {
      for (let index = 0; index < batch.rows.length; index++) {
        lines.add(batch.rows[index] as Row, batch.numbers[index] as number);
      }
    }
    lines.flush();
    const files = levels[level] ?? [];
    levels[level] = files;
    files.push(file);
    if (files.length < MERGE_WAYS) return;
    spill(merge(files.map(readSorted), keys), level + 1);
    for (const merged of files.splice(0)) merged.remove();
  }

  function* takeHeld(): Generator<Batch> {
    const order = sortedOrder(rows, keys);
    for (let from = 0; from < order.length; from += BATCH_ROWS) {
      const some = order.slice(from, from + BATCH_ROWS);
      yield { rows: some.map((at) => rows[at] as Row), numbers: some.map((at) => numbers[at] as number) };
    }
    rows = [];
    numbers = [];
    weight = 0;
  }

  return {
    add(batch) {
      for (let index = 0; index < batch.rows.length; index++) {
        const row = batch.rows[index] as Row;
        rows.push(row);
        numbers.push(batch.numbers[index] as number);
        weight += ownRow(row);
        if (weight > memory) spill(takeHeld(), 0);
      }
    },
    *sorted() {
      const files = levels.toReversed().flat();
      if (files.length === 0) yield* takeHeld();
      else yield* merge([...files.map(readSorted), takeHeld()], keys);
      for (const file of files) file.remove();
    },
  };
}

function readSorted(file: WorkFile): Iterator<Batch> {
  return readRows(file, MERGE_PIECE);
}

/** The places of the rows in sorted order. */
function sortedOrder(rows: readonly Row[], keys: readonly SortKey[]): number[] {
  const columns = keys.map((key) => rows.map(key.valueOf));
  const order = rows.map((_, index) => index);
  const [key] = keys;
  const [column] = columns;
  if (!key || !column) return order;
  if (keys.length === 1) return order.sort((a, b) => key.compare(column[a], column[b]));
  return order.sort((a, b) => {
    for (let level = 0; level < keys.length; level++) {
      const values = columns[level] as unknown[];
      const result = (keys[level] as SortKey).compare(values[a], values[b]);
      if (result !== 0) return result;
    }
    return 0;
  });
}

/** Where one of the sorted streams is. */
interface Cursor {
  batches: Iterator<Batch>;
  batch: Batch;
  at: number;
  /** What is compared of the row it is at. */
  values: unknown[];
  /** Of equal rows, those of streams with a lower age come first. */
  age: number;
}

/** Sorted streams as one, equal rows in the order of the streams. */
function* merge(streams: readonly Iterator<Batch>[], keys: readonly SortKey[]): Generator<Batch> {
  const before = (a: Cursor, b: Cursor): boolean => {
    for (let level = 0; level < keys.length; level++) {
      const result = (keys[level] as SortKey).compare(a.values[level], b.values[level]);
      if (result !== 0) return result < 0;
    }
    return a.age < b.age;
  };
  const load = (cursor: Cursor): boolean => {
    while (cursor.at >= cursor.batch.rows.length) {
      const next = cursor.batches.next();
      if (next.done) return false;
      cursor.batch = next.value;
      cursor.at = 0;
    }
    const row = cursor.batch.rows[cursor.at] as Row;
    for (let level = 0; level < keys.length; level++) cursor.values[level] = (keys[level] as SortKey).valueOf(row);
    return true;
  };
  // A heap: no cursor comes before the one at half its place.
  const heap: Cursor[] = [];
  const sink = (place: number): void => {
    const cursor = heap[place] as Cursor;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Cursor, heap[child] as Cursor)) child++;
      if (!before(heap[child] as Cursor, cursor)) break;
      heap[place] = heap[child] as Cursor;
      place = child;
    }
    heap[place] = cursor;
  };
  for (const [age, batches] of streams.entries()) {
    const cursor: Cursor = { batches, batch: { rows: [], numbers: [] }, at: 0, values: [], age };
    if (load(cursor)) heap.push(cursor);
  }
  for (let place = heap.length >> 1; place >= 0 && heap.length > 0; place--) sink(place);

  let made: Batch = { rows: [], numbers: [] };
  let weight = 0;
  while (heap.length > 0) {
    const top = heap[0] as Cursor;
    const row = top.batch.rows[top.at] as Row;
    made.rows.push(row);
    made.numbers.push(top.batch.numbers[top.at] as number);
    weight += weightOf(row);
    if (made.rows.length >= BATCH_ROWS || weight >= MERGED_BATCH) {
      yield made;
      made = { rows: [], numbers: [] };
      weight = 0;
    }
    top.at++;
    if (!load(top)) {
      const last = heap.pop() as Cursor;
      if (heap.length === 0) break;
      heap[0] = last;
    }
    sink(0);
  }
  if (made.rows.length > 0) yield made;
}
