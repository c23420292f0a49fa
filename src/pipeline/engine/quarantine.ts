import { defaultOutput } from "../formats/output-options.ts";
import { createTextSink } from "../formats/text-sink.ts";
import { createRowWriter } from "../formats/writers.ts";
import { newRow, type Row } from "../rows.ts";
import type { Workspace } from "../spool/workspace.ts";
import type { EngineOutput } from "./engine-order.ts";

/** Rows that were taken out of a run, with where they came from and why. */
export interface Quarantine {
  add(row: Row, number: number, reasons: readonly unknown[]): void;
  /** As JSON; undefined where there are none. */
  finish(): EngineOutput | undefined;
}

/** A quarantine whose rows are `{ row, reasons, data }`, `row` being the row of the input. */
export function createQuarantine(workspace: Workspace, maxInlineLength: number): Quarantine {
  const sink = createTextSink(workspace, maxInlineLength);
  const output = defaultOutput("json");
  const writer = createRowWriter(output, sink);
  let rows = 0;
  return {
    add(row, number, reasons) {
      rows++;
      writer.write([newRow({ row: number, reasons, data: row })]);
    },
    finish() {
      writer.end();
      return rows === 0 ? undefined : { format: output.format, rows, ...sink.finish() };
    },
  };
}
