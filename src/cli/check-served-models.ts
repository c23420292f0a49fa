import type { LoadedConfig } from "../config/loaded-config.ts";
import { ToolError } from "../errors.ts";
import { createConfirmationPolicy } from "../mcp/confirmation-policy.ts";
import type { ServiceContainer } from "../services.ts";
import { tools } from "../tools/index.ts";
import type { Check } from "./checks.ts";

/** Which models the HTTP server offers at `/v1`, which of them cannot work, and whether the model of Open-WebUI's tasks is there. */
export async function checkServedModels(
  { config }: LoadedConfig,
  services: ServiceContainer,
  signal: AbortSignal,
): Promise<Check[]> {
  const about = { service: "configuration", name: "models at /v1" } as const;
  if (!config.modelProvider.enabled) return [{ ...about, state: "off", detail: "modelProvider.enabled is false" }];
  const { canWork, modelsOf } = await import("../model-provider/offered-models.ts");
  const { llm } = await services.get(["llm"]);
  const policy = createConfirmationPolicy(config.interaction.confirmationRequired);
  const asked = new Set(tools.filter((tool) => policy.mayAsk(tool)).map(({ name }) => name));
  const models = modelsOf(config);
  const states = await Promise.all(
    models.map(async (model) => {
      if (config.tools.disabled.includes(model.tool)) return "is switched off (tools.disabled)";
      if (asked.has(model.tool)) return "would have to be confirmed (interaction.confirmationRequired)";
      return (await canWork(model, config, llm, signal)) ? undefined : "has no model that is there";
    }),
  );
  const offered = models.filter((_, index) => states[index] === undefined).map(({ id }) => id);
  const left = models.flatMap(({ id }, index) => (states[index] === undefined ? [] : [`${id} ${states[index]}`]));
  // A preset is meant to be there; the two models that come by themselves are not missed.
  const missed = left.some((line) => /^[^ ]+\//.test(line));
  const detail = [
    offered.length > 0 ? offered.join(", ") : "none",
    ...(left.length > 0 ? [`not offered: ${left.join(", ")}`] : []),
  ].join("; ");
  const task = config.modelProvider.taskModel;
  return [
    { ...about, state: offered.length === 0 ? "off" : missed ? "warn" : "ok", detail },
    ...(task === undefined ? [] : await checkTaskModel(task, (name) => llm.resolve(name, { signal }))),
  ];
}

async function checkTaskModel(task: string, resolve: (name: string) => Promise<unknown>): Promise<Check[]> {
  try {
    await resolve(task);
    return [];
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== "unknown_model") return [];
    const name = "modelProvider.taskModel";
    return [{ service: "configuration", name, state: "broken", detail: error.message, hint: error.hint }];
  }
}
