import { ToolError } from "../errors.ts";
import { compileSchema, type SchemaCheck } from "./check-schema.ts";
import type { TokenUsage } from "./model-adapter.ts";
import type { CallContext, Completion, CompletionRequest, ModelClient } from "./model-client.ts";
import { ModelError } from "./model-error.ts";
import { wholeJson } from "./read-json.ts";
import { splitText } from "./split-text.ts";
import { structuredAnswer } from "./structured-answer.ts";
import { combinationOf, type PromptOptions, taskMessages } from "./task-prompts.ts";

export interface InputProcessorOptions {
  systemPrompt: string;
  maxTokens: number;
}

export interface ProcessRequest {
  input: string;
  /** A built-in task (analyze, summarize, extract, classify, translate) or any instruction. Default `analyze`. */
  task?: string | undefined;
  model?: string | undefined;
  systemPrompt?: string | undefined;
  maxTokens?: number | undefined;
  /** JSON Schema that `data` has to satisfy. */
  outputSchema?: Record<string, unknown> | undefined;
}

export interface ProcessResult {
  format: "json" | "text";
  data: unknown;
  /** `provider/model` that gave the final answer. */
  model: string;
  /** Tokens of all calls together. */
  usage: TokenUsage;
  /** HTTP requests made. */
  attempts: number;
  /** Parts that the input was processed in. */
  chunks: number;
  warnings: string[];
  repaired?: boolean;
  truncated?: boolean;
  fallback_used?: boolean;
}

export interface InputProcessor {
  /**
   * Does a task on an input with a model. With a schema, `data` satisfies it; without, an answer that is a JSON object or
   * array is given as JSON, any other as text. An input too long for the model is processed in parts.
   * @throws ToolError `invalid_input`, `validation_failed`, `invalid_response`, `too_large`, or as the model client does.
   */
  process(user: { id: string }, request: ProcessRequest, context: CallContext): Promise<ProcessResult>;
}

const MAX_CHUNKS = 100;
const MAX_RESPLITS = 4;
const LEAST_BUDGET = 16;

/** Everything that one `process` needs and collects. */
interface Run {
  client: ModelClient;
  context: CallContext;
  model: string | undefined;
  /** `provider/model` that `model` means. */
  modelName: string;
  task: string;
  systemPrompt: string;
  maxTokens: number;
  schema: Record<string, unknown> | undefined;
  check: SchemaCheck | undefined;
  usage: TokenUsage;
  attempts: number;
  warnings: Set<string>;
}

/** One answer, before it is put into a result. */
interface Answer {
  data: unknown;
  format: "json" | "text";
  text: string;
  model: string;
  repaired: boolean;
  truncated: boolean;
  fallbackUsed: boolean;
}

/** A processor on a model client. */
export function createInputProcessor(client: ModelClient, options: InputProcessorOptions): InputProcessor {
  return {
    async process(_user, request, context) {
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
      const run: Run = {
        client,
        context,
        model: request.model,
        modelName: model.name,
        task: request.task?.trim() || "analyze",
        systemPrompt: request.systemPrompt ?? options.systemPrompt,
        maxTokens: request.maxTokens ?? options.maxTokens,
        schema: request.outputSchema,
        check,
        usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
        attempts: 0,
        warnings: new Set(),
      };
      context.status?.progress(`Processing with ${model.name}`, 5, { active_model: model.name });
      return processInParts(run, request.input);
    },
  };
}

/** Processes the input in as few parts as fit; an overflow corrects the idea of what fits. */
async function processInParts(run: Run, input: string): Promise<ProcessResult> {
  let assumedContext: number | undefined;
  let caution = 1;
  for (let splits = 0; ; splits++) {
    const context = run.client.contextOf(run.modelName) ?? assumedContext;
    const room = roomFor(run, context, caution, input);
    const chunks = splitText(input, room.input, (text) => run.client.tokens.estimate(text, run.modelName));
    if (chunks.length > MAX_CHUNKS) {
      throw new ToolError("too_large", `The input would need ${chunks.length} parts for model "${run.modelName}".`, {
        hint: `At most ${MAX_CHUNKS} are processed: send less, or use a model with a larger context.`,
      });
    }
    try {
      const answer = chunks.length === 1 ? await ask(run, input, room.answer) : await combine(run, chunks, room);
      return toResult(run, answer, chunks.length);
    } catch (error) {
      if (!(error instanceof ModelError) || error.kind !== "overflow" || splits >= MAX_RESPLITS) throw error;
      run.attempts += 1;
      const seen = error.overflow?.promptTokens ?? run.client.tokens.estimate(input, run.modelName);
      if (run.client.contextOf(run.modelName) === undefined) assumedContext = Math.floor((assumedContext ?? seen) / 2);
      else if (splits > 0) caution *= 0.7;
      run.context.status?.progress("The input is too long for the model, splitting it");
    }
  }
}

