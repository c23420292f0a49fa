import { createHash } from "node:crypto";
import { ToolError } from "../../errors.ts";
import type { StatusEmitter } from "../../status/status-event.ts";
import { type OutputOptions, writeOutput } from "../formats/write-output.ts";
import { createPace } from "../pace.ts";
import { counted, type Row, toIssues } from "../rows.ts";
import { defaultOutput } from "../steps/format.ts";
import type { Enrichers, PipelineUser, Step, StepContext, StepOutcome } from "../steps/step.ts";
import { describeMissing, findMissingFields } from "./missing-fields.ts";

/** Changes whenever the same input and steps give another result. */
export const ENGINE_VERSION = "2";

/** Rows of a step's sample in a dry run. */
const SAMPLE = 3;

/** Warnings that a step's record lists, and the run. */
const MAX_WARNINGS = 20;

/** What a step did, as the result says it. */
export interface StepRecord {
  name: string;
  /** `partial`: some rows have reasons, or there are warnings; `failed`: the run ended here; `skipped`: off, or after the end. */
  status: "success" | "partial" | "failed" | "skipped";
  /** What is probably not meant, such as a field that no row has. */
  warnings?: string[];
  [detail: string]: unknown;
}

export interface RunInput {
  user: PipelineUser;
  rows: Row[];
  steps: readonly Step[];
  output: OutputOptions;
  runId: string;
  textCells: boolean;
  dryRun: boolean;
  enrichers: Enrichers;
  signal: AbortSignal;
  status: StatusEmitter;
}

export interface RunOutput {
  steps: StepRecord[];
  /** The warnings of all steps, each with its step; left out where there are none. */
  warnings?: string[];
  final_data: Row[] | string;
}

/**
 * Runs steps in order and writes the result.
 * @throws ToolError `validation_failed` (or what an enrichment failed with) when a step ends the run: `issues` are the reasons
 * by row, further fields are `error`, `run_id`, `warnings` where there are any, `steps` with the later ones skipped, and the failed step's record as `details`.
 */
export async function runSteps(run: RunInput): Promise<RunOutput> {
  const { steps, status } = run;
  const pace = createPace(run.signal);
  const textBudget = { used: 0 };
  const records: StepRecord[] = [];
  const formatOff = steps.some(({ name }) => name === "format") && steps.every((step) => !isActiveFormat(step));
  let written: StepRecord | undefined;
  let output = formatOff ? defaultOutput("json") : run.output;
  let rows: readonly Row[] = run.rows;

  for (const [index, step] of steps.entries()) {
    if (!step.enabled) {
      records.push({ name: step.name, status: "skipped", reason: "disabled" });
      continue;
    }
    const title = `Step ${index + 1} of ${steps.length}: ${step.name}`;
    const percent = (share: number): number => Math.round((100 * (index + share)) / (steps.length + 1));
    status.progress(`${title}, ${counted(rows.length, "row")}`, percent(0));
    const context: StepContext = {
      user: run.user,
      enrichers: run.enrichers,
      run,
      signal: run.signal,
      status,
      pace,
      textBudget,
      textCells: run.textCells,
      dryRun: run.dryRun,
      report: (done, total) => status.progress(`${title}, ${done} of ${total}`, percent(done / Math.max(1, total))),
    };
    await pace();
    const outcome = await step.run(rows, context);
    records.push(recordOf(step, rows.length, outcome, run.dryRun));
    if (outcome.failed !== undefined) throw failure(outcome, records, steps, run.runId);
    if (outcome.output) {
      output = outcome.output;
      written = records.at(-1);
    }
    rows = outcome.rows;
  }
  status.progress(
    `Writing ${counted(rows.length, "row")} as ${output.format}`,
    Math.round((100 * steps.length) / (steps.length + 1)),
  );
  // Columns are those of the rows at the end, wherever the format step stands.
  const missing = await findMissingFields(rows, { fields: output.columns ?? [] }, pace);
  if (written && missing.length > 0) {
    written.status = "partial";
    written.warnings = bounded(
      missing.map((name) => `columns: ${Object.values(describeMissing(name, rows)).join(" ")}`),
    );
  }
  const warnings = allWarnings(records);
  return {
    steps: records,
    ...(warnings.length > 0 && { warnings }),
    final_data: await writeOutput(rows, output, pace),
  };
}

function isActiveFormat(step: Step): boolean {
  return step.name === "format" && step.enabled;
}

function recordOf(step: Step, rowsIn: number, outcome: StepOutcome, dryRun: boolean): StepRecord {
  const { reasons, warnings = [] } = outcome;
  const total = reasons?.total ?? 0;
  return {
    name: step.name,
    status: outcome.failed !== undefined ? "failed" : total > 0 || warnings.length > 0 ? "partial" : "success",
    rows_in: rowsIn,
    rows_out: outcome.failed !== undefined ? 0 : outcome.rows.length,
    ...outcome.record,
    ...(warnings.length > 0 && { warnings: bounded(warnings) }),
    ...(reasons && total > 0 && { issues_total: total, issues: toIssues(reasons.listed) }),
    // Copied, because later steps change the rows themselves.
    ...(dryRun && { sample: JSON.parse(JSON.stringify(outcome.rows.slice(0, SAMPLE))) as unknown }),
  };
}

function bounded(warnings: readonly string[]): string[] {
  if (warnings.length <= MAX_WARNINGS) return [...warnings];
  return [...warnings.slice(0, MAX_WARNINGS), `… and ${counted(warnings.length - MAX_WARNINGS, "warning")} more`];
}

/** The first warnings of the steps, each with the number and name of its step. */
function allWarnings(records: readonly StepRecord[]): string[] {
  const all = records.flatMap(({ name, warnings = [] }, index) =>
    warnings.map((warning) => `Step ${index + 1} (${name}), ${warning}`),
  );
  return all.length <= MAX_WARNINGS
    ? all
    : [...all.slice(0, MAX_WARNINGS), "… and more; see the warnings of each step"];
}

function failure(outcome: StepOutcome, records: StepRecord[], steps: readonly Step[], runId: string): ToolError {
  const message = outcome.failed as string;
  const warnings = allWarnings(records);
  const skipped = steps.slice(records.length).map((step): StepRecord => {
    return { name: step.name, status: "skipped", reason: step.enabled ? "an earlier step ended the run" : "disabled" };
  });
  // The reasons are listed once, under `issues`.
  const { issues: _, ...details } = records.at(-1) as StepRecord;
  return new ToolError(outcome.code ?? "validation_failed", message, {
    hint: outcome.hint,
    issues: outcome.reasons && toIssues(outcome.reasons.listed),
    details: {
      error: message,
      run_id: runId,
      details,
      steps: [...records.slice(0, -1), details, ...skipped],
      ...(warnings.length > 0 && { warnings }),
    },
  });
}

/** The id of a run: the same for the same input, steps and engine. */
export function hashRun(parts: Record<string, unknown>): string {
  return createHash("sha256")
    .update(JSON.stringify([ENGINE_VERSION, parts]))
    .digest("hex")
    .slice(0, 32);
}
