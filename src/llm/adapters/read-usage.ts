import type { TokenUsage } from "../model-adapter.ts";
import { isObject } from "./read-failure.ts";

/** No request uses as many tokens, or costs as much in USD. */
const TOO_MANY = 1e9;
const TOO_DEAR = 1e6;

/**
 * The tokens that a provider says it used; undefined where it says nothing, or what cannot be. The total is the sum of prompt
 * and answer.
 */
export function readUsage(usage: unknown): TokenUsage | undefined {
  if (!isObject(usage)) return undefined;
  const { prompt_tokens_details: ofPrompt, completion_tokens_details: ofAnswer } = usage;
  const prompt = count(usage.prompt_tokens ?? 0);
  const told = count(usage.completion_tokens ?? 0);
  if (prompt === undefined || told === undefined || prompt + told === 0) return undefined;
  // xAI, and Gemini by OpenAI's API, count reasoning beside the answer, and bill both.
  const beside = Math.max(0, (count(usage.total_tokens) ?? 0) - prompt - told);
  const completion = told + beside;
  const within = isObject(ofAnswer) ? count(ofAnswer.reasoning_tokens) : undefined;
  const reasoning = beside === 0 || within === beside ? within : (within ?? 0) + beside;
  const cached = isObject(ofPrompt) ? count(ofPrompt.cached_tokens) : undefined;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    ...(cached !== undefined && cached <= prompt && { cached_tokens: cached }),
    ...(reasoning !== undefined && reasoning <= completion && { reasoning_tokens: reasoning }),
  };
}

/** What a provider says that a call cost, in USD; undefined where it says nothing, or what cannot be. */
export function readCost(usage: unknown): number | undefined {
  const cost = isObject(usage) ? usage.cost : undefined;
  return typeof cost === "number" && cost >= 0 && cost < TOO_DEAR ? cost : undefined;
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < TOO_MANY
    ? (value as number)
    : undefined;
}
