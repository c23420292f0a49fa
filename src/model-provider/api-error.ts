import { type ErrorCode, toToolError } from "../errors.ts";

/** A failure as OpenAI's protocol has it (platform.openai.com, "Error codes"), with our hint behind the message. */
export interface ApiError {
  status: number;
  error: { message: string; type: string; param: string | null; code: string | null };
  /** Seconds to wait before another try. */
  retryAfter?: number;
  /** Value of `WWW-Authenticate`. */
  challenge?: string | undefined;
  /** Whether another try is worth it: OpenAI's clients make two by themselves unless they are told. */
  retryable: boolean;
}

type Kind = readonly [status: number, type: string, code?: string];

const INVALID = "invalid_request_error";
/** Codes that are not named here are failures of the server: 500. */
const KINDS: Partial<Record<ErrorCode, Kind>> = {
  invalid_input: [400, INVALID, "invalid_value"],
  validation_failed: [502, "server_error"],
  context_overflow: [400, INVALID, "context_length_exceeded"],
  unauthenticated: [401, INVALID, "invalid_api_key"],
  disabled: [403, "permission_error"],
  forbidden: [403, "permission_error"],
  insufficient_scope: [403, "permission_error"],
  confirmation_required: [403, "permission_error"],
  not_found: [404, INVALID],
  too_large: [413, INVALID],
  limit_reached: [429, "insufficient_quota", "insufficient_quota"],
  rate_limited: [429, "rate_limit_error", "rate_limit_exceeded"],
  // The model of the request exists; one that the configuration names behind it does not.
  unknown_model: [503, "server_error"],
  not_configured: [503, "server_error"],
  aborted: [503, "server_error"],
  upstream_error: [502, "server_error"],
  upstream_unreachable: [502, "server_error"],
  invalid_response: [502, "server_error"],
  deadline_exceeded: [504, "server_error"],
};

/** An error of the request itself, for its parameter `param`. */
export class RequestError extends Error {
  readonly status: number;
  readonly param: string | null;
  readonly code: string;
  readonly type: string;
  readonly challenge: string | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    param: string | null = null,
    { type = INVALID, challenge }: { type?: string; challenge?: string | undefined } = {},
  ) {
    super(message);
    this.challenge = challenge;
    this.name = "RequestError";
    this.status = status;
    this.code = code;
    this.param = param;
    this.type = type;
  }
}

/** What anything thrown is for the client; of bugs nothing but that they are one. */
export function apiErrorOf(thrown: unknown, redact: (text: string) => string): ApiError {
  if (thrown instanceof RequestError) {
    const { status, message, type, param, code, challenge } = thrown;
    return { status, error: { message: redact(message), type, param, code }, challenge, retryable: false };
  }
  const error = toToolError(thrown);
  const [status, type, code = error.code] = KINDS[error.code] ?? ([500, "server_error"] as const);
  const reasons = (error.issues ?? []).map(({ path, message }) => `${path}: ${message}`);
  const parts = [error.message, ...reasons.filter((reason) => !error.message.includes(reason)), error.hint];
  return {
    status,
    error: { message: redact(parts.filter(Boolean).join(" ")), type, param: null, code },
    ...(error.retryAfterMs !== undefined && { retryAfter: Math.ceil(error.retryAfterMs / 1000) }),
    retryable: error.retryable || error.code === "rate_limited",
  };
}

/** The error as a whole response. */
export function errorResponse({ status, error, retryAfter, challenge, retryable }: ApiError): Response {
  const wait = retryAfter ?? (status === 429 && retryable ? 5 : undefined);
  return Response.json(
    { error },
    {
      status,
      headers: {
        ...(wait !== undefined && { "Retry-After": String(wait) }),
        ...(challenge !== undefined && { "WWW-Authenticate": challenge }),
        "X-Should-Retry": String(retryable),
      },
    },
  );
}

/** How the log calls it: the code of our own errors, and `internal` for bugs. */
export function outcomeOf(thrown: unknown): { outcome: string; error?: unknown } {
  if (thrown instanceof RequestError) return { outcome: thrown.code };
  const error = toToolError(thrown);
  return { outcome: error.code, ...(error.code === "internal" && { error: error.cause }) };
}
