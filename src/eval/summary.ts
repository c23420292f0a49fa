import { type Comparison, compare } from "./compare.ts";
import type { Contestant } from "./contestants.ts";
import type { ContestantKind, Question } from "./records.ts";
import type { EvalOutcome } from "./run-eval.ts";
import { type Interval, moreQuestions, quantile, signTest, successInterval, winInterval } from "./statistics.ts";

/** What is known of one contestant. */
export interface ContestantSummary {
  name: string;
  kind: ContestantKind;
  /** Of the questions with a known answer; failures count as wrong. Unset without such questions. */
  accuracy?: Interval & { right: number; of: number };
  /** Against the baseline over all questions, ties counted half. Unset of the baseline itself. */
  win_rate?: Interval & Comparison;
  answered: number;
  failures: number;
  degraded: number;
  /** USD that an answer took on average, what failed ones took included; null where a price is unknown. */
  mean_cost_usd: number | null;
  /** Of prompts and answers, in the same way. */
  mean_tokens: number;
  latency_ms: { p50: number; p90: number } | null;
  /** Median over the questions that both answered, of its time divided by the baseline's. */
  time_ratio?: number;
}

export interface EvalSummary {
  questions: number;
  with_answer: number;
  judge: string;
  baseline: string;
  contestants: ContestantSummary[];
  judgements: { made: number; failed: number; disagreed: number };
  /** One for each mixture, or, without mixtures, for each other contestant. */
  verdicts: string[];
  /** What makes the verdicts less sure than they look. */
  caveats: string[];
  /** USD that this run spent; null where a price is unknown. */
  cost_usd: number | null;
  /** Whether the limit of cost ended it early. */
  stopped: boolean;
  /** What the limit of cost left out, and the first answer of it that did not fit. */
  left_out: { name: string; question: string; most_usd: number; spent_usd: number | null }[];
}

/** Puts together what an evaluation has found. */
export function summarize(
  questions: readonly Question[],
  contestants: readonly Contestant[],
  judge: string,
  outcome: EvalOutcome,
): EvalSummary {
  const { baseline, answers, judgements } = outcome;
  const found = { questions, answers, judgements };
  const known = new Set(questions.filter((question) => question.answers).map(({ id }) => id));
  const baselineTimes = new Map(
    answers.filter((one) => one.contestant === baseline && one.text !== undefined).map((one) => [one.question, one.ms]),
  );
  const summaries = contestants.map(({ name, kind }): ContestantSummary => {
    const own = answers.filter((answer) => answer.contestant === name);
    const given = own.filter((answer) => answer.text !== undefined);
    const graded = own.filter(({ question }) => known.has(question));
    const right = graded.filter((answer) => answer.right).length;
    const comparison = compare(name, baseline, found);
    const perAnswer = (amounts: readonly number[]) =>
      given.length === 0 ? undefined : amounts.reduce((sum, amount) => sum + amount, 0) / given.length;
    const isPriced = own.every(({ cost_usd }) => cost_usd !== null);
    const times = given.map(({ ms }) => ms);
    const ratio = name === baseline ? undefined : timeRatio(given, baselineTimes);
    return {
      name,
      kind,
      ...(graded.length > 0 && { accuracy: { right, of: graded.length, ...successInterval(right, graded.length) } }),
      ...(name !== baseline && { win_rate: { ...comparison, ...winInterval(comparison) } }),
      answered: given.length,
      failures: own.length - given.length,
      degraded: given.filter((answer) => answer.degraded).length,
      mean_cost_usd: isPriced ? (perAnswer(own.map(({ cost_usd }) => cost_usd ?? 0)) ?? null) : null,
      mean_tokens: Math.round(perAnswer(own.map(({ tokens }) => tokens)) ?? 0),
      latency_ms: times.length > 0 ? { p50: quantile(times, 0.5)!, p90: quantile(times, 0.9)! } : null,
      ...(ratio !== undefined && { time_ratio: ratio }),
    };
  });
  const base = summaries.find(({ name }) => name === baseline)!;
  const others = summaries.filter(({ name }) => name !== baseline);
  const mixtures = others.filter(({ kind }) => kind !== "single");
  const verdicts = (mixtures.length > 0 ? mixtures : others).map((one) => verdictOn(one, base));
  return {
    questions: questions.length,
    with_answer: known.size,
    judge,
    baseline,
    contestants: summaries,
    judgements: {
      made: judgements.length,
      failed: judgements.filter(({ outcome: decided }) => decided === undefined).length,
      disagreed: judgements.filter(({ verdicts: pair }) => pair && pair[0] !== "tie" && pair[0] === pair[1]).length,
    },
    verdicts,
    caveats: caveatsOf(contestants, judge, outcome),
    cost_usd: outcome.costUsd,
    stopped: outcome.stopped,
    left_out: outcome.leftOut.map(({ name, question, mostUsd, spentUsd }) => ({
      ...{ name, question, most_usd: mostUsd, spent_usd: spentUsd },
    })),
  };
}

