import { ToolError } from "../../errors.ts";
import { show } from "../rows.ts";
import type { ReadTable } from "../steps/enrich/lookup-table.ts";
import type { EngineInput, EngineOrder } from "./engine-order.ts";
import { readInput } from "./read-input.ts";

/** Rows and bytes (of a text its characters) of a table; a lookup holds all of it in memory. */
const MAX_TABLE_ROWS = 500_000;
const MAX_TABLE_BYTES = 67_108_864;

/** Reads tables of lookups. */
export interface TableReader {
  read: ReadTable;
  /** SHA-256 of each table that was read, in the order in which they were. */
  digests: readonly string[];
}

/** Reads the sources that were opened for the lookups of a run, in all formats that a run reads. */
export function createTableReader(order: EngineOrder): TableReader {
  const digests: string[] = [];
  return {
    digests,
    read(source, { format, inputOptions, onBadRow }, take) {
      const table = order.tables?.find((one) => one.source === source);
      if (!table) {
        throw new ToolError("invalid_input", `The table ${show(source)} of a lookup was not opened.`, {
          hint: 'Write the keys "lookup" and "source" themselves, not as parameters.',
        });
      }
      if (sizeOf(table.input) > MAX_TABLE_BYTES) throw tooLarge(source, `${MAX_TABLE_BYTES} bytes`);
      const { input, name: inputName, escaped: inputEscaped } = table;
      try {
        const read = readInput(
          { ...order, input, inputName, inputEscaped, inputFormat: format, inputOptions, onBadRow },
          0,
        );
        let rows = 0;
        for (const batch of read.batches) {
          rows += batch.rows.length;
          if (rows > MAX_TABLE_ROWS) throw tooLarge(source, `${MAX_TABLE_ROWS} rows`);
          for (const [index, row] of batch.rows.entries()) take(row, batch.numbers[index] as number);
        }
        if (read.failed()) throw read.error();
        digests.push(read.digest());
        return read.warnings().map((warning) => `the table ${show(source)}: ${warning}`);
      } catch (error) {
        if (!(error instanceof ToolError) || error.message.includes(show(source))) throw error;
        const { code, message, hint } = error;
        throw new ToolError(code, `The table ${show(source)}: ${message}`, {
          hint: hint?.replace(OPTIONS, "$& of the lookup"),
        });
      }
    },
  };
}

const OPTIONS = /"input_options"|"input_format"/g;

function tooLarge(source: string, limit: string): ToolError {
  return new ToolError("too_large", `The table ${show(source)} has more than ${limit}.`, {
    hint: "Filter or pick from it in a run of its own, and look up in the result, pipeline://runs/{run_id}/data.",
  });
}

function sizeOf(input: EngineInput): number {
  if (input.kind === "file") return input.size;
  if (input.kind === "text") return input.text.length;
  return input.kind === "bytes" ? input.bytes.length : 0;
}
