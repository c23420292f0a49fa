import { createHash } from "node:crypto";
import { type ErrorIssue, ToolError } from "../../errors.ts";
import type { Batch } from "../batch.ts";
import { orderOf } from "../column-order.ts";
import { unusedParameters } from "../definitions/parameters.ts";
import { defaultOutput, type OutputOptions, outputFormatOf } from "../formats/output-options.ts";
import { createTextSink } from "../formats/text-sink.ts";
import { createRowWriter } from "../formats/writers.ts";
import { counted, type Row } from "../rows.ts";
import { createWorkspace, type Workspace } from "../spool/workspace.ts";
import { compileSteps } from "../steps/compile-steps.ts";
import type { Batches, Host, Step, StepFailure } from "../steps/step.ts";
import type { EngineOrder, EngineOutput, EngineResult, InputRecord, StepRecord } from "./engine-order.ts";
import { type FollowedStep, followStep, type SharedContext } from "./follow-step.ts";
import { lookAtInput } from "./look-at-input.ts";
import { watchFields } from "./missing-fields.ts";
import { createQuarantine } from "./quarantine.ts";
import { type ReadInput, readInput } from "./read-input.ts";
import { createTableReader, type TableReader } from "./read-table.ts";
import { addToSample } from "./shorten-rows.ts";

/** Changes whenever the same input and steps give another result. */
const ENGINE_VERSION = "5";
/** Rows that a dry run takes. */
const DRY_RUN_ROWS = 20;
/** Warnings of all steps that the result repeats. */
const MAX_WARNINGS = 20;
/** Milliseconds between two words about progress. */
const PROGRESS_MS = 100;
/** Bytes that pieces of a file may hold until they are collected. */
const READING_BYTES = 134_217_728;

/**
 * Runs data through steps: rows are read, taken through all steps and written batch by batch. Where a step ends the run, the
 * steps before it still see all rows, so that all failures are counted and the first step that fails is the one that is told.
 * The same order gives the same id and bytes, as far as the host answers the same.
 * @throws ToolError `invalid_input` for wrong steps, formats and input texts (rows that cannot be read are its issues), `too_large`
 */
export async function runEngine(order: EngineOrder, host: Host): Promise<EngineResult> {
  const outputFormat = outputFormatOf(order.outputFormat);
  const tables = createTableReader(order);
  const steps = compileSteps(order.steps, { outputFormat, parameters: order.parameters, readTable: tables.read });
  const workspace = createWorkspace(order.workFolder, order.limits.maxDiskBytes);
  try {
    const input = readInput(order, order.limits.maxInlineLength);
    return order.suggest
      ? suggest(order, input, tables, host)
      : await runSteps({ order, steps, output: outputOf(steps, outputFormat), workspace, input, tables, host });
  } finally {
    workspace.close();
  }
}

interface Run {
  order: EngineOrder;
  steps: readonly Step[];
  output: OutputOptions;
  workspace: Workspace;
  input: ReadInput;
  tables: TableReader;
  host: Host;
}

