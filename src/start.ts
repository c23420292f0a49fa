import type { LoadedConfig } from "./config/loaded-config.ts";
import { nameProblems, pinnedEntries } from "./config/pinned-names.ts";
import { ToolError } from "./errors.ts";
import { createLog, type Log } from "./log.ts";
import { type CallLog, createToolBoundary, type ToolBoundary } from "./mcp/call-tool.ts";
import { type ConfirmationSetting, createConfirmationPolicy } from "./mcp/confirmation-policy.ts";
import { prompts } from "./prompts/index.ts";
import { createRedactor, secretsOfEnvironment } from "./redact/redact.ts";
import { resources } from "./resources/index.ts";
import { createServices, type ServiceContainer } from "./services.ts";
import { tools } from "./tools/index.ts";
import { createPinnedTools } from "./tools/pinned-tools.ts";
import { pipelineRemark } from "./tools/pipeline-remark.ts";

/** The parts that every transport shares: one set of services, one boundary, one log. */
export interface Patchbay {
  loaded: LoadedConfig;
  services: ServiceContainer;
  boundary: ToolBoundary;
  log: Log;
  /** Blots out secrets; `cut`: the text goes on, so that a beginning of a secret at its end goes too. */
  redact: (text: string, options?: { cut?: boolean | undefined }) => string;
  /** Writes into the log how a call ended, where that is wanted or it failed by a bug. */
  onCall(call: CallLog): void;
  /** Seals what waiting calls carry through clients; lives as long as this process, and is made when it is first asked for. */
  readonly stateKey: Uint8Array;
  dispose(): Promise<void>;
}

/**
 * Puts a server together without opening, loading or contacting anything yet.
 * @throws ToolError `invalid_config` where a tool is named that does not exist
 */
export function createPatchbay(
  loaded: LoadedConfig,
  env: NodeJS.ProcessEnv = process.env,
  { pagesUrl }: { pagesUrl?: () => string | undefined } = {},
): Patchbay {
  const { config } = loaded;
  const builtIn = tools.map(({ name }) => name);
  const pinned = pinnedEntries(config.apis, builtIn);
  checkPinnedNames(config.apis, builtIn);
  const names = [...builtIn, ...pinned.map(({ name }) => name)];
  checkToolNames("tools.disabled", config.tools.disabled, names);
  const { confirmationRequired } = config.interaction;
  checkConfirmations(confirmationRequired, names);
  const redact = createRedactor([...loaded.secrets, ...secretsOfEnvironment(env)]);
  const log = createLog(config.logLevel, redact);
  const debugging = log.has("debug");
  const services = createServices(config, env, (message) => log.warn({}, message), redact, pagesUrl);
  const boundary = createToolBoundary({
    tools,
    resources,
    prompts,
    services,
    disabled: config.tools.disabled,
    confirmationRequired,
    confirmsCalls: Object.values(config.apis).some(({ confirm }) => confirm !== false),
    readOnly: config.readOnly,
    remarks: new Map([["run_pipeline", pipelineRemark(config.pipelines)]]),
    pinned:
      pinned.length === 0
        ? undefined
        : createPinnedTools(pinned, services, (message) => log.warn({}, message), {
            callApi: !config.tools.disabled.includes("call_api"),
          }),
    callTimeoutMs: config.limits.callTimeout * 1000,
    answerMs: config.interaction.answerTimeout * 1000,
    redact,
    redactOf: userRedactor(redact, services),
    statusSinks: debugging ? [({ data }) => log.debug(data, "status")] : [],
    onCall,
  });
  function onCall({ error, ms, ...call }: CallLog): void {
    if (error === undefined && !debugging) return;
    const line = { ...call, ms: Math.round(ms * 10) / 10 };
    if (error === undefined) log.debug(line, "call");
    else log.error({ ...line, err: error }, "call failed by a bug");
  }
  for (const warning of loaded.warnings) log.warn({}, warning);
  let stateKey: Uint8Array | undefined;
  return {
    loaded,
    services,
    boundary,
    log,
    redact,
    onCall,
    get stateKey() {
      stateKey ??= crypto.getRandomValues(new Uint8Array(32));
      return stateKey;
    },
    async dispose() {
      await services.dispose();
      await log.flush();
    },
  };
}

/** What hides a user's own secrets besides, in all that leaves the server for that user. */
function userRedactor(redact: (text: string) => string, services: ServiceContainer) {
  return (user: string): ((text: string) => string) => {
    const finder = services.peek("secrets")?.finderOf(user);
    return finder ? (text) => finder.hide(redact(text)) : redact;
  };
}

/** A misspelt name would switch nothing off, or ask nobody. */
function checkToolNames(key: string, given: readonly string[], names: readonly string[]): void {
  const wrong = given.filter((name) => !names.includes(name));
  if (wrong.length === 0) return;
  throw new ToolError("invalid_config", `${key}: there is no tool ${wrong.map((name) => `"${name}"`).join(", ")}.`, {
    hint: `Tools: ${names.join(", ")}.`,
  });
}

/** A rule that fits nothing would ask nobody. */
function checkConfirmations(setting: ConfirmationSetting, names: readonly string[]): void {
  if (typeof setting === "boolean") return;
  const key = "interaction.confirmationRequired";
  const named = setting.flatMap((entry) => (typeof entry === "string" ? entry : (entry.tool ?? [])));
  checkToolNames(key, named, names);
  const [misfit] = createConfirmationPolicy(setting).misfits(tools);
  if (misfit === undefined) return;
  throw new ToolError("invalid_config", `${key}: ${misfit}.`, {
    hint: "Leave out what does not fit, or name another tool; docs/confirmations.md says what fits what.",
  });
}

/** Two tools of one name could not be told apart. */
function checkPinnedNames(apis: LoadedConfig["config"]["apis"], builtIn: readonly string[]): void {
  const problems = nameProblems(apis, builtIn);
  if (problems.length === 0) return;
  throw new ToolError("invalid_config", problems.map(({ key, problem }) => `${key}: ${problem}.`).join(" "), {
    hint: "Give the operation a name of its own: { operation: …, name: … }.",
  });
}
