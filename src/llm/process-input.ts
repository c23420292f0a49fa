import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { ToolError } from "../errors.ts";
import type { PlannedRequests, Usage } from "./account.ts";
import { type Answer, ask, isOverflow, OF_ALL, type Run } from "./ask-part.ts";
import { compileSchema } from "./check-schema.ts";
import { combine, type Room, rewritten } from "./combine-parts.ts";
import type { CallContext, ModelClient } from "./model-client.ts";
import { type SplitInput, splitInput } from "./split-records.ts";
import { splitText } from "./split-text.ts";
import { readTask, taskMessages } from "./task-prompts.ts";

export interface InputProcessorOptions {
  systemPrompt: string;
  maxTokens: number;
  /** Unset: the model's own. */
  temperature?: number | undefined;
}

export interface ProcessRequest {
  input: string;
  /**
   * A built-in task (analyze, summarize, extract, classify, translate, rewrite, answer), alone or as the first word of an
   * instruction; or any other instruction. Default `analyze`.
   */
  task?: string | undefined;
  model?: string | undefined;
  systemPrompt?: string | undefined;
  /** Tokens of each answer. Without it, answers that are too long for the configured limit are written in parts. */
  maxTokens?: number | undefined;
  /** Default: the configured one. */
  temperature?: number | undefined;
  /** JSON Schema that `data` has to satisfy. */
  outputSchema?: Record<string, unknown> | undefined;
}

export interface ProcessResult {
  format: "json" | "text";
  data: unknown;
  /** `provider/model` that gave the final answer. */
  model: string;
  /** Tokens and USD of all calls together, as the account of the call has them. */
  usage: Usage;
  /** HTTP requests made. */
  attempts: number;
  /** Parts that the input was processed in. */
  chunks: number;
  warnings: string[];
  /** Whether `data` is not exactly what the model wrote. */
  repaired?: boolean;
  /** Whether an answer ended at the token limit or broke off, so that something may be missing. */
  truncated?: boolean;
  fallback_used?: boolean;
  /** Whether all answers were kept from identical calls. */
  cached?: boolean;
}

export interface InputProcessor {
  /**
   * Does a task on an input with a model. With a schema, `data` satisfies it; without, an answer that is a JSON object or
   * array is given as JSON, any other as text. An input too long for the model is processed in parts.
   * @throws ToolError `invalid_input`, `validation_failed`, `invalid_response`, `too_large`, or as the model client does.
   */
  process(user: { id: string }, request: ProcessRequest, context: CallContext): Promise<ProcessResult>;
  /**
   * What the call may cost at most in USD, second attempts and fallback models included; undefined where a price is unknown.
   * @throws ToolError as the model client does for the name of the model
   */
  mostUsd(request: ProcessRequest, signal: AbortSignal): Promise<number | undefined>;
}

const MAX_CHUNKS = 100;
const MAX_RESPLITS = 4;
const LEAST_BUDGET = 16;
/** Tokens of a translation to those of its original, at most as a rule. */
const GROWTH = 1.5;
/** Inputs that are remembered how they were split. */
const KEPT_SPLITS = 200;

/** By model and input: the budget of a part, in tokens of an average model. */
type KeptSplits = LRUCache<string, number>;

/** A processor on a model client. */
export function createInputProcessor(client: ModelClient, options: InputProcessorOptions): InputProcessor {
  const splits: KeptSplits = new LRUCache({ max: KEPT_SPLITS });
  return {
    async mostUsd(request, signal) {
      const model = await (request.model === undefined
        ? client.resolveDefault(signal)
        : client.resolve(request.model, { signal }));
      const models = [model.name];
      for (const name of client.defaults.fallbackModels) {
        // What is not there is not asked.
        const fallback = await client.resolve(name, { signal }).catch(() => undefined);
        if (fallback && !models.includes(fallback.name)) models.push(fallback.name);
      }
      return client.mostUsd(plannedRequests(client, options, request, models));
    },
    async process(user, request, context) {
      if (request.input.trim() === "") {
        throw new ToolError("invalid_input", "Input data is required", {
          hint: "Give the text or JSON to process.",
          issues: [{ path: "input", message: "must not be empty" }],
        });
      }
      const check = request.outputSchema && (await compileSchema(request.outputSchema));
      const { signal } = context;
      const model = await (request.model === undefined
        ? client.resolveDefault(signal)
        : client.resolve(request.model, { signal }));
      const account = context.account ?? client.account(user, context.budget);
      const wording = request.task?.trim() || "analyze";
      const totals = { attempts: 0, calls: 0, cached: 0, parts: 1 };
      const onProgress: CallContext["onProgress"] = (progress) => {
        if (progress.type === "attempt") totals.attempts += 1;
        context.onProgress?.(progress);
      };
      const run: Run = {
        client,
        context: { ...context, account, onProgress },
        model: request.model,
        modelName: model.name,
        task: readTask(wording),
        wording,
        systemPrompt: request.systemPrompt ?? options.systemPrompt,
        maxTokens: request.maxTokens ?? options.maxTokens,
        isLimited: request.maxTokens !== undefined,
        temperature: request.temperature ?? options.temperature,
        schema: request.outputSchema,
        check,
        warnings: new Set(),
        totals,
      };
      context.status?.progress(`Processing with ${model.name}`, 5, { active_model: model.name });
      return toResult(run, await processInParts(run, request.input, splits), account.usage);
    },
  };
}

