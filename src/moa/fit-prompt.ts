import type { ChatMessage } from "../llm/model-adapter.ts";
import type { Proposal } from "./prompts.ts";

/** A prompt, and where it holds proposals, how to write it with fewer or shorter ones. */
export interface Prompt {
  messages: ChatMessage[];
  proposals?: readonly Proposal[];
  write?: (proposals: readonly Proposal[]) => ChatMessage[];
}

/** A proposal of fewer tokens says too little. */
const LEAST_SHARE = 64;

/** Tokens of messages, as `estimate` counts. */
export function sizeOf(messages: readonly ChatMessage[], estimate: (text: string) => number): number {
  return estimate(messages.map((message) => message.content).join("\n"));
}

/**
 * The prompt for a context of so many tokens: its proposals cut to equal shares of what is left beside query and answer, and
 * as few of them as need be. Undefined where there are none to cut, or the rest alone does not fit.
 */
export function fitPrompt(
  prompt: Prompt,
  contextTokens: number,
  maxTokens: number,
  estimate: (text: string) => number,
): { messages: ChatMessage[]; maxTokens: number } | undefined {
  const { proposals = [], write } = prompt;
  if (!write || proposals.length === 0) return undefined;
  const answer = Math.min(maxTokens, Math.floor(contextTokens / 3));
  for (let count = proposals.length; count > 0; count--) {
    const kept = proposals.slice(0, count);
    const frame = sizeOf(write(kept.map(() => "")), estimate);
    const share = Math.floor(((contextTokens - answer) * 0.9 - frame) / count);
    if (share >= LEAST_SHARE)
      return { messages: write(kept.map((proposal) => cut(proposal, share, estimate))), maxTokens: answer };
  }
  return undefined;
}

function cut(proposal: Proposal, tokens: number, estimate: (text: string) => number): Proposal {
  const { text, partial } = typeof proposal === "string" ? { text: proposal } : proposal;
  const size = estimate(text);
  return size <= tokens
    ? proposal
    : { text: `${text.slice(0, Math.floor((text.length * tokens) / size))} […]`, partial };
}
