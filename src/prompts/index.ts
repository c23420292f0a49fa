import type { AnyPrompt } from "./define-prompt.ts";
import recall from "./recall.ts";

/** Every prompt, in the order of `prompts/list`. */
export const prompts: readonly AnyPrompt[] = [recall];
