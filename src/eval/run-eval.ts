import type PQueue from "p-queue";
import { abortError, ToolError } from "../errors.ts";
import type { Budget } from "../llm/account.ts";
import type { ChatMessage } from "../llm/model-adapter.ts";
import type { ModelClient } from "../llm/model-client.ts";
import { bestSingle } from "./compare.ts";
import type { Contestant } from "./contestants.ts";
import { grade } from "./grade.ts";
import { agreedOutcome, judgeMessages, readVerdict } from "./judge.ts";
import type { AnswerRecord, EvalRecord, JudgementRecord, Question, Verdict } from "./records.ts";
import { keyOf, type Results } from "./results-file.ts";
import { addUsage, type CostLimit, type Spent, type WatchedAccount, watchedAccount } from "./spent.ts";

export interface EvalOptions {
  questions: readonly Question[];
  contestants: readonly Contestant[];
  /** `provider/model` that compares answers. */
  judge: string;
  /** Name of the contestant that the others are compared with. Unset: the best single model. */
  baseline?: string | undefined;
  /** Questions that are answered or judged at once. */
  concurrency: number;
  /** USD that it may cost: nothing is begun, and no request sent, that could exceed it. Needs every price. */
  maxCostUsd?: number | undefined;
  llm: Pick<ModelClient, "complete" | "account">;
  user: { id: string };
  results: Results;
  signal: AbortSignal;
  /** USD that one answer of a contestant, or one judgement, costs at most. */
  mostUsd(of: Contestant | "judgement", question: Question): number;
  /** Is told of everything that is done. `kept` was there from an earlier run. */
  onRecord?(record: EvalRecord, progress: { kept: boolean }): void;
}

export interface EvalOutcome {
  /** Of every question and contestant, as far as they were reached. */
  answers: AnswerRecord[];
  judgements: JudgementRecord[];
  baseline: string;
  /** Whether the baseline was chosen from several by these very answers. */
  baselineChosen: boolean;
  /** Whether `maxCostUsd` ended it early. */
  stopped: boolean;
  /** USD that this run spent; null where a price is unknown. */
  costUsd: number | null;
  /** A budget of the day or the user that ended it early. */
  refusal?: ToolError | undefined;
  /** What `maxCostUsd` left out, from the first answer on that did not fit. */
  leftOut: LeftOut[];
}

export interface LeftOut {
  /** A contestant, or `the judge`. */
  name: string;
  question: string;
  /** USD that the answer or comparison could cost at most. */
  mostUsd: number;
  /** USD spent until then; null where a price is unknown. */
  spentUsd: number | null;
}

/**
 * Lets every contestant answer every question, and a judge compare where no answer is known: the single models with the first of
 * them, then all with the baseline. What `results` holds already is not asked again, failures apart.
 * @throws ToolError `aborted`; what the configuration makes fail everywhere, such as a budget that is used up
 */