interface Room {
  /** Tokens of input in one call. */
  input: number;
  /** Tokens of its answer. */
  answer: number;
}

/** How many tokens of input fit into a call, and how many its answer may have. */
function roomFor(run: Run, context: number | undefined, caution: number, input: string): Room {
  if (context === undefined) return { input: Number.POSITIVE_INFINITY, answer: run.maxTokens };
  const frame = taskMessages(promptOptions(run), "")
    .map((message) => message.content)
    .join("\n");
  const overhead = run.client.tokens.estimate(frame, run.modelName) + LEAST_BUDGET;
  const roomWith = (answer: number) => Math.floor((context - answer - overhead) * 0.9 * caution);
  const whole = Math.min(run.maxTokens, Math.floor(context / 2));
  const fits = run.client.tokens.estimate(input, run.modelName) <= roomWith(whole);
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
  if (answer < run.maxTokens)
    run.warnings.add(`Answers are limited to ${answer} tokens by the model's context of ${context}.`);
  return { input: room, answer };
}

async function combine(run: Run, chunks: readonly string[], room: Room): Promise<Answer> {
  const { status } = run.context;
  const combination = run.schema && combinationOf(run.task) === "join" ? "reduce" : combinationOf(run.task);
  let done = 0;
  const answers = await inParallel(run, chunks, async (chunk, index, part) => {
    const note = `This is part ${index + 1} of ${chunks.length} of a longer input; work on this part alone.`;
    const answer = await ask(part, chunk, room.answer, { note }, combination === "vote");
    done += 1;
    status?.progress(`Processed part ${done}/${chunks.length}`, 5 + Math.round((80 * done) / chunks.length));
    return answer;
  });
  const flags = {
    truncated: answers.some((answer) => answer.truncated),
    fallbackUsed: answers.some((answer) => answer.fallbackUsed),
  };
  if (combination === "vote") return { ...mostFrequent(answers), ...flags };
  if (combination === "join") {
    const text = answers.map((answer, i) => withSpaceOf(chunks[i]!, answer.text)).join("");
    return { ...answers[0]!, data: text, format: "text", text, ...flags };
  }
  status?.progress(`Combining ${chunks.length} parts`, 90);
  const reduced = await reduce(
    run,
    answers.map((answer) => answer.text),
    room,
  );
  return {
    ...reduced,
    truncated: reduced.truncated || flags.truncated,
    fallbackUsed: reduced.fallbackUsed || flags.fallbackUsed,
  };
}

/** One answer from the answers to the parts, in groups where they do not fit together. */
async function reduce(run: Run, partial: readonly string[], room: Room): Promise<Answer> {
  const note =
    "The data are the results for the parts of one longer input, in order. Combine them into one result for the whole.";
  const prompt = { note, label: "Partial results" };
  const size = (text: string) => run.client.tokens.estimate(text, run.modelName);
  const groups: string[][] = [[]];
  let used = 0;
  for (const [index, text] of partial.entries()) {
    const entry = `Part ${index + 1}:\n${text}\n`;
    if (used + size(entry) > room.input && groups.at(-1)!.length > 0) {
      groups.push([]);
      used = 0;
    }
    groups.at(-1)!.push(entry);
    used += size(entry);
  }
  if (groups.length === 1) return ask(run, groups[0]!.join("\n"), room.answer, prompt);
  if (groups.length >= partial.length) {
    throw new ToolError("context_overflow", `The partial results do not fit into the context of "${run.modelName}".`, {
      hint: "Use a smaller max_tokens, a shorter input or a model with a larger context.",
    });
  }
  const texts = await inParallel(
    run,
    groups,
    async (group, _index, part) => (await ask(part, group.join("\n"), room.answer, prompt, false)).text,
  );
  return reduce(run, texts, room);
}

