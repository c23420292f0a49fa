import { randomBytes, randomInt } from "node:crypto";
import { abortError, ToolError } from "../errors.ts";
import type { ChosenModel } from "../llm/choose-model.ts";
import type { ChatMessage, TokenUsage } from "../llm/model-adapter.ts";
import type { CallContext, ModelClient } from "../llm/model-client.ts";
import { aggregationMessages, finalMessages, queryMessages } from "./prompts.ts";
import { seededRandom, shuffled } from "./random.ts";
import { type CallOutcome, type PlannedCall, runCall, runLayer, type TraceEntry } from "./run-layer.ts";

export interface MixtureOptions {
  models: readonly string[];
  aggregatorModel: string;
  numLayers: number;
  agentsPerLayer: number;
  /** Tokens of each agent's answer. */
  maxTokens: number;
  /** Seconds that one call may take. */
  callTimeout: number;
  /** Seconds that a run may take. */
  timeout: number;
}

export interface MixtureRequest {
  query: string;
  models?: readonly string[] | undefined;
  aggregatorModel?: string | undefined;
  numLayers?: number | undefined;
  agentsPerLayer?: number | undefined;
  seed?: number | undefined;
}

export interface MixtureResult {
  answer: string;
  /** Every call in the order of layers and agents, the final aggregation last. */
  trace: TraceEntry[];
  usage: TokenUsage;
  /** Whether some call that was planned gave nothing, so that the answer rests on less than asked for. */
  degraded: boolean;
  seed: number;
  warnings: string[];
}

export interface MixtureOfAgents {
  /**
   * Answers a query by layers of models: each layer improves on the answers of the one before, and the aggregator writes
   * the final answer from all layers. Survives failing and hanging models as long as one answers.
   * @throws ToolError `upstream_error` with each reason if none does; `unknown_model`, `not_configured`, `aborted`.
   */
  run(user: { id: string }, request: MixtureRequest, context: CallContext): Promise<MixtureResult>;
}

/** Models tried for the final aggregation before the best proposal stands for the answer. */
const MAX_AGGREGATORS = 3;

/** What a run decides once and collects. */
interface Run {
  client: ModelClient;
  context: CallContext;
  query: string;
  models: readonly string[];
  aggregator: string;
  numLayers: number;
  agentsPerLayer: number;
  maxTokens: number;
  callTimeoutMs: number;
  endsAt: number;
  random: () => number;
  nonce: string;
  trace: TraceEntry[];
  usage: TokenUsage;
  warnings: string[];
}

/** A mixture on a model client. */
export function createMixtureOfAgents(client: ModelClient, options: MixtureOptions): MixtureOfAgents {
  return {
    async run(_user, request, context) {
      if (request.query.trim() === "") {
        throw new ToolError("invalid_input", "Query is required", {
          hint: "Give the question or task to answer.",
          issues: [{ path: "query", message: "must not be empty" }],
        });
      }
      context.status?.progress("Starting Mixture of Agents process", 0);
      const startedAt = performance.now();
      const warnings: string[] = [];
      const { models, aggregator } = await chooseModels(client, options, request, context.signal, warnings);
      const seed = request.seed ?? randomInt(2 ** 31);
      const run: Run = {
        client,
        context,
        query: request.query,
        models,
        aggregator,
        numLayers: request.numLayers ?? options.numLayers,
        agentsPerLayer: request.agentsPerLayer ?? options.agentsPerLayer,
        maxTokens: options.maxTokens,
        callTimeoutMs: options.callTimeout * 1000,
        endsAt: startedAt + options.timeout * 1000,
        random: seededRandom(seed),
        nonce: randomBytes(8).toString("hex"),
        trace: [],
        usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
        warnings,
      };
      const layers = await runLayers(run);
      const answer = await aggregate(run, layers);
      if (context.signal.aborted) throw abortError(context.signal);
      const degraded = run.trace.some((entry) => entry.status !== "ok");
      return { answer, trace: run.trace, usage: run.usage, degraded, seed, warnings };
    },
  };
}

/**
 * The models of a run by their full names. Models that a caller named must exist; of configured ones, those that are missing
 * are left out with a warning, as long as one is there.
 */
async function chooseModels(
  client: ModelClient,
  options: MixtureOptions,
  request: MixtureRequest,
  signal: AbortSignal,
  warnings: string[],
): Promise<{ models: string[]; aggregator: string }> {
  const stands = new Map<string, string>();
  const choose = async (name: string, configured: boolean): Promise<string> => {
    const known = configured ? stands.get(name) : undefined;
    if (known !== undefined) return known;
    const model: ChosenModel = await client.resolve(name, { configured, avoid: [...stands.values()], signal });
    if (model.warning) warnings.push(model.warning);
    stands.set(name, model.name);
    return model.name;
  };

  const models: string[] = [];
  let missing: unknown;
  for (const name of request.models ?? options.models) {
    try {
      models.push(await choose(name, request.models === undefined));
    } catch (error) {
      if (request.models !== undefined || !(error instanceof ToolError) || error.code !== "unknown_model") throw error;
      missing ??= error;
      warnings.push(`${error.message} The mixture goes on without it.`);
    }
  }
  if (models.length === 0) throw missing;

  if (request.aggregatorModel !== undefined) {
    return { models, aggregator: await choose(request.aggregatorModel, false) };
  }
  // The configured aggregator belongs to the configured models: a caller's own models bring their own.
  if (request.models !== undefined) {
    const configured = await choose(options.aggregatorModel, true).catch(() => undefined);
    return { models, aggregator: configured !== undefined && models.includes(configured) ? configured : models[0]! };
  }
  try {
    return { models, aggregator: await choose(options.aggregatorModel, true) };
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== "unknown_model") throw error;
    warnings.push(`${error.message} "${models[0]}" aggregates instead.`);
    return { models, aggregator: models[0]! };
  }
}

