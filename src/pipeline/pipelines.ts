import { ToolError } from "../errors.ts";
import type { StatusEmitter } from "../status/status-event.ts";
import { hashRun, runSteps, type StepRecord } from "./engine/run-steps.ts";
import { INPUT_FORMATS, type InputFormat, parseInput } from "./formats/parse-input.ts";
import { OUTPUT_FORMATS } from "./formats/write-output.ts";
import { createPace } from "./pace.ts";
import { type Row, show, toRows } from "./rows.ts";
import { compileSteps, DEFAULT_STEPS } from "./steps/compile-steps.ts";
import { defaultOutput } from "./steps/format.ts";
import type { Enrichers, PipelineUser, Step } from "./steps/step.ts";

/** Rows that a dry run takes. */
const DRY_RUN_ROWS = 20;

/** A named pipeline as the configuration writes it. */
export interface PipelineDefinition {
  description: string;
  inputFormat: string;
  outputFormat: string;
  processingSteps: readonly (string | Record<string, unknown>)[];
}

/** A run as a caller asks for it. */
export interface RunRequest {
  /** Name of a configured pipeline; not together with `steps`. */
  pipeline?: string | undefined;
  /** Rows; either these or `text`. */
  data?: readonly unknown[] | undefined;
  text?: string | undefined;
  /** Format of `text`: json, csv, tsv, ndjson, yaml or markdown. Default: the pipeline's, else json. */
  inputFormat?: string | undefined;
  /** json, csv, ndjson, yaml or markdown. Default: the pipeline's, else json. */
  outputFormat?: string | undefined;
  steps?: readonly unknown[] | undefined;
  /** Runs on the first 20 rows, calls no other service, and shows the first rows after each step. */
  dryRun?: boolean | undefined;
}

export interface RunResult {
  [key: string]: unknown;
  run_id: string;
  /** The data or text as it was given. */
  original: unknown;
  steps: StepRecord[];
  /** What is probably not meant, such as a field that no row has; left out where there is nothing. */
  warnings?: string[];
  /** Rows for json, text for the other formats. */
  final_data: Row[] | string;
  dry_run?: true;
}

export interface PipelineSummary {
  name: string;
  description: string;
  inputFormat: string;
  outputFormat: string;
  /** Names of the steps in order; none where the definition is wrong. */
  steps: string[];
  /** What is wrong with the definition; the pipeline cannot run. */
  error?: string;
  hint?: string;
}

export interface Pipelines {
  /**
   * Runs data through steps. The same request gives the same result, as far as the services that enrich it answer the same.
   * @throws ToolError `invalid_input` for a wrong request, definition or input text, `unknown_pipeline`, `invalid_config` that
   * names the pipeline, the step and the key where the configured one is wrong, `too_large`,
   * `validation_failed` when a step ends the run (its fields: see runSteps), `aborted` or `deadline_exceeded`.
   */
  run(
    user: PipelineUser,
    request: RunRequest,
    context: { signal: AbortSignal; status: StatusEmitter },
  ): Promise<RunResult>;
  /** The configured pipelines, wrong ones with their error. */
  list(): PipelineSummary[];
}

interface NamedPipeline {
  definition: PipelineDefinition;
  compiled: Step[] | ToolError;
}

