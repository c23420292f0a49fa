import { type ErrorCode, ToolError, toToolError } from "../../errors.ts";
import type { PlainError } from "./run-messages.ts";

/** Anything thrown as plain data that another process can take. */
export function toPlainError(thrown: unknown): PlainError {
  const { code, message, hint, retryable, retryAfterMs, issues, details, statusLine, cause } = toToolError(thrown);
  const stack = code === "internal" ? String((cause as Error | undefined)?.stack ?? cause) : undefined;
  return { code, message, hint, retryable, retryAfterMs, issues, details, statusLine, stack };
}

/** The error that it was. */
export function fromPlainError({ code, message, stack, ...options }: PlainError): ToolError {
  return new ToolError(code as ErrorCode, message, {
    ...options,
    ...(stack !== undefined && { cause: new Error(stack) }),
  });
}
