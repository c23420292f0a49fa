import { ToolError } from "../errors.ts";
import type { SchemaCheck } from "./check-schema.ts";
import type { ChatMessage } from "./model-adapter.ts";
import type { Completion, CompletionRequest } from "./model-client.ts";
import { type Failure, fallbackWarning, finalError } from "./model-error.ts";
import { type ReadValue, readAnswer, type Unread } from "./read-json.ts";

export interface StructuredAnswer {
  value: unknown;
  /** Whether the value is not exactly what the model wrote; a warning then says what was mended. */
  repaired: boolean;
  completion: Completion;
  fallbackUsed: boolean;
  /** What was mended, and why models that answered were passed over for the one that gave the value. */
  warnings: string[];
}

export interface StructuredRequest {
  messages: readonly ChatMessage[];
  schema: Record<string, unknown>;
  check: SchemaCheck;
  /** Undefined: the configured model. */
  model: string | undefined;
  fallbackModels: readonly string[];
  maxTokens: number;
  /** Tokens that a model is allowed when its answer was cut off at `maxTokens`. */
  moreTokens: number;
  temperature: number | undefined;
  /** Called before a model is asked again. */
  onAskAgain?: (model: string) => void;
}

type Complete = (request: CompletionRequest) => Promise<Completion>;
type Read = ReadValue | Unread;

/** Characters of a wrong answer that are shown to the model again, and that an error tells. */
const SHOWN_AGAIN = 8000;
const TOLD = 2000;
const TOLD_MENDS = 8;

/**
 * A value that satisfies the schema: asked for with all that the model can enforce, read, repaired, checked, asked for once
 * more with the reasons, then from each fallback model in the same way.
 * @throws ToolError `validation_failed` or `invalid_response` with the reasons of all models, or the client's errors.
 */
export async function structuredAnswer(complete: Complete, request: StructuredRequest): Promise<StructuredAnswer> {
  let model = request.model;
  let fallbacks = request.fallbackModels;
  let fallbackUsed = false;
  /** Models whose answers would not do, and all that failed. */
  const failures: Failure[] = [];
  const all: Failure[] = [];
  let last: { completion: Completion; read: Read } | undefined;

  for (;;) {
    const isFallback = last !== undefined;
    const question = { ...asking(request), model, isFallback, fallbackModels: fallbacks };
    const completion = await complete(question).catch((error) => {
      // What an earlier model answered says more than that a later one failed.
      if (!last || !isPassing(error)) throw error;
      all.push({ model: model!, error });
      return undefined;
    });
    if (!completion) break;
    all.push(...(completion.failures ?? []));
    fallbackUsed ||= completion.candidate > 0;
    fallbacks = fallbacks.slice(completion.candidate);
    last = { completion, read: read(completion, request) };
    if (!isValue(last.read)) {
      request.onAskAgain?.(completion.model);
      last = (await askAgain(complete, request, completion, last.read)) ?? last;
    }
    if (isValue(last.read)) {
      const { value, mends, notes } = last.read;
      const passedOver = failures.map((failed) => fallbackWarning(failed, completion.model));
      const warnings = [...passedOver, ...(mends.length > 0 ? [mendWarning(mends)] : []), ...notes];
      return { value, repaired: mends.length > 0, completion: last.completion, fallbackUsed, warnings };
    }
    const failed = { model: completion.model, error: failure(last.completion, last.read) };
    failures.push(failed);
    all.push(failed);
    const next = fallbacks[0];
    if (next === undefined) break;
    model = next;
    fallbacks = fallbacks.slice(1);
    fallbackUsed = true;
  }
  // Of the models that answered, the first has its answer told.
  throw finalError(all, failures[0]!.error.details ?? {});
}

/** What a result says of a value that is not exactly as the model wrote it. */
export function mendWarning(mends: readonly string[]): string {
  const told = [...new Set(mends)];
  const more = told.length > TOLD_MENDS ? `; and ${told.length - TOLD_MENDS} more` : "";
  return `The answer was mended: ${told.slice(0, TOLD_MENDS).join("; ")}${more}.`;
}

/** Whether a model's answer ended at the token limit: also where its provider does not say so. */
export function isCutOff({ finish_reason, usage }: Completion, maxTokens: number): boolean {
  if (finish_reason !== "stop") return true;
  return !usage.estimated && usage.completion_tokens - (usage.reasoning_tokens ?? 0) >= maxTokens;
}

function asking(request: StructuredRequest): CompletionRequest {
  return {
    messages: request.messages,
    maxTokens: request.maxTokens,
    temperature: request.temperature,
    responseFormat: { type: "json_schema", schema: request.schema },
  };
}

/** Whether another answer than this failed one may do: neither the caller nor a budget has put an end to it. */
function isPassing(error: unknown): boolean {
  return error instanceof ToolError && error.code !== "aborted" && error.code !== "limit_reached";
}

async function askAgain(complete: Complete, request: StructuredRequest, first: Completion, wrong: Unread) {
  const cutOff = isCutOff(first, request.maxTokens);
  const maxTokens = cutOff ? Math.max(request.moreTokens, request.maxTokens) : request.maxTokens;
  const reasons = cutOff
    ? "- it was cut off because it was too long: answer as briefly as the schema allows"
    : wrong.issues
      ? wrong.issues.map((issue) => `- ${issue.path}: ${issue.message}`).join("\n")
      : "- it is not JSON";
  const last = request.messages.at(-1)!;
  const correction = `${cutOff ? "Your last answer" : "That answer"} is not right:\n${reasons}\nAnswer again with the corrected JSON and nothing else.`;
  // The beginning of an answer that was too long is only in the way of a shorter one.
  const messages: ChatMessage[] = cutOff
    ? [...request.messages.slice(0, -1), { ...last, content: `${last.content}\n${correction}` }]
    : [
        ...request.messages,
        { role: "assistant", content: first.text.slice(0, SHOWN_AGAIN) },
        { role: "user", content: correction },
      ];
  try {
    const question = { ...asking(request), messages, maxTokens, model: first.model, fallbackModels: [] };
    const completion = await complete(question);
    return { completion, read: read(completion, { ...request, maxTokens }) };
  } catch (error) {
    if (isPassing(error)) return undefined;
    throw error;
  }
}

function read(completion: Completion, { schema, check, maxTokens }: StructuredRequest): Read {
  return readAnswer(completion.text, { schema, check, cutOff: isCutOff(completion, maxTokens) });
}

function isValue(found: Read): found is ReadValue {
  return "value" in found;
}

function failure(completion: Completion, found: Read): ToolError {
  const issues = "issues" in found ? found.issues : undefined;
  const cutOff = completion.finish_reason === "length";
  const details = { model: completion.model, partial_text: completion.text.slice(0, TOLD) };
  const hint = cutOff
    ? "The answer was cut off: allow more max_tokens."
    : "Simplify output_schema, name the fields in the task, or use a stronger model.";
  return issues
    ? new ToolError("validation_failed", `The answer of "${completion.model}" does not satisfy output_schema.`, {
        hint,
        issues,
        retryable: true,
        details,
      })
    : new ToolError("invalid_response", `The answer of "${completion.model}" is not JSON.`, {
        hint,
        retryable: true,
        details,
      });
}
