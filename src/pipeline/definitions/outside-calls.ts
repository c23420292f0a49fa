import { ToolError } from "../../errors.ts";
import { isObject } from "../rows.ts";
import { fillParameters } from "./fill-parameters.ts";

/** What a run does beyond the data at hand because its caller says so. */
export interface OutsideCall {
  /** `answer`: reads a kept answer of an API. */
  kind: "memory" | "api" | "llm" | "answer";
  /** What does it, such as `Step 1 (enrich, api)`. */
  by: string;
  /** Of an API, as the step writes it. */
  operation?: string | undefined;
}

const KINDS = ["memory", "api", "llm"] as const;

/** The calls of other services that steps make; steps that are off or wrong make none. */
export function callsOfSteps(steps: readonly unknown[], parameters: Readonly<Record<string, unknown>>): OutsideCall[] {
  return steps.flatMap((step, index) => {
    const options = enrichOptions(step, parameters);
    if (!options) return [];
    return KINDS.filter((kind) => options[kind] !== undefined).map((kind): OutsideCall => {
      const inner = options[kind];
      const operation = isObject(inner) && typeof inner.operation === "string" ? inner.operation : undefined;
      return { kind, by: `Step ${index + 1} (enrich, ${kind})`, ...(kind === "api" && { operation }) };
    });
  });
}

/**
 * The options of an enrich step that is on, with its parameters filled in, as the run will have them; undefined for other steps,
 * and for one whose parameters cannot be filled in, for it ends the run. The tables of lookups, which may be large, are left out.
 */
export function enrichOptions(
  step: unknown,
  parameters: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  if (!isObject(step) || (step.name !== undefined && step.name !== "enrich")) return undefined;
  const own = step.name === undefined ? step.enrich : step;
  if (!isObject(own)) return undefined;
  const { lookup } = own;
  const written: Record<string, unknown> = { ...("enabled" in step && { enabled: step.enabled }), ...own };
  if (isObject(lookup)) written.lookup = { source: lookup.source };
  try {
    const filled = fillParameters("enrich", written, parameters, "");
    return filled.enabled === false ? undefined : filled;
  } catch (error) {
    if (error instanceof ToolError) return undefined;
    throw error;
  }
}
