import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { ToolError } from "../errors.ts";
import { createContestants } from "../eval/contestants.ts";
import { type Estimate, estimateEval } from "../eval/estimate.ts";
import { readQuestions } from "../eval/questions.ts";
import type { EvalRecord } from "../eval/records.ts";
import { openResults } from "../eval/results-file.ts";
import { runEval } from "../eval/run-eval.ts";
import { summarize } from "../eval/summary.ts";
import { createRedactor, secretsOfEnvironment } from "../redact/redact.ts";
import { createServices, type Services } from "../services.ts";
import type { CommandContext } from "./command-context.ts";
import type { CommandOptions } from "./command-options.ts";
import { formatReport } from "./eval-report.ts";
import { createLiveBlock } from "./live-block.ts";
import { printable, printableJson } from "./memory-call.ts";
import { choiceOption, integerOption, listOption } from "./option-values.ts";
import { signalCode, stopSignal } from "./process-events.ts";
import { duration, grouped, money, printableText } from "./terminal-text.ts";

const KINDS = ["single", "self", "mixed"] as const;
const DEFAULT_CONCURRENCY = 2;
/** The same for every run, so that a rerun with a file of results finds its answers. */
const DEFAULT_SEED = 1;

/**
 * Compares single models and mixtures on the user's questions; the report on the output, progress on stderr.
 * @throws ToolError `invalid_input` where the options are wrong; as `readQuestions`, `openResults` and `runEval`
 */
export async function evalCommand({ loaded, env, words, options = {} }: CommandContext): Promise<number> {
  const wanted = checked(words, options);
  const { config } = loaded;
  const questions = readQuestions(readQuestionFile(wanted.questions)).slice(0, wanted.limit);
  const results = openResults(options.out);
  const redact = createRedactor([...loaded.secrets, ...secretsOfEnvironment(env)]);
  const say = (line: string) => process.stderr.write(`${printableText(redact(line))}\n`);
  const services = createServices(config, env, say);
  const stop = new AbortController();
  const stopped = stopSignal().then((signal) => {
    stop.abort();
    return signal;
  });
  let progress: ReturnType<typeof watch> | undefined;
  try {
    const { llm, moa } = await services.get(["llm", "moa"]);
    const user = { id: config.user };
    const names = await resolveNames(wanted, config.moa, llm, stop.signal);
    const contestants = createContestants({
      llm,
      moa,
      user,
      kinds: wanted.kinds,
      models: names.models,
      aggregator: names.aggregator,
      layers: wanted.layers ?? config.moa.numLayers,
      agents: wanted.agents ?? config.moa.agentsPerLayer,
      maxTokens: config.moa.maxTokens,
      seed: wanted.seed,
      setup: config.moa,
      maxCostUsd: config.moa.maxCostUsd,
    });
    const baseline = baselineOf(names.baseline, contestants);
    const account = llm.account(user);
    const estimate = await estimateEval({
      questions,
      contestants,
      judge: names.judge,
      judgeTokens: config.llm.maxTokens,
      hasBaseline: baseline !== undefined,
      tokensOf: (text, model) => llm.tokens.most(text, model),
      async mostUsd(model, promptTokens, maxTokens) {
        const hold = await account.hold(model, promptTokens, maxTokens);
        hold.settle(undefined);
        return hold.mostUsd;
      },
    });
    say(estimateText(estimate, questions.length, contestants.length));
    if (!(await mayStart(estimate, wanted.maxCostUsd, options, stop.signal))) return 1;
    progress = watch(estimate, say);
    const outcome = await runEval({
      questions,
      contestants,
      judge: names.judge,
      baseline,
      concurrency: wanted.concurrency,
      maxCostUsd: wanted.maxCostUsd,
      llm,
      user,
      results,
      signal: stop.signal,
      mostUsd: estimate.mostUsd,
      onRecord: progress.note,
    });
    progress.end();
    const summary = summarize(questions, contestants, names.judge, outcome);
    process.stdout.write(redact(options.json ? `${printableJson(summary)}\n` : printableText(formatReport(summary))));
    if (outcome.refusal) throw outcome.refusal;
    if (outcome.stopped && estimate.usd !== undefined)
      say(`--max-cost ${estimate.usd.toPrecision(2)} would hold all of it.`);
    const { made, failed } = summary.judgements;
    if (failed > 0) say(`The judge gave no verdict on ${failed} of ${made} comparisons; choose another --judge.`);
    return made > 0 && failed === made ? 1 : 0;
  } catch (error) {
    progress?.end();
    const kept =
      options.out === undefined ? "Nothing is kept; --out FILE would keep it." : "A rerun goes on from here.";
    if (!stop.signal.aborted) {
      if (progress && error instanceof ToolError) say(`Ended before its end. ${kept}`);
      throw error;
    }
    say(`Cancelled. ${kept}`);
    return signalCode(await stopped);
  } finally {
    progress?.end();
    await services.dispose();
  }
}

