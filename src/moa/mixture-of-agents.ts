import { createHmac, randomBytes, randomInt } from "node:crypto";
import { abortError, ToolError } from "../errors.ts";
import type { ChatMessage, TokenUsage } from "../llm/model-adapter.ts";
import type { CallContext, Completion, ModelClient } from "../llm/model-client.ts";
import { announceCalls } from "./announce.ts";
import { chooseModels } from "./choose-models.ts";
import { fitPrompt, type Prompt, sizeOf } from "./fit-prompt.ts";
import { aggregationMessages, finalMessages, queryMessages } from "./prompts.ts";
import { seededRandom, shuffled } from "./random.ts";
import {
  type CallOutcome,
  failureWarnings,
  type PlannedCall,
  runCall,
  runLayer,
  type TraceEntry,
} from "./run-layer.ts";
import type { Strategy } from "./run-record.ts";

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
  /** Whether some call that was planned gave nothing, or a configured model is missing: the answer rests on less. */
  degraded: boolean;
  seed: number;
  warnings: string[];
}

export interface MixtureOfAgents {
  /**
   * Answers a query by layers of models: each layer improves on the answers of the one before, and the aggregator writes
   * the final answer from all layers. Survives failing and hanging models as long as one answers.
   * The same seed draws the same agents and, from the same answers, writes the same prompts.
   * @throws ToolError with each reason if none does, of their common code or `upstream_error`; `unknown_model`,
   * `not_configured`, `aborted`.
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
  /** Draws agents. Apart from `order`, so that a failed agent does not change who is drawn next. */
  draw: () => number;
  /** Orders the proposals. */
  order: () => number;
  nonce: string;
  trace: TraceEntry[];
  usage: TokenUsage;
  warnings: Set<string>;
}

/** A mixture on a model client. */
export function createMixtureOfAgents(client: ModelClient, options: MixtureOptions): MixtureOfAgents {
  // Makes nonces that repeat for the same seed, and that nobody outside can know.
  const key = randomBytes(32);
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
      const names = options.models.map((entry) => (typeof entry === "string" ? entry : entry.model));
      const { models, aggregator, missing, warnings } = await chooseModels(
        client,
        { ...options, models: names },
        request,
        context.signal,
      );
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
        draw: seededRandom(seed),
        order: seededRandom(seed + 1),
        nonce: createHmac("sha256", key).update(`${seed} ${request.query}`).digest("hex").slice(0, 16),
        trace: [],
        usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
        warnings: new Set(warnings),
      };
      const layers = await runLayers(run);
      for (const warning of failureWarnings(run.trace)) run.warnings.add(warning);
      const answer = await aggregate(run, layers);
      if (context.signal.aborted) throw abortError(context.signal);
      const degraded = missing > 0 || run.trace.some((entry) => entry.status !== "ok");
      return { answer, trace: run.trace, usage: run.usage, degraded, seed, warnings: [...run.warnings] };
    },
  };
}

/** The proposals of each layer, in the order in which they are shown. */
async function runLayers(run: Run): Promise<string[][]> {
  const { signal } = run.context;
  const layers: string[][] = [];
  for (let layer = 1; layer <= run.numLayers; layer++) {
    const previous = layers.findLast((proposals) => proposals.length > 0);
    const prompt = layerPrompt(run, previous);
    const drawn = shuffled(run.models, run.draw);
    const sample = drawn.slice(0, run.agentsPerLayer);
    let outcomes = await runAgents(run, layer, sample, prompt);
    const rest = drawn.slice(run.agentsPerLayer);
    // Without any proposal at all there is no answer, so models that were not drawn step in.
    if (!previous && !outcomes.some((outcome) => outcome.completion) && rest.length > 0) {
      outcomes = [...outcomes, ...(await runAgents(run, layer, rest, prompt, sample.length))];
    }
    if (signal.aborted) throw abortError(signal);
    const proposals = outcomes.flatMap(({ completion }) => (completion ? [completion.text] : []));
    if (!previous && proposals.length === 0) throw noProposal(run, outcomes);
    if (proposals.length === 0) run.warnings.add(`No agent of layer ${layer} answered; the layer before is used.`);
    layers.push(shuffled(proposals, run.order));
  }
  return layers;
}

function layerPrompt({ query, nonce }: Run, previous: readonly string[] | undefined): Prompt {
  if (!previous) return { messages: queryMessages(query) };
  const write = (proposals: readonly string[]) => aggregationMessages(query, proposals, nonce);
  return { messages: write(previous), proposals: previous, write };
}

async function runAgents(
  run: Run,
  layer: number,
  models: readonly string[],
  prompt: Prompt,
  offset = 0,
): Promise<CallOutcome[]> {
  const { status, signal } = run.context;
  const limits = limitsOf(run, layer);
  const line = `Processing layer ${layer}/${run.numLayers}`;
  const said = announceCalls(status, { line, layer, models, from: percent(run, layer - 1), to: percent(run, layer) });
  const calls = models.map((model, index) =>
    plan(run, { layer, role: "agent", agent: offset + index + 1, model, ...limits }, prompt),
  );
  try {
    const outcomes = await runLayer(calls, signal, (index) => said.ended(index));
    for (const outcome of outcomes) record(run, outcome);
    return outcomes;
  } finally {
    said.stop();
  }
}

