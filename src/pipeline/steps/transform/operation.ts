import type { Batch } from "../../batch.ts";
import { adding, type OrderChange } from "../../column-order.ts";
import type { FieldReads } from "../../engine/missing-fields.ts";
import type { CompiledExpression, Parameters } from "../../expression/expression.ts";
import { checkKeys, ON_ERROR, type OnError, type Options, readChoice } from "../../options.ts";
import { type Reason, type Reasons, type Row, RowFailure, show } from "../../rows.ts";
import type { Workspace } from "../../spool/workspace.ts";

/** What an operation of one run works with. */
export interface OperationContext {
  workspace: Workspace;
  /** Where rows that fail are recorded. */
  reasons: Reasons;
  /** Says what is probably not meant; the same text is told once. */
  warn?(text: string): void;
}

/** An operation in one run. */
export interface RunningOperation {
  /** What comes out for these rows now, of rows that become many piece by piece. May change the rows and keep some, or all, for the end. */
  push(batch: Batch): Batch | Iterable<Batch>;
  /** What was kept, once after the last batch. */
  end?(): Iterable<Batch>;
  /** What it makes of the order of the fields, asked when rows have left it; left out: they stay, and new ones come last. */
  order?: OrderChange;
}

/** A compiled operation, with the fields that it reads by name. */
export interface Operation extends FieldReads {
  /** Whether a failed row ends the run after this operation. */
  failsRun: boolean;
  /** Whether it looks after `when` itself. */
  takesWhen?: true;
  /** What helps where rows failed; left out: to set `on_error`. */
  hint?: string;
  /** Expressions that it works with; what they notice is told. */
  expressions?: readonly CompiledExpression[];
  /** Fields whose texts it compares as texts. */
  orders?: readonly string[];
  /** Begins a run. */
  start(context: OperationContext): RunningOperation;
}

/**
 * Compiles an operation's options; expressions in them may name the parameters.
 * @throws ToolError `invalid_input` for wrong ones.
 */
export type OperationCompiler = (options: Options, where: string, parameters?: Parameters) => Operation;

/** Refuses keys that an operation on single rows does not know. All of these take `when`. */
export function checkRowKeys(options: Options, keys: readonly string[], where: string): void {
  checkKeys(options, ["op", ...keys, "when"], where);
}

export type Warn = NonNullable<OperationContext["warn"]>;

/** The warning that a field which an operation did not start from had values, and has others now. */
export function replaced(field: string): string {
  return `the field ${show(field)} was there already, and what it had is replaced: rename or omit it first if that is not meant.`;
}

/** The operation, which makes this of the order of the fields. */
export function ordering(operation: Operation, order: OrderChange): Operation {
  return { ...operation, start: (context) => ({ ...operation.start(context), order }) };
}

/** An operation that changes or replaces one row at a time and cannot fail; `order` as of a RunningOperation. */
export function perRow(change: (row: Row, warn: Warn) => Row | undefined, order?: OrderChange): Operation {
  return {
    failsRun: false,
    start: ({ warn = () => {} }) => ({
      ...(order && { order }),
      push(batch) {
        const { rows } = batch;
        for (let index = 0; index < rows.length; index++) {
          const changed = change(rows[index] as Row, warn);
          if (changed) rows[index] = changed;
        }
        return batch;
      },
    }),
  };
}

/** A field that an operation sets. Undefined leaves it as it is; a RowFailure, thrown or given back, says why there is no value. */
export interface FieldValue {
  field: string;
  value(row: Row): unknown;
}

/**
 * An operation that sets fields of one row at a time from a value that may fail. With `on_error: null` a failed field becomes
 * null, with `keep` it stays as it was, with `fail` the run ends; each failure is recorded.
 */
