import { existsSync } from "node:fs";
import { configSchema } from "../config/config-schema.ts";
import type { LoadedConfig } from "../config/loaded-config.ts";
import { ToolError } from "../errors.ts";
import { type ServiceContainer, type Services, tryEmbeddings } from "../services.ts";
import { checkApis } from "./check-apis.ts";
import { checkConfirmations } from "./check-confirmations.ts";
import { checkIdentity } from "./check-identity.ts";
import { checkStatusLines } from "./check-open-webui.ts";
import { checkPages } from "./check-pages.ts";
import { checkServedModels } from "./check-served-models.ts";

/**
 * What was found of one part: `ok`, `off` where the configuration leaves it out, `warn` where it is doubtful that it is meant as
 * it is configured, `broken` where it cannot work as configured.
 */
export interface Check {
  /** The service that the part belongs to; tools that use it depend on the part. */
  service: keyof Services | "configuration";
  /** Such as `provider local`. */
  name: string;
  state: "ok" | "off" | "warn" | "broken";
  detail: string;
  /** What to do about it. */
  hint?: string | undefined;
  /** Of a model that was asked: the keys of the configuration that mean it. */
  keys?: readonly string[];
  /** Names of the tools that it is about; undefined: all that use the service. */
  tools?: readonly string[];
  /** The tool that an operation of an API is, where that is what was looked at. */
  tool?: { name: string; title: string };
}

/** Milliseconds that one part may take to be checked. */
const CHECK_MS = 8_000;

/**
 * Looks at every part: opens the database, asks the model providers, reads the APIs' documents and, with `ask`, asks for the
 * tokens that they want. Never throws.
 */
export async function checkAll(
  loaded: LoadedConfig,
  services: ServiceContainer,
  { ask = false }: { ask?: boolean } = {},
): Promise<Check[]> {
  const parts: Promise<Check[]>[] = [
    guarded("memory", "memory", () => checkMemory(loaded, services)),
    guarded("memory", "embeddings", () => checkEmbeddings(loaded, services)),
    guarded("llm", "models", () => checkModels(loaded, services)),
    guarded("apis", "APIs", () => checkApis(loaded, services, { signal: AbortSignal.timeout(CHECK_MS), ask })),
    guarded("pipelines", "pipelines", () => checkPipelines(services)),
    guarded("configuration", "models at /v1", () => checkServedModels(loaded, services, AbortSignal.timeout(CHECK_MS))),
    guarded("configuration", "auth", () => checkIdentity(loaded)),
    guarded("configuration", "openWebui.url", () => checkStatusLines(loaded, AbortSignal.timeout(CHECK_MS))),
  ];
  return [
    checkConfiguration(loaded),
    ...checkAnswerCache(loaded),
    ...checkMixture(loaded),
    ...checkConfirmations(loaded),
    ...checkPages(loaded),
    ...(await Promise.all(parts)).flat(),
  ];
}

async function guarded(service: Check["service"], name: string, check: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof ToolError)) {
      return [{ service, name, state: "broken", detail: `The check failed (${(error as Error).message}).` }];
    }
    const state = error.code === "not_configured" ? "off" : "broken";
    return [{ service, name, state, detail: error.message, hint: error.hint }];
  }
}

function checkConfiguration({ file }: LoadedConfig): Check {
  const detail = file ? `read from ${file}` : "no file; defaults and environment";
  return { service: "configuration", name: "configuration", state: "ok", detail };
}

/** Whether answers are to be kept that no model gives: those of temperature 0 alone are. */
function checkAnswerCache({ config: { llm, moa } }: LoadedConfig): Check[] {
  const temperatures = moa.models.map((entry) => (typeof entry === "string" ? undefined : entry.temperature));
  if (llm.cache.ttl === 0 || [llm.temperature, ...temperatures].includes(0)) return [];
  const detail = "llm.cache.ttl is set, but no model has temperature 0, so no answer is kept";
  const hint = "Set llm.temperature: 0 as well, or leave out llm.cache.ttl.";
  return [{ service: "configuration", name: "llm.cache", state: "off", detail, hint }];
}

/** Whether limits of mixtures are there that others keep from ever counting. */
function checkMixture({ config: { moa } }: LoadedConfig): Check[] {
  const off = (name: string, detail: string, hint: string): Check => ({
    service: "configuration",
    name,
    state: "off",
    detail,
    hint,
  });
  const { quorum, agentsPerLayer, callTimeout, timeout } = moa;
  return [
    ...(quorum !== undefined && quorum > agentsPerLayer
      ? [
          off(
            "moa.quorum",
            `moa.quorum is ${quorum}, but a layer has ${agentsPerLayer} agents, so it waits for all of them`,
            `Set moa.quorum to at most ${agentsPerLayer}, or raise moa.agentsPerLayer.`,
          ),
        ]
      : []),
    ...(callTimeout > timeout
      ? [
          off(
            "moa.callTimeout",
            `moa.callTimeout is ${callTimeout} s, but a whole run has ${timeout} s, so no call has that long`,
            "Lower moa.callTimeout, or raise moa.timeout.",
          ),
        ]
      : []),
  ];
}

