import { ToolError } from "../../errors.ts";
import { outputFormatOf } from "../formats/output-options.ts";
import { meantName } from "../options.ts";
import { show } from "../rows.ts";
import type { RunRequest } from "../run-request.ts";
import { STEP_NAMES } from "../steps/step.ts";
import { checkDefinition } from "./check-definition.ts";
import { readInputOptions } from "./input-options.ts";
import { checkParameters, freeParameters, type ParameterDefinition, resolveParameters } from "./parameters.ts";

/** A named pipeline as the configuration writes it, its defaults filled in. */
export interface PipelineDefinition {
  description: string;
  version: string | number;
  parameters: Record<string, ParameterDefinition>;
  inputFormat: string;
  inputOptions: Record<string, unknown>;
  outputFormat: string;
  processingSteps: readonly (string | Record<string, unknown>)[];
}

/** A configured pipeline as a caller may see it. */
export interface PipelineDescription {
  name: string;
  version: string;
  description: string;
  parameters: Record<string, ParameterDefinition>;
  input_format: string;
  input_options?: Record<string, unknown>;
  output_format: string;
  steps: readonly (string | Record<string, unknown>)[];
}

/** A configured pipeline, and whether it can run. */
export interface PipelineSummary {
  name: string;
  version: string;
  /** What is wrong with the definition; the pipeline cannot run. */
  error?: string;
  hint?: string;
}

/** What a request runs: the steps it gives, or those of the pipeline it names. */
export interface FoundRun {
  pipeline?: { name: string; version: string } | undefined;
  steps: readonly unknown[];
  parameters: Readonly<Record<string, unknown>>;
  inputFormat?: string | undefined;
  inputOptions?: Record<string, unknown> | undefined;
  outputFormat?: string | undefined;
}

export interface Definitions {
  /**
   * What the request runs.
   * @throws ToolError `unknown_pipeline`, `invalid_input` for parameters that do not fit and where it gives steps besides the
   * pipeline, `invalid_config` where the definition itself is wrong
   */
  find(request: RunRequest): FoundRun;
  /** An error of a run of that pipeline: where its steps as they are configured are at fault, it says so. */
  explain(name: string, error: unknown, request: RunRequest): unknown;
  describe(): PipelineDescription[];
  /** All definitions, checked as a run would. It loads the steps, which no call needs in this thread. */
  list(): Promise<PipelineSummary[]>;
}

/** The pipelines of the configuration. A wrong one leaves the others alone. */
export function createDefinitions(definitions: Record<string, PipelineDefinition>): Definitions {
  return {
    find(request) {
      const { pipeline, steps, parameters = {} } = request;
      if (pipeline === undefined) return { steps: steps ?? STEP_NAMES, parameters: freeParameters(parameters) };
      const { name, version, definition } = findDefinition(definitions, pipeline);
      if (steps) {
        throw new ToolError("invalid_input", 'Give either "pipeline" or "steps", not both.', {
          hint: `${show(pipeline)} has steps of its own; leave one of the two out.`,
        });
      }
      try {
        checkParameters(definition.parameters);
        outputFormatOf(definition.outputFormat);
        readInputOptions(definition.inputOptions, "inputOptions");
      } catch (error) {
        throw error instanceof ToolError ? wrongDefinition(name, error) : error;
      }
      return {
        pipeline: { name, version },
        steps: definition.processingSteps,
        parameters: resolveParameters(definition.parameters, parameters),
        // `data` are rows already.
        inputFormat: request.data === undefined ? definition.inputFormat : undefined,
        inputOptions: definition.inputOptions,
        outputFormat: definition.outputFormat,
      };
    },
    explain(name, error, { parameters = {} }) {
      if (!(error instanceof ToolError) || error.details?.run_id !== undefined || !/^Steps?\b/.test(error.message)) {
        return error;
      }
      // A value of the caller may be what does not fit; then it is no fault of the configuration.
      if (Object.keys(parameters).length === 0) return wrongDefinition(name, error);
      return new ToolError(error.code, `Pipeline ${show(name)}: ${error.message}`, { hint: error.hint });
    },
    describe: () =>
      Object.entries(definitions).map(([name, definition]) => ({
        name,
        version: String(definition.version),
        description: definition.description,
        parameters: definition.parameters,
        input_format: definition.inputFormat,
        ...(Object.keys(definition.inputOptions).length > 0 && { input_options: definition.inputOptions }),
        output_format: definition.outputFormat,
        steps: definition.processingSteps,
      })),
    async list() {
      const summaries: PipelineSummary[] = [];
      for (const [name, definition] of Object.entries(definitions)) {
        const fault = await checkDefinition(definition);
        summaries.push({
          name,
          version: String(definition.version),
          ...(fault && { error: fault.message, ...(fault.hint !== undefined && { hint: fault.hint }) }),
        });
      }
      return summaries;
    },
  };
}

interface NamedDefinition {
  name: string;
  version: string;
  definition: PipelineDefinition;
}

/** The pipeline that a call names: `name`, or `name@version` where just that version will do. */
function findDefinition(definitions: Record<string, PipelineDefinition>, asked: string): NamedDefinition {
  const at = asked.indexOf("@");
  const name = (at < 0 ? asked : asked.slice(0, at)).trim();
  const wanted = at < 0 ? undefined : asked.slice(at + 1).trim();
  const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
  if (!definition) throw unknownPipeline(name, Object.keys(definitions));
  const version = String(definition.version);
  if (wanted === undefined || wanted === version) return { name, version, definition };
  throw new ToolError("unknown_pipeline", `Pipeline ${show(name)} has version ${show(version)}, not ${show(wanted)}.`, {
    hint: `Call ${show(`${name}@${version}`)}, or ${show(name)} for whichever version is configured.`,
  });
}

function unknownPipeline(name: string, known: readonly string[]): ToolError {
  const meant = meantName(name, known);
  const hint =
    known.length === 0
      ? 'No pipelines are configured; give the "steps" themselves.'
      : `${meant === undefined ? "" : `Did you mean ${show(meant)}? `}Configured pipelines: ${known.join(", ")}. pipeline://definitions describes them.`;
  return new ToolError("unknown_pipeline", `There is no pipeline ${show(name)}.`, { hint });
}

function wrongDefinition(name: string, { message, hint }: ToolError): ToolError {
  const advice = "The configuration of the server is to be corrected; other pipelines and steps in the call work.";
  return new ToolError("invalid_config", `Pipeline ${show(name)}: ${message}`, {
    hint: hint === undefined ? advice : `${hint} ${advice}`,
  });
}