/** Tokens of another model's prompt that one of an answer may become. */
const TOKENS_AGAIN = 4;

/** The requests that a call makes where none fails, answers as long as they may be; of a schema, with the second one. */
function plannedRequests(
  client: ModelClient,
  options: InputProcessorOptions,
  { input, task = "", outputSchema, systemPrompt = options.systemPrompt, ...asked }: ProcessRequest,
  models: readonly string[],
): PlannedRequests[] {
  const [first = ""] = models;
  const most = (text: string) => client.tokens.most(text, first);
  const maxTokens = asked.maxTokens ?? options.maxTokens;
  const { combination } = readTask(task.trim() || "analyze");
  const isJoined = combination === "join" && !outputSchema;
  const frame = most(`${systemPrompt}\n${task}`) + (outputSchema ? 2 * most(JSON.stringify(outputSchema)) : 0) + 1000;
  const size = most(input);
  const context = client.contextOf(first);
  const room = context === undefined ? Number.POSITIVE_INFINITY : Math.max(LEAST_BUDGET, (context - frame) / 2);
  const parts = Math.min(MAX_CHUNKS, Math.max(1, Math.ceil(size / room)));
  // An answer that does not satisfy its schema is asked for once more, of each model, and one that is too long in two halves.
  const tries = outputSchema ? 2 * models.length : isJoined && asked.maxTokens === undefined ? 3 : 1;
  const answer = outputSchema && asked.maxTokens === undefined ? 2 * maxTokens : maxTokens;
  const again = outputSchema ? TOKENS_AGAIN * answer : 0;
  return [
    { models, promptTokens: Math.ceil(size / parts) + frame + again, maxTokens: answer, count: parts * tries },
    // The answers to the parts become one, by fewer calls than there are parts.
    ...(parts === 1 || isJoined
      ? []
      : [{ models, promptTokens: 2 * TOKENS_AGAIN * answer + frame, maxTokens: answer, count: parts * tries }]),
  ];
}

/** Processes the input in as few parts as fit; an overflow corrects the idea of what fits. */
async function processInParts(run: Run, input: string, kept: KeptSplits): Promise<Answer> {
  const measure = (text: string) => run.client.tokens.estimate(text, run.modelName);
  let assumedContext: number | undefined;
  /** Tokens of the smallest context that a fallback model turned out to have. */
  let narrow = Infinity;
  let caution = 1;
  let last = Number.POSITIVE_INFINITY;
  for (let splits = 0; ; splits++) {
    const own = run.client.contextOf(run.modelName) ?? assumedContext;
    const context = own === undefined && narrow === Infinity ? undefined : Math.min(own ?? Infinity, narrow);
    const room = roomFor(run, context, caution, input);
    // After an overflow, the same size would overflow again.
    while (splits > 0 && room.input >= last) room.input = Math.floor(last * 0.7);
    last = Math.min(room.input, measure(input));
    const { parts, isRecords } = split(run, input, room.input, kept);
    if (parts.length > MAX_CHUNKS) {
      throw new ToolError("too_large", `The input would need ${parts.length} parts for model "${run.modelName}".`, {
        hint: `At most ${MAX_CHUNKS} are processed: send less, or use a model with a larger context.`,
      });
    }
    run.totals.parts = parts.length;
    try {
      if (parts.length > 1) return await combine(run, parts, room, isRecords);
      return isJoined(run) ? await rewritten(run, input, room) : await ask(run, input, { room, kind: "final" });
    } catch (error) {
      const smaller = smallerContext(run, error, context ?? Infinity, measure(input));
      if (splits >= MAX_RESPLITS || (!isOverflow(error) && smaller === undefined)) throw error;
      if (smaller !== undefined) narrow = smaller;
      else if (own === undefined || run.client.contextOf(run.modelName) === undefined) {
        const seen = (isOverflow(error) && error.overflow?.promptTokens) || measure(input);
        assumedContext = Math.floor((assumedContext ?? seen) / 2);
      } else if (splits > 0) caution *= 0.7;
      // What was said of parts that are now cut in another way.
      run.warnings.clear();
      run.context.status?.progress("The input is too long for the model, splitting it");
    }
  }
}

