/** Stable error codes and what each means. A code never changes its meaning; the message of an error may be reworded. */
export const ERROR_CODES = {
  invalid_input: "An argument is missing, unknown, of the wrong type or outside its limits.",
  too_large: "Input, nesting or output is beyond a limit of the server.",
  unauthenticated: "No user could be derived from the transport.",
  not_found: "The named thing does not exist, or belongs to somebody else.",
  limit_reached: "A quota or budget is used up.",
  disabled: "Switched off in the configuration.",
  not_configured: "The service needs configuration that is missing.",
  unknown_tool: "There is no tool of that name.",
  unknown_model: "No provider has a model of that name.",
  unknown_api: "No API of that name is configured.",
  unknown_operation: "The API has no such operation.",
  unknown_pipeline: "No pipeline of that name is configured.",
  forbidden: "The configuration does not allow it: an address, a path, a method.",
  insufficient_scope: "The key that the call came with lacks a scope that the tool needs.",
  validation_failed: "Data does not satisfy a schema.",
  declined: "The human said no.",
  cancelled: "The human closed the form, or did not answer in time.",
  unsupported: "This client cannot ask the human.",
  confirmation_required:
    "The human has to confirm first: with status `needs_input` in the chat; as an error where only a form may ask.",
  deadline_exceeded: "The time limit passed.",
  aborted: "The caller cancelled or disconnected.",
  rate_limited: "Too many requests, by a limit of this server or of the remote side.",
  upstream_error: "The remote side answered with an error.",
  upstream_unreachable: "The remote side could not be reached.",
  invalid_response: "The remote side answered with something else than it should.",
  context_overflow: "The prompt does not fit the model.",
  storage_locked: "Another process holds the database.",
  storage_read_only: "The database cannot be written.",
  storage_full: "The disk, or the database's limit, is full.",
  storage_corrupt: "The database file is damaged.",
  storage_error: "The database failed in another way.",
  invalid_config: "The configuration is wrong.",
  internal: "A bug of the server.",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

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
  /** What the status line says, where it is worded otherwise than the message. */
  statusLine?: string | undefined;
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
  /** What the status line says. */
  readonly statusLine: string;

  constructor(code: ErrorCode, message: string, options: ToolErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ToolError";
    this.code = code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.issues = options.issues;
    this.details = options.details;
    this.statusLine = options.statusLine ?? message;
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
