import { type ErrorCode, type ErrorIssue, ToolError, type ToolErrorOptions } from "../errors.ts";
import type { TokenUsage } from "./model-adapter.ts";
import type { PartialAnswer } from "./send-request.ts";

/** Why a model call failed, as far as the decision about what to do next depends on it. */
export type FailureKind =
  | "auth"
  | "quota"
  | "rate_limited"
  | "overflow"
  | "unavailable"
  | "loading"
  | "unreachable"
  | "invalid"
  | "no_answer"
  | "rejected"
  | "timeout"
  | "unknown_model"
  | "format_refused"
  | "schema_refused"
  | "max_tokens_refused"
  | "temperature_refused"
  | "stream_refused"
  | "stream_options_refused";

const CODES: Record<FailureKind, ErrorCode> = {
  auth: "upstream_error",
  quota: "rate_limited",
  rate_limited: "rate_limited",
  overflow: "context_overflow",
  unavailable: "upstream_error",
  loading: "upstream_error",
  unreachable: "upstream_unreachable",
  invalid: "invalid_response",
  no_answer: "invalid_response",
  rejected: "upstream_error",
  timeout: "deadline_exceeded",
  unknown_model: "unknown_model",
  format_refused: "upstream_error",
  schema_refused: "upstream_error",
  max_tokens_refused: "upstream_error",
  temperature_refused: "upstream_error",
  stream_refused: "upstream_error",
  stream_options_refused: "upstream_error",
};

/** Failures after which the same request to the same model may succeed. */
const TRANSIENT: ReadonlySet<FailureKind> = new Set([
  "rate_limited",
  "unavailable",
  "loading",
  "unreachable",
  "invalid",
]);

const OTHER_WAY = "The provider takes no part of the request that could be left out; use another model or provider.";
/** What to do next, where nothing more exact is known. */
const HINTS: Partial<Record<FailureKind, string>> = {
  rate_limited: "Wait a while, or use another model; llm.fallbackModels names models that are asked instead.",
  unavailable: "Try again later, or use another model; llm.fallbackModels names models that are asked instead.",
  loading: "The model is being loaded; try again in some seconds.",
  invalid: "Try again; if it stays, look at what the provider's address answers (`patchbay-mcp doctor`).",
  no_answer: "Try again, or use another model.",
  format_refused: OTHER_WAY,
  schema_refused: OTHER_WAY,
  max_tokens_refused: OTHER_WAY,
  temperature_refused: OTHER_WAY,
  stream_refused: OTHER_WAY,
  stream_options_refused: OTHER_WAY,
  rejected: "What the provider says tells what it does not take; ask for less, or use another model.",
};

/** Token numbers of an overflow error, as far as the provider gave them. */
export interface Overflow {
  promptTokens?: number;
  contextTokens?: number;
}

/** A failed model call: a ToolError that also says which kind of failure it is. */
export class ModelError extends ToolError {
  readonly kind: FailureKind;
  readonly overflow: Overflow | undefined;
  /** What the provider says that the failed answer used and cost in USD. */
  readonly usage: TokenUsage | undefined;
  readonly costUsd: number | undefined;
  /** What had come of the answer. */
  partial: PartialAnswer | undefined;

  constructor(
    kind: FailureKind,
    message: string,
    options: ToolErrorOptions & {
      overflow?: Overflow | undefined;
      usage?: TokenUsage | undefined;
      costUsd?: number | undefined;
    } = {},
  ) {
    super(CODES[kind], message, {
      retryable: TRANSIENT.has(kind) || kind === "timeout",
      ...options,
      hint: options.hint ?? HINTS[kind],
    });
    this.kind = kind;
    this.overflow = options.overflow;
    this.usage = options.usage;
    this.costUsd = options.costUsd;
  }

  /** Whether the same model may be asked again. */
  get transient(): boolean {
    return TRANSIENT.has(this.kind);
  }
}

/** A model that gave no usable answer: its full name, or the name that nobody has. */
export interface Failure {
  model: string;
  error: ToolError;
}

/** What a result says of a model that another one had to stand in for. */
export function fallbackWarning({ model, error }: Failure, answered: string): string {
  return `Model "${model}" failed (${error.message}); "${answered}" answered.`;
}

/** The error of the first model, with the reasons of the others; its hint says where a budget kept one of them from being asked. */
export function finalError(failures: readonly Failure[], attempts: number): ToolError {
  const { error } = failures[0]!;
  const issues: ErrorIssue[] = failures.map((failure) => ({ path: failure.model, message: failure.error.message }));
  const budget = failures.find((failure) => failure.error.code === "limit_reached" && failure.error !== error)?.error;
  const hints = budget && error.code !== "limit_reached" ? [budget.message, budget.hint, error.hint] : [error.hint];
  const hint = hints.filter((one) => one !== undefined).join(" ");
  return new ToolError(error.code, error.message, {
    hint: hint === "" ? undefined : hint,
    retryable: failures.some((failure) => failure.error.retryable),
    retryAfterMs: error.retryAfterMs,
    ...(failures.length > 1 && { issues }),
    details: { ...budget?.details, ...error.details, attempts },
    cause: error,
  });
}
