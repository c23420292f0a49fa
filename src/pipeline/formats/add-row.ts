import { ToolError } from "../../errors.ts";
import { BATCH_ROWS, type Batch } from "../batch.ts";
import { asRow, describeFault, describeLarge, findFault } from "../rows.ts";
import type { ReadContext } from "./row-reader.ts";

/** Characters of one row, so that one without an end cannot fill the memory. */
export const MAX_ROW_TEXT = 8_388_608;

/** An empty batch. */
export function newBatch(): Batch {
  return { rows: [], numbers: [] };
}

export function isFull(batch: Batch): boolean {
  return batch.rows.length >= BATCH_ROWS;
}

/**
 * Adds a parsed value as a row; what JSON cannot hold, and what is nested too deeply, is a row that cannot be read. Tells of
 * whole numbers that may have lost digits, wherever in the row.
 */
export function addRow(batch: Batch, value: unknown, number: number, context: ReadContext): void {
  const fault = findFault(value, 0, null, (field) => {
    context.note("large_numbers", describeLarge(field, number), true);
  });
  if (fault) {
    const { rule, field } = fault;
    const message = describeFault(fault, number);
    context.bad({ row: number, field, rule, message, ...(rule === "number" && { value: String(fault.value) }) });
    return;
  }
  batch.rows.push(asRow(value));
  batch.numbers.push(number);
}

/** @throws ToolError `too_large` for a row of more characters than are taken */
export function checkRowText(length: number, number: number, format: string): void {
  if (length <= MAX_ROW_TEXT) return;
  throw new ToolError("too_large", `Row ${number} of the ${format} input has more than ${MAX_ROW_TEXT} characters.`, {
    hint: "Split the value, or leave it out of the input.",
  });
}

/** Parses JSON of a row. Its errors have no stack, which takes longer than all else where each row is broken. @throws SyntaxError */
export function parseRow(text: string): unknown {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return JSON.parse(text);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
