import type { LoadedConfig } from "../config/loaded-config.ts";
import type { Services } from "../services.ts";
import { tools } from "../tools/index.ts";
import type { Check } from "./checks.ts";

type Config = LoadedConfig["config"];
type Tool = (typeof tools)[number];

/** Whether a tool can be used now. */
export interface ToolState {
  name: string;
  title: string;
  /** Why it cannot be. */
  off?: string | undefined;
  /** Names of the parts that it cannot be used with. */
  without: readonly string[];
}

/** Every tool, those that operations of APIs are last, by what the checks found and the configuration says. */
export function toolStates(checks: readonly Check[], config: Config): ToolState[] {
  const builtIn = tools.map((tool): ToolState => {
    const off = switchedOff(tool, config) ?? brokenFor(checks, tool);
    const without = off === undefined ? brokenParts(checks, tool).map(({ name }) => name) : [];
    return { name: tool.name, title: tool.title, off, without };
  });
  const pinned = checks.flatMap((check): ToolState[] => {
    if (check.tool === undefined) return [];
    const { name, title } = check.tool;
    const off = config.tools.disabled.includes(name)
      ? "switched off by tools.disabled"
      : check.state === "ok"
        ? checks.find(({ state, tools: own }) => state === "broken" && own?.includes(name))?.detail
        : check.detail;
    return [{ name, title, off, without: [] }];
  });
  return [...builtIn, ...pinned];
}

function switchedOff(tool: Tool, config: Config): string | undefined {
  if (config.tools.disabled.includes(tool.name)) return "switched off by tools.disabled";
  if (config.readOnly && (tool.effect === "write" || tool.effect === "destroy")) return "switched off by readOnly";
  if (tool.name === "memory_search" && !config.memory.enableSearch) return "switched off by memory.enableSearch";
  return undefined;
}

/** Why nothing that a tool uses works. */
function brokenFor(checks: readonly Check[], tool: Tool): string | undefined {
  let reason: string | undefined;
  for (const use of tool.uses) {
    const parts = checks.filter((check) => check.service === servedBy(use) && isWhole(check));
    const works = (check: Check) => isWorking(check) || !concerns(check, tool);
    if (!parts.some(works)) reason = parts.find((check) => !works(check))?.detail ?? reason;
    const room = use === "processor" ? "llm." : use === "moa" ? "moa." : undefined;
    const models = checks.filter(({ keys = [] }) =>
      keys.some((key) => key === "llm.fallbackModels" || (room !== undefined && key.startsWith(room))),
    );
    const isMeant = models.some(({ keys = [] }) => keys.some((key) => room !== undefined && key.startsWith(room)));
    if (isMeant && models.every(({ state }) => state === "broken")) {
      reason = `none of its models answers: ${models.map(({ name }) => name).join(", ")}`;
    }
  }
  return reason;
}

/** What is broken of the parts that a tool uses. */
function brokenParts(checks: readonly Check[], tool: Tool): Check[] {
  const services = new Set<string>(tool.uses.map(servedBy));
  return checks.filter((check) => check.state === "broken" && services.has(check.service) && concerns(check, tool));
}

function isWorking({ state }: Check): boolean {
  return state === "ok" || state === "warn";
}

/** Whether a check is of a part that tools need, not of a single tool or setting. */
function isWhole({ tools: own, tool }: Check): boolean {
  return tool === undefined && (own === undefined || own.length > 0);
}

function concerns({ tools: own }: Check, { name }: Pick<Tool, "name">): boolean {
  return own === undefined || own.includes(name);
}

/** The service whose check tells whether this one works. */
function servedBy(service: keyof Services): keyof Services {
  return service === "processor" || service === "moa" ? "llm" : service;
}