/** Pipelines of the configuration, and any that a caller defines. A wrong one of the configuration leaves the others alone. */
export function createPipelines(definitions: Record<string, PipelineDefinition>, enrichers: Enrichers): Pipelines {
  const named = new Map(
    Object.entries(definitions).map(([name, definition]): [string, NamedPipeline] => [
      name,
      { definition, compiled: compileDefinition(definition) },
    ]),
  );

  return {
    async run(user, asked, { signal, status }) {
      const request = withoutBlanks(asked);
      const { pipeline, dryRun = false } = request;
      const found = pipeline === undefined ? undefined : findPipeline(named, pipeline);
      if (found && request.steps) {
        throw new ToolError("invalid_input", 'Give either "pipeline" or "steps", not both.', {
          hint: `${show(pipeline)} has steps of its own; leave one of the two out.`,
        });
      }
      const outputFormat = readFormat(
        "output_format",
        request.outputFormat ?? found?.definition.outputFormat,
        OUTPUT_FORMATS,
      );
      const inputFormat = readFormat(
        "input_format",
        request.inputFormat ?? found?.definition.inputFormat,
        INPUT_FORMATS,
      );
      const sameOutput = found && outputFormat === found.definition.outputFormat;
      const steps = sameOutput
        ? found.steps
        : compileSteps(request.steps ?? found?.definition.processingSteps ?? DEFAULT_STEPS, outputFormat);
      const written = steps.map(({ name, enabled, options }) => ({ name, enabled, options }));

      status.progress("Reading the input", 0);
      const { rows, original } = await readInput(request, inputFormat, signal);
      const input = request.text === undefined ? { data: original } : { text: original, inputFormat };
      const runId = hashRun({ ...input, outputFormat, steps: written, dryRun });
      const result = await runSteps({
        user,
        rows: dryRun ? rows.slice(0, DRY_RUN_ROWS) : rows,
        steps,
        output: defaultOutput(outputFormat),
        runId,
        textCells: request.text !== undefined && ["csv", "tsv", "markdown"].includes(inputFormat),
        dryRun,
        enrichers,
        signal,
        status,
      });
      return { run_id: runId, original, ...result, ...(dryRun && { dry_run: true as const }) };
    },
    list: () =>
      [...named].map(([name, { definition, compiled }]) => ({
        name,
        description: definition.description,
        inputFormat: definition.inputFormat,
        outputFormat: definition.outputFormat,
        ...(compiled instanceof ToolError
          ? { steps: [], error: compiled.message, ...(compiled.hint !== undefined && { hint: compiled.hint }) }
          : { steps: compiled.map((step) => step.name) }),
      })),
  };
}

/** The steps of a definition, or what is wrong with it. */
function compileDefinition(definition: PipelineDefinition): Step[] | ToolError {
  try {
    readFormat("inputFormat", definition.inputFormat, INPUT_FORMATS);
    const outputFormat = readFormat("outputFormat", definition.outputFormat, OUTPUT_FORMATS);
    return compileSteps(definition.processingSteps, outputFormat);
  } catch (error) {
    if (error instanceof ToolError) return error;
    throw error;
  }
}

function findPipeline(named: ReadonlyMap<string, NamedPipeline>, name: string) {
  const found = named.get(name);
  if (!found) {
    const known = [...named].flatMap(([other, { compiled }]) => (compiled instanceof ToolError ? [] : [other]));
    throw unknownPipeline(name, known);
  }
  const { definition, compiled } = found;
  if (!(compiled instanceof ToolError)) return { definition, steps: compiled };
  const advice = "The configuration of the server is to be corrected; other pipelines and steps in the call work.";
  throw new ToolError("invalid_config", `Pipeline ${show(name)}: ${compiled.message}`, {
    hint: compiled.hint === undefined ? advice : `${compiled.hint} ${advice}`,
  });
}

/** The request without the empty texts that some callers send for what they leave out. */
function withoutBlanks(request: RunRequest): RunRequest {
  const { pipeline, text, inputFormat, outputFormat } = request;
  return {
    ...request,
    pipeline: pipeline || undefined,
    text: text === "" && request.data !== undefined ? undefined : text,
    inputFormat: inputFormat || undefined,
    outputFormat: outputFormat || undefined,
  };
}

function readFormat<Format extends string>(key: string, value: string | undefined, formats: readonly Format[]): Format {
  if (value === undefined) return "json" as Format;
  if (formats.includes(value as Format)) return value as Format;
  throw new ToolError("invalid_input", `"${key}" must be one of ${formats.join(", ")}, not ${show(value)}.`);
}

function unknownPipeline(name: string, known: readonly string[]): ToolError {
  const hint =
    known.length === 0
      ? 'No pipelines are configured; give the "steps" themselves.'
      : `Configured pipelines: ${known.join(", ")}.`;
  return new ToolError("unknown_pipeline", `There is no pipeline ${show(name)}.`, { hint });
}

async function readInput(
  request: RunRequest,
  format: InputFormat,
  signal: AbortSignal,
): Promise<{ rows: Row[]; original: unknown }> {
  const { data, text } = request;
  if (data !== undefined && text !== undefined) {
    throw new ToolError("invalid_input", 'Give either "data" (rows) or "text", not both.');
  }
  if (text !== undefined) return { rows: await parseInput(text, format, createPace(signal)), original: text };
  if (data === undefined) {
    throw new ToolError("invalid_input", "There is no input.", {
      hint: 'Give rows as "data", or "text" with its "input_format".',
    });
  }
  if (request.inputFormat !== undefined && request.inputFormat !== "json") {
    throw new ToolError(
      "invalid_input",
      `"data" holds rows already; ${show(request.inputFormat)} input belongs in "text".`,
    );
  }
  return { rows: toRows(data), original: data };
}
