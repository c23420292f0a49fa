import { z } from "zod";
import type { ProcessRequest } from "../llm/process-input.ts";
import { defineTool } from "./define-tool.ts";

export default defineTool({
  name: "llm_processor",
  title: "Process with a model",
  description:
    "Processes data with another language model and returns JSON or text. Use it to analyze, summarize, extract, classify, " +
    "translate or rewrite input, also long input, to answer from it, or to get JSON that satisfies a schema.",
  effect: "read-open",
  uses: ["processor"],
  input: z.strictObject({
    input: z
      .string({ error: (issue) => (issue.input === undefined ? "Input data is required" : undefined) })
      .min(1, "Input data is required")
      .describe("Text or JSON text to process."),
    task: z
      .string()
      .max(10_000)
      .default("analyze")
      .describe(
        'What to do: analyze, summarize, extract, classify, translate, rewrite, answer, or any instruction, e.g. "translate to German".',
      ),
    model: z.string().max(300).optional().describe("Model as provider/model, or a name that one provider has."),
    system_prompt: z.string().max(100_000).optional().describe("Replaces the configured system prompt."),
    max_tokens: z.int().min(1).max(1_000_000).optional().describe("Maximum tokens of the answer."),
    output_schema: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("JSON Schema that the result has to satisfy; format is then json."),
  }),
  output: z.strictObject({
    format: z.string(),
    data: z.unknown(),
    model: z.string(),
    usage: z.looseObject({}),
    attempts: z.int(),
    chunks: z.int().optional(),
    repaired: z.boolean().optional(),
    truncated: z.boolean().optional(),
    fallback_used: z.boolean().optional(),
    cached: z.boolean().optional(),
    warnings: z.array(z.string()).optional(),
  }),
  mayCost: (input, { signal, services }) => services.processor.mostUsd(requestOf(input), signal),
  async run(input, { user, signal, services, status, budgetUsd }) {
    const budget = { costUsd: budgetUsd };
    const context = { signal, status, budget };
    const { chunks, usage, warnings, ...result } = await services.processor.process(user, requestOf(input), context);
    status.success(`Processed with ${result.model}`, { active_model: result.model });
    return { ...result, usage: { ...usage }, ...(chunks > 1 && { chunks }), ...(warnings.length > 0 && { warnings }) };
  },
});

function requestOf(input: {
  input: string;
  task: string;
  model?: string | undefined;
  system_prompt?: string | undefined;
  max_tokens?: number | undefined;
  output_schema?: Record<string, unknown> | undefined;
}): ProcessRequest {
  return {
    input: input.input,
    task: input.task,
    model: input.model,
    systemPrompt: input.system_prompt,
    maxTokens: input.max_tokens,
    outputSchema: input.output_schema,
  };
}
