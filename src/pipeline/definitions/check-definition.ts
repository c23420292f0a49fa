import { ToolError } from "../../errors.ts";
import type { PipelineDefinition } from "./definitions.ts";
import { readInputOptions } from "./input-options.ts";
import { checkParameters, type ParameterDefinition } from "./parameters.ts";

/** Stands for the text of a parameter that has no value yet. */
const SAMPLE_TEXT = "sample-value";
const SAMPLES: Record<ParameterDefinition["type"], unknown> = {
  string: SAMPLE_TEXT,
  number: 1,
  integer: 1,
  boolean: true,
  array: [SAMPLE_TEXT],
  object: { [SAMPLE_TEXT]: SAMPLE_TEXT },
};

/**
 * What is wrong with a definition, found by compiling its steps; undefined where it can run. Parameters that a call has to give
 * stand for a sample of their type, so what depends on their value is left open.
 */
export async function checkDefinition(definition: PipelineDefinition): Promise<ToolError | undefined> {
  const { compileSteps } = await import("../steps/compile-steps.ts");
  const { outputFormatOf } = await import("../formats/output-options.ts");
  try {
    checkParameters(definition.parameters);
    readInputOptions(definition.inputOptions, "inputOptions");
    const outputFormat = outputFormatOf(definition.outputFormat);
    const parameters = Object.fromEntries(
      Object.entries(definition.parameters).map(([name, parameter]) => [name, sampleOf(parameter)]),
    );
    compileSteps(definition.processingSteps, { outputFormat, parameters });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const isOfSample = error.message.includes(SAMPLE_TEXT) && !JSON.stringify(definition).includes(SAMPLE_TEXT);
    return isOfSample ? undefined : error;
  }
  return undefined;
}

function sampleOf({ type, default: fallback, enum: allowed }: ParameterDefinition): unknown {
  return fallback ?? allowed?.[0] ?? SAMPLES[type];
}