/** The aggregator's answer; where it fails, another model's; where all fail, the longest proposal of the last layer. */
async function aggregate(run: Run, layers: readonly (readonly string[])[]): Promise<string> {
  const { status, signal } = run.context;
  const layer = run.numLayers + 1;
  const last = layers.findLast((proposals) => proposals.length > 0)!;
  const prompt: Prompt = {
    messages: finalMessages(run.query, layers, run.nonce),
    // Where not all fit, the last layer says most.
    proposals: last,
    write: (proposals) => finalMessages(run.query, [proposals], run.nonce),
  };
  const failedAlready = new Set(run.trace.filter((entry) => entry.status !== "ok").map((entry) => entry.model));
  const others = [...new Set(run.models)].filter((model) => model !== run.aggregator);
  const chain = [run.aggregator, ...others.sort((a, b) => Number(failedAlready.has(a)) - Number(failedAlready.has(b)))];

  for (const [index, model] of chain.slice(0, MAX_AGGREGATORS).entries()) {
    const limits = limitsOf(run, layer);
    if (limits.giveUpMs <= 0) break;
    const line = "Performing final aggregation";
    const said = announceCalls(status, { line, layer, models: [model], from: percent(run, run.numLayers), to: 99 });
    const call = plan(run, { layer, role: "aggregator", agent: index + 1, model, ...limits }, prompt);
    const outcome = await runCall(call, signal);
    said.stop();
    record(run, outcome);
    if (signal.aborted) throw abortError(signal);
    if (outcome.completion) return outcome.completion.text;
    run.warnings.add(`The aggregator "${model}" failed: ${outcome.entry.error}`);
  }
  run.warnings.add("No aggregator answered; the answer is the fullest proposal of the last layer.");
  return last.reduce((best, proposal) => (proposal.length > best.length ? proposal : best));
}

function plan(run: Run, call: Omit<PlannedCall, "complete">, prompt: Prompt): PlannedCall {
  return { ...call, complete: (signal) => complete(run, call.model, call.timeoutMs, prompt, signal) };
}

/** One model's answer; from shortened proposals where its context does not hold them all. */
async function complete(
  run: Run,
  model: string,
  timeoutMs: number,
  prompt: Prompt,
  signal: AbortSignal,
): Promise<Completion> {
  const { client, maxTokens } = run;
  const ask = (messages: readonly ChatMessage[], tokens: number) =>
    client.complete({ messages, model, fallbackModels: [], maxTokens: tokens, timeoutMs }, { signal });
  const estimate = (text: string) => client.tokens.estimate(text, model);
  const size = sizeOf(prompt.messages, estimate);
  const shortened = () => fitPrompt(prompt, client.contextOf(model) ?? Math.floor(size / 2), maxTokens, estimate);

  let fitted = size + maxTokens > (client.contextOf(model) ?? Number.POSITIVE_INFINITY) ? shortened() : undefined;
  if (!fitted) {
    try {
      return await ask(prompt.messages, maxTokens);
    } catch (error) {
      fitted = error instanceof ToolError && error.code === "context_overflow" ? shortened() : undefined;
      if (!fitted) throw error;
    }
  }
  run.warnings.add(`"${model}" was given shortened proposals, to fit its context.`);
  return ask(fitted.messages, fitted.maxTokens);
}

/**
 * How long a call of this layer may take: from when its provider has a place for it, its own limit; from now on, its share of
 * what is left of the run, so that every layer has a turn.
 */
function limitsOf(run: Run, layer: number): Pick<PlannedCall, "timeoutMs" | "giveUpMs"> {
  const stagesLeft = run.numLayers + 2 - layer;
  // A failed aggregator leaves as much again to the next one.
  const giveUpMs = Math.floor((run.endsAt - performance.now()) / Math.max(2, stagesLeft));
  return { timeoutMs: Math.min(run.callTimeoutMs, giveUpMs), giveUpMs };
}

function record(run: Run, { entry, completion }: CallOutcome): void {
  run.trace.push(entry);
  if (!completion) return;
  const { usage, warnings, finish_reason, model } = completion;
  run.usage.prompt_tokens += usage.prompt_tokens;
  run.usage.completion_tokens += usage.completion_tokens;
  run.usage.total_tokens += usage.total_tokens;
  if (usage.estimated) run.usage.estimated = true;
  for (const warning of warnings) run.warnings.add(warning);
  if (finish_reason === "length" && entry.role === "aggregator") {
    run.warnings.add(`The answer of "${model}" was cut off at ${run.maxTokens} tokens (moa.maxTokens).`);
  }
}

function percent(run: Run, layersDone: number): number {
  return Math.round((100 * layersDone) / (run.numLayers + 1));
}

/** The error of a run without any proposal: of the code that all failures share, if they do; a bug is not covered up. */
function noProposal(run: Run, outcomes: readonly CallOutcome[]): unknown {
  const bug = outcomes.find(({ failure }) => failure !== undefined && !(failure instanceof ToolError));
  if (bug) return bug.failure;
  const issues = run.trace.map((entry) => ({ path: entry.model, message: entry.error ?? entry.status }));
  const reasons = issues.map((issue) => `${issue.path}: ${issue.message}`).join(" ");
  const failures = outcomes.map(({ entry, failure }) =>
    failure instanceof ToolError
      ? failure
      : new ToolError("deadline_exceeded", entry.error ?? entry.status, { retryable: true }),
  );
  const first = failures[0]!;
  const same = failures.every((failure) => failure.code === first.code);
  const waits = failures.flatMap(({ retryAfterMs }) => (retryAfterMs === undefined ? [] : [retryAfterMs]));
  return new ToolError(same ? first.code : "upstream_error", `All agents failed. ${reasons}`.slice(0, 1000), {
    hint: (same ? first.hint : undefined) ?? "Check the model providers, or choose other models.",
    retryable: failures.some((failure) => failure.retryable),
    retryAfterMs: waits.length === failures.length ? Math.min(...waits) : undefined,
    issues,
    details: { trace: run.trace },
  });
}
