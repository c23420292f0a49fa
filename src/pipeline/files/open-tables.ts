import { ToolError } from "../../errors.ts";
import { fillParameters } from "../definitions/fill-parameters.ts";
import type { TableInput } from "../engine/engine-order.ts";
import { isObject } from "../rows.ts";
import type { OpenSource } from "./open-source.ts";

export interface OpenTables {
  tables: TableInput[];
  /** To be called once nobody reads them any more. */
  close(): Promise<void>;
}

/**
 * Opens the sources that lookups of the steps name, each once. Steps that are off or wrong have none: what is wrong is said when
 * they are compiled.
 * @throws ToolError as openSource
 */
export async function openTables(
  steps: readonly unknown[],
  parameters: Readonly<Record<string, unknown>>,
  open: (source: string) => Promise<OpenSource>,
): Promise<OpenTables> {
  const opened: OpenSource[] = [];
  const tables: TableInput[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0)) await one.close();
  };
  try {
    for (const [index, step] of steps.entries()) {
      const source = tableSource(step, parameters);
      if (source === undefined || tables.some((table) => table.source === source)) continue;
      const one = await open(source).catch((error: unknown) => {
        throw error instanceof ToolError ? ofLookup(error, index + 1) : error;
      });
      opened.push(one);
      tables.push({ source, input: one.engine, name: one.name, escaped: one.escaped });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { tables, close };
}

function tableSource(step: unknown, parameters: Readonly<Record<string, unknown>>): string | undefined {
  if (!isObject(step)) return undefined;
  const own = step.name === undefined ? step.enrich : step;
  if (!isObject(own) || (step.name !== undefined && step.name !== "enrich")) return undefined;
  const { lookup } = own;
  const written = {
    enabled: own.enabled ?? step.enabled,
    // Without its table, which may be large.
    lookup: isObject(lookup) ? { source: lookup.source } : lookup,
  };
  let filled: Record<string, unknown>;
  try {
    filled = fillParameters("enrich", written, parameters, "");
  } catch (error) {
    if (error instanceof ToolError) return undefined;
    throw error;
  }
  if (filled.enabled === false || !isObject(filled.lookup)) return undefined;
  const { source } = filled.lookup;
  return typeof source === "string" && source !== "" ? source : undefined;
}

function ofLookup({ code, message, hint, retryable }: ToolError, step: number): ToolError {
  return new ToolError(code, `${message} The lookup of step ${step} reads it.`, { hint, retryable });
}
