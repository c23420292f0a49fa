import { z } from "zod";
import type { MixtureRequest } from "../moa/mixture-of-agents.ts";
import { defineTool } from "./define-tool.ts";

export default defineTool({
  name: "mixture_of_agents",
  title: "Mixture of Agents",
  description:
    "Answers a hard question with several language models: layers of agents improve on each other's answers, and an " +
    "aggregator writes the final one. Slower and dearer than one model; for questions where quality matters.",
  effect: "read-open",
  uses: ["moa"],
  input: z.strictObject({
    query: z
      .string({ error: (issue) => (issue.input === undefined ? "Query is required" : undefined) })
      .min(1, "Query is required")
      .describe("Question or task, with all the context that it needs."),
    models: z
      .array(z.string().min(1).max(300))
      .min(1)
      .max(16)
      .optional()
      .describe("Models that agents are drawn from, as provider/model. Default: the configured ones."),
    aggregator_model: z.string().max(300).optional().describe("Model that writes the final answer."),
    num_layers: z.int().min(1).max(6).optional().describe("Layers of agents, 1 to 6."),
    agents_per_layer: z
      .int()
      .min(1)
      .max(16)
      .optional()
      .describe("Agents in each layer, 1 to 16, at most one for each model."),
    strategy: z
      .enum(["auto", "mixed", "self"])
      .optional()
      .describe("mixed, self (the best model several times) or auto."),
    seed: z.int().optional().describe("The same seed draws the same agents."),
    output: z
      .enum(["answer", "answer_with_analysis", "trace"])
      .optional()
      .describe("answer, answer_with_analysis, or trace (all texts)."),
  }),
  output: z.strictObject({
    answer: z.string(),
    trace: z.array(z.looseObject({})),
    usage: z.looseObject({}),
    degraded: z.boolean(),
    seed: z.int(),
    strategy: z.string(),
    run_id: z.string(),
    timeline: z.string(),
    agreed_in_layer: z.number().optional(),
    analysis: z.looseObject({}).optional(),
    mermaid: z.string().optional(),
    warnings: z.array(z.string()).optional(),
  }),
  mayCost: (input, { signal, services }) => services.moa.mostUsd(requestOf(input), signal),
  async run(input, { user, signal, services, status, budgetUsd }) {
    const budget = { costUsd: budgetUsd };
    const context = { signal, status, budget };
    const { warnings, trace, usage, analysis, ...result } = await services.moa.run(user, requestOf(input), context);
    status.emit("Process complete", "complete", true, { progress: 100 });
    return {
      ...result,
      trace: trace.map((entry) => ({ ...entry })),
      usage: { ...usage },
      ...(analysis && { analysis: { ...analysis } }),
      ...(warnings.length > 0 && { warnings }),
    };
  },
});

function requestOf(input: {
  query: string;
  models?: string[] | undefined;
  aggregator_model?: string | undefined;
  num_layers?: number | undefined;
  agents_per_layer?: number | undefined;
  strategy?: MixtureRequest["strategy"];
  seed?: number | undefined;
  output?: MixtureRequest["output"];
}): MixtureRequest {
  return {
    query: input.query,
    models: input.models,
    aggregatorModel: input.aggregator_model,
    numLayers: input.num_layers,
    agentsPerLayer: input.agents_per_layer,
    strategy: input.strategy,
    seed: input.seed,
    output: input.output,
  };
}
