import { createHash } from "node:crypto";
import type { Account, Budget } from "../llm/account.ts";
import type { ModelClient } from "../llm/model-client.ts";
import type { MixtureOfAgents } from "../moa/mixture-of-agents.ts";
import type { ContestantKind, Question } from "./records.ts";

export interface Attempt {
  text: string;
  degraded: boolean;
}

export interface Contestant {
  /** `provider/model` of a single model, else what it is. */
  name: string;
  kind: ContestantKind;
  /** What its answers depend on, besides the question. */
  settings: Record<string, unknown>;
  /** Requests for one answer when all goes well, each as (model, prompt tokens besides the question, tokens of the answer). */
  calls: readonly { models: readonly string[]; extraTokens: number; maxTokens: number }[];
  /** What one answer may cost. */
  budget?: Budget | undefined;
  answer(question: Question, context: { signal: AbortSignal; account: Account }): Promise<Attempt>;
}

export interface ContestantOptions {
  llm: Pick<ModelClient, "complete">;
  moa: Pick<MixtureOfAgents, "run">;
  user: { id: string };
  kinds: readonly ContestantKind[];
  /** By their full names. */
  models: readonly string[];
  aggregator: string;
  layers: number;
  agents: number;
  /** Tokens of each answer. */
  maxTokens: number;
  seed: number;
  /** How mixtures are configured: answers of another configuration are other answers. */
  setup: unknown;
  /** USD of a run of a mixture. */
  maxCostUsd?: number | undefined;
}

/** The single models and the mixtures of them that are compared. All get the same questions and the same limit of tokens. */
export function createContestants(options: ContestantOptions): Contestant[] {
  const { kinds, models } = options;
  return kinds.flatMap((kind) =>
    kind === "single" ? models.map((model) => singleModel(model, options)) : [mixture(kind, options)],
  );
}

function singleModel(model: string, { llm, maxTokens, seed }: ContestantOptions): Contestant {
  return {
    name: model,
    kind: "single",
    settings: { model, maxTokens, seed },
    calls: [{ models: [model], extraTokens: 0, maxTokens }],
    async answer(question, context) {
      const messages = [{ role: "user" as const, content: promptOf(question) }];
      const request = { model, messages, fallbackModels: [], maxTokens, seed: seedOf(question, seed) };
      const { text } = await llm.complete(request, context);
      return { text, degraded: false };
    },
  };
}

function mixture(strategy: "self" | "mixed", options: ContestantOptions): Contestant {
  const { moa, user, models, aggregator, layers, agents, maxTokens, seed } = options;
  const layer = (extraTokens: number) => Array.from({ length: agents }, () => ({ models, extraTokens, maxTokens }));
  const later = Array.from({ length: layers - 1 }, () => layer(agents * maxTokens)).flat();
  return {
    name: strategy,
    kind: strategy,
    budget: { costUsd: options.maxCostUsd },
    settings: { strategy, models, aggregator, layers, agents, maxTokens, seed, setup: options.setup },
    calls: [...layer(0), ...later, { models: [aggregator], extraTokens: layers * agents * maxTokens, maxTokens }],
    async answer(question, context) {
      const request = {
        query: promptOf(question),
        models,
        aggregatorModel: aggregator,
        numLayers: layers,
        agentsPerLayer: agents,
        strategy,
        seed: seedOf(question, seed),
      };
      const { answer, degraded } = await moa.run(user, request, context);
      return { text: answer, degraded };
    },
  };
}

/** What is asked: the question, and where the answer is known how to write it, so that all are read in the same way. */
export function promptOf({ question, answers }: Question): string {
  if (answers === undefined) return question;
  return `${question}\n\nEnd with one line that has only the answer, in this form:\nAnswer: …`;
}

/** One seed for each question, whatever else is asked. */
function seedOf(question: Question, seed: number): number {
  return createHash("sha256").update(`${seed} ${question.id}`).digest().readUInt32BE() >>> 1;
}
