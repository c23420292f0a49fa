import { type ErrorCode, ToolError } from "../errors.ts";
import type { EngineOutput, EngineResult, StepRecord } from "./engine/engine-order.ts";
import type { PipelineUser } from "./pipelines.ts";
import { topReasonsOf, writeReport } from "./report/write-report.ts";
import type { ResultStore } from "./results/result-store.ts";
import type { Row } from "./rows.ts";
import type { KeptRows, ResultPart, RunRequest, RunResult } from "./run-request.ts";

/** Characters of an original that was too long to be given whole. */
const MAX_BEGINNING = 500;
/** Characters of the issues of all steps together, and issues that each step lists even so. */
const MAX_ISSUES_LENGTH = 20_000;
const MIN_ISSUES = 10;
/** Commonest reasons of a step. */
const MAX_TOP = 10;

export interface PresentContext {
  user: PipelineUser;
  request: RunRequest;
  pipeline: { name: string; version: string } | undefined;
  results: ResultStore;
}

/**
 * A run's result as the caller gets it; what is too long is kept as a resource.
 * @throws ToolError where a step ended the run, see Pipelines
 */
export async function presentResult(result: EngineResult, context: PresentContext): Promise<RunResult> {
  const { request, pipeline } = context;
  const { runId, input, steps, warnings } = result;
  if (result.failure) throw failureOf(result, result.failure, context);

  const data = result.output && (await present(result.output, "data", runId, context));
  const quarantine = result.quarantine && (await present(result.quarantine, "quarantine", runId, context));
  // Beside what is kept for its length, and for whoever wants one.
  const long = data?.resource || quarantine?.complete === false;
  const reported = result.output && (request.report || long);
  const report = reported
    ? writeReport(result, { pipeline, resource: data?.resource, quarantine: quarantine?.resource })
    : undefined;
  const unkept = report === undefined ? undefined : await keepReport(report, runId, context);
  const allWarnings = [...warnings, ...(quarantine?.unkept ?? []), ...(unkept ?? [])];
  return {
    run_id: runId,
    ...(pipeline && { pipeline }),
    input,
    original: originalOf(request, result),
    steps: withinLength(steps),
    ...(allWarnings.length > 0 && { warnings: allWarnings }),
    rows: result.output?.rows ?? 0,
    final_data: data?.data ?? [],
    complete: data?.complete ?? true,
    ...(data?.resource && { resource: data.resource }),
    ...(quarantine && {
      quarantine: {
        rows: result.quarantine?.rows ?? 0,
        data: quarantine.data as unknown[],
        complete: quarantine.complete,
        ...(quarantine.resource && { resource: quarantine.resource }),
      },
    }),
    ...(request.report && report !== undefined && { report }),
    ...(result.suggestion && { suggestion: result.suggestion }),
    ...(request.dryRun && { dry_run: true as const }),
  };
}

/** Keeps the report, whose loss is no reason to lose the run. Gives a warning where it could not be kept. */
async function keepReport(
  text: string,
  runId: string,
  { user, results }: PresentContext,
): Promise<string[] | undefined> {
  try {
    await results.keep(user, runId, "report", { text, format: "markdown", rows: 0 });
    return undefined;
  } catch (error) {
    return [notKept("report", error)];
  }
}

function notKept(part: ResultPart, error: unknown): string {
  return error instanceof ToolError ? `The ${part} is not kept: ${error.message}` : `The ${part} could not be kept.`;
}

/**
 * The records with fewer issues where these are long together: each step has the same room, and a step that lists fewer than
 * there are says how often each reason came.
 */
function withinLength(steps: readonly StepRecord[]): StepRecord[] {
  const listing = steps.filter(({ issues }) => Array.isArray(issues)).length;
  const room = MAX_ISSUES_LENGTH / Math.max(1, listing);
  return steps.map((step) => {
    const { issues, ...rest } = step;
    if (!Array.isArray(issues)) return step;
    let length = 0;
    const listed = issues.filter((issue, place) => {
      length += JSON.stringify(issue).length;
      return place < MIN_ISSUES || length <= room;
    });
    if (listed.length === issues.length) return step;
    return {
      ...rest,
      issues: listed,
      top_reasons: topReasonsOf(step)
        .sort((a, b) => b.count - a.count)
        .slice(0, MAX_TOP),
    };
  });
}

interface Presented {
  data: Row[] | string;
  complete: boolean;
  resource?: KeptRows;
  /** Warning of what was to be kept beside its text and is not. */
  unkept?: string[];
}

async function present(
  { format, rows, size, escaped, content }: EngineOutput,
  part: ResultPart,
  runId: string,
  { user, results, request }: PresentContext,
): Promise<Presented> {
  const keep = async (kept: { text: string } | { path: string }): Promise<KeptRows> => {
    const { uri, mimeType } = await results.keep(user, runId, part, { ...kept, format, rows, escaped });
    return { uri, format, mime_type: mimeType, rows, size };
  };
  if (!("text" in content)) {
    const resource = await keep({ path: content.path });
    const data = format === "json" ? firstRows(content.beginning) : content.beginning;
    return { data, complete: false, resource };
  }
  const whole = { data: parse(content.text, format), complete: true };
  if (part === "data" || request.dryRun) return whole;
  // Also a short quarantine: it is the source of the run that mends its rows.
  try {
    return { ...whole, resource: await keep({ text: content.text }) };
  } catch (error) {
    return { ...whole, unkept: [notKept(part, error)] };
  }
}

/** Rows where the text is JSON or, as a quarantine is, JSON lines. */
function parse(text: string, format: string): Row[] | string {
  return format === "json" ? (JSON.parse(text) as Row[]) : text;
}

/** The rows of a JSON list that ends behind one of them; none where the first one was too long. */
function firstRows(beginning: string): Row[] {
  return beginning === "" ? [] : (JSON.parse(`${beginning}]`) as Row[]);
}

function originalOf({ data }: RunRequest, { original, input, before }: EngineResult): unknown {
  const { complete } = original;
  if (data !== undefined) return complete ? data : { complete, rows: input.rows, beginning: before };
  return complete ? original.text : { complete: false, beginning: original.text.slice(0, MAX_BEGINNING) };
}

function failureOf(
  result: EngineResult,
  failure: NonNullable<EngineResult["failure"]>,
  { request, pipeline }: PresentContext,
): ToolError {
  const { runId, input, steps, warnings } = result;
  const { message, hint, issues, code, step } = failure;
  // The reasons are listed once, under `issues`.
  const { issues: _, ...details } = steps[step] as StepRecord;
  return new ToolError(code as ErrorCode, message, {
    hint,
    ...(issues.length > 0 && { issues }),
    details: {
      error: message,
      run_id: runId,
      ...(pipeline && { pipeline }),
      input,
      details,
      steps: steps.map((record, place) => (place === step ? details : record)),
      ...(warnings.length > 0 && { warnings }),
      ...(request.report && { report: writeReport(result, { pipeline }) }),
    },
  });
}