function checked(words: readonly string[], options: CommandOptions) {
  const [what, ...more] = words;
  if (what !== "moa") {
    const said = what === undefined ? "eval needs to know what" : `There is nothing to evaluate named "${what}"`;
    throw new ToolError("invalid_input", `${said}: patchbay-mcp eval moa --questions FILE.`);
  }
  if (more.length > 0) throw new ToolError("invalid_input", `eval moa takes no "${more[0]}".`);
  if (!options.questions) throw new ToolError("invalid_input", "eval moa needs --questions FILE.");
  const maxCostUsd = options["max-cost"] === undefined ? undefined : Number(options["max-cost"]);
  if (maxCostUsd !== undefined && !(maxCostUsd > 0 && Number.isFinite(maxCostUsd))) {
    throw new ToolError("invalid_input", `--max-cost must be an amount of USD, not "${options["max-cost"]}".`);
  }
  const kinds = listOption("contestants", options.contestants)?.map(
    (kind) => choiceOption("contestants", kind, KINDS)!,
  );
  return {
    questions: options.questions,
    kinds: [...new Set(kinds ?? KINDS)],
    models: listOption("models", options.models),
    aggregator: options.aggregator,
    judge: options.judge,
    baseline: options.baseline,
    layers: integerOption("layers", options.layers, 1, 6),
    agents: integerOption("agents", options.agents, 1, 16),
    seed: integerOption("seed", options.seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) ?? DEFAULT_SEED,
    limit: integerOption("limit", options.limit, 1, 1_000_000),
    concurrency: integerOption("concurrency", options.concurrency, 1, 64) ?? DEFAULT_CONCURRENCY,
    maxCostUsd,
  };
}

function readQuestionFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new ToolError("not_found", `The questions cannot be read from "${file}" (${code}).`, { cause: error });
  }
}

interface Names {
  models?: readonly string[] | undefined;
  aggregator?: string | undefined;
  judge?: string | undefined;
  baseline?: string | undefined;
}

/** Full names of all models; names that are missing are errors here, for a comparison without them would be another one. */
async function resolveNames(
  wanted: Names,
  moa: { models: readonly (string | { model: string })[]; aggregatorModel: string },
  llm: Services["llm"],
  signal: AbortSignal,
): Promise<{ models: string[]; aggregator: string; judge: string; baseline: string | undefined }> {
  const found: string[] = [];
  const resolve = async (name: string, key?: string): Promise<string> => {
    const { name: full } = await llm.resolve(name, { configured: key, avoid: found, signal });
    return full;
  };
  const configured = moa.models.map((entry) => (typeof entry === "string" ? entry : entry.model));
  for (const name of wanted.models ?? configured)
    found.push(await resolve(name, wanted.models ? undefined : "moa.models"));
  const models = [...new Set(found)];
  const aggregator = wanted.aggregator
    ? await resolve(wanted.aggregator)
    : wanted.models
      ? models[0]!
      : await resolve(moa.aggregatorModel, "moa.aggregatorModel");
  const judge = wanted.judge === undefined ? aggregator : await resolve(wanted.judge);
  const isMixture = wanted.baseline === "self" || wanted.baseline === "mixed";
  const resolveBaseline = (name: string) =>
    resolve(name).catch((error: unknown) => {
      if (!(error instanceof ToolError) || error.code !== "unknown_model") throw error;
      const hint = "Name one of the models that take part, self or mixed by --baseline.";
      throw new ToolError(error.code, `--baseline: ${error.message}`, { hint, cause: error });
    });
  const baseline =
    wanted.baseline === undefined || isMixture ? wanted.baseline : await resolveBaseline(wanted.baseline);
  return { models, aggregator, judge, baseline };
}

