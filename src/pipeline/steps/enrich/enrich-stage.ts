import type { ErrorCode } from "../../../errors.ts";
import type { Batch } from "../../batch.ts";
import type { Row } from "../../rows.ts";
import type { StepContext } from "../step.ts";

/** Rows on their way through a step; the untouched ones are those for which its `when` is not true. */
export interface EnrichBatch extends Batch {
  untouched?: boolean[];
}

/** What a step does with a row for which an enrichment fails. Left out: it is kept, but if all fail, the run ends. */
export const ON_ROW_ERROR = ["keep", "fail", "drop", "quarantine"] as const;
export type OnRowError = (typeof ON_ROW_ERROR)[number] | undefined;

/** One run of the step, for its enrichments. */
export interface EnrichRun {
  context: StepContext;
  onError: OnRowError;
  /** The step, for messages. */
  where: string;
  /** Asked once all rows are there: whether calls may be made. */
  mayCall(): boolean;
}

/** An enrichment: takes rows, in order, and gives those that stay. */
export type Stage = (rows: AsyncIterable<EnrichBatch>, run: EnrichRun) => AsyncIterable<EnrichBatch>;

/** Why an enrichment failed for a row. */
export interface RowProblem {
  field: string | null;
  rule: ErrorCode | "lookup" | "when";
  message: string;
  value?: unknown;
}

/** Records a row's failure. Gives whether the row stays in the run. */
export function failRow(row: Row, number: number, problem: RowProblem, { context, onError }: EnrichRun): boolean {
  const { field, rule, message, value } = problem;
  const reason = { row: number, field, rule, message, ...(value !== undefined && { value }) };
  context.reasons.add(reason);
  if (onError === "quarantine") context.quarantine(row, number, [reason]);
  return onError !== "drop" && onError !== "quarantine";
}
