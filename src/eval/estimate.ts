import { type Contestant, promptOf } from "./contestants.ts";
import type { Question } from "./records.ts";

export interface EstimateOptions {
  questions: readonly Question[];
  contestants: readonly Contestant[];
  judge: string;
  /** Tokens of a judge's answer. */
  judgeTokens: number;
  /** Whether the baseline is named: otherwise the single models are compared with each other first. */
  hasBaseline: boolean;
  tokensOf(text: string, model: string): number;
  /** What a request costs at most in USD; undefined where the price is unknown. */
  mostUsd(model: string, promptTokens: number, maxTokens: number): Promise<number | undefined>;
}

/** What an evaluation will take, before it starts. */
export interface Estimate {
  answers: number;
  /** Calls of models, those of the judge included, when none is repeated. */
  requests: number;
  /** Of the judge, at most. */
  judgeRequests: number;
  /** USD at most, every answer as long as it may be; undefined where a price is unknown. */
  usd: number | undefined;
  /** A model without a price. */
  unpriced: string | undefined;
  /** USD at most of one answer, or of one comparison by the judge; 0 where a price is unknown. */
  mostUsd(of: Contestant | "judgement", question: Question): number;
}

/** Tokens that roles and fences add to a prompt. */
const INSTRUCTION_TOKENS = 400;

/** Says what an evaluation takes at most. Where a call draws its model, the dearest of them counts. */
export async function estimateEval(options: EstimateOptions): Promise<Estimate> {
  const { questions, contestants, judge, judgeTokens, hasBaseline, tokensOf } = options;
  const open = questions.filter(({ answers }) => answers === undefined).length;
  const singles = contestants.filter(({ kind }) => kind === "single").length;
  const comparisons = contestants.length - 1 + (hasBaseline ? 0 : Math.max(0, singles - 1));
  const judgeRequests = 2 * open * comparisons;
  let unpriced: string | undefined;
  /** A price is linear in the tokens, so two of them say all. */
  const prices = new Map<string, Promise<(prompt: number, answer: number) => number>>();
  const priceOf = (model: string) => {
    let price = prices.get(model);
    if (!price) {
      price = Promise.all([options.mostUsd(model, 1000, 0), options.mostUsd(model, 0, 1000)]).then(
        ([input, output]) => {
          if (input === undefined || output === undefined) unpriced ??= model;
          return (prompt: number, answer: number) => ((input ?? 0) * prompt + (output ?? 0) * answer) / 1000;
        },
      );
      prices.set(model, price);
    }
    return price;
  };
  const named = new Set([judge, ...contestants.flatMap(({ calls }) => calls.flatMap(({ models }) => models))]);
  const ready = new Map<string, (prompt: number, answer: number) => number>();
  for (const model of named) ready.set(model, await priceOf(model));
  const most = (model: string, prompt: number, answer: number) => ready.get(model)!(prompt, answer);

  const mostUsd = (of: Contestant | "judgement", question: Question): number => {
    const size = tokensOf(promptOf(question), judge) + INSTRUCTION_TOKENS;
    if (of === "judgement") {
      const longest = Math.max(...contestants.flatMap(({ calls }) => calls.map(({ maxTokens }) => maxTokens)));
      return 2 * most(judge, size + 2 * longest, judgeTokens);
    }
    const costs = of.calls.map(({ models, extraTokens, maxTokens }) =>
      Math.max(...models.map((model) => most(model, size + extraTokens, maxTokens))),
    );
    return costs.reduce((sum, cost) => sum + cost, 0);
  };
  let usd = 0;
  for (const question of questions) {
    for (const contestant of contestants) usd += mostUsd(contestant, question);
    if (question.answers === undefined) usd += comparisons * mostUsd("judgement", question);
  }
  const calls = contestants.reduce((sum, contestant) => sum + contestant.calls.length, 0);
  return {
    answers: questions.length * contestants.length,
    requests: questions.length * calls + judgeRequests,
    judgeRequests,
    usd: unpriced === undefined ? usd : undefined,
    unpriced,
    mostUsd,
  };
}
