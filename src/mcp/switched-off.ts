import { ToolError } from "../errors.ts";
import type { AnyTool, NeededTool } from "../tools/define-tool.ts";
import { LISTS_MEMORIES, RECALLS } from "./tools-behind.ts";

/** The tools whose resources and prompts give what a call would, and not what one has given before, which nobody is asked about. */
const GIVES_ANEW: ReadonlySet<string> = new Set([LISTS_MEMORIES, RECALLS]);

export interface SwitchedOffOptions {
  tools: readonly AnyTool[];
  /** Tools switched off by the configuration. */
  disabled: readonly string[];
  /** Whether nothing may be changed: tools that write are switched off. */
  readOnly: boolean;
  /** Whether the human may be asked before calls of the tool. */
  mayAsk: (tool: AnyTool) => boolean;
  /** Names of the tools that are made of operations of APIs. */
  pinned: Iterable<string>;
}

/** What the configuration switches off. */
export interface SwitchedOff {
  /** The hint for a tool that is switched off; undefined where it is not. */
  whyOff(tool: Pick<AnyTool, "name" | "effect">): string | undefined;
  /**
   * Why what a tool keeps, and what gives the same by another method, is not there: the tool is switched off, or the human would
   * have to be asked, which other methods cannot. Undefined where it is there.
   */
  whyKeptOff(tool: string | undefined): ToolError | undefined;
  /** @throws ToolError `disabled` that says what of a call needs a tool that is switched off */
  assertOn(needs: readonly NeededTool[]): void;
}

export function createSwitchedOff({ tools, disabled, readOnly, mayAsk, pinned }: SwitchedOffOptions): SwitchedOff {
  function whyOff({ name, effect }: Pick<AnyTool, "name" | "effect">): string | undefined {
    if (disabled.includes(name)) return "It is listed under tools.disabled in the configuration.";
    const writes = effect === "write" || effect === "destroy";
    return readOnly && writes ? "readOnly in the configuration switches off every tool that writes." : undefined;
  }

  function hintOf(name: string | undefined): string | undefined {
    const tool = tools.find((each) => each.name === name);
    return tool && whyOff(tool);
  }

  function hintOfKept(name: string | undefined): string | undefined {
    // Answers of APIs are kept for the tools that are made of operations, too.
    const others = name === "call_api" ? [...pinned] : [];
    return others.some((other) => !disabled.includes(other)) ? undefined : hintOf(name);
  }

  return {
    whyOff,
    whyKeptOff(name) {
      const hint = hintOfKept(name);
      if (hint !== undefined) {
        return new ToolError("disabled", `The tool ${name} is switched off, and what gives the same with it.`, {
          hint,
        });
      }
      const tool = tools.find((each) => each.name === name);
      if (!tool || !GIVES_ANEW.has(tool.name) || !mayAsk(tool)) return undefined;
      return new ToolError(
        "confirmation_required",
        `The user has to be asked before ${name}, which is not possible here.`,
        {
          hint: `Call the tool ${name} instead.`,
        },
      );
    },
    assertOn(needs) {
      for (const { tool, by, effects } of needs) {
        const hint = effects === "kept" ? hintOfKept(tool) : hintOf(tool);
        if (hint === undefined) continue;
        throw new ToolError("disabled", `${by} needs the tool ${tool}, which is switched off.`, { hint });
      }
    },
  };
}
