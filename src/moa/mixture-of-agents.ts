import { createHmac, randomBytes, randomInt, randomUUID } from "node:crypto";
import { abortError, ToolError } from "../errors.ts";
import type { Budget, Usage } from "../llm/account.ts";
import type { ModelClient } from "../llm/model-client.ts";
import type { InputProcessor } from "../llm/process-input.ts";
import { aggregate } from "./aggregate.ts";
import { type ChosenModels, chooseModels, withPreset } from "./choose-models.ts";
import { failureWarnings, layerWarnings, truncationWarnings } from "./failure-warnings.ts";
import { createHedgeBudget, type HedgeBudget } from "./hedge.ts";
import { plannedCalls } from "./planned-calls.ts";
import type { Conversation } from "./prompts.ts";
import { seededRandom } from "./random.ts";
import type { Run, RunContext } from "./run.ts";
import { withAnalysis } from "./run-analysis.ts";
import { createRunArchive } from "./run-archive.ts";
import { runLayers } from "./run-layers.ts";
import type { Analysis, RunArchive, RunRecord, Strategy, TraceEntry } from "./run-record.ts";

/** How a model is called in its role. */
export interface Role {
  temperature?: number | undefined;
  /** Default: `maxTokens` of the options. */
  maxTokens?: number | undefined;
  /** Before what the role itself says. */
  systemPrompt?: string | undefined;
  /** Models that are asked in order when it fails. */
  fallbacks?: readonly string[] | undefined;
}

/** A model that agents are drawn from. */
export interface AgentRole extends Role {
  model: string;
  /** How good it is beside the others. Default 1. */
  weight?: number | undefined;
}

export interface MixtureOptions {
  models: readonly (string | AgentRole)[];
  aggregatorModel: string;
  aggregator?: Role | undefined;
  strategy?: "auto" | Strategy | undefined;
  /** Answers of a layer after which the others get only the grace. Unset: more than half. */
  quorum?: number | undefined;
  /** As a share of what the quorum took. */
  grace?: number | undefined;
  hedging?: boolean | undefined;
  earlyExit?: boolean | undefined;
  /** USD of a run. */
  maxCostUsd?: number | undefined;
  numLayers: number;
  agentsPerLayer: number;
  /** Tokens of each agent's answer. */
  maxTokens: number;
  /** Seconds that one call may take. */
  callTimeout: number;
  /** Seconds that a run may take. */
  timeout: number;
}

/** What a result has besides the answer: an analysis of the proposals, or their texts and the run as a picture. */
export type Output = "answer" | "answer_with_analysis" | "trace";

export interface MixtureRequest {
  query: string;
  /** Earlier turns of the conversation, and its system prompt. */
  earlier?: Conversation | undefined;
  /** Tokens and temperature of the final answer. Default: the configured ones. */
  maxTokens?: number | undefined;
  temperature?: number | undefined;
  /** What is configured under a name, instead of the options; unlike what a caller names, a missing model is left out. */
  preset?:
    | {
        models?: readonly string[] | undefined;
        aggregatorModel?: string | undefined;
        strategy?: "auto" | Strategy | undefined;
      }
    | undefined;
  models?: readonly string[] | undefined;
  aggregatorModel?: string | undefined;
  numLayers?: number | undefined;
  agentsPerLayer?: number | undefined;
  strategy?: "auto" | Strategy | undefined;
  seed?: number | undefined;
  /** Default `answer`. */
  output?: Output | undefined;
}

export interface MixtureResult {
  answer: string;
  /** Every call in the order of layers and agents, the final aggregation last; with its text if the output is `trace`. */
  trace: TraceEntry[];
  /** Tokens and USD of all calls, those included that were cut. */
  usage: Usage;
  /** Whether some agent that was planned gave no whole answer, or a configured model is missing: the answer rests on less. */
  degraded: boolean;
  seed: number;
  strategy: Strategy;
  run_id: string;
  /** URI of the run as a picture. */
  timeline: string;
  warnings: string[];
  agreed_in_layer?: number;
  /** What the proposals have in common and where they differ; absent where nobody could say. */
  analysis?: Analysis;
  /** The timeline as a Mermaid diagram. */
  mermaid?: string;
}

