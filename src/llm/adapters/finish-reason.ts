/** Why an answer ended: by itself, at a limit of tokens, by a content filter, or because the provider broke it off. */
export type FinishReason = "stop" | "length" | "content_filter" | "interrupted";

/** Words that a reason is told by, the first that fits: providers have many, and make up new ones of the same parts. */
const WORDS: readonly (readonly [FinishReason, RegExp])[] = [
  ["length", /length|limit|(?:max|output)\w*tokens?|context_window/],
  ["content_filter", /filter|safety|refus|block|prohibit|recitation|language|spii|sensitive|toxic|guardrail|moderat/],
  ["stop", /^(?:finish_reason_)?(?:stop(?:_sequence)?|end|end_turn|eos|eos_token|completed?|done|finished|success)$/],
  // A call of a tool is another answer than a text, or the tool that stands for the format.
  ["stop", /^(?:tool_calls?|function_calls?|tool_use)$/],
  [
    "interrupted",
    /error|abort|cancel|interrupt|pause|fail|other|malformed|unexpected|incomplete|insufficient|overload|time_?out/,
  ],
];

/**
 * What a provider's finish reason means. `unknown` is the word where it is none that is known: it counts as `stop`, for most
 * such words of small servers mean that, but the caller has to be told.
 */
export function finishReasonOf(told: unknown): { reason: FinishReason; unknown?: string } {
  if (typeof told !== "string" || told.trim() === "") return { reason: "stop" };
  const word = told.trim().toLowerCase();
  for (const [reason, pattern] of WORDS) if (pattern.test(word)) return { reason };
  return { reason: "stop", unknown: told.slice(0, 60) };
}
