import { ToolError } from "../../errors.ts";
import type { OutputFormat } from "../formats/write-output.ts";
import { type Options, readBoolean, readObject, wrong } from "../options.ts";
import { sizeOf } from "../row-key.ts";
import { isObject, show } from "../rows.ts";
import { compileEnrich } from "./enrich/enrich.ts";
import { compileFormat } from "./format.ts";
import { STEP_NAMES, type Step, type StepName } from "./step.ts";
import { compileTransform } from "./transform/transform.ts";
import { compileValidate } from "./validate/validate.ts";

const MAX_STEPS = 50;
/** Characters of all steps together, without the tables of lookups, which cost next to nothing. */
const MAX_STEPS_TEXT = 1_000_000;
/** Characters of their schemas together; compiling so much takes most of a second. */
const MAX_SCHEMAS_TEXT = 262_144;

/** The steps of a run that names none. */
export const DEFAULT_STEPS: readonly string[] = STEP_NAMES;

/**
 * Checks and compiles steps, each written as a name, `{ name, ...options }` or `{ <name>: options }`, with `enabled` among the
 * options. `outputFormat` is what a format step takes that names none.
 * @throws ToolError `invalid_input` that names the step by its number, and the key; `too_large` for steps of more than 1,000,000 characters.
 */
export function compileSteps(definitions: readonly unknown[], outputFormat: OutputFormat): Step[] {
  if (definitions.length > MAX_STEPS)
    throw wrong("Steps", `at most ${MAX_STEPS} are taken, not ${definitions.length}.`);
  let size = 0;
  let schemas = 0;
  return definitions.map((definition, index) => {
    const { name, options } = readStep(definition, `Step ${index + 1}`);
    const where = `Step ${index + 1} (${name})`;
    const { enabled: _, ...own } = options;
    size += sizeOf(own) - (isObject(own.lookup) ? sizeOf(own.lookup.table) : 0);
    if (name === "validate" && own.schema) schemas += sizeOf(own.schema);
    if (size > MAX_STEPS_TEXT || schemas > MAX_SCHEMAS_TEXT) {
      const [what, limit] = size > MAX_STEPS_TEXT ? ["steps", MAX_STEPS_TEXT] : ["schemas", MAX_SCHEMAS_TEXT];
      throw new ToolError("too_large", `The ${what} together have more than ${limit} characters.`, {
        hint: "Use smaller schemas, fewer operations and shorter values.",
      });
    }
    const enabled = readBoolean(options, "enabled", where, true);
    return { name, enabled, options: own, run: compile(name, own, where, outputFormat) };
  });
}

function compile(name: StepName, options: Options, where: string, outputFormat: OutputFormat): Step["run"] {
  switch (name) {
    case "validate":
      return compileValidate(options, where);
    case "transform":
      return compileTransform(options, where);
    case "enrich":
      return compileEnrich(options, where);
    case "format":
      return compileFormat(options, where, outputFormat);
  }
}

function readStep(definition: unknown, where: string): { name: StepName; options: Options } {
  if (typeof definition === "string") return { name: readName(definition, where), options: {} };
  const written = readObject(definition, where);
  if (written.name !== undefined) {
    const { name, ...options } = written;
    return { name: readName(name, where), options };
  }
  const [key, ...others] = Object.keys(written).filter((entry) => entry !== "enabled");
  if (key === undefined || others.length > 0) {
    throw wrong(
      where,
      `must have a "name": ${STEP_NAMES.join(", ")}.`,
      'Such as { "name": "transform", "operations": [] }.',
    );
  }
  const name = readName(key, where);
  const options = written[key] ?? {};
  if (!isObject(options)) throw wrong(`${where} (${name})`, `its options must be an object, not ${show(options)}.`);
  return { name, options: { ...(written.enabled !== undefined && { enabled: written.enabled }), ...options } };
}

function readName(name: unknown, where: string): StepName {
  if (STEP_NAMES.includes(name as StepName)) return name as StepName;
  throw wrong(where, `unknown step ${show(name)}.`, `Steps: ${STEP_NAMES.join(", ")}.`);
}