export interface MixtureOfAgents {
  /**
   * Answers a query by layers of models: each layer improves on the answers of the one before, and the aggregator writes
   * the final answer from all layers. Survives failing and hanging models as long as one answers, within the deadline.
   * The same seed draws the same agents and, from the same answers, writes the same prompts.
   * @throws ToolError with each reason if none does, of their common code or `upstream_error`; `limit_reached` where a budget
   * does not hold the first layer; `unknown_model`, `not_configured`, `aborted`.
   */
  run(user: { id: string }, request: MixtureRequest, context: RunContext): Promise<MixtureResult>;
  /**
   * What a run may cost at most in USD, second calls included; undefined where a price is unknown.
   * @throws ToolError `unknown_model`, `not_configured`
   */
  mostUsd(request: MixtureRequest, signal: AbortSignal): Promise<number | undefined>;
  /** The last runs of each user. */
  readonly runs: RunArchive;
}

export interface MixtureParts {
  /** Analyses proposals. Without one, there is no analysis. */
  processor?: InputProcessor | undefined;
  /** Where runs are kept. Default: one of its own. */
  runs?: RunArchive | undefined;
  /** Blots out secrets. What is drawn is cut and escaped, so that nobody could find them there any more. */
  redact?: ((text: string) => string) | undefined;
}

/** A mixture on a model client. */
export function createMixtureOfAgents(
  client: ModelClient,
  options: MixtureOptions,
  { processor, runs = createRunArchive(), redact }: MixtureParts = {},
): MixtureOfAgents {
  // Makes nonces that repeat for the same seed, and that nobody outside can know.
  const key = randomBytes(32);
  const hedges = createHedgeBudget();
  return {
    runs,
    async mostUsd(request, signal) {
      const planned = plannedCalls(client, options, request, await chooseModels(client, options, request, { signal }));
      const usd = client.mostUsd(planned);
      const limit = options.maxCostUsd;
      return usd === undefined ? limit : Math.min(usd, limit ?? usd);
    },
    async run(user, request, context) {
      if (request.query.trim() === "") {
        throw new ToolError("invalid_input", "Query is required", {
          hint: "Give the question or task to answer.",
          issues: [{ path: "query", message: "must not be empty" }],
        });
      }
      context.status?.progress("Starting Mixture of Agents process", 0);
      const run = await plan(client, options, { user, request, context, key, hedges });
      const { proposals, agreed } = await runLayers(run);
      const warnings = [
        ...layerWarnings(run.layers),
        ...failureWarnings(run.trace, run.refused),
        ...truncationWarnings(run.trace, run.chosen.agents, options.maxTokens),
      ];
      for (const warning of warnings) run.warnings.add(warning);
      // Before the analysis: where a provider has one place, the answer is to have it first.
      const aggregating = agreed ?? aggregate(run, proposals);
      const { answer, analysis } =
        request.output === "answer_with_analysis"
          ? await withAnalysis(run, processor, proposals, aggregating)
          : { answer: await aggregating, analysis: undefined };
      if (context.signal.aborted) throw abortError(context.signal);

      const record = redacted(recordOf(run, answer, analysis), redact);
      runs.keep(user.id, record);
      return resultOf(record, request.output);
    },
  };
}

