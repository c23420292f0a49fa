import type { Overflow } from "../model-error.ts";

/** Ways in which providers say that a prompt does not fit. The test lists the sentences and who says them. */
const SAYS_OVERFLOW = [
  /context_length_exceeded|exceed_context_size|context length exceeded/i,
  /(?:maximum|model's|available|loaded with) (?:context|prompt|model|input) ?(?:length|size)/i,
  /exceeds? (?:the |your |its )?(?:\S+ )?(?:context (?:window|length|size|limit)|token limit)/i,
  /(?:longer|greater|larger) than the (?:\S+ )?context length/i,
  /context (?:window|size|length) exceed/i,
  /(?:prompt|input) is too long/i,
  /input token count.{0,40}exceeds/i,
  /too many tokens/i,
  /must (?:be <=|have less than) \d+(?: tokens|\. given)/i,
  /reduce the length of the (?:messages|prompt|input)/i,
];

const CONTEXT_TOKENS = [
  />\s*(\d+)(?: maximum|,? decrease)/,
  /context length of (?:only )?(\d+)/,
  /context length is (?:only )?(\d+)/,
  /maximum number of tokens allowed \((\d+)\)/,
  /with (\d+) maximum context length/,
  /(?:prompt|input|model) length (?:is|of) (\d+)/,
  /context (?:length|size|window) ?\((\d+)/,
  /cannot exceed (\d+)/,
  /must (?:be <=|have less than) (\d+)/,
  /limit is (\d+)/,
];

/** The first that matches counts: a number for the prompt alone comes before one that includes the answer. */
const PROMPT_TOKENS = [
  /(\d+) (?:in|from) (?:the|your) (?:input )?(?:messages|prompt)/,
  /(\d+) of text input/,
  /(\d+) tokens from the input/,
  /resulted in (\d+)/,
  /too long: (\d+)/,
  /request (?:\(|contains |has )(\d+)/,
  /token count \((\d+)\)/,
  /prompt contains (\d+)/i,
  /received (\d+)/,
  /given: (\d+)/i,
  /(?:input|prompt) (?:length )?\((?:length )?(\d+)/i,
  /you passed (\d+)/i,
  /current length is (\d+)/i,
  /limit: (\d+) \+/,
  /first (\d+) tokens/,
  /requested (?:about |a total of )?(\d+)/,
];

/**
 * The token numbers in an answer that says that the prompt is too long, as far as it gives any; undefined if it says
 * something else. `codes` are the codes and types of the error, `error` its object.
 */
export function overflowOf(answer: {
  status: number;
  codes: string;
  message: string;
  error: Record<string, unknown> | undefined;
}): Overflow | undefined {
  const { status, codes, error } = answer;
  // A limit of tokens per minute is worded alike.
  if (status === 429 || status === 401 || status === 403 || /rate_limit/i.test(codes)) return undefined;
  // So is a limit of the answer alone.
  if (/max_tokens.{0,20}is too large/.test(answer.message) && !/context/i.test(answer.message)) return undefined;
  const text = `${codes} ${answer.message}`;
  if (status !== 413 && !SAYS_OVERFLOW.some((pattern) => pattern.test(text))) return undefined;
  const message = answer.message.replace(/(\d),(?=\d{3})/g, "$1");
  const contextTokens = count(error?.n_ctx) ?? first(CONTEXT_TOKENS, message);
  const promptTokens = count(error?.n_prompt_tokens) ?? first(PROMPT_TOKENS, message);
  return { ...(promptTokens && { promptTokens }), ...(contextTokens && { contextTokens }) };
}

function first(patterns: readonly RegExp[], message: string): number | undefined {
  for (const pattern of patterns) {
    const found = count(Number(pattern.exec(message)?.[1]));
    if (found !== undefined) return found;
  }
  return undefined;
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined;
}