/** Whether the model answers that memories are to be found by. Without one, there is nothing to say. */
async function checkEmbeddings({ config }: LoadedConfig, services: ServiceContainer): Promise<Check[]> {
  const { embeddings } = config.memory;
  if (embeddings.model === undefined) return [];
  const llm = services.get(["llm"]).then((made) => made.llm);
  const about = { service: "memory", name: "embeddings" } as const;
  try {
    const dimensions = await tryEmbeddings(embeddings, llm, AbortSignal.timeout(CHECK_MS));
    return [{ ...about, state: "ok", detail: `${embeddings.model}, ${dimensions} dimensions` }];
  } catch (error) {
    const hint = error instanceof ToolError ? error.hint : undefined;
    const detail = `${embeddings.model}: ${error instanceof Error ? error.message : String(error)}`;
    return [{ ...about, state: "broken", detail, hint }];
  }
}

async function checkMemory({ config }: LoadedConfig, services: ServiceContainer): Promise<Check[]> {
  const isNew = !existsSync(config.dataDir);
  const { memory } = await services.get(["memory"]);
  const { memories } = await memory.stats({ id: config.user });
  const where =
    config.memory.database === "sqlite" ? `SQLite in ${config.dataDir}${isNew ? " (new)" : ""}` : "PostgreSQL";
  const detail = `${where}, ${memories} of ${config.memory.maxMemories} memories of "${config.user}"`;
  return [{ service: "memory", name: "memory", state: "ok", detail }];
}

async function checkModels({ config }: LoadedConfig, services: ServiceContainer): Promise<Check[]> {
  const { llm } = await services.get(["llm"]);
  const signal = AbortSignal.timeout(CHECK_MS);
  const checks: Check[] = (await llm.check(signal)).map((provider) => ({
    service: "llm",
    name: `provider ${provider.name}`,
    state: provider.reachable ? "ok" : "broken",
    detail: provider.reachable
      ? `${provider.base_url} (${provider.origin}), ${describeModels(provider.models)}`
      : (provider.error ?? "not reachable"),
    hint: provider.hint,
  }));
  // Asking for a model words the reason where there is no provider at all.
  if (checks.length === 0) await llm.models(signal);
  if (!checks.some((check) => check.state === "ok")) return checks;
  const named: Record<string, readonly string[]> = {
    "llm.modelId": [config.llm.modelId],
    "llm.fallbackModels": config.llm.fallbackModels,
    "moa.models": config.moa.models.map((entry) => (typeof entry === "string" ? entry : entry.model)),
    "moa.aggregatorModel": [config.moa.aggregatorModel],
  };
  const meant: Check[] = [];
  for (const [key, names] of Object.entries(named)) meant.push(...(await checkNames(key, names, llm, signal)));
  const names = Object.values(named).flat();
  const isFound = meant.filter(({ state }) => state === "broken").length < names.length;
  const defaults = configSchema.parse({}).moa.models;
  const areDefault = names.every((name) => defaults.includes(name));
  if (isFound || config.memory.embeddings.model === undefined || !areDefault) {
    return [...checks, ...meant];
  }
  // Who wants no more than embeddings has nothing to mend.
  const providers = checks.map((check): Check => ({ ...check, service: "memory" }));
  const detail = "the providers have no model for chat, only for embeddings";
  const hint = "For the tools that ask a model, add a provider of one; docs/models.md shows how.";
  return [...providers, { service: "llm", name: "models", state: "off", detail, hint }];
}

/** What names of the configuration mean: nothing where they are there as they are written. */
async function checkNames(
  key: string,
  names: readonly string[],
  llm: Services["llm"],
  signal: AbortSignal,
): Promise<Check[]> {
  const standIns = new Map<string, string>();
  const failures: Check[] = [];
  for (const name of names) {
    try {
      const chosen = await llm.resolve(name, { configured: key, avoid: [...standIns.values()], signal });
      if (chosen.warning) standIns.set(name, chosen.name);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      failures.push({ service: "llm", name: key, state: "broken", detail: error.message, hint: error.hint });
    }
  }
  if (standIns.size === 0) return failures;
  const pairs = [...standIns].map(([name, model]) => `"${name}" means ${model}`).join(", ");
  const detail = `${pairs}; configure the ${names.length === 1 ? "model" : "models"} you want`;
  return [...failures, { service: "llm", name: key, state: "ok", detail }];
}

function describeModels(models: readonly string[]): string {
  if (models.length === 0) return "no list of models";
  const shown = models.slice(0, 5).join(", ");
  return `${models.length} ${models.length === 1 ? "model" : "models"}: ${shown}${models.length > 5 ? ", …" : ""}`;
}

async function checkPipelines(services: ServiceContainer): Promise<Check[]> {
  const { pipelines } = await services.get(["pipelines"]);
  const named = await pipelines.list();
  const working = named
    .filter(({ error }) => error === undefined)
    .map(({ name, version }) => (version === "1" ? name : `${name}@${version}`));
  // Steps given in the call work whatever the named pipelines are like.
  const none = named.length === 0 ? "none named" : "no named one works";
  const detail = working.length === 0 ? `${none}; steps are given in the call` : working.join(", ");
  const broken = named.flatMap(({ name, error, hint }): Check[] =>
    error === undefined
      ? []
      : [{ service: "pipelines", name: `pipeline ${name}`, state: "broken", detail: error, hint }],
  );
  return [{ service: "pipelines", name: "pipelines", state: "ok", detail }, ...broken];
}
