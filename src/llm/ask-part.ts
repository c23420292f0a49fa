import { ToolError } from "../errors.ts";
import type { SchemaCheck } from "./check-schema.ts";
import type { CallContext, Completion, CompletionRequest, ModelClient } from "./model-client.ts";
import { ModelError } from "./model-error.ts";
import { readAnswer, wholeJson } from "./read-json.ts";
import { mendWarning, structuredAnswer } from "./structured-answer.ts";
import { labelsIn, type Task, taskMessages } from "./task-prompts.ts";

/** Everything that the calls of one `process` share. */
export interface Run {
  client: ModelClient;
  /** With the account of the call, and a count of its requests. */
  context: CallContext;
  model: string | undefined;
  /** `provider/model` that `model` means. */
  modelName: string;
  task: Task;
  wording: string;
  systemPrompt: string;
  maxTokens: number;
  /** Whether the caller set the limit, so that no answer may exceed it. */
  isLimited: boolean;
  temperature: number | undefined;
  schema: Record<string, unknown> | undefined;
  check: SchemaCheck | undefined;
  warnings: Set<string>;
  totals: { attempts: number; calls: number; cached: number; parts: number };
}

/** One answer, before it is put into a result. */
export interface Answer {
  data: unknown;
  format: "json" | "text";
  text: string;
  model: string;
  repaired: boolean;
  /** Whether it ended at the token limit, was cut by a content filter or broke off. */
  truncated: boolean;
  /** Whether it was the token limit. */
  isTooLong: boolean;
  fallbackUsed: boolean;
}

export interface Question {
  /** Tokens of the answer, and of a second one where the first was cut off. */
  room: { answer: number; more: number };
  note?: string;
  /** What stands before the data. */
  label?: string;
  /** Instead of the task's instruction. */
  instruction?: string | undefined;
  /** `final`: checked against the schema; `part`: text that goes into a later call; `facts`: that, without the schema. */
  kind: "final" | "part" | "facts";
}

/** For answers that are JSON by their task, whatever its shape. */
const ANY_JSON = { type: ["object", "array"] };
const checkAny: SchemaCheck = (value) =>
  typeof value === "object" && value !== null ? [] : [{ path: "/", message: "must be an object or a list" }];

/** One call on one text. */
export async function ask(run: Run, data: string, question: Question): Promise<Answer> {
  const { note, label, kind, room } = question;
  const messages = taskMessages(
    {
      systemPrompt: run.systemPrompt,
      task: run.wording,
      instruction: question.instruction ?? run.task.instruction,
      schema: kind === "facts" ? undefined : run.schema,
      note,
      label,
    },
    data,
  );
  const complete = async (request: CompletionRequest): Promise<Completion> => {
    run.totals.calls += 1;
    const completion = await run.client.complete(request, run.context);
    if (completion.cached) run.totals.cached += 1;
    for (const warning of completion.warnings) run.warnings.add(warning);
    return completion;
  };
  if (run.schema && run.check && kind === "final") {
    const { value, repaired, completion, fallbackUsed, warnings } = await structuredAnswer(complete, {
      messages,
      schema: run.schema,
      check: run.check,
      model: run.model,
      fallbackModels: run.client.defaults.fallbackModels,
      maxTokens: room.answer,
      moreTokens: room.more,
      temperature: run.temperature,
      onAskAgain: (model) =>
        run.context.status?.progress("The answer does not satisfy the schema, asking again", undefined, {
          active_model: model,
        }),
    });
    for (const warning of warnings) run.warnings.add(warning);
    const text = JSON.stringify(value);
    return {
      data: value,
      format: "json",
      text,
      model: completion.model,
      repaired,
      truncated: false,
      isTooLong: false,
      fallbackUsed,
    };
  }
  const isJson = run.task.name === "extract" && kind === "final";
  const completion = await complete({
    messages,
    model: run.model,
    maxTokens: room.answer,
    temperature: run.temperature,
    // Half of a label is another label, or none.
    salvage: run.task.combination !== "vote",
    ...(isJson && { responseFormat: { type: "json_object" } }),
  });
  return kind === "final" ? readText(run, completion, isJson) : asText(completion);
}

