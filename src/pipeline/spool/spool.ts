import type { Batch } from "../batch.ts";
import { newRow, type Row } from "../rows.ts";
import { ownRow } from "./own-value.ts";
import { appendRows, type RowLines, readRows } from "./row-lines.ts";
import type { WorkFile, Workspace } from "./workspace.ts";

/** Bytes of rows that a spool keeps in memory. */
const SPOOL_MEMORY = 16_000_000;

/** Rows that wait to be read, as often as needed. */
export interface Spool {
  /** Takes rows, which must not be changed from then on. @throws ToolError `too_large` where the disk of the run is used up */
  add(batch: Batch): void;
  /** How many there are. */
  readonly rows: number;
  /** All rows in order, as they were added, each time new ones that may be changed, but for lists and objects inside. */
  batches(): Iterable<Batch>;
  /** Frees memory and disk. The spool is empty then. */
  clear(): void;
}

/** An empty spool that goes to a file of the workspace beyond `memory` bytes. */
export function createSpool(workspace: Workspace, memory = SPOOL_MEMORY): Spool {
  let held: Batch[] = [];
  let weight = 0;
  let rows = 0;
  let file: WorkFile | undefined;
  let lines: RowLines | undefined;

  function write(batch: Batch, to: RowLines): void {
    for (const [index, row] of batch.rows.entries()) to.add(row, batch.numbers[index] as number);
  }

  return {
    get rows() {
      return rows;
    },
    add(batch) {
      rows += batch.rows.length;
      if (lines) {
        write(batch, lines);
        return;
      }
      for (const row of batch.rows) weight += ownRow(row);
      held.push(batch);
      if (weight <= memory) return;
      file = workspace.create();
      lines = appendRows(file);
      for (const one of held) write(one, lines);
      held = [];
    },
    *batches() {
      if (file) {
        lines?.flush();
        yield* readRows(file);
        return;
      }
      for (const batch of held) yield { rows: batch.rows.map((row: Row) => newRow(row)), numbers: [...batch.numbers] };
    },
    clear() {
      file?.remove();
      file = undefined;
      lines = undefined;
      held = [];
      weight = 0;
      rows = 0;
    },
  };
}