function caveatsOf(contestants: readonly Contestant[], judge: string, outcome: EvalOutcome): string[] {
  const { baseline, baselineChosen, judgements } = outcome;
  const caveats: string[] = [];
  const without = judgements.filter(({ outcome: decided }) => decided === undefined).length;
  if (without > 0) {
    caveats.push(
      `The judge gave no verdict on ${without} of ${judgements.length} comparisons; choose another --judge.`,
    );
  }
  if (baselineChosen && outcome.answers.length > 0) {
    caveats.push(
      `${baseline} was chosen as the best of several models by these same questions, which flatters it: with fresh ones the others ` +
        "may do a little better against it. A baseline that is named beforehand (--baseline) has no such luck.",
    );
  }
  const isContestant = contestants.some(({ calls }) => calls.some(({ models }) => models.includes(judge)));
  if (isContestant && judgements.length > 0) {
    caveats.push(
      `The judge ${judge} compares answers that it wrote itself or had a part in, and models tend to prefer their own. Name another by --judge.`,
    );
  }
  return caveats;
}

/** Of an error in saying that there is a difference. */
const LEVEL = 0.05;
/** Above this, more questions are no advice. */
const MOST_QUESTIONS = 10_000;

/** Whether a contestant is worth its price, in plain words. */
function verdictOn({ name, win_rate: rate, ...ours }: ContestantSummary, theirs: ContestantSummary): string {
  const pairs = rate ? rate.wins + rate.ties + rate.losses : 0;
  if (!rate || pairs === 0) return `${name}: nothing could be compared with ${theirs.name}.`;
  if (ours.answered + theirs.answered === 0)
    return `${name}: nothing can be said, for neither it nor ${theirs.name} answered.`;
  const share = `${percent(rate.estimate)} against ${theirs.name}, ties counted half; 95 % interval ${percent(rate.low)} to ${percent(rate.high)}`;
  const price = priceOf(ours, theirs);
  const isShown = signTest(rate) <= LEVEL;
  if (isShown && rate.low > 0.5) return `${name} is better than ${theirs.name} here: it wins ${share}. ${price}`;
  if (isShown && rate.high < 0.5) return `${name} is worse than ${theirs.name} here: it wins only ${share}. ${price}`;
  if (rate.ties === pairs && ours.accuracy && ours.accuracy.right === ours.accuracy.of && ours.accuracy.of === pairs) {
    return `${name}: all were ties: the questions are too easy to tell it from ${theirs.name}. ${price}`;
  }
  const more = moreQuestions(rate);
  const advice =
    more === undefined
      ? "As many were won as lost, so that more questions may well show none either."
      : more > MOST_QUESTIONS
        ? "What difference there is is too small to be shown by any practical number of questions."
        : `If the difference is as large as it looks, about ${more} more would be needed to show it.`;
  const few = pairs === 1 ? "this 1 question" : `these ${pairs} questions`;
  return `${name}: no difference from ${theirs.name} is shown by ${few} (it wins ${share}). ${advice} ${price}`;
}

/** Questions differ in how long they take: a ratio of the two medians could be of different ones. */
function timeRatio(given: readonly { question: string; ms: number }[], theirs: ReadonlyMap<string, number>) {
  const ratios = given.flatMap(({ question, ms }) => {
    const their = theirs.get(question);
    return their === undefined || their === 0 ? [] : [ms / their];
  });
  return ratios.length > 0 ? quantile(ratios, 0.5) : undefined;
}

function priceOf(
  ours: Pick<ContestantSummary, "mean_cost_usd" | "mean_tokens" | "time_ratio">,
  theirs: ContestantSummary,
): string {
  const times = (a: number | null | undefined, b: number | null | undefined) =>
    a != null && b != null && b > 0 ? `${(a / b).toFixed(1)} ×` : undefined;
  const cost = times(ours.mean_cost_usd, theirs.mean_cost_usd);
  const tokens = times(ours.mean_tokens, theirs.mean_tokens);
  const time = times(ours.time_ratio, 1);
  const dear = cost
    ? `costs ${cost} as much`
    : tokens
      ? `uses ${tokens} the tokens (cost unknown)`
      : "costs an unknown sum";
  return `It ${dear}${time ? ` and takes ${time} as long` : ""}.`;
}

/** Such as `71 %`. */
export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
