import { randomUUID } from "node:crypto";
import type { Usage } from "../llm/account.ts";
import type { StatusEvent } from "../status/status-event.ts";
import type { Answer } from "./answer-chat.ts";

/** Makes the objects of one completion, whole or in chunks (OpenAI, "The chat completion object", "… chunk object"). */
export function createCompletionJson(model: string, includeUsage: boolean) {
  const common = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model };
  const chunk = (delta: Record<string, unknown>, finish_reason: string | null, more: Record<string, unknown> = {}) => ({
    ...common,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    ...(includeUsage && { usage: null }),
    ...more,
  });
  return {
    whole: ({ text, finishReason, more }: Answer, usage: Usage) => ({
      ...common,
      object: "chat.completion",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: text, refusal: null },
          logprobs: null,
          finish_reason: finishReason,
        },
      ],
      usage: usageOf(usage),
      patchbay: more,
    }),
    first: () => chunk({ role: "assistant", content: "" }, null),
    text: (content: string) => chunk({ content }, null),
    thought: (reasoning_content: string) => chunk({ reasoning_content }, null),
    /**
     * A status for Open-WebUI, which takes the event out of any chunk. It stands beside an empty piece of the answer, as the last
     * chunk of every answer has one, because clients look into the first choice of every chunk. `error` colours the line.
     */
    status: ({ type, data }: StatusEvent) =>
      chunk({}, null, { event: { type, data: { ...data, ...(data.status === "error" && { error: true }) } } }),
    last: ({ finishReason, more }: Answer) => chunk({}, finishReason, { patchbay: more }),
    usage: (usage: Usage) => ({ ...common, object: "chat.completion.chunk", choices: [], usage: usageOf(usage) }),
  };
}

/** All calls of the answer together. `cost_usd` is ours: of the calls whose price is known, and absent where none is. */
function usageOf({ prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost_usd }: Usage) {
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    ...(cached_tokens !== undefined && { prompt_tokens_details: { cached_tokens } }),
    ...(reasoning_tokens !== undefined && { completion_tokens_details: { reasoning_tokens } }),
    ...(cost_usd !== null && { cost_usd }),
  };
}
