import type { FieldReads } from "../../engine/missing-fields.ts";
import type { TextBudget } from "../../expression/functions.ts";
import { ON_ERROR, type OnError, type Options, readChoice } from "../../options.ts";
import type { Pace } from "../../pace.ts";
import { eachPaced } from "../../pace.ts";
import { type Reasons, type Row, RowFailure } from "../../rows.ts";

/** The rows inside a transform step; `numbers` says which row of the step's input each one came from (from 1). */
export interface Table {
  rows: Row[];
  numbers: number[];
}

export interface OperationContext {
  pace: Pace;
  textBudget: TextBudget;
  /** Where rows that fail are recorded. */
  reasons: Reasons;
}

/** A compiled operation, with the fields that it reads by name. It may change the rows that it is given. */
export interface Operation extends FieldReads {
  /** Whether a failed row ends the run after this operation. */
  failsRun: boolean;
  run(table: Table, context: OperationContext): Promise<Table>;
}

/** Compiles an operation's options. @throws ToolError `invalid_input` for wrong ones. */
export type OperationCompiler = (options: Options, where: string) => Operation;

/** An operation that changes or replaces one row at a time and cannot fail. */
export function perRow(change: (row: Row) => Row | undefined): Operation {
  return {
    failsRun: false,
    async run(table, context) {
      const rows: Row[] = [];
      await eachPaced(table.rows, context.pace, (row) => rows.push(change(row) ?? row));
      return { rows, numbers: table.numbers };
    },
  };
}

/**
 * An operation that sets fields of one row at a time from a value that may fail. With `on_error: null` a failed field becomes
 * null, with `keep` it stays as it was, with `fail` the run ends; each failure is recorded.
 */
export function perField(
  onError: OnError,
  rule: string,
  fields: readonly {
    field: string;
    value(row: Row, budget: TextBudget): unknown;
  }[],
): Operation {
  return {
    failsRun: onError === "fail",
    async run(table, context) {
      await eachPaced(table.rows, context.pace, (row, index) => {
        for (const { field, value } of fields) {
          try {
            const made = value(row, context.textBudget);
            if (made !== undefined) row[field] = made;
          } catch (error) {
            if (!(error instanceof RowFailure)) throw error;
            addFailure(context.reasons, table.numbers[index] as number, row, field, rule, error);
            if (onError === "null") row[field] = null;
          }
        }
      });
      return table;
    },
  };
}

/** Records a row's failure. */
export function addFailure(
  reasons: Reasons,
  row: number,
  fields: Row,
  field: string | null,
  rule: string,
  error: Error,
): void {
  const subject = field === null ? "" : `"${field}": `;
  const value = field === null ? null : (fields[field] ?? null);
  reasons.add({ row, field, rule, message: `${subject}${error.message}`, value });
}

/** The option on_error of an operation. */
export function readOnError(options: Options, where: string): OnError {
  return readChoice(options, "on_error", where, ON_ERROR, "fail");
}
