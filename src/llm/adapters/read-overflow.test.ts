import { describe, expect, it } from "vitest";
import { overflowOf } from "./read-overflow.ts";

const read = (message: string, codes = "", status = 400, error?: Record<string, unknown>) =>
  overflowOf({ status, codes, message, error });

describe("a prompt that is too long", () => {
  it.each<[who: string, message: string, promptTokens: number | undefined, contextTokens: number | undefined]>([
    [
      "OpenAI",
      "This model's maximum context length is 4097 tokens. However, your messages resulted in 5000 tokens. Please reduce the length of the messages.",
      5000,
      4097,
    ],
    [
      "OpenAI, with the answer",
      "This model's maximum context length is 8192 tokens. However, you requested 10,000 tokens (2,000 in the messages, 8,000 in the completion).",
      2000,
      8192,
    ],
    [
      "OpenAI, without numbers",
      "Your input exceeds the context window of this model. Please adjust your input and try again.",
      undefined,
      undefined,
    ],
    ["Anthropic", "prompt is too long: 208310 tokens > 200000 maximum", 208310, 200000],
    [
      "Anthropic, with the answer",
      "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens` and try again",
      190000,
      200000,
    ],
    [
      "Gemini",
      "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
      1196265,
      1048575,
    ],
    [
      "vLLM",
      "'max_tokens' or 'max_completion_tokens' is too large: 8000. This model's maximum context length is 4096 tokens and your request has 1000 input tokens (8000 > 4096 - 1000).",
      1000,
      4096,
    ],
    [
      "vLLM, decoder",
      "The decoder prompt (length 5000) is longer than the maximum model length of 4096. Make sure that `max_model_len` is no smaller than the number of text tokens.",
      5000,
      4096,
    ],
    [
      "vLLM, newer",
      "You passed 5000 input tokens and requested 1000 output tokens. However, the model's context length is only 4096 tokens, resulting in a maximum input length of 3096 tokens.",
      5000,
      4096,
    ],
    ["SGLang", "The input (5000 tokens) is longer than the model's context length (4096 tokens).", 5000, 4096],
    [
      "SGLang, with the answer",
      "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of 5000 tokens: 4000 tokens from the input messages and 1000 tokens for the completion.",
      4000,
      4096,
    ],
    [
      "llama.cpp",
      "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
      5000,
      4096,
    ],
    [
      "llama.cpp, older",
      "the request exceeds the available context size. try increasing the context size or enable context shift",
      undefined,
      undefined,
    ],
    ["Ollama", "the input length exceeds the context length", undefined, undefined],
    ["Ollama, embeddings wording", "input length exceeds maximum context length", undefined, undefined],
    [
      "LM Studio",
      "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.",
      5000,
      4096,
    ],
    [
      "LM Studio, newer",
      "The number of tokens to keep from the initial prompt is greater than the context length.",
      undefined,
      undefined,
    ],
    [
      "Mistral",
      "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
      40000,
      32768,
    ],
    ["xAI", "This model's maximum prompt length is 131072 but the request contains 537812 tokens.", 537812, 131072],
    [
      "Cohere",
      "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000. Try using a shorter prompt.",
      5000,
      4081,
    ],
    [
      "Hugging Face TGI",
      "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 1000 `max_new_tokens`",
      5000,
      4096,
    ],
    [
      "Hugging Face TGI, input",
      "Input validation error: `inputs` must have less than 1024 tokens. Given: 5000",
      5000,
      1024,
    ],
    [
      "OpenRouter",
      "This endpoint's maximum context length is 32768 tokens. However, you requested about 40000 tokens (39000 of text input, 1000 in the output). Please reduce the length of either one.",
      39000,
      32768,
    ],
    ["Bedrock", "Input is too long for requested model.", undefined, undefined],
    [
      "Cerebras",
      "Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192",
      9000,
      8192,
    ],
    ["MiniMax", "invalid params, context window exceeds limit", undefined, undefined],
    ["mlx-serve", "Prompt exceeds maximum context length", undefined, undefined],
  ])("is read as %s says it", (_who, message, promptTokens, contextTokens) => {
    const found = read(message);
    expect(found).toBeDefined();
    expect(found?.promptTokens).toBe(promptTokens);
    expect(found?.contextTokens).toBe(contextTokens);
  });

  it("is known by its code or type, whatever the message, under status 200 and 500 too", () => {
    expect(read("No.", "context_length_exceeded")).toEqual({});
    const numbers = { n_prompt_tokens: 14429, n_ctx: 8192 };
    expect(read("No.", "500 exceed_context_size_error", 500, numbers)).toEqual({
      promptTokens: 14429,
      contextTokens: 8192,
    });
    expect(read("No.", "exceed_context_size_error", 200)).toEqual({});
  });

  it("is what HTTP 413 means", () => {
    expect(read("Payload Too Large", "", 413)).toEqual({});
  });
});

describe("what is no overflow", () => {
  it.each([
    ["Rate limit reached for gpt-4o: Limit 30000 tokens, Requested 40000. Too many tokens per minute.", "", 429],
    [
      "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9000",
      "rate_limit_exceeded",
      413,
    ],
    [
      "max_tokens is too large: 100000. This model supports at most 16384 completion tokens",
      "invalid_request_error",
      400,
    ],
    ["Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.", "", 400],
    ["The model is too large for this machine", "", 500],
    ["Invalid input: messages must not be empty", "", 400],
  ])("%s", (message, codes, status) => {
    expect(read(message, codes, status)).toBeUndefined();
  });
});
