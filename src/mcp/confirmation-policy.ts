import type { AnyTool, NeededTool, ToolEffect } from "../tools/define-tool.ts";

/** All parts that are given have to fit. */
export interface ConfirmationRule {
  tool?: string | undefined;
  effect?: ToolEffect | undefined;
  /** Fits calls that may cost more than this in USD, or whose cost is unknown. */
  costUsd?: number | undefined;
}

/** `interaction.confirmationRequired`: every call, none, or those of the named tools and those that a rule fits. */
export type ConfirmationSetting = boolean | readonly (string | ConfirmationRule)[];

/** What may be asked of a call; each is found out only where a rule depends on it. */
export interface PolicyCall {
  /** What the call does, of all that the tool can do. */
  effects(): Promise<readonly ToolEffect[]>;
  /** What it may cost at most in USD; undefined: unknown. */
  mostUsd(): Promise<number | undefined>;
}

export interface ConfirmationPolicy {
  /** Whether the human may be asked before a call of the tool. */
  mayAsk(tool: AnyTool): boolean;
  /** Whether the human has to be asked before this call. @throws what finding out about the call throws */
  asks(tool: AnyTool, call: PolicyCall): Promise<boolean>;
  /** What a call does of the work of other tools of which a call would have to be asked about. @throws likewise */
  guarded(
    needs: readonly NeededTool[],
    call: Pick<PolicyCall, "mostUsd"> & { tools: readonly AnyTool[] },
  ): Promise<NeededTool[]>;
  /** The rules about a tool that a person names, and that none of its calls can fit, each as a sentence. */
  misfits(tools: readonly AnyTool[]): string[];
}

/** The tools that ask the human by themselves, so that nobody has to confirm that there is something to confirm. */
const ASKS_ITSELF: ReadonlySet<string> = new Set(["confirm_action"]);

/** What the calls of a tool can do: those that reach other systems may read, write or remove something there. */
function possibleEffects(tool: AnyTool, readOnly: boolean): readonly ToolEffect[] {
  if (tool.effectsOf === undefined) return [readOnly && tool.effect === "write-open" ? "read-open" : tool.effect];
  return tool.effect === "read-open" || readOnly ? ["read-open"] : ["read-open", "write-open", "destroy"];
}

/** Which calls the human is asked about before they run, as `interaction.confirmationRequired` says. */
export function createConfirmationPolicy(
  setting: ConfirmationSetting,
  { readOnly = false }: { readOnly?: boolean } = {},
): ConfirmationPolicy {
  const rules: readonly ConfirmationRule[] =
    typeof setting === "boolean"
      ? setting
        ? [{}]
        : []
      : setting.map((entry) => (typeof entry === "string" ? { tool: entry } : entry));

  function mayFit(rule: ConfirmationRule, tool: AnyTool): boolean {
    if (ASKS_ITSELF.has(tool.name) || (rule.tool !== undefined && rule.tool !== tool.name)) return false;
    if (rule.effect !== undefined && !possibleEffects(tool, readOnly).includes(rule.effect)) return false;
    // What calls no model costs nothing that is known here, so it never costs more than a limit.
    return rule.costUsd === undefined || tool.mayCost !== undefined;
  }

  async function asks(tool: AnyTool, call: PolicyCall): Promise<boolean> {
    const possible = rules.filter((rule) => mayFit(rule, tool));
    // One that needs no look at the call decides at once.
    if (possible.some(({ effect, costUsd }) => effect === undefined && costUsd === undefined)) return true;
    for (const { effect, costUsd } of possible) {
      if (effect !== undefined && !(await call.effects()).includes(effect)) continue;
      if (costUsd === undefined || ((await call.mostUsd()) ?? Number.POSITIVE_INFINITY) > costUsd) return true;
    }
    return false;
  }

  return {
    mayAsk: (tool) => rules.some((rule) => mayFit(rule, tool)),
    asks,
    async guarded(needs, { tools, mostUsd }) {
      const guarded: NeededTool[] = [];
      for (const need of needs) {
        const { effects } = need;
        const tool = tools.find(({ name }) => name === need.tool);
        if (!tool || effects === "kept" || effects === "tried") continue;
        if (await asks(tool, { effects: async () => effects, mostUsd })) guarded.push(need);
      }
      return guarded;
    },
    misfits: (tools) =>
      rules.flatMap((rule) => {
        const tool = tools.find(({ name }) => name === rule.tool);
        if (!tool || mayFit(rule, tool) || ASKS_ITSELF.has(tool.name)) return [];
        const { effect } = rule;
        const possible = possibleEffects(tool, false);
        if (effect !== undefined && !possible.includes(effect)) {
          return [`no call of ${tool.name} has the effect "${effect}", only ${possible.join(", ")}`];
        }
        return rule.costUsd !== undefined && tool.mayCost === undefined
          ? [`calls of ${tool.name} cost nothing that is known, so costUsd fits none of them`]
          : [];
      }),
  };
}

/** What the human is told of the cost of a call. Amounts are rounded up. */
export function costInWords(usd: number | undefined): string {
  if (usd === undefined) return "What it may cost is not known.";
  if (usd <= 0) return "It costs nothing.";
  const digits = Math.max(2, Math.ceil(-Math.log10(usd)) + 1);
  const rounded = Math.ceil(usd * 10 ** digits - 1e-9) / 10 ** digits;
  return `It may cost up to $${rounded.toFixed(digits)}.`;
}
