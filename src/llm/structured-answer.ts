import { type ErrorIssue, ToolError } from "../errors.ts";
import type { SchemaCheck } from "./check-schema.ts";
import type { ChatMessage } from "./model-adapter.ts";
import type { Completion, CompletionRequest } from "./model-client.ts";
import { type Failure, fallbackWarning } from "./model-error.ts";
import { jsonCandidates } from "./read-json.ts";

export interface StructuredAnswer {
  value: unknown;
  repaired: boolean;
  completion: Completion;
  fallbackUsed: boolean;
  /** Why models that answered were passed over for the one that gave the value. */
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
  /** Called before a model is asked again. */
  onAskAgain?: (model: string) => void;
}

type Complete = (request: CompletionRequest) => Promise<Completion>;
type Read = { value: unknown; repaired: boolean; issues: ErrorIssue[] } | undefined;

/**
 * A value that satisfies the schema: asked for with all that the model can enforce, read, repaired, checked, asked for once
 * more with the reasons, then from each fallback model in the same way.
 * @throws ToolError `validation_failed` or `invalid_response` with the last reasons, or the client's errors.
 */
export async function structuredAnswer(complete: Complete, request: StructuredRequest): Promise<StructuredAnswer> {
  let model = request.model;
  let fallbacks = request.fallbackModels;
  let fallbackUsed = false;
  const failures: Failure[] = [];
  let last: { completion: Completion; read: Read } | undefined;

  for (;;) {
    const isFallback = last !== undefined;
    const question = { ...asking(request), model, isFallback, fallbackModels: fallbacks };
    const completion = await complete(question).catch((error) => {
      // What an earlier model answered says more than that a later one failed.
      if (last && error instanceof ToolError && error.code !== "aborted") return undefined;
      throw error;
    });
    if (!completion) break;
    fallbackUsed ||= completion.candidate > 0;
    fallbacks = fallbacks.slice(completion.candidate);
    last = { completion, read: await read(completion, request.check) };
    if (!isValid(last.read)) {
      request.onAskAgain?.(completion.model);
      last = (await askAgain(complete, request, completion, last.read)) ?? last;
    }
    if (isValid(last.read)) {
      const warnings = failures.map((failed) => fallbackWarning(failed, completion.model));
      const { value, repaired } = last.read;
      return { value, repaired, completion: last.completion, fallbackUsed, warnings };
    }
    failures.push({ model: completion.model, error: failure(last.completion, last.read) });
    const next = fallbacks[0];
    if (next === undefined) break;
    model = next;
    fallbacks = fallbacks.slice(1);
    fallbackUsed = true;
  }
  throw failure(last!.completion, last!.read);
}

function asking(request: StructuredRequest): CompletionRequest {
  return {
    messages: request.messages,
    maxTokens: request.maxTokens,
    responseFormat: { type: "json_schema", schema: request.schema },
  };
}

async function askAgain(complete: Complete, request: StructuredRequest, first: Completion, wrong: Read) {
  const reasons = wrong
    ? wrong.issues.map((issue) => `- ${issue.path}: ${issue.message}`).join("\n")
    : first.finish_reason === "length"
      ? "- it was cut off: be briefer"
      : "- it is not JSON";
  const messages: ChatMessage[] = [
    ...request.messages,
    { role: "assistant", content: first.text },
    {
      role: "user",
      content: `That answer is not right:\n${reasons}\nAnswer again with the corrected JSON and nothing else.`,
    },
  ];
  try {
    const completion = await complete({ ...asking(request), messages, model: first.model, fallbackModels: [] });
    return { completion, read: await read(completion, request.check) };
  } catch (error) {
    if (error instanceof ToolError && error.code !== "aborted") return undefined;
    throw error;
  }
}

/** The first value in the reply that satisfies the schema, else the best guess with what is wrong with it. */
async function read(completion: Completion, check: SchemaCheck): Promise<Read> {
  let guess: Read;
  const cutOff = completion.finish_reason === "length";
  for (const { value, repaired } of await jsonCandidates(completion.text, cutOff)) {
    const issues = check(value);
    if (issues.length === 0) return { value, repaired, issues };
    guess ??= { value, repaired, issues };
  }
  // Where a string is wanted, such as one of several labels, models leave out the quotes.
  const text = completion.text.trim();
  const wantsString = check(text).length === 0 && check({}).length > 0;
  return wantsString && !cutOff ? { value: text, repaired: true, issues: [] } : guess;
}

function isValid(found: Read): found is NonNullable<Read> {
  return found !== undefined && found.issues.length === 0;
}

function failure(completion: Completion, found: Read): ToolError {
  const cutOff = completion.finish_reason === "length";
  const details = { model: completion.model, partial_text: completion.text.slice(0, 500) };
  const hint = cutOff
    ? "The answer was cut off: allow more max_tokens."
    : "Simplify output_schema, name the fields in the task, or use a stronger model.";
  return found
    ? new ToolError("validation_failed", `The answer of "${completion.model}" does not satisfy output_schema.`, {
        hint,
        issues: found.issues,
        retryable: true,
        details,
      })
    : new ToolError("invalid_response", `The answer of "${completion.model}" is not JSON.`, {
        hint,
        retryable: true,
        details,
      });
}
