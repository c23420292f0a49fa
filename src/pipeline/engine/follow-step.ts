import type { ErrorIssue } from "../../errors.ts";
import type { Batch } from "../batch.ts";
import { fieldsOf, met, type Order } from "../column-order.ts";
import { counted, createReasons, type Row, toIssues } from "../rows.ts";
import type { Batches, Step, StepContext, StepFailure } from "../steps/step.ts";
import type { StepRecord } from "./engine-order.ts";
import { addToSample } from "./shorten-rows.ts";

/** Warnings that a step's record lists. */
const MAX_WARNINGS = 20;

/** What all steps of a run share. */
export type SharedContext = Pick<StepContext, "host" | "workspace" | "dryRun" | "textCells" | "quarantine"> & {
  /** How much of the step at this place is done, where it works after its input has ended. */
  report(step: number, done: number, total: number, what: string): void;
};

/** A step in one run. */
export interface FollowedStep {
  /** The rows after the step; none more once it has failed. */
  rows: Batches;
  failure(): StepFailure | undefined;
  /** Adds a warning to the step's record. */
  warn(text: string): void;
  /** Adds a field to the step's record. */
  note(key: string, value: unknown): void;
  /** The order of the fields after the step, where that before it is this as far as known. */
  order(before: Order): Order;
  /** Reasons of the step as issues of an error. */
  issues(): ErrorIssue[];
  /** Complete once the rows have ended. */
  record(): StepRecord;
}

/** Takes rows through a step and keeps count. `endedBefore` tells whether something before the step has ended the run. */
export function followStep(
  step: Step,
  place: number,
  input: Batches,
  shared: SharedContext,
  endedBefore: () => boolean,
): FollowedStep {
  const reasons = createReasons();
  const warnings: string[] = [];
  const details: Record<string, unknown> = {};
  const sample: Row[] = [];
  let failure: StepFailure | undefined;
  let rowsIn = 0;
  let rowsOut = 0;
  let ms = 0;
  // Fields of the first rows.
  let seen: readonly string[] = [];
  let change = (order: Order): Order => order;
  // Milliseconds that the steps before this one took while it waited for them.
  let waited = 0;

  const context: StepContext = {
    host: shared.host,
    workspace: shared.workspace,
    dryRun: shared.dryRun,
    textCells: shared.textCells,
    quarantine: shared.quarantine,
    reasons,
    record: details,
    warn: (text) => void warnings.push(text),
    fail(given) {
      failure ??= given;
    },
    ended: () => failure !== undefined || endedBefore(),
    order(given) {
      change = given;
    },
    report: (done, total, what) => shared.report(place, done, total, what),
  };

  async function* counting(): Batches {
    const source = input[Symbol.asyncIterator]();
    for (;;) {
      const from = performance.now();
      const next = await source.next();
      waited += performance.now() - from;
      if (next.done) return;
      if (seen.length === 0 && next.value.rows.length > 0) seen = fieldsOf(next.value.rows);
      rowsIn += next.value.rows.length;
      yield next.value;
    }
  }

  async function* followed(): Batches {
    const output = step.run(counting(), context)[Symbol.asyncIterator]();
    for (;;) {
      const from = performance.now();
      const waitedBefore = waited;
      const next = await output.next();
      ms += performance.now() - from - (waited - waitedBefore);
      if (next.done) return;
      if (failure !== undefined) continue;
      const batch: Batch = next.value;
      rowsOut += batch.rows.length;
      addToSample(sample, batch.rows);
      yield batch;
    }
  }

  return {
    rows: followed(),
    failure: () => failure,
    warn: context.warn,
    note(key, value) {
      details[key] = value;
    },
    order: (before) => change(met(before, seen)),
    issues: () => toIssues(reasons.listed),
    record() {
      const total = reasons.total;
      const status = failure ? "failed" : total > 0 || warnings.length > 0 ? "partial" : "success";
      return {
        name: step.name,
        status,
        ms: Math.round(ms * 10) / 10,
        rows_in: rowsIn,
        rows_out: failure ? 0 : rowsOut,
        ...details,
        ...(warnings.length > 0 && { warnings: bounded(warnings) }),
        ...(total > 0 && { issues_total: total, issues: toIssues(reasons.listed) }),
        ...(total > reasons.listed.length && { top_reasons: reasons.top() }),
        ...(!failure && { sample }),
      };
    },
  };
}

function bounded(warnings: readonly string[]): string[] {
  if (warnings.length <= MAX_WARNINGS) return [...warnings];
  return [...warnings.slice(0, MAX_WARNINGS), `… and ${counted(warnings.length - MAX_WARNINGS, "warning")} more`];
}