function asText(completion: Completion): Answer {
  return {
    data: completion.text,
    format: "text",
    text: completion.text,
    model: completion.model,
    repaired: false,
    truncated: completion.finish_reason !== "stop",
    isTooLong: completion.finish_reason === "length",
    fallbackUsed: completion.candidate > 0,
  };
}

/** What an answer without a schema is: JSON where it is nothing else, or where the task wants it; a label of the task; text. */
function readText(run: Run, completion: Completion, isJson: boolean): Answer {
  const answer = asText(completion);
  if (answer.truncated) return answer;
  if (isJson) {
    const read = readAnswer(completion.text, { schema: ANY_JSON, check: checkAny, cutOff: false });
    if (!("value" in read)) return answer;
    noteMends(run, read.mends, read.notes);
    return { ...answer, data: read.value, format: "json", repaired: read.mends.length > 0 };
  }
  const labels = run.task.name === "classify" ? labelsIn(run.wording) : [];
  if (labels.length === 0) {
    const json = wholeJson(completion.text);
    return json === undefined ? answer : { ...answer, data: json, format: "json" };
  }
  const text = completion.text.trim();
  const exact = labels.find((label) => label === text);
  if (exact !== undefined) return { ...answer, data: exact, text: exact };
  const check: SchemaCheck = (value) =>
    labels.includes(value as string) ? [] : [{ path: "/", message: "is no label" }];
  const read = readAnswer(text, { schema: { enum: labels }, check, cutOff: false });
  if ("value" in read) {
    noteMends(run, read.mends, read.notes);
    return { ...answer, data: read.value, text: String(read.value), repaired: true };
  }
  run.warnings.add(`The answer is none of the labels that the task gives (${labels.join(", ")}).`);
  return answer;
}

function noteMends(run: Run, mends: readonly string[], notes: readonly string[]): void {
  if (mends.length > 0) run.warnings.add(mendWarning(mends));
  for (const note of notes) run.warnings.add(note);
}

/** Failures that no other part will be spared, or that the caller has to know at once. */
export const OF_ALL: ReadonlySet<string> = new Set([
  "aborted",
  "limit_reached",
  "not_configured",
  "unknown_model",
  "invalid_input",
  "context_overflow",
]);

/**
 * Works on all parts at once, as far as the providers allow. Where `spare` says so, fewer than half of them may fail for good:
 * a warning tells of each, and its place in the result is undefined. Any further failure stops all others.
 */
export async function forEachPart<In, Out>(
  run: Run,
  items: readonly In[],
  spare: boolean,
  work: (item: In, index: number, run: Run) => Promise<Out>,
): Promise<(Out | undefined)[]> {
  const stop = new AbortController();
  const { signal: outer } = run.context;
  // Shares the totals; the parts speak for themselves in the status line.
  const part: Run = {
    ...run,
    context: { ...run.context, status: undefined, signal: AbortSignal.any([outer, stop.signal]) },
  };
  let left = spare ? Math.ceil(items.length / 2) - 1 : 0;
  const attempt = async (item: In, index: number): Promise<Out | undefined> => {
    try {
      return await work(item, index, part);
    } catch (error) {
      const isLost = error instanceof ToolError && !OF_ALL.has(error.code) && !outer.aborted && !stop.signal.aborted;
      if (!isLost || left === 0) throw error;
      left -= 1;
      run.warnings.add(`Part ${index + 1} of ${items.length} is missing from the result (${error.message}).`);
      return undefined;
    }
  };
  try {
    return await Promise.all(items.map(attempt));
  } finally {
    stop.abort();
  }
}

/** Whether the prompt did not fit the model. */
export function isOverflow(error: unknown): error is ModelError {
  return error instanceof ModelError && error.kind === "overflow";
}
