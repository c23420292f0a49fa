import { ToolError } from "../../errors.ts";
import { BATCH_ROWS, type Batch } from "../batch.ts";
import { toRow } from "../rows.ts";
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

/** Adds a parsed value as a row; what JSON cannot hold, and what is nested too deeply, is a row that cannot be read. */
export function addRow(batch: Batch, value: unknown, number: number, context: ReadContext): void {
  try {
    batch.rows.push(toRow(value, number));
    batch.numbers.push(number);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const issue = error.issues?.[0];
    context.bad({
      row: number,
      field: typeof issue?.field === "string" ? issue.field : null,
      rule: error.code === "too_large" ? "depth" : "number",
      message: error.message.replace(/\.$/, ""),
      ...(issue && { value: issue.value }),
    });
  }
}

/** @throws ToolError `too_large` for a row of more characters than are taken */
export function checkRowText(length: number, number: number, format: string): void {
  if (length <= MAX_ROW_TEXT) return;
  throw new ToolError("too_large", `Row ${number} of the ${format} input has more than ${MAX_ROW_TEXT} characters.`, {
    hint: "Split the value, or leave it out of the input.",
  });
}