async function runSteps({ order, steps, output, workspace, input, tables, host }: Run): Promise<EngineResult> {
  const { maxInlineLength } = order.limits;
  const before: Row[] = [];
  const after: Row[] = [];
  const progress = progressOf(host, input, order.limits.maxBufferBytes);
  const quarantine = createQuarantine(workspace, maxInlineLength);
  const shared: SharedContext = {
    host,
    workspace,
    dryRun: order.dryRun,
    textCells: input.textCells,
    quarantine: quarantine.add,
    report: (step, done, total, what) =>
      progress(`Step ${step + 1} of ${steps.length}: ${steps[step]?.name}, ${done} of ${total} ${what}`),
  };

  const followed: (FollowedStep | undefined)[] = [];
  let rows: Batches = sourceOf(order, input, before, progress);
  for (const [place, step] of steps.entries()) {
    if (!step.enabled) {
      followed.push(undefined);
      continue;
    }
    const earlier = [...followed];
    const endedBefore = () => input.failed() || earlier.some((one) => one?.failure() !== undefined);
    const own = followStep(step, place, rows, shared, endedBefore);
    followed.push(own);
    rows = own.rows;
  }

  const sink = createTextSink(workspace, maxInlineLength);
  const writer = createRowWriter(output, sink, () =>
    followed.reduce((order, one) => one?.order(order) ?? order, orderOf(input.header())),
  );
  // Columns are those of the rows at the end, wherever the format step stands.
  const columns = watchFields({ fields: output.columns ?? [] });
  let written = 0;
  for await (const batch of rows) {
    columns.see(batch.rows);
    addToSample(after, batch.rows);
    written += batch.rows.length;
    writer.write(batch.rows);
  }
  if (input.failed()) throw input.error();
  writer.end();
  const escaped = writer.escaped?.();
  const changed = writer.changed?.();
  const format = followed[steps.findLastIndex((step) => step.enabled && step.output)];
  for (const { problem, help } of columns.missing()) format?.warn(`columns: ${problem} ${help}`);
  if (order.outputFormat && outputFormatOf(order.outputFormat) !== output.format) {
    format?.warn(
      `The result is ${output.format}, as this step says, and not ${order.outputFormat}, as output_format does.`,
    );
  }
  if (escaped && escaped.cells > 0) format?.note("escaped_cells", escaped.cells);
  if (changed && changed.texts > 0) format?.note("changed_texts", changed.texts);

  const failed = followed.findIndex((one) => one?.failure() !== undefined);
  const records = recordsOf(steps, followed, failed);
  const failure = failed < 0 ? undefined : followed[failed];
  const result: EngineResult = {
    runId: runId(order, input, tables),
    input: order.dryRun ? takenOf(input, DRY_RUN_ROWS) : input.record(),
    original: input.original(),
    steps: records,
    warnings: warningsOf(input, records),
    before,
    after: failure ? [] : after,
  };
  // Those of a configured pipeline are not the caller's.
  const unused = order.pipeline ? [] : unusedParameters(order.parameters, order.steps);
  for (const name of unused)
    result.warnings.push(`No step uses the parameter "${name}": write $${name} or {{$${name}}}.`);
  if (escaped && escaped.cells > 0 && !failure) result.warnings.push(escapedWarning(escaped.cells));
  if (changed && changed.texts > 0 && !failure) result.warnings.push(changed.warning);
  if (failure) {
    return { ...result, failure: failureOf(failure.failure() as StepFailure, failed, failure.issues()) };
  }
  const undone = escaped && escaped.cells > 0 && escaped.exact;
  const kept: EngineOutput = {
    format: output.format,
    rows: written,
    ...(undone && { escaped: true }),
    ...sink.finish(),
  };
  const put = quarantine.finish();
  return { ...result, output: kept, ...(put && { quarantine: put }) };
}

function escapedWarning(cells: number): string {
  const begin = cells === 1 ? "cell begins" : "cells begin";
  return `${cells} ${begin} like a formula and got a leading apostrophe; "escape_formulas": false of format leaves such text as it is.`;
}

/** The rows of the input, of a dry run the first ones. */
async function* sourceOf(
  order: EngineOrder,
  input: ReadInput,
  before: Row[],
  progress: (what: string) => void,
): Batches {
  for (const batch of firstRows(input.batches, order.dryRun ? DRY_RUN_ROWS : undefined)) {
    addToSample(before, batch.rows);
    const { total } = input;
    progress(
      total === undefined
        ? `Reading, ${counted(input.rows(), "row")} so far`
        : `Reading, ${input.rows()} of ${counted(total, "row")}`,
    );
    yield batch;
  }
}

function* firstRows(batches: Iterable<Batch>, count: number | undefined): Iterable<Batch> {
  if (count === undefined) {
    yield* batches;
    return;
  }
  let left = count;
  for (const { rows, numbers } of batches) {
    yield { rows: rows.slice(0, left), numbers: numbers.slice(0, left) };
    left -= rows.length;
    if (left <= 0) return;
  }
}

