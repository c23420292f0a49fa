import type { PlannedRequests } from "../llm/account.ts";
import type { ModelClient } from "../llm/model-client.ts";
import type { Agent, ChosenModels } from "./choose-models.ts";
import type { MixtureOptions, MixtureRequest } from "./mixture-of-agents.ts";

/** Tokens of another model's prompt that one of a proposal may become, and those that stand around each proposal. */
const TOKENS_AGAIN = 4;
const FENCE_TOKENS = 200;
/** Tokens of what roles say besides. */
const ROLE_TOKENS = 1000;
/** Tokens of an analysis and of its task and schema. */
const ANALYSIS = { answer: 1500, prompt: 4000 };

/**
 * The requests of a run in which every place of every layer is filled, answers as long as they may be. Any of the models may have
 * to stand in for another, so that the dearest counts for each.
 */
export function plannedCalls(
  client: Pick<ModelClient, "tokens">,
  options: MixtureOptions,
  request: MixtureRequest,
  { agents, aggregator }: ChosenModels,
): PlannedRequests[] {
  const layers = request.numLayers ?? options.numLayers;
  const perLayer = request.agentsPerLayer ?? options.agentsPerLayer;
  const everyone = [...agents, aggregator];
  const models = [...new Set(everyone.flatMap(({ model, fallbacks }) => [model, ...fallbacks]))];
  const longest = (of: readonly Agent[]) => Math.max(...of.map(({ role }) => role.maxTokens ?? options.maxTokens));
  const systems = everyone.map(({ role }) => role.systemPrompt ?? "");
  const said = [...(request.earlier ?? []).map(({ content }) => content), request.query].join("\n\n");
  const own = Math.max(...models.map((model) => client.tokens.most(said, model)));
  const asked = own + Math.max(...systems.map((text) => client.tokens.most(text))) + ROLE_TOKENS;
  const proposals = (count: number) => count * (TOKENS_AGAIN * longest(agents) + FENCE_TOKENS);
  const later = { models, promptTokens: asked + proposals(perLayer), maxTokens: longest(agents) };
  const withAnalysis = request.output === "answer_with_analysis";
  return [
    { models, promptTokens: asked, maxTokens: longest(agents), count: perLayer },
    { ...later, count: (layers - 1) * perLayer },
    {
      models,
      promptTokens: asked + proposals(layers * perLayer),
      maxTokens: request.maxTokens ?? longest([aggregator]),
    },
    // One late call is made a second time.
    ...(options.hedging === false ? [] : [{ ...later, count: 1 }]),
    ...(withAnalysis
      ? [
          {
            models,
            promptTokens: later.promptTokens + ANALYSIS.prompt + TOKENS_AGAIN * ANALYSIS.answer,
            maxTokens: ANALYSIS.answer,
            count: 2,
          },
        ]
      : []),
  ];
}
