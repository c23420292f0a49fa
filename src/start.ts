import { randomBytes } from "node:crypto";
import type { LoadedConfig } from "./load-config.ts";
import { createLog, type Log } from "./log.ts";
import { createToolBoundary, type ToolBoundary } from "./mcp/call-tool.ts";
import { createRedactor, secretsOfEnvironment } from "./redact.ts";
import { createServices, type ServiceContainer } from "./services.ts";
import { tools } from "./tools/index.ts";

/** The parts that every transport shares: one set of services, one boundary, one log. */
export interface Patchbay {
  loaded: LoadedConfig;
  services: ServiceContainer;
  boundary: ToolBoundary;
  log: Log;
  redact: (text: string) => string;
  /** Seals what waiting calls carry through clients; lives as long as this process. */
  stateKey: Uint8Array;
  dispose(): Promise<void>;
}

/** Puts a server together without opening, loading or contacting anything yet. */
export function createPatchbay(loaded: LoadedConfig, env: NodeJS.ProcessEnv = process.env): Patchbay {
  const { config } = loaded;
  const redact = createRedactor([...loaded.secrets, ...secretsOfEnvironment(env)]);
  const log = createLog(config.logLevel, redact);
  const services = createServices(config, env);
  const boundary = createToolBoundary({
    tools,
    services,
    disabled: config.tools.disabled,
    confirmationRequired: config.interaction.confirmationRequired,
    callTimeoutMs: config.limits.callTimeout * 1000,
    redact,
    onCall({ error, ms, ...call }) {
      const line = { ...call, ms: Math.round(ms * 10) / 10 };
      if (error === undefined) log.debug(line, "tool call");
      else log.error({ ...line, err: error }, "tool call failed by a bug");
    },
  });
  return { loaded, services, boundary, log, redact, stateKey: randomBytes(32), dispose: () => services.dispose() };
}
