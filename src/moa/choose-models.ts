import { ToolError } from "../errors.ts";
import type { ModelClient } from "../llm/model-client.ts";

/** The models of a run by their full names. */
export interface ChosenModels {
  models: string[];
  aggregator: string;
  /** Configured models that nobody has. */
  missing: number;
  warnings: string[];
}

export interface ModelNames {
  models: readonly string[];
  aggregatorModel: string;
}

/**
 * Finds the models of a run. Models that a caller named must exist; of configured ones, those that are missing are left out
 * with a warning, as long as one is there. The configured aggregator belongs to the configured models: a caller's own models
 * bring their own, the first of them, unless the configured one is among them.
 * @throws ToolError `unknown_model`, `not_configured`, or why no provider could be asked.
 */
export async function chooseModels(
  client: ModelClient,
  configured: ModelNames,
  called: { [Name in keyof ModelNames]?: ModelNames[Name] | undefined },
  signal: AbortSignal,
): Promise<ChosenModels> {
  const stands = new Map<string, string>();
  const warnings: string[] = [];
  const choose = async (name: string, key?: string): Promise<string> => {
    const known = key === undefined ? undefined : stands.get(name);
    if (known !== undefined) return known;
    const model = await client.resolve(name, { configured: key, avoid: [...stands.values()], signal });
    if (model.warning) warnings.push(model.warning);
    stands.set(name, model.name);
    return model.name;
  };

  const models: string[] = [];
  const missing: ToolError[] = [];
  for (const name of called.models ?? configured.models) {
    try {
      models.push(await choose(name, called.models === undefined ? "moa.models" : undefined));
    } catch (error) {
      if (called.models !== undefined || !isUnknown(error)) throw error;
      missing.push(error);
      warnings.push(`${error.message} The mixture goes on without it.`);
    }
  }
  const first = models[0];
  if (first === undefined) throw missing[0];

  const found = (aggregator: string): ChosenModels => ({ models, aggregator, missing: missing.length, warnings });
  if (called.aggregatorModel !== undefined) return found(await choose(called.aggregatorModel));
  if (called.models !== undefined) {
    const own = await choose(configured.aggregatorModel, "moa.aggregatorModel").catch(() => undefined);
    return found(own !== undefined && models.includes(own) ? own : first);
  }
  try {
    return found(await choose(configured.aggregatorModel, "moa.aggregatorModel"));
  } catch (error) {
    if (!isUnknown(error)) throw error;
    warnings.push(`${error.message} "${first}" aggregates instead.`);
    return found(first);
  }
}

function isUnknown(error: unknown): error is ToolError {
  return error instanceof ToolError && error.code === "unknown_model";
}
