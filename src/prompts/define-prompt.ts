import type { Services } from "../services.ts";
import type { User } from "../tools/define-tool.ts";

export interface PromptContext<Uses extends keyof Services = never> {
  user: User;
  services: Pick<Services, Uses>;
}

export interface PromptArgument {
  name: string;
  title: string;
  description: string;
  required: boolean;
}

export interface PromptDefinition<Uses extends keyof Services = keyof Services> {
  /** Snake case. */
  name: string;
  title: string;
  /** What it does, for the human who chooses it. */
  description: string;
  arguments: readonly PromptArgument[];
  uses: readonly Uses[];
  /**
   * The text of the one user message that the prompt is. `args` has every required argument and no unknown one.
   * @throws ToolError `invalid_input`
   */
  get(args: Readonly<Record<string, string>>, context: PromptContext<Uses>): Promise<string>;
  /** Values of an argument that begin so, the likeliest first. */
  complete?(argument: string, start: string, context: PromptContext<Uses>): Promise<string[]>;
}

/** A prompt whose own types are forgotten, as the protocol's side sees it. */
export type AnyPrompt = PromptDefinition;

/** Declares a prompt. */
export function definePrompt<Uses extends keyof Services>(definition: PromptDefinition<Uses>): AnyPrompt {
  return definition as unknown as AnyPrompt;
}