export async function runEval(options: EvalOptions): Promise<EvalOutcome> {
  const { questions, contestants, concurrency, signal } = options;
  const { default: Queue } = await import("p-queue");
  const queue = new Queue({ concurrency });
  const spending = createSpending(options);
  const answers = new Map<string, AnswerRecord>();
  const at = (question: Question, contestant: string) => answers.get(JSON.stringify([question.id, contestant]));

  await eachOf(
    queue,
    signal,
    questions.flatMap((question) => contestants.map((contestant) => ({ question, contestant }))),
    async ({ question, contestant }) => {
      const record = await answerOf(options, spending, question, contestant);
      if (record) answers.set(JSON.stringify([question.id, contestant.name]), record);
    },
  );

  const judgements = new Map<string, JudgementRecord>();
  const judgeAll = (names: readonly string[], baseline: string) => {
    const open = questions.filter(({ answers: known }) => known === undefined);
    const pairs = open.flatMap((question) =>
      names.filter((name) => name !== baseline).map((name) => ({ question, name })),
    );
    return eachOf(queue, signal, pairs, async ({ question, name }) => {
      const pair = { contestant: at(question, name), baseline: at(question, baseline) };
      if (pair.contestant?.text === undefined || pair.baseline?.text === undefined) return;
      const record = await judgementOf(options, spending, question, pair.contestant, pair.baseline);
      if (record) judgements.set(JSON.stringify([question.id, name, baseline]), record);
    });
  };
  const singles = contestants.filter(({ kind }) => kind === "single").map(({ name }) => name);
  const first = singles[0] ?? contestants[0]!.name;
  if (options.baseline === undefined) await judgeAll(singles, first);
  const soFar = { questions, answers: [...answers.values()], judgements: [...judgements.values()] };
  const baseline = options.baseline ?? bestSingle(singles, first, soFar);
  await judgeAll(
    contestants.map(({ name }) => name),
    baseline,
  );
  return {
    answers: [...answers.values()],
    judgements: [...judgements.values()],
    baseline,
    baselineChosen: options.baseline === undefined && singles.length > 1,
    stopped: spending.stopped,
    costUsd: spending.spent.usd,
    refusal: spending.refusal,
    leftOut: spending.leftOut,
  };
}

interface Spending {
  readonly spent: Spent;
  readonly stopped: boolean;
  readonly refusal: ToolError | undefined;
  readonly leftOut: LeftOut[];
  /** Whether something that costs this much at most may begin; then it is set aside. What did not fit once is left out. */
  begin(mostUsd: number, name: string, question: string): boolean;
  end(mostUsd: number, spent: Spent): void;
  /** An account of one answer or one request of the judge. */
  open(budget?: Budget): WatchedAccount;
  /** Ends the evaluation, so that the results are summed up. */
  give(refusal: ToolError): undefined;
}

function createSpending({ maxCostUsd, llm, user }: EvalOptions): Spending {
  const limit: CostLimit | undefined =
    maxCostUsd === undefined ? undefined : { usd: maxCostUsd, used: 0, reached: false };
  const spent: Spent = { tokens: 0, usd: 0 };
  let planned = 0;
  let refused: ToolError | undefined;
  const leftOut: LeftOut[] = [];
  return {
    spent,
    leftOut,
    get refusal() {
      return refused;
    },
    get stopped() {
      return leftOut.length > 0 || limit?.reached === true;
    },
    begin(mostUsd, name, question) {
      if (refused || limit?.reached || leftOut.some((one) => one.name === name)) return false;
      if (limit && (spent.usd ?? limit.used) + planned + mostUsd > limit.usd) {
        leftOut.push({ name, question, mostUsd, spentUsd: spent.usd });
        return false;
      }
      planned += mostUsd;
      return true;
    },
    end(mostUsd, { tokens, usd }) {
      planned -= mostUsd;
      spent.tokens += tokens;
      spent.usd = spent.usd === null || usd === null ? null : spent.usd + usd;
    },
    open(budget) {
      return watchedAccount(llm.account(user, budget), limit);
    },
    give(refusal) {
      if (!limit?.reached) refused ??= refusal;
      return undefined;
    },
  };
}