/** One call on one text. `checked: false` takes the answer as it comes, for what only goes into a later call. */
async function ask(
  run: Run,
  data: string,
  maxTokens: number,
  prompt: Pick<PromptOptions, "note" | "label"> = {},
  checked = true,
): Promise<Answer> {
  const messages = taskMessages({ ...promptOptions(run), ...prompt }, data);
  const complete = async (request: CompletionRequest): Promise<Completion> => {
    const completion = await run.client.complete(request, run.context);
    addTo(run, completion);
    return completion;
  };
  if (run.schema && run.check && checked) {
    const { value, repaired, completion, fallbackUsed, warnings } = await structuredAnswer(complete, {
      messages,
      schema: run.schema,
      check: run.check,
      model: run.model,
      fallbackModels: run.client.defaults.fallbackModels,
      maxTokens,
      onAskAgain: (model) =>
        run.context.status?.progress("The answer does not satisfy the schema, asking again", undefined, {
          active_model: model,
        }),
    });
    for (const warning of warnings) run.warnings.add(warning);
    return { ...common(completion), data: value, format: "json", text: JSON.stringify(value), repaired, fallbackUsed };
  }
  const completion = await complete({ messages, model: run.model, maxTokens });
  const truncated = completion.finish_reason === "length";
  const json = truncated ? undefined : wholeJson(completion.text);
  return {
    ...common(completion),
    data: json ?? completion.text,
    format: json === undefined ? "text" : "json",
    text: completion.text,
    repaired: false,
    fallbackUsed: completion.candidate > 0,
  };
}

function promptOptions(run: Run): PromptOptions {
  return { systemPrompt: run.systemPrompt, task: run.task, schema: run.schema };
}

function common(completion: Completion): { model: string; truncated: boolean } {
  return { model: completion.model, truncated: completion.finish_reason === "length" };
}

function addTo(run: Run, { usage, attempts, warnings }: Completion): void {
  run.usage.prompt_tokens += usage.prompt_tokens;
  run.usage.completion_tokens += usage.completion_tokens;
  run.usage.total_tokens += usage.total_tokens;
  if (usage.estimated) run.usage.estimated = true;
  run.attempts += attempts;
  for (const warning of warnings) run.warnings.add(warning);
}

/** All at once, as far as the providers allow; the first failure stops the others. */
async function inParallel<In, Out>(
  run: Run,
  items: readonly In[],
  work: (item: In, index: number, run: Run) => Promise<Out>,
): Promise<Out[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([run.context.signal, stop.signal]);
  // Shares the totals of the run; only the signal differs, and the parts speak for themselves in the status line.
  const part: Run = { ...run, context: { signal } };
  try {
    return await Promise.all(items.map((item, index) => work(item, index, part)));
  } finally {
    run.attempts = part.attempts;
    stop.abort();
  }
}

function mostFrequent(answers: readonly Answer[]): Answer {
  const key = (answer: Answer) =>
    answer.format === "json"
      ? JSON.stringify(answer.data)
      : answer.text
          .trim()
          .toLowerCase()
          .replace(/[.!]{1,3}$/, "");
  const votes = new Map<string, number>();
  for (const answer of answers) votes.set(key(answer), (votes.get(key(answer)) ?? 0) + 1);
  const most = Math.max(...votes.values());
  return answers.find((answer) => votes.get(key(answer)) === most)!;
}

/** The answer with the white space that stood around the part, so that joined parts keep their paragraphs. */
function withSpaceOf(part: string, answer: string): string {
  const start = part.slice(0, part.length - part.trimStart().length);
  const end = part.trim() === "" ? "" : part.slice(part.trimEnd().length);
  return start + answer.trim() + end;
}

function toResult(run: Run, answer: Answer, chunks: number): ProcessResult {
  if (answer.truncated) {
    run.warnings.add("The answer was cut off at the token limit; allow more max_tokens for the rest.");
  }
  return {
    format: answer.format,
    data: answer.data,
    model: answer.model,
    usage: run.usage,
    attempts: run.attempts,
    chunks,
    warnings: [...run.warnings],
    ...(answer.repaired && { repaired: true }),
    ...(answer.truncated && { truncated: true }),
    ...(answer.fallbackUsed && { fallback_used: true }),
  };
}
