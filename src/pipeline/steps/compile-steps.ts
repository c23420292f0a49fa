import { ToolError } from "../../errors.ts";
import { fillParameters } from "../definitions/fill-parameters.ts";
import type { Parameters } from "../expression/expression.ts";
import type { OutputFormat } from "../formats/output-options.ts";
import { meantName, type Options, readBoolean, readObject, wrong } from "../options.ts";
import { isObject, show } from "../rows.ts";
import { compileEnrich } from "./enrich/enrich.ts";
import type { ReadTable } from "./enrich/lookup-table.ts";
import { compileFormat } from "./format.ts";
import { STEP_NAMES, type Step, type StepName } from "./step.ts";
import { elsewhere, OTHER_OPERATION_NAMES, ROW_OPERATIONS, SET_OPERATIONS } from "./transform/operation-names.ts";
import { compileTransform } from "./transform/transform.ts";
import { compileValidate } from "./validate/validate.ts";

const MAX_STEPS = 50;
/** Characters of all steps together, without the tables of lookups, which cost next to nothing. */
const MAX_STEPS_TEXT = 1_000_000;
/** Characters of their schemas together; compiling so much takes most of a second. */
const MAX_SCHEMAS_TEXT = 262_144;

/** What the steps of a run have in common. */
export interface StepsContext {
  /** What a format step takes that names none. */
  outputFormat: OutputFormat;
  /** Values that `{{$name}}` and, in expressions, `$name` stand for. */
  parameters: Parameters;
  /** Reads the tables of lookups that have a source; left out where steps are only checked. */
  readTable?: ReadTable | undefined;
}

/**
 * Checks and compiles steps, each written as a name, `{ name, ...options }` or `{ <name>: options }`, with `enabled` among the
 * options, and fills in the parameters.
 * @throws ToolError `invalid_input` that names the step by its number, and the key; `too_large` for steps of more than 1,000,000 characters.
 */
export function compileSteps(definitions: readonly unknown[], context: StepsContext): Step[] {
  if (definitions.length > MAX_STEPS) {
    throw wrong("Steps", `at most ${MAX_STEPS} are taken, not ${definitions.length}.`);
  }
  let size = 0;
  let schemas = 0;
  return definitions.map((definition, index) => {
    const { name, options } = readStep(definition, `Step ${index + 1}`);
    const where = `Step ${index + 1} (${name})`;
    const { enabled: flag, ...own } = fillParameters(name, options, context.parameters, where);
    size += sizeOf(own) - (isObject(own.lookup) ? sizeOf(own.lookup.table) : 0);
    if (name === "validate" && own.schema) schemas += sizeOf(own.schema);
    if (size > MAX_STEPS_TEXT || schemas > MAX_SCHEMAS_TEXT) {
      const [what, limit] = size > MAX_STEPS_TEXT ? ["steps", MAX_STEPS_TEXT] : ["schemas", MAX_SCHEMAS_TEXT];
      throw new ToolError("too_large", `The ${what} together have more than ${limit} characters.`, {
        hint: "Use smaller schemas, fewer operations and shorter values.",
      });
    }
    const enabled = readBoolean({ enabled: flag }, "enabled", where, true);
    return {
      name,
      enabled,
      options: own,
      ...compile(name, own, where, enabled ? context : { ...context, readTable: undefined }),
    };
  });
}

function compile(
  name: StepName,
  options: Options,
  where: string,
  { outputFormat, parameters, readTable }: StepsContext,
): Pick<Step, "run" | "output"> {
  switch (name) {
    case "validate":
      return { run: compileValidate(options, where, parameters) };
    case "transform":
      return { run: compileTransform(options, where, parameters) };
    case "enrich":
      return { run: compileEnrich(options, where, parameters, readTable) };
    case "format":
      return compileFormat(options, where, outputFormat);
  }
}

/** About the characters of a value's JSON, counted without making it. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 4;
  let size = 2;
  for (const [key, entry] of Object.entries(value)) size += key.length + 4 + sizeOf(entry);
  return size;
}

function readStep(definition: unknown, where: string): { name: StepName; options: Options } {
  if (typeof definition === "string") return { name: readName(definition, where), options: {} };
  const written = readObject(definition, where);
  if (written.name !== undefined) {
    const { name, ...options } = written;
    return { name: readName(name, where), options };
  }
  const [key, ...others] = Object.keys(written).filter((entry) => entry !== "enabled");
  if (key === undefined || key === "op" || others.length > 0) {
    throw wrong(where, `must have a "name": ${STEP_NAMES.join(", ")}.`, howToName(written));
  }
  const name = readName(key, where);
  const options = written[key] ?? {};
  if (!isObject(options)) {
    const hint =
      Array.isArray(options) && name === "transform" ? 'Write { "transform": { "operations": […] } }.' : undefined;
    throw wrong(`${where} (${name})`, `its options must be an object, not ${show(options)}.`, hint);
  }
  return { name, options: { ...(written.enabled !== undefined && { enabled: written.enabled }), ...options } };
}

/** How a step without a name is to be written, by what it has. */
function howToName(written: Options): string {
  const isName = (name: unknown): name is string => STEP_NAMES.includes(name as StepName);
  const key = Object.keys(written).find((entry) => isName(written[entry]));
  if (key !== undefined) return `Write "name" instead of ${show(key)}.`;
  const own = Object.keys(written).find(isName);
  if (own !== undefined) return `Put its options inside, { "${own}": { … } }, or write { "name": "${own}", … }.`;
  if (written.op !== undefined) {
    return `An operation belongs in a step: { "name": "transform", "operations": [{ "op": ${show(written.op)}, … }] }.`;
  }
  return 'Such as { "name": "transform", "operations": [] }.';
}

/** What other tools call the steps. */
const OTHER_STEPS: Record<string, readonly StepName[]> = {
  check: ["validate"],
  validation: ["validate"],
  schema: ["validate"],
  clean: ["transform"],
  map: ["transform"],
  operations: ["transform"],
  transformation: ["transform"],
  join: ["enrich"],
  lookup: ["enrich"],
  enrichment: ["enrich"],
  output: ["format"],
  write: ["format"],
};

function readName(name: unknown, where: string): StepName {
  if (STEP_NAMES.includes(name as StepName)) return name as StepName;
  const known = `Steps: ${STEP_NAMES.join(", ")}.`;
  const text = typeof name === "string" ? name : "";
  const meant = meantName(text, STEP_NAMES, OTHER_STEPS) ?? stepOf(text);
  const help = meant === undefined ? elsewhere(text) : `Did you mean ${meant}?`;
  throw wrong(where, `unknown step ${show(name)}.`, help === undefined ? known : `${help} ${known}`);
}

/** How a word is written that names an operation of transform. */
function stepOf(word: string): string | undefined {
  const operation = meantName(word, [...ROW_OPERATIONS.keys(), ...SET_OPERATIONS.keys()], OTHER_OPERATION_NAMES);
  return operation === undefined
    ? undefined
    : `{ "name": "transform", "operations": [{ "op": ${show(operation)}, … }] }`;
}
