import type { Config } from "../config/config-schema.ts";
import { ToolError } from "../errors.ts";
import type { ModelClient } from "../llm/model-client.ts";

type MixturePreset = Config["moa"]["presets"][string];
type LlmPreset = Config["llm"]["presets"][string];

/** A model of `/v1`: one of our tools, with what is set for it. */
export type OfferedModel = { id: string; name: string; description: string } & (
  | { tool: "mixture_of_agents"; preset: Partial<MixturePreset> }
  | { tool: "llm_processor"; preset: Partial<LlmPreset> }
);

const MIXTURE = "mixture-of-agents";
const PROCESSOR = "llm-processor";
/** Milliseconds that a provider has to list its models: a client that lists ours waits for it. */
const LIST_MS = 2000;

/** Every model that the configuration makes, in its order. */
export function modelsOf({ moa, llm }: Pick<Config, "moa" | "llm">): OfferedModel[] {
  const named = (id: string, title: string, preset: string) => ({ id: `${id}/${preset}`, name: `${title}: ${preset}` });
  return [
    {
      id: MIXTURE,
      name: "Mixture of Agents",
      description: "Several models answer in layers, and one writes the final answer.",
      tool: "mixture_of_agents",
      preset: {},
    },
    ...Object.entries(moa.presets).map(
      ([key, preset]): OfferedModel => ({
        ...named(MIXTURE, "Mixture of Agents", key),
        description: preset.description,
        tool: "mixture_of_agents",
        preset,
      }),
    ),
    {
      id: PROCESSOR,
      name: "LLM processor",
      description: "The configured model, with its fallback models.",
      tool: "llm_processor",
      preset: {},
    },
    ...Object.entries(llm.presets).map(
      ([key, preset]): OfferedModel => ({
        ...named(PROCESSOR, "LLM processor", key),
        description: preset.description,
        tool: "llm_processor",
        preset,
      }),
    ),
  ];
}

/**
 * Whether some model behind this one is there. What cannot be found out now, because a provider does not answer, counts as being
 * there: it may be back when it is asked.
 */
export async function canWork(
  { tool, preset }: OfferedModel,
  config: Pick<Config, "moa" | "llm">,
  client: ModelClient,
  signal: AbortSignal,
): Promise<boolean> {
  const isThere = async (name: string, configured: string): Promise<boolean> => {
    try {
      await client.resolve(name, { configured, signal, waitMs: LIST_MS });
      return true;
    } catch (error) {
      return !(error instanceof ToolError) || (error.code !== "unknown_model" && error.code !== "not_configured");
    }
  };
  const { moa, llm } = config;
  const names: [name: string, key: string][] =
    tool === "mixture_of_agents"
      ? (preset.models ?? moa.models).map((entry) => [typeof entry === "string" ? entry : entry.model, "moa.models"])
      : [preset.modelId ?? llm.modelId, ...llm.fallbackModels].map((name) => [name, "llm.modelId"]);
  const found = await Promise.all(names.map(([name, key]) => isThere(name, key)));
  return found.includes(true);
}

/** As OpenAI's list of models has it, with what Open-WebUI shows besides. */
export function listed({ id, name, description }: OfferedModel, created: number): Record<string, unknown> {
  return { id, object: "model", created, owned_by: "patchbay", name, ...(description !== "" && { description }) };
}
