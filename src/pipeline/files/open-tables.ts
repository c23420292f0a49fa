import { ToolError } from "../../errors.ts";
import { enrichOptions } from "../definitions/outside-calls.ts";
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

/** The source that the lookup of a step reads; undefined where it has none. */
export function tableSource(step: unknown, parameters: Readonly<Record<string, unknown>>): string | undefined {
  const lookup = enrichOptions(step, parameters)?.lookup;
  if (!isObject(lookup)) return undefined;
  const { source } = lookup;
  return typeof source === "string" && source !== "" ? source : undefined;
}

function ofLookup({ code, message, hint, retryable }: ToolError, step: number): ToolError {
  return new ToolError(code, `${message} The lookup of step ${step} reads it.`, { hint, retryable });
}
