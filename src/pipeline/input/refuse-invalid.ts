import { ToolError } from "../../errors.ts";
import type { Batch } from "../batch.ts";
import type { RowReader } from "../formats/row-reader.ts";
import { type Reason, type Row, show } from "../rows.ts";
import type { DecodedBytes } from "./decode-bytes.ts";
import { INVALID, showInvalid } from "./text-decoders.ts";

/**
 * The reader, which takes rows for bad ones that have bytes in them which are no text. It costs nothing as long as there are
 * none.
 */
export function refuseInvalid(reader: RowReader, decoded: Pick<DecodedBytes, "encoding" | "invalidAt">): RowReader {
  return function* read(chunks, context) {
    const invalid = (): boolean => decoded.invalidAt !== undefined;
    const bad = (reason: Reason): void => context.bad(invalid() ? withoutMarks(reason) : reason);
    try {
      for (const batch of reader(chunks, { ...context, bad })) {
        const good = invalid() ? keepValid(batch, decoded.encoding, bad) : batch;
        if (good.rows.length > 0) yield good;
      }
      if (invalid()) context.note("first_invalid_byte", decoded.invalidAt);
    } catch (error) {
      throw invalid() && error instanceof ToolError ? readable(error) : error;
    }
  };
}

function keepValid(batch: Batch, encoding: string, bad: (reason: Reason) => void): Batch {
  const good: Batch = { rows: [], numbers: [] };
  for (const [index, row] of batch.rows.entries()) {
    const number = batch.numbers[index] as number;
    const field = invalidField(row);
    if (field === undefined) {
      good.rows.push(row);
      good.numbers.push(number);
      continue;
    }
    const where = `${hasMark(field) ? "the name of the field" : "the field"} ${show(showInvalid(field))}`;
    const message = `row ${number} has bytes that are no ${encoding} text in ${where}; save the input as UTF-8, or name the encoding that it is in`;
    bad({ row: number, field, rule: "encoding", message, value: row[field] });
  }
  return good;
}

function invalidField(row: Row): string | undefined {
  return Object.keys(row).find((name) => hasMark(name) || holdsMark(row[name]));
}

/** Nesting is limited by the readers. */
function holdsMark(value: unknown): boolean {
  if (typeof value === "string") return hasMark(value);
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsMark);
  return Object.keys(value).some((name) => hasMark(name) || holdsMark((value as Row)[name]));
}

function hasMark(text: string): boolean {
  return text.includes(INVALID);
}

function withoutMarks(reason: Reason): Reason {
  const value = typeof reason.value === "string" ? showInvalid(reason.value) : reason.value;
  return {
    ...reason,
    field: reason.field === null ? null : showInvalid(reason.field),
    message: showInvalid(reason.message),
    ...(value !== undefined && { value }),
  };
}

function readable(error: ToolError): ToolError {
  return new ToolError(error.code, showInvalid(error.message), { hint: error.hint, issues: error.issues });
}
