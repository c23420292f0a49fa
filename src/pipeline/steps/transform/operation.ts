import type { Batch } from "../../batch.ts";
import type { FieldReads } from "../../engine/missing-fields.ts";
import { ON_ERROR, type OnError, type Options, readChoice } from "../../options.ts";
import { type Reasons, type Row, RowFailure } from "../../rows.ts";
import type { Workspace } from "../../spool/workspace.ts";

/** What an operation of one run works with. */
export interface OperationContext {
  workspace: Workspace;
  /** Where rows that fail are recorded. */
  reasons: Reasons;
}

/** An operation in one run. */
export interface RunningOperation {
  /** What comes out for these rows now. May change the rows and keep some, or all, for the end. */
  push(batch: Batch): Batch;
  /** What was kept, once after the last batch. */
  end?(): Iterable<Batch>;
}

/** A compiled operation, with the fields that it reads by name. */
export interface Operation extends FieldReads {
  /** Whether a failed row ends the run after this operation. */
  failsRun: boolean;
  /** Begins a run. */
  start(context: OperationContext): RunningOperation;
}

/** Compiles an operation's options. @throws ToolError `invalid_input` for wrong ones. */
export type OperationCompiler = (options: Options, where: string) => Operation;

/** An operation that changes or replaces one row at a time and cannot fail. */
export function perRow(change: (row: Row) => Row | undefined): Operation {
  return {
    failsRun: false,
    start: () => ({
      push(batch) {
        const { rows } = batch;
        for (let index = 0; index < rows.length; index++) {
          const changed = change(rows[index] as Row);
          if (changed) rows[index] = changed;
        }
        return batch;
      },
    }),
  };
}

/**
 * An operation that sets fields of one row at a time from a value that may fail. With `on_error: null` a failed field becomes
 * null, with `keep` it stays as it was, with `fail` the run ends; each failure is recorded.
 */
export function perField(
  onError: OnError,
  rule: string,
  fields: readonly { field: string; value(row: Row): unknown }[],
): Operation {
  return {
    failsRun: onError === "fail",
    start: ({ reasons }) => ({
      push(batch) {
        const { rows, numbers } = batch;
        for (let index = 0; index < rows.length; index++) {
          const row = rows[index] as Row;
          for (const { field, value } of fields) {
            try {
              const made = value(row);
              if (made !== undefined) row[field] = made;
            } catch (error) {
              if (!(error instanceof RowFailure)) throw error;
              addFailure(reasons, numbers[index] as number, row, field, rule, error);
              if (onError === "null") row[field] = null;
            }
          }
        }
        return batch;
      },
    }),
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