function suggest(order: EngineOrder, input: ReadInput, tables: TableReader, host: Host): EngineResult {
  const progress = progressOf(host, input, order.limits.maxBufferBytes);
  const { before, suggestion } = lookAtInput(input, () =>
    progress(`Looking at the rows, ${counted(input.rows(), "row")} so far`),
  );
  return {
    runId: runId(order, input, tables),
    input: takenOf(input, Number(suggestion.rows)),
    original: input.original(),
    steps: [],
    warnings: warningsOf(input, []),
    before,
    after: [],
    suggestion,
  };
}

/** The record of an input of which the first rows were taken. */
function takenOf(input: ReadInput, rows: number): InputRecord {
  const record = input.record();
  const complete = record.rows <= rows && input.share() === 1;
  return { ...record, rows: Math.min(rows, record.rows), ...(!complete && { complete }) };
}

/** How the result is written: by the last format step that is on; as JSON where there are some and all are off. */
function outputOf(steps: readonly Step[], format: ReturnType<typeof outputFormatOf>): OutputOptions {
  const last = steps.findLast((step) => step.enabled && step.output)?.output;
  const off = steps.some((step) => step.name === "format") && !last;
  return last ?? defaultOutput(off ? "json" : format);
}

function recordsOf(
  steps: readonly Step[],
  followed: readonly (FollowedStep | undefined)[],
  failed: number,
): StepRecord[] {
  return steps.map(({ name }, place): StepRecord => {
    const one = followed[place];
    if (!one) return { name, status: "skipped", reason: "disabled" };
    if (failed >= 0 && place > failed) return { name, status: "skipped", reason: "an earlier step ended the run" };
    return one.record();
  });
}

/** The first warnings of the input and the steps, each with the number and name of its step. */
function warningsOf(input: ReadInput, records: readonly StepRecord[]): string[] {
  const ofSteps = records.flatMap(({ name, warnings = [] }, index) =>
    warnings.map((warning) => `Step ${index + 1} (${name}), ${warning}`),
  );
  const all = [...input.warnings().map((warning) => `Input: ${warning}`), ...ofSteps];
  return all.length <= MAX_WARNINGS
    ? all
    : [...all.slice(0, MAX_WARNINGS), "… and more; see the warnings of each step"];
}

function failureOf(
  { message, code = "validation_failed", hint }: StepFailure,
  step: number,
  issues: ErrorIssue[],
): NonNullable<EngineResult["failure"]> {
  return { step, message, code, issues, ...(hint !== undefined && { hint }) };
}

/** Tells what the run is doing, and looks at its memory, at most ten times a second. */
function progressOf(host: Host, input: ReadInput, maxBufferBytes: number): (what: string) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (what) => {
    const now = performance.now();
    if (now - last < PROGRESS_MS) return;
    last = now;
    host.progress(what, Math.floor(input.share() * 90));
    const { arrayBuffers } = process.memoryUsage();
    if (arrayBuffers > maxBufferBytes + READING_BYTES) {
      throw new ToolError(
        "too_large",
        `The run needs more than ${Math.floor(maxBufferBytes / 2 ** 20)} MB to tell keys apart.`,
        {
          hint: "Use fewer dedupe and unique at once, or filter before them; the configuration sets pipelineRuns.maxMemory.",
        },
      );
    }
  };
}

/** What of an order makes another run of it. */
const DEFINITION = [
  "inputFormat",
  "inputOptions",
  "inputEscaped",
  "onBadRow",
  "outputFormat",
  "steps",
  "parameters",
  "pipeline",
  "dryRun",
  "suggest",
] as const satisfies readonly (keyof EngineOrder)[];

/** A hash of what was read, tables too, the definition and the version of the engine: 32 hex digits. */
function runId(order: EngineOrder, input: ReadInput, tables: TableReader): string {
  const definition = Object.fromEntries(DEFINITION.map((key) => [key, order[key]]));
  const hash = createHash("sha256").update(JSON.stringify([ENGINE_VERSION, input.format, definition]));
  for (const digest of tables.digests) hash.update(digest);
  return hash.update(input.digest()).digest("hex").slice(0, 32);
}