/** Decides what a run does, and finds its models. */
async function plan(
  client: ModelClient,
  options: MixtureOptions,
  call: { user: { id: string }; request: MixtureRequest; context: RunContext; key: Buffer; hedges: HedgeBudget },
): Promise<Run> {
  const { user, request, context, key, hedges } = call;
  const startedAt = performance.now();
  const numLayers = request.numLayers ?? options.numLayers;
  const endsAt = startedAt + options.timeout * 1000;
  const choice = { signal: context.signal, endsAt: startedAt + (options.timeout * 1000) / (numLayers + 2) };
  const settings = request.preset ? withPreset(options, request.preset) : options;
  const chosen = await chooseModels(client, settings, request, choice).catch((error: unknown) => {
    throw context.signal.aborted ? abortError(context.signal) : error;
  });
  const tooFew = tooFewModels(request.agentsPerLayer, chosen);
  const seed = request.seed ?? randomInt(2 ** 31);
  const { earlier = [], maxTokens, temperature } = request;
  const wanted = { ...(maxTokens !== undefined && { maxTokens }), ...(temperature !== undefined && { temperature }) };
  const asked = earlier.length > 0 ? JSON.stringify([...earlier, request.query]) : request.query;
  return {
    client,
    context,
    account:
      context.account ??
      client.account(user, { ...context.budget, costUsd: lower(options.maxCostUsd, context.budget) }),
    query: request.query,
    earlier,
    chosen: { ...chosen, aggregator: { ...chosen.aggregator, role: { ...chosen.aggregator.role, ...wanted } } },
    options,
    numLayers,
    agentsPerLayer: request.agentsPerLayer ?? options.agentsPerLayer,
    seed,
    startedAt,
    endsAt,
    draw: seededRandom(seed),
    order: seededRandom(seed + 1),
    nonce: createHmac("sha256", key).update(`${seed} ${asked}`).digest("hex").slice(0, 16),
    hedges,
    layers: [],
    trace: [],
    warnings: new Set([...chosen.warnings, ...tooFew]),
    degraded: chosen.missing > 0,
    refused: new Set(),
    budgetEnded: false,
    gone: new Set(),
    agreedInLayer: undefined,
  };
}

function lower(limit: number | undefined, budget: Budget | undefined): number | undefined {
  const { costUsd = limit } = budget ?? {};
  return costUsd === undefined || limit === undefined ? costUsd : Math.min(costUsd, limit);
}

/** Who asks for more agents than there are models is told how many answer. */
function tooFewModels(asked: number | undefined, { strategy, agents }: ChosenModels): string[] {
  const count = agents.length;
  if (strategy !== "mixed" || asked === undefined || asked <= count) return [];
  const models = count === 1 ? "1 model, so 1 agent answers" : `${count} models, so ${count} agents answer`;
  return [
    `agents_per_layer is ${asked}, but there ${count === 1 ? "is" : "are"} ${models} in each layer; strategy "self", or models that stand in the list several times, give more.`,
  ];
}

function recordOf(run: Run, answer: string, analysis: Analysis | undefined): RunRecord {
  const ms = Math.round(performance.now() - run.startedAt);
  const agents = run.trace.filter(({ role }) => role === "agent");
  const last = run.trace.filter(({ role }) => role !== "agent");
  return {
    run_id: randomUUID(),
    query: run.query,
    started_at: new Date(Date.now() - ms).toISOString(),
    ms,
    strategy: run.chosen.strategy,
    seed: run.seed,
    num_layers: run.numLayers,
    ...(run.agreedInLayer !== undefined && { agreed_in_layer: run.agreedInLayer }),
    answer,
    ...(analysis && { analysis }),
    degraded: run.degraded,
    usage: { ...run.account.usage },
    warnings: [...run.warnings],
    layers: run.layers,
    trace: [
      ...agents,
      ...last.filter(({ role }) => role === "analyst"),
      ...last.filter(({ role }) => role !== "analyst"),
    ],
  };
}

function redacted(record: RunRecord, redact: MixtureParts["redact"]): RunRecord {
  return redact ? (JSON.parse(redact(JSON.stringify(record))) as RunRecord) : record;
}

async function resultOf(record: RunRecord, output: Output = "answer"): Promise<MixtureResult> {
  const { answer, trace, usage, degraded, seed, strategy, run_id, warnings, analysis, agreed_in_layer } = record;
  const withTexts = output === "trace";
  return {
    answer,
    trace: withTexts ? trace : trace.map(({ text: _, ...entry }) => entry),
    usage,
    degraded,
    seed,
    strategy,
    run_id,
    timeline: `moa://runs/${run_id}/timeline`,
    warnings,
    ...(agreed_in_layer !== undefined && { agreed_in_layer }),
    ...(analysis && { analysis }),
    ...(withTexts && { mermaid: (await import("./timeline-mermaid.ts")).mermaidTimeline(record) }),
  };
}