export function perField(onError: OnError, rule: string, fields: readonly FieldValue[]): Operation {
  return {
    failsRun: onError === "fail",
    start: ({ reasons }) => ({
      push(batch) {
        // Field by field, which is twice as fast as row by row; the failures are brought into the order of the rows.
        const failures: Failure[] = [];
        for (const { field, value } of fields) setField(batch.rows, field, value, onError, failures);
        if (fields.length > 1) failures.sort((a, b) => a.index - b.index);
        for (const { index, field, was, failure } of failures) {
          reasons.add(reasonOf(batch.numbers[index] as number, field, was, rule, failure));
        }
        return batch;
      },
    }),
  };
}

interface Failure {
  index: number;
  field: string;
  was: unknown;
  failure: RowFailure;
}

function setField(
  rows: readonly Row[],
  field: string,
  value: FieldValue["value"],
  onError: OnError,
  failures: Failure[],
): void {
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] as Row;
    let made: unknown;
    try {
      made = value(row);
    } catch (error) {
      if (!(error instanceof RowFailure)) throw error;
      made = error;
    }
    if (typeof made === "object" && made instanceof RowFailure) {
      failures.push({ index, field, was: row[field], failure: made });
      if (onError === "null") row[field] = null;
    } else if (made !== undefined) row[field] = made;
  }
}

/** The same for the texts in these fields, or in all; other values stay. */
export function perText(
  onError: OnError,
  rule: string,
  fields: readonly string[] | undefined,
  change: (text: string) => string,
): Operation {
  return {
    failsRun: onError === "fail",
    start: ({ reasons }) => ({
      push(batch) {
        for (const [index, row] of batch.rows.entries()) {
          for (const field of fields ?? Object.keys(row)) {
            const text = row[field];
            if (typeof text !== "string") continue;
            const made = attempt(() => change(text), row);
            if (made instanceof RowFailure) {
              addFailure(reasons, batch.numbers[index] as number, row, field, rule, made);
              if (onError === "null") row[field] = null;
            } else row[field] = made;
          }
        }
        return batch;
      },
    }),
  };
}

/** What a function makes of a row, or the failure that it throws. */
export function attempt(value: (row: Row) => unknown, row: Row): unknown {
  try {
    return value(row);
  } catch (error) {
    if (error instanceof RowFailure) return error;
    throw error;
  }
}

/**
 * An operation on single rows, one out for each one in, that leaves those alone for which `when` is not true. A row for which
 * this cannot be told fails: `onError` says whether that ends the run.
 */
export function onlyWhen(operation: Operation, when: CompiledExpression, onError: OnError): Operation {
  return {
    ...operation,
    failsRun: onError === "fail",
    paths: [...(operation.paths ?? []), ...when.paths],
    expressions: [...(operation.expressions ?? []), when],
    start(context) {
      const running = operation.start(context);
      return {
        push(batch) {
          const places: number[] = [];
          const chosen: Batch = { rows: [], numbers: [] };
          for (const [index, row] of batch.rows.entries()) {
            const number = batch.numbers[index] as number;
            const met = attempt(when.holds, row);
            if (met instanceof RowFailure) addFailure(context.reasons, number, row, null, "when", met);
            else if (met === true) {
              places.push(index);
              chosen.rows.push(row);
              chosen.numbers.push(number);
            }
          }
          const { rows, numbers } = running.push(chosen) as Batch;
          for (const [index, place] of places.entries()) {
            batch.rows[place] = rows[index] as Row;
            batch.numbers[place] = numbers[index] as number;
          }
          return batch;
        },
        ...(running.end && { end: () => running.end?.() ?? [] }),
        // Some rows are as they were.
        order: (names) => adding(running.order?.(names) ?? names)(names),
      };
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
  reasons.add(reasonOf(row, field, field === null ? null : fields[field], rule, error));
}

function reasonOf(row: number, field: string | null, value: unknown, rule: string, error: Error): Reason {
  const subject = field === null ? "" : `"${field}": `;
  return { row, field, rule, message: `${subject}${error.message}`, value: value ?? null };
}

/** The option on_error of an operation. */
export function readOnError(options: Options, where: string): OnError {
  return readChoice(options, "on_error", where, ON_ERROR, "fail");
}
