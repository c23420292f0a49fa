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

const OTHER_WAY =
  "The provider refuses this kind of request in every form that is known: use another model or provider.";
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
  rejected: "The provider's message says what it refuses: change that, or use another model.",
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

/**
 * The error of the model that was asked first, with the reasons of the others. A budget is told of once, however many models it
 * kept from being asked.
 */
export function finalError(failures: readonly Failure[], details: Record<string, unknown>): ToolError {
  const [{ error }, ...others] = failures as readonly [Failure, ...Failure[]];
  const budgets = new Set([budgetOf(error)]);
  const also: string[] = [];
  for (const other of others) {
    const refusedBy = budgetOf(other.error);
    if (refusedBy !== undefined && budgets.has(refusedBy)) continue;
    budgets.add(refusedBy);
    const what = refusedBy === undefined ? "failed too" : "was not asked";
    also.push(`The fallback model "${other.model}" ${what}: ${other.error.message}`);
  }
  const issues = failures.filter((failure) => budgetOf(failure.error) === undefined).flatMap(issuesOf);
  const budget = others.find((other) => budgetOf(other.error) !== undefined)?.error;
  const hints = budget && error.code !== "limit_reached" ? [budget.hint, error.hint] : [error.hint];
  const hint = hints.filter((one) => one !== undefined).join(" ");
  return new ToolError(error.code, [error.message, ...also].join(" "), {
    hint: hint === "" ? undefined : hint,
    retryable: failures.some((failure) => failure.error.retryable),
    retryAfterMs: error.retryAfterMs,
    issues: others.length === 0 ? error.issues : issues.length > 0 ? issues : undefined,
    details: { ...budget?.details, ...error.details, ...details },
    cause: error,
  });
}

/** Which budget refused the request; undefined for any other failure. */
function budgetOf({ code, details }: ToolError): string | undefined {
  if (code !== "limit_reached") return undefined;
  const { name, unit } = (details?.budget ?? {}) as { name?: string; unit?: string };
  return `${name}.${unit}`;
}

/** What is wrong with a model's answer, or why there is none. */
function issuesOf({ model, error }: Failure): ErrorIssue[] {
  return error.issues?.map((issue) => ({ ...issue, model })) ?? [{ path: model, message: error.message }];
}