function baselineOf(baseline: string | undefined, contestants: readonly { name: string }[]): string | undefined {
  if (baseline === undefined || contestants.some(({ name }) => name === baseline)) return baseline;
  const names = contestants.map(({ name }) => name).join(", ");
  throw new ToolError("invalid_input", `--baseline must be one of the contestants (${names}), not "${baseline}".`);
}

function estimateText(estimate: Estimate, questions: number, contestants: number): string {
  const { requests, judgeRequests, usd } = estimate;
  const judged = judgeRequests > 0 ? `, ${grouped(judgeRequests)} of them of the judge at most` : "";
  const cost =
    usd === undefined ? "an unknown cost (no prices are configured for some model)" : `${money(usd)} at most`;
  const what = `${questions} ${questions === 1 ? "question" : "questions"} for ${contestants} contestants`;
  return `${what}: about ${grouped(requests)} calls${judged}, ${cost}, less what --out holds already.`;
}

async function mayStart(
  estimate: Estimate,
  maxCostUsd: number | undefined,
  options: CommandOptions,
  signal: AbortSignal,
): Promise<boolean> {
  if (maxCostUsd !== undefined && estimate.usd === undefined) {
    throw new ToolError(
      "not_configured",
      `--max-cost cannot be kept: the price of "${estimate.unpriced}" is unknown.`,
      {
        hint: "Give prices under providers.NAME.prices, or use --yes without --max-cost.",
      },
    );
  }
  if (options.yes || maxCostUsd !== undefined) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    process.stderr.write("patchbay-mcp: nothing was asked yet.\nSay --yes to start, or --max-cost USD.\n");
    return false;
  }
  // Not in terminal mode, in which Ctrl-C would be a key and no signal.
  const terminal = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  const ended = once(terminal, "close").then(() => "");
  const answer = await Promise.race([terminal.question("Start? [y/N] ", { signal }), ended]).finally(() =>
    terminal.close(),
  );
  return /^y(es)?$/i.test(answer.trim());
}

/** Shows on stderr what is done: on a terminal one line in place, elsewhere a line for each answer. */
function watch(estimate: Estimate, say: (line: string) => void) {
  const startedAt = performance.now();
  const counts = { answers: 0, kept: 0, failed: 0, judgements: 0, usd: 0 as number | null };
  const line = () => {
    const { answers, kept, failed, judgements, usd } = counts;
    const cost = usd === null ? "cost unknown" : money(usd);
    const judged = estimate.judgeRequests > 0 ? `, ${judgements} comparisons` : "";
    const extra = `${kept > 0 ? `, ${kept} kept` : ""}${failed > 0 ? `, ${failed} failed` : ""}`;
    return `${answers} of ${estimate.answers} answers${judged}${extra} · ${cost} · ${duration(performance.now() - startedAt)}`;
  };
  const block = process.stderr.isTTY ? createLiveBlock(process.stderr, () => [line()]) : undefined;
  let isOpen = true;
  return {
    note(record: EvalRecord, { kept }: { kept: boolean }) {
      if (record.type === "answer") counts.answers += 1;
      else counts.judgements += 1;
      if (kept) counts.kept += 1;
      else counts.usd = counts.usd === null || record.cost_usd === null ? null : counts.usd + record.cost_usd;
      if (record.error !== undefined) counts.failed += 1;
      if (block || kept) return;
      const result = record.error ?? (record.type === "judgement" ? record.outcome : resultOf(record.right, record.ms));
      say(printable(`${record.type} ${record.question} ${record.contestant}: ${result}`));
    },
    end() {
      if (isOpen) block?.end();
      isOpen = false;
    },
  };
}

function resultOf(right: boolean | undefined, ms: number): string {
  return `${right === undefined ? "answered" : right ? "right" : "wrong"} in ${duration(ms)}`;
}
