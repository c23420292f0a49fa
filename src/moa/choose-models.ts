import { ToolError } from "../errors.ts";
import type { ModelClient } from "../llm/model-client.ts";
import type { AgentRole, MixtureOptions, MixtureRequest, Role } from "./mixture-of-agents.ts";
import type { Strategy } from "./run-record.ts";

/** A model in its role. */
export interface Agent {
  /** `provider/model`. */
  model: string;
  role: Role;
  weight: number;
  /** By their full names, without those that nobody has. */
  fallbacks: readonly string[];
}

/** The models of a run by their full names. */
export interface ChosenModels {
  agents: Agent[];
  aggregator: Agent;
  strategy: Strategy;
  /** Configured models that nobody has. */
  missing: number;
  warnings: string[];
}

/** The settings that name models, for messages. */
interface SettingKeys {
  models: string;
  aggregatorModel: string;
}

const KEYS: SettingKeys = { models: "moa.models", aggregatorModel: "moa.aggregatorModel" };

/** The options with what a preset sets instead; its models are called as the configured ones of the same name are. */
export function withPreset<Options extends Pick<MixtureOptions, "models" | "aggregatorModel" | "strategy">>(
  options: Options,
  { models, aggregatorModel, strategy }: NonNullable<MixtureRequest["preset"]>,
): Options & { keys: SettingKeys } {
  const configured = options.models.map(asRole);
  return {
    ...options,
    ...(models && { models: models.map((name) => roleOf(name, configured)) }),
    ...(aggregatorModel !== undefined && { aggregatorModel }),
    ...(strategy && { strategy }),
    keys: {
      models: models ? "moa.presets" : KEYS.models,
      aggregatorModel: aggregatorModel === undefined ? KEYS.aggregatorModel : "moa.presets",
    },
  };
}

/** Where one model is so much better than all others, mixing lowers the quality of the proposals (arXiv 2502.00674). */
const MUCH_BETTER = 2;

/**
 * Finds the models of a run. Models that a caller named must exist; of configured ones, those that are missing are left out
 * with a warning, as long as one is there. The configured aggregator belongs to the configured models: a caller's own models
 * bring their own, the first of them, unless the configured one is among them. A caller's model that is configured too is
 * called as configured. After `endsAt`, a time of `performance.now()`, no provider's list is waited for any more.
 * @throws ToolError `unknown_model`, `not_configured`, or why no provider could be asked.
 */
export async function chooseModels(
  client: ModelClient,
  options: Pick<MixtureOptions, "models" | "aggregatorModel" | "aggregator" | "strategy"> & { keys?: SettingKeys },
  request: Pick<MixtureRequest, "models" | "aggregatorModel" | "strategy">,
  { signal, endsAt = Number.POSITIVE_INFINITY }: { signal: AbortSignal; endsAt?: number },
): Promise<ChosenModels> {
  // The lists of providers are asked for all names together, so they have this time once.
  const limits = () => ({ signal, ...(Number.isFinite(endsAt) && { waitMs: endsAt - performance.now() }) });
  const stands = new Map<string, string>();
  const warnings: string[] = [];
  const choose = async (name: string, key?: string): Promise<string> => {
    const known = key === undefined ? undefined : stands.get(name);
    if (known !== undefined) return known;
    const model = await client.resolve(name, { configured: key, avoid: [...stands.values()], ...limits() });
    if (model.warning) warnings.push(model.warning);
    stands.set(name, model.name);
    return model.name;
  };
  const inRole = async (model: string, role: Role & { weight?: number | undefined }): Promise<Agent> => {
    const fallbacks = new Set<string>();
    for (const name of role.fallbacks ?? []) {
      try {
        fallbacks.add((await client.resolve(name, limits())).name);
      } catch (error) {
        if (!isUnknown(error)) throw error;
        warnings.push(`${error.message} It cannot stand in for "${model}".`);
      }
    }
    fallbacks.delete(model);
    return { model, role, weight: role.weight ?? 1, fallbacks: [...fallbacks] };
  };

  const { keys = KEYS } = options;
  const configured = options.models.map(asRole);
  const roles = request.models?.map((name) => roleOf(name, configured)) ?? configured;
  const agents: Agent[] = [];
  const missing: ToolError[] = [];
  for (const role of roles) {
    try {
      const model = await choose(role.model, request.models === undefined ? keys.models : undefined);
      agents.push(await inRole(model, role));
    } catch (error) {
      if (request.models !== undefined || !isUnknown(error)) throw error;
      missing.push(error);
      warnings.push(`${error.message} The mixture goes on without it.`);
    }
  }
  const first = agents[0]?.model;
  if (first === undefined) throw missing[0];

  const found = async (aggregator: string): Promise<ChosenModels> => ({
    agents,
    aggregator: await inRole(aggregator, options.aggregator ?? {}),
    strategy: strategyFor(request.strategy ?? options.strategy ?? "auto", agents),
    missing: missing.length,
    warnings,
  });
  if (request.aggregatorModel !== undefined) return found(await choose(request.aggregatorModel));
  if (request.models !== undefined) {
    const own = await choose(options.aggregatorModel, keys.aggregatorModel).catch(() => undefined);
    return found(own !== undefined && agents.some(({ model }) => model === own) ? own : first);
  }
  try {
    return await found(await choose(options.aggregatorModel, keys.aggregatorModel));
  } catch (error) {
    if (!isUnknown(error)) throw error;
    warnings.push(`${error.message} "${first}" aggregates instead.`);
    return found(first);
  }
}

/** The best model: of the highest weight, the first of equals. */
export function bestOf(agents: readonly Agent[]): Agent {
  return agents.reduce((best, agent) => (agent.weight > best.weight ? agent : best));
}

function strategyFor(wanted: "auto" | Strategy, agents: readonly Agent[]): Strategy {
  if (wanted !== "auto") return wanted;
  const best = bestOf(agents);
  return agents.every(({ model, weight }) => model === best.model || best.weight >= MUCH_BETTER * weight)
    ? "self"
    : "mixed";
}

function asRole(entry: string | AgentRole): AgentRole {
  return typeof entry === "string" ? { model: entry } : entry;
}

function roleOf(name: string, configured: readonly AgentRole[]): AgentRole {
  const same = configured.find(
    ({ model }) => model === name || name.endsWith(`/${model}`) || model.endsWith(`/${name}`),
  );
  return { ...same, model: name };
}

function isUnknown(error: unknown): error is ToolError {
  return error instanceof ToolError && error.code === "unknown_model";
}