/** The proposals of each layer, in the order in which they are shown. */
async function runLayers(run: Run): Promise<string[][]> {
  const { status, signal } = run.context;
  const layers: string[][] = [];
  for (let layer = 1; layer <= run.numLayers; layer++) {
    status?.progress(`Processing layer ${layer}/${run.numLayers}`, percent(run, layer - 1), { layer });
    const previous = layers.findLast((proposals) => proposals.length > 0);
    const messages = previous ? aggregationMessages(run.query, previous, run.nonce) : queryMessages(run.query);
    const order = shuffled(run.models, run.random);
    const sample = order.slice(0, run.agentsPerLayer);
    let outcomes = await runAgents(run, layer, sample, messages);
    const rest = order.slice(run.agentsPerLayer);
    // Without any proposal at all there is no answer, so models that were not drawn step in.
    if (!previous && !outcomes.some((outcome) => outcome.completion) && rest.length > 0) {
      outcomes = await runAgents(run, layer, rest, messages, sample.length);
    }
    if (signal.aborted) throw abortError(signal);
    const proposals = outcomes.flatMap(({ completion }) => (completion ? [completion.text] : []));
    if (!previous && proposals.length === 0) throw noProposal(run);
    if (proposals.length === 0) run.warnings.push(`No agent of layer ${layer} answered; the layer before is used.`);
    layers.push(shuffled(proposals, run.random));
  }
  return layers;
}

async function runAgents(
  run: Run,
  layer: number,
  models: readonly string[],
  messages: readonly ChatMessage[],
  offset = 0,
): Promise<CallOutcome[]> {
  const timeoutMs = timeFor(run, layer);
  const calls = models.map((model, index) =>
    plan(run, { layer, role: "agent", agent: offset + index + 1, model, timeoutMs }, messages),
  );
  const outcomes = await runLayer(calls, run.context.signal);
  for (const outcome of outcomes) record(run, outcome);
  return outcomes;
}

/** The aggregator's answer; where it fails, another model's; where all fail, the longest proposal of the last layer. */
async function aggregate(run: Run, layers: readonly (readonly string[])[]): Promise<string> {
  const { status, signal } = run.context;
  const layer = run.numLayers + 1;
  status?.progress("Performing final aggregation", percent(run, run.numLayers), { layer });
  const messages = finalMessages(run.query, layers, run.nonce);
  const failedAlready = new Set(run.trace.filter((entry) => entry.status !== "ok").map((entry) => entry.model));
  const others = [...new Set(run.models)].filter((model) => model !== run.aggregator);
  const chain = [run.aggregator, ...others.sort((a, b) => Number(failedAlready.has(a)) - Number(failedAlready.has(b)))];

  for (const [index, model] of chain.slice(0, MAX_AGGREGATORS).entries()) {
    const timeoutMs = timeFor(run, layer);
    if (timeoutMs <= 0) break;
    const outcome = await runCall(
      plan(run, { layer, role: "aggregator", agent: index + 1, model, timeoutMs }, messages),
      signal,
    );
    record(run, outcome);
    if (signal.aborted) throw abortError(signal);
    if (outcome.completion) return outcome.completion.text;
    run.warnings.push(`The aggregator "${model}" failed: ${outcome.entry.error}`);
  }
  run.warnings.push("No aggregator answered; the answer is the fullest proposal of the last layer.");
  const last = layers.findLast((proposals) => proposals.length > 0)!;
  return last.reduce((best, proposal) => (proposal.length > best.length ? proposal : best));
}

function plan(run: Run, call: Omit<PlannedCall, "complete">, messages: readonly ChatMessage[]): PlannedCall {
  const { client, context, maxTokens } = run;
  return {
    ...call,
    complete(signal) {
      const { model, layer, timeoutMs } = call;
      context.status?.progress(`Querying ${model}`, percent(run, layer - 1), { active_model: model, layer });
      return client.complete({ messages, model, fallbackModels: [], maxTokens, timeoutMs }, { signal });
    },
  };
}

/** Milliseconds for a call of this layer: its own limit, or its share of what is left, so that every layer has a turn. */
function timeFor(run: Run, layer: number): number {
  const stagesLeft = run.numLayers + 2 - layer;
  // A failed aggregator leaves as much again to the next one.
  const share = (run.endsAt - performance.now()) / Math.max(2, stagesLeft);
  return Math.floor(Math.min(run.callTimeoutMs, share));
}

function record(run: Run, { entry, completion }: CallOutcome): void {
  run.trace.push(entry);
  if (!completion) return;
  const { usage, warnings, finish_reason, model } = completion;
  run.usage.prompt_tokens += usage.prompt_tokens;
  run.usage.completion_tokens += usage.completion_tokens;
  run.usage.total_tokens += usage.total_tokens;
  if (usage.estimated) run.usage.estimated = true;
  run.warnings.push(...warnings);
  if (finish_reason === "length" && entry.role === "aggregator") {
    run.warnings.push(`The answer of "${model}" was cut off at ${run.maxTokens} tokens (moa.maxTokens).`);
  }
}

function percent(run: Run, layersDone: number): number {
  return Math.round((100 * layersDone) / (run.numLayers + 1));
}

function noProposal(run: Run): ToolError {
  const issues = run.trace.map((entry) => ({ path: entry.model, message: entry.error ?? entry.status }));
  const reasons = issues.map((issue) => `${issue.path}: ${issue.message}`).join(" ");
  return new ToolError("upstream_error", `All agents failed. ${reasons}`.slice(0, 1000), {
    hint: "Check the model providers, or choose other models.",
    retryable: true,
    issues,
    details: { trace: run.trace },
  });
}
