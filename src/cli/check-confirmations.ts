import type { LoadedConfig } from "../config/loaded-config.ts";
import { createConfirmationPolicy } from "../mcp/confirmation-policy.ts";
import { tools } from "../tools/index.ts";
import type { Check } from "./checks.ts";

/** Which calls the human is asked about first; nothing where that is left to its default. */
export function checkConfirmations({ config }: LoadedConfig): Check[] {
  const { confirmationRequired: setting } = config.interaction;
  const apis = Object.entries(config.apis).filter(([, { confirm }]) => confirm !== false && confirm !== undefined);
  if (setting === false && apis.length === 0) return [];
  const about = { service: "configuration", name: "confirmations" } as const;
  const policy = createConfirmationPolicy(setting, { readOnly: config.readOnly });
  const isOff = ({ name, effect }: (typeof tools)[number]) =>
    config.tools.disabled.includes(name) || (config.readOnly && (effect === "write" || effect === "destroy"));
  const guarded = tools.filter((tool) => policy.mayAsk(tool) && !isOff(tool)).map(({ name }) => name);
  const rules = typeof setting === "boolean" ? [] : setting.map(inWords);
  const parts = [
    ...(setting === true ? ["every tool but confirm_action"] : rules),
    ...apis.map(([name]) => `calls of the API ${name} (apis.${name}.confirm)`),
  ];
  const detail = `asks before ${parts.join("; ")}`;
  if (setting !== false && guarded.length === 0 && rules.length > 0) {
    const hint = "The tools that the rules are about are switched off.";
    return [{ ...about, state: "warn", detail: "no tool is asked about, whatever the rules say", hint }];
  }
  return [{ ...about, state: "ok", detail }];
}

function inWords(
  entry: string | { tool?: string | undefined; effect?: string | undefined; costUsd?: number | undefined },
) {
  if (typeof entry === "string") return entry;
  const { tool = "any tool", effect, costUsd } = entry;
  const parts = [...(effect === undefined ? [] : [effect]), ...(costUsd === undefined ? [] : [`above $${costUsd}`])];
  return parts.length > 0 ? `${tool} (${parts.join(", ")})` : tool;
}
