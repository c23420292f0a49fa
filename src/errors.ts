/**
 * Stable error codes. A code never changes its meaning; the message may be reworded.
 *
 * - `invalid_input` an argument is missing, unknown, of the wrong type or outside its limits
 * - `too_large` input, nesting or output beyond a limit of the server
 * - `unauthenticated` no user could be derived from the transport
 * - `not_found` the named thing does not exist, or belongs to somebody else
 * - `limit_reached` a quota of the user is used up
 * - `disabled` switched off in the configuration
 * - `not_configured` the service needs configuration that is missing
 * - `unknown_tool` / `unknown_model` / `unknown_api` / `unknown_operation` / `unknown_pipeline`
 * - `forbidden` the configuration does not allow it (address, path, method)
 * - `validation_failed` data does not satisfy a schema
 * - `declined` / `cancelled` / `unsupported` the human said no, went away, or cannot be asked by this client
 * - `confirmation_required` the human has to confirm first, and this client cannot ask
 * - `deadline_exceeded` the time limit passed; `aborted` the caller cancelled or disconnected
 * - `rate_limited` too many requests, by our own limit or the upstream's
 * - `upstream_error` / `upstream_unreachable` / `invalid_response` the remote side failed, was not reachable, or answered nonsense
 * - `context_overflow` the prompt does not fit the model
 * - `storage_locked` / `storage_read_only` / `storage_full` / `storage_corrupt` / `storage_error` the database refused
 * - `invalid_config` the configuration is wrong
 * - `internal` a bug of ours
 */
export type ErrorCode =
  | "invalid_input"
  | "too_large"
  | "unauthenticated"
  | "not_found"
  | "limit_reached"
  | "disabled"
  | "not_configured"
  | "unknown_tool"
  | "unknown_model"
  | "unknown_api"
  | "unknown_operation"
  | "unknown_pipeline"
  | "forbidden"
  | "validation_failed"
  | "declined"
  | "cancelled"
  | "unsupported"
  | "confirmation_required"
  | "deadline_exceeded"
  | "aborted"
  | "rate_limited"
  | "upstream_error"
  | "upstream_unreachable"
  | "invalid_response"
  | "context_overflow"
  | "storage_locked"
  | "storage_read_only"
  | "storage_full"
  | "storage_corrupt"
  | "storage_error"
  | "invalid_config"
  | "internal";

/** One reason among several: `path` is a JSON pointer or a parameter name, `message` what is wrong there. */
export interface ErrorIssue {
  path: string;
  message: string;
  [extra: string]: unknown;
}

export interface ToolErrorOptions {
  /** What the caller can do next. */
  hint?: string | undefined;
  /** Whether the same call may succeed later. Default false. */
  retryable?: boolean | undefined;
  /** Milliseconds to wait before a retry. */
  retryAfterMs?: number | undefined;
  issues?: ErrorIssue[] | undefined;
  /** Further fields of the error result, e.g. `{ http_status: 503 }`. Must be plain JSON without secrets. */
  details?: Record<string, unknown> | undefined;
  cause?: unknown;
}

/** What a failed tool call returns: plain JSON, safe to show to the model. */
export interface ErrorResult {
  status: "error";
  code: ErrorCode;
  message: string;
  hint?: string;
  retryable: boolean;
  retry_after_ms?: number;
  issues?: ErrorIssue[];
  [detail: string]: unknown;
}

/** An expected failure, worded for the model and the human. Everything else that is thrown counts as a bug. */
export class ToolError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly issues: ErrorIssue[] | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, options: ToolErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ToolError";
    this.code = code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.issues = options.issues;
    this.details = options.details;
  }

  /** The JSON that the caller sees; never the cause or the stack. */
  toResult(): ErrorResult {
    return {
      ...this.details,
      status: "error",
      code: this.code,
      message: this.message,
      ...(this.hint !== undefined && { hint: this.hint }),
      retryable: this.retryable,
      ...(this.retryAfterMs !== undefined && { retry_after_ms: this.retryAfterMs }),
      ...(this.issues !== undefined && { issues: this.issues }),
    };
  }
}

/** Turns anything thrown into a ToolError; an unexpected error becomes `internal` with its text kept as the cause only. */
export function toToolError(error: unknown): ToolError {
  if (error instanceof ToolError) return error;
  return new ToolError("internal", "The server failed to run this tool.", {
    hint: "This is a bug; the server's log has the details.",
    cause: error,
  });
}

/** The error for a signal that fired: the deadline if the signal says so, the caller's cancellation otherwise. */
export function abortError(signal: AbortSignal): ToolError {
  if (signal.reason instanceof ToolError) return signal.reason;
  const reason = signal.reason as { name?: unknown } | undefined;
  return reason?.name === "TimeoutError"
    ? new ToolError("deadline_exceeded", "The time limit of this call has passed.", { retryable: true })
    : new ToolError("aborted", "The call was cancelled.");
}