/** The context of a fallback model that failed after the first one, where it is what makes the prompt too long. */
function smallerContext(run: Run, error: unknown, context: number, size: number): number | undefined {
  if (!(error instanceof ToolError) || isOverflow(error) || OF_ALL.has(error.code)) return undefined;
  const known = (error.issues ?? []).map(({ path }) => run.client.contextOf(path) ?? Infinity);
  const smallest = Math.min(context, ...known);
  return smallest < context && size > smallest / 2 ? smallest : undefined;
}

/**
 * The input in parts that fit: the same parts as for an earlier task on it, where they still fit, so that providers and the cache
 * of answers know them again. What a model teaches about its tokens in between would move every boundary.
 */
function split(run: Run, input: string, most: number, kept: KeptSplits): SplitInput {
  const { tokens } = run.client;
  const measure = (text: string) => tokens.estimate(text, run.modelName);
  if (measure(input) <= most) return { parts: [input], isRecords: false };
  const average = (text: string) => tokens.estimate(text);
  const cut = (budget: number, size: (text: string) => number): SplitInput =>
    isJoined(run) ? { parts: splitText(input, budget, size), isRecords: false } : splitInput(input, budget, size);
  const fits = ({ parts }: SplitInput) => parts.every((part) => measure(part) <= most);
  const key = createHash("sha256")
    .update(`${run.modelName} ${isJoined(run)} ${input}`)
    .digest("base64");
  const scale = measure(input) / average(input);
  const earlier = kept.get(key);
  if (earlier !== undefined && earlier * scale > most / 2) {
    const same = cut(earlier, average);
    if (fits(same)) return same;
  }
  const budget = Math.floor(most / scale);
  const even = cut(budget, average);
  if (!fits(even)) return cut(most, measure);
  kept.set(key, budget);
  return even;
}

/** Whether the answers to the parts are the result, one after another. */
function isJoined(run: Run): boolean {
  return run.task.combination === "join" && !run.schema;
}

/** How many tokens of input fit into a call, and how many its answer may have. */
function roomFor(run: Run, context: number | undefined, caution: number, input: string): Room {
  const size = run.client.tokens.estimate(input, run.modelName);
  const most = mostToTranslate(run, size);
  if (context === undefined)
    return { input: most, answer: run.maxTokens, more: run.maxTokens * (run.isLimited ? 1 : 2) };
  const frame = taskMessages(
    {
      systemPrompt: run.systemPrompt,
      task: run.wording,
      instruction: longest(run.task.instruction, run.task.ofPart),
      schema: run.schema,
      note: "This is part 100 of 100 of a longer input; work on this part alone.",
    },
    "",
  )
    .map((message) => message.content)
    .join("\n");
  const overhead = run.client.tokens.estimate(frame, run.modelName) + LEAST_BUDGET;
  const roomWith = (answer: number) => Math.floor((context - answer - overhead) * 0.9 * caution);
  const whole = Math.min(run.maxTokens, Math.floor(context / 2));
  const fits = size <= roomWith(whole);
  // The answers to several parts have to fit into one call together.
  const answer = fits ? whole : Math.min(run.maxTokens, Math.floor(context / 4));
  const room = roomWith(answer);
  if (room < LEAST_BUDGET) {
    throw new ToolError(
      "context_overflow",
      `The task alone does not fit into the ${context} tokens of "${run.modelName}".`,
      {
        hint: "Shorten the task, the system prompt or the schema, or use a model with a larger context.",
      },
    );
  }
  if (answer < run.maxTokens) {
    run.warnings.add(`Answers are limited to ${answer} tokens by the model's context of ${context}.`);
  }
  const more = run.isLimited ? answer : Math.max(answer, Math.min(2 * run.maxTokens, context - overhead - size));
  return { input: Math.min(room, most), answer, more };
}

/** A translation is about as long as its original: more than its answer can hold is not put into a call. */
function mostToTranslate(run: Run, size: number): number {
  const isSplit = run.task.name === "translate" && !run.schema && !run.isLimited && size * GROWTH > run.maxTokens;
  return isSplit ? Math.max(LEAST_BUDGET, Math.floor(run.maxTokens / GROWTH)) : Number.POSITIVE_INFINITY;
}

function longest(...texts: (string | undefined)[]): string | undefined {
  return texts.toSorted((a, b) => (b?.length ?? 0) - (a?.length ?? 0))[0];
}

function toResult(run: Run, answer: Answer, usage: Usage): ProcessResult {
  if (answer.truncated && answer.isTooLong) {
    run.warnings.add("The answer was cut off at the token limit; allow more max_tokens for the rest.");
  }
  const { attempts, calls, cached, parts } = run.totals;
  return {
    format: answer.format,
    data: answer.data,
    model: answer.model,
    usage,
    attempts,
    chunks: parts,
    warnings: [...run.warnings],
    ...(answer.repaired && { repaired: true }),
    ...(answer.truncated && { truncated: true }),
    ...(answer.fallbackUsed && { fallback_used: true }),
    ...(calls > 0 && calls === cached && { cached: true }),
  };
}
