import { ToolError } from "../errors.ts";
import { createUnderWay } from "../mcp/under-way.ts";
import type { ModelProvider } from "../model-provider/model-provider.ts";
import type { Patchbay } from "../start.ts";
import { tools } from "../tools/index.ts";

/** The models at `/v1`, and their end. */
export interface ServedModels extends ModelProvider {
  /** Resolves when no answer is under way, or after `ms` milliseconds. */
  idle(ms: number): Promise<void>;
  /** Ends every answer that is under way. */
  stop(): Promise<void>;
}

/** The models as the configuration has them, loaded with the first request; undefined where it wants none. */
export function serveModels(patchbay: Patchbay): ServedModels | undefined {
  const { loaded, services, boundary, redact, onCall } = patchbay;
  const { config } = loaded;
  if (!config.modelProvider.enabled) return undefined;
  const limits = createUnderWay(config.limits.callTimeout * 1000);
  let made: Promise<ModelProvider> | undefined;
  const make = async (): Promise<ModelProvider> => {
    const { createModelProvider, needsConfirmation } = await import("../model-provider/create-model-provider.ts");
    return createModelProvider({
      config,
      services,
      maxBytes: config.limits.maxRequestBytes,
      whyOff(name) {
        if (config.tools.disabled.includes(name)) {
          const hint = "It is listed under tools.disabled in the configuration.";
          return new ToolError("disabled", `The tool ${name} is switched off, and its models with it.`, { hint });
        }
        const tool = tools.find((each) => each.name === name);
        // What some calls would have to be asked for, nobody may call without having been asked.
        return tool && boundary.mayConfirm(tool) ? needsConfirmation(name) : undefined;
      },
      limits,
      redact,
      onCall,
    });
  };
  return {
    async fetch(request, context) {
      made ??= make();
      return (await made).fetch(request, context);
    },
    idle: limits.idle,
    stop: limits.stop,
  };
}
