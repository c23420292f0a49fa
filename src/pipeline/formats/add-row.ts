import { ToolError } from "../../errors.ts";
import { BATCH_ROWS, type Batch } from "../batch.ts";
import { asRow, describeFault, findFault, show } from "../rows.ts";
import type { ReadContext } from "./row-reader.ts";

/** Characters of one row, so that one without an end cannot fill the memory. */
export const MAX_ROW_TEXT = 8_388_608;

/** Whole numbers up to which all are told apart. */
const MAX_EXACT = Number.MAX_SAFE_INTEGER;

/** An empty batch. */
export function newBatch(): Batch {
  return { rows: [], numbers: [] };
}

export function isFull(batch: Batch): boolean {
  return batch.rows.length >= BATCH_ROWS;
}

/**
 * Adds a parsed value as a row; what JSON cannot hold, and what is nested too deeply, is a row that cannot be read. Tells of
 * fields with whole numbers that may have lost digits.
 */
export function addRow(batch: Batch, value: unknown, number: number, context: ReadContext): void {
  const fault = findFault(value);
  if (fault) {
    const { rule, field } = fault;
    const message = describeFault(fault, number);
    context.bad({ row: number, field, rule, message, ...(rule === "number" && { value: String(fault.value) }) });
    return;
  }
  const row = asRow(value);
  batch.rows.push(row);
  batch.numbers.push(number);
  for (const field in row) {
    const cell = row[field];
    if (typeof cell !== "number" || (cell <= MAX_EXACT && cell >= -MAX_EXACT)) continue;
    // From here on numbers have an exponent.
    if (Number.isInteger(cell) && Math.abs(cell) < 1e21) context.note("large_numbers", largeNumber(field, number));
  }
}

function largeNumber(field: string, row: number): string {
  return `Row ${row}, field ${show(field)}: whole numbers beyond ${MAX_EXACT} lose digits. Have them as text in the input.`;
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