async function eachOf<Item>(
  queue: PQueue,
  signal: AbortSignal,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let failed = false;
  const guarded = async (item: Item): Promise<void> => {
    if (failed) return;
    try {
      if (signal.aborted) throw abortError(signal);
      await work(item);
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const ended = await Promise.allSettled(items.map((item) => queue.add(() => guarded(item))));
  for (const result of ended) if (result.status === "rejected") throw result.reason;
}

async function answerOf(
  { results, signal, mostUsd, onRecord }: EvalOptions,
  spending: Spending,
  question: Question,
  contestant: Contestant,
): Promise<AnswerRecord | undefined> {
  const key = keyOf(
    question.id,
    question.question,
    question.answers !== undefined,
    contestant.kind,
    contestant.settings,
  );
  const kept = results.answer(key);
  if (kept?.text !== undefined) {
    // The expected answer may have been corrected since.
    const record = graded({ ...kept, contestant: contestant.name }, question);
    onRecord?.(record, { kept: true });
    return record;
  }
  const most = mostUsd(contestant, question);
  if (!spending.begin(most, contestant.name, question.id)) return undefined;
  const startedAt = performance.now();
  const about = { type: "answer", key, question: question.id, contestant: contestant.name } as const;
  const since = () => Math.round(performance.now() - startedAt);
  const spent: Spent = { tokens: 0, usd: 0 };
  const account = spending.open(contestant.budget);
  let record: AnswerRecord;
  try {
    const { text, degraded } = await contestant
      .answer(question, { signal, account })
      .finally(() => addUsage(spent, account.usage));
    if (account.refusal) return spending.give(account.refusal);
    const answer: AnswerRecord = { ...about, text, ms: since(), tokens: spent.tokens, cost_usd: spent.usd };
    record = graded(degraded ? { ...answer, degraded } : answer, question);
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    if (account.refusal) return spending.give(account.refusal);
    if (!isOfOneAnswer(error)) throw error;
    record = { ...about, error: error.message, ms: since(), tokens: spent.tokens, cost_usd: spent.usd };
    if (question.answers) record.right = false;
  } finally {
    spending.end(most, spent);
  }
  results.add(record);
  onRecord?.(record, { kept: false });
  return record;
}

function graded(record: AnswerRecord, { answers }: Question): AnswerRecord {
  return answers && record.text !== undefined ? { ...record, ...grade(record.text, answers) } : record;
}

/** Whether a failure says something of the contestant, and not of a budget or the configuration. */
function isOfOneAnswer(error: unknown): error is ToolError {
  const ofAll = ["limit_reached", "not_configured", "unknown_model", "invalid_config", "invalid_input"];
  return error instanceof ToolError && !ofAll.includes(error.code);
}

async function judgementOf(
  { llm, judge, results, signal, mostUsd, onRecord }: EvalOptions,
  spending: Spending,
  { id, question, answers }: Question,
  contestant: AnswerRecord,
  baseline: AnswerRecord,
): Promise<JudgementRecord | undefined> {
  const [ours = "", theirs = ""] = [contestant.text, baseline.text];
  const key = keyOf(question, ours, theirs, judge);
  const names = { contestant: contestant.contestant, baseline: baseline.contestant };
  const kept = results.judgement(key);
  if (kept?.outcome !== undefined) {
    const record = { ...kept, ...names, question: id };
    onRecord?.(record, { kept: true });
    return record;
  }
  const most = mostUsd("judgement", { id, question, answers });
  if (!spending.begin(most, "the judge", id)) return undefined;
  const spent: Spent = { tokens: 0, usd: 0 };
  let refusal: ToolError | undefined;
  const ask = async (messages: ChatMessage[]): Promise<Verdict> => {
    const account = spending.open();
    const request = { model: judge, messages, fallbackModels: [], temperature: 0 };
    const { text } = await llm.complete(request, { signal, account }).finally(() => {
      addUsage(spent, account.usage);
      refusal ??= account.refusal;
    });
    const verdict = readVerdict(text);
    if (verdict) return verdict;
    throw new ToolError("invalid_response", "The judge gave no verdict.");
  };
  const record: JudgementRecord = { type: "judgement", key, question: id, ...names, tokens: 0, cost_usd: 0 };
  try {
    const forward = await ask(judgeMessages(question, ours, theirs));
    const backward = await ask(judgeMessages(question, theirs, ours));
    record.verdicts = [forward, backward];
    record.outcome = agreedOutcome(forward, backward);
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    if (refusal) return spending.give(refusal);
    if (!isOfOneAnswer(error)) throw error;
    record.error = error.message;
  } finally {
    spending.end(most, spent);
  }
  record.tokens = spent.tokens;
  record.cost_usd = spent.usd;
  results.add(record);
  onRecord?.(record, { kept: false });
  return record;
}
